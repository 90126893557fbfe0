"""Whatever people, nights and time do: no lock is shortened, nothing is destroyed early."""

from __future__ import annotations

import datetime as dt
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from casework.audit import audit
from casework.destruction import approve, carry_out, propose, withdraw
from casework.keeping import lift_hold, place_hold
from pipeline.errors import SohoaError
from pipeline.ids import legal_day
from pipeline.models.actors import Actor, Role
from pipeline.models.keeping import Hold, Keeping
from storage.rebuild import rebuild_records
from tests.fakes.archived import ACTOR, Papers, archive_batch
from tests.fakes.databases import blank_records
from tests.fakes.keeping import KeepingOffice, keeping_office, rules

CODE = "DEV-261122-0001"
PEOPLE = tuple(
    Actor(id=name, role=Role.ARCHIVE_CENTRE, unit="DEV") for name in ("an", "AN ", "binh", "chi")
)
people = st.sampled_from(PEOPLE)


class Office(RuleBasedStateMachine):
    """One dossier: what is asked for may be refused, what is promised may not be broken."""

    office: KeepingOffice

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.office = keeping_office(Path(self.folder.name))
        self.batches = 0
        self.locks: dict[tuple[str, str], dt.datetime] = {}
        self.seen: set[tuple[str, str]] = set()
        self.before = Keeping()

    def teardown(self) -> None:
        self.office.records.close()
        self.folder.cleanup()

    @property
    def keeping(self) -> Keeping:
        return self.office.dossier().keeping

    def open_holds(self) -> list[Hold]:
        return [h for h in self.keeping.holds if h.open]

    # -- what happens -------------------------------------------------------------------------

    @initialize(retention=st.sampled_from(["01", "05", "06", "06", "07"]))
    def paper_comes(self, retention: str) -> None:
        self.office.catalogue = rules(retention)
        self.more_paper()

    @precondition(lambda self: self.batches < 3)
    @rule()
    def more_paper(self) -> None:
        self.batches += 1
        papers = Papers(f"paper {self.batches}", dossier=CODE, at=self.office.clock.now())
        self.asked(lambda: archive_batch(self.office.records, self.office.memory, papers))

    @rule(retention=st.sampled_from(["01", "05", "06", "07"]))
    def the_catalogue_changes(self, retention: str) -> None:
        self.office.catalogue = rules(retention)

    @rule()
    def transfer(self) -> None:
        self.asked(self.office.transfer)

    @rule()
    def night(self) -> None:
        assert self.office.night().failed == ()

    @rule(days=st.sampled_from([1, 20, 31, 400, 3700, 7400]))
    def time_passes(self, days: int) -> None:
        self.office.clock.pass_(dt.timedelta(days=days))

    @rule(who=people)
    def hold(self, who: Actor) -> None:
        self.asked(lambda: place_hold(self.office.tools, self.office.dossier(), who, "giữ"))

    @precondition(lambda self: self.open_holds())
    @rule(who=people)
    def lift(self, who: Actor) -> None:
        hold = self.open_holds()[0].hold_id
        self.asked(lambda: lift_hold(self.office.tools, self.office.dossier(), who, hold, "xong"))

    @rule(who=people)
    def propose(self, who: Actor) -> None:
        self.asked(lambda: propose(self.office.tools, self.office.dossier(), who, "hết hạn"))

    @rule(who=people)
    def withdraw(self, who: Actor) -> None:
        self.asked(lambda: withdraw(self.office.tools, self.office.dossier(), who))

    @rule(who=people)
    def approve(self, who: Actor) -> None:
        self.asked(lambda: approve(self.office.tools, self.office.dossier(), who, "1/QĐ"))

    @rule(who=people)
    def carry_out(self, who: Actor) -> None:
        office = self.office
        self.asked(lambda: carry_out(office.tools, office.store, office.dossier(), who))

    @rule()
    def the_records_are_rebuilt(self) -> None:
        office, kept = self.office, self.keeping
        with tempfile.TemporaryDirectory() as folder:
            rebuilt = blank_records(Path(folder) / "rebuilt.sqlite", office.clock)
            rebuild_records(office.memory, rebuilt, actor=ACTOR, at=office.clock.now())
            assert rebuilt.dossier(CODE).keeping == kept
            assert rebuilt.components() == office.records.components()
            rebuilt.close()

    def asked(self, act: object) -> None:
        try:
            act()  # type: ignore[operator]
        except SohoaError as error:
            assert int(error.exit_code) in (2, 8), error

    # -- what is promised ---------------------------------------------------------------------

    @invariant()
    def no_lock_is_shortened(self) -> None:
        now = self.office.memory.locks
        for version, until in self.locks.items():
            assert now.get(version, until) >= until, version
        self.locks |= now

    @invariant()
    def nothing_goes_early_or_by_one_person(self) -> None:
        memory, keeping = self.office.memory, self.keeping
        there = {v for p in ("dossiers/", "raw/", "text/") for v in memory.versions(p)}
        lost = self.seen - there
        self.seen = there
        assert keeping.follows(self.before)
        self.before = keeping
        if not lost:
            return
        disposal, term, today = keeping.disposal, keeping.term, legal_day(self.office.clock.now())
        assert disposal is not None and disposal.approved_by is not None and disposal.decision
        assert disposal.proposed_by.id.strip().lower() != disposal.approved_by.id.strip().lower()
        assert disposal.inventory is not None
        assert term is not None and term.until is not None and today >= term.until
        assert not keeping.held
        assert all(
            self.locks.get(v, self.office.clock.now()) <= self.office.clock.now() for v in lost
        )
        assert not [key for key, _ in lost if "/manifest/" in key or "/destruction/" in key]

    @rule()
    def the_audit_passes(self) -> None:
        office = self.office
        if self.batches:
            kept = [] if self.keeping.gone else office.records.components()
            report = audit(office.records, office.memory, lambda: {c.component_id for c in kept})
            assert report.ok, report.findings


Office.TestCase.settings = settings(
    max_examples=12,
    stateful_step_count=20,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow],
)
TestOffice = Office.TestCase
