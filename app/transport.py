"""Which of an office's servers are spoken to in the clear, over more than this machine.

Passwords and citizens' papers would cross a network that anybody on it can read. Looks at settings
only. May not come in: asking the servers, words for people.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

from pipeline.settings import Settings

_LOCAL = "localhost"
_WITH_PORT = re.compile(r"(\[.+\]|[^:]+)(?::\d*)?")
_SOCKETS = ("/", "@")
"""Beginnings of what names a socket of this machine."""
_VERIFIED = frozenset({"verify-full", "verify-ca"})


def in_the_clear(settings: Settings) -> tuple[str, ...]:
    """Keys of addresses beyond loopback without TLS; of the database, without a verified one."""
    return tuple(
        dict.fromkeys(key for key, address in _addresses(settings) if _is_open(key, address))
    )


def _addresses(settings: Settings) -> Iterator[tuple[str, str]]:
    yield "archive.url", settings.archive.url.removeprefix("s3:")
    for node in settings.search.url.split(","):
        yield "search.url", node.strip()
    yield "database.url", settings.database.url
    yield "flows.api_url", settings.flows.api_url or ""


def _is_open(key: str, address: str) -> bool:
    try:
        parts = urlsplit(address)
        host = parts.hostname
    except ValueError:
        return False
    if key == "database.url":
        return parts.scheme.startswith("postgresql") and _is_open_database(host, parts.query)
    return host is not None and not _is_loopback(host) and parts.scheme == "http"


def _is_open_database(host: str | None, query: str) -> bool:
    """True where any of its hosts is elsewhere; several may be named, with commas, in the query."""
    told = parse_qs(query)
    if told.get("sslmode", [""])[-1] in _VERIFIED:
        return False
    named = ",".join((host or "", *told.get("host", ()), *told.get("hostaddr", ()))).split(",")
    hosts = (_without_port(one.strip()) for one in named)
    return any(one and not one.startswith(_SOCKETS) and not _is_loopback(one) for one in hosts)


def _without_port(host: str) -> str:
    found = _WITH_PORT.fullmatch(host)
    return found[1].strip("[]") if found else host


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == _LOCAL
