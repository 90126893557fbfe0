"""The verdict joins signature, records, fixity and ledger."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO

import pikepdf
import pytest

from casework.verification import Evidence, LedgerState, Verdict, verify_component, verify_file
from pipeline.errors import ArchiveUnavailable, NotFound
from pipeline.models.components import SignatureInfo, SignatureLevel
from pipeline.models.records import ComponentRecord, Revision
from pipeline.ports.archive import StoredObject
from pipeline.settings import Settings
from pipeline.signatures import build_judge, build_signer
from pipeline.signatures.signer import HeldKeySigner
from pipeline.signatures.verdicts import Outcome, Reason
from pipeline.stages.assembly.transfer_note import stamp
from tests.fakes.certificates import TODAY
from tests.fakes.papers import write_paper
from tests.fakes.signers import capture_facts, component_of

KEYS = {
    "file",
    "rev",
    "verdict",
    "level",
    "signer",
    "signed_at",
    "timestamped_at",
    "covers_whole_file",
    "modification",
    "trusted",
    "stamp_top_left",
    "fixity",
    "ledger",
    "signatures",
    "reasons",
    "etsi",
}
COMPONENT_ID = "c" * 64


@dataclass
class World:
    """One archived component, as records, store and ledger know it."""

    signer: HeldKeySigner
    unsigned: bytes
    signed: bytes
    info: SignatureInfo
    evidence: Evidence
    components: dict[str, ComponentRecord] = field(default_factory=dict)
    objects: dict[str, bytes] = field(default_factory=dict)
    rotten: set[str] = field(default_factory=set)
    down: bool = False
    ledger: dict[str, LedgerState] = field(default_factory=dict)

    def revision_of(self, sha256: str) -> tuple[ComponentRecord, Revision] | None:
        return next(
            ((c, r) for c in self.components.values() for r in c.revisions if r.sha256 == sha256),
            None,
        )

    def component(self, component_id: str) -> ComponentRecord:
        if component_id not in self.components:
            raise NotFound("COMPONENT_UNKNOWN")
        return self.components[component_id]

    def open(self, key: str, version_id: str | None = None) -> IO[bytes]:
        if key in self.rotten:
            raise ArchiveUnavailable
        if key not in self.objects:
            raise NotFound("OBJECT_MISSING")
        return io.BytesIO(self.objects[key])

    def list(self, prefix: str) -> Iterator[StoredObject]:
        if self.down:
            raise ArchiveUnavailable
        return iter(())

    def archive(self, *revisions: bytes, signature: SignatureInfo | None) -> ComponentRecord:
        made = tuple(
            Revision(
                rev=rev,
                sha256=hashlib.sha256(data).hexdigest(),
                size=len(data),
                signature=signature,
                object_key=f"k{rev}",
                version_id=f"v{rev}",
            )
            for rev, data in enumerate(revisions)
        )
        for revision, data in zip(made, revisions, strict=True):
            self.objects[revision.object_key] = data
            self.ledger[revision.sha256] = "anchored"
        record = ComponentRecord(
            component_id=COMPONENT_ID,
            batch_id="b" * 64,
            unit="DEV",
            dossier_code="DEV-1",
            nn=1,
            code="F_14_HSB",
            pages=(0,),
            confidence=1.0,
            revisions=made,
        )
        self.components[COMPONENT_ID] = record
        return record

    def verify(self, folder: Path, data: bytes) -> Verdict:
        pdf = folder / "given.pdf"
        pdf.write_bytes(data)
        return verify_file(pdf, "given.pdf", self.evidence)


@pytest.fixture(scope="module")
def signed_once(tmp_path_factory: pytest.TempPathFactory) -> World:
    home = tmp_path_factory.mktemp("home")
    settings = Settings(home=home)
    signer = build_signer(settings, lambda: TODAY)
    pdf = write_paper(home)
    with pikepdf.open(pdf, allow_overwriting_input=True) as opened:
        stamp(opened, capture_facts(component_id=COMPONENT_ID), "F_14_HSB")
        opened.save(pdf)
    signed, info = signer.sign(component_of(pdf), pdf, capture_facts(), TODAY)
    nothing = Evidence(build_judge(settings, (), lambda: TODAY), None, None, {}.get)  # type: ignore[arg-type]
    return World(signer, pdf.read_bytes(), signed, info, nothing)


@pytest.fixture
def world(signed_once: World) -> World:
    fresh = replace(signed_once, components={}, objects={}, ledger={})
    fresh.evidence = Evidence(signed_once.evidence.judge, fresh, fresh, fresh.ledger.get)
    return fresh


# -- files ---------------------------------------------------------------------------------------


def test_an_archived_file_is_valid(world: World, tmp_path: Path) -> None:
    world.archive(world.signed, signature=world.info)
    verdict = world.verify(tmp_path, world.signed)
    assert verdict.verdict is Outcome.VALID
    assert (verdict.fixity, verdict.ledger, verdict.stamp_top_left) == ("ok", "anchored", True)
    assert verdict.level is SignatureLevel.B_B and verdict.signer == world.signer.signer
    assert Reason.TIME_UNPROVEN in verdict.reasons
    assert set(verdict.model_dump()) == KEYS


@pytest.mark.parametrize("state", ["pending", None])
def test_a_ledger_that_is_not_sealed_yet_is_fine(
    world: World, tmp_path: Path, state: LedgerState | None
) -> None:
    record = world.archive(world.signed, signature=world.info)
    world.ledger.clear()
    if state is not None:
        world.ledger[record.revisions[0].sha256] = state
    verdict = world.verify(tmp_path, world.signed)
    assert verdict.verdict is Outcome.VALID and verdict.ledger == state


def test_a_broken_ledger_is_not(world: World, tmp_path: Path) -> None:
    record = world.archive(world.signed, signature=world.info)
    world.ledger[record.revisions[0].sha256] = "broken"
    for verdict in (
        world.verify(tmp_path, world.signed),
        verify_component(record, world.evidence),
    ):
        assert verdict.verdict is Outcome.INVALID and Reason.LEDGER_BROKEN in verdict.reasons


def test_an_unknown_signed_file_is_judged_by_its_signature_alone(
    world: World, tmp_path: Path
) -> None:
    verdict = world.verify(tmp_path, world.signed)
    assert verdict.verdict is Outcome.VALID
    assert (verdict.stamp_top_left, verdict.fixity, verdict.ledger) == (None, None, None)


def test_a_known_component_with_other_bytes(world: World, tmp_path: Path) -> None:
    world.archive(world.signed + b"\n", signature=world.info)
    verdict = world.verify(tmp_path, world.signed)
    assert verdict.verdict is Outcome.INVALID and verdict.fixity == "changed"
    assert Reason.UNKNOWN_REVISION in verdict.reasons


def test_signed_again_by_the_same_key_it_is_still_not_what_was_archived(
    world: World, tmp_path: Path
) -> None:
    world.archive(world.signed, signature=world.info)
    pdf = tmp_path / "again.pdf"
    pdf.write_bytes(world.unsigned)
    again, _ = world.signer.sign(component_of(pdf), pdf, capture_facts("other"), TODAY)
    verdict = world.verify(tmp_path, again)
    assert verdict.verdict is Outcome.INVALID and verdict.trusted
    assert Reason.UNKNOWN_REVISION in verdict.reasons


def test_sohoas_own_file_without_signature(world: World, tmp_path: Path) -> None:
    verdict = world.verify(tmp_path, world.unsigned)
    assert verdict.verdict is Outcome.INVALID
    assert Reason.SIGNATURE_MISSING in verdict.reasons and verdict.fixity is None


def test_wrapped_images_from_the_portal_were_never_signed(world: World, tmp_path: Path) -> None:
    facts = capture_facts(component_id=COMPONENT_ID).model_copy(update={"channel": "portal"})
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(world.unsigned)) as pdf:
        stamp(pdf, facts, "F_14_HSB")
        pdf.save(out)
    verdict = world.verify(tmp_path, out.getvalue())
    assert verdict.verdict is Outcome.INDETERMINATE
    assert verdict.reasons == (Reason.NO_SIGNATURE,)
    world.archive(out.getvalue() + b"\n", signature=None)
    assert Reason.UNKNOWN_REVISION in world.verify(tmp_path, out.getvalue()).reasons


def test_a_strangers_unsigned_file_is_left_open(world: World, tmp_path: Path) -> None:
    verdict = world.verify(tmp_path, write_paper(tmp_path).read_bytes())
    assert verdict.verdict is Outcome.INDETERMINATE
    assert verdict.reasons == (Reason.NO_SIGNATURE,)


def test_an_earlier_revision_is_true_and_said_to_be_earlier(world: World, tmp_path: Path) -> None:
    world.archive(world.signed, world.signed + b" ", signature=world.info)
    verdict = world.verify(tmp_path, world.signed)
    assert verdict.verdict is Outcome.VALID
    assert verdict.rev == 0
    assert Reason.SUPERSEDED_REVISION in verdict.reasons


@pytest.mark.parametrize("data", [b"", b"text", b"%PDF-1.7 nothing"])
def test_no_pdf_is_no_crash(world: World, tmp_path: Path, data: bytes) -> None:
    verdict = world.verify(tmp_path, data)
    assert verdict.verdict is Outcome.INVALID and Reason.UNREADABLE_PDF in verdict.reasons


# -- components ----------------------------------------------------------------------------------


def test_what_the_archive_holds_is_valid(world: World) -> None:
    record = world.archive(world.signed, signature=world.info)
    verdict = verify_component(record, world.evidence)
    assert verdict.verdict is Outcome.VALID and verdict.fixity == "ok"
    assert verdict.file == COMPONENT_ID and len(verdict.signatures) == 1


def test_what_changed_at_rest(world: World) -> None:
    record = world.archive(world.signed, signature=world.info)
    damaged = bytearray(world.signed)
    damaged[len(damaged) // 2] ^= 1
    world.objects["k0"] = bytes(damaged)
    verdict = verify_component(record, world.evidence)
    assert verdict.verdict is Outcome.INVALID and verdict.fixity == "changed"
    assert Reason.FIXITY_CHANGED in verdict.reasons


def test_what_is_lost(world: World) -> None:
    record = world.archive(world.signed, signature=world.info)
    world.objects.clear()
    verdict = verify_component(record, world.evidence)
    assert verdict.verdict is Outcome.INVALID and verdict.fixity == "lost"
    assert verdict.ledger == "anchored"


def test_what_the_drive_does_not_give(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    record = world.archive(world.signed, signature=world.info)
    monkeypatch.setattr(world, "rotten", {"k0"})
    verdict = verify_component(record, world.evidence)
    assert verdict.verdict is Outcome.INVALID and verdict.fixity == "lost"
    assert Reason.FIXITY_UNREADABLE in verdict.reasons and verdict.ledger == "anchored"
    monkeypatch.setattr(world, "down", True)
    with pytest.raises(ArchiveUnavailable):
        verify_component(record, world.evidence)


def test_a_missing_signature(world: World) -> None:
    record = world.archive(world.unsigned, signature=world.info)
    verdict = verify_component(record, world.evidence)
    assert verdict.verdict is Outcome.INVALID
    assert Reason.SIGNATURE_MISSING in verdict.reasons


@pytest.mark.parametrize(
    "change",
    [
        {"level": SignatureLevel.B_LTA},
        {"signer": "Somebody else"},
        {"certificate_sha256": "0" * 64},
    ],
)
def test_another_signature_than_recorded(world: World, change: dict[str, object]) -> None:
    record = world.archive(world.signed, signature=world.info.model_copy(update=change))
    verdict = verify_component(record, world.evidence)
    assert verdict.verdict is Outcome.INVALID and Reason.RECORD_MISMATCH in verdict.reasons


def test_fewer_signatures_than_recorded(world: World, tmp_path: Path) -> None:
    record = world.archive(world.signed, signature=world.info)
    pdf = tmp_path / "signed.pdf"
    pdf.write_bytes(world.signed)
    (found,) = world.evidence.judge.judge(pdf).signatures
    revision = record.revisions[0].model_copy(update={"found": (found.as_found(),)})
    verdict = verify_component(record.model_copy(update={"revisions": (revision,)}), world.evidence)
    assert verdict.verdict is Outcome.INVALID and Reason.RECORD_MISMATCH in verdict.reasons


def test_an_unsigned_e_copy_is_judged_by_fixity_and_ledger(world: World) -> None:
    record = world.archive(world.unsigned, signature=None)
    verdict = verify_component(record, world.evidence)
    assert verdict.verdict is Outcome.VALID and verdict.level is None
    assert (verdict.fixity, verdict.ledger, verdict.reasons) == ("ok", "anchored", ())


def test_a_component_that_is_not_archived_yet(world: World) -> None:
    record = world.archive(world.signed, signature=world.info)
    waiting = record.model_copy(update={"revisions": ()})
    verdict = verify_component(waiting, world.evidence)
    assert verdict.verdict is Outcome.INDETERMINATE and verdict.fixity is None
    assert verdict.reasons == (Reason.NOT_ARCHIVED,)
