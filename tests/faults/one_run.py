"""A whole run in a process of its own, and what it leaves of the process.

Started as ``python -m tests.faults.one_run`` with the address of a stand-in server and
a folder of pictures, it prints what it found as JSON.
"""

from __future__ import annotations

import gc
import json
import locale
import logging
import os
import signal
import socket
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any


def state() -> dict[str, Any]:
    """Return what a library must leave alone, by name."""
    mask = os.umask(0o22)
    os.umask(mask)
    loggers = {
        name: [each.level, each.disabled, each.propagate, repr(each.handlers)]
        for name, each in logging.Logger.manager.loggerDict.items()
        if isinstance(each, logging.Logger) and not name.startswith("fiftyone_cvat")
    }
    root = logging.getLogger()
    return {
        "umask": mask,
        "warnings": repr(warnings.filters),
        "root logger": [root.level, repr(root.handlers), logging.root.manager.disable],
        # a logger that is new and as it is made is no change
        "loggers": {
            name: each
            for name, each in loggers.items()
            if each != [0, False, True, "[]"]
        },
        "locale": locale.setlocale(locale.LC_ALL),
        # no test shows what is in the environment
        "environment": {name: hash(value) for name, value in os.environ.items()},
        "signals": {
            name.name: repr(signal.getsignal(name))
            for name in signal.valid_signals()
            if isinstance(name, signal.Signals)
        },
        "socket timeout": socket.getdefaulttimeout(),
        "folder": str(Path.cwd()),
        "hooks": [repr(sys.excepthook), repr(sys.unraisablehook)],
    }


def differences(before: dict[str, Any], after: dict[str, Any]) -> Iterator[str]:
    """Yield what differs, inside of dicts by its name there."""
    for name in before.keys() | after.keys():
        old, new = before.get(name), after.get(name)
        if isinstance(old, dict) and isinstance(new, dict):
            yield from (f"{name}: {each}" for each in differences(old, new))
        elif old != new:
            yield f"{name}: {old} -> {new}"


def failure_of(run: Callable[..., None], **more: Any) -> str:
    """Return what a run is stopped by: the name of one of our errors."""
    try:
        run(**more)
    except Exception as error:  # noqa: BLE001  the test tells which it is to be
        return type(error).__name__
    return "none"


def main(url: str, folder: str) -> None:
    """Import, run, fail, and compare."""
    import fiftyone as fo

    written: list[str] = []
    is_watched = False

    def audit(event: str, args: tuple[Any, ...]) -> None:
        if not is_watched:
            return
        if event == "open" and isinstance(args[2], int):
            if args[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
                written.append(str(args[0]))
        elif event in ("os.mkdir", "os.rename", "os.symlink", "os.link"):
            written.append(str(args[0]))

    sys.addaudithook(audit)
    unclosed: list[str] = []
    sys.unraisablehook = lambda found: unclosed.append(str(found.exc_value))
    dataset = fo.Dataset()
    for path in sorted(Path(folder).iterdir()):
        dataset.add_sample(fo.Sample(str(path), kind=fo.Classification(label="a")))
    before = state()
    is_watched = True
    import fiftyone_cvat.backend  # noqa: F401

    def run(**more: Any) -> None:
        given = {"url": url, "username": "ann", "password": "s3cr3t-password", **more}
        dataset.annotate(
            "run",
            label_schema={"kind": {"type": "classification", "classes": ["a", "b"]}},
            backend="cvat",
            config_cls="fiftyone_cvat.backend.CVATBackendConfig",
            task_size=1,
            **given,
        )
        dataset.load_annotations("run", unexpected="keep", **given)
        dataset.delete_annotation_run("run")

    run()
    failures = [
        failure_of(run, task_name="broken"),
        failure_of(run, url=f"{url}/nothing"),
    ]
    gc.collect()
    is_watched = False
    after = state()
    found = {
        "changed": sorted(differences(before, after)),
        "failures": failures,
        "unclosed": unclosed,
        "written": written,
        "labels": dataset.values("kind.label"),
    }
    sys.stdout.write(f"\nFOUND {json.dumps(found)}\n")
    dataset.delete()


if __name__ == "__main__":
    main(*sys.argv[1:])
