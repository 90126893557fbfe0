"""Cover slip and separators for a case, as a PDF to print.

Page one is the cover; then a separator per paper that the case may ask for; the last page is a
general separator, to be copied and put before any other paper. May not come in: what the sheets do
when they come back (pipeline.stages.separation).
"""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

import img2pdf
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from pipeline.adapters.symbols import draw_qr
from pipeline.catalogue import BenefitCase, Catalogue, Procedure, ScanRule
from pipeline.errors import AssemblyError, MissingToolError
from pipeline.ids import digest, legal_day
from pipeline.models.pages import Sheet, SheetKind
from pipeline.stages.sheets import encode_sheet

PRINTED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "cover": "TỜ BÌA HỒ SƠ",
        "separator": "TỜ PHÂN CÁCH",
        "general": "TỜ PHÂN CÁCH CHUNG",
        "general_name": "Thành phần tiếp theo (tự nhận dạng loại giấy tờ)",
        "dossier": "Mã hồ sơ:",
        "dossier_new": "cấp khi quét",
        "procedure": "Thủ tục:",
        "case": "Trường hợp:",
        "unit": "Đơn vị:",
        "printed": "Ngày in:",
        "slip": "Số phiếu:",
        "code": "Mã thành phần:",
        "count": "Tờ",
        "count_cover": "Gồm tờ bìa này, {total} tờ phân cách và 1 tờ phân cách chung",
        "count_general": "Dùng chung, có thể sao nhiều bản",
        "use_cover": "Đặt tờ này lên đầu tập hồ sơ khi quét.",
        "use_separator": "Đặt tờ này ngay trước giấy tờ nêu trên. "
        "Không có giấy tờ đó thì vẫn quét tờ này.",
        "use_general": "Đặt tờ này trước mỗi giấy tờ chưa có tờ phân cách riêng.",
        "never_filed": "Tờ này không thuộc hồ sơ; hệ thống tự bỏ khi quét.",
    }
)
"""What stands on the paper. Printed matter is Vietnamese whatever the language of the screen."""

_DPI: Final = 300
_A4_MM: Final = (210.0, 297.0)
_MARGIN_MM: Final = 18.0
_LARGE_MM, _SMALL_MM = 70.0, 40.0
"""Sides of the two symbols, quiet zone not counted."""
_QUIET_MODULES: Final = 4
_FONTS: Final = Path("/usr/share/fonts/truetype/croscore")
_REGULAR, _BOLD = "Tinos-Regular.ttf", "Tinos-Bold.ttf"


def make_slip(
    procedure: str,
    case: str,
    dossier: str | None,
    catalogue: Catalogue,
    unit: str,
    at: dt.datetime,
    font: Path | None,
) -> bytes:
    """Draw the slip of a case.

    Args:
        procedure: code in the catalogue.
        case: code of one of its cases.
        dossier: dossier code to file under; None: allotted at the scan.
        catalogue: names, and which papers the case asks for.
        unit: unit that prints it.
        at: moment of printing; slips printed at other moments are other slips.
        font: TrueType font with Vietnamese glyphs; None: Tinos of the system.

    Returns:
        A PDF, A4 portrait, bilevel at 300 dpi.

    Raises:
        NotFound: `PROCEDURE_UNKNOWN`, `CASE_UNKNOWN`.
        MissingToolError: `FONT_MISSING`.
        AssemblyError: `SLIP_FAILED`.
    """
    kind = catalogue.procedure(procedure)
    variant = kind.case(case)
    slip_id = digest("slip", unit, procedure, case, dossier, at.isoformat())[:12]
    codes = papers_of(kind, variant, catalogue)
    fonts = _Fonts(font)
    pages = []
    for number in range(len(codes) + 2):
        sheet = _sheet(number, codes, slip_id, dossier, kind, variant)
        pages.append(_draw(sheet, catalogue, unit, at, fonts))
    size = tuple(img2pdf.mm_to_pt(mm) for mm in _A4_MM)
    try:
        return bytes(img2pdf.convert(pages, layout_fun=img2pdf.get_layout_fun(size)))
    except (img2pdf.ImageOpenError, ValueError) as error:
        raise AssemblyError("SLIP_FAILED") from error


def papers_of(procedure: Procedure, case: BenefitCase, catalogue: Catalogue) -> tuple[str, ...]:
    """Component codes that may come on paper for a case, in the order they are asked for.

    Required ones, the application forms, alternatives and conditional ones; without those that
    are never scanned (R-3985-1).
    """
    wanted = [
        *(() if set(procedure.application) & set(case.required) else procedure.application),
        *procedure.always,
        *case.required,
        *(code for group in case.one_of for code in group),
        *(code for code, _ in case.conditional),
    ]
    return tuple(
        code
        for code in dict.fromkeys(wanted)
        if catalogue.component(code).scan in (ScanRule.YES, ScanRule.EITHER)
    )


def _sheet(
    number: int,
    codes: tuple[str, ...],
    slip_id: str,
    dossier: str | None,
    procedure: Procedure,
    case: BenefitCase,
) -> Sheet:
    kind = SheetKind.SEPARATOR
    if number == 0:
        kind = SheetKind.COVER
    elif number > len(codes):
        kind = SheetKind.GENERAL
    separator, general = kind is SheetKind.SEPARATOR, kind is SheetKind.GENERAL
    return Sheet(
        kind=kind,
        slip_id=slip_id,
        dossier=None if general else dossier,
        procedure=None if general else procedure.code,
        case=None if general else case.code,
        component=codes[number - 1] if separator else None,
        number=number if separator else 0,
        total=len(codes),
    )


