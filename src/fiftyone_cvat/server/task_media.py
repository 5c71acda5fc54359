"""Media on their way into a task: sent in groups, then built by the server."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from fiftyone_cvat.console import Pace, tell
from fiftyone_cvat.errors import CVATError, RequestError
from fiftyone_cvat.server.changes import Changes
from fiftyone_cvat.server.large_files import send_in_chunks
from fiftyone_cvat.server.media_files import (
    MediaFile,
    MultipartBody,
    group_by_size,
    is_video,
)
from fiftyone_cvat.server.server_work import wait_for_work
from fiftyone_cvat.transport.responses import Response, results_of, value_in, value_of
from fiftyone_cvat.types import Json

__all__ = ["TaskMedia"]

logger = logging.getLogger(__name__)

MEGABYTE = 1e6
GROUP_SIZE = 64 << 20
"""Bytes of media in one request; the server's own proxy takes a little over 100 MB."""


class TaskMedia:
    """The media of one task.

    Args:
        api: the session
        task_id: the task, which has no media yet
    """

    def __init__(self, api: Changes, task_id: int) -> None:
        self._api = api
        self._task_id = task_id
        self._url = f"{api.task_data_url(task_id)}/"

    def send(self, files: Sequence[MediaFile], data: Json) -> str:
        """Send media in as few requests as the server takes.

        Args:
            files: the files, in order
            data: how the task is built of them, as the server takes it

        Returns:
            the id of the server's request that builds the task of them
        """
        url = self._url
        groups = group_by_size(files, GROUP_SIZE)
        if len(groups) == 1 and sum(each.size for each in files) <= GROUP_SIZE:
            fields = {
                name: str(value).lower() if isinstance(value, bool) else str(value)
                for name, value in data.items()
            }
            return self.begin(lambda: self._post_files(fields, files))

        # this only says that files will follow
        self._api.post(url, headers={"Upload-Start": ""}, harmless=True)
        quality = {"image_quality": str(data["image_quality"])}
        sending = _Sending(self._task_id, sum(each.size for each in files))
        for group in groups:
            if group[0].size > GROUP_SIZE:
                send_in_chunks(self._api, url, group[0], sending.add)
            else:
                self.append(quality, group)
                sending.add(sum(each.size for each in group))
        if not is_video(files[0].path):
            data = data | {"upload_file_order": [each.name for each in files]}
        finish = {"Upload-Finish": ""}
        return self.begin(lambda: self._api.post(url, json=data, headers=finish))

    def begin(self, send: Callable[[], Response]) -> str:
        """Send what makes the server build a task; return its request's id.

        If the answer is lost, the server's list of requests tells whether it begun.
        """
        url = f"{self._api.base_api_url}/requests"
        params = {"task_id": self._task_id, "target": "task", "action": "create"}

        def look() -> str | None:
            requests = results_of(self._api.get(url, params=params))
            return next((value_in(each, "id", url) for each in requests), None)

        return self._api._send_surely(lambda: str(value_of(send(), "rq_id")), look)

    def append(self, fields: dict[str, str], files: Sequence[MediaFile]) -> None:
        """Add files to those that the server has.

        Nothing tells which files it has, but it takes none of a name twice: if the
        answer is lost and the files are refused when they are sent again, they are
        there. A mistake in that shows: the last request names all files in order.
        """
        headers = {"Upload-Multiple": ""}
        try:
            self._post_files(fields, files, headers)
        except CVATError as error:
            if not error.may_have_been_processed:
                raise
            try:
                self._post_files(fields, files, headers)
            except RequestError as refusal:
                if refusal.status not in (400, 409, 500):
                    raise
                logger.debug("%s has the files already: %s", self._url, refusal)

    def _post_files(
        self,
        fields: dict[str, str],
        files: Sequence[MediaFile],
        headers: dict[str, str] | None = None,
    ) -> Response:
        body = MultipartBody(fields, files)
        return self._api.post(
            self._url, data=body, headers=body.headers | (headers or {})
        )

    def wait(self, request_id: str) -> None:
        """Wait until the server has built the task of the media that it was sent.

        Args:
            request_id: the id of the server's request

        Raises:
            ServerJobError: if the server cannot build it
            WaitTimeoutError: if it does not build it in time
        """
        named = self._named()
        wait_for_work(
            self._api,
            request_id,
            work=f"Building {named}",
            failure=f"CVAT could not build {named}",
        )

    def _named(self) -> str:
        url = self._api.base_task_url(self._task_id)
        return f"task {self._task_id} ({url})"


class _Sending:
    """Tells now and then how much of a task's media is sent.

    Args:
        task_id: the task
        size: how many bytes there are
    """

    def __init__(self, task_id: int, size: int) -> None:
        self._task_id = task_id
        self._size = size
        self._sent = 0
        self._pace = Pace()

    def add(self, number: int) -> None:
        """Note that some more bytes are sent."""
        self._sent += number
        if self._sent < self._size and self._pace.is_due():
            tell(
                f"Task {self._task_id}: {self._sent / MEGABYTE:,.0f} of "
                f"{self._size / MEGABYTE:,.0f} MB of its media sent"
            )
