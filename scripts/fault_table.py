"""Print what each fault at each request of a run leaves: the table fault x request.

    python scripts/fault_table.py                       # a stand-in for a server
    CVAT_TOKEN=... python scripts/fault_table.py --url http://127.0.0.1:8080

The status is 1 if a label is lost or duplicated in a cell, or something is left over.
Run it in an environment of FiftyOne whose database may be used: datasets that it makes
are deleted again.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

import fiftyone as fo  # noqa: E402
from tests.faults.proxy import FAULTS  # noqa: E402
from tests.faults.server import StandIn  # noqa: E402
from tests.faults.table import Table, to_markdown  # noqa: E402


def main() -> int:
    """Run the table and print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", help="a real server; its token is in CVAT_TOKEN")
    parser.add_argument("--fault", action="append", choices=FAULTS, help="not all")
    parser.add_argument("--request", action="append", type=int, help="not all, from 1")
    given = parser.parse_args()
    fo.config.show_progress_bars = False
    stand_in = None if given.url else StandIn()
    url = given.url if stand_in is None else stand_in.url
    token = os.environ["CVAT_TOKEN"] if given.url else "token"
    table = Table(url.rstrip("/"), token, timeout=2.0 if given.url else 0.6)
    cells = []
    try:
        numbers = [each - 1 for each in given.request] if given.request else None
        for cell in table.cells(given.fault or FAULTS, numbers):
            cells.append(cell)
            place = f"{cell.number + 1}. {cell.request}"
            words = f"{place}, {cell.fault}: {cell} {cell.error or ''}"
            print(words, file=sys.stderr, flush=True)
    finally:
        table.close()
        if stand_in:
            stand_in.close()
    print(to_markdown(cells))
    spoilt = sum(not each.is_clean for each in cells)
    stopped = sum(each.error is not None for each in cells)
    print(f"\n{len(cells)} cells, {spoilt} not clean, {stopped} stopped and done again")
    return 1 if spoilt else 0


if __name__ == "__main__":
    sys.exit(main())
