"""From FiftyOne to CVAT: label schemas to labels, labels to tags, shapes and tracks.

Begin with :mod:`~fiftyone_cvat.convert.to_cvat.schema`, then
:mod:`~fiftyone_cvat.convert.to_cvat.shapes`.
"""
