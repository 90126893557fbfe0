"""Reception: a source becomes a registered batch, or is refused with its bytes kept.

The rules on handing in the same papers twice are those of architecture §4.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from casework.clearing import NOTE
from pipeline.catalogue import Catalogue
from pipeline.errors import BatchBusy, ConfigError, DuplicateBatch, NotFound
from pipeline.ids import batch_id, digest, shown
from pipeline.models.actors import Actor
from pipeline.models.batch import Batch, BatchState, Channel, IngestTerms, source_digests
from pipeline.models.events import Event
from pipeline.models.files import RefusedFile
from pipeline.models.records import BatchRecord
from pipeline.models.review import ReviewKind
from pipeline.ports.reading import SourceReader
from pipeline.ports.records import Records
from pipeline.ports.runtime import Claims, Clock
from pipeline.settings import IntakeSettings
from pipeline.stages import intake
from pipeline.textnorm import has_control_characters, nfc
from pipeline.workspace import Workspace

_LONGEST_CODE = 64
LONGEST_STATION = 100
"""Letters of a station's name: it is written into every file."""
_UNFINISHED = (BatchState.PENDING, BatchState.NEEDS_REVIEW, BatchState.AWAITING_SIGNATURE)


@dataclass(frozen=True, slots=True)
class Desk:
    """What reception works with."""

    workspace: Workspace
    records: Records
    claims: Claims
    reader: SourceReader
    clock: Clock
    limits: IntakeSettings
    catalogue: Catalogue


@dataclass(frozen=True, slots=True)
class Received:
    """A registered batch."""

    record: BatchRecord
    duplicate: bool
    """True where these papers were here before."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing of the source could be taken."""

    source: str
    files: tuple[RefusedFile, ...]
    terms: IngestTerms = field(default_factory=IngestTerms)
    """Under which it was handed in."""


def receive(source: Path, terms: IngestTerms, actor: Actor, desk: Desk) -> Received | Refused:
    """Settle, hash, keep and register a source, before anything clever.

    Raises:
        NotFound: `SOURCE_MISSING`.
        ConfigError: `TERM_UNKNOWN`, `DOSSIER_CODE_INVALID`, `STATION_INVALID`.
        UnreadableScan: `SOURCE_EMPTY` for a folder without files.
        DuplicateBatch: the same papers are in work, or archived under another type.
    """
    check_terms(terms, desk.catalogue)
    taken = intake.take_in(
        source,
        desk.workspace,
        desk.reader,
        desk.limits,
        keep_unsigned=terms.channel is Channel.PORTAL,
    )
    if not taken.sources:
        desk.records.append([_refusal(f, actor, desk) for f in taken.refused if f.sha256])
        return Refused(source=taken.name, files=taken.refused, terms=terms)
    digests = source_digests(taken.sources, taken.refused)
    known = desk.records.batches_of_sources(actor.unit, digests)
    chosen, duplicate = _batch_for(digests, terms, actor.unit, known, desk.records)
    batch = Batch(
        batch_id=chosen,
        unit=actor.unit,
        source=taken.name,
        actor=actor,
        terms=terms,
        sources=taken.sources,
        refused=taken.refused,
        received_at=desk.clock.now(),
    )
    shared = desk.workspace.of(batch.batch_id)
    shared.share(source.file.sha256 for source in batch.sources)
    shared.publish(NOTE, batch.batch_id, batch)
    record = desk.records.register_batch(batch, [_event("batch.received", batch, desk)])
    if not batch.refused:
        _supersede(batch, desk)
    return Received(record=record, duplicate=duplicate)


