"""Which file here is which file in a task, by their names."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

__all__ = ["FileMatches", "match_files"]

NUMBERED = re.compile(r"(?P<stem>.*)-(?P<number>[0-9]+)(?P<suffix>\.[^.]*)?", re.S)
"""How a file goes up whose name another one of its task has already: ``a-2.png``."""


@dataclass(slots=True)
class FileMatches:
    """Files of a task with the files here that they are.

    Attributes:
        path_by_name: the name in the task to the path here
        missing: names that no path here fits
        ambiguous: the name to the paths that fit it equally well
    """

    path_by_name: dict[str, str] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    ambiguous: dict[str, list[str]] = field(default_factory=dict)


def match_files(names: Iterable[str], paths: Sequence[str]) -> FileMatches:
    """Match names of files in a task to paths.

    The longest common tail of folders decides: of ``x/1/a.png`` and ``x/2/a.png`` the
    name ``2/a.png`` is the second. Where files of one name went up without their
    folders (``a.png``, ``a-2.png``), they are taken in order, if as many are here.

    Args:
        names: names as the task has them, with folders or without
        paths: paths of files here, in order
    """
    by_last: dict[str, list[tuple[str, ...]]] = defaultdict(list)
    path_by_parts = {}
    for path in dict.fromkeys(paths):
        parts = _parts(path)
        by_last[parts[-1]].append(parts)
        path_by_parts[parts] = path
    found = FileMatches()
    unclear: dict[str, list[str]] = defaultdict(list)
    for name in dict.fromkeys(names):
        parts = _parts(name)
        candidates = by_last.get(parts[-1], [])
        best = [parts] if parts in candidates else _longest_tails(parts, candidates)
        if len(best) == 1:
            found.path_by_name[name] = path_by_parts[best[0]]
            continue
        base = parts[-1] if best else _without_number(parts[-1])
        if len(by_last.get(base or "", ())) > 1:
            unclear[base or ""].append(name)
        else:
            found.missing.append(name)
    for base, alike in unclear.items():
        fitting = [path_by_parts[each] for each in by_last[base]]
        if len(alike) == len(fitting) and alike[0] == base:
            found.path_by_name |= dict(zip(alike, fitting, strict=True))
            continue
        for name in alike:
            if _parts(name)[-1] == base:
                found.ambiguous[name] = fitting
            else:
                found.missing.append(name)
    return found


def _parts(path: str) -> tuple[str, ...]:
    return tuple(each for each in re.split(r"[\\/]", path) if each) or (path,)


def _longest_tails(
    name: tuple[str, ...], candidates: Iterable[tuple[str, ...]]
) -> list[tuple[str, ...]]:
    """Return the candidates that share the most parts with a name, from the end."""
    best: list[tuple[str, ...]] = []
    most = 0
    for each in candidates:
        common = 0
        for ours, theirs in zip(reversed(name), reversed(each), strict=False):
            if ours != theirs:
                break
            common += 1
        if common > most:
            best, most = [], common
        if common == most:
            best.append(each)
    return best


def _without_number(name: str) -> str | None:
    """Return the name that a numbered one stands for, or None."""
    match = NUMBERED.fullmatch(name)
    return None if match is None else f"{match['stem']}{match['suffix'] or ''}"
