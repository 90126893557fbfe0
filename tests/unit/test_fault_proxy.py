"""The proxy that fails on purpose does fail, and only where it should."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import threading
from collections.abc import Iterator

import pytest

from tests.fakes.fault_proxy import FaultProxy

_SECONDS = 5.0


class _Echo(socketserver.StreamRequestHandler):
    """Answers every line by `got ` and the line; remembers lines."""

    def handle(self) -> None:
        with contextlib.suppress(ConnectionError):
            for line in self.rfile:
                self.server.heard.append(line)  # type: ignore[attr-defined]
                self.wfile.write(b"got " + line)


@pytest.fixture
def heard() -> list[bytes]:
    return []


@pytest.fixture
def proxy(heard: list[bytes]) -> Iterator[FaultProxy]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Echo) as server:
        server.heard = heard  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        with FaultProxy(*server.server_address[:2]) as made:  # type: ignore[arg-type]
            yield made
        server.shutdown()
        thread.join()


def connect(proxy: FaultProxy) -> socket.socket:
    return socket.create_connection((proxy.host, proxy.port), timeout=_SECONDS)


def ask(connection: socket.socket, line: bytes) -> bytes:
    connection.sendall(line)
    with connection.makefile("rb") as answers:
        return answers.readline()


def test_it_passes_on_what_it_is_given(proxy: FaultProxy) -> None:
    with connect(proxy) as one, connect(proxy) as two:
        assert ask(one, b"a\n") == b"got a\n"
        assert ask(two, b"b\n") == b"got b\n"
        assert ask(one, b"c\n") == b"got c\n"
    assert (proxy.connections, proxy.hits) == (2, 0)


def test_down_refuses_and_resets_until_it_is_up(proxy: FaultProxy) -> None:
    with connect(proxy) as early:
        assert ask(early, b"a\n") == b"got a\n"
        proxy.down()
        with pytest.raises(ConnectionError):
            _ = ask(early, b"b\n") or ask(early, b"c\n")
    with pytest.raises(ConnectionRefusedError):
        connect(proxy)
    proxy.up()
    with connect(proxy) as late:
        assert ask(late, b"d\n") == b"got d\n"


def test_held_answers_come_when_released(proxy: FaultProxy, heard: list[bytes]) -> None:
    with connect(proxy) as connection:
        proxy.hold()
        connection.settimeout(0.2)
        with pytest.raises(TimeoutError):
            ask(connection, b"a\n")
        assert heard == [b"a\n"]
        proxy.release()
        connection.settimeout(_SECONDS)
        assert connection.recv(100) == b"got a\n"


def test_an_answer_is_lost_after_the_server_has_acted(
    proxy: FaultProxy, heard: list[bytes]
) -> None:
    proxy.lose_answer(to=b"write")
    with connect(proxy) as connection:
        assert ask(connection, b"read\n") == b"got read\n"
        with pytest.raises(ConnectionResetError):
            ask(connection, b"write\n")
    with connect(proxy) as connection:
        assert ask(connection, b"write\n") == b"got write\n"
    assert heard == [b"read\n", b"write\n", b"write\n"]
    assert proxy.hits == 1


def test_a_request_is_cut_in_the_middle(proxy: FaultProxy, heard: list[bytes]) -> None:
    proxy.cut_request(at=b"body", after=100_000)
    with connect(proxy) as connection, pytest.raises(ConnectionError):
        connection.sendall(b"body")
        ask(connection, b"x" * 4_000_000 + b"\n")
    assert all(not line.endswith(b"\n") for line in heard)
    assert proxy.hits == 1


def test_an_answer_is_cut_in_the_middle(proxy: FaultProxy) -> None:
    proxy.cut_answer(to=b"read", after=6)
    with connect(proxy) as connection:
        connection.sendall(b"read\n")
        assert connection.recv(6, socket.MSG_WAITALL) == b"got re"
        with pytest.raises(ConnectionResetError):
            connection.recv(1)


def test_it_answers_in_the_servers_place(proxy: FaultProxy, heard: list[bytes]) -> None:
    proxy.answer(to=b"write", data=b"full\n")
    with connect(proxy) as connection:
        assert ask(connection, b"write\n") == b"full\n"
    proxy.answer(to=b"write", data=b"full\n")
    proxy.calm()
    with connect(proxy) as connection:
        assert ask(connection, b"write\n") == b"got write\n"
    assert heard == [b"write\n"]
