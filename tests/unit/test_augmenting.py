"""`casework.augmenting`: new revisions beside the old ones, whatever fails on the way."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from casework.audit import audit
from casework.augmenting import (
    AugmentReport,
    AugmentTools,
    CounterTools,
    Outcome,
    augment,
    countersign,
)
from pipeline.catalogue import load_catalogue
from pipeline.errors import ConfigError
from pipeline.models.actors import Actor, Role
from pipeline.models.components import SignatureLevel
from pipeline.models.records import ComponentRecord
from pipeline.ports.archive import ObjectStore
from pipeline.ports.runtime import Claims
from pipeline.settings import Settings, TsaSettings
from pipeline.workspace import Workspace
from storage.ledger_sealing import seal_finished_days
from storage.ledger_standing import ledger_state
from storage.rebuild import rebuild_records
from storage.records import SqlRecords
from tests.fakes.archived import START, Papers, archive_batch, start_batch
from tests.fakes.augmenters import (
    YEAR,
    AugmenterThatNeverSeals,
    AugmenterWithoutAuthority,
    CounterSigningAugmenter,
    PrependingAugmenter,
    SealingAugmenter,
)
from tests.fakes.claims import MemoryClaims
from tests.fakes.clocks import StillClock
from tests.fakes.databases import blank_records
from tests.fakes.stores import FaultyStore, MemoryStore

ARCHIVIST = Actor(id="luu.tru", role=Role.ARCHIVE_CENTRE, unit="DEV")
FIRST = Papers("first")
SECOND = Papers("second", dossier="DEV-261122-0001", at=START + dt.timedelta(hours=1))
KEPT = Papers("kept", pages=3, kept_file=True)


@dataclass
class Office:
    """An archive with a dossier of two batches (four signed papers), and one that came signed."""

    records: SqlRecords
    memory: MemoryStore
    workspace: Workspace
    clock: StillClock
    settings: Settings
    store: ObjectStore = field(init=False)
    augmenter: SealingAugmenter = field(default_factory=SealingAugmenter)
    claims: Claims = field(default_factory=MemoryClaims)

    def __post_init__(self) -> None:
        self.store = self.memory

    def augment(
        self, *codes: str, limit: int | None = None, tools: object | None = None
    ) -> AugmentReport:
        given = tools or SimpleNamespace(catalogue=load_catalogue(), progress=None, **vars(self))
        dossiers = [self.records.dossier(c) for c in codes] or self.records.dossiers()
        found = augment(
            cast(AugmentTools, given), ARCHIVIST, dossiers, limit=limit, every=bool(codes)
        )
        return AugmentReport(components=tuple(found))

    def countersign(self) -> AugmentReport:
        given = SimpleNamespace(
            catalogue=load_catalogue(),
            progress=None,
            counter_signer=CounterSigningAugmenter(),
            **vars(self),
        )
        found = countersign(cast(CounterTools, given), ARCHIVIST, self.records.dossiers())
        return AugmentReport(components=tuple(found))

    def signed(self) -> list[ComponentRecord]:
        return [c for c in self.records.components() if c.revisions[0].signature is not None]

    def levels(self) -> list[tuple[int, SignatureLevel]]:
        found = []
        for component in self.signed():
            current = component.current
            assert current is not None and current.signature is not None
            found.append((current.rev, current.signature.level))
        return found

    def audit(self) -> list[str]:
        everything = {c.component_id for c in self.records.components()}
        return [f.code for f in audit(self.records, self.memory, lambda: everything).findings]


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    clock = StillClock(START + dt.timedelta(hours=2))
    records, store = blank_records(tmp_path / "records.sqlite", clock), MemoryStore()
    for papers in (FIRST, SECOND, KEPT):
        archive_batch(records, store, papers)
    settings = Settings(home=tmp_path, tsa=TsaSettings(url="http://127.0.0.1:9/"))
    yield Office(records, store, Workspace(tmp_path / "work"), clock, settings)
    records.close()


LTA = SignatureLevel.B_LTA


def test_what_is_below_the_level_gets_a_new_revision(office: Office) -> None:
    before = {c.component_id: c for c in office.signed()}
    report = office.augment()
    assert report.raised == len(report.components) == 4
    assert set(report.exit_codes) == {0}
    assert office.levels() == [(1, LTA)] * 4
    for component in office.signed():
        old = before[component.component_id]
        assert (component.nn, component.digitisation_code, component.revisions[0]) == (
            old.nn,
            old.digitisation_code,
            old.revisions[0],
        )
        first, second = component.revisions
        assert second.object_key == first.object_key.replace(".0.", ".1.")
        with office.store.open(first.object_key, first.version_id) as stream:
            signed = stream.read()
        with office.store.open(second.object_key, second.version_id) as stream:
            assert stream.read().startswith(signed)
    assert [m.seq for m in office.records.manifests("DEV", "DEV-261122-0001")] == [1, 2, 3]
    assert {row.component_id for row in office.records.outbox()} >= set(before)
    assert office.audit() == []


def test_the_archive_signs_each_paper_once_as_a_new_revision(office: Office) -> None:
    report = office.countersign()
    assert [c.outcome for c in report.components] == [Outcome.COUNTERSIGNED] * 4
    for component in office.signed():
        first, second = component.revisions
        assert first.signature is not None and first.signature.counter is None
        assert second.signature is not None and second.signature.counter is not None
        with office.store.open(second.object_key, second.version_id) as stream:
            assert stream.read().endswith(b"%archive")
    assert office.countersign().components == () and office.audit() == []
    tomorrow = office.clock.now().date() + dt.timedelta(days=1)
    seal_finished_days(office.records, office.memory, tomorrow)
    anchored = ledger_state(office.records, office.memory)
    revisions = [r for c in office.signed() for r in c.revisions]
    assert {anchored(r.sha256) for r in revisions} == {"anchored"}

    after = blank_records(office.settings.home / "after.sqlite", office.clock)
    assert rebuild_records(office.memory, after, actor=ARCHIVIST, at=office.clock.now()).ok
    current = [c.current for c in after.components() if c.revisions[0].signature is not None]
    assert all(r is not None and r.signature is not None and r.signature.counter for r in current)
    after.close()


def test_files_that_came_signed_are_left_alone(office: Office) -> None:
    office.augment()
    (kept,) = [c for c in office.records.components() if c.revisions[0].found]
    assert len(kept.revisions) == 1


def test_a_second_run_finds_nothing_due(office: Office) -> None:
    office.augment()
    assert office.augment().components == ()
    assert office.augmenter.made == 4
    told = office.augment("DEV-261122-0001")
    assert {c.outcome for c in told.components} == {Outcome.CURRENT}
    assert len(office.records.manifests("DEV", "DEV-261122-0001")) == 3


def test_a_seal_that_soon_expires_is_renewed(office: Office) -> None:
    office.augment()
    office.clock.pass_(YEAR)
    assert office.augment().raised == 4
    assert office.levels() == [(2, LTA)] * 4
    assert [c.sealed_until for c in office.augment("DEV-261122-0001").components] == [
        START + 2 * YEAR
    ] * 4
    assert office.audit() == []


def test_no_more_than_asked_for(office: Office) -> None:
    assert office.augment(limit=3).raised == 3
    assert sorted(office.levels())[:2] == [(0, SignatureLevel.B_B), (1, LTA)]
    assert office.augment(limit=3).raised == 1


def test_without_an_authority_nothing_changes(office: Office) -> None:
    office.augmenter = AugmenterWithoutAuthority()
    before = office.records.components()
    report = office.augment()
    assert report.retryable and set(report.exit_codes) == {5}
    assert office.augmenter.made == 3, "three failures in a row: the rest is left"
    assert office.records.components() == before
    assert len(office.records.manifests("DEV", "DEV-261122-0001")) == 2
    assert office.audit() == []


def test_without_an_authority_in_the_settings_it_is_refused(office: Office) -> None:
    office.settings = office.settings.model_copy(update={"tsa": TsaSettings()})
    with pytest.raises(ConfigError) as refused:
        office.augment()
    assert refused.value.code == "TSA_NOT_SET"


def test_a_seal_that_cannot_be_prolonged_holds_up_nobody_else(office: Office) -> None:
    office.augmenter = AugmenterThatNeverSeals()
    assert len(office.augment().components) == 4


@pytest.mark.parametrize(
    ("augmenter", "code", "exit_code"),
    [
        (PrependingAugmenter(), "SIGNATURE_INVALID", 6),
        (AugmenterThatNeverSeals(), "SEAL_NOT_PROLONGED", 5),
    ],
)
def test_what_does_not_raise_is_not_published(
    office: Office, augmenter: SealingAugmenter, code: str, exit_code: int
) -> None:
    office.augmenter = augmenter
    report = office.augment("DEV-261122-0001")
    assert {c.problem.code for c in report.components if c.problem} == {code}
    assert set(report.exit_codes) == {exit_code}
    assert office.levels() == [(0, SignatureLevel.B_B)] * 4


def test_bytes_that_changed_in_the_archive_are_not_sealed(office: Office) -> None:
    rotten = office.signed()[0]
    office.memory.rot(rotten.revisions[0].object_key)
    report = office.augment()
    failed = [c for c in report.components if c.outcome is Outcome.FAILED]
    assert [(c.component_id, c.problem and c.problem.code) for c in failed] == [
        (rotten.component_id, "CHECKSUM_MISMATCH")
    ]
    assert report.raised == 3


def test_a_batch_in_work_is_left_alone(office: Office) -> None:
    unfinished = start_batch(office.records, office.memory, Papers("unfinished", at=START))
    assert office.augment().raised == 4
    assert all(
        len(c.revisions) == 1 for c in office.records.components(batch_id=unfinished.batch_id)
    )


# -- faults and other runs ------------------------------------------------------------------


@pytest.mark.parametrize("puts", range(1, 6))
def test_an_archive_that_fails_after_a_put_is_caught_up_with(office: Office, puts: int) -> None:
    """The fifth put is the manifest's."""
    store = FaultyStore(office.memory)
    office.store = store
    before = len(store.puts)

    def fail(key: str) -> None:
        store.fail_after_put = int(len(store.puts) - before == puts - 1)

    original = store.put

    def put(key: str, *args: Any, **options: Any) -> Any:
        fail(key)
        return original(key, *args, **options)

    store.put = put  # type: ignore[method-assign]
    report = office.augment()
    assert report.retryable and 5 in report.exit_codes
    assert set(office.audit()) <= {"UNFINISHED_REVISION"}
    store.put = original  # type: ignore[method-assign]
    office.augment()
    assert office.levels() == [(1, LTA)] * 4
    assert office.audit() == []


