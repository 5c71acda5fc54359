"""From CVAT to FiftyOne: answers are checked, annotations become labels.

The way of an annotation, module by module:

1. ``answer_checks`` refuses a whole answer, ``annotation_faults`` one annotation.
2. ``interpolation`` makes a shape per frame of a track (``polygon_matching`` matches the
   points of two polygons).
3. :mod:`~fiftyone_cvat.convert.from_cvat.labels` makes a label of a tag or shape. Texts
   become values in ``attribute_texts``; FiftyOne's objects are copies of
   ``label_templates``.
4. ``claims`` decides which uploaded label it is, ``label_parts`` joins the parts of one.
5. ``comparison`` says what came back the same, ``originals`` keeps what did not change,
   ``reconciliation`` counts.

``nested_results`` and ``polylines_to_masks`` are documented members of the API that work
on FiftyOne's nested dicts of labels.
"""
