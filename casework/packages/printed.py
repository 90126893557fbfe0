"""A few pages of plain text as PDF/A-2u: an embedded font, real letters, nothing else.

Used for what a person reads beside machine-readable facts. May not come in: what is written.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pikepdf
import pikepdf.pdfa
from fontTools import ttLib
from pikepdf import Array, Dictionary, Name, Pdf

from pipeline.errors import AssemblyError
from pipeline.stages.assembly.glyphless import to_unicode

PAGE_PT: Final = (595.28, 841.89)
"""A4 portrait."""
MARGIN_PT: Final = 56.0
FREE_TOP_PT: Final = 12.0
"""Left empty below the upper margin of page one, where the stamp of whoever signs it goes."""
_FLAVOUR: Final = "2b"
"""What pikepdf can check; that all text has its Unicode (2u) is the font's doing."""
_LEADING: Final = 1.38
"""Of the size of the letters."""
_EM: Final = 1000
_NAME: Final = "SOHOAP+Sohoa"


@dataclass(frozen=True, slots=True)
class Row:
    """One paragraph."""

    text: str
    size: float = 10.0
    """pt"""
    indent: float = 0.0
    """pt"""
    gap: float = 0.0
    """Above it, pt."""


class _Face:
    """Codes and widths of a font's letters."""

    def __init__(self, font: bytes) -> None:
        with ttLib.TTFont(io.BytesIO(font)) as opened:
            widths, order = opened["hmtx"], opened.getReverseGlyphMap()
            self._glyphs: dict[str, tuple[int, int]] = {
                chr(letter): (order[glyph], widths[glyph][0])
                for letter, glyph in (opened.getBestCmap() or {}).items()
            }
            head, lines = opened["head"], opened["hhea"]
            self.box = (head.xMin, head.yMin, head.xMax, head.yMax)
            self.rise, self.fall = lines.ascent, lines.descent
        self.program = font

    def width(self, text: str, size: float) -> float:
        """Of a text in points."""
        return sum(self._glyphs[c][1] for c in text) * size / _EM

    def encode(self, text: str) -> str:
        """The operand of `Tj`."""
        return "<" + "".join(f"{self._glyphs[c][0]:04X}" for c in text) + ">"

    def embed(self, pdf: Pdf) -> pikepdf.Object:
        """The font object of a document (ISO 19005-2 §6.2.11)."""
        program = pdf.make_stream(self.program)
        program.Length1 = len(self.program)
        used = {glyph: (letter, width) for letter, (glyph, width) in self._glyphs.items()}
        descriptor = Dictionary(
            Type=Name.FontDescriptor,
            FontName=Name("/" + _NAME),
            Flags=4,
            FontBBox=Array(self.box),
            ItalicAngle=0,
            Ascent=self.rise,
            Descent=self.fall,
            CapHeight=self.rise,
            StemV=80,
            FontFile2=program,
        )
        descendant = Dictionary(
            Type=Name.Font,
            Subtype=Name.CIDFontType2,
            BaseFont=Name("/" + _NAME),
            CIDSystemInfo=Dictionary(Registry=b"Adobe", Ordering=b"Identity", Supplement=0),
            FontDescriptor=pdf.make_indirect(descriptor),
            CIDToGIDMap=Name.Identity,
            W=Array([part for g in sorted(used) for part in (g, Array([used[g][1]]))]),
        )
        return pdf.make_indirect(
            Dictionary(
                Type=Name.Font,
                Subtype=Name.Type0,
                BaseFont=Name("/" + _NAME),
                Encoding=Name("/Identity-H"),
                DescendantFonts=Array([pdf.make_indirect(descendant)]),
                ToUnicode=pdf.make_stream(to_unicode({used[g][0]: g for g in sorted(used)})),
            )
        )


def print_rows(rows: Sequence[Row], font: bytes, title: str, out: Path) -> int:
    """Write the pages; gives their number.

    Args:
        rows: NFC, only letters that the font has.
        font: TrueType, 1000 units per em.
        title: of the document.
        out: the file to write.

    Raises:
        AssemblyError: `PDFA_REFUSED`.
    """
    face = _Face(font)
    with Pdf.new() as pdf:
        resource = face.embed(pdf)
        pages = list(_pages(rows, face))
        for content in pages:
            sheet = Dictionary(
                Type=Name.Page,
                MediaBox=Array([0, 0, *PAGE_PT]),
                Resources=Dictionary(Font=Dictionary(F0=resource)),
                Contents=pdf.make_stream(content.encode("ascii")),
            )
            pdf.pages.append(pikepdf.Page(pdf.make_indirect(sheet)))
        pdf.Root.Lang = pikepdf.String("vi-VN")
        pdf.Root.ViewerPreferences = Dictionary(DisplayDocTitle=True)
        with pdf.open_metadata(set_pikepdf_as_editor=False) as note:
            note["dc:title"] = title
        try:
            pikepdf.pdfa.save(pdf, out, _FLAVOUR)
        except pikepdf.pdfa.PdfaError as error:
            raise AssemblyError("PDFA_REFUSED", findings=len(error.report.findings)) from error
    with Pdf.open(out, allow_overwriting_input=True) as pdf:
        with pdf.open_metadata(set_pikepdf_as_editor=False) as note:
            note["pdfaid:conformance"] = "U"
        pdf.save(out, **pikepdf.pdfa.resolve_save_kwargs(_FLAVOUR, deterministic_id=True))
    return len(pages)


def _pages(rows: Sequence[Row], face: _Face) -> Iterator[str]:
    top, foot = PAGE_PT[1] - MARGIN_PT, MARGIN_PT
    y = top - FREE_TOP_PT
    operators: list[str] = []
    for row in rows:
        room = PAGE_PT[0] - 2 * MARGIN_PT - row.indent
        y -= row.gap
        for line in _wrapped(row.text, room, row.size, face):
            y -= row.size * _LEADING
            if y < foot:
                yield "\n".join(operators)
                y, operators = top - row.size * _LEADING, []
            x = MARGIN_PT + row.indent
            operators.append(
                f"BT /F0 {row.size:.1f} Tf {x:.2f} {y:.2f} Td {face.encode(line)} Tj ET"
            )
    yield "\n".join(operators)


def _wrapped(text: str, room: float, size: float, face: _Face) -> Iterator[str]:
    """Lines no wider than the room; a word that is wider (a digest) is cut."""
    line = ""
    for word in text.split(" "):
        longer = f"{line} {word}" if line else word
        if face.width(longer, size) <= room:
            line = longer
            continue
        if line:
            yield line
        line = word
        while face.width(line, size) > room:
            cut = len(line)
            while cut > 1 and face.width(line[:cut], size) > room:
                cut -= 1
            yield line[:cut]
            line = line[cut:]
            if cut == 1 and face.width(line[:1], size) > room:
                break
    yield line
