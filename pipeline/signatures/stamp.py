"""What the visible signature says and how it is drawn (R-1333-12).

The appearance is one form XObject, upright in its own frame and turned by /Matrix so that it
reads upright on a rotated page. A veil of white lets what lies below shine through: nothing of
the paper is hidden for good. May not come in: where the stamp goes, keys, certificates.
"""

from __future__ import annotations

import datetime as dt
import io
import unicodedata
from dataclasses import dataclass
from typing import Any

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.content import ResourceType
from pyhanko.pdf_utils.font.opentype import GlyphAccumulator
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.layout import BoxConstraints
from pyhanko.pdf_utils.writer import BasePdfFileWriter
from pyhanko.stamp.base import BaseStamp, BaseStampStyle

from pipeline.ids import LEGAL_ZONE
from pipeline.signatures.geometry import StampPlace

DEVELOPMENT_LINE = "BẢN THỬ NGHIỆM – KHÔNG CÓ GIÁ TRỊ PHÁP LÝ"
"""On every stamp made with the development PKI."""

ALWAYS_CHARACTERS = "0123456789 :/+-.…?"
"""In every subset, so that the cached font does not depend on the time."""

_LONGEST = 90
_INK = b"0.66 0.04 0.06"
_VEIL = 0.72
_TALLEST = 0.19
_BORDER = 0.9
_TURNS = {0: (1, 0, 0, 1), 90: (0, 1, -1, 0), 180: (-1, 0, 0, -1), 270: (0, -1, 1, 0)}


@dataclass(frozen=True, slots=True)
class StampText:
    """What the stamp tells: who, for whom, when."""

    agency: str
    signer: str
    """Name of the officer."""
    signed_at: dt.datetime
    development: bool

    def lines(self) -> tuple[str, ...]:
        """The lines in Vietnamese, NFC, without control characters; time in +07:00."""
        local = self.signed_at.astimezone(LEGAL_ZONE)
        written = (
            self.agency,
            f"Người ký: {self.signer}",
            f"Thời gian ký: {local:%d/%m/%Y %H:%M:%S} +07:00",
            *((DEVELOPMENT_LINE,) if self.development else ()),
        )
        return tuple(_printable(line) for line in written)


@dataclass(frozen=True)
class DossierStampStyle(BaseStampStyle):
    """Draws the given lines at the given place."""

    lines: tuple[str, ...] = ()
    """Only characters of the font."""
    font: bytes = b""
    """TrueType, 1000 units per em."""
    place: StampPlace | None = None
    last_line_filled: bool = False
    """Draw the last line in white on red."""

    def create_stamp(
        self, writer: BasePdfFileWriter, box: BoxConstraints, text_params: dict[str, Any]
    ) -> BaseStamp:
        """The appearance; the box of the annotation gives way to the exact place."""
        place = self.place
        width = place.width if place else float(box.width)
        height = place.height if place else float(box.height)
        return _DossierStamp(writer, self, width, height, place.rotation if place else 0)


class _DossierStamp(BaseStamp):
    def __init__(
        self,
        writer: BasePdfFileWriter,
        style: DossierStampStyle,
        width: float,
        height: float,
        rotation: int,
    ) -> None:
        super().__init__(writer, style, BoxConstraints(width=width, height=height))
        self._lines, self._last_filled = style.lines, style.last_line_filled
        self._width, self._height = width, height
        self._rotation = rotation
        self._font = GlyphAccumulator(writer, io.BytesIO(style.font), font_size=1)

    def as_form_xobject(self) -> generic.StreamObject:
        form: generic.StreamObject = super().as_form_xobject()
        if self._rotation:
            a, b, c, d = _TURNS[self._rotation]
            form[pdf_name("/Matrix")] = generic.ArrayObject(
                generic.NumberObject(v) for v in (a, b, c, d, 0, 0)
            )
        form.compress()
        return form

    def render(self) -> bytes:
        self.set_resource(ResourceType.FONT, pdf_name("/F1"), self._font.as_resource())
        veil = generic.DictionaryObject({pdf_name("/ca"): generic.FloatObject(_VEIL)})
        self.set_resource(ResourceType.EXT_G_STATE, pdf_name("/Veil"), veil)
        width, height = self._width, self._height
        unit = height / 20
        line = unit * _BORDER / 3
        commands = [
            b"q /Veil gs 1 1 1 rg 0 0 %.3f %.3f re f Q" % (width, height),
            b"q %s RG %.3f w %.3f %.3f %.3f %.3f re S Q"
            % (_INK, line, line / 2, line / 2, width - line, height - line),
        ]
        rows = len(self._lines)
        row = (height - 2 * unit) / rows
        for index, text in enumerate(self._lines):
            base = height - unit - row * (index + 1)
            filled = self._last_filled and index == rows - 1
            commands.append(self._row(text, base, row, filled=filled))
        return b"\n".join(commands)

    def _row(self, text: str, base: float, row: float, *, filled: bool) -> bytes:
        """One line of text; `base` is the lower edge of its row."""
        pad = self._height / 14
        shaped = self._font.shape(text, with_actual_text=False)
        room = self._width - 2 * pad
        size = min(row * 0.78, self._height * _TALLEST, room / max(shaped.x_advance, 0.01))
        left = (self._width - size * shaped.x_advance) / 2 if filled else pad
        band = b""
        if filled:
            band = b"q %s rg 0 0 %.3f %.3f re f Q\n" % (_INK, self._width, base + row)
            base /= 2
        return band + b"q BT %s rg /F1 1 Tf %.4f 0 0 %.4f %.3f %.3f Tm %s ET Q" % (
            b"1 1 1" if filled else _INK,
            size,
            size,
            left,
            base + (row - size * 0.70) / 2,
            shaped.graphics_ops,
        )


def _printable(line: str) -> str:
    kept = "".join(
        " " if unicodedata.category(c)[0] in "CZ" else c for c in unicodedata.normalize("NFC", line)
    )
    text = " ".join(kept.split())
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
