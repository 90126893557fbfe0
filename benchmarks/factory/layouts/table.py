"""Ruled tables with wrapped cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.factory.fonts import Face
from benchmarks.factory.paper import Align, Sheet, Style

_HEAD = Style(Face.SERIF_BOLD, 11.5)
_PAD = 1.5


@dataclass(frozen=True, slots=True)
class Column:
    """A column: heading, width in mm, alignment of its cells."""

    heading: str
    width: float
    align: Align = "left"


def draw_table(
    sheet: Sheet,
    columns: Sequence[Column],
    rows: Sequence[Sequence[str]],
    style: Style,
    *,
    heading: bool = True,
    heading_style: Style = _HEAD,
) -> None:
    """A table at the cursor, from the left margin on; the cursor ends below it."""
    if heading:
        centred = [Column(column.heading, column.width, "centre") for column in columns]
        _row(sheet, centred, [column.heading for column in columns], heading_style)
    for row in rows:
        _row(sheet, columns, row, style)


def _row(sheet: Sheet, columns: Sequence[Column], cells: Sequence[str], style: Style) -> None:
    leading = sheet.leading(style) * 0.92
    wrapped = [
        _wrap(sheet, cell, style, column.width - 2 * _PAD)
        for column, cell in zip(columns, cells, strict=True)
    ]
    height = leading * max(len(lines) for lines in wrapped) + 2.0
    x = sheet.left
    for column, lines in zip(columns, wrapped, strict=True):
        sheet.box(x, sheet.y, x + column.width, sheet.y + height)
        anchor = {
            "left": x + _PAD,
            "centre": x + column.width / 2,
            "right": x + column.width - _PAD,
        }[column.align]
        baseline = sheet.y + (height - leading * len(lines)) / 2 + leading * 0.78
        for number, line in enumerate(lines):
            sheet.put(anchor, baseline + leading * number, line, style, column.align)
        x += column.width
    sheet.y += height


def _wrap(sheet: Sheet, text: str, style: Style, width: float) -> list[str]:
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and sheet.width(longer, style) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines
