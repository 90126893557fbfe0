"""Electronic copies of archived papers, given to a citizen, another agency or a court.

NĐ 30/2020/NĐ-CP, art. 25 to 28 and Phụ lục I: the agency signs, at the top right of page one. The
archived file is read and judged; what is not VALID is not certified. The copy is those bytes with
the agency's signature appended, so the officer's stays valid in it. Nothing in the archive or the
records changes; the ledger tells who gave out which copy for whom, by the number of the request,
never by a name. May not come in: how it is signed (`pipeline.signatures`), files of people.
"""

from __future__ import annotations

import hashlib
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, Literal, Protocol

from casework.verification import Evidence, verify_file
from pipeline.errors import (
    ChecksumMismatch,
    ConfigError,
    NotFound,
    NothingToCertify,
    NotYetCertain,
    WorkflowError,
)
from pipeline.ids import digest, shown
from pipeline.models.actors import Actor
from pipeline.models.base import Box
from pipeline.models.components import SignatureInfo
from pipeline.models.copies import CopyKind, CopyPurpose
from pipeline.models.events import Event
from pipeline.models.records import ComponentRecord, DossierRecord, Revision
from pipeline.models.stamps import StampSize
from pipeline.ports.archive import ObjectStore
from pipeline.ports.signing import CopySigner
from pipeline.run.work import Tools
from pipeline.signatures.verdicts import Outcome
from pipeline.stages import assembly
from storage.fixity import copied
from storage.ledger import COPIED

_REQUEST: Final = re.compile(
    r"[0-9]{1,6}(/[0-9]{4})?(?P<symbol>/[A-ZĐ]{1,8}[0-9]{0,2}([-&][A-ZĐ]{1,8}[0-9]{0,2}){0,2})?"
)
"""Number and symbol of an official paper (NĐ 30/2020, Phụ lục I). No number of a person fits in;
that no name is written in capitals without marks is for whoever writes it."""
_SYMBOL_DIGITS: Final = 2
"""At most, in all of a symbol."""
_POINTS_PER_INCH: Final = 72.0
_LEAST_DPI: Final = 100
"""At which ink is sought."""


class CopyTools(Tools, Protocol):
    """Ports that are needed."""

    @property
    def copy_signer(self) -> CopySigner:
        """The agency's key."""
        ...

    @property
    def store_to_read(self) -> ObjectStore:
        """The archive, only to be read."""
        ...


@dataclass(frozen=True, slots=True)
class CopyRequest:
    """What a copy is asked for."""

    purpose: CopyPurpose
    number: str
    """Number and symbol of the request, e.g. `15/GYC-BHXH`."""
    kind: CopyKind | None = None
    """None: as the paper that was scanned is known, an original or a true copy."""


@dataclass(frozen=True, slots=True)
class ElectronicCopy:
    """A copy as it was given out."""

    dossier_code: str
    component_id: str
    code: str
    """Component code of the catalogue."""
    kind: CopyKind
    purpose: CopyPurpose
    request: str
    archived: str
    """SHA-256 of the archived file, with whose bytes the copy begins."""
    sha256: str
    size: int
    signature: SignatureInfo
    """Of the agency."""
    free: bool
    """False: page one has no room at the top right, the words stand over what is there."""


