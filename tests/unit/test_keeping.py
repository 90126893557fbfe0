"""Terms, holds, waivers, true copies, destruction: what is promised is kept."""

from __future__ import annotations

import contextlib
import datetime as dt
import io
import json
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import pytest

from casework.audit import AuditReport, audit
from casework.custody.canary import try_locks
from casework.custody.damage import State
from casework.custody.expected import expected_of
from casework.custody.fixity import check_fixity
from casework.custody.known import known_in
from casework.custody.pace import Pacer
from casework.custody.repair import Repairer
from casework.destruction import Destruction, approve, carry_out, propose, withdraw
from casework.keeping import lift_hold, link_true_copy, place_hold, waive
from casework.retention import LONG_LOCK
from pipeline.errors import (
    ArchiveUnavailable,
    AuthError,
    ConfigError,
    NotFound,
    SohoaError,
    WorkflowError,
)
from pipeline.models.actors import Actor, Role
from pipeline.models.batch import BatchState, DossierStage
from pipeline.models.events import ChainedEvent
from pipeline.models.files import FileRef
from pipeline.models.keeping import Keeping
from pipeline.models.manifest import DestructionCertificate, Inventory
from pipeline.models.records import ComponentRecord, DossierRecord
from pipeline.ports.archive import ObjectStore
from pipeline.ports.custody import Attempt
from pipeline.ports.records import DossierWish
from pipeline.run import manifests
from pipeline.run.work import Tools
from pipeline.stages.archiving import newest_manifest
from storage.folder_store import FolderStore
from storage.ledger_sealing import seal_finished_days
from storage.rebuild import rebuild_records
from tests.fakes.archived import ACTOR, START, Papers, archive_batch, start_batch
from tests.fakes.databases import blank_records
from tests.fakes.keeping import (
    APPROVER,
    ARCHIVIST,
    OFFICER,
    KeepingOffice,
    keeping_office,
    rules,
)
from tests.fakes.probes import MemoryProbe
from tests.fakes.stores import FaultyStore

CODE = "DEV-261122-0001"
DAY = dt.timedelta(days=1)
SHORT = dt.timedelta(days=30)
OVER = dt.datetime(2037, 1, 1, 1, tzinfo=dt.UTC)
"""After ten whole years."""


@pytest.fixture
def office(tmp_path: Path) -> Iterator[KeepingOffice]:
    made = keeping_office(tmp_path)
    archive_batch(made.records, made.memory, Papers("first"))
    yield made
    made.records.close()


def audited(office: KeepingOffice) -> AuditReport:
    gone = {d.code for d in office.records.dossiers() if d.keeping.gone}
    found = {c.component_id for c in office.records.components() if c.dossier_code not in gone}
    return audit(office.records, office.memory, lambda: found)


def codes(office: KeepingOffice) -> set[str]:
    return {f.code for f in audited(office).findings}


def versions(office: KeepingOffice, *prefixes: str) -> set[tuple[str, str]]:
    return {v for p in prefixes for v in office.memory.versions(p)}


def all_of(office: KeepingOffice) -> set[tuple[str, str]]:
    return versions(office, "dossiers/", "raw/")


def error(act: Callable[[], object], kind: type[SohoaError] = SohoaError) -> str:
    with pytest.raises(kind) as raised:
        act()
    return raised.value.code


# -- transfer ---------------------------------------------------------------------------------


def test_a_transfer_sets_the_term_of_the_class_on_every_object(office: KeepingOffice) -> None:
    done = office.transfer()
    assert done.done and not done.defects and not done.locks_failed
    assert done.term is not None
    assert (done.term.code, done.term.years, done.term.until) == ("06", 10, dt.date(2037, 1, 1))
    assert done.locks_set == len(all_of(office))
    midnight = dt.datetime(2036, 12, 31, 17, tzinfo=dt.UTC)
    assert {office.memory.locks[v] for v in all_of(office)} == {midnight}
    assert not office.memory.held
    newest = newest_manifest(office.records.manifests("DEV", CODE), office.memory)
    assert newest is not None
    assert newest.stage is DossierStage.TRANSFERRED
    assert newest.keeping == office.dossier().keeping
    assert audited(office).ok, codes(office)


