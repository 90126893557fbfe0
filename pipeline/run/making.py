"""Steps that make the component files: assemble, sign (bytes final from here on), extract, code.

Legal order: sign, then extract (QĐ 1333 steps 3 and 4, R-1333-27).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Final, Literal

from pipeline.errors import AssemblyError, CertificateRejected, KeyUnavailable
from pipeline.ids import legal_day
from pipeline.models.base import Box
from pipeline.models.batch import Channel
from pipeline.models.components import (
    CaptureFacts,
    Classified,
    ComponentPdf,
    KeptPdf,
    SignatureInfo,
)
from pipeline.models.events import Event
from pipeline.models.fields import FieldSet
from pipeline.models.pages import Symbol
from pipeline.models.records import ComponentRecord, Revision
from pipeline.models.review import ReviewItem, ReviewKind
from pipeline.models.stamps import StampRoom, StampSize
from pipeline.ports.reading import Gray
from pipeline.provenance import software
from pipeline.run.work import Extracted, Work
from pipeline.stages import assembly, extraction
from pipeline.stages.archiving import component_key

_POINTS_PER_INCH: Final = 72.0
_LEAST_DPI: Final = 100
"""At which ink is sought."""


def register(work: Work) -> None:
    """Give every component of the settled split its ordinal in its dossier."""
    records = work.tools.records
    components = work.settled().components
    records.discard_components(work.batch_id, [c.component_id for c in components])
    for c in components:
        records.allocate_component(
            c.component_id, work.batch_id, c.dossier, c.code, c.pages, c.confidence
        )


def assemble(work: Work) -> None:
    """Make an unsigned PDF/A-2u of every component that is not a kept file.

    Raises:
        AssemblyError: a component file could not be made.
        ChecksumMismatch: a page changed on the disk since it was read.
    """
    components = [c for c in work.settled().components if c.source is None]
    for done, component in enumerate(components):
        work.tools.progress.step("assembly", done, len(components))
        if _record(work, component).current is None and _assembled(work, component) is None:
            _assemble(work, component)
    work.tools.progress.step("assembly", len(components), len(components))


def sign(work: Work) -> None:
    """Stamp and sign every component; commit the final bytes before anything is put.

    What needs no key comes first: it is done also where the officer's key is not at hand.

    Raises:
        SigningError: a key is not at hand, or a certificate may not sign.
    """
    components = sorted(work.settled().components, key=lambda c: needs_key(work, c))
    for done, component in enumerate(components):
        work.tools.progress.step("signing", done, len(components))
        if _record(work, component).current is None:
            if component.source is not None:
                _keep(work, component, component.source)
            elif not needs_key(work, component):
                _wrap(work, component)
            else:
                _sign(work, component)
    work.tools.progress.step("signing", len(components), len(components))


def needs_key(work: Work, component: Classified) -> bool:
    """True for what was scanned: the officer who scans signs it (architecture §3)."""
    return component.source is None and work.batch.terms.channel is not Channel.PORTAL


def unsigned(work: Work) -> tuple[Classified, ...]:
    """Components that wait for the officer's signature, in order."""
    return tuple(
        c
        for c in work.settled().components
        if needs_key(work, c) and _record(work, c).current is None
    )


def assembled(work: Work, component: Classified) -> ComponentPdf:
    """The unsigned file of a component.

    Raises:
        AssemblyError: `COMPONENT_NOT_ASSEMBLED`.
    """
    made = _assembled(work, component)
    if made is None:
        raise AssemblyError("COMPONENT_NOT_ASSEMBLED", component=component.code)
    return made


def check_bound(work: Work, certificate_sha256: str) -> None:
    """Nobody's certificate stands in for another's where the office has said whose is whose.

    Raises:
        CertificateRejected: `CERTIFICATE_NOT_OF_OFFICER`.
    """
    bound = work.tools.settings.signing.officers.get(work.batch.actor.id)
    if bound is not None and certificate_sha256 not in bound:
        raise CertificateRejected("CERTIFICATE_NOT_OF_OFFICER")


def commit_signed(
    work: Work, component: Classified, data: bytes, info: SignatureInfo, also: Sequence[Event] = ()
) -> None:
    """Keep signed bytes and commit them; from here on they are final.

    Args:
        work: the batch.
        component: what was signed.
        data: its bytes.
        info: its signature.
        also: further events of the same transaction.

    Raises:
        CertificateRejected: `CERTIFICATE_NOT_OF_OFFICER`; nothing is committed.
    """
    check_bound(work, info.certificate_sha256)
    ref = work.tools.workspace.put(data, "application/pdf")
    revision = Revision(
        rev=0,
        sha256=ref.sha256,
        size=ref.size,
        signature=info,
        object_key=_object_key(work, component),
    )
    _commit(work, component, revision, "component.signed", also)


