"""Changes whose answer may be lost: looked up before they are sent again.

A connection can break after the server has done what it was asked to do. A request
that only reads, or that sets what is set already, is simply sent again by the
transport. One that creates something is not: this module looks for what it may have
created, so that nothing is there twice and nothing is missing.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from email.utils import parsedate_to_datetime
from math import inf
from typing import Any, TypeVar

from fiftyone_cvat.convert.from_cvat.answer_checks import check_stored
from fiftyone_cvat.convert.shared.attributes import LABEL_ID, shorten
from fiftyone_cvat.convert.shared.server_ids import attribute_texts
from fiftyone_cvat.errors import (
    AnswerError,
    CVATError,
    NotFoundError,
    RequestError,
    RequestTimeoutError,
)
from fiftyone_cvat.server.session import Session
from fiftyone_cvat.transport.messages import (
    id_in,
    reading,
    results_of,
    value_in,
    value_of,
)
from fiftyone_cvat.transport.retrying import Attempts
from fiftyone_cvat.transport.waiting import (
    pause,
    poll,
    stoppable,
    time_left,
    wait_until,
    within,
)
from fiftyone_cvat.types import Json

__all__ = ["MAX_NAME", "Sending", "mark_of", "marked"]

logger = logging.getLogger(__name__)

T = TypeVar("T")

SETTLING = 1.0
"""Seconds in which the server has done a request whose connection broke."""

FILLING = 5.0
"""Seconds in which a run begins to fill a task or project that it has created."""

FILLING_AFTER_CTRL_C = 0.5
"""The same if Ctrl-C has ended the request: nobody waits longer for it."""

CLOCK_ERROR = 1.5
"""Seconds by which a time that is told in whole seconds may be wrong."""

ROLLBACK = 1.2
"""Seconds in which what was created is deleted after Ctrl-C."""

BUSY_TIMEOUT = 30.0
"""Seconds in which an object that the server is at work on must be deletable: CVAT
answers 500 to that until the work is done."""

MAX_NAME = 256
"""Characters of the name of a task or a project."""

KINDS = ("tags", "shapes", "tracks")


@dataclass(frozen=True, slots=True)
class Lost:
    """A creation that the server may have done or may yet do.

    Attributes:
        url: the list that the object is added to
        name: the object's name
        sent: when the request was sent, by the monotonic clock
        until: when it is done if it is ever done, likewise
    """

    url: str
    name: str
    sent: float
    until: float


class Sending(Session):
    """Send what must be done once and only once."""

    def _send_surely(self, send: Callable[[], T], look: Callable[[], T | None]) -> T:
        """Send a request; if its answer is lost, look before it is sent again.

        After a timeout the server may still be at work on it, so it is looked for as
        long as one answer may take.

        Args:
            send: sends the request
            look: returns what the request may have done, None if it did not

        Returns:
            what either of them returns
        """
        attempts = Attempts(self._session.retry)
        lost = False
        while True:
            try:
                return send()
            except CVATError as error:
                lost = lost or error.may_have_been_processed
                if not lost:
                    raise
                found = poll(look, self._seconds_to_settle(error, SETTLING))
                if found is not None:
                    return found
                status = error.status if isinstance(error, RequestError) else 0
                is_answer = status == 500 or isinstance(error, AnswerError)  # noqa: PLR2004
                delay = attempts.next_delay(limit=2 if is_answer else None)
                if delay is None or not error.may_have_been_processed:
                    raise
                logger.warning("%s; it was not done: sending it again", error)
                pause(delay)

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
        self._sent.append(sent)
        try:
            made = create()
        except BaseException as error:
            is_awaited = self._forget_sent(sent)
            is_refused = (
                isinstance(error, CVATError) and not error.may_have_been_processed
            )
            if is_awaited and not is_refused:
                until = time.monotonic() + self._seconds_to_settle(error, FILLING)
                self._lost.append(replace(sent, until=until))
            raise
        if not self._forget_sent(sent, made["id"]):
            stopped = RequestTimeoutError(f"'{sent.name}' was created too late")
            with self._undoing(stopped, url):
                self._delete_if_exists(f"{url}/{made['id']}")
            raise stopped
        return made

    def _forget_sent(self, sent: Lost, made_id: int | None = None) -> bool:
        """Note what came of a creation; False if it was given up before.

        Args:
            sent: the creation
            made_id: the id of what was created, None if it failed
        """
        with self._guard:
            if sent not in self._sent:
                return False
            if made_id is not None:
                self._made.add((sent.url, made_id))
            self._sent.remove(sent)
        return True

    def _give_up_sent(self, error: BaseException) -> None:
        """Treat creations that other threads await as without an answer.

        Args:
            error: why nobody waits for them
        """
        until = time.monotonic() + self._seconds_to_settle(error, FILLING)
        with self._guard:
            self._lost += [replace(each, until=until) for each in self._sent]
            self._sent.clear()

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
                self._made.discard((url, made["id"]))
            raise
        return made

    def _post_new(self, url: str, body: Json) -> Json:
        response = self.post(url, json=body)
        answer: Json = response.json()
        with reading(response):
            id_in(answer, url)
        return answer

    def _seconds_to_settle(self, error: BaseException, settling: float) -> float:
        """Return in how many seconds the server has done what failed, if it does.

        Args:
            error: how it failed
            settling: the seconds if it was not a timeout
        """
        if not isinstance(error, Exception):
            return FILLING_AFTER_CTRL_C
        status = error.status if isinstance(error, RequestError) else 0
        late = isinstance(error, RequestTimeoutError) or status == 504  # noqa: PLR2004
        return self._timeout if late else min(settling, self._timeout)

    def _delete_lost(self) -> None:
        """Delete what was created although its answer was lost.

        It is what this user has created under this name at that time, and what is
        still empty a while later: a run that knows of its task or project fills it at
        once. Of several none is deleted. What is not there stays noted: if a server is
        that late, it may yet come.
        """
        if not self._lost:
            return
        me = value_of(self.get(f"{self.users_url}/self"), "id")
        for lost in list(self._lost):
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
            self._lost.remove(lost)

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
            and (lost.url, id_in(each, lost.url)) not in self._made
        ]

    def _delete_if_exists(self, url: str) -> None:
        """Delete an object; try again while the server is still at work on it."""

        def delete() -> bool | None:
            try:
                self.delete(url, print_error_info=False)
            except NotFoundError:
                return True
            except RequestError as error:
                if error.status < 500:  # noqa: PLR2004
                    raise
                logger.debug("%s is not deleted yet: %s", url, error)
                return None
            return True

        wait_until(delete, timeout=BUSY_TIMEOUT, work=f"Deleting {url}")

    @contextmanager
    def _undoing(self, error: BaseException, what: str) -> Iterator[None]:
        """Bound what is undone in the block because of an error.

        After Ctrl-C all such blocks have :data:`ROLLBACK` seconds together.

        Args:
            error: the error; a failure in the block is noted in it
            what: what is undone
        """
        seconds = inf
        if not isinstance(error, Exception):
            end = error.__dict__.setdefault("undone_at", time.monotonic() + ROLLBACK)
            seconds = end - time.monotonic()
        try:
            with within(seconds), stoppable(None):
                yield
        except CVATError as failure:
            error.add_note(f"{what} may be left in CVAT: {failure}")

    def _store_annotations(
        self,
        task_id: int,
        payload: Json,
        class_id_map: Mapping[Any, int],
        attr_id_map: Mapping[int, Mapping[str, int]],
    ) -> Json:
        """Replace a task's annotations; warn of what the server did not store.

        A lost answer is looked up: annotations of the same number, classes and label
        ids are the ones that were sent. The server answers with what it has stored,
        job by job, so what it drops is not in the answer either.

        Args:
            task_id: the task
            payload: ``tags``, ``shapes`` and ``tracks`` as the server takes them
            class_id_map: CVAT class name to the server's id of the label
            attr_id_map: the server's id of a label to its attributes' ids by name

        Returns:
            ``tags``, ``shapes`` and ``tracks`` as the server stored them
        """
        url = self.task_annotation_url(task_id)
        where = f"Task {task_id}: {url}"
        id_specs = {ids[LABEL_ID] for ids in attr_id_map.values() if LABEL_ID in ids}

        def send() -> Json:
            response = self.put(url, json=payload, harmless=False)
            answer: Json = response.json()
            with reading(response):
                check_stored(answer, where)
            return answer

        def look() -> Json | None:
            answer: Json = self.get(url).json()
            check_stored(answer, where)
            same = _identities(answer, id_specs) == _identities(payload, id_specs)
            return answer if same else None

        stored = self._send_surely(send, look)
        names = {number: name for name, number in class_id_map.items()}
        for kind, label_id, missing, sent in _missing(payload, stored):
            logger.warning(
                "CVAT did not store %d of %d %s of class '%s' in task %d (%s)",
                missing,
                sent,
                kind,
                names.get(label_id, label_id),
                task_id,
                self.base_task_url(task_id),
            )
        return stored


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


def _identities(annotations: Json, id_specs: set[int]) -> Counter[Any]:
    """Count annotations by kind, class, frame, number of shapes and label ids."""
    return Counter(
        (kind, each["label_id"], each["frame"], *attribute_texts(each, id_specs))
        for kind in KINDS
        for each in annotations.get(kind) or []
    )


def _missing(payload: Json, stored: Json) -> Iterator[tuple[str, int, int, int]]:
    """Yield kind, label, and how many were dropped of how many that were sent."""
    sent, kept = _counts(payload), _counts(stored)
    for (kind, label_id), number in sent.items():
        if kept[kind, label_id] < number:
            yield kind, label_id, number - kept[kind, label_id], number


def _counts(annotations: Json) -> Counter[tuple[str, int]]:
    counts: Counter[tuple[str, int]] = Counter()
    for kind in KINDS:
        for each in annotations.get(kind) or []:
            counts[kind, each["label_id"]] += 1
            if kind == "tracks":
                counts["shapes of tracks", each["label_id"]] += len(each["shapes"])
    return counts
