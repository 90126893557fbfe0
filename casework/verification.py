"""The verdict that joins signature, records, fixity and ledger (architecture §9, `verify`).

`verify_file` judges bytes from anywhere, `verify_component` what the archive holds. May not come
in: how signatures are judged (`pipeline.signatures`), how events are chained, words for people.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, Literal, Protocol, TypeAlias

from casework.noting import noted_in
from pipeline.errors import ArchiveError, NotFound
from pipeline.models.base import Instant, Model
from pipeline.models.components import SignatureLevel
from pipeline.models.records import ComponentRecord, Revision
from pipeline.ports.archive import StoredObject
from pipeline.signatures.bounded import ChildEnded
from pipeline.signatures.verdicts import (
    Conclusion,
    JudgedSignature,
    Modification,
    Outcome,
    Reason,
    SignatureVerdict,
    outcome_of,
)
from storage.fixity import copied, ensure_answers

Fixity: TypeAlias = Literal["ok", "changed", "lost"]
LedgerState: TypeAlias = Literal["anchored", "pending", "broken"]

_WITHOUT_EFFECT: Final = frozenset({Reason.NO_SIGNATURE, Reason.DAMAGED_XREF})
"""Of an archived e-copy that nobody signed."""


class Verdict(Model):
    """One object of `sohoa verify`; its keys are a contract."""

    file: str
    """Name as given, or the component id."""
    rev: int | None = None
    """Which recorded revision of its component has these bytes; None: none that is known."""
    verdict: Outcome
    level: SignatureLevel | None
    signer: str | None
    signed_at: Instant | None
    timestamped_at: Instant | None
    covers_whole_file: bool
    modification: Modification | None
    trusted: bool
    stamp_top_left: bool | None
    fixity: Fixity | None
    ledger: LedgerState | None
    signatures: tuple[JudgedSignature, ...]
    reasons: tuple[Reason, ...]
    etsi: Conclusion | None = None
    """Of the bytes alone, for experts."""


class Judge(Protocol):
    """Judges the signatures of a file, see `pipeline.signatures.judging`."""

    def judge(self, pdf: Path) -> SignatureVerdict:
        """Never raises for what the file holds."""
        ...


class KnownComponents(Protocol):
    """What is asked of the records, see `pipeline.ports.records.ComponentRecords`."""

    def revision_of(self, sha256: str) -> tuple[ComponentRecord, Revision] | None:
        """Which revision has these bytes."""
        ...

    def component(self, component_id: str) -> ComponentRecord:
        """By id or unique prefix; raises NotFound."""
        ...


class ArchivedBytes(Protocol):
    """What is asked of the archive, see `pipeline.ports.archive.ObjectStore`."""

    def open(self, key: str, version_id: str | None = None) -> IO[bytes]:
        """The bytes of a version; raises NotFound."""
        ...

    def list(self, prefix: str) -> Iterator[StoredObject]:
        """Newest version of every key below a prefix."""
        ...


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where a verdict takes its facts from."""

    judge: Judge
    records: KnownComponents
    store: ArchivedBytes
    ledger_state: Callable[[str], LedgerState | None]
    """What the ledger says about a sha256; None where it does not know it."""
    stranger_judge: Judge | None = None
    """Judges bytes that the archive does not know, bounded; None: `judge` does."""
    copy_state: Callable[[str], LedgerState | None] = lambda _: None
    """What the ledger says of electronic copies that were given out."""


