"""Reads packages as a stranger would: by the standards alone, knowing nothing of who made them.

`bag_faults` follows RFC 8493. `csip_faults` follows what the E-ARK CSIP 2.1 and SIP 2.1 profiles
demand (rule numbers in brackets), METS' ids and references, PREMIS 3's order of elements, and the
layout of domain-pack E.5. Each gives one sentence per fault.
"""

from __future__ import annotations

import hashlib
import posixpath
import re
import xml.etree.ElementTree as ET
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import unquote

Files = Mapping[str, bytes]

METS = "{http://www.loc.gov/METS/}"
CSIP = "{https://DILCIS.eu/XML/METS/CSIPExtensionMETS}"
XLINK = "{http://www.w3.org/1999/xlink}"
XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
PREMIS = "{http://www.loc.gov/premis/v3}"
EAD = "{http://ead3.archivists.org/schema/}"
NS = {"mets": METS[1:-1], "premis": PREMIS[1:-1], "ead": EAD[1:-1]}

_LOCAL_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+07:00")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_UPPER_UUID = re.compile(r"uuid-[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}")
_SAFE = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")


def unpacked(path: Path) -> tuple[str, dict[str, bytes]]:
    """The one folder of a ZIP, and its files by path below it."""
    with zipfile.ZipFile(path) as package:
        assert package.testzip() is None
        names = package.namelist()
        assert len(names) == len({n.lower() for n in names})
        assert all(_SAFE.fullmatch(part) for name in names for part in name.split("/"))
        (folder,) = {name.split("/")[0] for name in names}
        return folder, {n.removeprefix(f"{folder}/"): package.read(n) for n in names}


# -- BagIt ----------------------------------------------------------------------------------


def bag_faults(files: Files) -> list[str]:
    """What RFC 8493 would complain of; manifests in SHA-256."""
    found = list(_required(files))
    if found:
        return found
    try:
        return list(_bag_faults(files))
    except (UnicodeDecodeError, ValueError):
        return ["a tag file that cannot be read"]


def _bag_faults(files: Files) -> list[str]:
    found: list[str] = []
    if files["bagit.txt"] != b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n":
        found.append("declaration")
    payload = {name for name in files if name.startswith("data/")}
    found += _listed(files, "manifest-sha256.txt", payload)
    tags = set(files) - payload - {"tagmanifest-sha256.txt"}
    found += _listed(files, "tagmanifest-sha256.txt", tags)
    octets = sum(len(files[name]) for name in payload)
    info = files["bag-info.txt"].decode()
    if f"\nPayload-Oxum: {octets}.{len(payload)}\n" not in f"\n{info}":
        found.append("Payload-Oxum")
    if not re.search(r"^Bagging-Date: \d{4}-\d\d-\d\d$", info, re.MULTILINE):
        found.append("Bagging-Date")
    return found


def _required(files: Files) -> Iterator[str]:
    for name in ("bagit.txt", "bag-info.txt", "manifest-sha256.txt", "tagmanifest-sha256.txt"):
        if name not in files:
            yield f"{name} is missing"


def _listed(files: Files, manifest: str, expected: set[str]) -> Iterator[str]:
    seen: Counter[str] = Counter()
    for line in files[manifest].decode().splitlines():
        sha256, name = line.split(maxsplit=1)
        seen[name] += 1
        if name not in files:
            yield f"{name} is listed and not there"
        elif hashlib.sha256(files[name]).hexdigest() != sha256:
            yield f"{name} has another digest"
        if "%" in name or name.startswith(("/", "~")) or ".." in name.split("/"):
            yield f"{name} is no safe path"
    if set(seen) != expected or max(seen.values(), default=1) > 1:
        yield f"{manifest} lists {sorted(set(seen) ^ expected)}"


# -- E-ARK ----------------------------------------------------------------------------------


