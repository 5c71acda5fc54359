"""Large files, sent in parts by the TUS protocol."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from functools import partial

from fiftyone_cvat.convert.shared.texts import shorten
from fiftyone_cvat.errors import AnswerError, UploadError
from fiftyone_cvat.server.changes import Changes
from fiftyone_cvat.server.media_files import MediaFile
from fiftyone_cvat.transport.responses import Response, reading

__all__ = ["send_in_chunks"]

CHUNK_SIZE = 10 << 20
"""Bytes of a large file in one request."""


UPLOAD_ID = re.compile(r"[\w+-]+", re.ASCII)
"""A number or UUID, or several: no name that could lead to another address."""

OFFSET = re.compile(r"[0-9]{1,18}")


def send_in_chunks(
    api: Changes,
    url: str,
    file: MediaFile,
    note_sent: Callable[[int], None] = lambda _: None,
) -> None:
    """Send one large file by the TUS protocol, going on where the server is.

    Args:
        api: the session
        url: where the media of the task are sent to
        file: the file
        note_sent: is told how many bytes more are sent, each time

    Raises:
        UploadError: if the server takes no more of it
    """
    name = base64.b64encode(file.name.encode()).decode()
    tus = {"Tus-Resumable": "1.0.0"}
    begin = tus | {
        "Upload-Length": str(file.size),
        "Upload-Metadata": f"filename {name}",
    }
    # a file that was begun and is not gone on with is no part of the task
    answer = api.post(url, headers=begin, harmless=True)
    target = f"{url}{_upload_id(answer, file.name)}"
    offset = 0
    with file.path.open("rb") as stream:
        while offset < file.size:
            stream.seek(offset)
            headers = tus | {
                "Content-Type": "application/offset+octet-stream",
                "Upload-Offset": str(offset),
            }
            chunk = stream.read(CHUNK_SIZE)
            end = offset + len(chunk)
            send = partial(_send_chunk, api, target, chunk, headers, end)
            look = partial(_reached_offset, api, target, offset, file.size, end)
            reached = api._send_surely(send, look)
            if reached <= offset:
                raise UploadError(f"{target} takes no more of '{file.name}'")
            note_sent(reached - offset)
            offset = reached


def _send_chunk(
    api: Changes, target: str, chunk: bytes, headers: dict[str, str], end: int
) -> int:
    """Send a part of a file; return where the next one begins."""
    answer = api.patch(target, data=chunk, headers=headers)
    with reading(answer):
        return _offset(answer) if "upload-offset" in answer.headers else end


def _reached_offset(
    api: Changes, target: str, offset: int, size: int, end: int
) -> int | None:
    """Return how much of a file the server has, if more than before.

    It forgets a file that is whole.
    """
    answer = api._session.request("HEAD", target)
    if answer.status_code == 404 and end == size:  # noqa: PLR2004
        return size
    answer.raise_for_status()
    reached = _offset(answer)
    return reached if reached > offset else None


def _upload_id(answer: Response, name: str) -> str:
    """Return what the server calls the upload of a file that was begun.

    It builds the address from what it thinks it is called; only its end is used.
    """
    location = answer.headers.get("location", "")
    path = re.split("[?#]", location, maxsplit=1)[0].rstrip("/")
    found = path.rpartition("/")[2]
    if not UPLOAD_ID.fullmatch(found):
        raise AnswerError(
            f"{answer.url} did not say where to send '{name}', but "
            f"'{shorten(answer.quote(location))}'; check that no proxy changes answers"
        )
    return found


def _offset(answer: Response) -> int:
    """Return how many bytes of a file the server has."""
    text = answer.headers.get("upload-offset", "")
    if not OFFSET.fullmatch(text):
        raise AnswerError(
            f"{answer.url} answered with the upload-offset "
            f"'{shorten(answer.quote(text))}', which is no number of bytes; check that "
            "no proxy changes answers"
        )
    return int(text)