def make_copy(
    tools: CopyTools,
    component: ComponentRecord,
    request: CopyRequest,
    evidence: Evidence,
    actor: Actor,
    out: IO[bytes],
) -> ElectronicCopy:
    """Certify a copy of an archived component and write it; the ledger is told before.

    Args:
        tools: the ports.
        component: what is copied.
        request: for whom and by which paper.
        evidence: what the archived file is judged by.
        actor: who gives it out.
        out: where the copy is written.

    Raises:
        ConfigError: `COPY_REQUEST_INVALID`, `COPY_KEY_NOT_SET`.
        WorkflowError: `COPY_OF_KEPT_FILE`: what came as an electronic file is no paper.
        NotFound: `COMPONENT_NOT_SIGNED`, `OBJECT_MISSING`.
        ChecksumMismatch: the archive does not hold the recorded bytes.
        NothingToCertify: the archived file is INVALID.
        NotYetCertain: it is INDETERMINATE.
        SohoaError: see `CopySigner.sign_copy`.
    """
    _ensure_official(request.number)
    revision = _archived(component)
    dossier = tools.records.dossier(component.dossier_code, component.unit)
    kind = request.kind or kind_of(dossier, component)
    with tools.workspace.working(), tools.workspace.scratch() as folder:
        pdf = folder / "component.pdf"
        with tools.store_to_read.open(revision.object_key, revision.version_id) as stored:
            if copied(stored, pdf) != revision.sha256:
                raise ChecksumMismatch(key=revision.object_key)
        verdict = verify_file(pdf, component.component_id, evidence)
        if verdict.verdict is not Outcome.VALID:
            invalid = verdict.verdict is Outcome.INVALID
            raise (NothingToCertify if invalid else NotYetCertain)(
                dossier=dossier.code,
                verdict=verdict.verdict.value,
                reasons=", ".join(reason.value for reason in verdict.reasons),
            )
        at = tools.clock.now()
        signer = tools.copy_signer
        room = free_room(tools, pdf, signer.copy_size(kind, at), folder)
        data, signature = signer.sign_copy(pdf, kind, at, room)
    made = ElectronicCopy(
        dossier_code=dossier.code,
        component_id=component.component_id,
        code=component.code,
        kind=kind,
        purpose=request.purpose,
        request=request.number,
        archived=revision.sha256,
        sha256=hashlib.sha256(data).hexdigest(),
        size=len(data),
        signature=signature,
        free=room is not None,
    )
    tools.records.append([_event(made, dossier, actor)])
    tools.records.chain_events()
    out.write(data)
    return made


def kind_of(dossier: DossierRecord, component: ComponentRecord) -> CopyKind:
    """A copy of what is known to be a scanned true copy is a duplicate (NĐ 30/2020, art. 3)."""
    copies = {one.true_copy for one in dossier.keeping.true_copies}
    return CopyKind.DUPLICATE if component.component_id in copies else CopyKind.TRUE_COPY


def free_room(tools: Tools, pdf: Path, size: StampSize, folder: Path) -> Box | None:
    """Where page one is free at its top right, as it is drawn; None: nowhere.

    Args:
        tools: reader, decoder and symbols.
        pdf: the archived file.
        size: room that is needed.
        folder: for the drawing.

    Raises:
        UnreadableScan, MissingToolError: the page cannot be drawn.
    """
    report = tools.reader.probe(pdf)
    first = next(iter(tools.reader.pages(pdf, report)))
    drawn = folder / "page-one"
    drawn.write_bytes(first.data)
    reduce: Literal[1, 2] = 2 if first.dpi >= 2 * _LEAST_DPI else 1
    gray = tools.decoder.gray(drawn, reduce=reduce)
    dpi = first.dpi * gray.shape[1] / first.width_px
    page = (gray.shape[1] * _POINTS_PER_INCH / dpi, gray.shape[0] * _POINTS_PER_INCH / dpi)
    found = [one.symbol for one in tools.symbols.read(tools.decoder.gray(drawn))]
    clear = assembly.keep_clear_as_drawn(found, first.dpi, first.height_px)
    upper = gray[: max(1, math.ceil(gray.shape[0] * assembly.part_needed(size, page)))]
    return assembly.find_right(assembly.ink_of(upper, dpi), dpi, page, size, clear)


def _ensure_official(number: str) -> None:
    """What goes into the ledger stays there: nobody's number may.

    Raises:
        ConfigError: `COPY_REQUEST_INVALID`.
    """
    found = _REQUEST.fullmatch(number)
    if found is None or sum(map(str.isdigit, found["symbol"] or "")) > _SYMBOL_DIGITS:
        raise ConfigError("COPY_REQUEST_INVALID")


def _archived(component: ComponentRecord) -> Revision:
    revision = component.current
    if revision is None or revision.version_id is None:
        raise NotFound("COMPONENT_NOT_SIGNED", component=shown(component.component_id))
    if revision.signature is None:
        raise WorkflowError("COPY_OF_KEPT_FILE", component=shown(component.component_id))
    return revision


def _event(made: ElectronicCopy, dossier: DossierRecord, actor: Actor) -> Event:
    subjects = {
        "unit": dossier.unit,
        "dossier_code": dossier.code,
        "component_id": made.component_id,
        "kind": made.kind.value,
        "purpose": made.purpose.value,
        "request": made.request,
    }
    hashes = {"copy": made.sha256, "archived": made.archived}
    return Event(
        event_id=digest("event", COPIED, actor.id, subjects, hashes),
        at=made.signature.signed_at,
        actor=actor,
        action=COPIED,
        subjects=subjects,
        hashes=hashes,
    )
