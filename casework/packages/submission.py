"""What a submission package (SIP) tells of a dossier, before it is put into METS, EAD or PREMIS.

Pure values, made from what the archive holds. No names of people and no field values: those are in
the papers themselves. May not come in: XML, bytes of papers.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from casework.packages.holdings import Holdings
from casework.packages.wrapping import plain_name
from pipeline.catalogue import Catalogue
from pipeline.errors import ConfigError, NotFound
from pipeline.ids import legal_day
from pipeline.models.events import ChainedEvent
from pipeline.models.keeping import RetentionTerm
from pipeline.models.records import ComponentRecord, DossierRecord, ManifestRecord, Revision
from pipeline.provenance import software
from pipeline.settings import PackageSettings

REPRESENTATION: Final = "rep1"

_NAMESPACE: Final = uuid.uuid5(uuid.NAMESPACE_URL, "https://sohoa.vn/ns/package/")


@dataclass(frozen=True, slots=True)
class Paper:
    """One document of the file."""

    ordinal: int
    """1-based, without gaps, in the order of the dossier."""
    name: str
    """Of the file below `data/`."""
    doc_code: str
    """Archive code of the document: the name without its ending."""
    title: str
    component: ComponentRecord
    revision: Revision
    """The one that is packed: the newest."""
    created: dt.datetime
    """When its first signature was made; of unsigned and foreign files, when it came."""
    language: str = "vie"

    @property
    def file_id(self) -> str:
        """Id in METS and PREMIS."""
        return identity("file", self.component.component_id, self.revision.sha256)


@dataclass(frozen=True, slots=True)
class Submission:
    """One file (hồ sơ) on its way to an archive."""

    objid: str
    """`uuid-{UUID}`, upper case: name of the package and its folder."""
    file_code: str
    dossier: DossierRecord
    manifest: ManifestRecord
    """The newest."""
    title: str
    agency: str
    fonds: str
    retention: str | None
    """Code, term and, once it runs, its end; None where the procedure is not known."""
    start: dt.date
    """Day of the first paper's reception, Asia/Ho_Chi_Minh."""
    end: dt.date
    """Day of the last."""
    papers: tuple[Paper, ...]
    physical: tuple[str, ...]
    """Names of papers that are there and not scanned."""
    waived: tuple[str, ...]
    """Names of papers that nobody is to scan, each with who approved it and on which day; why, says
    the manifest."""
    events: tuple[ChainedEvent, ...]
    at: dt.datetime
    software: str

    @property
    def unit(self) -> str:
        """Whose dossier it is."""
        return self.dossier.unit

    @property
    def pages(self) -> int:
        """Of all papers."""
        return sum(len(p.component.pages) for p in self.papers)


def identity(*parts: str) -> str:
    """An id that XML takes: `uuid-` and an upper-case UUID made of the parts."""
    return f"uuid-{str(uuid.uuid5(_NAMESPACE, chr(0).join(parts))).upper()}"


def submission(
    held: Holdings,
    catalogue: Catalogue,
    settings: PackageSettings,
    agency: str,
    events: Sequence[ChainedEvent],
    at: dt.datetime,
) -> Submission:
    """Describe a dossier.

    The id is made of what is packed: the same papers make the same package again.

    Args:
        held: the dossier.
        catalogue: names of papers and procedures.
        settings: fonds, codes and names of files.
        agency: that the papers come from.
        events: what the ledger tells of the dossier, by seq.
        at: moment of packing.

    Raises:
        NotFound: `DOSSIER_NOT_ARCHIVED`: it has no papers (all pages were blank).
        ConfigError: `PACKAGE_NAMES_COLLIDE`: the template gives two papers one name.
    """
    dossier = held.dossier
    file_code = settings.file_code.format(
        archive=plain_name(settings.archive),
        unit=plain_name(dossier.unit),
        fonds=plain_name(settings.fonds or dossier.unit),
        year=dossier.year,
        deposit=plain_name(settings.deposit),
        dossier=plain_name(dossier.code),
    )
    received = {b.batch.batch_id: b.batch.received_at for b in held.batches}
    papers: list[Paper] = []
    for ordinal, component in enumerate(held.components, start=1):
        revision = component.current
        if revision is None:
            continue
        name = settings.document_name.format(
            file_code=file_code,
            unit=plain_name(dossier.unit),
            code=plain_name(component.code),
            ordinal=ordinal,
            nn=component.nn,
            version=revision.rev + 1,
            date=f"{legal_day(received[component.batch_id]):%Y%m%d}",
        )
        papers.append(
            Paper(
                ordinal=ordinal,
                name=name,
                doc_code=name.removesuffix(".pdf"),
                title=_paper(component.code, catalogue),
                component=component,
                revision=revision,
                created=(
                    revision.signature.signed_at
                    if revision.signature
                    else received[component.batch_id]
                ),
            )
        )
    if not papers:
        raise NotFound("DOSSIER_NOT_ARCHIVED", dossier=dossier.code)
    if len({p.name.lower() for p in papers}) != len(papers):
        raise ConfigError("PACKAGE_NAMES_COLLIDE", key="packages.document_name")
    days = [legal_day(at) for at in received.values()]
    physical = held.newest.physical if held.newest else ()
    return Submission(
        objid=identity("sip", dossier.unit, dossier.code, *(p.revision.sha256 for p in papers)),
        file_code=file_code,
        dossier=dossier,
        manifest=held.manifests[-1],
        title=_title(held, catalogue),
        agency=agency,
        fonds=settings.fonds or dossier.unit,
        retention=_retention(dossier, catalogue),
        start=min(days),
        end=max(days),
        papers=tuple(papers),
        physical=tuple(_paper(code, catalogue) for code in physical),
        waived=tuple(
            f"{_paper(w.code, catalogue)} ({w.approver}, {w.decided_on:%d/%m/%Y})"
            for w in dossier.keeping.waivers
        ),
        events=tuple(events),
        at=at,
        software=software(),
    )


def _paper(code: str, catalogue: Catalogue) -> str:
    try:
        return catalogue.component(code).name_vi
    except NotFound:  # of an earlier catalogue
        return code


def _title(held: Holdings, catalogue: Catalogue) -> str:
    """Procedure and code; a person's name belongs to the papers."""
    dossier = held.dossier
    try:
        name = catalogue.procedure(dossier.procedure).name_vi if dossier.procedure else "Hồ sơ"
    except NotFound:
        name = "Hồ sơ"
    return f"{name} – {dossier.code}"


def _retention(dossier: DossierRecord, catalogue: Catalogue) -> str | None:
    """What the transfer set; before it, what the procedure's class will be."""
    term = dossier.keeping.term
    if term is not None:
        known = catalogue.retention.get(term.code)
        name = known.name_vi if known else f"{term.years} năm" if term.years else ""
        until = f", đến {last_day(term):%d/%m/%Y}" if term.until else ""
        return f"{term.code} {name}".strip() + until
    if dossier.procedure is None:
        return None
    try:
        kept = catalogue.retention_of(dossier.procedure)
    except NotFound:
        return None
    return f"{kept.code} {kept.name_vi}"


def last_day(term: RetentionTerm) -> dt.date | None:
    """Last day of a term, Asia/Ho_Chi_Minh; None: it never ends."""
    return term.until - dt.timedelta(days=1) if term.until else None
