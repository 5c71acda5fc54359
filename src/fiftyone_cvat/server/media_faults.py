"""What is wrong with media files, in words that name the file."""

from __future__ import annotations

import codecs
import re
import warnings
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from fiftyone_cvat.errors import MediaError

__all__ = ["check_content", "check_no_text", "faulty_files", "picture_format"]

VECTOR_SUFFIXES = (".svg", ".svgz")

HEAD = 4096
"""Bytes in which a point cloud says how many points it has."""

HEAD_OF_TEXT = 512
"""Bytes that tell a text from what is none."""

MAX_NAMED = 5
"""Files that a message names."""


def check_content(path: Path) -> None:
    """Refuse files that FiftyOne takes for media, and CVAT does not.

    Raises:
        MediaError: if it is a vector graphic, or a point cloud without points
    """
    suffix = path.suffix.lower()
    if suffix in VECTOR_SUFFIXES:
        raise MediaError(
            f"'{path}' is a vector graphic, of which CVAT takes none: convert it to a "
            "picture, such as a PNG"
        )
    if suffix == ".pcd":
        with path.open("rb") as file:
            points = re.search(rb"^POINTS\s+(\d+)", file.read(HEAD), re.MULTILINE)
        if points is not None and not int(points[1]):
            raise MediaError(
                f"'{path}' is a point cloud without points, which CVAT cannot read: "
                "leave its sample out"
            )


def check_no_text(path: Path) -> None:
    """Refuse a picture or video that is a text, such as a page that says "not found".

    What is no text is for the server to judge: it may read more than Pillow does here.
    Some pictures are written as texts, or begin like one: these Pillow knows.

    Args:
        path: a file that is there

    Raises:
        MediaError: if it is a text
    """
    if path.suffix.lower() in (".pcd", *VECTOR_SUFFIXES):
        return
    with path.open("rb") as file:
        text = _read_text(file.read(HEAD_OF_TEXT))
    if text is not None and not _is_picture(path):
        begin = text.strip("\ufeff \t\n\r\f").split("\n")[0][:40]
        raise MediaError(
            f"'{path}' is a text, and no picture or video: it begins with {begin!r}"
        )


def _read_text(head: bytes) -> str | None:
    """Read the first bytes of a file as a text.

    Returns:
        None if they are none
    """
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encodings = ["utf-16"]
    elif head.startswith((b"<\0", b"\0<")):
        encodings = ["utf-16-le" if head.startswith(b"<") else "utf-16-be"]
    else:
        encodings = ["utf-8"]
        if head.lstrip().startswith(b"<"):  # else any bytes might be one
            encodings.append("cp1252")
    for encoding in encodings:
        decoder = codecs.getincrementaldecoder(encoding)()
        try:
            # a character may be cut at the end of what was read
            text = decoder.decode(head, final=len(head) < HEAD_OF_TEXT)
        except UnicodeDecodeError:
            continue
        if all(each.isprintable() or each in "\t\n\r\f\xa0\ufeff" for each in text):
            return text
    return None


def _is_picture(path: Path) -> bool:
    """Tell whether Pillow knows what kind of picture a file is, however large."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            Image.open(path).close()
    except Image.DecompressionBombError:
        return True
    except Exception:  # noqa: BLE001  whatever a broken file makes Pillow raise
        return False
    return True


def picture_format(path: Path) -> str:
    """Return what kind of picture a file is, as Pillow calls it.

    Raises:
        MediaError: if it is none, or one of more pixels than CVAT reads
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path) as image:
                return str(image.format)
    except Image.DecompressionBombError as error:
        raise MediaError(
            f"'{path}' has more pixels than CVAT reads: {error}; make it smaller, or "
            "cut it into parts"
        ) from error
    except UnidentifiedImageError as error:
        raise MediaError(
            f"'{path}' is no media file that CVAT takes: images, videos and point "
            "clouds (.pcd)"
        ) from error
    except Exception as error:  # whatever a broken file makes Pillow raise
        raise MediaError(f"'{path}' cannot be read as a picture: {error}") from error


def faulty_files(paths: Sequence[Path]) -> tuple[list[Path], str]:
    """Look for the files that the server could not read.

    Args:
        paths: pictures or point clouds

    Returns:
        the files that cannot be read here either, and what is wrong with the first
        few of them; a file that is alone is it
    """
    faulty, words = [], []
    for path in paths:
        try:
            check_content(path)
            if path.suffix.lower() != ".pcd":
                picture_format(path)
        except MediaError as error:
            faulty.append(path)
            words.append(str(error))
    if len(words) > MAX_NAMED:
        words[MAX_NAMED:] = [f"and {len(words) - MAX_NAMED} more"]
    return faulty, "; ".join(words)
