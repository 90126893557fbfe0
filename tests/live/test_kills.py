"""Every system and process of an office is killed once in mid-run; nobody lends a hand.

What a supervisor does in an office (start again what died) the test does, nothing more.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.live.office import Json, Machine, Systems, paper, systems, until

pytestmark = pytest.mark.timeout(900)

SYSTEMS = ("prefect", "minio", "elastic", "postgres", "pki")


@dataclass
class Killing:
    """An office at work."""

    systems: Systems
    desk: Machine
    host: Machine
    folder: Path
    worker: subprocess.Popen[bytes]
    count: int = 0

    def hand_in(self) -> str:
        """A dossier taken in and handed to the worker; its code."""
        self.count += 1
        code = f"KILL-{self.count}"
        lot = paper(self.folder, code, "C_KHAI_TU", "C_KHAI_TU", seed=100 + self.count)
        self.desk.sohoa("ingest", lot, "--dossier", code, "--queue", codes=(0, 5))
        return code

    def flow_processes(self) -> list[int]:
        """Process ids of flow runs under the worker."""
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                line = (entry / "cmdline").read_bytes()
                environ = (entry / "environ").read_bytes()
            except OSError:
                continue
            if b"PREFECT__FLOW_RUN_ID=" in environ and str(self.host.home).encode() in environ:
                if b"python" in line:
                    found.append(int(entry.name))
        return found

    def at_work(self) -> None:
        """Wait until a flow process has taken a batch up."""
        until(lambda: self.busy(), 90, "a run at work")

    def busy(self) -> bool:
        """A flow process reads pages."""
        return bool(self.flow_processes()) and any((self.host.home / "work").glob("claims/../stages/seen/*/*"))

    def start_worker(self) -> None:
        self.worker = self.host.work()


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Killing]:
    folder = tmp_path_factory.mktemp("kills")
    with systems(folder / "systems") as (made, environ):
        quick = {**environ, "SOHOA_FLOWS__REQUEUE_SECONDS": "5"}
        desk, host = Machine(folder / "desk", quick), Machine(folder / "host", quick)
        try:
            desk.deploy()
            host.dispatch()
            yield Killing(made, desk, host, folder, host.work())
        finally:
            desk.stop()
            host.stop()
