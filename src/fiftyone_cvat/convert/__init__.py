"""Pure conversion between FiftyOne labels and CVAT annotations: no I/O.

``to_cvat`` makes CVAT's schema and annotations of FiftyOne's schema and labels,
``from_cvat`` labels of annotations. The two never import each other; what both use is
``shared``. Positions are pixels in CVAT and relative in FiftyOne.

Begin with :mod:`~fiftyone_cvat.convert.to_cvat.shapes` and
:mod:`~fiftyone_cvat.convert.from_cvat.labels`.
"""
