"""Copies of archived papers: what is given out is valid, told of, and touches nothing."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pikepdf
import pytest

from casework.copying import CopyRequest, CopyTools, ElectronicCopy, make_copy
from casework.packages.readers import READING
from casework.verification import Evidence, Verdict, verify_file
from pipeline.adapters.pixels import OpenCvDecoder
from pipeline.adapters.sources import FileSourceReader
from pipeline.adapters.symbols import ZxingSymbolReader
from pipeline.errors import ExitCode, NotYetCertain, SohoaError
from pipeline.models.actors import Actor, Role
from pipeline.models.batch import DossierStage
from pipeline.models.copies import CopyKind, CopyPurpose
from pipeline.models.events import Event
from pipeline.models.keeping import TrueCopy
from pipeline.models.records import ComponentRecord, Revision
from pipeline.settings import IntakeSettings, Settings
from pipeline.signatures import build_judge, build_signer
from pipeline.signatures.profiles import ELECTRONIC_COPY, INTAKE
from pipeline.signatures.signer import HeldKeySigner
from pipeline.signatures.verdicts import Outcome, Reason
from pipeline.stages.archiving import component_key
from pipeline.stages.assembly.transfer_note import stamp
from pipeline.workspace import Workspace
from storage.ledger import COPIED
from storage.ledger_standing import copy_state, ledger_state
from storage.records import SqlRecords
from tests.fakes.archived import Papers, archive_batch, event
from tests.fakes.certificates import TODAY
from tests.fakes.clocks import StillClock
from tests.fakes.databases import blank_records
from tests.fakes.papers import write_paper
from tests.fakes.signers import capture_facts, component_of
from tests.fakes.stores import MemoryStore

CLERK = Actor(id="van.thu", role=Role.RECORDS_CLERK, unit="DEV")
WANTED = CopyRequest(purpose=CopyPurpose.CITIZEN, number="15/GYC-BHXH")


@dataclass
class Office:
    """Ports that giving out copies needs, with one archived scan and one kept file."""

    folder: Path
    records: SqlRecords
    memory: MemoryStore
    workspace: Workspace
    clock: StillClock
    settings: Settings
    signer: HeldKeySigner

    @property
    def store_to_read(self) -> MemoryStore:
        return self.memory

    @property
    def copy_signer(self) -> HeldKeySigner:
        return self.signer

    reader = FileSourceReader(IntakeSettings())
    decoder = OpenCvDecoder()
    symbols = ZxingSymbolReader()

    def evidence(self) -> Evidence:
        return Evidence(
            judge=build_judge(self.settings, (), self.clock.now),
            records=self.records,
            store=self.memory,
            ledger_state=ledger_state(self.records, self.memory),
            copy_state=copy_state(self.records, self.memory),
        )

    def component(self, *, kept: bool = False) -> ComponentRecord:
        return next(
            c
            for c in self.records.components()
            if c.current is not None and (c.current.signature is None) == kept
        )

    def copy(
        self, wanted: CopyRequest = WANTED, *, kept: bool = False
    ) -> tuple[ElectronicCopy, bytes]:
        out = io.BytesIO()
        tools = cast("CopyTools", self)
        made = make_copy(tools, self.component(kept=kept), wanted, self.evidence(), CLERK, out)
        return made, out.getvalue()

    def verify(self, data: bytes) -> Verdict:
        path = self.folder / "given.pdf"
        path.write_bytes(data)
        return verify_file(path, "given.pdf", self.evidence())

    def told(self) -> list[Event]:
        self.records.chain_events()
        events = (link.event for link in self.records.ledger())
        return [one for one in events if one.action == COPIED]


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    clock = StillClock(TODAY)
    settings = Settings(home=tmp_path / "home")
    office = Office(
        folder=tmp_path,
        records=blank_records(tmp_path / "records.sqlite", clock),
        memory=MemoryStore(),
        workspace=Workspace(tmp_path / "work"),
        clock=clock,
        settings=settings,
        signer=build_signer(settings, clock.now),
    )
    archive_batch(office.records, office.memory, Papers("scan", pages=2))
    archive_batch(office.records, office.memory, Papers("kept", pages=2, kept_file=True))
    _sign(office)
    yield office
    office.records.close()


def _sign(office: Office) -> None:
    """The scan's next revision is a real file."""
    component = office.component()
    pdf = write_paper(office.folder)
    facts = capture_facts(component_id=component.component_id)
    with pikepdf.open(pdf, allow_overwriting_input=True) as opened:
        stamp(opened, facts, component.code)
        opened.save(pdf)
    data, info = office.signer.sign(component_of(pdf), pdf, facts, TODAY)
    dossier = office.records.dossier(component.dossier_code, component.unit)
    revision = Revision(
        rev=1,
        sha256=hashlib.sha256(data).hexdigest(),
        size=len(data),
        signature=info,
        object_key=component_key(dossier, component.nn, 1, component.code),
    )
    signed = event("component.signed", component.component_id, TODAY, content=revision.sha256)
    office.records.commit_revision(component.component_id, revision, [signed])
    ref = component_of(pdf).file.model_copy(
        update={"sha256": revision.sha256, "size": revision.size}
    )
    stored = office.memory.put(revision.object_key, ref, io.BytesIO(data), locked=True)
    office.records.commit_stored(component.component_id, 1, stored.version_id, None, [])


