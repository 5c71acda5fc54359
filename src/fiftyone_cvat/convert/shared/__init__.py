"""What both directions need: nothing here knows which way it is used.

Names and numbers: ``frames`` (positions in a task), ``server_ids`` (CVAT's ids of
classes and attributes), ``label_ids`` (FiftyOne's ids in CVAT), ``attribute_names``
(what a label can have), ``texts`` (values as CVAT keeps them), ``fingerprints``
(whether an annotation was touched).

Geometry: ``masks``, and what becomes a mask or is made of one: ``run_lengths``,
``polygons`` (with ``outline_tracing``), ``ellipses``, ``segmentations``. And
``skeletons``, and ``polyline_parts`` (which parts CVAT has a shape for).

Open :mod:`~fiftyone_cvat.convert.shared.frames` and
:mod:`~fiftyone_cvat.convert.shared.masks` first.
"""
