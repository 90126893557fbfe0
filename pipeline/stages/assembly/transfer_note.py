"""The transfer note: facts of the capture, kept as XMP inside the archived file.

One property per fact in the namespace `https://sohoa.vn/ns/transfer/1.0/`, described by its PDF/A
extension schema (ISO 19005-2 §6.6.2.3). It says who captured what, when and with which software
(architecture §3), nothing about the content. May not come in: values read from the page.
"""

from __future__ import annotations

import datetime as dt
import zlib
from collections.abc import Callable, Mapping
from html import escape
from pathlib import Path
from typing import Final, TypeVar

import pikepdf
from pydantic import ValidationError

from pipeline.models.components import CaptureFacts
from pipeline.models.text import EngineIdentity
from pipeline.textnorm import printable

NAMESPACE: Final = "https://sohoa.vn/ns/transfer/1.0/"
PREFIX: Final = "sohoa"

_TEXT, _INTEGER, _DATE, _LIST = "Text", "Integer", "Date", "seq Text"
_PROPERTIES: Final[Mapping[str, tuple[str, str]]] = {
    "component_id": (_TEXT, "Identifier of the component: digest of batch and page indexes"),
    "component_code": (_TEXT, "Code of the component in the catalogue"),
    "batch_id": (_TEXT, "Identifier of the batch: digest of unit and sources"),
    "unit": (_TEXT, "Unit that captured the paper"),
    "officer": (_TEXT, "Account of the officer who captured the paper"),
    "station": (_TEXT, "Station and scanner"),
    "channel": (_TEXT, "How the paper came"),
    "captured_at": (_DATE, "Moment of capture, UTC"),
    "source_count": (_INTEGER, "Files of the batch"),
    "pages_in": (_INTEGER, "Pages of the whole batch"),
    "pages_kept": (_INTEGER, "Pages of this component"),
    "raw_sha256": (_LIST, "SHA-256 of each raw page image, in order"),
    "checks": (_LIST, "Quality checks of each page, in order: passed, or the warnings"),
    "content_scale": (_TEXT, "Scale of the content of page one, 1: as scanned"),
    "stamp_area": (_TEXT, "Area of page one left to the stamp: x0 y0 x1 y1 in points"),
    "stamp_ink_pixels": (_INTEGER, "Pixels of ink counted in that area"),
    "engine": (_TEXT, "Text recognition engine"),
    "engine_version": (_TEXT, "Version of the engine"),
    "engine_model": (_TEXT, "Language model of the engine"),
    "engine_model_sha256": (_TEXT, "SHA-256 of the language model"),
    "software": (_TEXT, "Software that made the file"),
}
_LISTS: Final = ("raw_sha256", "checks")
_ENGINE: Final = {
    "engine": "engine",
    "version": "engine_version",
    "model": "engine_model",
    "model_sha256": "engine_model_sha256",
}
_MAX_XMP_BYTES: Final = 4 * 1024 * 1024
"""Decoded, too: a kilobyte can be made to decode to gigabytes."""

_Read = TypeVar("_Read")


def stamp(pdf: pikepdf.Pdf, facts: CaptureFacts, title: str) -> None:
    """Replace XMP and document information by the transfer note, PDF/A-2u declared.

    Both depend on the arguments only, so that the same input gives the same bytes.
    """
    packet = pdf.make_stream(xmp_packet(facts, title))
    packet.Type, packet.Subtype = pikepdf.Name.Metadata, pikepdf.Name.XML
    pdf.Root.Metadata = packet
    date = facts.captured_at.strftime("D:%Y%m%d%H%M%S+00'00'")
    pdf.trailer.Info = pdf.make_indirect(
        pikepdf.Dictionary(
            Title=printable(title),
            Creator=facts.software,
            Producer=facts.software,
            CreationDate=date,
            ModDate=date,
        )
    )


def read_transfer_note(path: Path) -> CaptureFacts | None:
    """The transfer note of a file; None where it has none, or is no readable PDF."""
    try:
        return _noted(path, _facts)
    except (pikepdf.PdfError, OSError, SyntaxError, ValueError, TypeError, AttributeError):
        return None


def read_component_id(path: Path) -> str | None:
    """The component_id of a file's transfer note, however little else there is of it.

    Raises whatever a file of anybody makes its reader raise.
    """
    value = _noted(path, lambda get: get(f"{{{NAMESPACE}}}component_id"))
    return value.strip() or None if isinstance(value, str) else None


def _noted(path: Path, read: Callable[[Callable[[str], object]], _Read]) -> _Read | None:
    """What `read` takes from a file's XMP packet; None where there is none of bounded size."""
    with pikepdf.open(path) as pdf:
        packet = pdf.Root.get("/Metadata")
        decoded = _decoded(packet) if isinstance(packet, pikepdf.Stream) else None
        if decoded is None:
            return None
        pdf.Root.Metadata = pdf.make_stream(decoded)
        return read(pdf.open_metadata().get)


