"""What `bin/services` remembers between commands: ports, secrets, processes, folders.

One JSON file, mode 0600, in the state folder (mode 0700), rewritten whole by rename. A lock lets
one command at a time change it. Knows nothing of what the services are.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
import socket
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from deploy.local.supervisor import Process

SCHEMA = "sohoa.services/1"
LOOPBACK = "127.0.0.1"
_PORTS_FROM = 15000
_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")


class State:
    """The memory of one state folder; safe to use from several threads."""

    def __init__(self, folder: Path) -> None:
        """Read what is there; an absent folder is an empty state and is made by the first change.

        Raises:
            ValueError: the file is of another schema.
        """
        self.folder = folder
        self._guard = threading.RLock()
        self._values: dict[str, Any] = {
            "schema": SCHEMA,
            "ports": {},
            "secrets": {},
            "notes": {},
            "processes": {},
        }
        if self._file.exists():
            values = json.loads(self._file.read_text(encoding="utf-8"))
            if values.get("schema") != SCHEMA:
                raise ValueError(f"{self._file}: not a state of this version")
            self._values = values

    @property
    def _file(self) -> Path:
        return self.folder / "state.json"

    @property
    def logs(self) -> Path:
        """Folder of the logs, made when asked for."""
        return self.made("logs")

    def made(self, name: str) -> Path:
        """A folder in the state folder."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder = self.folder / name
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder

    def port(self, name: str) -> int:
        """The loopback port of that name: chosen once among the free ones, then kept."""
        with self._guard:
            ports: dict[str, int] = self._values["ports"]
            if name not in ports:
                ports[name] = _free_port(set(ports.values()))
                self._save()
            return ports[name]

    def ports(self) -> dict[str, int]:
        """All ports chosen so far."""
        with self._guard:
            return dict(self._values["ports"])

    def secret(self, name: str) -> str:
        """The secret of that name: made once, then kept."""
        with self._guard:
            if name not in self._values["secrets"]:
                self._values["secrets"][name] = secrets.token_hex(16)
                self._save()
            return str(self._values["secrets"][name])

    def note(self, name: str, value: str | None = None) -> str | None:
        """A remembered word; given a value, it is remembered from now on."""
        with self._guard:
            if value is not None:
                self._values["notes"][name] = value
                self._save()
            found = self._values["notes"].get(name)
            return None if found is None else str(found)

    def process(self, name: str) -> Process | None:
        """The process last started under that name; it may have ended."""
        with self._guard:
            entry = self._values["processes"].get(name)
            return None if entry is None else Process(**entry)

    def processes(self) -> dict[str, Process]:
        """All that were started and not stopped."""
        with self._guard:
            return {name: Process(**entry) for name, entry in self._values["processes"].items()}

    def started(self, name: str, process: Process) -> None:
        """Remember a process at once: a command that is killed leaves none behind unknown."""
        with self._guard:
            self._values["processes"][name] = asdict(process)
            self._save()

    def stopped(self, name: str) -> None:
        """Forget a process that was ended."""
        with self._guard:
            if self._values["processes"].pop(name, None) is not None:
                self._save()

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Only one command at a time changes this state; others wait. The state is read again.

        Raises:
            ValueError: the file is of another schema.
        """
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self.folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._values = State(self.folder)._values
            yield

    def _save(self) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self.folder, prefix=".state-")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(self._values, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        Path(name).rename(self._file)


def port_is_free(port: int) -> bool:
    """Whether a server could listen there now; connections that linger do not count."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def _free_port(taken: set[int]) -> int:
    """A port below those that the system gives to outgoing connections.

    Else a client could be given the port of a server that is down for a moment, and the server
    could not come back there.
    """
    below = int(_RANGE.read_text().split()[0]) if _RANGE.exists() else 32768
    choice = range(_PORTS_FROM, max(below, _PORTS_FROM + 1000))
    for _ in range(1000):
        port = secrets.choice(choice)
        if port not in taken and port_is_free(port):
            return port
    raise OSError("no free loopback port was found")
