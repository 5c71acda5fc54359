"""Media files on their way to the server: names, groups, and bodies that stream."""

from __future__ import annotations

import html
import re
import secrets
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fiftyone.core.media as fom
from urllib3.fields import RequestField

from fiftyone_cvat.errors import MediaError
from fiftyone_cvat.server.media_faults import check_content, picture_format
from fiftyone_cvat.types import Json

__all__ = [
    "MediaFile",
    "MultipartBody",
    "group_by_size",
    "in_order_of_frames",
    "name_media",
    "names_on_server",
]

BLOCK = 1 << 20
"""Bytes that are read of a file at a time."""

MEDIA_TYPES = (fom.IMAGE, fom.POINT_CLOUD)

MAX_NAME = 255
"""Bytes of a file's name: the limit of most file systems."""

REMOTE = re.compile(r"(^|/)(s3|gs|az|https?|file):/")

URL_SCHEME = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]*):")

VIDEO_SUFFIXES = frozenset(
    {".avi", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".webm", ".wmv"}
)


@dataclass(frozen=True, slots=True)
class MediaFile:
    """A file with the name that it has on the server.

    Attributes:
        path: where the file is
        name: its name on the server, without folders, unique in its task
        size: bytes
    """

    path: Path
    name: str
    size: int


def name_media(paths: Iterable[str | Path]) -> list[MediaFile]:
    """Check files and give each a name of its own on the server.

    The server keeps media in one flat folder: files of equal names in different
    folders get a number, and images without an extension get the one of their kind,
    since the server goes by it. Names that change on their way to the server are sent
    as ones that do not, see :func:`_safe_name`.

    Args:
        paths: the files, in order

    Returns:
        the files, in the same order

    Raises:
        MediaError: if a file is missing, empty, or no image, video or point cloud
    """
    taken: set[str] = set()
    files = []
    for each in paths:
        try:
            files.append(_media_file(each, taken))
        except MediaError as error:
            error.media = (None if each is None else str(each),)
            raise
    return files


def names_on_server(paths: Iterable[str | Path]) -> list[str]:
    """Return the names that files get on the server, which need not be here any more.

    Args:
        paths: the files, in order; one that is not here and has no extension is named
            without the one that it got
    """
    taken: set[str] = set()
    return [
        _unique(
            each.name + (_missing_suffix(each) if each.is_file() else ""),
            taken,
        )
        for each in map(Path, paths)
    ]


def _media_file(given: str | Path | None, taken: set[str]) -> MediaFile:
    """Check a file, and give it a name that differs from those taken."""
    if given is None:
        raise MediaError("A sample has no media file in the field to upload")
    path = Path(given)
    if not path.is_file():
        where = " on this machine: remote media have to be downloaded first"
        remote = where if REMOTE.search(str(path)) else ""
        raise MediaError(f"Media file not found: '{path}'{remote}")
    size = path.stat().st_size
    if not size:
        raise MediaError(f"Media file is empty: '{path}'")
    check_content(path)
    return MediaFile(path, _unique(path.name + _missing_suffix(path), taken), size)


def in_order_of_frames(samples: Any, media_field: str, meta: Json) -> Any:
    """Return samples in the order in which their task has them.

    Older servers do not keep the order of point clouds, which would put labels on
    another cloud. Where names do not tell, it is the order that was asked for.

    Args:
        samples: a collection whose samples are the task's media, in the order in which
            they were sent
        media_field: the field with the paths of the media
        meta: the task's data, as the server describes them
    """
    names = [str(each.get("name")) for each in meta["frames"]]
    sent = [each.name for each in name_media(samples.values(media_field))]
    if names == sent or sorted(names) != sorted(sent):
        return samples
    id_by_name = dict(zip(sent, samples.values("id"), strict=True))
    return samples.select([id_by_name[name] for name in names], ordered=True)


def is_video(path: str | Path) -> bool:
    """Tell from its name whether a file is a video."""
    return (
        fom.get_media_type(str(path)) == fom.VIDEO
        or Path(path).suffix.lower() in VIDEO_SUFFIXES
    )


def group_by_size(files: Sequence[MediaFile], limit: int) -> list[list[MediaFile]]:
    """Split files into consecutive groups of at most a number of bytes.

    A file that is larger than that is a group of its own.

    Args:
        files: the files, in order
        limit: bytes
    """
    groups: list[list[MediaFile]] = []
    room = 0
    for each in files:
        if not groups or each.size > room:
            groups.append([])
            room = limit
        groups[-1].append(each)
        room -= each.size
    return groups