def test_what_is_kept_for_ever_is_held_and_locked_ten_years_anew(office: KeepingOffice) -> None:
    office.catalogue = rules("01")
    assert office.transfer().done
    objects = all_of(office)
    assert office.memory.held == objects
    assert {office.memory.locks[v] for v in objects} == {START + LONG_LOCK}
    office.clock.pass_(LONG_LOCK / 2)
    assert office.night().renewed == 0
    office.clock.pass_(DAY)
    assert office.night().renewed == len(objects)
    assert {office.memory.locks[v] for v in objects} == {office.clock.now() + LONG_LOCK}


def test_what_lacks_something_stays_with_its_defects(office: KeepingOffice) -> None:
    office.catalogue = rules(asked="F_14_HSB")
    start_batch(office.records, office.memory, Papers("second", dossier=CODE))
    done = office.transfer(valid=lambda c: c.nn != 2)
    assert not done.done and done.stage is DossierStage.RECEIVED and done.term is None
    found = [(d.code, d.subject) for d in done.defects]
    second = next(c for c in office.records.components() if c.nn == 2)
    assert ("COMPONENT_MISSING", "F_14_HSB") in found
    assert ("NOT_VALID", second.component_id) in found
    assert "BATCH_UNFINISHED" in {code for code, _ in found}
    assert office.dossier().keeping == Keeping()
    assert not office.memory.locks


def test_a_class_without_a_term_is_not_transferred(office: KeepingOffice) -> None:
    office.catalogue = rules("07")
    assert error(office.transfer) == "RETENTION_UNSET"
    assert office.dossier().stage is DossierStage.RECEIVED


def test_the_built_in_classes_have_the_terms_of_the_law() -> None:
    catalogue = rules()
    years = {code: (kept.years, kept.permanent) for code, kept in catalogue.retention.items()}
    assert years == {
        "01": (None, True),
        "02": (70, False),
        "03": (50, False),
        "04": (30, False),
        "05": (20, False),
        "06": (10, False),
        "07": (None, False),
    }
    assert catalogue.retention_of("HUUTRI").permanent
    assert catalogue.retention_of("BHXH1L").years == 70


def test_a_transfer_again_only_locks_what_came_since(office: KeepingOffice) -> None:
    office.transfer()
    office.catalogue = rules("05")
    archive_batch(office.records, office.memory, Papers("second", dossier=CODE))
    term = office.dossier().keeping.term
    again = office.transfer()
    assert again.done and again.term == term
    assert again.locks_set > 0
    assert len({office.memory.locks[v] for v in all_of(office)}) == 1


def test_a_night_locks_what_a_killed_transfer_did_not(office: KeepingOffice) -> None:
    office.store = FaultyStore(office.memory)
    office.store.unrenewable = {key for key, _ in all_of(office)}
    done = office.transfer()
    assert done.done and set(done.locks_failed) == office.store.unrenewable
    office.store = office.memory
    assert office.night().failed == ()
    assert {v for v in all_of(office) if v not in office.memory.locks} == set()
    assert min(office.memory.locks.values()) > START + 10 * 365 * DAY


def test_when_the_term_is_over_short_locks_go_on(office: KeepingOffice) -> None:
    office.transfer()
    office.clock.moment = OVER
    office.night()
    assert {office.memory.locks[v] for v in all_of(office)} == {OVER + SHORT}


def test_a_transferred_dossier_stays_so(office: KeepingOffice) -> None:
    office.transfer()
    records = office.records
    before = office.dossier().keeping
    back = DossierStage.IN_SETTLEMENT
    assert error(lambda: records.set_stage("DEV", CODE, back, [])) == "STAGE_FINAL"
    assert error(lambda: records.keep("DEV", CODE, before, back, [])) == "STAGE_FINAL"
    term = before.term
    assert term is not None and term.until is not None
    shorter = term.model_copy(update={"until": term.until - DAY})
    for changed in (
        Keeping(),
        before.model_copy(update={"term": shorter}),
        before.model_copy(update={"transferred_at": OVER}),
    ):
        keep = lambda c=changed: records.keep("DEV", CODE, c, DossierStage.TRANSFERRED, [])  # noqa: E731
        assert error(keep) == "KEEPING_SHORTENED"
    assert office.dossier().keeping == before