def test_an_archive_that_is_down_ends_the_run(office: Office) -> None:
    office.store = FaultyStore(office.memory, down=True)
    report = office.augment()
    assert set(report.exit_codes) == {5}
    assert office.augmenter.made == 0
    office.store = office.memory
    assert office.augment().raised == 4


def committed_only(office: Office) -> None:
    """A run that dies after the first revision is committed and before it is put."""
    store = FaultyStore(office.memory, full=True)
    office.store = store
    report = office.augment()
    assert 5 in report.exit_codes
    office.store = office.memory


def test_committed_bytes_are_put_by_the_next_run(office: Office) -> None:
    committed_only(office)
    (waiting,) = [c for c in office.signed() if c.unfinished]
    assert waiting.current == waiting.revisions[0]
    assert office.records.unanswered() == {waiting.unfinished[0].sha256}
    assert office.audit() == ["UNFINISHED_REVISION"]
    assert office.augment().raised == 4
    now = office.records.component(waiting.component_id)
    assert now.current is not None and now.current.sha256 == waiting.unfinished[0].sha256
    assert office.records.unanswered() == frozenset()
    assert office.audit() == []


def test_lost_bytes_leave_a_gap(office: Office) -> None:
    committed_only(office)
    (waiting,) = [c for c in office.signed() if c.unfinished]
    office.workspace.erase(waiting.unfinished[0].sha256)
    office.augment()
    assert sorted(office.levels()) == [(1, LTA)] * 3 + [(2, LTA)]
    assert office.audit() == []
    assert office.augment().components == ()


