"""HTTP to authorities: a request has one time limit, a size limit, and no way to other schemes.

Certificates say where their status is asked, and authorities answer what they like: from outside
no redirect leads to this machine or into the office's network. A connection is kept open between
signatures: all requests of a process run in one event loop, in a thread of its own, so that a
request ends in time whatever the other side does. May not come in: what is asked, what an answer
means.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import ipaddress
import os
import socket
import threading
import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final
from urllib.parse import urljoin, urlsplit

import aiohttp
from aiohttp import AddrInfoType
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

_SCHEMES: Final = ("http", "https")
_MOST_REDIRECTS: Final = 3
_CHUNK: Final = 64 * 1024
_CLOSING_SECONDS: Final = 2.0
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})


class NoAnswer(Exception):
    """Nothing usable came back in time; the reason is a word, never what the other side said."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """The moment when patience ends, shared by all requests of one piece of work."""

    ends: float
    """Of `time.monotonic`."""

    @classmethod
    def within(cls, seconds: float) -> Deadline:
        """That many seconds from now."""
        return cls(time.monotonic() + seconds)

    def half(self) -> Deadline:
        """Half of the patience that is left."""
        return Deadline.within(self.left / 2)

    @property
    def left(self) -> float:
        """Seconds, never negative."""
        return max(0.0, self.ends - time.monotonic())


@dataclass(frozen=True, slots=True)
class Question:
    """One request."""

    url: str
    accept: str
    most_bytes: int
    """A longer answer is none."""
    body: bytes | None = None
    """None: GET, else POST."""
    content_type: str = ""

    def as_headers(self) -> dict[str, str]:
        """Of the request."""
        own = {"Accept": self.accept, "Accept-Encoding": "identity"}
        if self.body is not None:
            own["Content-Type"] = self.content_type
        return own


def is_inside(address: str) -> bool:
    """True for an address (no name) of this machine or of a private network."""
    found = ipaddress.ip_address(address.partition("%")[0])
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return not (mapped or found).is_global


class Web:
    """Asks; safe for threads, and made anew in a forked child."""

    def __init__(self, inside: Callable[[str], bool] = is_inside) -> None:
        """Nothing is started before it is used.

        Args:
            inside: says of an address whether a redirect from outside may not lead there.
        """
        self._inside = inside
        self._lock = threading.Lock()
        self._pid = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._session: aiohttp.ClientSession | None = None
        self._outward: aiohttp.ClientSession | None = None
        """For what a redirect from outside names: it reaches nothing inside."""
        self._sessions: list[aiohttp.ClientSession] = []
        self._forsaken: list[object] = []
        self._closing: weakref.finalize[..., Web] | None = None

    async def ask(self, question: Question, deadline: Deadline) -> bytes:
        """The body of the answer.

        Raises:
            NoAnswer: none in time, not with status 200, too long, or from elsewhere.
        """
        return await asyncio.wrap_future(self._submitted(question, deadline))

    def close(self) -> None:
        """End connections and thread; a later question starts them again."""
        with self._lock:
            closing, self._closing = self._closing, None
            self._loop = self._session = self._outward = None
        if closing is not None:
            closing()

    def _submitted(
        self, question: Question, deadline: Deadline
    ) -> concurrent.futures.Future[bytes]:
        with self._lock:
            if self._loop is None or self._pid != os.getpid():
                self._start()
            loop = self._loop
        assert loop is not None  # noqa: S101
        return asyncio.run_coroutine_threadsafe(self._ask(question, deadline), loop)

    def _start(self) -> None:
        # The parent's: never touched here.
        self._forsaken += [self._loop, self._session, self._outward]
        if self._closing is not None:
            self._closing.detach()
        self._pid, self._session, self._outward = os.getpid(), None, None
        self._loop = loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_forever, name="sohoa-web", daemon=True)
        thread.start()
        self._sessions = []
        self._closing = weakref.finalize(self, _close, loop, thread, self._sessions, os.getpid())

    async def _ask(self, question: Question, deadline: Deadline) -> bytes:
        if self._session is None or self._outward is None:
            self._session = self._opened()
            self._outward = self._opened(
                aiohttp.TCPConnector(
                    resolver=_Outward(self._inside), socket_factory=partial(_socket, self._inside)
                )
            )
        try:
            async with asyncio.timeout(deadline.left):
                return await self._followed(self._session, self._outward, question)
        except (TimeoutError, asyncio.CancelledError) as error:
            raise NoAnswer("too slow") from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise NoAnswer(type(error).__name__) from error

    def _opened(self, connector: aiohttp.TCPConnector | None = None) -> aiohttp.ClientSession:
        session = aiohttp.ClientSession(
            connector=connector, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False
        )
        self._sessions.append(session)
        return session

    async def _followed(
        self, session: aiohttp.ClientSession, outward: aiohttp.ClientSession, question: Question
    ) -> bytes:
        """The answer behind redirects; an authority inside may send us on inside."""
        url = question.url
        for _ in range(_MOST_REDIRECTS + 1):
            if urlsplit(url).scheme.lower() not in _SCHEMES:
                raise NoAnswer("scheme")
            async with session.request(
                "GET" if question.body is None else "POST",
                url,
                data=question.body,
                headers=question.as_headers(),
                allow_redirects=False,
            ) as answer:
                if answer.status not in _REDIRECTS:
                    return await _body(answer, question.most_bytes)
                following = _next(url, answer.headers.get("Location"), question)
            if session is not outward and not await self._is_at_home(url):
                session = outward
            if session is outward and _literal(following) and self._inside(_host(following)):
                raise NoAnswer("inside")  # an address needs no resolving, so nobody asks below
            url = following
        raise NoAnswer("redirects")

    async def _is_at_home(self, url: str) -> bool:
        """True where whoever redirects is inside already."""
        found = await asyncio.get_running_loop().getaddrinfo(
            _host(url), None, type=socket.SOCK_STREAM
        )
        return all(self._inside(str(place[0])) for *_, place in found)


def _socket(inside: Callable[[str], bool], place: AddrInfoType) -> socket.socket:
    """A socket to connect to a place with, whatever led there.

    Raises:
        OSError: the place is inside.
    """
    family, kind, protocol, _, address = place
    if inside(str(address[0])):
        raise OSError("inside")
    return socket.socket(family, kind, protocol)


class _Outward(AbstractResolver):
    """Finds no address inside; asked at the very moment of connecting, so no name can move."""

    def __init__(self, inside: Callable[[str], bool]) -> None:
        self._inside = inside
        self._usual = aiohttp.ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """See `AbstractResolver`.

        Raises:
            OSError: nothing outside has this name.
        """
        found = await self._usual.resolve(host, port, family)
        outside = [one for one in found if not self._inside(one["host"])]
        if not outside:
            raise OSError("inside")
        return outside

    async def close(self) -> None:
        """See `AbstractResolver`."""
        await self._usual.close()


def _host(url: str) -> str:
    """The host that is connected to: other digits and dots than ASCII ones spell addresses, too."""
    return URL(url).raw_host or ""


def _literal(url: str) -> bool:
    """True where the host is an address, in whatever spelling the client takes for one."""
    try:
        ipaddress.ip_address(_host(url))
    except ValueError:
        return False
    return True


def _next(url: str, location: str | None, question: Question) -> str:
    """Where a redirect leads: for reading only, and never from `https` to `http`."""
    if question.body is not None or not location:
        raise NoAnswer("redirected")
    following = urljoin(url, location)
    if urlsplit(url).scheme == "https" and urlsplit(following).scheme != "https":
        raise NoAnswer("scheme")
    return following


async def _body(answer: aiohttp.ClientResponse, most_bytes: int) -> bytes:
    if answer.status != 200:
        raise NoAnswer(f"status {answer.status}")
    if (answer.content_length or 0) > most_bytes:
        raise NoAnswer("too long")
    parts, size = [], 0
    async for part in answer.content.iter_chunked(_CHUNK):
        size += len(part)
        if size > most_bytes:
            raise NoAnswer("too long")
        parts.append(part)
    return b"".join(parts)


def _close(
    loop: asyncio.AbstractEventLoop,
    thread: threading.Thread,
    sessions: list[aiohttp.ClientSession],
    pid: int,
) -> None:
    if pid != os.getpid() or not thread.is_alive():
        return

    async def end() -> None:
        for session in sessions:
            await session.close()
        await asyncio.sleep(0)
        loop.stop()

    asyncio.run_coroutine_threadsafe(end(), loop)
    thread.join(_CLOSING_SECONDS)
    if not thread.is_alive():
        loop.close()
