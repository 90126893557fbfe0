"""A TCP proxy on loopback in front of a real server, which fails in a chosen way.

It knows no protocol: a fault is tied to a marker, bytes that a request holds (`b"PUT "`,
`b"COMMIT"`). For MinIO, PostgreSQL and Elasticsearch alike:

    with FaultProxy("127.0.0.1", 9000) as proxy:
        client = connect(proxy.host, proxy.port)
        proxy.down()                                connections are refused, open ones reset
        proxy.up()
        proxy.hold(); proxy.release()               requests arrive, answers are held back
        proxy.lose_answer(to=b"PUT ")               carried out by the server, then reset
        proxy.cut_request(at=b"PUT ", after=1000)   reset when so many further bytes have passed
        proxy.cut_answer(to=b"GET ", after=1000)
        proxy.answer(to=b"PUT ", data=b"HTTP/1.1 507 …")   in the server's place

A fault is used up by the first request that holds its marker, unless `times` says more; `calm()`
withdraws what is left. `proxy.hits` counts faults that happened.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Literal, TypeAlias

_CHUNK = 64 * 1024
_LOOPBACK = "127.0.0.1"
_PATIENCE = 10.0
_RESET = struct.pack("ii", 1, 0)
"""SO_LINGER that turns a close into a reset."""

Kind: TypeAlias = Literal["lose_answer", "cut_request", "cut_answer", "answer"]


@dataclass
class _Fault:
    kind: Kind
    marker: bytes
    times: int
    after: int = 0
    data: bytes = b""


@dataclass(eq=False)
class _Link:
    """One client's connection and the one to the server."""

    client: asyncio.StreamWriter
    server: asyncio.StreamWriter
    fault: _Fault | None = None
    left: int = 0
    """Bytes that may still pass before a cut."""
    seen: bytes = field(default=b"", repr=False)
    """End of the last piece: a marker may lie over two."""

    def reset(self) -> None:
        for writer in (self.client, self.server):
            taken = writer.get_extra_info("socket")
            with contextlib.suppress(OSError):
                taken.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            writer.transport.abort()


class FaultProxy:
    """See the module's text; every method may be called from the test's thread at any time."""

    def __init__(self, host: str, port: int, tls: ssl.SSLContext | None = None) -> None:
        """Stand in front of a server; with `tls` clients must speak it, the server does not."""
        self._tls = tls
        self._target = (host, port)
        self._faults: list[_Fault] = []
        self._links: set[_Link] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._flowing = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._listening = _bound(0)
        self.host = _LOOPBACK
        self.port: int = self._listening.getsockname()[1]
        self.hits = 0
        """Faults that happened."""
        self.connections = 0
        """Clients that came so far."""
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    # -- life -----------------------------------------------------------------------------------

    def __enter__(self) -> FaultProxy:
        self._thread.start()
        self._do(self._open())
        self.release()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._do(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_PATIENCE)
        self._loop.close()
        self._listening.close()

    @property
    def address(self) -> str:
        """`HOST:PORT`."""
        return f"{self.host}:{self.port}"

    # -- faults ---------------------------------------------------------------------------------

    def down(self) -> None:
        """Refuse connections and reset those that are open, as if the server had died."""
        self._do(self._close())

    def up(self) -> None:
        """Take connections again, at the same port."""
        self._do(self._open())

    def hold(self) -> None:
        """The server gets what is sent; its answers do not come back."""
        self._soon(self._flowing.clear)

    def release(self) -> None:
        """Answers flow again, those that were held first."""
        self._soon(self._flowing.set)

    def reset(self) -> None:
        """Reset what is open now; new connections are taken."""
        self._soon(self._reset_all)

    def lose_answer(self, *, to: bytes, times: int = 1) -> None:
        """The server carries a request out; the connection is reset before its answer."""
        self._add(_Fault("lose_answer", to, times))

    def cut_request(self, *, at: bytes, after: int, times: int = 1) -> None:
        """Reset both sides when so many bytes have followed the piece that holds the marker."""
        self._add(_Fault("cut_request", at, times, after=after))

    def cut_answer(self, *, to: bytes, after: int, times: int = 1) -> None:
        """Reset both sides in the middle of an answer, after so many bytes of it."""
        self._add(_Fault("cut_answer", to, times, after=after))

    def answer(self, *, to: bytes, data: bytes, times: int = 1) -> None:
        """Answer a request in the server's place; the server never sees it."""
        self._add(_Fault("answer", to, times, data=data))

    def calm(self) -> None:
        """Withdraw faults that have not happened."""
        self._soon(self._faults.clear)

    # -- inside: everything below runs in the loop's thread ---------------------------------------

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(_PATIENCE)

    def _soon(self, act: Callable[[], object]) -> None:
        async def run() -> None:
            act()

        self._do(run())

    def _add(self, fault: _Fault) -> None:
        self._soon(lambda: self._faults.append(fault))

    async def _open(self) -> None:
        if self._server is None:
            self._server = await asyncio.start_server(
                self._accepted, sock=self._listening, ssl=self._tls
            )

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
            self._listening = _bound(self.port)
        self._reset_all()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _reset_all(self) -> None:
        for link in self._links:
            link.reset()

    def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = self._loop.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            their_reader, their_writer = await asyncio.open_connection(*self._target)
        except OSError:
            writer.transport.abort()
            return
        link = _Link(writer, their_writer)
        self._links.add(link)
        try:
            with contextlib.suppress(OSError):
                await asyncio.gather(
                    self._requests(reader, link), self._answers(their_reader, link)
                )
        finally:
            self._links.discard(link)
            writer.transport.abort()
            their_writer.transport.abort()

    async def _requests(self, reader: asyncio.StreamReader, link: _Link) -> None:
        while piece := await reader.read(_CHUNK):
            self._arm(link, piece)
            fault = link.fault
            if fault is not None and fault.kind == "answer":
                link.fault = None
                self.hits += 1
                link.client.write(fault.data)
                await link.client.drain()
                while await reader.read(_CHUNK):
                    pass
                break
            if fault is not None and fault.kind == "cut_request":
                link.left -= len(piece)
                if link.left <= 0:
                    self.hits += 1
                    link.reset()
                    return
            link.server.write(piece)
            await link.server.drain()
        with contextlib.suppress(OSError):
            link.server.write_eof()

    async def _answers(self, reader: asyncio.StreamReader, link: _Link) -> None:
        while piece := await reader.read(_CHUNK):
            await self._flowing.wait()
            fault = link.fault
            if fault is not None and fault.kind == "lose_answer":
                self.hits += 1
                link.reset()
                return
            if fault is not None and fault.kind == "cut_answer":
                piece, link.left = piece[: link.left], link.left - len(piece)
                link.client.write(piece)
                await link.client.drain()
                if link.left <= 0:
                    self.hits += 1
                    link.reset()
                    return
                continue
            link.client.write(piece)
            await link.client.drain()
        link.client.close()

    def _arm(self, link: _Link, piece: bytes) -> None:
        if link.fault is not None:
            return
        window = link.seen + piece
        for fault in self._faults:
            if fault.marker in window:
                fault.times -= 1
                if not fault.times:
                    self._faults.remove(fault)
                link.fault = fault
                link.seen = b""
                link.left = fault.after + (len(piece) if fault.kind == "cut_request" else 0)
                return
        longest = max((len(fault.marker) for fault in self._faults), default=1)
        link.seen = window[-(longest - 1) :] if longest > 1 else b""


def _bound(port: int) -> socket.socket:
    """A socket that holds the port and refuses: bound, not listening."""
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind((_LOOPBACK, port))
    return bound
