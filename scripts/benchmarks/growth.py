"""How time and memory grow: the same work at several sizes."""

from __future__ import annotations

from functools import partial

from benchmarks.workloads import Workload, large_media, many_tasks, one_task

SHAPES = (25_000, 50_000, 100_000)
IMAGES = (2_500, 5_000, 10_000)
LARGE = (150, 1400)

GROWTH = {
    f"shapes:{count}": Workload(
        f"{count:,} boxes with 2 attributes in one task of 500 images",
        partial(one_task, images=500, boxes=count // 500),
    )
    for count in SHAPES
}
GROWTH |= {
    f"images:{count}": Workload(
        f"{count:,} images in {count // 100} tasks, 1 box each",
        partial(many_tasks, images=count, tasks=count // 100, boxes=1),
    )
    for count in IMAGES
}
GROWTH |= {
    f"bytes:{count}": Workload(
        f"{count} JPEG files of 1.4 MB in one task",
        partial(large_media, images=count),
        ("annotate",),
    )
    for count in LARGE
}
"""The workloads of the curves, by name and size."""
