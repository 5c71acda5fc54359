"""What the servers of these tests have in common."""

from __future__ import annotations

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

__all__ = ["LocalHandler", "LocalServer"]


class LocalServer(ThreadingHTTPServer):
    """A server on a free port of this machine; ``close`` ends it.

    Args:
        handler: answers its requests

    Attributes:
        url: its address
        lock: for whatever its threads share
        watch: is called with method, path and False before a request is done or goes
            on, and with True after that, before it is answered; an exception breaks
            it off
    """

    daemon_threads = True

    def __init__(self, handler: type[LocalHandler]) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.lock = threading.Lock()
        self.watch: Callable[[str, str, bool], None] = lambda *args: None
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    def handle_error(self, *args: Any) -> None:
        """Stay silent: connections are broken on purpose."""

    def close(self) -> None:
        self.shutdown()
        self.server_close()


class LocalHandler(BaseHTTPRequestHandler):
    """Reads a request, whatever its method, and answers it."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # an answer is several small writes

    def handle_request(self) -> None:
        self.reply(self.rfile.read(int(self.headers.get("Content-Length") or 0)))

    do_GET = do_HEAD = do_POST = handle_request  # noqa: N815
    do_PUT = do_PATCH = do_DELETE = handle_request  # noqa: N815

    def reply(self, body: bytes) -> None:
        raise NotImplementedError

    def log_message(self, *args: Any) -> None:
        pass
