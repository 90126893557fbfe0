"""Delivery of the outbox to the index: what is archived becomes findable.

What people said of fields since is carried out on the way (`casework.review`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from casework.review import carried_out
from pipeline.errors import ChecksumMismatch, NotFound
from pipeline.ports.records import OutboxRow, Records
from pipeline.run.work import Tools
from search.documents import ComponentFacts, Document, document_of
from search.port import ComponentIndex

_ROUND = 100
_REFUSALS = 10
"""So many portions in succession of which the index took nothing: the rest is left for later."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a delivery did."""

    delivered: int = 0
    """Rows that are owed no longer."""
    refused: Mapping[str, str] = field(default_factory=dict)
    """The engine's name of its reason, by component_id: it will never take these as they are."""


def deliver(tools: Tools, index: ComponentIndex, *, most: int | None = None) -> Delivery:
    """Hand all owed documents to the index; repeated delivery replaces, an overtaken one does not.

    Args:
        tools: the records, and what a document is drawn from.
        index: where to.
        most: begin no further portion once so many rows are delivered; None: all.

    A component whose sidecar is lost or changed, or whose document the index will never take,
    stays owed and does not hold up the others; `audit` tells of it. An index that takes nothing of
    many portions is not handed the rest.

    Raises:
        SearchUnavailable: the index cannot be reached; the rows stay owed.
        ArchiveUnavailable: the archive cannot be reached; the rows stay owed.
    """
    total, refusals = 0, 0
    records = tools.records
    lost: set[int] = set()
    refused: dict[str, str] = {}
    while refusals < _REFUSALS and (most is None or total < most):
        rows = _owed(records, lost)
        if not rows:
            break
        # Rows are read before the documents are drawn: what a later row tells of may be in
        # already, what an earlier one tells of is.
        newest = {row.component_id: row.row_id for row in rows}
        documents, gone = [], []
        for component_id in newest:
            try:
                document = _document(component_id, tools)
                if document is None:
                    gone.append(component_id)
                else:
                    documents.append(document)
            except (NotFound, ChecksumMismatch):
                lost |= {row.row_id for row in rows if row.component_id == component_id}
        orders = [newest[document.component_id] for document in documents]
        if gone:
            index.remove(gone)
        never = index.put(documents, orders)
        refused |= never
        lost |= {row.row_id for row in rows if row.component_id in refused}
        delivered = [r.row_id for r in rows if r.row_id not in lost]
        records.delivered(delivered)
        total += len(delivered)
        refusals = refusals + 1 if never and not delivered else 0
    return Delivery(total, refused)


def _owed(records: Records, lost: Collection[int]) -> list[OutboxRow]:
    return [r for r in records.outbox(_ROUND + len(lost)) if r.row_id not in lost]


def _document(component_id: str, tools: Tools) -> Document | None:
    """None where its dossier is destroyed: nobody is to find it any more."""
    records = tools.records
    component = records.component(component_id)
    dossier = records.dossier(component.dossier_code, component.unit)
    if dossier.keeping.gone:
        return None
    sidecar = carried_out(component, tools)
    facts = ComponentFacts(
        component_id=component_id,
        code=component.code,
        digitisation_code=component.digitisation_code,
        unit=component.unit,
        dossier_code=component.dossier_code,
        procedure=dossier.procedure,
        received_at=records.batch(component.batch_id).batch.received_at,
    )
    return document_of(facts, sidecar, tools.catalogue)
