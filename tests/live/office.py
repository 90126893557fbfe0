"""Machines of an office for live tests: homes, workers, a dispatcher, on real systems.

Machines share nothing but the object store, PostgreSQL, Elasticsearch, Prefect and the keys' token.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.factory import make_person, render_component, write_batch
from benchmarks.factory.scanning import age
from deploy.local.state import LOOPBACK
from flows.host import Unwatched
from flows.services import Services
from pipeline.models.batch import BatchState, IngestTerms
from pipeline.models.components import SignatureLevel
from pipeline.settings import load_settings

Json = dict[str, Any]

ROOT = Path(__file__).parents[2]
_LOOPBACK_PORT = re.compile(re.escape(LOOPBACK) + r":(\d+)")
SOHOA = Path(sys.executable).with_name("sohoa")


def until(done: Callable[[], bool], seconds: float, what: str) -> None:
    """Ask again until it is so.

    Raises:
        AssertionError: it is not, after that many seconds.
    """
    pause, end = threading.Event(), time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, f"not within {seconds:.0f} s: {what}"
        pause.wait(0.25)


@dataclass
class Machine:
    """One machine of the office: a home, and Sohoa's processes on it."""

    home: Path
    systems: Mapping[str, str]
    """Variables that point at the office's systems."""
    inside: tuple[str, ...] = ()
    """Prefix of every command line, e.g. for a network namespace."""
    children: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def environ(self) -> dict[str, str]:
        """Variables of every process on this machine."""
        plain = {k: v for k, v in os.environ.items() if not k.startswith(("SOHOA_", "PREFECT_"))}
        return {
            **plain,
            **self.systems,
            "SOHOA_HOME": str(self.home),
            "PYTHONPATH": str(ROOT),
            "PREFECT_API_URL": self.systems["SOHOA_FLOWS__API_URL"],
            "PREFECT_API_AUTH_STRING": f"sohoa:{self.systems['SOHOA_FLOWS__PASSWORD']}",
        }

    def sohoa(self, *arguments: str | Path, codes: Sequence[int] = (0,)) -> list[Json]:
        """NDJSON of a command."""
        said = self._call(SOHOA, *arguments, "--json", codes=codes)
        return [json.loads(line) for line in said.splitlines() if line.startswith("{")]

    def get(self, code: str, component_id: str, target: Path) -> Path:
        """A component's file."""
        self._call(SOHOA, "get", code, component_id, "-o", target)
        return target

    def spawn(self, name: str, *command: str | Path) -> subprocess.Popen[bytes]:
        """A process that stays, with its log in the home, in a process group of its own."""
        self.home.mkdir(parents=True, exist_ok=True)
        with (self.home.parent / f"{self.home.name}-{name}.log").open("ab") as log:
            child = subprocess.Popen(
                [*self.inside, *map(str, command)],
                env=self.environ,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.children.append(child)
        return child

    def take_in(self, papers: Sequence[Path], terms: IngestTerms) -> tuple[str, ...]:
        """Many sources at once, as `ingest --queue` takes one; their batch ids."""
        batches = self.services.batches
        actor = self.services.actor()
        outcomes = [batches.take_in(one, terms, actor) for one in papers]
        return tuple(outcome.views[0].batch.batch_id for outcome in outcomes)

    def state(self, batch_id: str) -> BatchState:
        """What the records say of a batch."""
        return self.services.ports.records.batch(batch_id).state

    def levels(self) -> set[SignatureLevel]:
        """Of the newest revision of every component."""
        found = [c.current for c in self.services.ports.records.components()]
        return {r.signature.level for r in found if r is not None and r.signature is not None}

    @cached_property
    def services(self) -> Services:
        """The use cases of this machine's home, in this process."""
        return Services(load_settings(self.environ), Unwatched())

    def deploy(self) -> None:
        """Make pool, queues and deployments known to the Prefect server."""
        self._call(SOHOA, "flows", "deploy")

    def run_deployment(self, name: str) -> None:
        """What its schedule does: a new run of a deployment."""
        self._call(sys.executable, "-m", "prefect", "deployment", "run", name)

    def _call(self, *command: str | Path, codes: Sequence[int] = (0,)) -> str:
        """What a command prints."""
        done = subprocess.run(
            [*self.inside, *map(str, command)],
            env=self.environ,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert done.returncode in codes, (command, done.returncode, done.stderr[-3000:])
        assert "Traceback" not in done.stderr, done.stderr[-3000:]
        return done.stdout

    def work(self, *options: str) -> subprocess.Popen[bytes]:
        """A worker."""
        return self.spawn("work", SOHOA, "flows", "work", *(("--", *options) if options else ()))

    def forward(self, address: str) -> None:
        """The systems' ports of this machine's loopback lead to those of an address."""
        ports = sorted(
            {p for value in self.systems.values() for p in _LOOPBACK_PORT.findall(value)}
        )
        self.spawn(
            "forward", sys.executable, "-m", "deploy.local.forward", LOOPBACK, address, *ports
        )

    def dispatch(self) -> subprocess.Popen[bytes]:
        """A dispatcher."""
        return self.spawn("dispatch", SOHOA, "dispatch")

    def archived(self, dossier_code: str, seconds: float = 180) -> Json:
        """What `show` says of a dossier once it is ARCHIVED and findable."""
        seen: list[Json] = []

        def done() -> bool:
            seen[:] = self.sohoa("show", dossier_code, codes=(0, 4, 5, 7))
            assert "NEEDS_REVIEW" not in {one.get("state") for one in seen}, seen
            return {(one.get("state"), one.get("indexed")) for one in seen} == {("ARCHIVED", True)}

        until(done, seconds, f"{dossier_code} ARCHIVED and indexed")
        (found,) = seen
        return found

    def log(self, name: str) -> str:
        """What a process has logged so far."""
        path = self.home.parent / f"{self.home.name}-{name}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def processes(self, *, runs_only: bool = False) -> tuple[int, ...]:
        """Process ids of this machine: of all that has its home, or of the worker's runs.

        Prefect starts every run in a session of its own.
        """
        mark = f"SOHOA_HOME={self.home}".encode()
        found = []
        for entry in Path("/proc").iterdir():
            try:
                environ = (entry / "environ").read_bytes().split(b"\0")
            except OSError:  # gone, or no process
                continue
            is_run = any(v.startswith(b"PREFECT__FLOW_RUN_ID=") for v in environ)
            if mark in environ and (is_run or not runs_only):
                found.append(int(entry.name))
        return tuple(found)

    def stop(self) -> None:
        """End every process of this machine."""
        for process in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        for child in self.children:
            child.wait()
        if "services" in self.__dict__:
            self.services.ports.records.close()


def paper(folder: Path, name: str, *codes: str, seed: int) -> Path:
    """A scanned-looking PDF of components in order, all of one person."""
    rng = np.random.default_rng(seed)
    person = make_person(rng)
    images = [
        age(page.image, rng)
        for code in codes
        for page in render_component(code, person, rng, dpi=200)
    ]
    path = folder / f"{name}.pdf"
    write_batch(path, images, dpi=200)
    return path
