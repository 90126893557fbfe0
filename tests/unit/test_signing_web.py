"""Requests to authorities: bounded in time, size and scheme."""

from __future__ import annotations

import asyncio
import multiprocessing
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from pipeline.signatures.web import Deadline, NoAnswer, Question, Web, is_inside

Answer = Callable[[BaseHTTPRequestHandler], None]


class Server:
    """Answers as a test says."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        self.answer: Answer = lambda handler: None
        self.over = threading.Event()
        self.connections: set[tuple[str, int]] = set()
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                server.connections.add(self.client_address)
                server.answer(self)

            do_POST = do_GET

            def log_message(self, format: str, *args: object) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer((host, 0), Handler)
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self.port = self._server.server_port
        self.url = f"http://{host}:{self.port}/"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def close(self) -> None:
        self.over.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


@pytest.fixture
def web() -> Iterator[Web]:
    made = Web()
    yield made
    made.close()


def ask(
    web: Web, url: str, body: bytes | None = None, most: int = 100, seconds: float = 10
) -> bytes:
    question = Question(url=url, accept="x/y", most_bytes=most, body=body, content_type="a/b")
    return asyncio.run(web.ask(question, Deadline.within(seconds)))


def says(content: bytes, code: int = 200, **headers: str) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        length = int(handler.headers.get("Content-Length") or 0)
        handler.rfile.read(length)
        handler.send_response(code)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    return answer


def test_connections_are_kept(server: Server, web: Web) -> None:
    server.answer = says(b"ok")
    assert [ask(web, server.url, b"q") for _ in range(3)] == [b"ok"] * 3
    assert len(server.connections) == 1


def test_it_can_be_asked_again_after_closing(server: Server, web: Web) -> None:
    server.answer = says(b"ok")
    assert ask(web, server.url) == b"ok"
    web.close()
    web.close()
    assert ask(web, server.url) == b"ok"


def _child(web: Web, url: str, out: multiprocessing.Queue[str]) -> None:
    try:
        out.put(ask(web, url).decode())
    except BaseException as error:
        out.put(repr(error))
    web.close()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_forked_child_has_connections_of_its_own(server: Server, web: Web) -> None:
    server.answer = says(b"ok")
    assert ask(web, server.url) == b"ok"
    context = multiprocessing.get_context("fork")
    out: multiprocessing.Queue[str] = context.Queue()
    child = context.Process(target=_child, args=(web, server.url, out))
    child.start()
    assert out.get(timeout=60) == "ok"
    child.join(60)
    assert child.exitcode == 0
    assert ask(web, server.url) == b"ok"


@pytest.mark.parametrize("code", [204, 400, 404, 500, 503])
def test_only_success_is_an_answer(server: Server, web: Web, code: int) -> None:
    server.answer = says(b"", code)
    with pytest.raises(NoAnswer):
        ask(web, server.url)


def test_nobody_there(web: Web, server: Server) -> None:
    server.close()
    with pytest.raises(NoAnswer):
        ask(web, server.url)


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://127.0.0.1/x", "//x", "", "http://"])
def test_other_schemes(web: Web, url: str) -> None:
    with pytest.raises(NoAnswer):
        ask(web, url)


@pytest.mark.parametrize("announced", [True, False])
def test_more_than_is_wanted(server: Server, web: Web, announced: bool) -> None:
    def long(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        if announced:
            handler.send_header("Content-Length", "99999999999")
        handler.end_headers()
        while not server.over.is_set():
            try:
                handler.wfile.write(bytes(65536))
            except OSError:
                return

    server.answer = long
    begun = time.monotonic()
    with pytest.raises(NoAnswer):
        ask(web, server.url)
    assert time.monotonic() - begun < 20


@pytest.mark.parametrize("part", ["status", "header", "body"])
def test_drop_by_drop(server: Server, web: Web, part: str) -> None:
    """A byte now and then keeps a connection alive; the question still ends in time."""

    def drip(handler: BaseHTTPRequestHandler) -> None:
        head = {"status": b"HTTP/1.1 2", "header": b"HTTP/1.1 200 OK\r\nX: "}.get(
            part, b"HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n"
        )
        handler.wfile.write(head)
        while not server.over.wait(0.05):
            try:
                handler.wfile.write(b"0")
            except OSError:
                return

    server.answer = drip
    begun = time.monotonic()
    with pytest.raises(NoAnswer):
        ask(web, server.url, seconds=0.5)
    assert time.monotonic() - begun < 20


def test_a_redirect_is_followed_for_reading_only(server: Server, web: Web) -> None:
    def once(handler: BaseHTTPRequestHandler) -> None:
        if handler.path == "/":
            says(b"", 302, Location="/there")(handler)
        else:
            says(b"there")(handler)

    server.answer = once
    assert ask(web, server.url) == b"there"
    with pytest.raises(NoAnswer):
        ask(web, server.url, b"question")


@pytest.mark.parametrize("where", ["file:///etc/passwd", "gopher://127.0.0.1/", "/", ""])
def test_redirects_that_lead_nowhere(server: Server, web: Web, where: str) -> None:
    server.answer = says(b"", 301, Location=where)
    with pytest.raises(NoAnswer):
        ask(web, server.url)


@pytest.mark.parametrize(
    ("address", "inside"),
    [
        *((a, True) for a in ("127.0.0.1", "10.1.2.3", "192.168.0.9", "169.254.169.254")),
        *((a, True) for a in ("::1", "fe80::1%eth0", "fd00::1", "::ffff:127.0.0.1", "100.64.0.1")),
        *((a, False) for a in ("9.9.9.9", "2620:fe::fe", "::ffff:9.9.9.9")),
    ],
)
def test_which_addresses_are_inside(address: str, inside: bool) -> None:
    assert is_inside(address) is inside


@pytest.fixture
def outside() -> Iterator[Web]:
    """As seen by one to whom 127.0.0.1 is an address of the world, and 127.0.0.2 is not."""
    made = Web(inside=lambda address: address not in ("127.0.0.1",))
    yield made
    made.close()


@pytest.fixture
def private() -> Iterator[Server]:
    """A server that is inside."""
    made = Server("127.0.0.2")
    made.answer = says(b"secret")
    yield made
    made.close()


@pytest.mark.parametrize("host", ["127.0.0.2", "0x7f.2", "127。0。0。2", "①②⑦.⓪.⓪.②"])
def test_a_redirect_from_outside_does_not_lead_inside(
    server: Server, private: Server, outside: Web, web: Web, host: str
) -> None:
    as_sent = host.encode().decode("latin-1")
    server.answer = says(b"", 302, Location=f"http://{as_sent}:{private.port}/")
    with pytest.raises(NoAnswer):
        ask(outside, server.url)
    assert not private.connections
    assert ask(web, server.url) == b"secret", "from inside it may"


def test_what_is_connected_to_counts_however_it_was_spelt(
    server: Server, private: Server, outside: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.signatures.web._literal", lambda url: False)
    server.answer = says(b"", 302, Location=private.url)
    with pytest.raises(NoAnswer):
        ask(outside, server.url)
    assert not private.connections


def test_once_outside_a_redirect_stays_outside(server: Server, outside: Web) -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        if handler.path == "/":
            says(b"", 302, Location="/there")(handler)
        else:
            says(b"there")(handler)

    server.answer = answer
    assert ask(outside, server.url) == b"there"
