"""Preservation metadata as PREMIS 3: files, what happened to them, by whom, and how long they stay.

Events are those of the ledger, types those of the Library of Congress's vocabulary of event types.
Agents are accounts, units and software: ids, no names of people. May not come in: METS, EAD.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from casework.packages.markup import Element, element, moment, written
from casework.packages.submission import (
    REPRESENTATION,
    Paper,
    Submission,
    identity,
    last_day,
)
from pipeline.ids import legal_day
from pipeline.models.actors import Actor
from pipeline.models.events import ChainedEvent

LOCAL: Final = "local"

_TYPES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "batch.received": "capture",
        "component.signed": "digital signature generation",
        "component.kept": "accession",
        "component.archived": "ingestion",
        "component.augmented": "digital signature generation",
        "component.countersigned": "digital signature generation",
        "component.true_copy_linked": "metadata modification",
        "component.waived": "policy assignment",
        "dossier.held": "policy assignment",
        "dossier.hold_lifted": "policy assignment",
        "dossier.transferred": "transfer",
        "field.confirmed": "metadata modification",
    }
)
"""Event types by action of the ledger; other actions are the archive's own business."""
_OF_ALL: Final = frozenset(
    {"component.waived", "dossier.held", "dossier.hold_lifted", "dossier.transferred"}
)
"""Actions about the dossier, and so about every paper of it."""
_LAW: Final = "Luật Lưu trữ 33/2024/QH15"
_SCHEMA: Final = "http://www.loc.gov/premis/v3 http://www.loc.gov/standards/premis/premis.xsd"


def of_files(sip: Submission) -> bytes:
    """`metadata/preservation/PREMIS.xml`: every file with its history."""
    known = [e for e in sip.events if e.event.action in _TYPES]
    events = [_event(e, sip) for e in known]
    events.append(_packing(sip, [p.file_id for p in sip.papers]))
    actors = dict.fromkeys(e.event.actor for e in known)
    return _whole(
        *(_file(paper, sip) for paper in sip.papers),
        *(e for e in events if e is not None),
        *(_person(actor) for actor in actors),
        _software(sip),
        *_rights(sip),
    )


def of_representation(sip: Submission) -> bytes:
    """`representations/rep1/metadata/preservation/PREMIS_rep1.xml`: what the files make up."""
    whole = element(
        "premis:object",
        _id("objectIdentifier", REPRESENTATION),
        element(
            "premis:relationship",
            element("premis:relationshipType", text="structural"),
            element("premis:relationshipSubType", text="has part"),
            *(_id("relatedObjectIdentifier", p.file_id) for p in sip.papers),
        ),
        attributes={"xsi:type": "premis:representation"},
        xmlID=f"object-{REPRESENTATION}",
    )
    return _whole(whole, _packing(sip, [REPRESENTATION]), _software(sip))


def _whole(*content: Element) -> bytes:
    return written(
        element(
            "premis:premis",
            *content,
            attributes={"xsi:schemaLocation": _SCHEMA},
            version="3.0",
        )
    )


def _file(paper: Paper, sip: Submission) -> Element:
    component, revision = paper.component, paper.revision
    characteristics = element(
        "premis:objectCharacteristics",
        element("premis:compositionLevel", text="0"),
        element(
            "premis:fixity",
            element("premis:messageDigestAlgorithm", text="SHA-256"),
            element("premis:messageDigest", text=revision.sha256),
            element("premis:messageDigestOriginator", text=sip.software),
        ),
        element("premis:size", text=str(revision.size)),
        _format(paper),
    )
    codes = [_id("objectIdentifier", component.component_id, "Sohoa component")]
    if component.digitisation_code:
        codes.append(
            _id("objectIdentifier", component.digitisation_code, "Sohoa digitisation code")
        )
    return element(
        "premis:object",
        _id("objectIdentifier", paper.file_id),
        *codes,
        characteristics,
        element("premis:originalName", text=paper.name),
        attributes={"xsi:type": "premis:file"},
        xmlID=f"object-{paper.file_id}",
    )


def _format(paper: Paper) -> Element:
    """Sohoa's own files are PDF/A-2u (PRONOM fmt/478); of others is known that they are PDF."""
    if paper.revision.signature is None:
        return element(
            "premis:format",
            element(
                "premis:formatDesignation", element("premis:formatName", text="application/pdf")
            ),
        )
    return element(
        "premis:format",
        element(
            "premis:formatDesignation",
            element("premis:formatName", text="application/pdf"),
            element("premis:formatVersion", text="PDF/A-2u"),
        ),
        element(
            "premis:formatRegistry",
            element("premis:formatRegistryName", text="PRONOM"),
            element("premis:formatRegistryKey", text="fmt/478"),
        ),
    )


