"""The review of a run: where its jobs stand, what reviewers say, and what comes next.

A run's results go in, with an API that is signed in. Fields of the dataset, issues and
changes of jobs in CVAT come out. It stands below the backend, which must stay one
module: :class:`~fiftyone_cvat.review.members.Review` is what the results inherit. It
stands above the API, by whose verbs it asks, and beside no other way of a run: neither
the upload nor the download needs it.

Begin with :mod:`~fiftyone_cvat.review.members`.
"""
