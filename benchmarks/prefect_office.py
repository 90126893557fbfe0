"""An office in one folder with a Prefect server, a worker and a dispatcher of its own.

Everything listens on loopback and is ended by process id. Killing is SIGKILL: of one process, or
of a worker with the runs that it started, as when a host is lost.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final, TypeVar

from pipeline.adapters.file_claims import FileClaims

T = TypeVar("T")
Json = dict[str, Any]

SOHOA: Final = (sys.executable, "-m", "app")
_READY_SECONDS: Final = 120.0
_READING_SECONDS: Final = 180.0
_BUSY_SECONDS: Final = 60.0
_LOOK_SECONDS: Final = 0.2


def until(look: Callable[[], T | None], seconds: float, what: str) -> T:
    """The first answer of `look` that is something; fails when the time is over."""
    deadline = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s: {what}"
        time.sleep(_LOOK_SECONDS)


class PrefectOffice:
    """One home and its servers."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.port = _free_port()
        self.api = f"http://127.0.0.1:{self.port}/api"
        self.environ = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("SOHOA_", "PREFECT_"))},
            "SOHOA_HOME": str(self.home),
            "SOHOA_FLOWS__API_URL": self.api,
            "SOHOA_FLOWS__REQUEUE_SECONDS": "3",
            "OMP_THREAD_LIMIT": "1",
        }
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    # -- processes ------------------------------------------------------------------------------

    def start_server(self) -> None:
        """The Prefect server with its database; returns when it answers."""
        quiet = {
            "PREFECT_HOME": str(self.folder / "prefect"),
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "PREFECT_SERVER_UI_ENABLED": "false",
            "DO_NOT_TRACK": "1",
        }
        command = (sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1")
        self._start("server", [*command, "--port", str(self.port)], {**os.environ, **quiet})
        until(self._healthy, _READY_SECONDS, "the Prefect server answers")

    def start_worker(self) -> None:
        """A worker that takes one run at a time."""
        self._start("worker", [*SOHOA, "flows", "work", "--runs", "1"], self.environ)

    def start_dispatcher(self) -> None:
        """The dispatcher."""
        self._start("dispatcher", [*SOHOA, "dispatch", "--json"], self.environ)

    def kill(self, name: str, *, family: bool = False) -> None:
        """SIGKILL a process; with `family` all that it started too."""
        process = self.processes.pop(name)
        for pid in (process.pid, *(_below(process.pid) if family else ())):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait()

    def stop(self) -> None:
        """End everything."""
        for name in list(self.processes):
            self.kill(name, family=True)

    def forget(self) -> None:
        """Lose the database of a server that is down."""
        shutil.rmtree(self.folder / "prefect")

    def reading(self, batch_ids: Sequence[str]) -> int | None:
        """Process id of the run that works on one of these batches; None while none does."""
        claims = FileClaims(self.home / "work" / "claims")
        if not any(claims.held(batch_id) for batch_id in batch_ids):
            return None
        found = [p for p in _below(self.processes["worker"].pid) if b"prefect" in _command(p)]
        return found[0] if found else None

    def await_reading(self, batch_ids: Sequence[str]) -> int:
        """Process id of the run that works on one of these batches, as soon as one does.

        How long that takes is nobody's goal: a busy machine may be slow to start processes, and a
        batch that could not be handed out is left alone for a minute.
        """
        try:
            return until(lambda: self.reading(batch_ids), _READING_SECONDS, "a run reads")
        except AssertionError as error:
            error.add_note(self._told())
            raise

    def _told(self) -> str:
        """What runs there are, and the last words of the servers."""
        runs = [
            (run["name"], run["state"]["name"], run["state"]["timestamp"]) for run in self.runs()
        ]
        logs = sorted(self.folder.glob("*.log"))
        tails = (f"{log.name}: …{log.read_text(errors='replace')[-1500:]}" for log in logs)
        return "\n".join([str(runs), *tails])

    def _start(self, name: str, command: list[str], environ: dict[str, str]) -> None:
        log = (self.folder / f"{name}.log").open("ab")
        with log:
            self.processes[name] = subprocess.Popen(command, env=environ, stdout=log, stderr=log)

    # -- looking --------------------------------------------------------------------------------

    def sohoa(self, *arguments: str | Path, code: int = 0) -> list[Json]:
        """NDJSON objects of a command that must end with `code`."""
        done = subprocess.run(
            [*SOHOA, *map(str, arguments)],
            env=self.environ,
            capture_output=True,
            text=True,
            check=False,
            timeout=240,
        )
        assert done.returncode == code, (done.returncode, done.stdout[-2000:], done.stderr[-2000:])
        return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]

    def runs(self) -> list[Json]:
        """All runs of `digitise` that the server knows; none while it is away."""
        wanted = {"flows": {"name": {"any_": ["digitise"]}}}
        with contextlib.suppress(OSError, urllib.error.URLError):
            found = self.ask("flow_runs/filter", wanted)
            assert isinstance(found, list)
            return found
        return []

    def ask(self, path: str, document: Json | None = None) -> Any:
        """Ask the server; again while its database is busy, as its own clients do."""
        data = None if document is None else json.dumps(document).encode()
        request = urllib.request.Request(
            f"{self.api}/{path}", data=data, headers={"Content-Type": "application/json"}
        )
        return until(lambda: _answer(request), _BUSY_SECONDS, f"an answer to {path}")[0]

    def _healthy(self) -> bool:
        assert self.processes["server"].poll() is None, (self.folder / "server.log").read_text()
        with contextlib.suppress(OSError, urllib.error.URLError):
            return self.ask("health") is True
        return False


def _answer(request: urllib.request.Request) -> tuple[Any] | None:
    """What a server answers; None while it can write nothing and asks to be asked again (503)."""
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return (json.load(answer),)
    except urllib.error.HTTPError as refused:
        refused.close()
        if refused.code != HTTPStatus.SERVICE_UNAVAILABLE:
            raise
        return None


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def _below(root: int) -> list[int]:
    """Processes that a process started, and theirs, in order of age."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                stat = (entry / "stat").read_text().rpartition(")")[2].split()
                parents[int(entry.name)] = int(stat[1])
    found, waiting = [], [root]
    while waiting:
        parent = waiting.pop()
        children = sorted(pid for pid, above in parents.items() if above == parent)
        found += children
        waiting += children
    return sorted(found)


def _command(pid: int) -> bytes:
    with contextlib.suppress(OSError):
        return (Path("/proc") / str(pid) / "cmdline").read_bytes()
    return b""