def test_a_put_whose_answer_was_lost_with_the_bytes_is_adopted(office: Office) -> None:
    store = FaultyStore(office.memory, fail_after_put=1)
    office.store = store
    office.augment()
    (waiting,) = [c for c in office.signed() if c.unfinished]
    office.workspace.erase(waiting.unfinished[0].sha256)
    office.store = office.memory
    office.augment()
    assert office.levels() == [(1, LTA)] * 4
    assert office.audit() == []


def test_a_lost_manifest_is_written_anew(office: Office) -> None:
    class Full(FaultyStore):
        def put(self, key: str, *args: Any, **options: Any) -> Any:
            self.full = "/manifest/" in key
            return super().put(key, *args, **options)

    office.store = Full(office.memory)
    office.augment()
    assert office.audit() == ["UNFINISHED_REVISION"]
    (owed,) = office.records.unanswered()
    office.workspace.erase(owed)
    office.store = office.memory
    office.augment()
    assert office.audit() == []
    assert [
        (m.seq, m.version_id is not None)
        for m in office.records.manifests("DEV", "DEV-261122-0001")
    ] == [(1, True), (2, True), (3, False), (4, True)]


def test_another_batch_may_overtake_a_manifest_that_waits(office: Office) -> None:
    committed_only(office)
    archive_batch(
        office.records, office.memory, Papers("third", dossier="DEV-261122-0001", at=START)
    )
    office.augment()
    assert office.levels() == [(1, LTA)] * 6
    assert office.audit() == []


