"""Tasks and projects that are created, although an answer may be lost."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from email.utils import parsedate_to_datetime
from math import inf
from typing import Any

from fiftyone_cvat.convert.shared.texts import shorten
from fiftyone_cvat.errors import AnswerError, CVATError, RequestTimeoutError
from fiftyone_cvat.runs.members import name_of
from fiftyone_cvat.server.changes import Changes
from fiftyone_cvat.server.ledger import Lost
from fiftyone_cvat.transport.responses import (
    id_in,
    reading,
    results_of,
    value_in,
    value_of,
)
from fiftyone_cvat.transport.retrying import Attempts
from fiftyone_cvat.transport.waiting import pause, time_left
from fiftyone_cvat.types import Json

__all__ = ["MAX_NAME", "Creations", "mark_of", "marked"]

logger = logging.getLogger(__name__)

FILLING = 5.0
"""Seconds in which a run begins to fill a task or project that it has created."""

CLOCK_ERROR = 1.5
"""Seconds by which a time that is told in whole seconds may be wrong."""

MAX_NAME = 256
"""Characters of the name of a task or a project."""


class Creations(Changes):
    """Create objects once and only once, and keep account of them."""

    def _create(self, url: str, body: Json) -> Json:
        """Create a task or a project.

        If the answer is lost, the server may have created it, but nothing tells it
        from one of the same name that another run creates at that moment. So it is
        created again under a name of its own, by which it is found if that answer is
        lost, too; the first one is left to :meth:`_delete_lost`.

        Args:
            url: the list that it is added to
            body: the object as the server takes it, with its ``name``

        Returns:
            the object as the server describes it
        """
        try:
            name_of("name", body["name"])
            return self._noted(url, body["name"], lambda: self._post_new(url, body))
        except CVATError as error:
            if not error.may_have_been_processed or time_left() <= 0:
                raise
            logger.warning("%s; it is sent again", error)
            pause(Attempts(self._session.retry).next_delay() or 0.0)
            return self._create_again(url, body)

    def _noted(self, url: str, name: str, create: Callable[[], Json]) -> Json:
        """Create an object, and know at each moment what may be there of it.

        Args:
            url: the list that it is added to
            name: its name
            create: creates it

        Raises:
            RequestTimeoutError: if it came when nobody waited any more; it is deleted
        """
        sent = Lost(url, name.strip(), time.monotonic(), inf)
        self._ledger.sent.append(sent)
        try:
            made = create()
        except BaseException as error:
            is_awaited = self._ledger.settle(sent)
            is_refused = (
                isinstance(error, CVATError) and not error.may_have_been_processed
            )
            if is_awaited and not is_refused:
                until = time.monotonic() + self._seconds_to_settle(error, FILLING)
                self._ledger.lost.append(replace(sent, until=until))
            raise
        if not self._ledger.settle(sent, made["id"]):
            stopped = RequestTimeoutError(f"'{sent.name}' was created too late")
            with self._undoing(stopped, url):
                self._delete_if_exists(f"{url}/{made['id']}")
            raise stopped
        return made

    def _give_up_sent(self, error: BaseException) -> None:
        """Treat creations that other threads await as without an answer.

        Args:
            error: why nobody waits for them
        """
        seconds = self._seconds_to_settle(error, FILLING)
        self._ledger.give_up(time.monotonic() + seconds)

    def _create_again(self, url: str, body: Json) -> Json:
        """Create an object under a name that no other has, then name it."""
        name = marked(body["name"], secrets.token_hex(4))

        def look() -> Json | None:
            params = {"name": name, "page_size": 100}
            found = results_of(self.get(url, params=params))
            return next((e for e in found if value_in(e, "name", url) == name), None)

        named = body | {"name": name}
        made = self._noted(
            url,
            name,
            lambda: self._send_surely(lambda: self._post_new(url, named), look),
        )
        own = f"{url}/{made['id']}"
        try:
            self.patch(own, json={"name": body["name"]}, harmless=True)
        except BaseException as error:
            with self._undoing(error, own):
                self._delete_if_exists(own)
                self._ledger.made.discard((url, made["id"]))
            raise
        return made

    def _post_new(self, url: str, body: Json) -> Json:
        response = self.post(url, json=body)
        answer: Json = response.json()
        with reading(response):
            id_in(answer, url)
        return answer

    def _settle_lost(self) -> None:
        """Delete what was created twice; who created it has all that they need."""
        lost = self._ledger.lost
        try:
            self._delete_lost()
        except CVATError as error:
            names = ", ".join(f"'{each.name}' at {each.url}" for each in lost)
            logger.warning("An empty one may be left of %s: %s", names, error)
        lost.clear()

    def _delete_lost(self) -> None:
        """Delete what was created although its answer was lost.

        It is what this user has created under this name at that time, and what is
        still empty a while later: a run that knows of its task or project fills it at
        once. Of several none is deleted. What is not there stays noted: if a server is
        that late, it may yet come.
        """
        if not self._ledger.lost:
            return
        me = value_of(self.get(f"{self.users_url}/self"), "id")
        for lost in list(self._ledger.lost):
            time.sleep(max(0.0, min(lost.until - time.monotonic(), time_left())))
            found = self._find_new(lost, me)
            if not found:
                continue
            if len(found) == 1:
                url = f"{lost.url}/{found[0]['id']}"
                logger.warning("%s was created by a request without answer", url)
                self._delete_if_exists(url)
            else:
                ids = ", ".join(str(each["id"]) for each in found)
                logger.warning(
                    "The answer to the creation of '%s' at %s was lost, and there are "
                    "several empty ones of this name (%s): look at them there, and "
                    "delete those that are nobody's",
                    lost.name,
                    lost.url,
                    ids,
                )
            self._ledger.lost.remove(lost)

    def _find_new(self, lost: Lost, me: int) -> list[Json]:
        """Return the empty objects that a creation without an answer may have made.

        Args:
            lost: the creation
            me: the id of the user who is signed in
        """
        params = {"name": lost.name, "sort": "-id", "page_size": 100}
        results = results_of(self.get(lost.url, params=params))
        now, server_now = time.monotonic(), _server_time(self._session.server_date)
        if server_now is None:
            # without the server's clock nothing tells a new object from an old one
            return []

        def is_of_that_time(each: Json) -> bool:
            age = server_now - _created_at(each, lost.url)
            at = now - age.total_seconds()
            return lost.sent - CLOCK_ERROR <= at <= lost.until + CLOCK_ERROR

        return [
            each
            for each in results
            if value_in(each, "name", lost.url) == lost.name
            and _part(each, "owner", "id") == me
            and is_of_that_time(each)
            and _is_empty(each)
            and (lost.url, id_in(each, lost.url)) not in self._ledger.made
        ]


def mark_of(token: str) -> str:
    """Return what is put behind a name so that it is found."""
    return f" [{token}]"


def marked(name: str, token: str) -> str:
    """Return a name with a mark at its end, by which it is found.

    Of a long name the end stays: the numbers of tasks tell it from others.
    """
    mark = mark_of(token)
    return name[-(MAX_NAME - len(mark)) :] + mark


def _is_empty(made: Json) -> bool:
    """Tell whether a task has no media, or a project no task."""
    return not (made.get("size") or made.get("data") or _part(made, "tasks", "count"))


def _part(answer: Json, key: str, inner: str) -> Any:
    """Return a value of an object in an object; None if that is none."""
    part = answer.get(key)
    return part.get(inner) if isinstance(part, dict) else None


def _created_at(made: Json, url: str) -> datetime:
    """Return when an object was created, by the server's clock."""
    text = str(value_in(made, "created_date", url))
    try:
        created = datetime.fromisoformat(text)
    except ValueError:
        created = None
    if created is None or created.tzinfo is None:
        raise AnswerError(
            f"{url} answered with the 'created_date' '{shorten(text)}', which is no "
            "date with a time zone; check that no proxy changes answers, else report it"
        )
    return created


def _server_time(date: str | None) -> datetime | None:
    """Return what a ``Date`` header says, or None if it is none."""
    try:
        told = None if date is None else parsedate_to_datetime(date)
    except ValueError:
        return None
    return None if told is None or told.tzinfo is None else told