def _decoded(packet: pikepdf.Stream) -> bytes | None:
    """A packet's bytes; None beyond the bound, or coded otherwise than by plain Flate."""
    filters = packet.get("/Filter", pikepdf.Array())
    chain = [filters] if isinstance(filters, pikepdf.Name) else [*filters]
    if chain and "/DecodeParms" in packet:
        return None
    data = packet.read_raw_bytes()
    for coding in chain:
        if coding != pikepdf.Name.FlateDecode or len(data) > _MAX_XMP_BYTES:
            return None
        try:
            data = zlib.decompressobj().decompress(data, _MAX_XMP_BYTES + 1)
        except zlib.error:
            return None
    return data if len(data) <= _MAX_XMP_BYTES else None


def _facts(get: Callable[[str], object]) -> CaptureFacts | None:
    found = {name: get(f"{{{NAMESPACE}}}{name}") for name in _PROPERTIES}
    if found["component_id"] is None:
        return None
    engine = {field: found.pop(name) for field, name in _ENGINE.items()}
    try:
        return CaptureFacts.model_validate(
            {
                **found,
                **{name: found[name] or () for name in _LISTS},
                "engine": EngineIdentity.model_validate(engine) if engine["engine"] else None,
            }
        )
    except ValidationError:
        return None


def xmp_packet(facts: CaptureFacts, title: str) -> bytes:
    """The whole XMP packet of an archived component, UTF-8."""
    moment = _zulu(facts.captured_at.replace(microsecond=0))
    notes = "\n".join(_property(name, value) for name, value in _values(facts).items())
    schema = "\n".join(_described(name, *kind) for name, kind in _PROPERTIES.items())
    return _PACKET.format(
        title=_escaped(title),
        software=_escaped(facts.software),
        moment=moment,
        notes=notes,
        schema=schema,
        namespace=NAMESPACE,
        prefix=PREFIX,
    ).encode()


def _values(facts: CaptureFacts) -> dict[str, str | tuple[str, ...]]:
    plain = facts.model_dump(exclude={"engine", "captured_at", *_LISTS}, exclude_none=True)
    engine = facts.engine.model_dump() if facts.engine else {}
    return {
        **{name: str(value) for name, value in plain.items()},
        "captured_at": _zulu(facts.captured_at),
        "raw_sha256": facts.raw_sha256,
        "checks": facts.checks,
        **{_ENGINE[name]: str(value) for name, value in engine.items()},
    }


def _property(name: str, value: str | tuple[str, ...]) -> str:
    if isinstance(value, str):
        inner = _escaped(value)
    else:
        items = "".join(f"<rdf:li>{_escaped(item)}</rdf:li>" for item in value)
        inner = f"<rdf:Seq>{items}</rdf:Seq>"
    return f"<{PREFIX}:{name}>{inner}</{PREFIX}:{name}>"


def _described(name: str, kind: str, description: str) -> str:
    return (
        '<rdf:li rdf:parseType="Resource">'
        f"<pdfaProperty:name>{name}</pdfaProperty:name>"
        f"<pdfaProperty:valueType>{kind}</pdfaProperty:valueType>"
        "<pdfaProperty:category>external</pdfaProperty:category>"
        f"<pdfaProperty:description>{description}</pdfaProperty:description></rdf:li>"
    )


def _escaped(text: str) -> str:
    return escape(printable(text), quote=False)


def _zulu(moment: dt.datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


_PACKET: Final = """\
<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about=""
 xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:pdf="http://ns.adobe.com/pdf/1.3/"
 xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/"
 xmlns:xmp="http://ns.adobe.com/xap/1.0/">
<pdfaid:part>2</pdfaid:part>
<pdfaid:conformance>U</pdfaid:conformance>
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title>
<pdf:Producer>{software}</pdf:Producer>
<xmp:CreatorTool>{software}</xmp:CreatorTool>
<xmp:CreateDate>{moment}</xmp:CreateDate>
<xmp:ModifyDate>{moment}</xmp:ModifyDate>
<xmp:MetadataDate>{moment}</xmp:MetadataDate>
</rdf:Description>
<rdf:Description rdf:about="" xmlns:{prefix}="{namespace}">
{notes}
</rdf:Description>
<rdf:Description rdf:about=""
 xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/"
 xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#"
 xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#">
<pdfaExtension:schemas><rdf:Bag><rdf:li rdf:parseType="Resource">
<pdfaSchema:schema>Sohoa transfer note</pdfaSchema:schema>
<pdfaSchema:namespaceURI>{namespace}</pdfaSchema:namespaceURI>
<pdfaSchema:prefix>{prefix}</pdfaSchema:prefix>
<pdfaSchema:property><rdf:Seq>
{schema}
</rdf:Seq></pdfaSchema:property>
</rdf:li></rdf:Bag></pdfaExtension:schemas>
</rdf:Description>
</rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>"""
