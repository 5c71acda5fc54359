"""From CVAT to FiftyOne: answers are checked, annotations become labels.

The way of an annotation, module by module:

1. ``answer_checks`` refuses a whole answer, ``annotation_faults`` one annotation.
2. ``interpolation`` makes a shape per frame of a track. It needs ``polygon_matching``
   where two polygons have different points.
3. :mod:`~fiftyone_cvat.convert.from_cvat.labels` makes a label of a tag or shape, with
   what is known about its field (``field_context``). Texts become values in
   ``attribute_texts``; FiftyOne's objects are copies of ``label_templates``.
4. ``claims`` decides which uploaded label it is, ``label_parts`` joins parts of one.
5. ``comparison`` says what came back the same. ``originals`` keeps what did not change,
   with ``keypoint_lists`` for what runs beside points. ``reconciliation`` counts.

``nested_results`` and ``polylines_to_masks`` hold documented members of the API, which
work on FiftyOne's nested dicts of labels.
"""
