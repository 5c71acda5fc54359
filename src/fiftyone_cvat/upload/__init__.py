"""A run's way up: check, convert, create, send, roll back, go on.

Samples and a label schema go in; tasks in CVAT and the results of the run come out.

Begin with :mod:`~fiftyone_cvat.upload.run_upload`.
"""