# -- holds ------------------------------------------------------------------------------------


def test_a_hold_is_placed_and_lifted_with_its_reasons(office: KeepingOffice) -> None:
    office.transfer()
    dossier, hold = place_hold(office.tools, office.dossier(), ARCHIVIST, "  thanh tra 15/TTr ")
    assert hold.reason == "thanh tra 15/TTr" and dossier.keeping.held
    assert office.memory.held == all_of(office)
    second = place_hold(office.tools, office.dossier(), APPROVER, "khiếu nại")[1]
    after, first = lift_hold(office.tools, dossier, APPROVER, hold.hold_id[:8], "xong")
    assert first.lift is not None and first.lift.actor == APPROVER
    assert after.keeping.held
    assert office.memory.held >= all_of(office) - versions(office, after_manifest(office))
    lift_hold(office.tools, after, APPROVER, second.hold_id, "xong")
    assert not office.memory.held
    told = [link.event for link in events(office) if link.event.action.startswith("dossier.h")]
    assert [e.action for e in told] == ["dossier.held"] * 2 + ["dossier.hold_lifted"] * 2
    assert "thanh tra" not in json.dumps([e.model_dump(mode="json") for e in told])
    assert audited(office).ok, codes(office)


def events(office: KeepingOffice) -> list[ChainedEvent]:
    office.records.chain_events()
    return list(office.records.ledger())


def after_manifest(office: KeepingOffice) -> str:
    return office.records.manifests("DEV", CODE)[-1].object_key


def test_a_hold_of_an_open_dossier_and_a_wrong_one(office: KeepingOffice) -> None:
    place_hold(office.tools, office.dossier(), ARCHIVIST, "giữ")
    assert office.memory.held == all_of(office)
    assert error(lambda: lift_hold(office.tools, office.dossier(), ARCHIVIST, "0", "x")) == (
        "HOLD_UNKNOWN"
    )
    for words in ("", "  ", "a\nb", "x" * 501):
        act = lambda w=words: place_hold(office.tools, office.dossier(), ARCHIVIST, w)  # noqa: E731
        assert error(act, ConfigError) == "WORDS_INVALID"


def test_lifting_the_last_hold_leaves_what_is_kept_for_ever(office: KeepingOffice) -> None:
    office.catalogue = rules("01")
    office.transfer()
    dossier, hold = place_hold(office.tools, office.dossier(), ARCHIVIST, "giữ")
    lift_hold(office.tools, dossier, ARCHIVIST, hold.hold_id, "xong")
    assert office.memory.held >= versions(office, "raw/")
    assert office.night().failed == ()
    assert office.memory.held == all_of(office)


def test_a_source_of_two_dossiers_stays_held_for_the_other(office: KeepingOffice) -> None:
    batch = archive_batch(office.records, office.memory, Papers("shared", dossier="HS-2"))
    wish = DossierWish("HS-3", "P1", "C1", START, "{unit}-{n}")
    office.records.open_dossier(batch.batch_id, 1, wish, [])
    _, first = place_hold(office.tools, office.dossier("HS-2"), ARCHIVIST, "một")
    place_hold(office.tools, office.dossier("HS-3"), ARCHIVIST, "hai")
    lift_hold(office.tools, office.dossier("HS-2"), ARCHIVIST, first.hold_id, "xong")
    kept = (f"raw/{batch.batch_id}/", "dossiers/DEV/2026/HS-3/")
    assert office.memory.held == versions(office, *kept)


# -- fragile papers ---------------------------------------------------------------------------


def given_up(office: KeepingOffice, code: str = "F_14_HSB", approver: str = "truong.phong") -> None:
    waive(
        office.tools,
        office.dossier(),
        OFFICER,
        code=code,
        approver=approver,
        reason="giấy mục, chạm vào là rách",
        decided_on=None,
    )


