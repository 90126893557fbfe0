"""The evidence file of a dossier: everything an auditor needs, in one bag that proves itself.

Signed files byte for byte, manifests, transfer notes, verdicts (JSON, and a summary in Vietnamese
that is signed), the ledger's seals and proofs, locks, readers, and how to check it all without
Sohoa. What the archive no longer holds as recorded is left out and named. May not come in: where
keys lie, where the file goes.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, Literal

from pydantic import Field

from casework.packages.bag import Bag
from casework.packages.guide import guide
from casework.packages.holdings import Holdings
from casework.packages.readers import Told, told_of
from casework.packages.report import Enclosed, Judged, ValidationReport, judged
from casework.packages.wrapping import ZipPackage, plain_name
from casework.verification import Evidence, Verdict, verify_component
from pipeline.errors import NotFound
from pipeline.models.actors import Actor
from pipeline.models.base import Instant, Model, Sha256
from pipeline.models.manifest import ArchiveDocument
from pipeline.models.records import ComponentRecord, ManifestRecord, Revision
from pipeline.ports.archive import Immutability, ObjectStore
from pipeline.ports.records import LedgerRecords
from pipeline.provenance import software
from pipeline.stages.assembly import read_transfer_note
from storage.fixity import copied
from storage.ledger import GENESIS
from storage.ledger_days import PREFIX
from storage.ledger_proof import prove

_EVENTS: Final = ".events.json"
"""Ends the keys of a sealed day's events: they tell of other dossiers, too."""


class Lock(Model):
    """What keeps a version of an object from being removed."""

    object_key: str
    version_id: str
    sha256: Sha256
    until: Instant | None
    """End of its retention; None: none, or the store was not asked."""
    held: bool
    """Under legal hold."""


class Locks(ArchiveDocument):
    """`sohoa.locks/1`: how the archive keeps what is enclosed."""

    schema_: Literal["sohoa.locks/1"] = Field(default="sohoa.locks/1", alias="schema")
    asked_at: Instant
    immutability: Immutability
    """`advisory`: the store itself forbids nothing."""
    objects: tuple[Lock, ...]


@dataclass(frozen=True, slots=True)
class Summary:
    """The summary for people."""

    pdf: bytes
    signed: bool


@dataclass(frozen=True, slots=True)
class EvidenceTools:
    """What an evidence file is made with."""

    store: ObjectStore
    ledger: LedgerRecords
    evidence: Evidence
    summarise: Callable[[ValidationReport], Summary]
    """Draws and signs the summary."""
    verifier: bytes
    """The stand-alone verifier of the ledger, a Python file; empty: none at hand."""
    roots: tuple[tuple[str, bytes], ...] = ()
    """Name and PEM of certificates that this office trusts."""


@dataclass(frozen=True, slots=True)
class MadeEvidence:
    """What was made."""

    report: ValidationReport
    files: int
    """Of the payload."""
    summary_signed: bool

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """Of each component."""
        return tuple(c.verdict for c in self.report.components)


def make_evidence(
    held: Holdings, tools: EvidenceTools, actor: Actor, at: dt.datetime, out: IO[bytes]
) -> MadeEvidence:
    """Write the evidence file of a dossier.

    Copies of single files lie among the temporary files meanwhile: to be called while `working`.

    Args:
        held: the dossier.
        tools: where the facts come from.
        actor: who asks.
        at: when.
        out: seekable; the ZIP.

    Raises:
        ArchiveUnavailable: the archive or the records cannot be reached.
        SigningError: the summary could not be signed though there is a key for it.
    """
    with ZipPackage(out, f"evidence-{plain_name(held.dossier.code)}") as package:
        return _fill(Bag(package), held, tools, actor, at)


def _fill(
    bag: Bag, held: Holdings, tools: EvidenceTools, actor: Actor, at: dt.datetime
) -> MadeEvidence:
    code = held.dossier.code
    components = tuple(_component(c, tools, bag) for c in held.components)
    manifests = tuple(_manifest(m, tools.store, bag) for m in held.manifests)
    told = told_of(tools.ledger.ledger(), held.named_in, GENESIS)
    report = ValidationReport(
        unit=held.dossier.unit,
        dossier_code=code,
        stage=held.dossier.stage.value,
        made_at=at,
        made_by=actor,
        software=software(),
        immutability=tools.store.immutability,
        manifests=manifests,
        components=components,
        ledger_until_seq=told.until_seq,
        ledger_head=told.head,
    )
    _ledger(told, _digests(held), tools, bag)
    bag.add("locks.json", _json(_locks(held, report, tools, at)))
    bag.add("readers.json", _json(told.readers(code)))
    bag.add("validation/report.json", _json(report))
    summary = tools.summarise(report)
    bag.add("validation/summary.pdf", summary.pdf)
    for name, pem in tools.roots:
        bag.add(f"trust/{name}", pem)
    if tools.verifier:
        bag.add("tools/prove_ledger.py", tools.verifier)
    told_how = guide(report, signed=summary.signed, verifier=bool(tools.verifier))
    bag.tag("README.txt", told_how.encode())
    bag.vouch(
        at,
        {
            "Source-Organization": held.dossier.unit,
            "External-Identifier": code,
            "Bag-Software-Agent": software(),
        },
    )
    return MadeEvidence(report=report, files=len(bag.payload), summary_signed=summary.signed)


