"""A user's script: it annotates, looks at the status, and loads twice.

It is run as it is, with ``folder``, for its pictures, and ``settings``, for the
backend: by ``tests/replay/test_session.py``, which plays or records what it says to
the server, and in processes of its own, whose output ``tests/test_output.py`` reads.
"""
# mypy: ignore-errors
# ruff: noqa: F821, T201

import fiftyone as fo

import fiftyone_cvat
from tests import media
from tests.replay.run import box, moved

dataset = fo.Dataset("session", persistent=True)
for path in media.make_images(folder, ["1.png", "2.png", "3.png"]):
    cats = fo.Detections(detections=[box()])
    dataset.add_sample(fo.Sample(filepath=path, cats=cats))
schema = {"cats": {"type": "detections", "classes": ["cat"]}}

results = dataset.annotate(
    "run", label_schema=schema, backend="cvat", task_size=2, **settings
)
print("-- status")
results.print_status()

# the annotator moves a box, and draws a line, which no field of the run holds
api, task_id = results.connect_to_api(), results.task_ids[0]
url = api.task_annotation_url(task_id)
shape = api.get(url).json()["shapes"][0]
line = {"type": "polyline", "points": [1.0, 1.0, 9.0, 9.0], "frame": 1}
line |= {"label_id": shape["label_id"], "attributes": []}
api.patch(url, params={"action": "update"}, json={"shapes": [moved(shape)]})
api.patch(url, params={"action": "create"}, json={"shapes": [line]})

credentials = {key: settings[key] for key in ("url", "access_token")}
print("-- load")
dataset.load_annotations("run", unexpected="ignore", **credentials)
print("-- load again")
fiftyone_cvat.load(dataset, "run", unexpected="ignore", **credentials)
fiftyone_cvat.load(dataset, "run", unexpected="ignore", **credentials)
print("-- end")
