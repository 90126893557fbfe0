"""Signatures that were archived at B-B, raised later; with authorities that answer over HTTP."""

from __future__ import annotations

import datetime as dt
import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from app.progress import Silence
from benchmarks.crash import Bench, Replayer, make_bench
from flows.services import Services
from pipeline.models.batch import BatchState, IngestTerms
from pipeline.models.components import SignatureLevel
from pipeline.settings import Settings, SigningSettings, TsaSettings
from pipeline.signatures import Signing, build_judge
from pipeline.signatures.judging import PdfSignatureJudge
from pipeline.signatures.verdicts import Outcome, Reason
from pipeline.stages.archiving import canonical
from search.query import Query
from tests.fakes.certificates import TODAY
from tests.fakes.clocks import StillClock
from tests.fakes.outside import Device
from tests.fakes.pki import Pki

CLOSED = "http://127.0.0.1:9/"


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return make_bench(tmp_path_factory.mktemp("bench"))


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pki]:
    made = Pki(tmp_path_factory.mktemp("pki"))
    yield made
    made.close()


Open = Callable[..., Services]


@pytest.fixture
def office(bench: Bench, pki: Pki, tmp_path: Path) -> Iterator[Open]:
    """Opens the home with some authority, at the time of the authorities."""
    opened: list[Services] = []

    def at(tsa: str, **signing: Any) -> Services:
        chosen = SigningSettings(trust=(pki.pem("root"),), **signing)
        settings = Settings(
            home=tmp_path / "home",
            ocr=bench.settings(tmp_path).ocr,
            signing=chosen,
            tsa=TsaSettings(url=tsa),
        )
        services = Services(settings, Silence())
        clock = StillClock(TODAY)

        def judge(further: Sequence[Path], *, deep: bool = False) -> PdfSignatureJudge:
            return build_judge(settings, further, clock.now, deep=deep)

        services.ports.clock = clock
        services.ports.judge_trusting = judge  # type: ignore[method-assign]
        services.ports.__dict__["engine"] = Replayer(bench.memory)
        services.ports.__dict__["signing"] = Signing(settings, clock.now)
        opened.append(services)
        return services

    yield at
    for services in opened:
        services.ports.signing.close()
        services.ports.records.close()


def down(environ: Any, start: Callable[..., Any], app: Any) -> Iterable[bytes]:
    start("503 Service Unavailable", [("Content-Length", "0")])
    return []


def levels(services: Services) -> set[tuple[int, SignatureLevel]]:
    found = set()
    for component in services.ports.records.components():
        current = component.current
        assert current is not None and current.signature is not None
        found.add((current.rev, current.signature.level))
    return found


def test_what_was_archived_while_the_authority_was_down_is_raised_later(
    bench: Bench, pki: Pki, office: Open, tmp_path: Path
) -> None:
    services = office(pki.tsa(), pkcs12=pki.pkcs12("p256"), pkcs12_officer="dev")
    pki.fail(tsa=down)
    (view,) = services.batches.ingest(bench.source, IngestTerms(), services.actor()).views
    assert view.state is BatchState.ARCHIVED
    assert levels(services) == {(0, SignatureLevel.B_B)}
    report = services.augment(services.actor())
    assert (set(report.exit_codes), report.retryable) == ({5}, True)
    assert levels(services) == {(0, SignatureLevel.B_B)}

    pki.fail()
    report = services.augment(services.actor())
    assert (report.raised, set(report.exit_codes)) == (2, {0})
    assert levels(services) == {(1, SignatureLevel.B_LTA)}
    assert services.augment(services.actor()).components == ()
    code = services.ports.records.components()[0].dossier_code
    for verdict in services.verify(code, (), services.actor()):
        assert (verdict.verdict, verdict.level, verdict.rev, verdict.ledger) == (
            Outcome.VALID,
            SignatureLevel.B_LTA,
            1,
            "anchored",
        )
        assert verdict.stamp_top_left
    for component in services.ports.records.components():
        first, second = component.revisions
        sha256, stream = services.get(code, component.component_id, services.actor())
        with stream:
            assert (sha256, len(stream.read())) == (second.sha256, second.size)
        earlier = tmp_path / "earlier.pdf"
        with services.ports.store.open(first.object_key, first.version_id) as stream:
            earlier.write_bytes(stream.read())
        (verdict,) = services.verify(str(earlier), (), services.actor())
        assert (verdict.verdict, verdict.rev) == (Outcome.VALID, 0)
        assert Reason.SUPERSEDED_REVISION in verdict.reasons
    (shown,) = services.show(code, services.actor())
    assert {c.revision.rev for c in shown.components if c.revision} == {1}
    assert services.audit().ok