def check_terms(terms: IngestTerms, catalogue: Catalogue) -> None:
    """Whether papers may be handed in under these terms; before they are touched.

    Raises:
        ConfigError: `TERM_UNKNOWN`, `CASE_WITHOUT_PROCEDURE`, `DOSSIER_CODE_INVALID`,
            `STATION_INVALID`.
    """
    try:
        if terms.as_code is not None:
            catalogue.component(terms.as_code)
        if terms.procedure is not None:
            procedure = catalogue.procedure(terms.procedure)
            if terms.case is not None:
                procedure.case(terms.case)
        elif terms.case is not None:
            raise ConfigError("CASE_WITHOUT_PROCEDURE")
    except NotFound as error:
        raise ConfigError("TERM_UNKNOWN", **error.params) from error
    if terms.dossier is not None:
        check_dossier_code(terms.dossier)
    station = terms.station
    if station is not None and (len(station) > LONGEST_STATION or has_control_characters(station)):
        raise ConfigError("STATION_INVALID", longest=LONGEST_STATION)


def check_dossier_code(code: str) -> None:
    """Whether a dossier code may be given: on the command line, or printed on a slip.

    Raises:
        ConfigError: `DOSSIER_CODE_INVALID`.
    """
    if (
        not code.strip()
        or code != nfc(code)
        or len(code) > _LONGEST_CODE
        or has_control_characters(code)
    ):
        raise ConfigError("DOSSIER_CODE_INVALID", longest=_LONGEST_CODE)


def _batch_for(
    digests: Sequence[str],
    terms: IngestTerms,
    unit: str,
    known: Sequence[BatchRecord],
    records: Records,
) -> tuple[str, bool]:
    """Id of the batch these papers belong to, and whether it is there already."""
    if not known:
        return batch_id(unit, digests), False
    wanted = terms.dossier
    for record in known:
        filed = {d.dossier.code for d in records.batch_dossiers(record.batch.batch_id)}
        codes = {record.batch.terms.dossier, *filed}  # a cover may have gone over the command
        if wanted is None or wanted in codes:
            if terms.as_code != record.batch.terms.as_code:
                raise DuplicateBatch("BATCH_OTHER_TYPE", batch=shown(record.batch.batch_id))
            return record.batch.batch_id, True
    for record in known:
        if record.state in _UNFINISHED:
            raise DuplicateBatch("BATCH_UNFINISHED", batch=shown(record.batch.batch_id))
    return batch_id(unit, digests, dossier=wanted), False


def _supersede(batch: Batch, desk: Desk) -> None:
    """A repaired folder takes the place of the held batch that lacked its refused files."""
    digests = {s.file.sha256 for s in batch.sources}
    for record in list(desk.records.batches(state=BatchState.NEEDS_REVIEW)):
        held = record.batch
        if (
            held.batch_id != batch.batch_id
            and held.unit == batch.unit
            and held.refused
            and held.source == batch.source
            and {s.file.sha256 for s in held.sources} <= digests
        ):
            _close(held, batch, desk)


def _close(held: Batch, batch: Batch, desk: Desk) -> None:
    """Supersede a held batch, unless another process is just taking it on."""
    try:
        with desk.claims.claim(held.batch_id):
            if desk.records.batch(held.batch_id).state is not BatchState.NEEDS_REVIEW:
                return
            event = _event("batch.superseded", held, desk, by=batch.batch_id)
            desk.records.set_state(held.batch_id, BatchState.SUPERSEDED, [event])
            desk.records.put_reviews(held.batch_id, (), [kind.value for kind in ReviewKind])
    except BatchBusy:
        return


def _event(action: str, batch: Batch, desk: Desk, **subjects: str) -> Event:
    about = {"batch_id": batch.batch_id, **subjects}
    return Event(
        event_id=digest("event", action, about),
        at=desk.clock.now(),
        actor=batch.actor,
        action=action,
        subjects=about,
        hashes={f"source_{n}": s.file.sha256 for n, s in enumerate(batch.sources)},
    )


def _refusal(refused: RefusedFile, actor: Actor, desk: Desk) -> Event:
    at = desk.clock.now()
    return Event(
        event_id=digest("event", "source.refused", refused.sha256, at.isoformat()),
        at=at,
        actor=actor,
        action="source.refused",
        subjects={"code": refused.code},
        hashes={"content": refused.sha256} if refused.sha256 else {},
    )