# -- components and manifests ---------------------------------------------------------------


def _component(component: ComponentRecord, tools: EvidenceTools, bag: Bag) -> Judged:
    verdict = verify_component(component, tools.evidence)
    stem = f"{component.nn:03}"
    enclosed: list[Enclosed] = []
    note: str | None = None
    for revision in component.revisions:
        if revision.version_id is None:
            continue
        name = f"{stem}.{revision.rev}.{plain_name(component.code)}"
        file = f"components/{name}.pdf"
        with tempfile.TemporaryDirectory(prefix="evidence-") as folder:
            copy = Path(folder) / "component.pdf"
            state = _fetch(tools.store, revision, copy)
            if state == "ok":
                with copy.open("rb") as source:
                    bag.copy(file, source, revision.size, revision.sha256)
                facts = read_transfer_note(copy)
                if facts is not None:
                    note = f"transfer-notes/{name}.json"
                    bag.add(note, _json(facts))
        enclosed.append(
            Enclosed(
                rev=revision.rev,
                file=file if state == "ok" else None,
                sha256=revision.sha256,
                size=revision.size,
                state=state,
            )
        )
    return judged(component, enclosed, note, verdict)


def _fetch(store: ObjectStore, revision: Revision, copy: Path) -> Literal["ok", "changed", "lost"]:
    """A copy of what the archive holds, and whether it is what was recorded."""
    try:
        with store.open(revision.object_key, revision.version_id) as source:
            found = copied(source, copy)
    except NotFound:
        return "lost"
    return "ok" if found == revision.sha256 else "changed"


def _manifest(record: ManifestRecord, store: ObjectStore, bag: Bag) -> tuple[str, str, str]:
    expected, state = str(record.sha256), "lost"
    try:
        with store.open(record.object_key, record.version_id) as source:
            data = source.read()
    except NotFound:
        return record.object_key, expected, state
    state = "ok" if hashlib.sha256(data).hexdigest() == expected else "changed"
    if state == "ok":
        bag.add(f"manifest/{record.seq:06}.json", data)
    return record.object_key, expected, state


# -- ledger and locks -----------------------------------------------------------------------


class Extract(ArchiveDocument):
    """`sohoa.ledger-extract/1`: the events that name a dossier or what belongs to it."""

    schema_: Literal["sohoa.ledger-extract/1"] = Field(
        default="sohoa.ledger-extract/1", alias="schema"
    )
    until_seq: int
    head: Sha256
    events: tuple[dict[str, object], ...]
    """Chained events, as hashed."""


def _ledger(told: Told, digests: frozenset[str], tools: EvidenceTools, bag: Bag) -> None:
    """Every seal with its timestamp, the proofs, and the events in plain words."""
    events = tuple(link.model_dump(mode="json") for link in told.events)
    extract = Extract(until_seq=told.until_seq, head=told.head, events=events)
    bag.add("ledger/events.json", _json(extract))
    for stored in tools.store.list(PREFIX):
        if not stored.key.endswith(_EVENTS):
            with tools.store.open(stored.key, stored.version_id) as source:
                bag.copy(f"ledger/seals/{stored.key.removeprefix(PREFIX)}", source, stored.size)
    for sha256, proofs in prove(tools.store, sorted(digests)).items():
        for proof in proofs:
            bag.add(f"ledger/proofs/{sha256}.{proof.event.seq}.json", _json(proof))


def _digests(held: Holdings) -> frozenset[str]:
    """Digests that the ledger must tell of: every archived file and manifest of the dossier."""
    files = {r.sha256 for c in held.components for r in c.revisions if r.version_id is not None}
    return frozenset(files | {str(m.sha256) for m in held.manifests})


def _locks(
    held: Holdings, report: ValidationReport, tools: EvidenceTools, at: dt.datetime
) -> Locks:
    kept = [
        (r.object_key, r.version_id, r.sha256)
        for c in held.components
        for r in c.revisions
        if r.version_id is not None
    ]
    kept += [(m.object_key, m.version_id, str(m.sha256)) for m in held.manifests if m.version_id]
    objects = []
    for key, version_id, sha256 in kept:
        try:
            lock = tools.store.lock(key, version_id)
        except NotFound:  # the report says so
            continue
        objects.append(
            Lock(
                object_key=key,
                version_id=version_id,
                sha256=sha256,
                until=lock.until,
                held=lock.held,
            )
        )
    return Locks(asked_at=at, immutability=tools.store.immutability, objects=tuple(objects))


def _json(document: Model) -> bytes:
    return document.model_dump_json(by_alias=True, indent=1).encode()
