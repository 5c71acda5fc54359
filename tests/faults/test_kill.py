"""Processes that are killed in the middle of a run, and what becomes of the run.

A process is killed at a request, before or after the server does it, or at a write to
the database, where Ctrl-C is pressed, too: at one point of a kind, at a few with
``--size large``, and at all of them with ``--size huge``.
``scripts/kill_points.py`` does the same with a real server.
"""

from __future__ import annotations

import random

import pytest

from tests.faults.killing import Scene
from tests.faults.server import StandIn
from tests.sizes import sized

FEW = {("annotate", "before"): 3, ("annotate", "after"): 3, ("annotate", "write"): 4}
FEW |= {("load", "before"): 1, ("load", "after"): 1, ("load", "write"): 4}
FEW |= {("annotate", "Ctrl-C"): 2, ("load", "Ctrl-C"): 4}


@pytest.fixture(scope="module", params=[1, 3])
def scene(request, processes):
    server = StandIn()
    made = Scene(server, "token", processes, server.url, workers=request.param)
    yield made
    made.close()
    server.close()


@pytest.mark.parametrize(("do", "at"), FEW, ids=map(" ".join, FEW))
def test_a_killed_process(scene, do, at):
    points = [each for each in scene.points() if (each.do, each.at) == (do, at)]
    count = sized(small=1, large=FEW[do, at], huge=len(points))
    points = random.Random(f"{do} {at}").sample(points, count)
    expected = scene.undisturbed
    assert (len(expected.tasks), expected.labels.total()) == (3, 9)

    for point in points:
        outcome = scene.run(point)
        assert outcome.is_killed, point
        assert outcome.differences(expected) == [], point
