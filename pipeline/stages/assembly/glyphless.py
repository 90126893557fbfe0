"""The glyphless font of the text layer: every character has a width, a Unicode value, no ink.

A Type0 font over an embedded CIDFontType2 with two empty glyphs; one CID per distinct character
of the document and a ToUnicode map, so that the text can be copied exactly (ISO 19005-2 §6.2.11).
May not come in: positions, pages.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import pikepdf
from fontTools.fontBuilder import FontBuilder
from fontTools.ttLib.tables._g_l_y_f import Glyph
from pikepdf import Array, Dictionary, Name, Pdf

ADVANCE: Final = 500
"""Width of every character, thousandths of the font size."""

_EM: Final = 1000
_NAME: Final = "SOHOAA+SohoaGlyphless"
_ENTRIES_PER_BLOCK: Final = 100
_LAST_CID: Final = 0xFFFF
_FONT_MOMENT: Final = 3_786_912_000
"""Seconds since 1904 written as the font's date: fixed, for equal bytes."""


@dataclass(frozen=True, slots=True)
class GlyphlessFont:
    """The font object of one document and the code of each of its characters."""

    resource: pikepdf.Object
    codes: Mapping[str, int]
    """CID of each character, from 1: 0 is `.notdef` and never shown."""

    def encode(self, text: str) -> str:
        """The text as the hexadecimal operand of `Tj`."""
        return "<" + "".join(f"{self.codes[char]:04X}" for char in text) + ">"


def embed(pdf: Pdf, characters: Iterable[str]) -> GlyphlessFont:
    """Add the font to a document.

    Args:
        pdf: the document that will show the text.
        characters: every character that will be encoded; more than 65 535 distinct ones cannot
            occur, as no script of that size is recognised.
    """
    ordered = sorted(set(characters))[:_LAST_CID]
    codes = {char: cid for cid, char in enumerate(ordered, start=1)}
    program = pdf.make_stream(_font_program())
    program.Length1 = len(program.read_bytes())
    descriptor = pdf.make_indirect(
        Dictionary(
            Type=Name.FontDescriptor,
            FontName=Name("/" + _NAME),
            Flags=4,
            FontBBox=Array([0, 0, ADVANCE, _EM]),
            ItalicAngle=0,
            Ascent=_EM,
            Descent=0,
            CapHeight=_EM,
            StemV=80,
            FontFile2=program,
        )
    )
    descendant = pdf.make_indirect(
        Dictionary(
            Type=Name.Font,
            Subtype=Name.CIDFontType2,
            BaseFont=Name("/" + _NAME),
            CIDSystemInfo=Dictionary(Registry=b"Adobe", Ordering=b"Identity", Supplement=0),
            FontDescriptor=descriptor,
            DW=ADVANCE,
            CIDToGIDMap=pdf.make_stream(b"\x00\x00" + b"\x00\x01" * len(codes)),
        )
    )
    resource = pdf.make_indirect(
        Dictionary(
            Type=Name.Font,
            Subtype=Name.Type0,
            BaseFont=Name("/" + _NAME),
            Encoding=Name("/Identity-H"),
            DescendantFonts=Array([descendant]),
            ToUnicode=pdf.make_stream(to_unicode(codes)),
        )
    )
    return GlyphlessFont(resource=resource, codes=codes)


def _font_program() -> bytes:
    """A TrueType font of two empty glyphs; the same bytes every time."""
    builder = FontBuilder(_EM, isTTF=True)
    builder.setupGlyphOrder([".notdef", "blank"])
    builder.setupCharacterMap({})
    builder.setupGlyf({".notdef": Glyph(), "blank": Glyph()})
    builder.setupHorizontalMetrics({".notdef": (ADVANCE, 0), "blank": (ADVANCE, 0)})
    builder.setupHorizontalHeader(ascent=_EM, descent=0)
    builder.setupPost(keepGlyphNames=False)
    builder.font.recalcTimestamp = False
    builder.font["head"].created = builder.font["head"].modified = _FONT_MOMENT
    out = io.BytesIO()
    builder.font.save(out)
    return out.getvalue()


def to_unicode(codes: Mapping[str, int]) -> bytes:
    """The ToUnicode CMap (ISO 32000-1 §9.10.3) of a font.

    Args:
        codes: by character, its glyph.
    """
    entries = [
        f"<{cid:04X}> <{char.encode('utf-16-be').hex().upper()}>" for char, cid in codes.items()
    ]
    blocks = [
        entries[start : start + _ENTRIES_PER_BLOCK]
        for start in range(0, len(entries), _ENTRIES_PER_BLOCK)
    ]
    body = "\n".join(
        f"{len(block)} beginbfchar\n" + "\n".join(block) + "\nendbfchar" for block in blocks
    )
    return (
        "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n"
        "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n"
        "/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n"
        "1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n"
        f"{body}\nendcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n"
    ).encode("ascii")
