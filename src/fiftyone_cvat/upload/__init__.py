"""A run's way up: check, convert, create, send, roll back, go on.

Samples and a label schema go in; tasks in CVAT and the results of the run come out.
Begin with :mod:`~fiftyone_cvat.upload.run_upload`. Steps that are documented members
are called through the API, so that overriding one takes effect.

The way of one box, from ``annotate`` to the request:

1. ``backend`` gets it with its sample from FiftyOne and asks ``api`` to upload; that
   begins ``upload.run_upload``.
2. ``upload.checks`` checks the run and settles its schema: the ``upload.run_state``.
3. ``upload.task_annotations`` wants the task's annotations, to see that they can go.
4. ``dataset.field_annotations`` reads the box as ``dataset.stored_labels`` has it.
5. ``convert.to_cvat.shapes`` makes it a rectangle that carries the label's id.
6. ``server.tasks`` creates the task, and ``server.task_media`` fills it with media.
7. ``server.annotations`` sends the rectangle with all others of the task in one
   request, and ``transport.connection`` carries it.

The walk ends there. What the server has then stored of it is checked by
``server.annotations``, too; ``run_upload``, which has called all of this, notes what is
missing (``upload.unstored_labels``).
"""
