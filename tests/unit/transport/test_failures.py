"""Why a request has no answer, in words for people."""

from __future__ import annotations

import re
import socket
import struct
import threading

import pytest
import urllib3

from fiftyone_cvat.errors import UnreachableError
from fiftyone_cvat.transport.failures import readable_errors


def hang_up(connection):
    """Close, without a word."""


def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def stop_early(connection):
    connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\nabc")


def babble(connection):
    connection.sendall(b"rubbish\r\n\r\n")


@pytest.fixture
def place():
    """Return the place of a server that does something to its first connection."""
    listener = socket.create_server(("127.0.0.1", 0))
    threads = []

    def serve(act):
        def work():
            connection, _ = listener.accept()
            connection.recv(9999)
            act(connection)
            connection.close()

        threads.append(threading.Thread(target=work))
        threads[0].start()
        return f"127.0.0.1:{listener.getsockname()[1]}"

    yield serve
    for each in threads:
        each.join()
    listener.close()


@pytest.fixture
def nobody():
    """The place of a server that has gone."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"127.0.0.1:{listener.getsockname()[1]}"


def words_of(url, through=None):
    with (
        through or urllib3.PoolManager() as pool,
        pytest.raises(UnreachableError) as caught,
        readable_errors(url),
    ):
        pool.request("GET", url, retries=False, timeout=5)
    return str(caught.value)


@pytest.mark.parametrize(
    ("scheme", "act", "reason"),
    [
        ("http", hang_up, "the server hung up"),
        ("https", hang_up, "the server hung up"),
        ("http", reset, "connection reset by peer"),
        ("http", stop_early, "it ended too early"),
        ("http", babble, "what came is no HTTP"),
    ],
    ids=["hang-up", "hang-up-TLS", "reset", "early", "no-HTTP"],
)
def test_answer_that_is_not_whole(place, scheme, act, reason):
    words = words_of(f"{scheme}://{place(act)}")

    assert f"broke before its answer was whole ({reason})" in words


def test_no_connection(nobody):
    words = words_of(f"http://{nobody}")

    assert f"No connection to http://{nobody} (connection refused);" in words


def test_no_connection_through_a_proxy(nobody):
    proxy = urllib3.ProxyManager(f"http://{nobody}")
    words = words_of("https://cvat.example.com", proxy)

    assert "(the proxy is out of reach: connection refused)" in words


def test_no_words_of_programs(place, nobody):
    for words in (words_of(f"http://{nobody}"), words_of(f"http://{place(babble)}")):
        assert not re.search(r"\w+Error", words)