def test_a_waived_paper_counts_as_present_and_is_in_the_manifest(office: KeepingOffice) -> None:
    office.catalogue = rules(asked="F_14_HSB")
    given_up(office)
    given_up(office)
    keeping = office.dossier().keeping
    assert keeping.waived == ("F_14_HSB",) and len(keeping.waivers) == 1
    newest = newest_manifest(office.records.manifests("DEV", CODE), office.memory)
    assert newest is not None and newest.waived == ("F_14_HSB",)
    assert office.transfer().done
    assert audited(office).ok
    (told,) = (e.event for e in events(office) if e.event.action == "component.waived")
    assert told.subjects == {"dossier_code": CODE, "component_code": "F_14_HSB"}


def test_a_waiver_needs_leave_of_another_and_a_paper_that_is_not_there(
    office: KeepingOffice,
) -> None:
    assert error(lambda: given_up(office, approver="TIEP.nhan "), AuthError) == "WAIVER_SAME_PERSON"
    assert error(lambda: given_up(office, code="Z_OTHER")) == "WAIVER_PRESENT"
    assert error(lambda: given_up(office, code="NOTHING"), NotFound) == "COMPONENT_CODE_UNKNOWN"
    assert office.dossier().keeping == Keeping()


def test_a_waiver_before_anything_is_archived_comes_with_the_first_manifest(
    office: KeepingOffice,
) -> None:
    start_batch(office.records, office.memory, Papers("open", dossier="HS-9"))
    waive(
        office.tools,
        office.dossier("HS-9"),
        OFFICER,
        code="F_14_HSB",
        approver="truong.phong",
        reason="mục",
        decided_on=dt.date(2026, 11, 20),
    )
    assert office.dossier("HS-9").keeping.waived == ("F_14_HSB",)
    assert not office.records.manifests("DEV", "HS-9")


def test_a_true_copy_is_linked_to_its_fragile_original(office: KeepingOffice) -> None:
    true_copy, original = office.records.components()

    def link(one: ComponentRecord, other: ComponentRecord | None) -> None:
        link_true_copy(
            office.tools,
            office.dossier(),
            OFFICER,
            true_copy=one,
            original=other,
            clerk="van.thu",
            organisation="Công ty may Hoà Bình",
        )

    assert error(lambda: link(true_copy, true_copy)) == "TRUE_COPY_UNLIKE"
    link(true_copy, original)
    link(true_copy, original)
    assert error(lambda: link(original, None)) == "TRUE_COPY_LINKED"
    (found,) = office.dossier().keeping.true_copies
    assert (found.true_copy, found.original) == (true_copy.component_id, original.component_id)
    assert audited(office).ok
    (told,) = (e.event for e in events(office) if e.event.action == "component.true_copy_linked")
    assert set(told.subjects) == {"dossier_code", "component_id", "original_id"}


# -- destruction ------------------------------------------------------------------------------


def test_what_may_not_be_destroyed(office: KeepingOffice) -> None:
    def proposed() -> object:
        return propose(office.tools, office.dossier(), ARCHIVIST, "hết hạn")

    assert error(proposed, AuthError) == "NOT_TRANSFERRED"
    office.transfer()
    office.clock.moment = OVER - DAY
    assert error(proposed, AuthError) == "TERM_RUNNING"
    office.clock.moment = OVER
    _, hold = place_hold(office.tools, office.dossier(), ARCHIVIST, "giữ")
    assert error(proposed, AuthError) == "ON_HOLD"
    lift_hold(office.tools, office.dossier(), ARCHIVIST, hold.hold_id, "xong")
    assert error(office.carry_out) == "DISPOSAL_NONE"
    proposed()
    assert error(office.carry_out) == "DISPOSAL_UNAPPROVED"
    twin = Actor(id="LUU.TRU", role=Role.APPROVER, unit="DEV")

    def approved(who: Actor) -> object:
        return approve(office.tools, office.dossier(), who, "1/QĐ")

    assert error(lambda: approved(twin), AuthError) == "SAME_PERSON"
    withdraw(office.tools, office.dossier(), ARCHIVIST)
    proposed()
    approved(APPROVER)
    assert error(lambda: withdraw(office.tools, office.dossier(), ARCHIVIST)) == (
        "DISPOSAL_APPROVED"
    )
    assert error(lambda: start_batch(office.records, office.memory, Papers("late", dossier=CODE)))
    place_hold(office.tools, office.dossier(), ARCHIVIST, "phút chót")
    assert error(office.carry_out, AuthError) == "ON_HOLD"
    assert len(versions(office, "raw/")) == 3


