"""Every system and process of an office is killed once in mid-run; nobody lends a hand.

What a supervisor does in an office (start again what died) the test does, and nothing more.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from pydantic import SecretStr

from storage.records.claims import PostgresqlClaims
from tests.live.office import Json, Machine, paper, until
from tests.services import OwnServices

pytestmark = pytest.mark.timeout(900)

PAPER, PAGES = "C_KHAI_TU", 3
SYSTEMS = ("prefect", "minio", "elastic", "postgres", "pki")
_ARCHIVED_SECONDS = 300.0
"""From the kill on: noticed, requeued, started, done, while other tests use the machine too."""


@dataclass
class Office:
    """One desk, one host with a worker and a dispatcher, systems of their own."""

    systems: OwnServices
    environ: Mapping[str, str]
    desk: Machine
    host: Machine
    folder: Path
    worker: subprocess.Popen[bytes]
    codes: list[str] = field(default_factory=list)

    def at_work(self) -> str:
        """Hand a dossier in and wait until a run works on it; its code."""
        code = f"KILL-{len(self.codes) + 1}"
        lot = paper(self.folder, code, *[PAPER] * PAGES, seed=100 + len(self.codes))
        self.codes.append(code)
        (taken,) = self.desk.sohoa("ingest", lot, "--dossier", code, "--as", PAPER, "--queue")
        password = SecretStr(self.environ["SOHOA_DATABASE__PASSWORD"])
        claims = PostgresqlClaims(self.environ["SOHOA_DATABASE__URL"], password)
        until(lambda: claims.held(taken["batch_id"]), 120, f"a run works on {code}")
        return code

    def archived(self, code: str) -> Json:
        """What became of a dossier, without a hand."""
        return self.desk.archived(code, _ARCHIVED_SECONDS)


@pytest.fixture(scope="module")
def office(own_systems: OwnServices, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder = tmp_path_factory.mktemp("kills")
    environ = {**own_systems.start(), "SOHOA_FLOWS__REQUEUE_SECONDS": "5"}
    desk, host = Machine(folder / "desk", environ), Machine(folder / "host", environ)
    try:
        desk.deploy()
        host.dispatch()
        yield Office(own_systems, environ, desk, host, folder, host.work())
    finally:
        desk.stop()
        host.stop()


def test_a_killed_run_is_run_again(office: Office) -> None:
    code = office.at_work()
    processes = office.host.processes(runs_only=True)
    assert processes
    for process in processes:
        os.kill(process, signal.SIGKILL)
    assert office.archived(code)["error"] is None


def test_a_lost_host_is_noticed(office: Office) -> None:
    """Worker and run at once, as when a machine loses its power."""
    code = office.at_work()
    for process in (*office.host.processes(runs_only=True), office.worker.pid):
        os.kill(process, signal.SIGKILL)
    office.worker = office.host.work()
    assert office.archived(code)["error"] is None


def test_a_killed_worker_is_replaced(office: Office) -> None:
    code = office.at_work()
    office.worker.kill()
    office.worker = office.host.work()
    assert office.archived(code)["error"] is None


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_killed_system_comes_back(office: Office, system: str) -> None:
    code = office.at_work()
    office.systems.kill(system)
    threading.Event().wait(5)  # long enough that what is asked of it fails
    office.systems.start(system)
    assert office.archived(code)["error"] is None


def test_what_was_signed_without_a_timestamp_is_raised(office: Office) -> None:
    """The timestamp authority was down when the papers were signed."""
    office.systems.kill("pki")
    code = office.at_work()
    plain = office.archived(code)
    assert {c["signature"]["level"] for c in plain["components"]} == {"PAdES-B-B"}
    office.systems.start("pki")
    office.desk.run_deployment("augment/augment")

    def raised() -> bool:
        now = office.archived(code)
        return {c["signature"]["level"] for c in now["components"]} == {"PAdES-B-LTA"}

    until(raised, _ARCHIVED_SECONDS, f"{code} raised to B-LTA")


def test_everything_is_archived_once_and_agrees(office: Office) -> None:
    (report,) = office.desk.sohoa("audit")
    assert report["ok"], report["findings"]
    assert report["counts"]["batches"] == report["counts"]["dossiers"] == len(office.codes)
    for code in office.codes:
        (dossier,) = office.desk.sohoa("show", code)
        assert [c["code"] for c in dossier["components"]] == [PAPER]
        assert dossier["pages"]["kept"] == PAGES
        verdicts = {v["verdict"] for v in office.desk.sohoa("verify", code)}
        assert verdicts == {"VALID"}
