"""What the visible signature says and how it is drawn (R-1333-12).

The appearance is one form XObject, upright in its own frame and turned by /Matrix so that it
reads upright on a rotated page. It is ink only, multiplied with the paper: whatever lies below
stays visible. May not come in: where the stamp goes, keys, certificates.
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
from pipeline.signatures.profiles import INTAKE, StampLook

DEVELOPMENT_LINE = "BẢN THỬ NGHIỆM – KHÔNG CÓ GIÁ TRỊ PHÁP LÝ"
"""On every stamp made with the development PKI."""

ALWAYS_CHARACTERS = "0123456789 :/+-.…?"
"""In every subset, so that the cached font does not depend on the time."""

_LONGEST = 90
_TALLEST = 0.2
"""Of the letters (em), as a share of the stamp's height."""
_BORDER = 0.015
PAD_X, _PAD_Y = 0.1, 0.04
"""Between frame and text, as shares of the stamp's height."""
_ROW_FILL = 0.84
"""Em per row: room for two diacritics above and a tail below."""
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
    look: StampLook = INTAKE.look

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
        self._lines, self._look = style.lines, style.look
        self._width, self._height = width, height
        self._rotation = rotation
        self._font = GlyphAccumulator(writer, io.BytesIO(style.font), font_size=1)

    def as_form_xobject(self) -> generic.StreamObject:
        form: generic.StreamObject = super().as_form_xobject()
        form[pdf_name("/BBox")] = generic.ArrayObject(  # the library's is in whole units
            generic.FloatObject(round(v, 3)) for v in (0, 0, self._width, self._height)
        )
        if self._rotation:
            a, b, c, d = _TURNS[self._rotation]
            form[pdf_name("/Matrix")] = generic.ArrayObject(
                generic.NumberObject(v) for v in (a, b, c, d, 0, 0)
            )
        form.compress()
        return form

    def render(self) -> bytes:
        self.set_resource(ResourceType.FONT, pdf_name("/F1"), self._font.as_resource())
        multiply = generic.DictionaryObject({pdf_name("/BM"): pdf_name("/Multiply")})
        self.set_resource(ResourceType.EXT_G_STATE, pdf_name("/Ink"), multiply)
        width, height = self._width, self._height
        line = height * _BORDER
        row = height * (1 - 2 * _PAD_Y) / max(len(self._lines), 1)
        ink = b"%.2f %.2f %.2f" % self._look.ink
        commands = [
            b"/Ink gs %s RG %s rg" % (ink, ink),
        ]
        if self._look.framed:
            commands.append(
                b"%.3f w %.3f %.3f %.3f %.3f re S"
                % (line, line / 2, line / 2, width - line, height - line)
            )
        commands += [
            self._row(text, height * (1 - _PAD_Y) - row * index, row)
            for index, text in enumerate(self._lines, 1)
        ]
        return b"\n".join(commands)

    def _row(self, text: str, base: float, row: float) -> bytes:
        """One line of text, smaller where it is long; `base` is the lower edge of its row."""
        pad = self._height * PAD_X
        shaped = self._font.shape(text, with_actual_text=False)
        room = self._width - 2 * pad
        size = min(row * _ROW_FILL, room / max(shaped.x_advance, 0.01))
        if self._look.letters_pt is None:
            size = min(size, self._height * _TALLEST)
        return b"BT /F1 1 Tf %.4f 0 0 %.4f %.3f %.3f Tm %s ET" % (
            size,
            size,
            pad,
            base + (row - size * 0.70) / 2,
            shaped.graphics_ops,
        )


def _printable(line: str) -> str:
    kept = "".join(
        " " if unicodedata.category(c)[0] in "CZ" else c for c in unicodedata.normalize("NFC", line)
    )
    text = " ".join(kept.split())
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