def test_for_ever_is_for_ever(office: KeepingOffice) -> None:
    office.catalogue = rules("01")
    office.transfer()
    office.clock.moment = OVER + 365 * 500 * DAY
    act = lambda: propose(office.tools, office.dossier(), ARCHIVIST, "x")  # noqa: E731
    assert error(act, AuthError) == "KEPT_FOR_EVER"


def test_destruction_leaves_a_certificate_that_stays(office: KeepingOffice) -> None:
    office.transfer()
    before = versions(office, "dossiers/", "raw/", "text/")
    manifests = len(office.records.manifests("DEV", CODE))
    components = office.records.components()
    office.clock.moment = OVER
    office.night()
    office.approved()
    early = office.carry_out()
    assert not early.done and early.left == len(before) - manifests - 2 and early.removed == 2
    assert early.not_before == OVER + SHORT
    assert audited(office).ok, codes(office)
    assert codes(office) == {"UNFINISHED_DESTRUCTION"}
    office.clock.moment = OVER + SHORT + DAY
    office.night()
    done = office.carry_out()
    assert done.done and done.removed == early.left
    assert office.carry_out().done
    left = versions(office, "dossiers/", "raw/", "text/")
    assert all("/manifest/" in key or "/destruction/" in key for key, _ in left)
    assert office.memory.held == left
    assert {office.memory.locks[v] for v in left} == {office.clock.now() + LONG_LOCK}
    assert office.records.components() == components
    disposal = office.dossier().keeping.disposal
    assert disposal is not None and disposal.certificate is not None
    certificate = DestructionCertificate.model_validate_json(read(office, "certificate"))
    inventory = Inventory.model_validate_json(read(office, "inventory"))
    assert (certificate.proposed_by, certificate.approved_by) == (ARCHIVIST, APPROVER)
    assert certificate.decision == "12/QĐ-HĐXĐGTTL"
    assert certificate.objects == len(inventory.objects) == early.left + early.removed
    assert {o.sha256 for o in inventory.objects} >= {
        r.sha256 for c in components for r in c.revisions
    }
    assert certificate.bytes > 0 and certificate.pages == 3 and certificate.components == 2
    assert audited(office).ok, codes(office)
    assert audited(office).counts.destroyed == 1
    return_of_a_file(office, components[0])


def test_what_was_destroyed_is_neither_missed_nor_put_back(office: KeepingOffice) -> None:
    office.transfer()
    office.clock.moment = OVER
    office.approved()
    assert office.carry_out().done
    office.records.chain_events()
    expected = {
        e.key
        for link in office.records.ledger()
        for e in expected_of(link.event, office.records, office.memory)
    }
    left = {key for key, _ in versions(office, "dossiers/", "raw/", "text/")}
    assert expected == left
    known = known_in(f"dossiers/DEV/2026/{CODE}", office.records, office.memory)
    assert known is not None and set(known) >= left


def test_fixity_reads_the_documents_that_stay(office: KeepingOffice) -> None:
    office.transfer()
    office.clock.moment = OVER
    office.approved()
    assert office.carry_out().done
    whole = check_fixity(office.tools, ARCHIVIST, pacer=Pacer(None), whole=True)
    assert whole.ok
    office.clock.moment += DAY
    (key,) = (k for k, _ in office.memory.versions("dossiers/") if k.endswith("certificate.json"))
    office.memory.rot(key)
    found = check_fixity(office.tools, ARCHIVIST, pacer=Pacer(None), whole=True)
    assert [(d.code, d.object_key) for d in found.damage] == [("MANIFEST_CHANGED", key)]