def meanwhile(office: Office, act: Callable[[], object]) -> SealingAugmenter:
    """An augmenter that lets something happen before its first seal."""

    class Interrupted(SealingAugmenter):
        def augment(self, pdf: Path, info: Any) -> Any:
            if self.made == 0:
                self.made = 1
                act()
            return super().augment(pdf, info)

    return Interrupted()


def test_of_two_runs_the_first_wins(office: Office) -> None:
    other = Office(office.records, office.memory, office.workspace, office.clock, office.settings)
    other.augmenter = SealingAugmenter(now=START + dt.timedelta(hours=5))
    office.augmenter = meanwhile(office, other.augment)
    report = office.augment()
    assert report.components == ()
    assert office.levels() == [(1, LTA)] * 4
    assert len(office.records.manifests("DEV", "DEV-261122-0001")) == 3
    assert office.audit() == []


# -- afterwards -----------------------------------------------------------------------------


def test_all_revisions_come_back_with_the_records(office: Office, tmp_path: Path) -> None:
    office.augment()
    office.clock.pass_(YEAR)
    office.augment()
    tomorrow = office.clock.now().date() + dt.timedelta(days=1)
    seal_finished_days(office.records, office.memory, tomorrow)
    after = blank_records(tmp_path / "after.sqlite", office.clock)
    assert rebuild_records(office.memory, after, actor=ARCHIVIST, at=office.clock.now()).ok
    assert after.components() == office.records.components()
    assert after.manifests("DEV", "DEV-261122-0001") == office.records.manifests(
        "DEV", "DEV-261122-0001"
    )
    anchored = ledger_state(after, office.memory)
    assert {anchored(r.sha256) for c in after.components() for r in c.revisions} == {"anchored"}
    office.records.close()
    office.records = after
    assert office.audit() == []
    office.clock.pass_(YEAR)
    assert office.augment().raised == 4
    assert office.audit() == []


def test_a_key_that_records_have_forgotten_is_left_as_it_is(office: Office, tmp_path: Path) -> None:
    """Put, and then the database was lost before any manifest told of it."""
    store = FaultyStore(office.memory, fail_after_put=1)
    office.store = store
    office.augment()
    after = blank_records(tmp_path / "after.sqlite", office.clock)
    rebuild_records(office.memory, after, actor=ARCHIVIST, at=office.clock.now())
    office.records.close()
    office.records, office.store = after, office.memory
    office.augmenter = SealingAugmenter(now=START + dt.timedelta(days=1))
    office.augment()
    assert sorted(office.levels()) == [(1, LTA)] * 3 + [(2, LTA)]
    office.records.close()
