"""The conversions alone, measured in one process: prints JSON.

Run as ``python -m benchmarks.offline ROUNDS``.
"""

from __future__ import annotations

import json
import sys

from benchmarks.check import DifferentWorkError
from benchmarks.conversions import conversions, measure, same_result

COUNT = 1000


def main() -> None:
    """Check and measure each conversion, print."""
    rows = []
    for each in conversions(COUNT):
        if not same_result(each):
            raise DifferentWorkError(f"{each.title}: the results differ")
        other, package = measure(each, int(sys.argv[1]))
        row = {"name": each.name, "title": each.title, "other_name": each.other_name}
        rows.append(row | {"other": other, "package": package})
    print(json.dumps(rows))


if __name__ == "__main__":
    main()