class _Fonts:
    """The two weights in the sizes that are drawn."""

    def __init__(self, font: Path | None) -> None:
        self._regular = font or _FONTS / _REGULAR
        self._bold = font or _FONTS / _BOLD

    def of(self, size_pt: float, *, bold: bool = False) -> ImageFont.FreeTypeFont:
        """A font of a size in points.

        Raises:
            MissingToolError: `FONT_MISSING`.
        """
        path = self._bold if bold else self._regular
        try:
            return ImageFont.truetype(str(path), round(size_pt / 72 * _DPI))
        except OSError as error:
            raise MissingToolError("FONT_MISSING", font=path.name) from error


def _draw(sheet: Sheet, catalogue: Catalogue, unit: str, at: dt.datetime, fonts: _Fonts) -> bytes:
    width, height = (_px(mm) for mm in _A4_MM)
    page = Image.new("L", (width, height), 255)
    pen = ImageDraw.Draw(page)
    margin = _px(_MARGIN_MM)
    text = encode_sheet(sheet)
    large, small = _symbol(text, _LARGE_MM), _symbol(text, _SMALL_MM)
    page.paste(large, (width - margin - large.width, margin))
    page.paste(small, (margin, height - margin - small.height))
    y = margin
    beside = width - 3 * margin - large.width
    for line, size, bold in _heading(sheet):
        y = _write(pen, (margin, y), line, fonts.of(size, bold=bold), beside) + _px(4)
    y = max(y, margin + large.height + _px(8))
    pen.line([(margin, y), (width - margin, y)], fill=0, width=_px(0.7))
    y += _px(8)
    for line, size, bold in _body(sheet, catalogue, unit, at):
        y = _write(pen, (margin, y), line, fonts.of(size, bold=bold), width - 2 * margin) + _px(4)
    foot = fonts.of(12)
    x = 2 * margin + small.width
    _write(pen, (x, height - margin - _px(16)), PRINTED["never_filed"], foot, width - margin - x)
    out = io.BytesIO()
    page.point(lambda level: 255 if level > 127 else 0).convert("1").save(
        out, format="TIFF", compression="group4", dpi=(_DPI, _DPI)
    )
    return out.getvalue()


def _heading(sheet: Sheet) -> list[tuple[str, float, bool]]:
    if sheet.kind is SheetKind.COVER:
        count = PRINTED["count_cover"].format(total=sheet.total)
        return [(PRINTED["cover"], 28, True), (count, 14, False)]
    if sheet.kind is SheetKind.GENERAL:
        return [(PRINTED["general"], 28, True), (PRINTED["count_general"], 14, False)]
    count = f"{PRINTED['count']} {sheet.number}/{sheet.total}"
    return [(PRINTED["separator"], 28, True), (count, 30, True)]


def _body(
    sheet: Sheet, catalogue: Catalogue, unit: str, at: dt.datetime
) -> list[tuple[str, float, bool]]:
    foot = (
        f"{PRINTED['unit']} {unit}     {PRINTED['printed']} {legal_day(at):%d/%m/%Y}     "
        f"{PRINTED['slip']} {sheet.slip_id}"
    )
    if sheet.kind is SheetKind.GENERAL:
        return [
            (PRINTED["general_name"], 24, True),
            (PRINTED["use_general"], 14, False),
            (foot, 12, False),
        ]
    lines: list[tuple[str, float, bool]] = [(PRINTED["use_cover"], 16, False)]
    if sheet.component is not None:
        lines = [
            (catalogue.component(sheet.component).name_vi, 24, True),
            (f"{PRINTED['code']} {sheet.component}", 18, False),
            (PRINTED["use_separator"], 14, False),
        ]
    procedure = catalogue.procedure(sheet.procedure or "")
    case = procedure.case(sheet.case or "")
    size = 18.0 if sheet.kind is SheetKind.COVER else 12.0
    return [
        *lines,
        (f"{PRINTED['dossier']} {sheet.dossier or PRINTED['dossier_new']}", size, True),
        (f"{PRINTED['procedure']} {procedure.name_vi} ({procedure.code})", size, False),
        (f"{PRINTED['case']} {case.name_vi} ({case.code})", size, False),
        (foot, 12, False),
    ]


def _write(
    pen: ImageDraw.ImageDraw,
    at: tuple[int, int],
    text: str,
    font: ImageFont.FreeTypeFont,
    width: int,
) -> int:
    """Write text wrapped to a width in pixels; the y below the last line."""
    x, y = at
    line = ""
    for word in text.split(" "):
        longer = f"{line} {word}" if line else word
        if line and pen.textlength(longer, font=font) > width:
            pen.text((x, y), line, font=font, fill=0)
            y += _leading(font)
            longer = word
        line = longer
    pen.text((x, y), line, font=font, fill=0)
    return y + _leading(font)


def _leading(font: ImageFont.FreeTypeFont) -> int:
    ascent, descent = font.getmetrics()
    return ascent + descent


def _symbol(text: str, side_mm: float) -> Image.Image:
    """The QR symbol with its quiet zone; whole pixels per module, at least the side asked for."""
    modules = np.pad(draw_qr(text, level="M"), _QUIET_MODULES, constant_values=255)
    inner = modules.shape[0] - 2 * _QUIET_MODULES
    scale = -(-_px(side_mm) // inner)
    return Image.fromarray(np.kron(modules, np.ones((scale, scale), np.uint8)))


def _px(mm: float) -> int:
    return round(mm / 25.4 * _DPI)
