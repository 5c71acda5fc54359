"""Findings: what one check of the doctor says, and how it is put."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

__all__ = [
    "CHECKS",
    "Finding",
    "State",
    "kind_and_words",
    "skip",
    "without",
    "words_and_advice",
]

CHECKS = (
    "backend",
    "configuration",
    "reachability",
    "TLS",
    "sign-in",
    "rights",
    "organization",
    "server version",
    "answers",
    "SDK version",
    "MongoDB",
    "ffprobe",
)
"""The names of the checks, in the order of their findings."""

SHORTEST_SECRET = 4
"""A shorter one would blank out parts of words; our own words hold none."""


class State(StrEnum):
    """What came of a check."""

    OK = "ok"
    WARNING = "warning"
    WRONG = "wrong"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check has found.

    Attributes:
        name: the check, one of :data:`CHECKS`
        state: what came of it
        words: what was found, in one line
        advice: what to do about it; empty if there is nothing to do
    """

    name: str
    state: State
    words: str
    advice: str = ""


def skip(cause: Finding, last: str, after: Finding | None = None) -> Iterator[Finding]:
    """Skip the checks from behind one up to another, because of a finding."""
    start = CHECKS.index((after or cause).name) + 1
    for name in CHECKS[start : CHECKS.index(last) + 1]:
        yield Finding(name, State.SKIPPED, f"needs {cause.name}")


def words_and_advice(error: BaseException) -> tuple[str, str]:
    """Divide a message of ours: what happened; what to do."""
    words, _, advice = str(error).partition("; ")
    return words, advice


def kind_and_words(error: BaseException) -> str:
    """Put an error that is none of ours into one line of at most 300 characters."""
    line = " ".join(str(error).split())
    return f"{type(error).__name__}: {line}"[:300]


def without(secrets: list[str | None], finding: Finding) -> Finding:
    """Blank out secrets that a server or a proxy has put into its words."""
    words, advice = finding.words, finding.advice
    for secret in secrets:
        if not secret or len(secret) < SHORTEST_SECRET:
            continue
        words, advice = words.replace(secret, "***"), advice.replace(secret, "***")
    return replace(finding, words=words, advice=advice)
