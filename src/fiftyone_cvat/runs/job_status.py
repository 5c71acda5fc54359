"""Where the jobs of a run stand, as data and as a table for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from fiftyone_cvat.runs.chosen_jobs import STAGES, STATES

__all__ = ["FrameStatus", "JobStatus", "counted", "farthest_back", "job_table"]

BAR = 20
"""Characters of a whole bar."""

HEADINGS = ("job", "task", "frames", "stage", "state", "assignee", "issues")
NUMBERS = ("job", "task")


@dataclass(frozen=True, slots=True)
class JobStatus:
    """Where a job stands.

    Attributes:
        task_id: its task
        job_id: the job
        stage: ``annotation``, ``validation`` or ``acceptance``
        state: ``new``, ``in progress``, ``rejected`` or ``completed``
        assignee: a user name, or None
        first_frame: the position in the task of its first frame, from 0
        last_frame: that of its last one, inclusive
        issues: how many issues it has
        unresolved_issues: how many of them are not resolved
        url: the address of the job's page for people
        updated: when it was changed last, in ISO form, if the server tells
    """

    task_id: int
    job_id: int
    stage: str
    state: str
    assignee: str | None
    first_frame: int
    last_frame: int
    issues: int
    unresolved_issues: int
    url: str
    updated: str | None = None

    @property
    def frames(self) -> int:
        """How many frames it has."""
        return self.last_frame - self.first_frame + 1

    @property
    def progress(self) -> tuple[int, int]:
        """How far it has come; a name that is not known here is far."""
        if self.state == "rejected":
            return (-1, -1)
        return (_rank(STAGES, self.stage), _rank(STATES, self.state))


@dataclass(frozen=True, slots=True)
class FrameStatus:
    """Where a frame of a run stands.

    Attributes:
        job: its job
        url: the address of the frame in CVAT's editor
        issues: how many issues are on it
        unresolved_issues: how many of them are not resolved
    """

    job: JobStatus
    url: str
    issues: int
    unresolved_issues: int


def farthest_back(frames: Sequence[FrameStatus]) -> FrameStatus:
    """Return where a sample of several frames stands: with its hindmost job.

    A video is finished when all of its jobs are; one of them that is rejected shows.

    Args:
        frames: where its frames stand, in their order; at least one

    Returns:
        that of the first frame of the job, with the issues of all frames
    """
    first = min(frames, key=lambda each: each.job.progress)
    return FrameStatus(
        first.job,
        first.url,
        sum(each.issues for each in frames),
        sum(each.unresolved_issues for each in frames),
    )


def job_table(
    title: str, jobs: Sequence[JobStatus], *, blocks: str = "█░"
) -> Iterator[str]:
    """Yield a table of jobs line by line: a bar for each state, then a line a job.

    Args:
        title: the first line
        jobs: the jobs, in the order in which they are shown
        blocks: the characters of a bar: what is in the state, and what is not
    """
    yield title
    yield ""
    whole = sum(job.frames for job in jobs)
    frames: Counter[str] = Counter(dict.fromkeys(STATES, 0))
    for job in jobs:
        frames[job.state] += job.frames
    width = max(map(len, frames))
    for state, number in frames.items():
        share = number / whole if whole else 0.0
        full = round(share * BAR)
        bar = blocks[0] * full + blocks[1] * (BAR - full)
        count = sum(job.state == state for job in jobs)
        yield (
            f"{state:<{width}}  {bar}  {share:>4.0%}  {counted(count, 'job')}, "
            f"{counted(number, 'frame')}"
        )
    if jobs:
        yield ""
        yield from _lines([HEADINGS, *map(_cells, jobs)])


def _cells(job: JobStatus) -> tuple[str, ...]:
    issues = str(job.issues)
    if job.unresolved_issues:
        issues += f" ({job.unresolved_issues} open)"
    frames = f"{job.first_frame}-{job.last_frame}"
    who = job.assignee or "nobody"
    ids = (str(job.job_id), str(job.task_id))
    return (*ids, frames, job.stage, job.state, who, issues)


def _lines(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip_longest(*rows, fillvalue="")]
    for row in rows:
        cells = [
            f"{cell:>{width}}" if name in NUMBERS else f"{cell:<{width}}"
            for name, cell, width in zip(HEADINGS, row, widths, strict=True)
        ]
        yield "  ".join(cells).rstrip()


def counted(number: int, what: str) -> str:
    """Return a number of things in words.

    Args:
        number: how many
        what: what one of them is called
    """
    return f"{number} {what}" if number == 1 else f"{number:,} {what}s"


def _rank(names: Sequence[str], name: str) -> int:
    return names.index(name) if name in names else len(names)