def read(office: KeepingOffice, name: str) -> bytes:
    (key,) = {k for k, _ in office.memory.versions("dossiers/") if k.endswith(f"{name}.json")}
    with office.memory.open(key) as stream:
        return stream.read()


def return_of_a_file(office: KeepingOffice, component: ComponentRecord) -> None:
    assert component.current is not None
    office.memory.plant(component.current.object_key, b"back again")
    assert codes(office) == {"DESTROYED_PRESENT"}


def test_a_rebuild_knows_what_was_destroyed(office: KeepingOffice, tmp_path: Path) -> None:
    given_up(office)
    office.transfer()
    office.clock.moment = OVER
    office.approved()
    seal_finished_days(office.records, office.memory, OVER.date() + DAY)
    office.clock.moment = OVER + SHORT + DAY
    assert office.carry_out().done
    seal_finished_days(office.records, office.memory, office.clock.now().date() + DAY)
    rebuilt = blank_records(tmp_path / "rebuilt.sqlite", office.clock)
    report = rebuild_records(office.memory, rebuilt, actor=ACTOR, at=office.clock.now())
    assert report.ok, report.problems
    assert rebuilt.dossier(CODE).keeping == office.dossier().keeping
    assert rebuilt.components() == office.records.components()
    found = audit(rebuilt, office.memory, lambda: [])
    assert found.ok, found.findings
    rebuilt.close()


def test_a_source_of_two_dossiers_goes_with_the_last(office: KeepingOffice) -> None:
    batch = archive_batch(office.records, office.memory, Papers("shared", dossier="HS-2"))
    wish = DossierWish("HS-3", "P1", "C1", START, "{unit}-{n}")
    office.records.open_dossier(batch.batch_id, 1, wish, [])
    office.transfer("HS-2")
    office.clock.moment = OVER
    office.approved("HS-2")
    office.clock.moment = OVER + SHORT + DAY
    assert office.carry_out("HS-2").done
    assert versions(office, f"raw/{batch.batch_id}/")
    assert not versions(office, "text/DEV/HS-2/")


@pytest.mark.parametrize("puts", range(4))
def test_a_killed_destruction_goes_on(office: KeepingOffice, puts: int) -> None:
    office.transfer()
    office.clock.moment = OVER
    office.approved()
    office.clock.moment = OVER + SHORT
    office.store = FaultyStore(office.memory)
    office.store.fail_after_put = puts
    for _ in range(puts):
        with pytest.raises(ArchiveUnavailable):
            office.carry_out()
    assert office.carry_out().done
    assert audited(office).ok, codes(office)


def test_what_was_approved_cannot_be_rewritten(office: KeepingOffice) -> None:
    office.transfer()
    office.clock.moment = OVER
    office.approved()
    office.carry_out()
    keeping = office.dossier().keeping
    disposal = keeping.disposal
    assert disposal is not None
    forged = disposal.model_copy(update={"approved_by": disposal.proposed_by})
    change = keeping.model_copy(update={"disposal": forged})
    stage = DossierStage.TRANSFERRED
    keep = lambda: office.records.keep("DEV", CODE, change, stage, [])  # noqa: E731
    assert error(keep, WorkflowError) == "KEEPING_SHORTENED"


def test_the_certificate_is_carried_out_once(office: KeepingOffice) -> None:
    office.transfer()
    office.clock.moment = OVER
    office.approved()
    first = carry_out(office.tools, office.store, office.dossier(), ARCHIVIST)
    again = carry_out(office.tools, office.store, office.dossier(), APPROVER)
    assert first.done and again.disposal == first.disposal and again.removed == 0


# -- destruction amid other work --------------------------------------------------------------


