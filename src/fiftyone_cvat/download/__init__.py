"""A run's way down: ask, place, match, settle, count.

The results of a run go in; labels in the nested dicts that FiftyOne merges, and
counts of what came of them, come out.

Begin with :mod:`~fiftyone_cvat.download.run_download`.
"""