def answers(services: Services) -> dict[str, Any]:
    """What people are told of everything that is archived."""
    actor = services.actor()
    told: dict[str, Any] = {}
    components = services.ports.records.components()
    for code in {c.dossier_code for c in components}:
        told[f"verify {code}"] = services.verify(code, (), actor)
        told[f"show {code}"] = [
            (v.state, v.dossier, v.counts, v.components, v.physical, v.waived)
            for v in services.show(code, actor)
        ]
        hits = services.search(Query(text=code), actor).hits
        told[f"search {code}"] = sorted(hits, key=lambda hit: hit.component_id)
    for component in components:
        told[component.component_id] = (
            component.revisions,
            services.text(component.dossier_code, component.component_id, actor),
        )
    return told


def test_after_a_rebuild_raised_files_give_the_same_answers(
    bench: Bench, pki: Pki, office: Open
) -> None:
    tomorrow = StillClock(TODAY + dt.timedelta(days=1))
    services = office(pki.tsa(), pkcs12=pki.pkcs12("p256"), pkcs12_officer="dev")
    pki.fail(tsa=down)
    services.batches.ingest(bench.source, IngestTerms(), services.actor())
    pki.fail()
    services.augment(services.actor())
    assert levels(services) == {(1, SignatureLevel.B_LTA)}
    services.ports.clock = tomorrow  # which seals today's events: later ones are the backup's
    assert services.audit().ok
    before, home = answers(services), services.ports.home
    assert all(before.values())
    services.ports.records.close()
    for file in (*home.glob("records.sqlite*"), *home.glob("index.sqlite*")):
        file.unlink()

    services = office(pki.tsa(), pkcs12=pki.pkcs12("p256"), pkcs12_officer="dev")
    services.ports.clock = tomorrow
    assert services.rebuild_records(services.actor()).ok
    services.rebuild_index()
    assert answers(services) == before
    assert services.augment(services.actor()).components == ()
    assert services.audit().ok


def test_a_seal_is_renewed_by_an_authority_that_lasts_longer(
    bench: Bench, pki: Pki, office: Open
) -> None:
    key = {"pkcs12": pki.pkcs12("p256"), "pkcs12_officer": "dev"}
    fading = office(pki.tsa("fading-tsa"), **key)
    fading.batches.ingest(bench.source, IngestTerms(), fading.actor())
    assert levels(fading) == {(0, SignatureLevel.B_LTA)}
    assert fading.augment(fading.actor()).raised == 0, (
        "this authority has nothing that lasts longer"
    )
    assert levels(fading) == {(0, SignatureLevel.B_LTA)}
    fading.ports.records.close()

    lasting = office(pki.tsa(), **key)
    report = lasting.augment(lasting.actor())
    assert report.raised == 2
    soon = TODAY + dt.timedelta(days=365)
    assert all(c.sealed_until and c.sealed_until > soon for c in report.components)
    code = lasting.ports.records.components()[0].dossier_code
    verdicts = lasting.verify(code, (), lasting.actor())
    assert {(v.verdict, v.level, v.rev) for v in verdicts} == {
        (Outcome.VALID, SignatureLevel.B_LTA, 1)
    }
    assert lasting.audit().ok


def test_a_signature_from_outside_is_sealed_too(
    bench: Bench, pki: Pki, office: Open, tmp_path: Path
) -> None:
    device = Device(pki.pkcs12("rsa2048"))
    services = office(pki.tsa(), officers={"huyen": (device.fingerprint,)})
    actor = services.actor("huyen")
    (view,) = services.batches.ingest(bench.source, IngestTerms(), actor).views
    assert view.state is BatchState.AWAITING_SIGNATURE
    pem = device.write_certificates(tmp_path / "officer.pem")
    outcome = None
    for one in services.outside.export(view.batch.batch_id, pem, actor):
        request = json.load(io.BytesIO(canonical(one.request)))
        file = tmp_path / "answer.json"
        file.write_text(json.dumps(device.answer(request)))
        outcome = services.outside.take_in(file, actor).outcome
    assert outcome is not None
    assert outcome.views[0].state is BatchState.ARCHIVED
    assert levels(services) == {(0, SignatureLevel.B_LTA)}
    code = services.ports.records.components()[0].dossier_code
    assert {v.verdict for v in services.verify(code, (), actor)} == {Outcome.VALID}
    assert services.audit().ok