def extract(work: Work) -> None:
    """Read the fields of every component; doubts are the case officer's and never hold."""
    tools = work.tools
    slots = {slot.slot: slot for slot in work.settled().plan.dossiers}
    components = work.settled().components
    read = [
        extraction.extract(
            component,
            extraction.ReadPages(
                work.texts_of(component),
                _symbols(work, component),
                _pixels(work, component),
                tools.engine,
            ),
            tools.catalogue,
            tools.settings.fields,
            work.batch_id,
            legal_day(work.batch.received_at),
            slots[component.dossier],
            tools.calibration,
        )
        for component in components
    ]
    found: list[tuple[Classified, FieldSet]] = []
    questions: list[ReviewItem] = []
    for component, result in zip(
        components, extraction.agree(tuple(zip(components, read, strict=True))), strict=True
    ):
        tools.workspace.publish(
            "fields", work.fields_key(component), Extracted(fields=result.fields)
        )
        found.append((component, result.fields))
        questions.extend(result.reviews)
    questions.extend(extraction.cross_check(work.batch_id, found, tools.catalogue))
    kinds = [ReviewKind.FIELD.value, ReviewKind.IDENTITY_MISMATCH.value]
    tools.records.put_reviews(work.batch_id, questions, kinds)


def _pixels(work: Work, component: Classified) -> Callable[[int], Gray]:
    """The component's upright page images, decoded when first asked for; the last one is kept."""
    pages = {page.index: page for page in work.pages()}
    texts = work.texts_of(component)

    @lru_cache(maxsize=1)
    def gray(number: int) -> Gray:
        page = pages[component.pages[number]]
        path = work.tools.workspace.path(page.file)
        return work.tools.decoder.gray(path, turn=texts[number].turn)

    return gray


def code(work: Work) -> None:
    """Give every component its digitisation code (R-1333-23, domain-pack F.8)."""
    day = legal_day(work.batch.received_at)
    for component in work.settled().components:
        work.tools.records.allocate_digitisation_code(component.component_id, day)


# -- assembly -------------------------------------------------------------------------------


def _assemble(work: Work, component: Classified) -> None:
    tools = work.tools
    pages = {p.index: p for p in work.pages()}
    inputs = [
        assembly.AssemblyPage(
            raw=pages[index], path=tools.workspace.whole(pages[index].file), text=text
        )
        for index, text in zip(component.pages, work.texts_of(component), strict=True)
    ]
    title = tools.catalogue.component(component.code).name_vi
    clear = _keep_clear(work, inputs[0])
    room = _room(work, inputs[0], clear) if needs_key(work, component) else None
    facts = _with_room(capture_facts(work, component), room)
    with tools.workspace.scratch() as folder:
        out = folder / "component.pdf"
        made = assembly.assemble(inputs, facts, title, out, room.scale if room else 1.0)
        with out.open("rb") as stream:
            ref = tools.workspace.take(stream, "application/pdf")
    result = ComponentPdf(
        component_id=component.component_id,
        code=component.code,
        file=ref,
        page_sizes=made.page_sizes,
        keep_clear=clear,
        room=room,
    )
    tools.workspace.publish("component", work.component_key(component), result)


def _keep_clear(work: Work, first: assembly.AssemblyPage) -> tuple[Box, ...]:
    seen = work.seen(first.raw)
    return assembly.keep_clear(first.raw, seen.sheet.symbols, seen.look.turn, first.text.turn)


def _room(work: Work, first: assembly.AssemblyPage, clear: Sequence[Box]) -> StampRoom:
    """Where page one is free for the stamp, or is made so.

    Raises:
        AssemblyError: the page cannot be archived.
        UnreadableScan: its image cannot be decoded.
    """
    signing = work.tools.settings.signing
    size = StampSize(signing.stamp_width_mm, signing.stamp_height_mm, signing.stamp_margin_mm)
    page = assembly.page_size(first)
    gray = work.tools.decoder.gray(
        first.path, turn=first.text.turn, reduce=_reduction(first.raw.dpi)
    )
    dpi = gray.shape[1] * _POINTS_PER_INCH / page[0]
    upper = gray[: max(1, math.ceil(gray.shape[0] * assembly.part_needed(size, page)))]
    return assembly.find_room(assembly.ink_of(upper, dpi), dpi, page, size, clear)


