"""Batches through a real Prefect server: the same end as in the local chain, whatever is killed."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from app.progress import Silence
from benchmarks.factory import make_person, render_component, write_batch
from benchmarks.factory.scanning import age
from benchmarks.prefect_office import PrefectOffice, until
from flows.services import Services
from pipeline.run.steps import STEPS
from pipeline.settings import Settings

pytest.importorskip("prefect", reason="Prefect is not installed")
pytestmark = pytest.mark.timeout(600)

REQUEUE_SECONDS = 90.0
"""Goal: from a kill to a new run."""
DONE_SECONDS = 240.0


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrefectOffice]:
    """An office whose servers run; tests may kill them and must leave them running."""
    office = PrefectOffice(tmp_path_factory.mktemp("office"))
    try:
        office.start_server()
        office.sohoa("flows", "deploy")
        office.start_worker()
        office.start_dispatcher()
        yield office
    finally:
        office.stop()


def papers(folder: Path, seed: int, count: int) -> list[Path]:
    """Batches of two pages, each of another person."""
    found = []
    for number in range(count):
        rng = np.random.default_rng(1000 * seed + number)
        person = make_person(rng)
        images = [
            age(page.image, rng)
            for code in ("R_07B_HSB", "C_KHAI_TU")
            for page in render_component(code, person, rng, dpi=200)
        ]
        path = folder / f"lo-{seed}-{number}.pdf"
        write_batch(path, images, dpi=200)
        found.append(path)
    return found


def queue(office: PrefectOffice, sources: list[Path]) -> list[str]:
    """Take papers in; their batches."""
    taken = office.sohoa("ingest", *sources, "--queue", "--json")
    assert {(t["state"], t["error"]) for t in taken} <= {("PENDING", None)}
    return [t["batch_id"] for t in taken]


def all_archived_once(office: PrefectOffice, sources: list[Path]) -> None:
    """Every source ends as one archived dossier of two components, and nothing else is there."""
    records = Services(Settings(home=office.home), Silence()).ports.records
    names = {source.name for source in sources}

    def states() -> set[str]:
        found = {r.batch.source: r.state.value for r in records.batches()}
        return {found.get(name, "MISSING") for name in names}

    until(lambda: states() == {"ARCHIVED"}, DONE_SECONDS, "all is archived")
    for result in office.sohoa("ingest", *sources, "--json"):
        assert (result["state"], result["duplicate"]) == ("ARCHIVED", True)
        assert len(result["components"]) == 2
    assert office.sohoa("audit", "--json")[0]["ok"] is True


def requeued(office: PrefectOffice, before: set[str], since: float) -> None:
    """Somebody hands the work out anew, soon enough."""
    left = REQUEUE_SECONDS - (time.monotonic() - since)
    until(lambda: {r["id"] for r in office.runs()} - before, left, "a new run")


def test_papers_taken_in_are_walked_on_by_a_run(office: PrefectOffice, tmp_path: Path) -> None:
    sources = papers(tmp_path, 1, 2)
    batches = queue(office, sources)
    all_archived_once(office, sources)
    (run,) = [r for r in office.runs() if batches[0] in r["parameters"]["batch_ids"]]
    assert run["parameters"] == {"batch_ids": batches}
    until(lambda: office.ask(f"flow_runs/{run['id']}")["state"]["type"] == "COMPLETED", 30, "end")
    finished = office.ask(f"flow_runs/{run['id']}")
    assert finished["state"]["message"] == "ARCHIVED 2"
    assert finished["state"]["data"] is None
    tasks = office.ask("task_runs/filter", {"flow_runs": {"id": {"any_": [run["id"]]}}})
    names = {task["name"].rpartition("-")[0] for task in tasks}
    assert names == {step.name for step in STEPS}


def test_what_is_done_by_the_clock_has_its_next_run(office: PrefectOffice) -> None:
    wanted = {"flows": {"name": {"any_": ["audit", "augment"]}}}

    def planned() -> bool:
        runs = office.ask("flow_runs/filter", wanted)
        return {run["work_queue_name"] for run in runs} == {"upkeep"} and len(runs) >= 2

    until(planned, 60, "the next runs of audit and augment")


def test_what_looks_after_the_archive_says_codes_and_counts(office: PrefectOffice) -> None:
    started = {}
    for name in ("audit", "rebuild", "augment"):
        deployment = office.ask(f"deployments/name/{name}/{name}")["id"]
        started[name] = office.ask(f"deployments/{deployment}/create_flow_run", {})["id"]

    def ended() -> dict[str, str] | None:
        runs = {name: office.ask(f"flow_runs/{run}")["state"] for name, run in started.items()}
        if {state["type"] for state in runs.values()} != {"COMPLETED"}:
            return None
        return {name: state["message"] for name, state in runs.items()}

    said = until(ended, DONE_SECONDS, "audit, rebuild and augment complete")
    assert said["augment"] == "TSA_NOT_SET"
    assert said["audit"].startswith("components ") and said["rebuild"].startswith("documents ")


def test_a_killed_run_is_replaced(office: PrefectOffice, tmp_path: Path) -> None:
    sources = papers(tmp_path, 2, 2)
    batches = queue(office, sources)
    process = office.await_reading(batches)
    before = {r["id"] for r in office.runs()}
    os.kill(process, signal.SIGKILL)
    requeued(office, before, time.monotonic())
    all_archived_once(office, sources)


def test_a_lost_host_is_replaced(office: PrefectOffice, tmp_path: Path) -> None:
    sources = papers(tmp_path, 3, 2)
    batches = queue(office, sources)
    office.await_reading(batches)
    before = {r["id"] for r in office.runs()}
    office.kill("worker", family=True)
    killed = time.monotonic()
    requeued(office, before, killed)
    office.start_worker()
    all_archived_once(office, sources)


def test_a_server_that_loses_its_database_loses_no_work(
    office: PrefectOffice, tmp_path: Path
) -> None:
    sources = papers(tmp_path, 4, 2)
    batches = queue(office, sources[:1])
    office.await_reading(batches)
    office.kill("server", family=True)
    office.forget()
    late = office.sohoa("ingest", sources[1], "--queue", "--json")
    assert (late[0]["state"], late[0]["error"]) == ("PENDING", None)
    office.start_server()
    all_archived_once(office, sources)
