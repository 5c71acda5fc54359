"""Changes whose answer may be lost: looked up before they are sent again.

A connection can break after the server has done what it was asked to do. A request
that only reads, or that sets what is set already, is simply sent again by the
transport. One that creates something is not: this module looks for what it may have
created, so that nothing is there twice and nothing is missing.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

from fiftyone_cvat.api.session import Session
from fiftyone_cvat.convert.attributes import LABEL_ID
from fiftyone_cvat.convert.ids import attribute_texts
from fiftyone_cvat.errors import (
    AnswerError,
    CVATError,
    RequestError,
    RequestTimeoutError,
    UploadError,
)
from fiftyone_cvat.messages import value_in, value_of
from fiftyone_cvat.retrying import Attempts
from fiftyone_cvat.types import Json

__all__ = ["Sending"]

logger = logging.getLogger(__name__)

T = TypeVar("T")

SETTLING = 1.0
"""Seconds in which the server has done a request whose connection broke."""

KINDS = ("tags", "shapes", "tracks")


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
                status = error.status if isinstance(error, RequestError) else 0
                late = isinstance(error, RequestTimeoutError) or status == 504  # noqa: PLR2004
                found = _look_for(look, self._timeout if late else SETTLING)
                if found is not None:
                    return found
                is_answer = status == 500 or isinstance(error, AnswerError)  # noqa: PLR2004
                delay = attempts.next_delay(limit=2 if is_answer else None)
                if delay is None or not error.may_have_been_processed:
                    raise
                logger.warning("%s; it was not done: sending it again", error)
                time.sleep(delay)

    def _create(self, url: str, body: Json) -> Json:
        """Create a task or a project; if the answer is lost, find what it created.

        Args:
            url: the list that it is added to
            body: the object as the server takes it, with its ``name``

        Returns:
            the object as the server describes it

        Raises:
            UploadError: if the answer is lost and several objects may be it
        """
        begun = self._session.server_date

        def send() -> Json:
            response = self.post(url, json=body)
            value_of(response, "id")
            answer: Json = response.json()
            return answer

        def look() -> Json | None:
            return self._find_new(url, body["name"], parsedate_to_datetime(begun or ""))

        # without the server's clock nothing tells a new object from an old one
        made = self._send_surely(send, look) if begun else send()
        self._made.add((url, made["id"]))
        return made

    def _find_new(self, url: str, name: str, begun: datetime) -> Json | None:
        """Return the empty object of this name that this user has just created."""
        me = value_of(self.get(f"{self.users_url}/self"), "id")
        params = {"name": name.strip(), "sort": "-id", "page_size": 100}
        found = [
            each
            for each in value_of(self.get(url, params=params), "results")
            if value_in(each, "name", url) == name.strip()
            and (each.get("owner") or {}).get("id") == me
            and datetime.fromisoformat(value_in(each, "created_date", url)) >= begun
            and not each.get("size")
            and (url, value_in(each, "id", url)) not in self._made
        ]
        if len(found) > 1:
            ids = ", ".join(str(each["id"]) for each in found)
            raise UploadError(
                f"The answer to the creation of '{name}' at {url} was lost, and there "
                f"are several new ones of this name ({ids}): look at them there, "
                "delete those that are not yours to keep, and try again"
            )
        return found[0] if found else None

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
        id_specs = {ids[LABEL_ID] for ids in attr_id_map.values() if LABEL_ID in ids}

        def send() -> Json:
            response = self.put(url, json=payload, harmless=False)
            for kind in KINDS:
                value_of(response, kind)
            answer: Json = response.json()
            return answer

        def look() -> Json | None:
            answer: Json = self.get(url).json()
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


def _look_for(look: Callable[[], T | None], seconds: float) -> T | None:
    """Look for something until it is there, for some seconds at most."""
    end = time.monotonic() + seconds
    delay = 0.1
    while (found := look()) is None and time.monotonic() < end:
        time.sleep(min(delay, max(0.0, end - time.monotonic())))
        delay = min(2 * delay, 2.0)
    return found


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
