"""Structural metadata as METS in the E-ARK profile (CSIP and SIP 2): of package and representation.

Times have Vietnam's offset, links are relative, digests SHA-256 (domain-pack E.5). The divisions
`Data` and `MetadataLink` of a representation are those of TT 05/2025/TT-BNV. May not come in: what
EAD and PREMIS say.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from casework.packages.markup import Element, element, link, moment, written
from casework.packages.submission import REPRESENTATION, Paper, Submission, identity

XML: Final = "text/xml"
JSON: Final = "application/json"
PDF: Final = "application/pdf"
SIP_PROFILE: Final = "https://earksip.dilcis.eu/profile/E-ARK-SIP.xml"
CSIP_PROFILE: Final = "https://earkcsip.dilcis.eu/profile/E-ARK-CSIP.xml"

_TYPE: Final = "Textual works – Digital"
"""Of CSIP's vocabulary of content categories."""
_CONTENT: Final = "MIXED"
_SCHEMA: Final = (
    "http://www.loc.gov/METS/ http://www.loc.gov/standards/mets/mets.xsd "
    "http://www.w3.org/1999/xlink http://www.loc.gov/standards/xlink/xlink.xsd "
    "https://DILCIS.eu/XML/METS/CSIPExtensionMETS "
    "https://earkcsip.dilcis.eu/schema/DILCISExtensionMETS.xsd"
)


@dataclass(frozen=True, slots=True)
class Part:
    """A file that METS points to."""

    path: str
    """Relative to the METS file."""
    sha256: str
    size: int
    media_type: str
    created: dt.datetime | None = None
    """None: with the package."""


def of_package(
    sip: Submission,
    ead: Part,
    premis: Part,
    representation: Part,
    further: Mapping[str, Sequence[Part]],
) -> bytes:
    """The package's `METS.xml`.

    Args:
        sip: the package.
        ead: of the file.
        premis: of the file.
        representation: its `METS.xml`.
        further: by `Documentation` or `Schemas` (CSIP60, CSIP113).
    """
    uid = _Ids(sip.objid, "package")
    use = f"Representations/{REPRESENTATION}"
    groups = []
    divisions = [_metadata(uid, [uid("dmd")], [uid("digiprov")])]
    for label, parts in further.items():
        if parts:
            files = [_file(uid(label, p.path), p, sip) for p in parts]
            groups.append(element("mets:fileGrp", *files, ID=uid(label), USE=label))
            divisions.append(_pointing(uid, label, uid(label)))
    groups.append(
        element(
            "mets:fileGrp",
            _file(uid("mets"), representation, sip),
            attributes={"csip:CONTENTINFORMATIONTYPE": _CONTENT},
            ID=uid(REPRESENTATION),
            USE=use,
        )
    )
    divisions.append(
        element(
            "mets:div",
            element(
                "mets:mptr",
                attributes={
                    "LOCTYPE": "URL",
                    "xlink:type": "simple",
                    "xlink:href": link(representation.path),
                    "xlink:title": uid(REPRESENTATION),
                },
            ),
            ID=uid("div", use),
            LABEL=use,
        )
    )
    return _whole(
        sip,
        sip.objid,
        SIP_PROFILE,
        [
            _described(uid, "dmd", ead, sip),
            _preserved(uid, premis, sip),
            element("mets:fileSec", *groups, ID=uid("files")),
            _structure(uid, sip.objid, divisions),
        ],
    )


def of_representation(
    sip: Submission,
    premis: Part,
    papers: Sequence[tuple[Paper, Part, Part]],
) -> bytes:
    """The representation's `METS.xml`.

    Args:
        sip: the package.
        premis: of the representation.
        papers: each with its file and its description.
    """
    uid = _Ids(sip.objid, REPRESENTATION)
    data = element(
        "mets:fileGrp",
        *(
            _file(paper.file_id, file, sip, ADMID=uid("digiprov"), DMDID=uid("dmd", paper.name))
            for paper, file, _ in papers
        ),
        ID=uid("data"),
        USE="Data",
    )
    listed = element(
        "mets:div",
        *(
            element(
                "mets:div",
                element("mets:fptr", FILEID=paper.file_id),
                ID=uid("div", paper.name),
                LABEL=paper.name,
                ORDER=str(paper.ordinal),
            )
            for paper, _, _ in papers
        ),
        ID=uid("div", "data"),
        LABEL="Data",
    )
    linked = element(
        "mets:div",
        *(
            element(
                "mets:div",
                element("mets:fptr", FILEID=paper.file_id),
                ID=uid("link", paper.name),
                LABEL="MetadataLink/File",
                DMDID=uid("dmd", paper.name),
                ADMID=uid("digiprov"),
            )
            for paper, _, _ in papers
        ),
        ID=uid("div", "links"),
        LABEL="MetadataLink",
    )
    described = [uid("dmd", paper.name) for paper, _, _ in papers]
    return _whole(
        sip,
        REPRESENTATION,
        CSIP_PROFILE,
        [
            *(_described(uid, "dmd", ead, sip, paper.name) for paper, _, ead in papers),
            _preserved(uid, premis, sip),
            element("mets:fileSec", data, ID=uid("files")),
            _structure(
                uid,
                REPRESENTATION,
                [_metadata(uid, described, [uid("digiprov")]), listed, linked],
            ),
        ],
    )