def _reduction(dpi: float) -> Literal[1, 2, 4]:
    """As small as still shows thin strokes."""
    return 4 if dpi >= 4 * _LEAST_DPI else 2 if dpi >= 2 * _LEAST_DPI else 1


def _with_room(facts: CaptureFacts, room: StampRoom | None) -> CaptureFacts:
    if room is None:
        return facts
    return facts.model_copy(
        update={
            "content_scale": round(room.scale, 6),
            "stamp_area": " ".join(f"{edge:.2f}" for edge in room.box.as_list()),
            "stamp_ink_pixels": room.ink_pixels,
        }
    )


def _assembled(work: Work, component: Classified) -> ComponentPdf | None:
    """The unsigned file, None before it is made or where its bytes are gone or changed."""
    workspace = work.tools.workspace
    made = workspace.result("component", work.component_key(component), ComponentPdf)
    return made if made is not None and workspace.sound(made.file.sha256) else None


def capture_facts(work: Work, component: Classified) -> CaptureFacts:
    """Who scanned what, when and where: for transfer note and stamp."""
    batch = work.batch
    pages = {p.index: p for p in work.pages()}
    return CaptureFacts(
        component_id=component.component_id,
        component_code=component.code,
        batch_id=batch.batch_id,
        unit=batch.unit,
        officer=batch.actor.id,
        station=batch.terms.station,
        channel=batch.terms.channel.value,
        captured_at=batch.received_at,
        source_count=len(batch.sources),
        pages_in=len(pages),
        pages_kept=len(component.pages),
        raw_sha256=tuple(pages[i].file.sha256 for i in component.pages),
        checks=tuple(
            " ".join(work.seen(pages[i]).look.warnings) or "passed" for i in component.pages
        ),
        engine=work.tools.engine.identity,
        software=software(),
    )


# -- signing --------------------------------------------------------------------------------


def _sign(work: Work, component: Classified) -> None:
    tools = work.tools
    made = assembled(work, component)
    officer = work.batch.actor.id
    signer = tools.signers.of(officer)
    if signer.development and officer in tools.settings.signing.officers:
        raise KeyUnavailable("KEY_OF_OFFICER_MISSING")  # theirs is elsewhere
    data, info = signer.sign(
        made, tools.workspace.path(made.file), capture_facts(work, component), tools.clock.now()
    )
    commit_signed(work, component, data, info)


def _wrap(work: Work, component: Classified) -> None:
    """Images from the portal stay unstamped: only scans are signed (architecture §3)."""
    made = assembled(work, component)
    revision = Revision(
        rev=0,
        sha256=made.file.sha256,
        size=made.file.size,
        signature=None,
        object_key=_object_key(work, component),
    )
    _commit(work, component, revision, "component.kept")


def _keep(work: Work, component: Classified, source: int) -> None:
    tools = work.tools
    ref = work.batch.sources[source].file
    kept = KeptPdf(
        component_id=component.component_id,
        code=component.code,
        file=ref,
        signatures=tools.judge.found(tools.workspace.whole(ref)),
    )
    revision = Revision(
        rev=0,
        sha256=kept.file.sha256,
        size=kept.file.size,
        signature=None,
        found=kept.signatures,
        object_key=_object_key(work, component),
    )
    _commit(work, component, revision, "component.kept")


def _commit(
    work: Work,
    component: Classified,
    revision: Revision,
    action: str,
    also: Sequence[Event] = (),
) -> None:
    event = work.event(
        action,
        subjects={"component_id": component.component_id},
        hashes={"content": revision.sha256},
    )
    work.tools.records.commit_revision(component.component_id, revision, [event, *also])


def _object_key(work: Work, component: Classified) -> str:
    record = _record(work, component)
    dossier = work.tools.records.dossier(record.dossier_code, record.unit)
    return component_key(dossier, record.nn, 0, component.code)


def _record(work: Work, component: Classified) -> ComponentRecord:
    return work.tools.records.component(component.component_id)


def _symbols(work: Work, component: Classified) -> tuple[Symbol, ...]:
    pages = {p.index: p for p in work.pages()}
    return tuple(s for i in component.pages for s in work.seen(pages[i]).sheet.symbols)
