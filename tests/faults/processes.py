"""Runs in processes of their own, to be killed or to be several at once.

Started as ``python -m tests.faults.processes`` it reads a job from each line of its
input and forks for it: FiftyOne is imported once, and a job begins at once.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import traceback
from pathlib import Path
from typing import Any

from pymongo import monitoring
from pymongo.monitoring import CommandListener

__all__ = ["Processes"]

ROOT = Path(__file__).parents[2]
CHANGES = {"insert", "update", "delete", "findAndModify"}


class Processes:
    """Starts jobs in processes of their own; ``close`` ends it.

    Args:
        log: a file for what the processes print
    """

    def __init__(self, log: Path) -> None:
        self.log = log
        path = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
        with log.open("wb") as file:
            self._mother = subprocess.Popen(
                [sys.executable, "-W", "ignore", "-m", "tests.faults.processes"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=file,
                env={**os.environ, "PYTHONPATH": path},
                cwd=ROOT,
            )

    def start(self, do: str, dataset: str, **job: Any) -> int:
        """Start a job; return the id of its process.

        Args:
            do: ``annotate`` or ``load``
            dataset: the name of the dataset
            **job: ``key``; ``kwargs``, for the call; ``writes``, after how many writes
                to the database the process stops itself, if it is to, and ``by``, the
                signal that it does it by
        """
        return self._ask({"do": do, "dataset": dataset, **job})

    def wait(self, pid: int) -> int:
        """Wait for a process to end; return its status, or minus the signal."""
        return self._ask({"wait": pid})

    def count_writes(self) -> int:
        """Return how often the last process that came to its end wrote."""
        return int(re.findall(r"^writes: (\d+)$", self.log.read_text(), re.M)[-1])

    def _ask(self, line: dict[str, Any]) -> int:
        assert self._mother.stdin
        assert self._mother.stdout
        self._mother.stdin.write(json.dumps(line).encode() + b"\n")
        self._mother.stdin.flush()
        answer = self._mother.stdout.readline()
        assert answer, self.log.read_text()
        return int(answer)

    def close(self) -> None:
        assert self._mother.stdin
        assert self._mother.stdout
        self._mother.stdin.close()
        self._mother.wait(timeout=20)
        self._mother.stdout.close()


def main() -> None:
    """Fork for each job, and wait for those that are asked for."""
    killer = _Killer()
    monitoring.register(killer)
    import fiftyone  # noqa: F401

    import fiftyone_cvat.api  # noqa: F401

    # what this prints goes to the log: the answers need standard output
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        job = json.loads(line)
        if "wait" in job:
            number = os.waitstatus_to_exitcode(os.waitpid(job["wait"], 0)[1])
        else:
            number = os.fork()
            if number == 0:
                killer.last = job.pop("writes", None)
                killer.signal = job.pop("by", signal.SIGKILL)
                _finish(job, killer)
        answers.write(f"{number}\n")
        answers.flush()
    os._exit(0)  # FiftyOne would delete datasets at exit


def _finish(job: dict[str, Any], killer: _Killer) -> None:
    """Do a job, and end the process: with 0, or 1 if it fails."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    status = 1
    try:
        killer.writes = 0
        _do(**job)
        sys.stderr.write(f"writes: {killer.writes}\n")
        status = 0
    except BaseException:  # noqa: BLE001  it ends here
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


def _do(do: str, dataset: str, key: str, kwargs: dict[str, Any]) -> None:
    import fiftyone as fo

    samples = fo.load_dataset(dataset)
    if do == "load":
        samples.load_annotations(key, unexpected="keep", **kwargs)
    else:
        samples.annotate(key, backend="cvat", **kwargs)


class _Killer(CommandListener):
    """Counts writes to the database; stops this process before a chosen one."""

    def __init__(self) -> None:
        self.writes, self.last = 0, None
        self.signal: int = signal.SIGKILL

    def started(self, event: Any) -> None:
        if event.command_name not in CHANGES:
            return
        self.writes += 1
        if self.writes - 1 == self.last:
            os.kill(os.getpid(), self.signal)
            time.sleep(10)

    def succeeded(self, event: Any) -> None:
        pass

    failed = succeeded


if __name__ == "__main__":
    main()
