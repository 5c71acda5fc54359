"""Work that the server does in the background, after the answer to a request."""

from __future__ import annotations

import urllib.parse
from functools import partial

from fiftyone_cvat.errors import ServerJobError
from fiftyone_cvat.server.changes import Changes
from fiftyone_cvat.transport.responses import value_of
from fiftyone_cvat.transport.waiting import wait_until
from fiftyone_cvat.types import Json

__all__ = ["wait_for_work"]


def wait_for_work(api: Changes, request_id: str, *, work: str, failure: str) -> Json:
    """Wait until the server has done a piece of work.

    Args:
        api: the session
        request_id: the id of the server's record of it
        work: what it is, for the error if it does not end in time
        failure: what to say if the server cannot do it

    Returns:
        the server's record

    Raises:
        ServerJobError: if the server cannot do it
        WaitTimeoutError: if it does not do it in time
    """
    quoted = urllib.parse.quote(request_id, safe="")
    url = f"{api.base_api_url}/requests/{quoted}"
    ask = partial(_finished, api, url, failure)
    return wait_until(ask, timeout=api._wait_timeout, work=work)


def _finished(api: Changes, url: str, failure: str) -> Json | None:
    """Return the server's record of a piece of work if it has ended well."""
    answer = api.get(url)
    status = value_of(answer, "status")
    record: Json = answer.json()
    if status == "failed":
        raise ServerJobError(f"{failure}: {answer.quote(_reason(record))}")
    return record if status == "finished" else None


def _reason(request: Json) -> str:
    """Return the last line of what the server says, which is the error itself."""
    lines = str(request.get("message") or "").strip().splitlines()
    return lines[-1].strip() if lines else "it gives no reason"
