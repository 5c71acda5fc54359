"""Which file here is which frame of a task, by their names.

Names change on their way to a server: what is in folders goes up flat, files of equal
names get a number, and characters are replaced. A task that somebody else has made of
the same files may have the folders, or some of them, in its names.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Generic, TypeVar

__all__ = ["FileMatches", "FileNames"]

F = TypeVar("F", bound=Hashable)

NUMBERED = re.compile(r"(?P<stem>.*)-(?P<number>[0-9]+)(?P<suffix>\.[^.]*)?", re.S)
"""How a file goes up whose name another one of its task has already: ``a-2.png``."""

Tail = tuple[str, ...]
"""The parts of a name from its end."""


@dataclass(slots=True)
class FileMatches(Generic[F]):
    """Which frame is which file; no file and no frame is there twice.

    Attributes:
        frame_by_file: a file to the position of its frame
        missing: frames that no file fits
        ambiguous: frames that several files fit equally well, or one that fits other
            frames, too, to these files
    """

    frame_by_file: dict[F, int] = field(default_factory=dict)
    missing: list[int] = field(default_factory=list)
    ambiguous: dict[int, list[F]] = field(default_factory=dict)


class FileNames(Generic[F]):
    """Files here, each of which may be a frame of a task.

    Args:
        files: a file to its names, in order: the one that it went up under, if that is
            known, then its path
    """

    def __init__(self, files: Mapping[F, Sequence[str]]) -> None:
        self._tails = {each: [_tail(name) for name in files[each]] for each in files}
        self._place = {each: place for place, each in enumerate(files)}
        self._by_first: dict[Tail, list[F]] = defaultdict(list)
        self._by_last: dict[str, list[F]] = defaultdict(list)
        for each, tails in self._tails.items():
            self._by_first[_folded(tails[0])].append(each)
            for last in dict.fromkeys(_folded(tail)[0] for tail in tails):
                self._by_last[last].append(each)

    def match(self, names: Sequence[str]) -> FileMatches[F]:
        """Match the frames of a task to the files.

        A file is the frame that has just the first of its names, if there is one such
        frame and one such file. Else names are compared from their ends, folder by
        folder: the longest common tail decides, whatever the case of letters, if that
        does not tell files apart, and the extension, if the file has none. Where it
        fits two files, or two frames, nothing is matched, unless the numbers do that
        files of one name go up with (``a.png``, ``a-2.png``), and all are here.

        Args:
            names: the names of the task's frames, in their order, with any folders
        """
        tails = [_tail(name) for name in names]
        found = FileMatches[F](self._same_names(tails))
        free = {*range(len(tails))} - {*found.frame_by_file.values()}
        near = self._near(tails) - found.frame_by_file.keys()
        for length in range(max(map(len, tails), default=0), 0, -1):
            for form in (_as_it_is, _folded, _without_suffix):
                self._match_tails(found, tails, free, near, length, form)
        found.missing = sorted(free)
        self._match_numbered(found, tails)
        return found

    def _same_names(self, tails: Sequence[Tail]) -> dict[F, int]:
        """Return the files of whose first name there is just one, and one frame."""
        frames = defaultdict(list)
        for frame, tail in enumerate(tails):
            frames[_folded(tail)].append(frame)
        return {
            self._by_first[first][0]: alike[0]
            for first, alike in frames.items()
            if len(alike) == len(self._by_first.get(first, ())) == 1
        }

    def _near(self, tails: Iterable[Tail]) -> set[F]:
        """Return the files that are called as a frame is, with or without folders."""
        lasts = {_folded(tail)[0] for tail in tails}
        lasts |= {_stem(each) for each in lasts}
        return {each for last in lasts for each in self._by_last.get(last, ())}

    def _match_tails(
        self,
        found: FileMatches[F],
        tails: Sequence[Tail],
        free: set[int],
        near: set[F],
        length: int,
        form: Callable[[Tail], Tail | None],
    ) -> None:
        """Match what has so many parts in common; what is ambiguous is settled, too.

        Less of a name does not tell it, either.

        Args:
            found: what is matched, and ambiguous, is added to
            tails: those of the frames
            free: frames that are not settled; those that are now leave it
            near: files that are not settled; those that are now leave it
            length: how many parts must be the same
            form: makes of parts those that are compared, or None
        """
        frames: dict[Tail, list[int]] = defaultdict(list)
        for frame in free:
            if len(tails[frame]) >= length:
                key = form(tails[frame][:length])
                if key is not None:
                    frames[key].append(frame)
        files: dict[Tail, list[F]] = defaultdict(list)
        is_for_files = _if_no_suffix if form is _without_suffix else form
        for each in near if frames else ():
            own = [tail[:length] for tail in self._tails[each] if len(tail) >= length]
            for key in {is_for_files(tail) for tail in own}:
                if key is not None and key in frames:
                    files[key].append(each)
        number = Counter(each for alike in files.values() for each in alike)
        for key, alike in files.items():
            if len(frames[key]) == len(alike) == number[alike[0]] == 1:
                found.frame_by_file[alike[0]] = frames[key][0]
            else:
                alike.sort(key=self._place.__getitem__)
                found.ambiguous.update(dict.fromkeys(frames[key], alike))
            free.difference_update(frames[key])
        near.difference_update(number)

    def _match_numbered(self, found: FileMatches[F], tails: Sequence[Tail]) -> None:
        """Match frames of files that went up with numbers to tell them apart.

        They are taken in order, if as many files are here.
        """
        unclear: dict[str, list[int]] = defaultdict(list)
        for frame in sorted([*found.ambiguous, *found.missing]):
            name = _folded(tails[frame])[0]
            base = name if frame in found.ambiguous else _without_number(name)
            if base is not None:
                unclear[base].append(frame)
        for base, alike in unclear.items():
            files = [
                each
                for each in self._by_last.get(base, ())
                if each not in found.frame_by_file
            ]
            without_number = [frame for frame in alike if frame in found.ambiguous]
            is_flat = all(len(tails[frame]) == 1 for frame in alike)
            if len(files) == len(alike) > 1 and is_flat and without_number == alike[:1]:
                found.frame_by_file.update(zip(files, alike, strict=True))
                for frame in alike:
                    found.ambiguous.pop(frame, None)
        done = {*found.frame_by_file.values()}
        found.missing = [each for each in found.missing if each not in done]


def _tail(name: str) -> Tail:
    """Return the parts of a name from its end."""
    parts = [each for each in re.split(r"[\\/]", name) if each not in ("", ".")]
    return tuple(reversed(parts)) or ("",)


def _as_it_is(tail: Tail) -> Tail:
    return tail


def _folded(tail: Tail) -> Tail:
    """Return parts as a file system may take them that does not mind the case."""
    return tuple(unicodedata.normalize("NFC", each).casefold() for each in tail)


def _without_suffix(tail: Tail) -> Tail | None:
    """Return parts, the last without its extension, or None if it has two."""
    last, *folders = _folded(tail)
    return _if_no_suffix((_stem(last), *folders))


def _if_no_suffix(tail: Tail) -> Tail | None:
    return None if PurePosixPath(tail[0]).suffix else _folded(tail)


def _stem(name: str) -> str:
    return PurePosixPath(name).stem


def _without_number(name: str) -> str | None:
    """Return the name that a numbered one stands for, or None."""
    match = NUMBERED.fullmatch(name)
    return None if match is None else f"{match['stem']}{match['suffix'] or ''}"