def csip_faults(folder: str, files: Files) -> list[str]:
    """What CSIP, SIP, METS, PREMIS and the layout of a `SIP_hoso` would complain of."""
    found = [
        f"{name} is missing"
        for name in (
            "METS.xml",
            "metadata/descriptive/EAD.xml",
            "metadata/preservation/PREMIS.xml",
            "representations/rep1/METS.xml",
        )
        if name not in files
    ]
    if found:
        return found
    top = ET.fromstring(files["METS.xml"])
    if top.get("OBJID") != folder or not _UPPER_UUID.fullmatch(folder):
        found.append("OBJID [CSIP1], E.5")
    pointed: set[str] = {"METS.xml"}
    for base, root in (
        ("", top),
        ("representations/rep1/", ET.fromstring(files["representations/rep1/METS.xml"])),
    ):
        found += _header(root)
        found += _ids(root)
        found += _pointers(root, base, files, pointed)
        found += _structure(root)
    found += _package_structure(top)
    if set(files) != pointed:
        found.append(f"not described: {sorted(set(files) - pointed)}")
    for name, data in files.items():
        if posixpath.basename(name).startswith("PREMIS"):
            found += [f"{name}: {fault}" for fault in _premis(ET.fromstring(data))]
        if posixpath.basename(name).startswith("EAD"):
            found += [f"{name}: {fault}" for fault in _ead(ET.fromstring(data))]
    found += _same_files(files)
    return found


def _header(root: ET.Element) -> Iterator[str]:
    if root.tag != f"{METS}mets":
        yield "no METS"
    if not root.get("TYPE"):
        yield "TYPE [CSIP2]"
    if root.get(f"{CSIP}CONTENTINFORMATIONTYPE") is None:
        yield "CONTENTINFORMATIONTYPE [CSIP4]"
    if "dilcis.eu/profile/" not in root.get("PROFILE", ""):
        yield "PROFILE [CSIP6]"
    header = root.find("mets:metsHdr", NS)
    if header is None:
        yield "metsHdr [CSIP117]"
        return
    if not _LOCAL_TIME.fullmatch(header.get("CREATEDATE", "")):
        yield "CREATEDATE [CSIP7], E.5"
    if header.get(f"{CSIP}OAISPACKAGETYPE") != "SIP":
        yield "OAISPACKAGETYPE [CSIP9, SIP4]"
    software = [
        a
        for a in header.findall("mets:agent", NS)
        if (a.get("ROLE"), a.get("TYPE"), a.get("OTHERTYPE")) == ("CREATOR", "OTHER", "SOFTWARE")
    ]
    if len(software) != 1:
        yield "agent [CSIP10-13]"
        return
    note = software[0].find("mets:note", NS)
    if not software[0].findtext("mets:name", namespaces=NS):
        yield "agent's name [CSIP14]"
    if note is None or not note.text or note.get(f"{CSIP}NOTETYPE") != "SOFTWARE VERSION":
        yield "agent's version [CSIP15, CSIP16]"


def _ids(root: ET.Element) -> Iterator[str]:
    """Ids are unique names, references lead somewhere."""
    ids = Counter(e.get("ID") for e in root.iter() if e.get("ID"))
    yield from (f"ID {one} twice" for one, count in ids.items() if count > 1)
    for element in root.iter():
        for attribute in ("DMDID", "ADMID", "FILEID"):
            for one in element.get(attribute, "").split():
                if one not in ids:
                    yield f"{attribute} {one} leads nowhere"
    for name in (
        "dmdSec",
        "amdSec",
        "digiprovMD",
        "fileSec",
        "fileGrp",
        "file",
        "structMap",
        "div",
    ):
        if any(not e.get("ID") for e in root.iter(f"{METS}{name}")):
            yield f"{name} without ID"
    order = [e.tag.removeprefix(METS) for e in root]
    ranks = ["metsHdr", "dmdSec", "amdSec", "fileSec", "structMap"]
    if [ranks.index(name) for name in order] != sorted(ranks.index(name) for name in order):
        yield f"order of sections: {order}"


