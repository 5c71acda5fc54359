"""What a session has created on the server, and what it may have created."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace

__all__ = ["Ledger", "Lost"]


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


@dataclass(slots=True)
class Ledger:
    """What a session has created, or may have.

    Attributes:
        made: the list and id of each object that it has created
        lost: creations without an answer
        sent: creations whose answer is awaited
    """

    made: set[tuple[str, int]] = field(default_factory=set)
    lost: list[Lost] = field(default_factory=list)
    sent: list[Lost] = field(default_factory=list)
    # several threads change them
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def settle(self, sent: Lost, made_id: int | None = None) -> bool:
        """Note what came of a creation; False if it was given up before.

        Args:
            sent: the creation
            made_id: the id of what was created, None if it failed
        """
        with self._guard:
            if sent not in self.sent:
                return False
            if made_id is not None:
                self.made.add((sent.url, made_id))
            self.sent.remove(sent)
        return True

    def give_up(self, until: float) -> None:
        """Take creations whose answer is awaited as without one.

        Args:
            until: when they are done if they are ever done, by the monotonic clock
        """
        with self._guard:
            self.lost += [replace(each, until=until) for each in self.sent]
            self.sent.clear()
