"""Pure conversion between FiftyOne labels and CVAT annotations: no I/O.

``to_cvat`` takes a label schema and labels; out come CVAT's labels, tags, shapes and
tracks. ``from_cvat`` takes answers of the server; out come labels. The two never import
each other; what both use is in ``shared``. Positions are pixels in CVAT and relative in
FiftyOne. "Label" means a class in CVAT, and one object in FiftyOne.

Open :mod:`~fiftyone_cvat.convert.to_cvat.shapes` and
:mod:`~fiftyone_cvat.convert.from_cvat.labels` first.
"""
