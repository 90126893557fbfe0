"""What every service answers, and the place it lives in. Holds no service."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import tempfile
import threading
import urllib.request
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGTERM, Signals
from typing import Any, ClassVar

from deploy.local.state import LOOPBACK, State
from deploy.local.supervisor import Account, Launch

UNPRIVILEGED = "nobody"
"""There on every Debian. Servers that refuse to be root run under it when root starts them."""
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class ServiceError(Exception):
    """A service cannot be prepared or does not become healthy; the text is for people."""


@dataclass(frozen=True)
class Place:
    """Where one state lives."""

    state: State
    cache: Path
    """What was built once for all states: `~/.cache/sohoa`."""
    cancelled: threading.Event = field(default_factory=threading.Event, compare=False)
    """Set when a start is given up: nobody waits any more for what is being prepared."""

    @property
    def account(self) -> Account | None:
        """The unprivileged account when root starts the services, else None: the caller's own."""
        if os.geteuid() != 0:
            return None
        entry = pwd.getpwnam(UNPRIVILEGED)
        return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)

    def reachable(self, name: str) -> Path:
        """A folder of the unprivileged account, mode 0700; without root one in the state folder.

        Root's home is closed to others, so root's servers keep their data under /var/tmp, in a
        folder of random name that the state remembers.
        """
        account = self.account
        if account is None:
            return self.state.made(name)
        known = self.state.note("reachable")
        if known is None or not Path(known).is_dir():
            known = tempfile.mkdtemp(prefix="sohoa-services-", dir="/var/tmp")
            os.chown(known, account.uid, account.gid)
            self.state.note("reachable", known)
        folder = Path(known) / name
        if not folder.is_dir():
            folder.mkdir(mode=0o700)
            os.chown(folder, account.uid, account.gid)
        return folder

    def erase(self) -> None:
        """Remove all that this state kept. Nothing may run any more."""
        if known := self.state.note("reachable"):
            shutil.rmtree(known, ignore_errors=True)
        shutil.rmtree(self.state.folder, ignore_errors=True)


class Service:
    """One server: prepared, launched, asked for its health, then settled (users, buckets…)."""

    name: ClassVar[str]
    needs: ClassVar[tuple[str, ...]] = ()
    """Services that must be ready before this one is launched."""
    deadline: ClassVar[float] = 120
    """Seconds from launch to health."""
    stop_signal: ClassVar[Signals] = SIGTERM
    grace: ClassVar[float] = 20
    """Seconds it may take to stop."""
    attempts: ClassVar[int] = 1
    """How often it is launched when it ends at once."""

    def __init__(self, place: Place) -> None:
        """Touches nothing yet."""
        self.place = place
        self.state = place.state

    @property
    def port(self) -> int:
        """Its loopback port."""
        return self.state.port(self.name)

    @property
    def address(self) -> str:
        """`HOST:PORT`."""
        return f"{LOOPBACK}:{self.port}"

    def lacking(self) -> str | None:
        """What this machine lacks to run it, None where all is there."""
        raise NotImplementedError

    def prepare(self) -> Launch:
        """Make what it needs; harmless when repeated. Nothing is lacking.

        Raises:
            ServiceError: it cannot be made.
        """
        raise NotImplementedError

    def healthy(self) -> bool:
        """Whether it serves; false rather than an exception."""
        raise NotImplementedError

    def settle(self) -> None:
        """What must be in it before Sohoa uses it; harmless when repeated."""

    def exports(self) -> Mapping[str, str]:
        """Variables that point Sohoa (`SOHOA_…`) and its tests (others) at it."""
        raise NotImplementedError


def environment(home: Path, **more: str) -> dict[str, str]:
    """The environment of a server: little, and nothing of the caller's."""
    return {
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "LANG": "C.UTF-8",
        "HOME": str(home),
        "TMPDIR": str(home),
        **more,
    }


def ask(url: str, user: tuple[str, str] | None = None, seconds: float = 5) -> Any | None:
    """Answer of a loopback server, parsed when it is JSON; None unless it answered 200."""
    request = urllib.request.Request(url)  # noqa: S310
    if user is not None:
        request.add_header("Authorization", f"Basic {b64encode(':'.join(user).encode()).decode()}")
    try:
        with _DIRECT.open(request, timeout=seconds) as answer:
            body = answer.read()
            if "json" in answer.headers.get("Content-Type", ""):
                return json.loads(body)
            return body
    except (OSError, ValueError):
        return None
