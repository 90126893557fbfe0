"""The submission package (SIP_hoso) of a dossier: an E-ARK package in one ZIP.

    {OBJID}/METS.xml
            metadata/descriptive/EAD.xml
            metadata/preservation/PREMIS.xml
            documentation/manifest.json         the archive's own manifest
            schemas/*.xsd                       where the office has given them
            representations/rep1/METS.xml
                                 data/*.pdf     signed papers, byte for byte
                                 metadata/descriptive/EAD_doc_{ordinal}.xml
                                 metadata/preservation/PREMIS_rep1.xml

Layout, ids and names: domain-pack E.5 (TT 05/2025/TT-BNV, Phụ lục III). May not come in: how a
dossier is described.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import IO

from casework.packages import ead, mets, premis
from casework.packages.mets import Part
from casework.packages.submission import REPRESENTATION, Submission
from casework.packages.wrapping import ZipPackage
from pipeline.errors import ChecksumMismatch
from pipeline.ports.archive import ObjectStore

_EAD = "metadata/descriptive/EAD.xml"
_PREMIS = "metadata/preservation/PREMIS.xml"
_INSIDE = f"representations/{REPRESENTATION}"
_MANIFEST = "documentation/manifest.json"


def write_sip(
    sip: Submission,
    store: ObjectStore,
    out: IO[bytes],
    schemas: Mapping[str, bytes] = MappingProxyType({}),
) -> int:
    """Write the package; gives the number of its files.

    Args:
        sip: what is packed.
        store: the archive.
        out: seekable; the ZIP.
        schemas: to enclose, by name.

    Raises:
        ChecksumMismatch, NotFound: the archive does not hold a paper as recorded.
        ArchiveUnavailable: the archive cannot be reached.
    """
    enclosed = {f"schemas/{name}": data for name, data in schemas.items()}
    documents = _documents(sip, _manifest(sip, store), enclosed)
    with ZipPackage(out, sip.objid) as package:
        for path, data in documents.items():
            package.add(path, data)
        for paper in sip.papers:
            revision, name = paper.revision, f"{_INSIDE}/data/{paper.name}"
            with store.open(revision.object_key, revision.version_id) as source:
                package.copy(name, source, revision.size, revision.sha256)
    return len(documents) + len(sip.papers)


def _manifest(sip: Submission, store: ObjectStore) -> bytes:
    with store.open(sip.manifest.object_key, sip.manifest.version_id) as source:
        data = source.read()
    if hashlib.sha256(data).hexdigest() != sip.manifest.sha256:
        raise ChecksumMismatch(sha256=str(sip.manifest.sha256))
    return data


def _documents(sip: Submission, manifest: bytes, schemas: Mapping[str, bytes]) -> dict[str, bytes]:
    """Everything but the papers, METS first; each part is described by those before it."""
    inner: dict[str, bytes] = {}
    papers = []
    for paper in sip.papers:
        path = f"metadata/descriptive/EAD_doc_{paper.ordinal:07}.xml"
        inner[path] = ead.document_description(sip, paper)
        revision = paper.revision
        file = Part(f"data/{paper.name}", revision.sha256, revision.size, mets.PDF, paper.created)
        papers.append((paper, file, _part(path, inner[path])))
    path = f"metadata/preservation/PREMIS_{REPRESENTATION}.xml"
    inner[path] = premis.of_representation(sip)
    own = mets.of_representation(sip, _part(path, inner[path]), papers)
    outer = {_EAD: ead.file_description(sip), _PREMIS: premis.of_files(sip), _MANIFEST: manifest}
    whole = mets.of_package(
        sip,
        _part(_EAD, outer[_EAD]),
        _part(_PREMIS, outer[_PREMIS]),
        _part(f"{_INSIDE}/METS.xml", own),
        {
            "Documentation": [_part(_MANIFEST, manifest, mets.JSON)],
            "Schemas": [_part(path, data) for path, data in schemas.items()],
        },
    )
    return {
        "METS.xml": whole,
        **outer,
        **schemas,
        f"{_INSIDE}/METS.xml": own,
        **{f"{_INSIDE}/{path}": data for path, data in inner.items()},
    }


def _part(path: str, data: bytes, media_type: str = mets.XML) -> Part:
    return Part(path, hashlib.sha256(data).hexdigest(), len(data), media_type)