def code_of(act: Callable[[], object]) -> str:
    with pytest.raises(SohoaError) as error:
        act()
    return error.value.code


def test_a_copy_is_valid_and_told_of_by_number_and_not_by_name(office: Office) -> None:
    before = {key: office.memory.head(key) for key, _ in office.memory.versions("")}
    component = office.component()
    made, data = office.copy()
    assert component.current is not None
    assert (made.sha256, made.size) == (hashlib.sha256(data).hexdigest(), len(data))
    assert (made.archived, made.kind) == (component.current.sha256, CopyKind.TRUE_COPY)
    assert made.free
    (event,) = office.told()
    assert event.actor == CLERK and event.action in READING
    assert event.subjects == {
        "unit": "DEV",
        "dossier_code": component.dossier_code,
        "component_id": component.component_id,
        "kind": "sao-y",
        "purpose": "citizen",
        "request": "15/GYC-BHXH",
    }
    assert event.hashes == {"copy": made.sha256, "archived": made.archived}
    assert {key: office.memory.head(key) for key, _ in office.memory.versions("")} == before
    assert office.component() == component
    verdict = office.verify(data)
    assert (verdict.verdict, verdict.ledger) == (Outcome.VALID, "pending")
    assert Reason.ELECTRONIC_COPY in verdict.reasons
    assert [s.field for s in verdict.signatures] == [INTAKE.field, ELECTRONIC_COPY.field]


def test_a_copy_that_nobody_was_told_of_is_no_copy(office: Office) -> None:
    current = office.component().current
    assert current is not None
    pdf = office.folder / "copy.pdf"
    with office.memory.open(current.object_key, current.version_id) as stored:
        pdf.write_bytes(stored.read())
    data, _ = office.signer.sign_copy(pdf, CopyKind.TRUE_COPY, TODAY, None)
    verdict = office.verify(data)
    assert (verdict.verdict, verdict.ledger) == (Outcome.INVALID, None)
    assert Reason.UNKNOWN_REVISION in verdict.reasons


def test_a_copy_that_was_changed_is_no_copy(office: Office) -> None:
    _, data = office.copy()
    assert office.verify(data + b"\n").verdict is Outcome.INVALID


def test_the_copy_of_a_true_copy_is_a_duplicate(office: Office) -> None:
    component = office.component()
    dossier = office.records.dossier(component.dossier_code, "DEV")
    linked = TrueCopy(
        true_copy=component.component_id,
        original=None,
        clerk="vtmau",
        organisation="Công ty may mẫu",
        actor=CLERK,
        at=TODAY,
    )
    keeping = dossier.keeping.model_copy(update={"true_copies": (linked,)})
    office.records.keep("DEV", dossier.code, keeping, DossierStage.RECEIVED, [])
    assert office.copy()[0].kind is CopyKind.DUPLICATE
    asked = CopyRequest(purpose=CopyPurpose.COURT, number="7/2026/CV-TA", kind=CopyKind.TRUE_COPY)
    assert office.copy(asked)[0].kind is CopyKind.TRUE_COPY


@pytest.mark.parametrize(
    "number",
    [
        "",
        "GYC",
        "15/Nguyễn Văn An",
        "15/gyc",
        "012345678901",
        "1/A-012345678901",
        "1\n",
        "1/BHXH-7912345678",
        "1/CMND-012345678",
        "1/CCCD-079123.456789",
        "1/A12-B3",
    ],
)
def test_a_request_is_a_number_and_a_symbol_and_nothing_personal(
    office: Office, number: str
) -> None:
    wanted = CopyRequest(purpose=CopyPurpose.AGENCY, number=number)
    assert code_of(lambda: office.copy(wanted)) == "COPY_REQUEST_INVALID"
    assert office.told() == []


def test_what_came_as_a_file_is_no_paper(office: Office) -> None:
    assert code_of(lambda: office.copy(kept=True)) == "COPY_OF_KEPT_FILE"


def test_what_changed_in_the_archive_is_not_certified(office: Office) -> None:
    office.memory = cast("MemoryStore", _Harmed(office.memory))
    assert code_of(office.copy) == "CHECKSUM_MISMATCH"
    assert office.told() == []


def test_what_is_not_valid_is_not_certified(office: Office) -> None:
    office.settings = Settings(home=office.folder / "elsewhere")
    with pytest.raises(NotYetCertain) as caught:  # its root is not trusted here
        office.copy()
    assert (caught.value.code, caught.value.exit_code) == ("COPY_OF_UNSOUND", ExitCode.WAITING)
    assert office.told() == []


class _Harmed:
    """A store whose bytes are others."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    def open(self, key: str, version_id: str | None = None) -> io.BytesIO:
        with self._store.open(key, version_id) as stored:
            return io.BytesIO(stored.read() + b"\n")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)
