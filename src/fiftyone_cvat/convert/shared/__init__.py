"""What both directions need: frames, ids, attributes, masks, skeletons.

Begin with :mod:`~fiftyone_cvat.convert.shared.frames` and
:mod:`~fiftyone_cvat.convert.shared.claims`.
"""