class MultipartBody:
    """A multipart body that reads its files while it is sent.

    It holds no more than one block of one file in memory.

    Args:
        fields: form fields, name to text
        files: the files, sent as ``client_files[0]``, ``client_files[1]``, ...
    """

    def __init__(self, fields: Mapping[str, str], files: Sequence[MediaFile]) -> None:
        self._boundary = secrets.token_hex(16)
        self._parts: list[tuple[bytes, bytes | Path]] = []
        length = 0
        for name, text in fields.items():
            head, content = self._head(name), text.encode()
            self._parts.append((head, content))
            length += len(head) + len(content) + 2
        for number, each in enumerate(files):
            head = self._head(f"client_files[{number}]", each.name)
            self._parts.append((head, each.path))
            length += len(head) + each.size + 2
        self._end = f"--{self._boundary}--\r\n".encode()
        self._blocks = self._stream()
        self._rest = b""
        self.headers = {
            "Content-Type": f"multipart/form-data; boundary={self._boundary}",
            "Content-Length": str(length + len(self._end)),
        }

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes of the body, at most ``size``; none at its end."""
        if size < 0:
            rest, self._rest = self._rest, b""
            return rest + b"".join(self._blocks)
        if not self._rest:
            self._rest = next(self._blocks, b"")
        block, self._rest = self._rest[:size], self._rest[size:]
        return block

    def seekable(self) -> bool:
        """Tell that the body can be read again from its beginning."""
        return True

    def tell(self) -> int:
        """Return 0: a body that is sent again is sent from its beginning."""
        return 0

    def seek(self, offset: int) -> int:
        """Go back to the beginning, the only place to go to: ``offset`` is 0."""
        self._blocks, self._rest = self._stream(), b""
        return offset

    def _head(self, name: str, filename: str | None = None) -> bytes:
        field = RequestField(name, b"", filename=filename)
        kind = "application/octet-stream" if filename else None
        field.make_multipart(content_type=kind)
        return f"--{self._boundary}\r\n{field.render_headers()}".encode()

    def _stream(self) -> Iterator[bytes]:
        for head, content in self._parts:
            yield head
            if isinstance(content, bytes):
                yield content
            else:
                with content.open("rb") as file:
                    while block := file.read(BLOCK):
                        yield block
            yield b"\r\n"
        yield self._end


def _unique(name: str, taken: set[str]) -> str:
    """Return a safe name that differs from those taken.

    Some file systems take names for equal that differ in case or in the way in which
    accents are encoded.
    """
    number, candidate = 1, _safe_name(name)
    while _same_on_disk(candidate) in taken:
        number += 1
        candidate = _safe_name(name, f"-{number}")
    taken.add(_same_on_disk(candidate))
    return candidate


def _same_on_disk(name: str) -> str:
    """Return what is the same for names that a file system may take for equal."""
    return unicodedata.normalize("NFC", name).casefold()


def _safe_name(name: str, mark: str = "") -> str:
    """Return a name as it can go to the server and stay what it is.

    A request writes quotes and line ends in another way. CVAT reads what looks like
    HTML (``&amp;``), goes by what follows the last slash or backslash, drops what
    cannot be printed, such as tabs and characters without width, takes white space off
    the ends of names, and reads the kind of ``data:a.png`` as that of a URL. Nothing of
    that is left; too long a name is cut.

    Args:
        name: a file's name, without folders
        mark: what is put behind its stem
    """
    name = "".join(
        each if each.isprintable() and each not in '"\\/' else "_" for each in name
    )
    name = URL_SCHEME.sub(r"\1_", name)
    inner = name.strip()
    begin = len(name) - len(name.lstrip())
    name = "_" * begin + inner + "_" * (len(name) - begin - len(inner))
    suffix = Path(name).suffix
    stem = name.removesuffix(suffix)
    room = MAX_NAME - len((mark + suffix).encode())
    name = stem.encode()[:room].decode(errors="ignore") + mark + suffix
    return name if html.unescape(name) == name else name.replace("&", "_")


def _missing_suffix(path: Path) -> str:
    """Return the extension that an image lacks.

    Raises:
        MediaError: if the file is of no kind that CVAT takes
    """
    if is_video(path) or fom.get_media_type(str(path)) in MEDIA_TYPES:
        return ""
    return f".{picture_format(path).lower()}"