def test_papers_in_work_are_not_destroyed(office: KeepingOffice) -> None:
    office.transfer()
    office.clock.moment = OVER
    papers = Papers("second", dossier=CODE, at=OVER)

    def proposed() -> object:
        return propose(office.tools, office.dossier(), ARCHIVIST, "hết hạn")

    def approved() -> object:
        return approve(office.tools, office.dossier(), APPROVER, "1/QĐ")

    proposed()
    batch = start_batch(office.records, office.memory, papers)
    raw = versions(office, f"raw/{batch.batch_id}/")
    assert error(approved, WorkflowError) == "DISPOSAL_IN_WORK"
    withdraw(office.tools, office.dossier(), ARCHIVIST)
    assert error(proposed, WorkflowError) == "DISPOSAL_IN_WORK"
    assert office.dossier().keeping.disposal is None
    assert raw and versions(office, f"raw/{batch.batch_id}/") == raw


def test_papers_that_came_amid_the_decision_stop_the_run(
    office: KeepingOffice, tmp_path: Path
) -> None:
    office.transfer()
    office.clock.moment = OVER
    office.approved()
    before = all_of(office)
    (path,) = tmp_path.glob("*.sqlite")
    with contextlib.closing(sqlite3.connect(path)) as rows, rows:
        rows.execute("UPDATE batches SET state = ?", [BatchState.PENDING.value])
    assert error(office.carry_out, WorkflowError) == "DISPOSAL_IN_WORK"
    assert all_of(office) == before


def test_what_was_lost_before_its_dossier_was_destroyed_stays_lost(office: KeepingOffice) -> None:
    office.transfer()
    second = office.memory.copy()
    office.clock.moment = OVER
    current = office.records.components()[0].current
    assert current is not None
    office.memory.lose(current.object_key)

    def checked(repairer: Repairer | None = None) -> list[str]:
        report = check_fixity(
            office.tools, ARCHIVIST, pacer=Pacer(None), whole=True, repairer=repairer
        )
        return [d.object_key for d in report.damage if d.state is State.OPEN]

    assert checked() == [current.object_key]
    office.approved()
    office.clock.moment = OVER + SHORT + DAY
    assert office.carry_out().done
    assert checked(Repairer(office.tools, second, ARCHIVIST)) == []
    assert checked() == []
    assert office.memory.head(current.object_key) is None


def test_a_repair_under_way_puts_nothing_back_that_was_decided_on(office: KeepingOffice) -> None:
    office.transfer()
    second = office.memory.copy()
    office.clock.moment = OVER
    current = office.records.components()[0].current
    assert current is not None
    office.memory.lose(current.object_key)
    check = check_fixity(office.tools, ARCHIVIST, pacer=Pacer(None), whole=True)

    class Meanwhile(FaultyStore):
        """The dossier is destroyed while the second copy is read."""

        def open(self, key: str, version_id: str | None = None) -> IO[bytes]:
            office.approved()
            office.clock.moment = OVER + SHORT + DAY
            assert office.carry_out().done
            return super().open(key, version_id)

    repairer = Repairer(office.tools, Meanwhile(second), ARCHIVIST)
    repairer.repair(check.damage[0])
    assert office.memory.head(current.object_key) is None


