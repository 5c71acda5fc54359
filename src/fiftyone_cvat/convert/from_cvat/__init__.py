"""From CVAT to FiftyOne: answers checked, tracks interpolated, annotations to labels.

Begin with :mod:`~fiftyone_cvat.convert.from_cvat.labels`. What is the same as it went
up is decided in :mod:`~fiftyone_cvat.convert.from_cvat.comparison`.
"""
