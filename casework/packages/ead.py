"""Descriptive metadata as EAD3: of the file (hồ sơ) and of each document.

The data are those that TT 05/2025/TT-BNV asks for (domain-pack E.5); where EAD3 has no element of
its own for one, `localtype` carries the circular's name of it. May not come in: METS, PREMIS.
"""

from __future__ import annotations

from casework.packages.markup import Element, element, moment, written
from casework.packages.submission import Paper, Submission

ACCESS = "Hạn chế: có dữ liệu cá nhân"
"""Every dossier holds personal data (domain-pack E.7)."""
HELD = "Đang tạm giữ theo yêu cầu: không được tiêu huỷ"
TRUST = "Số hoá từ bản giấy, ký số bởi người quét"
CAME_SIGNED = "Tệp điện tử, giữ nguyên từng byte"


def file_description(sip: Submission) -> bytes:
    """`metadata/descriptive/EAD.xml`."""
    did = element(
        "ead:did",
        element("ead:unitid", text=sip.file_code, localtype="arcFileCode"),
        element("ead:unitid", text=sip.dossier.code, localtype="paperFileCode"),
        element("ead:unittitle", text=sip.title),
        _dates(sip),
        _count("totalDoc", len(sip.papers), "tài liệu"),
        _count("numberOfPage", sip.pages, "trang"),
        _language("vie"),
        element("ead:origination", _corporate(sip.agency, sip.unit)),
        element("ead:container", text=sip.fonds, localtype="fonds"),
    )
    further = [_access()]
    if sip.retention is not None:
        further.append(_note("maintenance", sip.retention))
    if sip.physical:
        further.append(_note("description", "Bản giấy không quét: " + "; ".join(sip.physical)))
    if sip.waived:
        further.append(_note("description", "Được miễn số hoá: " + "; ".join(sip.waived)))
    if sip.dossier.keeping.held:
        further.append(_note("maintenance", HELD))
    documents = element(
        "ead:dsc",
        *(
            element("ead:c", _document_did(paper), level="item", id=paper.file_id)
            for paper in sip.papers
        ),
        dsctype="combined",
    )
    return _whole(sip, sip.file_code, sip.title, "file", did, *further, documents)


def document_description(sip: Submission, paper: Paper) -> bytes:
    """`representations/rep1/metadata/descriptive/EAD_doc_….xml`."""
    trust = TRUST if paper.revision.signature is not None else CAME_SIGNED
    return _whole(
        sip,
        paper.doc_code,
        paper.title,
        "item",
        _document_did(paper),
        _access(),
        _note("confidenceLevel", trust),
    )


def _document_did(paper: Paper) -> Element:
    component = paper.component
    return element(
        "ead:did",
        element("ead:unitid", text=paper.doc_code, localtype="docCode"),
        element(
            "ead:unitid", text=component.digitisation_code or "–", localtype="digitisationCode"
        ),
        element("ead:unittitle", text=paper.title),
        _count("numberOfPage", len(component.pages), "trang"),
        _language(paper.language),
    )


def _whole(
    sip: Submission, code: str, title: str, level: str, did: Element, *further: Element
) -> bytes:
    event = element(
        "ead:maintenanceevent",
        element("ead:eventtype", value="created"),
        element("ead:eventdatetime", text=moment(sip.at), standarddatetime=moment(sip.at)),
        element("ead:agenttype", value="machine"),
        element("ead:agent", text=sip.software),
    )
    control = element(
        "ead:control",
        element("ead:recordid", text=code),
        element("ead:filedesc", element("ead:titlestmt", element("ead:titleproper", text=title))),
        element("ead:maintenancestatus", value="new"),
        element(
            "ead:maintenanceagency",
            element("ead:agencycode", text=sip.unit),
            element("ead:agencyname", text=sip.agency),
        ),
        element("ead:maintenancehistory", event),
    )
    return written(element("ead:ead", control, element("ead:archdesc", did, *further, level=level)))


def _dates(sip: Submission) -> Element:
    start, end = sip.start.isoformat(), sip.end.isoformat()
    return element(
        "ead:unitdatestructured",
        element(
            "ead:daterange",
            element("ead:fromdate", text=f"{sip.start:%d/%m/%Y}", standarddate=start),
            element("ead:todate", text=f"{sip.end:%d/%m/%Y}", standarddate=end),
        ),
    )


def _count(name: str, count: int, unit: str) -> Element:
    return element(
        "ead:physdescstructured",
        element("ead:quantity", text=str(count)),
        element("ead:unittype", text=unit),
        physdescstructuredtype="otherphysdescstructuredtype",
        otherphysdescstructuredtype=name,
        coverage="whole",
    )


def _language(code: str) -> Element:
    return element("ead:langmaterial", element("ead:language", text=code, langcode=code))


def _corporate(name: str, identifier: str) -> Element:
    return element("ead:corpname", element("ead:part", text=name), identifier=identifier)


def _access() -> Element:
    return element("ead:accessrestrict", element("ead:p", text=ACCESS), localtype="mode")


def _note(name: str, text: str) -> Element:
    return element("ead:odd", element("ead:p", text=text), localtype=name)