def test_a_kill_after_the_certificate_leaves_no_manifest_behind(
    office: KeepingOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.transfer()
    office.clock.moment = OVER
    office.approved()
    office.clock.moment = OVER + SHORT
    real = manifests.finish_renewal

    def dies(tools: Tools, dossier: DossierRecord, *rest: Any) -> Any:
        if tools.records.dossier(dossier.code, dossier.unit).keeping.destroyed:
            raise KeyboardInterrupt
        return real(tools, dossier, *rest)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(manifests, "finish_renewal", dies)
        office.carry_out()
    assert office.dossier().keeping.destroyed
    assert office.carry_out().done
    newest = newest_manifest(office.records.manifests("DEV", CODE), office.memory)
    assert newest is not None and newest.keeping == office.dossier().keeping
    assert audited(office).ok, codes(office)


def test_damaged_copies_and_sources_without_a_visible_file_go_too(tmp_path: Path) -> None:
    """Whatever lies on a side shelf of a folder: no byte of a paper outlives its certificate."""
    office = keeping_office(tmp_path)
    store = FolderStore(tmp_path / "archive", now=office.clock.now)
    office.store = store
    archive_batch(office.records, store, Papers("first"))
    office.transfer()
    (source,) = [key for key, _ in store.versions("raw/") if "/source/" in key]
    current = office.records.components()[0].current
    assert current is not None
    damaged = store.root / current.object_key
    with store.open(current.object_key) as stream:
        sound = stream.read()
    damaged.chmod(0o644)
    damaged.write_bytes(b"half of a citizen's paper")
    ref = FileRef(sha256=current.sha256, size=current.size, media_type="application/pdf")
    store.restore(current.object_key, ref, io.BytesIO(sound), locked=True)
    (store.root / source).unlink()
    office.clock.moment = OVER
    office.approved()
    assert current.version_id is not None
    until = OVER + SHORT
    store.renew(current.object_key, current.version_id, before=until, until=until)
    early = office.carry_out()
    assert not early.done and early.left == 1
    found = audit(office.records, store, tuple)
    assert {f.code for f in found.findings} == {"UNFINISHED_DESTRUCTION"}
    office.clock.moment = OVER + SHORT + DAY
    assert office.carry_out().over
    inventory = Inventory.model_validate_json(next(store.root.rglob("inventory.json")).read_bytes())
    aside = [o for o in inventory.objects if o.object_key == current.object_key]
    assert len(aside) == 2 and {o.object_key for o in inventory.objects} >= {source}
    left = [p for p in store.root.rglob("*") if p.is_file() and p.name != ".guard"]
    assert left and all({"manifest", "destruction"} & set(p.parts) for p in left)
    assert audit(office.records, store, tuple).ok
    aside_again = store.root / ".damaged" / current.object_key / f"{'0' * 64}.1"
    aside_again.write_bytes(b"x")
    found = audit(office.records, store, tuple)
    assert {f.code for f in found.findings} == {"DESTROYED_PRESENT"}
    office.records.close()


def test_a_second_copy_is_told_of_until_it_is_gone(office: KeepingOffice) -> None:
    office.transfer()
    second = office.memory.copy()
    copies = [v for p in ("dossiers/", "raw/", "text/") for v in second.versions(p)]
    copies = [v for v in copies if "/manifest/" not in v[0]]
    office.clock.moment = OVER + SHORT + DAY
    office.approved()
    silent = FaultyStore(second, down=True)

    def run(store: ObjectStore) -> Destruction:
        return carry_out(office.tools, office.store, office.dossier(), ARCHIVIST, second=store)

    first = run(silent)
    assert first.done and first.elsewhere is None and not first.over
    assert run(second).elsewhere == len(copies)

    def codes_with(store: ObjectStore) -> list[str]:
        report = audit(office.records, office.memory, tuple, second=store)
        return [f.code for f in report.findings]

    assert codes_with(second) == ["DESTROYED_IN_SECOND"] * len(copies)
    assert codes_with(silent) == ["SECOND_UNAVAILABLE"]
    for key in {key for key, _ in copies}:
        second.lose(key)
    assert run(second).over and codes_with(second) == []


def test_a_stopped_line_removes_nothing(office: KeepingOffice) -> None:
    office.transfer()
    office.clock.moment = OVER + SHORT + DAY
    office.approved()
    before = all_of(office)
    probe = MemoryProbe(office.clock)
    probe.lets_through = {("remover", Attempt.DELETE)}
    try_locks(probe, office.records, ARCHIVIST, office.clock.now(), 30)
    assert error(office.carry_out, ArchiveUnavailable) == "LINE_STOPPED"
    assert before <= all_of(office)


def test_a_folder_whose_visible_file_was_gone_keeps_no_version(tmp_path: Path) -> None:
    office = keeping_office(tmp_path)
    store = FolderStore(tmp_path / "archive", now=office.clock.now)
    office.store = store
    archive_batch(office.records, store, Papers("first"))
    office.transfer()
    office.clock.moment = OVER
    current = office.records.components()[0].current
    assert current is not None
    (store.root / current.object_key).unlink()
    office.approved()
    office.clock.moment = OVER + SHORT + DAY
    assert office.carry_out().done
    with pytest.raises(NotFound):
        store.open(current.object_key, current.version_id)
    assert not list(store.root.rglob(f"{current.sha256}*"))
    office.records.close()
