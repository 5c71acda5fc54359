"""What a run is, as data: its arguments, its stored form, its status.

Keywords and what the database holds go in; checked values and lines for people come
out. Nothing here asks a server or reads a dataset.

Begin with :mod:`~fiftyone_cvat.runs.stored_runs`.
"""
