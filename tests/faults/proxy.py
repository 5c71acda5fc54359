"""A proxy that spoils one chosen request on its way to a server or back."""

from __future__ import annotations

import http.client
import re
import socket
import struct
import time
import urllib.parse
from dataclasses import dataclass

from tests.faults.serving import LocalHandler, LocalServer

__all__ = ["FAULTS", "Fault", "FaultProxy"]


@dataclass(frozen=True)
class Fault:
    """What happens to a request.

    Attributes:
        kind: ``delay``, ``reset``, ``status``, ``cut``, ``twice``, ``late copy``, which
            comes in answer to the next request, or ``page``
        done: whether the server gets the request before that
        status: the status of the answer that the proxy makes up
        wait: what the answer says in ``Retry-After``
    """

    kind: str
    done: bool = False
    status: int = 200
    wait: str | None = None


FAULTS = {
    "delay, then done": Fault("delay"),
    "done, then delay": Fault("delay", done=True),
    "reset": Fault("reset"),
    "done, then reset": Fault("reset", done=True),
    "429": Fault("status", status=429),
    "429 Retry-After": Fault("status", status=429, wait="1"),
    "500": Fault("status", status=500),
    "done, then 500": Fault("status", done=True, status=500),
    "502": Fault("status", status=502),
    "done, then 502": Fault("status", done=True, status=502),
    "503": Fault("status", status=503),
    "503 Retry-After": Fault("status", status=503, wait="1"),
    "done, then 503": Fault("status", done=True, status=503),
    "504": Fault("status", status=504),
    "done, then 504": Fault("status", done=True, status=504),
    "done, answer cut": Fault("cut", done=True),
    "done, answer twice": Fault("twice", done=True),
    "done, answer twice, late": Fault("late copy", done=True),
    "web page": Fault("page"),
    "done, then web page": Fault("page", done=True),
}


class FaultProxy(LocalServer):
    """Stands in front of a server.

    Args:
        target: the server's address
        delay: seconds that a delay lasts

    Attributes:
        requests: method and path, numbers left out, and how often that was asked
            before, in order
        is_struck: whether the chosen request was asked
    """

    def __init__(self, target: str, delay: float) -> None:
        super().__init__(Handler)
        self.target = urllib.parse.urlsplit(target).netloc
        self.delay = delay
        self.requests: list[tuple[str, int]] = []
        self.chosen: tuple[str, int] | None = None
        self.fault, self.is_struck = Fault("none"), False

    def spoil(self, chosen: tuple[str, int] | None, fault: Fault) -> None:
        """Count from 0 again, and spoil the chosen one of ``requests``, once."""
        self.requests.clear()
        self.chosen, self.fault, self.is_struck = chosen, fault, False

    def next_fault(self, request: str) -> Fault | None:
        name = re.sub(r"\d+", "1", urllib.parse.unquote(request))
        with self.lock:
            place = (name, sum(name == each for each, _ in self.requests))
            self.requests.append(place)
            if place != self.chosen:
                return None
            self.is_struck = True
            return self.fault


class Handler(LocalHandler):
    """Forwards a request and its answer, or spoils either."""

    server: FaultProxy

    owed: tuple[int, list[tuple[str, str]], bytes] | None = None
    """A copy of an answer that comes before the next one on this connection."""

    def reply(self, body: bytes) -> None:
        if self.owed is not None:
            self.write(*self.owed)
            self.owed = None
        path = self.path.partition("?")[0]
        fault = self.server.next_fault(f"{self.command} {path}")
        if fault is None:
            self.write(*self.ask(body))
        else:
            self.spoil(fault, body)

    def spoil(self, fault: Fault, body: bytes) -> None:
        if fault.kind == "delay":
            answer = self.ask(body) if fault.done else None
            time.sleep(self.server.delay)
            self.write(*(answer or self.ask(body)))
            return
        status, headers, content = self.ask(body) if fault.done else (0, [], b"")
        if fault.kind == "reset":
            self.reset()
        elif fault.kind == "cut":
            self.write(status, headers, content, cut=True)
        elif fault.kind == "late copy":
            self.owed = (status, headers, content)
            self.write(status, headers, content)
        elif fault.kind == "twice":
            self.write(status, headers, content)
            self.write(status, headers, content)
        else:
            made = [("Content-Type", "text/html")]
            if fault.wait is not None:
                made.append(("Retry-After", fault.wait))
            self.write(fault.status, made, b"<html>Not the API</html>")

    def ask(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        self.server.watch(self.command, self.path, False)
        connection = http.client.HTTPConnection(self.server.target, timeout=60)
        headers = {**self.headers, "Host": self.server.target}
        connection.request(self.command, self.path, body, headers)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        self.server.watch(self.command, self.path, True)
        hidden = {"connection", "content-length", "transfer-encoding"}
        kept = [each for each in answer.getheaders() if each[0].lower() not in hidden]
        return answer.status, kept, content

    def write(
        self,
        status: int,
        headers: list[tuple[str, str]],
        content: bytes,
        *,
        cut: bool = False,
    ) -> None:
        self.send_response_only(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if cut else content)
        self.wfile.flush()
        self.close_connection = self.close_connection or cut

    def reset(self) -> None:
        """End the connection the hard way, so that the client sees a reset."""
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.connection.close()
        self.close_connection = True