def _pointers(root: ET.Element, base: str, files: Files, pointed: set[str]) -> Iterator[str]:
    """Every pointer is relative, and says the truth about its file."""
    pointers = [(e, e) for e in root.iter(f"{METS}mdRef")]
    for file in root.iter(f"{METS}file"):
        locator = file.find("mets:FLocat", NS)
        if locator is None:
            yield "file without FLocat [CSIP76]"
        else:
            pointers.append((file, locator))
    for facts, locator in pointers:
        if (locator.get("LOCTYPE"), locator.get(f"{XLINK}type")) != ("URL", "simple"):
            yield "LOCTYPE or xlink:type [CSIP77, CSIP78]"
        href = locator.get(f"{XLINK}href", "")
        if ":" in href or href.startswith("/") or ".." in href:
            yield f"{href} is not relative [E.5]"
        name = base + unquote(href)
        pointed.add(name)
        yield from _truth(facts, name, files.get(name))
    for reference in root.iter(f"{METS}mdRef"):
        if reference.get("MDTYPE") not in ("EAD", "PREMIS"):
            yield "MDTYPE [CSIP25, CSIP39]"
    for section in root.findall("mets:dmdSec", NS):
        if section.get("STATUS") not in ("CURRENT", "SUPERSEDED"):
            yield "dmdSec/@STATUS [CSIP20]"


def _truth(facts: ET.Element, name: str, data: bytes | None) -> Iterator[str]:
    if data is None:
        yield f"{name} is not there"
        return
    if facts.get("SIZE") != str(len(data)):
        yield f"SIZE of {name} [CSIP71]"
    sha256 = hashlib.sha256(data).hexdigest()
    if (facts.get("CHECKSUM"), facts.get("CHECKSUMTYPE")) != (sha256, "SHA-256"):
        yield f"CHECKSUM of {name} [CSIP73, CSIP74]"
    if not _LOCAL_TIME.fullmatch(facts.get("CREATED", "")):
        yield f"CREATED of {name} [CSIP72], E.5"
    if not facts.get("MIMETYPE"):
        yield f"MIMETYPE of {name} [CSIP70]"


def _structure(root: ET.Element) -> Iterator[str]:
    maps = root.findall("mets:structMap[@LABEL='CSIP']", NS)
    if len(maps) != 1 or maps[0].get("TYPE") != "PHYSICAL":
        yield "structMap [CSIP80-83]"
        return
    (whole,) = maps[0].findall("mets:div", NS)
    if whole.get("LABEL") != root.get("OBJID"):
        yield "label of the main division [CSIP86]"
    metadata = whole.find("mets:div[@LABEL='Metadata']", NS)
    described = [e.get("ID") for e in root.findall("mets:dmdSec", NS)]
    preserved = [e.get("ID") for e in root.iter(f"{METS}digiprovMD")]
    if metadata is None:
        yield "division Metadata [CSIP88]"
    elif (metadata.get("DMDID", "").split(), metadata.get("ADMID", "").split()) != (
        described,
        preserved,
    ):
        yield "DMDID or ADMID of Metadata [CSIP91, CSIP92]"


def _package_structure(top: ET.Element) -> Iterator[str]:
    groups = {g.get("USE"): g for g in top.iter(f"{METS}fileGrp")}
    group = groups.get("Representations/rep1")
    if group is None or group.get(f"{CSIP}CONTENTINFORMATIONTYPE") is None:
        yield "fileGrp of the representation [CSIP114, CSIP62]"
        return
    division = top.find(".//mets:div[@LABEL='Representations/rep1']", NS)
    pointer = division.find("mets:mptr", NS) if division is not None else None
    if pointer is None:
        yield "mptr [CSIP107]"
    elif (
        pointer.get(f"{XLINK}href"),
        pointer.get(f"{XLINK}type"),
        pointer.get("LOCTYPE"),
        pointer.get(f"{XLINK}title"),
    ) != ("representations/rep1/METS.xml", "simple", "URL", group.get("ID")):
        yield "mptr [CSIP108-110]"
    for use in set(groups) - {"Representations/rep1"}:
        (labelled,) = top.findall(f".//mets:div[@LABEL='{use}']/mets:fptr", NS)
        if labelled.get("FILEID") != groups[use].get("ID"):
            yield f"fptr of {use} [CSIP96, CSIP116]"


