"""Delivery of the outbox to the index: what is archived becomes findable.

What people said of fields since is carried out on the way (`casework.review`).
"""

from __future__ import annotations

from casework.review import carried_out
from pipeline.errors import ChecksumMismatch, NotFound
from pipeline.run.work import Tools
from search.documents import ComponentFacts, Document, document_of
from search.port import ComponentIndex

_ROUND = 100


def deliver(tools: Tools, index: ComponentIndex) -> int:
    """Hand all owed documents to the index; repeated delivery replaces, an overtaken one does not.

    A component whose sidecar is lost or changed stays owed and does not hold up the others.

    Returns:
        Number of rows delivered.

    Raises:
        SearchUnavailable: the index cannot be reached; the rows stay owed.
        ArchiveUnavailable: the archive cannot be reached; the rows stay owed.
    """
    total = 0
    records = tools.records
    lost: set[int] = set()
    while rows := [r for r in records.outbox(_ROUND + len(lost)) if r.row_id not in lost]:
        # Rows are read before the documents are drawn: what a later row tells of may be in
        # already, what an earlier one tells of is.
        newest = {row.component_id: row.row_id for row in rows}
        documents = []
        for component_id in newest:
            try:
                documents.append(_document(component_id, tools))
            except (NotFound, ChecksumMismatch):
                lost |= {row.row_id for row in rows if row.component_id == component_id}
        index.put(documents, [newest[document.component_id] for document in documents])
        delivered = [r.row_id for r in rows if r.row_id not in lost]
        records.delivered(delivered)
        total += len(delivered)
    return total


def _document(component_id: str, tools: Tools) -> Document:
    records = tools.records
    component = records.component(component_id)
    dossier = records.dossier(component.dossier_code, component.unit)
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
