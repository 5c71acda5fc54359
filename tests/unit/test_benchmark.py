"""The script that measures: both sides do the same, and a difference is seen."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

from tests.media import make_images
from tests.scripts import loaded


@pytest.fixture(scope="module")
def benchmarks():
    """Give what imports a part of the script."""
    folder = str(Path(__file__).parents[2] / "scripts")
    sys.path.insert(0, folder)
    yield lambda name: importlib.import_module(f"benchmarks.{name}")
    sys.path.remove(folder)


@pytest.fixture
def job(benchmarks, tmp_path):
    """Two pictures with boxes and two with a mask."""
    workloads = benchmarks("workloads")
    shapes = workloads.rectangles(2, 3, (32, 24))
    for frame in (2, 3):
        points = workloads.runs(workloads.disc(6, frame), 4, 3)
        shapes.append(workloads.shape("mask", frame, points, frame))
    names = [f"{number}.png" for number in range(4)]
    return workloads.Job(
        media=[Path(path) for path in make_images(tmp_path, names)],
        size=(32, 24),
        label_type="instances",
        shapes=shapes,
    )


def test_both_sides_convert_to_the_same(benchmarks):
    conversions = benchmarks("conversions")
    every = list(conversions.conversions(5))
    same = {each.name: conversions.same_result(each) for each in every}
    assert same == dict.fromkeys(same, True)
    targets = benchmarks("targets")
    judged = {each.name for each in every if each.other_name == "built-in"}
    assert judged == targets.FASTER.keys()


def test_other_results_are_not_the_same(benchmarks):
    conversions = benchmarks("conversions")
    each = next(conversions.conversions(5))
    less = conversions.Conversion(
        name=each.name,
        title=each.title,
        objects=each.objects,
        other=each.other,
        package=lambda: (None, each.package()[1][1:]),
        summary=each.summary,
        slack=each.slack,
    )
    assert not conversions.same_result(less)


def test_labels_of_a_workload_are_those_annotations(benchmarks, job):
    check = benchmarks("check")
    labels = benchmarks("labels").labels_by_frame(job, job.shapes, job.tracks)
    check.check_labels(job, labels, check.EXACT)
    check.check_server(job, job.shapes, [], check.EXACT)


@pytest.mark.parametrize("change", ["missing", "moved", "other class", "smaller"])
def test_different_work_is_seen(benchmarks, job, change):
    check = benchmarks("check")
    shapes = [dict(each) for each in job.shapes]
    if change == "missing":
        shapes.pop()
    elif change == "moved":
        shapes[0]["points"] = [value + 3 for value in shapes[0]["points"]]
    elif change == "other class":
        shapes[0]["label_id"] = "tree"
    else:
        *runs, left, top, right, bottom = shapes[-1]["points"]
        shapes[-1]["points"] = [sum(runs) - 30, 30, left, top, right, bottom]
    with pytest.raises(check.DifferentWorkError):
        check.check_server(job, shapes, [], check.ROUNDED)


def test_targets_of_a_second_load(benchmarks):
    targets = benchmarks("targets")

    def judged(requests, wall, images):
        figures = {
            "first load": {"package": {"wall": 10.0, "requests": 303}},
            "second load": {"package": {"wall": wall, "requests": requests}},
        }
        return [each.met for each in targets.judge_second_load(figures, images)]

    assert judged(requests=6, wall=0.5, images=10_000) == [True, True]
    assert judged(requests=7, wall=0.6, images=10_000) == [False, False]
    assert judged(requests=6, wall=9.0, images=100) == [True]


def test_targets_tell_what_is_met(benchmarks):
    targets = benchmarks("targets")
    least = {"wall": 1.0, "cpu": 0.1, "memory": 1.0, "requests": 4}
    built_in = {**least, "cpu": 4.0}
    package = {**least, "wall": 1.16, "cpu": 1.0, "requests": 5}
    figures = {
        "annotate": {"package": package, "least": least, "built-in": built_in},
        "load": {"package": package, "least": least},
    }
    verdicts = targets.judge_workload("large-task", figures, tasks=1)
    assert [each.met for each in verdicts] == [False, True, True, True]


def test_ratios_of_a_comparison(benchmarks):
    report = benchmarks("report")
    costs = {"built-in": (4.0, 8.0), "package": (2.0, 1.0), "least": (1.6, 0.5)}
    sides = {name: {"wall": wall, "cpu": cpu} for name, (wall, cpu) in costs.items()}
    *_, row = (
        report.comparison_table({"two tasks": {"load": sides}}).strip().split("\n")
    )
    assert row == ("| two tasks | load | 4.0 s | 2.0 s | 1.6 s | 2.00 | 1.25 | 0.12 |")


def test_a_table_goes_between_its_markers(tmp_path):
    page = tmp_path / "README.md"
    page.write_text("a\n<!-- growth -->\nold\n<!-- end of growth -->\nb\n")
    with loaded("tables") as tables:
        for text in ("new\n", "| newer |\n"):
            tables.write_table("growth", text, page)
            expected = f"a\n<!-- growth -->\n\n{text}\n<!-- end of growth -->\nb\n"
            assert page.read_text() == expected
        with pytest.raises(ValueError, match="has no '<!-- speed -->'"):
            tables.write_table("speed", "new", page)
        assert page.read_text() == expected


@pytest.mark.parametrize(
    "name",
    ["workloads", "second load", "conversions", "growth", "versions of cvat-sdk"],
)
def test_the_page_has_each_table(name):
    with loaded("tables") as tables:
        page = tables.PAGE.read_text()
    begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->\n"
    table = page.partition(begin)[2].partition(end)[0]
    assert "|---|" in table
    assert table.strip().startswith("20")  # when it was measured
