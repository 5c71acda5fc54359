"""A run's way down: ask, place, match, settle, count.

The results of a run go in; labels in the nested dicts that FiftyOne merges, and
counts of what came of them, come out.
Begin with :mod:`~fiftyone_cvat.download.run_download`.

The way of one track, from the server's answer to the labels that FiftyOne gets:

1. ``backend`` asks ``api`` for the run's labels; that begins ``download.run_download``.
2. ``run_download`` asks for the task through ``transport`` and ``server``: the track is
   in a ``server.task_answers``.
3. ``download.legibility`` leaves it out if it describes none.
4. ``download.placement`` finds its field: ``convert.from_cvat.interpolation`` makes a
   shape on each frame of it, and ``convert.from_cvat.labels`` a label of each shape.
5. ``download.tracks`` finds which track of the dataset it is, and gives it an index.
6. ``download.matching`` decides on each frame which label the shape is, and whether
   anybody has touched it.
7. ``download.outcome`` counts the labels and puts them where FiftyOne looks for them;
   ``backend`` hands them over.

The track passes through no other room. ``dataset`` stands at both ends of its way:
``dataset.columns`` has read the labels that went up, to which steps 5 and 6 compare it,
and ``dataset.merges`` puts right what FiftyOne's merge does to the labels afterwards.

Tasks that nobody sent come down the same way, after three steps more: ``backend`` makes
our results of those of FiftyOne's import (``runs.foreign_results``), their frames are
found (``dataset.group_slices``) and numbered (``convert.shared.frames``) as the files
here have them, and all labels are ``download.unexpected``, under the name None.
"""
