"""Two runs at once, on one server and one dataset, with one name for their tasks."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import fiftyone as fo
import pytest

from fiftyone_cvat.backend import CVATBackend
from tests import media
from tests.faults.proxy import Fault, FaultProxy

CONFIG = "fiftyone_cvat.backend.CVATBackendConfig"
SCHEMA = {"boxes": {"type": "detections", "classes": ["cat", "dog"], "attributes": {}}}
NAMES = ["a.png", "b.png"]


@pytest.fixture
def dataset(tmp_path):
    made = fo.Dataset()
    for number, path in enumerate(media.make_images(tmp_path, NAMES)):
        boxes = [
            fo.Detection(label=label, bounding_box=[x, 0.25, 0.25, 0.25])
            for label, x in (("cat", 0.125), ("dog", 0.125 * (number + 1)))
        ]
        made.add_sample(fo.Sample(str(path), boxes=fo.Detections(detections=boxes)))
    yield made
    made.delete()


def credentials(url, **more):
    return {"url": url, "access_token": "token", **more}


def arguments(url, **more):
    return credentials(
        url,
        config_cls=CONFIG,
        label_schema=SCHEMA,
        task_size=1,
        task_name="of this name",
        **more,
    )


def annotate(dataset, key, url, **more):
    return dataset.annotate(key, backend="cvat", **arguments(url, **more))


def labels(dataset):
    """Count the labels of a dataset as they are stored."""
    return Counter(
        (str(sample["_id"]), *sorted((key, repr(each[key])) for key in each))
        for sample in dataset._sample_collection.find({})
        for each in sample["boxes"]["detections"]
    )


def forget(dataset):
    """Forget what this process knows of the dataset's runs."""
    getattr(dataset, CVATBackend._results_cache_field()).clear()
    dataset.reload()


def check(dataset, server, keys, before):
    """Check that each run has two tasks with two labels each, and loads them."""
    assert sorted(dataset.list_annotation_runs()) == sorted(keys)
    tasks = []
    for key in keys:
        results = dataset.load_annotation_results(key, **credentials(server.url))
        tasks += results.task_ids
        for task_id in results.task_ids:
            assert len(server.tasks[task_id]["annotations"]["shapes"]) == 2
    assert len(tasks) == 2 * len(keys)
    assert sorted(tasks) == sorted(server.tasks)
    for key in keys:
        dataset.load_annotations(key, unexpected="keep", **credentials(server.url))
        results = dataset.load_annotation_results(key, **credentials(server.url))
        counts = results.reconciliation.totals("boxes")
        assert {name: n for name, n in counts.items() if n} == {"kept": 4}
    assert labels(dataset) == before


def test_two_processes(dataset, server, processes):
    before = labels(dataset)
    jobs = [
        processes.start("annotate", dataset.name, key=key, kwargs=arguments(server.url))
        for key in ("one", "two")
    ]
    assert [processes.wait(job) for job in jobs] == [0, 0], processes.log.read_text()

    forget(dataset)
    check(dataset, server, ["one", "two"], before)


def test_one_process_loads_while_another_annotates(dataset, server, processes):
    before = labels(dataset)
    annotate(dataset, "one", server.url)
    jobs = [
        processes.start(
            "load", dataset.name, key="one", kwargs=credentials(server.url)
        ),
        processes.start(
            "annotate", dataset.name, key="two", kwargs=arguments(server.url)
        ),
    ]
    assert [processes.wait(job) for job in jobs] == [0, 0], processes.log.read_text()

    forget(dataset)
    check(dataset, server, ["one", "two"], before)


def test_a_process_that_does_not_know_of_the_other_run(dataset, server, processes):
    before = labels(dataset)
    job = processes.start(
        "annotate", dataset.name, key="two", kwargs=arguments(server.url)
    )
    assert processes.wait(job) == 0, processes.log.read_text()
    assert dataset.list_annotation_runs() == []

    annotate(dataset, "one", server.url)
    dataset.load_annotations("one", unexpected="keep", **credentials(server.url))

    forget(dataset)
    check(dataset, server, ["one", "two"], before)


def test_two_threads(dataset, server):
    before = labels(dataset)
    with ThreadPoolExecutor(2) as pool:
        for each in pool.map(
            lambda key: annotate(dataset, key, server.url), ["one", "two"]
        ):
            assert len(each.task_ids) == 2

    forget(dataset)
    check(dataset, server, ["one", "two"], before)


@pytest.mark.parametrize(
    ("on_failure", "done"), [("rollback", False), ("rollback", True), ("keep", True)]
)
def test_a_lost_answer_while_another_run_has_an_empty_task_of_this_name(
    dataset, server, on_failure, done
):
    before = labels(dataset)
    proxy = FaultProxy(server.url, 0.0)
    proxy.spoil(("POST /api/tasks", 0), Fault("reset", done=done))
    created, used = threading.Event(), threading.Event()

    def watch(method, path, is_done):
        if (method, path) != ("POST", "/api/tasks") or not is_done:
            return
        if len(server.tasks) > 1 + done:
            used.set()
        if not created.is_set():
            # hold the other run, as it has created its first task
            created.set()
            used.wait(1)

    server.watch = watch
    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(annotate, dataset, "two", server.url)
        assert created.wait(10)
        annotate(dataset, "one", proxy.url, on_failure=on_failure, timeout=1.5)
        other.result()
    proxy.close()

    assert proxy.is_struck
    forget(dataset)
    check(dataset, server, ["one", "two"], before)


def move(server, task_id, number):
    """Move a box on the server by a pixel."""
    shape = server.tasks[task_id]["annotations"]["shapes"][number]
    shape["points"] = [value + 1 for value in shape["points"]]


@pytest.mark.parametrize("task_size", [1, 2])
def test_a_dataset_that_is_edited_while_its_labels_are_out(dataset, server, task_size):
    results = dataset.annotate(
        "run", backend="cvat", **arguments(server.url) | {"task_size": task_size}
    )
    first, second = dataset
    dataset.delete_samples(first)
    edited, gone = second.boxes.detections
    edited["note"], edited.bounding_box = "from here", [0.5, 0.5, 0.25, 0.25]
    added = fo.Detection(label="dog", bounding_box=[0.25, 0.25, 0.5, 0.5])
    second.boxes.detections = [edited, added]
    second.save()
    late = fo.Sample(first.filepath, boxes=fo.Detections(detections=[added.copy()]))
    dataset.add_sample(late)
    before = labels(dataset)
    move(server, results.task_ids[0], 0)
    forget(dataset)

    dataset.load_annotations("run", unexpected="keep", **credentials(server.url))

    # nobody touched it in CVAT
    assert labels(dataset) == before
    assert gone.id not in [each.id for each in dataset[second.id].boxes.detections]
    results = dataset.load_annotation_results("run", **credentials(server.url))
    counts = results.reconciliation.totals("boxes")
    assert {name: n for name, n in counts.items() if n} == {
        "kept": 1,
        "unmatched": 3,
    }
