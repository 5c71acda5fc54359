"""CVAT's side: what can be asked of a server, and what it answers.

Ids, names, schemas and media go in; tasks, projects, jobs and labels as CVAT describes
them come out. Each module is one subject of the server; the classes are what the API
is made of. Nothing here knows a dataset.

Begin with :mod:`~fiftyone_cvat.server.session`, the verbs and the lists that the others
use; then :mod:`~fiftyone_cvat.server.tasks`. What may have happened although an answer
was lost is in :mod:`~fiftyone_cvat.server.changes` and
:mod:`~fiftyone_cvat.server.creations`.
"""