class _Ids:
    """Ids of one METS file: the same for the same place."""

    def __init__(self, objid: str, where: str) -> None:
        self._objid, self._where = objid, where

    def __call__(self, *place: str) -> str:
        return identity(self._objid, self._where, *place)


def _whole(sip: Submission, objid: str, profile: str, sections: Sequence[Element]) -> bytes:
    return written(
        element(
            "mets:mets",
            _header(sip),
            *sections,
            attributes={
                "OBJID": objid,
                "LABEL": sip.title,
                "TYPE": _TYPE,
                "PROFILE": profile,
                "csip:CONTENTINFORMATIONTYPE": _CONTENT,
                "xsi:schemaLocation": _SCHEMA,
            },
        )
    )


def _header(sip: Submission) -> Element:
    name, _, version = sip.software.rpartition(" ")
    return element(
        "mets:metsHdr",
        _agent(
            name, version, "SOFTWARE VERSION", ROLE="CREATOR", TYPE="OTHER", OTHERTYPE="SOFTWARE"
        ),
        _agent(sip.agency, sip.fonds, "IDENTIFICATIONCODE", ROLE="ARCHIVIST", TYPE="ORGANIZATION"),
        _agent(sip.agency, sip.unit, "IDENTIFICATIONCODE", ROLE="CREATOR", TYPE="ORGANIZATION"),
        attributes={"csip:OAISPACKAGETYPE": "SIP"},
        CREATEDATE=moment(sip.at),
        RECORDSTATUS="NEW",
    )


def _agent(name: str, note: str, kind: str, **role: str) -> Element:
    return element(
        "mets:agent",
        element("mets:name", text=name),
        element("mets:note", text=note, attributes={"csip:NOTETYPE": kind}),
        attributes=role,
    )


def _described(uid: _Ids, name: str, ead: Part, sip: Submission, *place: str) -> Element:
    return element(
        "mets:dmdSec",
        _reference(uid("ref", name, *place), ead, sip, MDTYPE="EAD", MDTYPEVERSION="EAD3"),
        ID=uid(name, *place),
        CREATED=moment(sip.at),
        STATUS="CURRENT",
    )


def _preserved(uid: _Ids, premis: Part, sip: Submission) -> Element:
    return element(
        "mets:amdSec",
        element(
            "mets:digiprovMD",
            _reference(uid("ref", "digiprov"), premis, sip, MDTYPE="PREMIS", MDTYPEVERSION="3.0"),
            ID=uid("digiprov"),
            CREATED=moment(sip.at),
            STATUS="CURRENT",
        ),
        ID=uid("amd"),
    )


def _reference(identifier: str, part: Part, sip: Submission, **kind: str) -> Element:
    return element(
        "mets:mdRef",
        attributes={
            "ID": identifier,
            "LOCTYPE": "URL",
            "xlink:type": "simple",
            "xlink:href": link(part.path),
            **kind,
            **_facts(part, sip),
        },
    )


def _file(identifier: str, part: Part, sip: Submission, **links: str) -> Element:
    return element(
        "mets:file",
        element(
            "mets:FLocat",
            attributes={
                "LOCTYPE": "URL",
                "xlink:type": "simple",
                "xlink:href": link(part.path),
            },
        ),
        attributes={"ID": identifier, **_facts(part, sip), **links},
    )


def _facts(part: Part, sip: Submission) -> dict[str, str]:
    return {
        "MIMETYPE": part.media_type,
        "SIZE": str(part.size),
        "CREATED": moment(part.created or sip.at),
        "CHECKSUM": part.sha256,
        "CHECKSUMTYPE": "SHA-256",
    }


def _metadata(uid: _Ids, described: Sequence[str], preserved: Sequence[str]) -> Element:
    return element(
        "mets:div",
        ID=uid("div", "metadata"),
        LABEL="Metadata",
        DMDID=" ".join(described),
        ADMID=" ".join(preserved),
    )


def _pointing(uid: _Ids, label: str, group: str) -> Element:
    return element(
        "mets:div", element("mets:fptr", FILEID=group), ID=uid("div", label), LABEL=label
    )


def _structure(uid: _Ids, label: str, divisions: Sequence[Element]) -> Element:
    return element(
        "mets:structMap",
        element("mets:div", *divisions, ID=uid("div"), LABEL=label),
        ID=uid("structure"),
        TYPE="PHYSICAL",
        LABEL="CSIP",
    )
