"""What may stand behind a signature: rules for changed objects, and a look at the raw bytes.

pyHanko's own rules let anything through as metadata or validation data, and look at objects only.
Here metadata may differ in dates and software alone, validation data must be such, and every byte
must belong to something that a cross-reference names. May not come in: signatures, verdicts.
"""

from __future__ import annotations

import io
import itertools
import os
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from asn1crypto import core, crl, ocsp, x509
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.metadata.model import ExpandedName, XmpValue
from pyhanko.pdf_utils.metadata.xmp_xml import parse_xmp
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import HistoricalResolver, PdfFileReader
from pyhanko.pdf_utils.xref import XRefSectionType
from pyhanko.sign.diff_analysis import (
    DEFAULT_DIFF_POLICY,
    CatalogModificationRule,
    DocInfoRule,
    DSSCompareRule,
    MetadataUpdateRule,
    ModificationLevel,
    ObjectStreamRule,
    QualifiedWhitelistRule,
    ReferenceUpdate,
    StandardDiffPolicy,
    SuspiciousModification,
    WhitelistRule,
    XrefStreamRule,
)

_ROOT_MAY_CHANGE: Final = frozenset({"/DSS", "/Extensions", "/Metadata", "/Version"})
"""Entries of the catalog that validation data touch; the form is not among them."""
_INFORMATION_MAY_CHANGE: Final = frozenset({"/ModDate", "/Producer"})
_XMP_MAY_CHANGE: Final = frozenset(
    {
        ExpandedName("http://ns.adobe.com/xap/1.0/", "ModifyDate"),
        ExpandedName("http://ns.adobe.com/xap/1.0/", "MetadataDate"),
        ExpandedName("http://ns.adobe.com/pdf/1.3/", "Producer"),
        ExpandedName("http://ns.adobe.com/xap/1.0/mm/", "InstanceID"),
        ExpandedName("http://ns.adobe.com/xap/1.0/mm/", "History"),
    }
)
_LARGEST_TAIL: Final = 64 * 1024 * 1024
_SPACE: Final = rb"[\0\t\n\f\r ]*"
_OBJECT: Final = re.compile(rb"\d+ +\d+ +obj\b(.*)\bendobj" + _SPACE, re.DOTALL)
_STREAM: Final = re.compile(rb"\d+ +\d+ +obj\b.*?>>\s*stream(?:\r\n|\n)", re.DOTALL)
_AFTER_STREAM: Final = re.compile(rb"\s*endstream\s+endobj" + _SPACE)
_TABLE: Final = re.compile(rb"xref\s[\d nf\s]*trailer\s*<<.*>>\s*(startxref.*)", re.DOTALL)
_END: Final = re.compile(rb"startxref\s+\d+\s+%%EOF" + _SPACE)


class _InformationRule(DocInfoRule):
    """The document information may tell another date and software, nothing else."""

    def apply(self, old: HistoricalResolver, new: HistoricalResolver) -> Iterable[ReferenceUpdate]:
        if "/Info" in new.trailer_view and _information(old) != _information(new):
            raise SuspiciousModification("/Info tells something else")
        yield from super().apply(old, new)


class _MetadataRule(WhitelistRule):
    """XMP may tell another date and software; the transfer note and all else must stay."""

    def apply(self, old: HistoricalResolver, new: HistoricalResolver) -> Iterable[ReferenceUpdate]:
        before, after = _packet(old), _packet(new)
        if before == after:
            return
        if _told(before) != _told(after):
            raise SuspiciousModification("/Metadata tells something else")
        yield from MetadataUpdateRule().apply(old, new)


class _ValidationDataRule(DSSCompareRule):
    """What is stored as validation data must be certificates, CRLs and OCSP responses."""

    def apply(self, old: HistoricalResolver, new: HistoricalResolver) -> Iterable[ReferenceUpdate]:
        updates = list(super().apply(old, new))
        if updates and "/DSS" in new.root:
            _check_store(new.root["/DSS"])
        yield from updates


def _rules(catalog: CatalogModificationRule) -> list[QualifiedWhitelistRule]:
    plain = (
        _InformationRule(),
        XrefStreamRule(),
        ObjectStreamRule(),
        _ValidationDataRule(),
        _MetadataRule(),
    )
    return [catalog, *(rule.as_qualified(ModificationLevel.LTA_UPDATES) for rule in plain)]


REVISIONS: Final = StandardDiffPolicy(
    _rules(CatalogModificationRule()), DEFAULT_DIFF_POLICY.form_rule
)
"""For revisions behind a signature that a later one may cover."""

TAIL: Final = StandardDiffPolicy(
    _rules(CatalogModificationRule(_ROOT_MAY_CHANGE)),
    None,
    ignore_orphaned_objects=False,
)
"""For bytes that nobody signed: no field, and not even objects without use."""