_ORDERS = {
    "object": "objectIdentifier objectCharacteristics originalName relationship",
    "event": "eventIdentifier eventType eventDateTime eventDetailInformation "
    "eventOutcomeInformation linkingAgentIdentifier linkingObjectIdentifier",
    "agent": "agentIdentifier agentName agentType agentVersion agentNote",
    "objectCharacteristics": "compositionLevel fixity size format",
}


def _premis(root: ET.Element) -> Iterator[str]:
    """PREMIS 3.0: the order that its schema asks for, identifiers that lead somewhere."""
    if root.tag != f"{PREMIS}premis" or root.get("version") != "3.0":
        yield "no PREMIS 3.0"
    kinds = [e.tag.removeprefix(PREMIS) for e in root]
    ranks = ["object", "event", "agent", "rights"]
    if [ranks.index(kind) for kind in kinds] != sorted(ranks.index(kind) for kind in kinds):
        yield "order of entities"
    for name, order in _ORDERS.items():
        known = order.split()
        for entity in root.iter(f"{PREMIS}{name}"):
            inner = [known.index(e.tag.removeprefix(PREMIS)) for e in entity]
            if inner != sorted(inner):
                yield f"order within {name}"
    for thing in root.findall("premis:object", NS):
        if thing.get(f"{XSI}type") not in ("premis:file", "premis:representation"):
            yield "xsi:type of an object"
    yield from _premis_values(root)


def _premis_values(root: ET.Element) -> Iterator[str]:
    for kind in ("object", "agent"):
        there = {v.text for v in root.iter(f"{PREMIS}{kind}IdentifierValue")}
        linked = {v.text for v in root.iter(f"{PREMIS}linking{kind.capitalize()}IdentifierValue")}
        if not linked <= there:
            yield f"linked {kind}s that are not there: {linked - there}"
    for at in root.iter(f"{PREMIS}eventDateTime"):
        if not _LOCAL_TIME.fullmatch(at.text or ""):
            yield "eventDateTime [E.5]"
    for digest in root.iter(f"{PREMIS}messageDigest"):
        if not _SHA256.fullmatch(digest.text or ""):
            yield "messageDigest [E.5]"


def _ead(root: ET.Element) -> Iterator[str]:
    """EAD3: the parts that its schema demands."""
    if root.tag != f"{EAD}ead" or [e.tag.removeprefix(EAD) for e in root] != [
        "control",
        "archdesc",
    ]:
        yield "no EAD3"
        return
    control, description = root
    for name in ("recordid", "filedesc", "maintenancestatus", "maintenanceagency"):
        if control.find(f"ead:{name}", NS) is None:
            yield f"{name} is missing"
    if description[0].tag != f"{EAD}did" or not description.get("level"):
        yield "archdesc needs did and level"
    for name in ("unitid", "unittitle", "langmaterial"):
        if description.find(f"ead:did/ead:{name}", NS) is None:
            yield f"{name} is missing"
    for extent in root.iter(f"{EAD}physdescstructured"):
        if not (extent.get("coverage") and extent.get("physdescstructuredtype")):
            yield "physdescstructured"


def _same_files(files: Files) -> Iterator[str]:
    """METS and PREMIS name the same files with the same digests."""
    inner = ET.fromstring(files["representations/rep1/METS.xml"])
    mets = {e.get("ID"): e.get("CHECKSUM") for e in inner.iter(f"{METS}file")}
    premis = {
        thing.findtext("premis:objectIdentifier/premis:objectIdentifierValue", namespaces=NS): (
            thing.findtext(".//premis:messageDigest", namespaces=NS)
        )
        for thing in ET.fromstring(files["metadata/preservation/PREMIS.xml"]).findall(
            "premis:object", NS
        )
    }
    if mets != premis:
        yield "METS and PREMIS disagree"
