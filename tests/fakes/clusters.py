"""A PostgreSQL server of one test, to be killed: its own folder and port on loopback.

The server refuses to run as root; root starts it as `nobody`.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.databases import Place

_WHERE = Path("/usr/lib/postgresql")
_USER = "office"
_PATIENCE = 60.0
_ENVIRON = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8"}


class Cluster:
    """One server; made by `cluster`."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self._programs = programs
        self._folder = folder
        self._server: subprocess.Popen[bytes] | None = None
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]

    @property
    def place(self) -> Place:
        """Its first database; anybody on loopback may come in."""
        return Place(f"postgresql+psycopg://{_USER}@127.0.0.1:{self.port}/postgres")

    def make(self) -> None:
        """Make the files of the server."""
        self._run("initdb", "-A", "trust", "-U", _USER, "-E", "UTF8", "--locale=C.UTF-8")

    def start(self, *settings: str) -> None:
        """Start, or recover and start after a kill; returns when connections are taken."""
        options = [f"port={self.port}", "listen_addresses=127.0.0.1"]
        options += [f"unix_socket_directories={self._folder}", *settings]
        with (self._folder / "log").open("ab") as log:
            self._server = subprocess.Popen(
                self._command("postgres", *(part for o in options for part in ("-c", o))),
                stdout=log,
                stderr=log,
                cwd=self._folder,
                env=_ENVIRON,
            )
        end = time.monotonic() + _PATIENCE
        ready = [str(self._programs / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        while subprocess.run(ready, check=False).returncode != 0:
            assert self._server.poll() is None, (self._folder / "log").read_text()[-2000:]
            assert time.monotonic() < end, "the server did not become ready"
            time.sleep(0.05)

    def kill(self) -> None:
        """SIGKILL to every process of the server."""
        assert self._server is not None
        main = self._server.pid
        self._server.send_signal(signal.SIGSTOP)  # it makes no more of them
        found = subprocess.run(["pgrep", "-P", str(main)], capture_output=True, text=True)
        left = [int(pid) for pid in found.stdout.split()]
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._server.kill()
        self._server.wait()
        end = time.monotonic() + _PATIENCE
        while any(_runs(pid) for pid in left):  # memory that they share is in use until then
            assert time.monotonic() < end, "a killed process does not end"
            time.sleep(0.01)

    def stop(self) -> None:
        """End it, if it runs."""
        if self._server is not None and self._server.poll() is None:
            self._server.send_signal(signal.SIGINT)
            self._server.wait(_PATIENCE)

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            self._command(program, *arguments),
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self._folder,
            env=_ENVIRON,
        )

    def _command(self, program: str, *arguments: str) -> list[str]:
        command = [str(self._programs / program), "-D", str(self._folder / "data"), *arguments]
        if os.getuid() == 0:
            command = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", *command]
        return command


@contextlib.contextmanager
def cluster() -> Iterator[Cluster]:
    """A running server, gone afterwards. Skips where PostgreSQL is not installed."""
    versions = sorted(_WHERE.glob("*/bin"), key=lambda path: int(path.parent.name))
    if not versions:
        pytest.skip("PostgreSQL is not installed (apt package postgresql)")
    folder = Path(tempfile.mkdtemp(prefix="sohoa-cluster-"))
    try:
        if os.getuid() == 0:
            shutil.chown(folder, "nobody", "nogroup")
        made = Cluster(versions[-1], folder)
        made.make()
        made.start()
        try:
            yield made
        finally:
            made.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _runs(pid: int) -> bool:
    """Whether a process is there that is more than a zombie."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in ("Z", "X")