def holds_only_objects(reader: PdfFileReader, start: int, revision: int, size: int) -> bool:
    """True where all bytes of the last revisions are objects and cross-references.

    Args:
        reader: the file.
        start: offset behind the signed bytes.
        revision: the first revision that is not signed.
        size: bytes of the file.
    """
    if size - start > _LARGEST_TAIL:
        return False
    try:
        parts = dict(_parts(reader, revision))
    except (PdfError, KeyError, ValueError):
        return False
    offsets = [*sorted(parts), size]
    if offsets[0] < start or offsets[-2:] != sorted(offsets[-2:]):
        return False
    reader.stream.seek(start, os.SEEK_SET)
    tail = reader.stream.read(size - start)
    return not tail[: offsets[0] - start].strip() and all(
        parts[here](tail[here - start : following - start])
        for here, following in itertools.pairwise(offsets)
    )


# -- what is told ---------------------------------------------------------------------------


def _information(revision: HistoricalResolver) -> dict[str, generic.PdfObject]:
    try:
        held = revision.trailer_view["/Info"]
    except KeyError:
        return {}
    if not isinstance(held, generic.DictionaryObject):
        raise SuspiciousModification("/Info is no dictionary")
    return {key: held[key] for key in held if key not in _INFORMATION_MAY_CHANGE}


def _packet(revision: HistoricalResolver) -> bytes | None:
    if "/Metadata" not in revision.root:
        return None
    stream = revision.get_object(revision.root.get_value_as_reference("/Metadata"))
    if not isinstance(stream, generic.StreamObject):
        raise SuspiciousModification("/Metadata is no stream")
    return stream.data


def _told(packet: bytes | None) -> dict[ExpandedName, XmpValue]:
    if packet is None:
        return {}
    try:
        told = [entry for part in parse_xmp(io.BytesIO(packet)) for entry in part]
    except ValueError as error:
        raise SuspiciousModification("/Metadata cannot be read") from error
    return {name: value for name, value in told if name not in _XMP_MAY_CHANGE}


# -- validation data ------------------------------------------------------------------------

_KINDS: Final[dict[str, type[core.Asn1Value]]] = {
    "/Certs": x509.Certificate,
    "/Cert": x509.Certificate,
    "/CRLs": crl.CertificateList,
    "/CRL": crl.CertificateList,
    "/OCSPs": ocsp.OCSPResponse,
    "/OCSP": ocsp.OCSPResponse,
}


def _check_store(store: generic.DictionaryObject) -> None:
    related = store.get("/VRI", None) or {}
    for holder in (store, *(related[key] for key in related)):
        for key, kind in _KINDS.items():
            for stream in holder.get(key, None) or ():
                if not _is(kind, stream.get_object().data):
                    raise SuspiciousModification(f"{key} holds something else")


def _is(kind: type[core.Asn1Value], data: bytes) -> bool:
    try:
        value = kind.load(data)
        value.native  # noqa: B018
    except (ValueError, TypeError):
        return False
    return not data[len(value.dump()) :].strip(b"\0\r\n ")


# -- raw bytes ------------------------------------------------------------------------------


def _parts(reader: PdfFileReader, first: int) -> Iterator[tuple[int, Callable[[bytes], bool]]]:
    """Offset of everything that the revisions' cross-references name, and what must be there."""
    xrefs = reader.xrefs
    for revision in range(first, reader.total_revisions):
        table = xrefs.get_xref_container_info(revision)
        for ref in xrefs.explicit_refs_in_revision(revision):
            place = xrefs.get_xref_data(revision).try_resolve(ref)
            if isinstance(place, int) and ref != table.stream_ref:
                yield place, _object_of(reader.get_object(ref, revision))
        if table.xref_section_type is XRefSectionType.STANDARD:
            yield table.declared_startxref, _is_table
        elif table.xref_section_type is XRefSectionType.STREAM:
            held = reader.get_object(table.stream_ref, revision)
            yield table.declared_startxref, _table_of(held)
        else:
            raise PdfError("two cross-references in one revision")


def _object_of(held: object) -> Callable[[bytes], bool]:
    if isinstance(held, generic.StreamObject):
        data = held.encoded_data
        return lambda piece: _after_stream(piece, data) == b""
    return _is_plain


def _table_of(held: object) -> Callable[[bytes], bool]:
    if not isinstance(held, generic.StreamObject):
        raise PdfError("no cross-reference stream")
    data = held.encoded_data
    return lambda piece: _END.fullmatch(_after_stream(piece, data) or b"") is not None


def _is_plain(piece: bytes) -> bool:
    found = _OBJECT.fullmatch(piece)
    return found is not None and b"endobj" not in found.group(1)


def _is_table(piece: bytes) -> bool:
    found = _TABLE.fullmatch(piece)
    return found is not None and _END.fullmatch(found.group(1)) is not None


def _after_stream(piece: bytes, data: bytes) -> bytes | None:
    """What stands behind a stream object with these data; None where it is none."""
    head = _STREAM.match(piece)
    if head is None or not piece.startswith(data, head.end()):
        return None
    tail = _AFTER_STREAM.match(piece, head.end() + len(data))
    return None if tail is None else piece[tail.end() :]
