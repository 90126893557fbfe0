"""Papers taken in for a run elsewhere: safe and registered, and walked on to the same end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.progress import Silence
from benchmarks.factory import make_person, render_component, write_batch
from benchmarks.factory.scanning import age
from flows.services import Services
from pipeline.errors import ArchiveUnavailable, CertificateRejected, SohoaError
from pipeline.models.batch import BatchState, IngestTerms
from pipeline.run.steps import STEPS, Step, here
from pipeline.run.work import Work
from pipeline.settings import Settings

NOBODY = "http://127.0.0.1:9/api"
Sohoa = Callable[..., tuple[int, list[dict[str, Any]], str]]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng = np.random.default_rng(5)
    (page,) = render_component("C_KHAI_TU", make_person(rng), rng, dpi=150)
    path = tmp_path_factory.mktemp("papers") / "lo.pdf"
    write_batch(path, [age(page.image, rng)], dpi=150)
    return path


@pytest.fixture
def services(tmp_path: Path) -> Services:
    return Services(Settings(home=tmp_path / "home"), Silence())


def take_in(services: Services, source: Path, **how: bool) -> tuple[str, BatchState]:
    (view,) = services.batches.take_in(source, IngestTerms(), services.actor(), **how).views
    return view.batch.batch_id, view.state


def test_a_runner_sees_every_step_and_the_end_is_the_same(services: Services, source: Path) -> None:
    batch_id, state = take_in(services, source)
    assert state is BatchState.PENDING
    seen: list[str] = []

    def runner(step: Step, work: Work) -> bool | None:
        seen.append(step.name)
        if step.by_page is None:
            return here(step, work)
        for page in step.by_page.todo(work):
            step.by_page.act(work, page)
        assert not step.by_page.todo(work)
        return None

    assert services.batches.walk(batch_id, runner) is BatchState.ARCHIVED
    assert seen == [step.name for step in STEPS]
    assert services.audit().ok


@pytest.mark.parametrize("error", [ArchiveUnavailable(), CertificateRejected()])
def test_what_stopped_a_batch_is_kept_until_it_is_wanted_again(
    services: Services, source: Path, error: SohoaError
) -> None:
    batch_id, _ = take_in(services, source)

    def failing(step: Step, work: Work) -> bool | None:
        raise error

    assert services.batches.walk(batch_id, failing) is BatchState.PENDING
    problem = services.ports.records.batch(batch_id).problem
    assert problem is not None
    assert (problem.code, problem.retryable) == (error.code, error.retryable)
    take_in(services, source)
    assert services.ports.records.batch(batch_id).problem == problem
    assert take_in(services, source, again=True) == (batch_id, BatchState.PENDING)
    assert services.ports.records.batch(batch_id).problem is None


def test_a_batch_that_somebody_works_on_is_not_disturbed(services: Services, source: Path) -> None:
    batch_id, _ = take_in(services, source)
    services.batches.note_lost(batch_id)
    with services.ports.claims.claim(batch_id):
        services.batches.release(batch_id)
    problem = services.ports.records.batch(batch_id).problem
    assert problem is not None and problem.code == "RUN_LOST"


def test_who_has_lost_a_batch_says_nothing_of_it(services: Services, source: Path) -> None:
    batch_id, _ = take_in(services, source)

    def losing(step: Step, work: Work) -> bool | None:
        (services.ports.home / "work" / "claims" / batch_id).unlink()
        return here(step, work)

    with pytest.raises(ArchiveUnavailable, match="CLAIM_LOST"):
        services.batches.walk(batch_id, losing)
    record = services.ports.records.batch(batch_id)
    assert (record.state, record.problem) == (BatchState.PENDING, None)


@pytest.fixture
def sohoa(tmp_path: Path) -> Sohoa:
    plain = {k: v for k, v in os.environ.items() if not k.startswith(("SOHOA_", "PREFECT_"))}

    def run(*arguments: str | Path, **extra: str) -> tuple[int, list[dict[str, Any]], str]:
        done = subprocess.run(
            [sys.executable, "-m", "app", *map(str, arguments)],
            env={**plain, "SOHOA_HOME": str(tmp_path / "home"), **extra},
            capture_output=True,
            text=True,
            check=False,
        )
        assert "Traceback" not in done.stderr
        return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr

    return run


def test_papers_are_safe_while_the_server_is_away(sohoa: Sohoa, source: Path) -> None:
    address = {"SOHOA_FLOWS__API_URL": NOBODY, "SOHOA_LANGUAGE": "en"}
    code, (taken,), told = sohoa("ingest", source, "--queue", "--json", **address)
    assert (code, taken["state"], taken["error"]) == (0, "PENDING", None)
    assert "sohoa dispatch" in told
    code, (done,), _ = sohoa("ingest", "--resume", "--json")
    assert (code, done["batch_id"], done["state"]) == (0, taken["batch_id"], "ARCHIVED")


@pytest.mark.parametrize("command", [("ingest", "--queue"), ("dispatch",), ("flows", "deploy")])
def test_without_a_server_in_the_settings_the_reason_is_said(
    sohoa: Sohoa, source: Path, command: tuple[str, ...]
) -> None:
    code, said, told = sohoa(*command, *((source,) if command[0] == "ingest" else ()))
    assert (code, said) == (2, [])
    assert "flows.api_url" in told
