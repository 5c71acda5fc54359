"""From FiftyOne to CVAT: label schemas to labels, labels to tags, shapes and tracks.

A label schema goes into :mod:`~fiftyone_cvat.convert.to_cvat.schema`; the classes come
out as CVAT takes them (``attribute_specs``: their attributes, ``class_names``: what
those of a field are called). A run that goes into an existing project takes over its
classes: ``project_schema``.

The labels of a frame go into :mod:`~fiftyone_cvat.convert.to_cvat.shapes` or ``tags``.
What a label says is read in ``label_attributes``, where it lies in ``shape_parts``. The
shapes of a video become tracks in ``tracks``.
"""
