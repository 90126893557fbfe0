"""The ledger tells of every write and every read of personal data, and seals are stamped."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.progress import Silence
from benchmarks.crash import Bench, Replayer, make_bench
from flows.services import Services
from pipeline.errors import ArchiveUnavailable
from pipeline.models.actors import Actor, Role
from pipeline.models.batch import IngestTerms
from pipeline.models.events import Event
from pipeline.models.review import ReviewKind
from pipeline.settings import SigningSettings, TsaSettings
from search.query import Query
from tests.fakes.clocks import StillClock
from tests.fakes.pki import Pki

READER = Actor(id="reader", role=Role.CASE_OFFICER, unit="DEV")

Use = Callable[[Services, str, str, Path], object]
READS: dict[str, Use] = {
    "index.searched": lambda s, *_: s.search(Query(text="nguyen"), READER),
    "dossier.read": lambda s, code, *_: s.show(code, READER),
    "component.read": lambda s, code, one, _: s.get(code, one, READER)[1].close(),
    "text.read": lambda s, code, one, _: s.text(code, one, READER),
    "dossier.verified": lambda s, code, *_: s.verify(code, (), READER),
    "file.verified": lambda s, code, one, file: s.verify(str(file), (), READER),
    "reviews.listed": lambda s, *_: s.reviews(READER),
    "review.read": lambda s, *_: s.review(_question(s), READER),
    "batch.read": lambda s, code, one, file: s.batches.ingest(file, IngestTerms(), READER),
}
"""By the event that tells of it."""

NOTHING_PERSONAL = {
    "actor",
    "slip",
    "rebuild_index",
    "rebuild_records",
    "audit",
    "certificate_endings",
    "holds",
}
"""Use cases that show nothing of a paper: counts, codes, reasons and keys."""
TOLD_BY_WRITES = {
    "copy",
    "augment",
    "augmenting",
    "countersigning",
    "transfer",
    "place_hold",
    "lift_hold",
    "waive",
    "link_true_copy",
    "propose_destruction",
    "withdraw_destruction",
    "approve_destruction",
    "destroy",
}
"""Use cases whose writes are told of (`component.augmented`, `dossier.transferred` …)."""


def _question(services: Services) -> str:
    asked = services.ports.records.reviews(open_only=False)
    return next(r.item.review_id for r in asked if r.item.kind is ReviewKind.FIELD)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return make_bench(tmp_path_factory.mktemp("bench"))


@pytest.fixture(scope="module")
def services(bench: Bench, tmp_path_factory: pytest.TempPathFactory) -> Services:
    services = bench.services(tmp_path_factory.mktemp("events") / "home")
    services.batches.ingest(bench.source, IngestTerms(), services.actor())
    return services


def events(services: Services) -> list[Event]:
    services.ports.records.chain_events()
    return [link.event for link in services.ports.records.ledger()]


def place(services: Services) -> tuple[str, str]:
    component = services.ports.records.components()[0]
    return component.dossier_code, component.component_id


def test_every_write_of_a_batch_is_told(services: Services) -> None:
    told = events(services)
    actions = {event.action for event in told}
    assert actions >= {
        "batch.received",
        "component.signed",
        "batch.sources_stored",
        "component.archived",
        "manifest.written",
        "batch.archived",
    }
    records = services.ports.records
    hashes = {sha256 for event in told for sha256 in event.hashes.values()}
    for component in records.components():
        assert component.sidecar_sha256 in hashes
        assert {r.sha256 for r in component.revisions} <= hashes
    dossier = records.dossiers()
    for one in dossier:
        assert {m.sha256 for m in records.manifests(one.unit, one.code)} <= hashes


@pytest.mark.parametrize("action", READS)
def test_every_read_is_told_with_who_reads(services: Services, bench: Bench, action: str) -> None:
    before = len(events(services))
    READS[action](services, *place(services), bench.source)
    told = [event for event in events(services)[before:] if event.action == action]
    assert [event.actor for event in told] == [READER]


@pytest.mark.parametrize("action", READS)
def test_nothing_is_shown_that_could_not_be_told(
    services: Services, bench: Bench, action: str
) -> None:
    class Full:
        """Records that take no event."""

        def __getattr__(self, name: str) -> object:
            return getattr(kept, name)

        def append(self, events: object) -> None:
            raise ArchiveUnavailable("RECORDS_READ_ONLY")

    kept = services.ports.records
    where = place(services)
    own = Services(services.settings, Silence())
    own.ports.__dict__.update(records=Full(), engine=Replayer(bench.memory))
    with pytest.raises(ArchiveUnavailable):
        READS[action](own, *where, bench.source)


def test_every_use_case_is_thought_of() -> None:
    """A new one is told of in the ledger, or stands here with its reason."""
    known = NOTHING_PERSONAL | TOLD_BY_WRITES
    known |= {"search", "show", "get", "text", "verify", "reviews", "review"}
    found = {name for name, what in vars(Services).items() if callable(what) and name[0] != "_"}
    assert found == known


def test_events_hold_no_names_and_no_values(services: Services) -> None:
    code, component_id = place(services)
    (view, *_) = services.show(code, READER)
    values = {
        field.value.casefold()
        for component in view.components
        for field in component.fields
        if field.value and len(field.value) > 5
    }
    assert values
    told = "\n".join(event.model_dump_json() for event in events(services)).casefold()
    assert not {value for value in values if value in told}
    assert component_id in told


# -- timestamps ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pki]:
    made = Pki(tmp_path_factory.mktemp("pki"))
    yield made
    made.close()


def test_an_authority_that_is_down_is_asked_again_by_the_audit(
    bench: Bench, pki: Pki, tmp_path: Path
) -> None:
    def down(environ: object, start: Callable[..., object], app: object) -> list[bytes]:
        start("503 Service Unavailable", [])
        return [b""]

    settings = bench.settings(tmp_path / "home").model_copy(
        update={
            "tsa": TsaSettings(url=pki.tsa()),
            "signing": SigningSettings(level="B-B", trust=(pki.pem("root"),)),
        }
    )
    services = Services(settings, Silence())
    clock = StillClock(dt.datetime(2026, 11, 22, 3, 0, tzinfo=dt.UTC))
    services.ports.clock = clock
    pki.fail(tsa=down)
    services.search(Query(text="x"), READER)
    clock.pass_(dt.timedelta(days=1))
    services.batches.settle()
    ledger = tmp_path / "home" / "archive" / "ledger"
    assert sorted(path.name for path in ledger.iterdir()) == [
        "2026-11-22.events.json",
        "2026-11-22.json",
    ]
    report = services.audit()
    assert [(f.code, f.subjects) for f in report.findings] == [
        ("LEDGER_STAMP_DUE", {"day": "2026-11-22"})
    ]
    pki.fail()
    report = services.audit()
    assert report.findings == ()
    assert (report.counts.sealed_days, report.counts.stamped_days) == (1, 1)
    assert (ledger / "2026-11-22.tsr").exists()
    clock.pass_(dt.timedelta(days=1))
    services.search(Query(text="x"), READER)
    clock.pass_(dt.timedelta(days=1))
    services.batches.settle()
    assert (ledger / "2026-11-24.tsr").exists()
