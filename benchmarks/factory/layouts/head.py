"""What administrative papers share: motto, issuer, date line, signature blocks."""

from __future__ import annotations

import datetime as dt

from benchmarks.factory.fonts import Face
from benchmarks.factory.marks import seal, signature
from benchmarks.factory.paper import BLUE, BOLD, ITALIC, PLAIN, Sheet, Style
from benchmarks.factory.wording import written_date

MOTTO_1 = "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"
MOTTO_2 = "Độc lập - Tự do - Hạnh phúc"
_MOTTO_STYLE = Style(Face.SERIF_BOLD, 12.0)
_MOTTO_SMALL = Style(Face.SERIF_BOLD, 13.0)
_ISSUER = Style(Face.SERIF, 12.0)
_ISSUER_BOLD = Style(Face.SERIF_BOLD, 12.0)
_FORM_NUMBER = Style(Face.SERIF_BOLD, 11.0)
_TITLE = Style(Face.SERIF_BOLD, 15.0)


def motto(sheet: Sheet, form_number: str | None = None) -> None:
    """Form number at the right, then the motto in the middle of the page."""
    if form_number:
        sheet.line(form_number, _FORM_NUMBER, "right", gap=1.0)
    sheet.line(MOTTO_1, _MOTTO_STYLE, "centre")
    sheet.line(MOTTO_2, _MOTTO_SMALL, "centre")
    middle = (sheet.left + sheet.right) / 2
    sheet.rule(middle - 24, sheet.y + 2, middle + 24, sheet.y + 2)
    sheet.y += 6.0


def two_columns(sheet: Sheet, issuer: tuple[str, ...], below_left: str, below_right: str) -> None:
    """Issuing body at the left, motto at the right, number and date line below them."""
    left, right = sheet.left + 30.0, sheet.right - 42.0
    top = sheet.y + 5.5
    for row, text in enumerate(issuer):
        style = _ISSUER_BOLD if row == len(issuer) - 1 else _ISSUER
        sheet.put(left, top + 5.4 * row, text, style, "centre")
    under = top + 5.4 * (len(issuer) - 1) + 1.8
    sheet.rule(left - 13, under, left + 13, under)
    sheet.put(right, top, MOTTO_1, Style(Face.SERIF_BOLD, 11.5), "centre")
    sheet.put(right, top + 5.4, MOTTO_2, Style(Face.SERIF_BOLD, 12.5), "centre")
    sheet.rule(right - 24, top + 7.2, right + 24, top + 7.2)
    sheet.y = max(under, top + 7.2) + 6.5
    if below_left:
        sheet.put(left, sheet.y, below_left, PLAIN, "centre")
    if below_right:
        sheet.put(right, sheet.y, below_right, ITALIC, "centre")
    sheet.y += 5.0


def title(sheet: Sheet, *lines: str) -> None:
    """The title in bold capitals and what follows it in bold."""
    sheet.y += 1.5
    for row, text in enumerate(lines):
        sheet.line(text, _TITLE if row == 0 else BOLD, "centre")
    sheet.y += 3.0


def place_and_date(sheet: Sheet, place: str, day: dt.date, name: str | None = "sign_date") -> None:
    """`Đồng Tháp, ngày 05 tháng 3 năm 2023` at the right."""
    if name is not None:
        sheet.fields[name] = written_date(day)
    sheet.y += 2.5
    sheet.line(f"{place}, {written_date(day)}", ITALIC, "right")


def signer(
    sheet: Sheet,
    x: float,
    office: str,
    hint: str,
    name: str,
    stamp: tuple[str, str] | None = None,
) -> None:
    """Office, hint, scribble and printed name around `x` (mm); a red seal over its left part.

    The cursor stays, so that a second signer can stand beside.
    """
    top = sheet.y + 6.0
    sheet.put(x, top, office, BOLD, "centre")
    if hint:
        sheet.put(x, top + 5.4, hint, Style(Face.SERIF_ITALIC, 11.5), "centre")
    scribble = signature(sheet.rng, sheet.dpi, ink=BLUE)
    sheet.paste(scribble, x - 15.0, top + 6.5)
    if stamp is not None:
        rim, centre = stamp
        sheet.paste(seal(sheet.rng, sheet.dpi, rim, centre), x - 35.0, top + 2.5)
    sheet.put(x, top + 30.0, name, BOLD, "centre")
