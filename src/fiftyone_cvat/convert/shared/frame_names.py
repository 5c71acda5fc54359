"""Which frame of a task is which file, by their names.

Names change on their way to a server: what is in folders goes up flat, files of equal
names get a number, and characters are replaced. A task that somebody else has made of
the same files may have the folders, or some of them, in its names.
"""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath

__all__ = ["match_frames"]


def match_frames(
    sent: Mapping[int, Sequence[str]], names: Sequence[str]
) -> dict[int, int]:
    """Return which frame of a task is which file.

    A file is the frame that has just the first of its names, if there is one such
    frame and one such file. Else names are compared from their ends, folder by folder:
    the longest common tail decides. Where it fits two files, or two frames, nothing is
    matched.

    Args:
        sent: the position of a file to its names: the one that it went up under, then
            its path
        names: the names of the task's frames, in their order, with any folders

    Returns:
        the position of a file to that of its frame; no frame is there twice
    """
    by_name: dict[str, list[int]] = defaultdict(list)
    by_last: dict[str, list[int]] = defaultdict(list)
    tails = [_tail(name) for name in names]
    for frame, tail in enumerate(tails):
        by_name["/".join(tail)].append(frame)
        for last in {tail[0], PurePosixPath(tail[0]).stem}:
            by_last[last].append(frame)
    firsts = {position: "/".join(_tail(own[0])) for position, own in sent.items()}
    number = Counter(firsts.values())
    found = {
        position: by_name[first][0]
        for position, first in firsts.items()
        if number[first] == 1 and len(by_name.get(first, ())) == 1
    }
    taken = set(found.values())
    pairs: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for position in sent.keys() - found.keys():
        own = [_tail(name) for name in sent[position]]
        near = {frame for tail in own for frame in by_last.get(tail[0], ())} - taken
        for frame in near:
            length = max(_common(tail, tails[frame]) for tail in own)
            if length:
                pairs[length].append((position, frame))
    undecided: set[int] = set()
    for length in sorted(pairs, reverse=True):
        free = [
            (position, frame)
            for position, frame in pairs[length]
            if frame not in taken and position not in undecided | found.keys()
        ]
        found.update(_unambiguous(free))
        # what is ambiguous here is not told by less of the name, either
        taken |= {frame for _, frame in free}
        undecided |= {position for position, _ in free}
    return found


def _unambiguous(pairs: Iterable[tuple[int, int]]) -> dict[int, int]:
    """Return the pairs of which neither side is in another one."""
    pairs = list(pairs)
    positions = Counter(position for position, _ in pairs)
    frames = Counter(frame for _, frame in pairs)
    return {
        position: frame
        for position, frame in pairs
        if positions[position] == frames[frame] == 1
    }


def _tail(name: str) -> tuple[str, ...]:
    """Return the parts of a name from its end, as a file system may take them."""
    text = unicodedata.normalize("NFC", name).casefold().replace("\\", "/")
    parts = [each for each in text.split("/") if each not in ("", ".")]
    return tuple(reversed(parts)) or ("",)


def _common(first: Sequence[str], second: Sequence[str]) -> int:
    """Return how many parts are the same; a file may have got an extension."""
    same_last = first[0] == second[0] or (
        not PurePosixPath(first[0]).suffix and PurePosixPath(second[0]).stem == first[0]
    )
    if not same_last:
        return 0
    length = 1
    for one, other in zip(first[1:], second[1:], strict=False):
        if one != other:
            break
        length += 1
    return length
