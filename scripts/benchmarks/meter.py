"""Wall time, CPU time, memory, requests and bytes of one piece of work."""

from __future__ import annotations

import ctypes
import gc
import http.client
import socket
import ssl
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

_RESET_PEAK = "5"  # see proc(5), clear_refs


@dataclass(slots=True)
class Cost:
    """What a piece of work cost this process.

    Attributes:
        wall: seconds
        cpu: seconds, of all threads
        memory: by how many MB the peak exceeds what the idle process held
        requests: HTTP requests to the server
        sent: MB sent to the server
        received: MB received from it, compressed if they were
    """

    wall: float = 0.0
    cpu: float = 0.0
    memory: float = 0.0
    requests: int = 0
    sent: float = 0.0
    received: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """Return the figures by name."""
        return asdict(self)


class Traffic:
    """Counts what goes to one server and comes from it, by whatever client.

    All Python clients go through ``http.client`` and the methods of sockets; those are
    replaced in this process, so make one of these only.

    Args:
        url: the server's address
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._port = parts.port or {"https": 443}.get(parts.scheme, 80)
        self.requests = self.sent = self.received = 0
        self._count_requests()
        # the sockets of TLS have methods of their own
        for kind in (socket.socket, ssl.SSLSocket):
            self._count_bytes(kind)

    def _count_requests(self) -> None:
        put = http.client.HTTPConnection.putrequest
        port = self._port

        def putrequest(connection: Any, *args: Any, **kwargs: Any) -> Any:
            if connection.port == port:
                self.requests += 1
            return put(connection, *args, **kwargs)

        http.client.HTTPConnection.putrequest = putrequest  # type: ignore[assignment, method-assign]

    def _count_bytes(self, kind: Any) -> None:
        sendall, recv_into = kind.sendall, kind.recv_into
        port = self._port

        def counted_sendall(this: Any, data: Any, *args: Any) -> Any:
            if type(this) is kind and this.getpeername()[1] == port:
                self.sent += memoryview(data).nbytes
            return sendall(this, data, *args)

        def counted_recv_into(this: Any, *args: Any) -> int:
            count: int = recv_into(this, *args)
            if count and type(this) is kind and this.getpeername()[1] == port:
                self.received += count
            return count

        kind.sendall, kind.recv_into = counted_sendall, counted_recv_into


@contextmanager
def metered(traffic: Traffic | None = None) -> Iterator[Cost]:
    """Measure what is done inside; the figures are there when it ends."""
    cost = Cost()
    _give_memory_back()
    idle = _reset_peak()
    before = (
        (traffic.requests, traffic.sent, traffic.received) if traffic else (0, 0, 0)
    )
    cpu, wall = time.process_time(), time.perf_counter()
    yield cost
    cost.wall = time.perf_counter() - wall
    cost.cpu = time.process_time() - cpu
    cost.memory = (_status("VmHWM") - idle) / 1024
    if traffic:
        cost.requests = traffic.requests - before[0]
        cost.sent = (traffic.sent - before[1]) / 1e6
        cost.received = (traffic.received - before[2]) / 1e6


def _give_memory_back() -> None:
    """Return freed memory to the system, so that its reuse shows as growth."""
    gc.collect()
    if sys.platform == "linux":
        ctypes.CDLL(None).malloc_trim(0)


def _reset_peak() -> int:
    """Forget the highest memory so far; return the memory that is held now, in kB."""
    Path("/proc/self/clear_refs").write_text(_RESET_PEAK)
    return _status("VmRSS")


def _status(name: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1])
    raise OSError(f"/proc/self/status has no {name}: memory is measured on Linux only")