def _event(link: ChainedEvent, sip: Submission) -> Element | None:
    """None for an event about papers that are not packed."""
    event = link.event
    told = set(event.subjects.values())
    papers = [
        p.file_id
        for p in sip.papers
        if event.action in _OF_ALL
        or told & {p.component.component_id}
        or (event.action == "batch.received" and p.component.batch_id in told)
    ]
    if not papers:
        return None
    return _happened(
        link.hash,
        _TYPES[event.action],
        moment(event.at),
        f"{event.action}; seq {link.seq}",
        _account(event.actor),
        papers,
    )


def _rights(sip: Submission) -> Iterator[Element]:
    """Retention by law and open holds: nothing may be deleted meanwhile."""
    keeping = sip.dossier.keeping
    if keeping.term is not None and keeping.transferred_at is not None:
        start = legal_day(keeping.transferred_at)
        yield _forbidding(
            identity("retention", sip.objid),
            "statute",
            element(
                "premis:statuteInformation",
                element("premis:statuteJurisdiction", text="vn"),
                element("premis:statuteCitation", text=_LAW),
                element("premis:statuteNote", text=sip.retention),
            ),
            (start.isoformat(), _until(last_day(keeping.term))),
            sip,
        )
    for hold in (h for h in keeping.holds if h.open):
        yield _forbidding(
            hold.hold_id,
            "other",
            element(
                "premis:otherRightsInformation",
                element("premis:otherRightsBasis", text="legal hold"),
            ),
            (legal_day(hold.at).isoformat(), _until(None)),
            sip,
        )


def _until(day: dt.date | None) -> str:
    """As EDTF, which PREMIS takes; None: nobody knows."""
    return day.isoformat() if day else "open"


def _forbidding(
    identifier: str, basis: str, grounds: Element, term: tuple[str, str], sip: Submission
) -> Element:
    return element(
        "premis:rights",
        element(
            "premis:rightsStatement",
            _id("rightsStatementIdentifier", identifier),
            element("premis:rightsBasis", text=basis),
            grounds,
            element(
                "premis:rightsGranted",
                element("premis:act", text="delete"),
                element("premis:restriction", text="disallow"),
                element(
                    "premis:termOfRestriction",
                    element("premis:startDate", text=term[0]),
                    element("premis:endDate", text=term[1]),
                ),
            ),
            *(_id("linkingObjectIdentifier", p.file_id) for p in sip.papers),
        ),
    )


def _packing(sip: Submission, objects: list[str]) -> Element:
    return _happened(
        identity("packing", sip.objid, *objects),
        "information package creation",
        moment(sip.at),
        sip.objid,
        sip.software,
        objects,
    )


def _happened(
    identifier: str, kind: str, at: str, detail: str, agent: str, objects: list[str]
) -> Element:
    return element(
        "premis:event",
        _id("eventIdentifier", identifier),
        element("premis:eventType", text=kind),
        element("premis:eventDateTime", text=at),
        element("premis:eventDetailInformation", element("premis:eventDetail", text=detail)),
        element("premis:eventOutcomeInformation", element("premis:eventOutcome", text="success")),
        _id("linkingAgentIdentifier", agent),
        *(_id("linkingObjectIdentifier", one) for one in objects),
    )


def _person(actor: Actor) -> Element:
    return element(
        "premis:agent",
        _id("agentIdentifier", _account(actor)),
        element("premis:agentName", text=actor.id),
        element("premis:agentType", text="person"),
        element("premis:agentNote", text=f"{actor.role.value}; {actor.unit}"),
    )


def _software(sip: Submission) -> Element:
    return element(
        "premis:agent",
        _id("agentIdentifier", sip.software),
        element("premis:agentName", text=sip.software),
        element("premis:agentType", text="software"),
    )


def _account(actor: Actor) -> str:
    return f"{actor.unit}/{actor.id}/{actor.role.value}"


def _id(name: str, value: str, kind: str = LOCAL) -> Element:
    return element(f"premis:{name}", *_parts(name, kind, value))


def _parts(name: str, kind: str, value: str) -> Iterator[Element]:
    yield element(f"premis:{name}Type", text=kind)
    yield element(f"premis:{name}Value", text=value)
