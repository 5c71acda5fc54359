"""Kill the process of a run at each of its points, or at some of them, and go on.

    python scripts/kill_points.py                       # a stand-in for a server
    CVAT_TOKEN=... python scripts/kill_points.py --url http://127.0.0.1:8080 --number 12

The status is 1 if a label is lost or duplicated, or a task is left over. Run it in an
environment of FiftyOne whose database may be used: datasets that it makes are deleted
again.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

import fiftyone as fo  # noqa: E402
from tests.faults.killing import Scene  # noqa: E402
from tests.faults.processes import Processes  # noqa: E402
from tests.faults.proxy import FaultProxy  # noqa: E402
from tests.faults.server import StandIn  # noqa: E402


def main() -> int:
    """Kill, go on, and print what differs from an undisturbed run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", help="a real server; its token is in CVAT_TOKEN")
    parser.add_argument("--number", type=int, help="how many points; all by default")
    parser.add_argument("--seed", type=int, default=0, help="chooses the points")
    given = parser.parse_args()
    fo.config.show_progress_bars = False
    front = FaultProxy(given.url.rstrip("/"), 0.0) if given.url else StandIn()
    token = os.environ["CVAT_TOKEN"] if given.url else "token"
    spoilt = 0
    with tempfile.TemporaryDirectory() as folder:
        processes = Processes(Path(folder) / "log.txt")
        try:
            scene = Scene(front, token, processes, given.url or front.url)
            points = every = scene.points()
            if given.number:
                points = random.Random(given.seed).sample(every, given.number)  # noqa: S311
            for point in points:
                outcome = scene.run(point)
                found = outcome.differences(scene.undisturbed)
                spoilt += bool(found)
                killed = "killed" if outcome.is_killed else "not killed"
                print(f"{point}: {killed}, {found or 'ok'}", flush=True)
            scene.close()
        finally:
            processes.close()
            front.close()
    print(f"\n{len(points)} of {len(every)} points, {spoilt} not clean")
    return 1 if spoilt else 0


if __name__ == "__main__":
    sys.exit(main())