def verify_file(path: Path, name: str, evidence: Evidence) -> Verdict:
    """Judge a file from anywhere.

    Its sha256 is looked up in the records, then the component_id of its transfer note: a known
    component with bytes of no recorded revision is INVALID. A file that carries a transfer note is
    Sohoa's and must be signed, whether or not this archive knows it; only images from the portal
    are wrapped without a signature. A copy that was given out is one that the ledger tells of. The
    note is read in a bounded process of its own.

    Args:
        path: the file.
        name: what to call it.
        evidence: judge, records, ledger.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    known = evidence.records.revision_of(sha256)
    if known is not None:
        judged = evidence.judge.judge(path)
        component, revision = known
        superseded = component.current is not None and component.current.rev > revision.rev
        extra = (Reason.SUPERSEDED_REVISION,) if superseded else ()
        return _known(name, judged, revision, evidence.ledger_state(sha256), extra)
    judged = (evidence.stranger_judge or evidence.judge).judge(path)
    if Reason.TOO_COSTLY in judged.reasons:
        return _verdict(name, judged, ())
    unplaced = judged.model_copy(update={"stamp_top_left": None})
    try:
        noted = noted_in(path)
    except ChildEnded:
        return _verdict(name, unplaced, (Reason.TOO_COSTLY,))
    if noted.component_id is None:
        return _verdict(name, unplaced, ())
    ledger = evidence.copy_state(sha256)
    if ledger in ("anchored", "pending"):
        return _verdict(name, judged, (Reason.ELECTRONIC_COPY,), ledger=ledger)
    if _is_component(noted.component_id, evidence.records):
        if ledger == "broken":  # whether it is a copy that was given out cannot be told
            return _verdict(name, judged, (Reason.LEDGER_BROKEN,), ledger=ledger)
        return _verdict(name, judged, (Reason.UNKNOWN_REVISION,), fixity="changed")
    sought = Reason.TOO_MANY_REVISIONS not in judged.reasons
    missing = sought and not judged.signatures and not noted.wrapped
    return _verdict(name, unplaced, (Reason.SIGNATURE_MISSING,) if missing else ())


def verify_component(component: ComponentRecord, evidence: Evidence) -> Verdict:
    """Judge what the archive holds of a component against the records.

    Bytes that the store does not give, though it answers, are lost as long as nobody puts them
    back (`sohoa fixity --repair`). A copy of it lies among the temporary files meanwhile: to be
    called while `working`.

    Raises:
        ArchiveUnavailable: the store cannot be reached.
    """
    revision, name = component.current, component.component_id
    if revision is None or revision.version_id is None:
        return _verdict(name, _nothing(), (Reason.NOT_ARCHIVED,))
    ledger = evidence.ledger_state(revision.sha256)
    with tempfile.TemporaryDirectory(prefix="verify-") as folder:
        copy = Path(folder) / "component.pdf"
        try:
            with evidence.store.open(revision.object_key, revision.version_id) as stored:
                sha256 = copied(stored, copy)
        except NotFound:
            reasons = (Reason.FIXITY_LOST, *_ledger_reasons(ledger))
            return _verdict(name, _nothing(), reasons, fixity="lost", ledger=ledger)
        except ArchiveError:
            ensure_answers(evidence.store)  # else it is the archive, and nothing can be said
            reasons = (Reason.FIXITY_UNREADABLE, *_ledger_reasons(ledger))
            return _verdict(name, _nothing(), reasons, fixity="lost", ledger=ledger)
        judge = evidence.judge if sha256 == revision.sha256 else evidence.stranger_judge
        judged = (judge or evidence.judge).judge(copy)
    if sha256 != revision.sha256:
        reasons = (Reason.FIXITY_CHANGED, *_ledger_reasons(ledger))
        return _verdict(name, judged, reasons, fixity="changed", ledger=ledger)
    return _known(name, judged, revision, ledger, ())


def nothing_archived(code: str) -> Verdict:
    """The verdict on a dossier of which nothing is archived yet."""
    return _verdict(code, _nothing(), (Reason.NOT_ARCHIVED,))


def _known(
    name: str,
    judged: SignatureVerdict,
    revision: Revision,
    ledger: LedgerState | None,
    extra: tuple[Reason, ...],
) -> Verdict:
    """The bytes of a recorded revision: what they say must be what was recorded."""
    unsigned = revision.signature is None and not revision.found
    if unsigned and not judged.signatures:
        judged = judged.model_copy(
            update={"reasons": tuple(r for r in judged.reasons if r not in _WITHOUT_EFFECT)}
        )
    reasons = [*_compared(judged, revision), *_ledger_reasons(ledger), *extra]
    if judged.stamp_top_left is False:
        reasons.append(Reason.STAMP_NOT_TOP_LEFT)
    found = _verdict(name, judged, tuple(reasons), fixity="ok", ledger=ledger)
    return found.model_copy(update={"rev": revision.rev})


def _compared(judged: SignatureVerdict, revision: Revision) -> tuple[Reason, ...]:
    signature = revision.signature
    made = [s for s in (signature, signature.counter if signature else None) if s is not None]
    expected = len(revision.found) + len(made)
    if expected and not judged.signatures:
        return (Reason.SIGNATURE_MISSING,)
    if expected != len(judged.signatures):
        return (Reason.RECORD_MISMATCH,)
    held = {(s.certificate_sha256, s.level, s.signer) for s in judged.signatures}
    same = all((s.certificate_sha256, s.level, s.signer) in held for s in made)
    return () if same else (Reason.RECORD_MISMATCH,)


def _verdict(
    name: str,
    judged: SignatureVerdict,
    reasons: tuple[Reason, ...],
    *,
    fixity: Fixity | None = None,
    ledger: LedgerState | None = None,
) -> Verdict:
    every = tuple(dict.fromkeys((*reasons, *judged.reasons)))
    return Verdict(
        file=name,
        verdict=outcome_of(every),
        level=judged.level,
        signer=judged.signer,
        signed_at=judged.signed_at,
        timestamped_at=judged.timestamped_at,
        covers_whole_file=judged.covers_whole_file,
        modification=judged.modification,
        trusted=judged.trusted,
        stamp_top_left=judged.stamp_top_left,
        fixity=fixity,
        ledger=ledger,
        signatures=judged.signatures,
        reasons=every,
        etsi=judged.etsi,
    )


def _nothing() -> SignatureVerdict:
    return SignatureVerdict(outcome=Outcome.INDETERMINATE)


def _ledger_reasons(ledger: LedgerState | None) -> tuple[Reason, ...]:
    return (Reason.LEDGER_BROKEN,) if ledger == "broken" else ()


def _is_component(component_id: str, records: KnownComponents) -> bool:
    try:
        return records.component(component_id).component_id == component_id
    except NotFound:
        return False
