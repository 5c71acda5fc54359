"""FiftyOne's side: a run's labels as the database holds them.

Samples and fields go in; their labels come out, as they are stored, or as the
annotations that they go up as. What FiftyOne's merge does wrong is put right here.

Begin with :mod:`~fiftyone_cvat.dataset.stored_labels`, then
:mod:`~fiftyone_cvat.dataset.field_annotations` for the way up and
:mod:`~fiftyone_cvat.dataset.sent_labels` for the way down.
"""
