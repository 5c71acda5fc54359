"""The jobs of a run in the panel: a bar of their states, and a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from fiftyone.operators import types

from fiftyone_cvat.plugin.panel_parts import add_button, as_wide_as_it_is, row
from fiftyone_cvat.plugin.shown import plain
from fiftyone_cvat.runs.chosen_jobs import STATES
from fiftyone_cvat.runs.job_status import JobStatus, counted

__all__ = ["add_bar", "add_jobs", "ago", "jobs_meant"]

PAGE = 25
"""Jobs that are listed at a time."""

COLORS = {
    "new": "#6b7280",
    "in progress": "#2f74d0",
    "rejected": "#c93c37",
    "completed": "#2c8a47",
}
"""White words are read on them, whatever the theme is."""

HEADINGS = (
    "Job",
    "Task",
    "Frames",
    "Assignee",
    "Stage",
    "State",
    "Issues",
    "Updated",
    "View",
)
NARROW = 640
"""Pixels below which a panel has no room for all columns."""

LEFT_OUT = ("Task", "Stage", "Updated")
"""The columns that it does without then."""

SECONDS = {"d": 86_400, "h": 3_600, "min": 60}
MILLION = 1_000_000


def jobs_meant(jobs: Sequence[JobStatus], state: str | None) -> list[JobStatus]:
    """Return the jobs that are in a state; None for all.

    Args:
        jobs: the jobs of a run
        state: the state
    """
    return [job for job in jobs if state in (None, job.state)]


def add_bar(
    panel: types.Object,
    jobs: Sequence[JobStatus],
    shown: str | None,
    on_click: Callable[[Any], Any],
) -> None:
    """Add a bar whose parts are the states; a click on one shows its jobs only.

    Args:
        panel: where to
        jobs: the jobs of the run
        shown: the state of the jobs that are listed, or None for all
        on_click: the panel's method
    """
    numbers = Counter(job.state for job in jobs)
    bar = row(panel, "bar", gap="2px")
    for state in (*STATES, *sorted(numbers.keys() - {*STATES})):
        number = numbers[state]
        if not number:
            continue
        color = COLORS.get(state, COLORS["new"])
        is_faint = shown not in (None, state)
        styles = {
            "width": "100%",
            "minWidth": "max-content",
            "px": 1,
            "py": 0.25,
            "borderRadius": "3px",
            "color": "#fff",
            "backgroundColor": color,
            "opacity": 0.45 if is_faint else 1,
            "&:hover": {"backgroundColor": color, "opacity": 0.8},
        }
        bar.btn(
            f"state_{state.replace(' ', '_')}",
            label=f"{number} {state}",
            title=f"{counted(number, 'job')} {state}: click to list only these",
            on_click=on_click,
            params={"state": state},
            componentsProps={
                "item": {"sx": {"flex": f"{number} 1 0", "minWidth": "max-content"}},
                "container": {"sx": {"width": "100%"}},
                "button": {"sx": styles},
            },
        )


def add_jobs(
    panel: types.Object,
    jobs: Sequence[JobStatus],
    shown: str | None,
    page: int,
    methods: Mapping[str, Callable[[Any], Any]],
) -> None:
    """Add a table of jobs, some at a time.

    Args:
        panel: where to
        jobs: the jobs of the run
        shown: the state of those that are listed, or None for all
        page: which of them, from 0
        methods: those of the panel: ``turn_page``, ``show_job``, ``show_state``
    """
    listed = jobs_meant(jobs, shown)
    begin = page * PAGE
    part = listed[begin : begin + PAGE]
    head = row(panel, "jobs_head", justifyContent="space-between")
    words = counted(len(jobs), "job")
    if shown:
        words = f"{len(listed)} of {words}: {shown}"
    head.md(f"**{words}**", name="count", componentsProps=as_wide_as_it_is)
    add_button(head, "show", "Show samples", "grid_view", methods["show_state"])
    table = panel.h_stack("jobs", componentsProps={"grid": {"sx": _table_styles()}})
    for heading in HEADINGS:
        table.md(f"**{heading}**", name=f"head_{heading}")
    for job in part:
        _add_row(table, job, methods["show_job"])
    if len(listed) > PAGE:
        _add_pages(panel, len(listed), page, methods["turn_page"])


def _add_row(
    table: types.Object, job: JobStatus, on_click: Callable[[Any], Any]
) -> None:
    name = f"job_{job.job_id}"
    task_url = job.url.partition("/jobs/")[0]
    links = ((f"{job.job_id}", job.url), (f"{job.task_id}", task_url))
    for number, (label, url) in enumerate(links):
        table.view(
            f"{name}_link_{number}",
            types.LinkView(
                label=label,
                href=url,
                new_window=True,
                componentsProps={"link": {"sx": {"textDecoration": "underline"}}},
            ),
        )
    cells = (
        f"{job.first_frame}-{job.last_frame}",
        job.assignee or "nobody",
        job.stage,
        job.state,
        _issues(job),
        ago(job.updated),
    )
    for number, words in enumerate(cells):
        table.md(plain(words), name=f"{name}_{number}")
    table.btn(
        f"{name}_samples",
        label=None,
        icon="grid_view",
        title=f"Show the samples of job {job.job_id}",
        on_click=on_click,
        params={"job_id": job.job_id},
    )


def _issues(job: JobStatus) -> str:
    """Return how many issues a job has, in words; none if it has none."""
    closed = job.issues - job.unresolved_issues
    words = {"open": job.unresolved_issues, "closed": closed}
    return ", ".join(f"{number} {what}" for what, number in words.items() if number)


def _table_styles() -> dict[str, Any]:
    """Return how the cells become columns, fewer where the panel is narrow."""
    width = len(HEADINGS)
    hidden = {
        f"& > :nth-of-type({width}n+{HEADINGS.index(each) + 1})": {"display": "none"}
        for each in LEFT_OUT
    }
    kept = width - len(LEFT_OUT)
    return {
        "display": "grid",
        "gridAutoFlow": "row",
        "gridTemplateColumns": f"repeat({width}, auto)",
        "alignItems": "center",
        "columnGap": "12px",
        "rowGap": "2px",
        "overflowX": "auto",
        "& p": {"margin": 0, "whiteSpace": "nowrap"},
        f"@container (max-width: {NARROW}px)": {
            "gridTemplateColumns": f"repeat({kept}, auto)",
            "columnGap": "6px",
            **hidden,
        },
    }


def _add_pages(
    panel: types.Object, number: int, page: int, on_click: Callable[[Any], Any]
) -> None:
    pages = row(panel, "pages")
    last = (number - 1) // PAGE
    if page:
        params = {"page": page - 1}
        add_button(pages, "before", "Before", "chevron_left", on_click, params=params)
    pages.md(
        f"{page * PAGE + 1}-{min(number, (page + 1) * PAGE)} of {number}",
        name="which",
        componentsProps=as_wide_as_it_is,
    )
    if page < last:
        params = {"page": page + 1}
        add_button(pages, "after", "After", "chevron_right", on_click, params=params)


def ago(date: str | None, now: datetime | None = None) -> str:
    """Return how long ago a date is, in a few characters.

    Args:
        date: in ISO form, or None
        now: the date that it is compared with; by default that of the clock
    """
    if not date:
        return ""
    seconds = (
        (now or datetime.now(UTC)) - datetime.fromisoformat(date)
    ).total_seconds()
    for unit, length in SECONDS.items():
        if seconds >= length:
            return f"{seconds // length:.0f} {unit} ago"
    return "just now"
