"""A paper under way: what layouts say is set on sheets as a manner arranges it.

May not come in: what a particular form says, which manners there are.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from benchmarks.factory.layouts.head import MOTTO_1, MOTTO_2
from benchmarks.factory.layouts.manner import DARK, NAVY, Heading, Manner, Placing, Rest
from benchmarks.factory.layouts.table import Column, draw_table
from benchmarks.factory.marks import seal, signature
from benchmarks.factory.paper import A4_MM, BLACK, BLUE, RenderedPage, Sheet, Style
from benchmarks.factory.wording import written_date

Stamp = tuple[str, str]
"""Text along the rim of a seal, and in its middle."""

_BOTTOM_MM: Final = 20.0
_SIGNATURE_MM: Final = 38.0
_TAB_MM: Final = 62.0
_HAND_FILLED: Final = 0.65
"""Share of the forms of insured people that are filled in by pen; the others are typed."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A label and its value."""

    wordings: str
    """Of the label, separated by bars; without colon. Empty: the value stands alone."""
    text: str
    name: str | None = None
    """The catalogue's field that the value is."""
    unit: str = ""
    """Printed after the value."""


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signs."""

    office: str
    name: str
    hint: str = ""
    stamp: Stamp | None = None


@dataclass
class Form:
    """The paper; its pages come from `finish`."""

    code: str
    manner: Manner
    rng: np.random.Generator
    dpi: int
    by_hand: bool = False
    """For people's own forms: filled in by pen, if chance wants it so."""
    size_mm: tuple[float, float] = A4_MM
    scale: float = 1.0
    """Of all type, for crowded papers."""
    single: bool = False
    """Never goes on on a second sheet."""
    pages: list[Sheet] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Take the first sheet."""
        self.by_hand = self.by_hand and bool(self.rng.random() < _HAND_FILLED)
        self.count = 0
        self.shift = tuple(float(step) for step in self.rng.uniform(-1.0, 1.0, 3))
        self.scale *= 1.0 + 0.04 * float(self.rng.uniform(-1.0, 0.5))
        self.ink = (BLUE, NAVY, DARK)[int(self.rng.integers(3))]
        self.turn_page()

    # -- sheets and styles ------------------------------------------------------------------

    @property
    def sheet(self) -> Sheet:
        """The sheet that is written on."""
        return self.pages[-1]

    def turn_page(self) -> None:
        """Go on on a new sheet."""
        wide = self.size_mm[0] - A4_MM[0]
        self.pages.append(
            Sheet(
                self.rng,
                self.dpi,
                self.size_mm,
                left=self.manner.left + 4.0 * self.shift[0],
                right=self.manner.right + wide + 4.0 * self.shift[1],
                y=self.manner.top + 3.0 * self.shift[2],
                pen=self.value_style,
            )
        )

    def need(self, height: float) -> None:
        """Turn the page unless that much room is left, mm."""
        if not self.single and self.sheet.y + height > self.size_mm[1] - _BOTTOM_MM:
            self.turn_page()

    def style(self, cut: str = "regular", more: float = 0.0) -> Style:
        """A style of the manner's family.

        Args:
            cut: `regular`, `bold` or `italic`.
            more: points above the size of running text.
        """
        face = {
            "regular": self.manner.family.regular,
            "bold": self.manner.family.bold,
            "italic": self.manner.family.italic,
        }[cut]
        return Style(face, round((self.manner.size + more) * self.scale, 1), BLACK)

    @property
    def value_style(self) -> Style:
        """How values are written."""
        if self.by_hand:
            pen = self.manner.pen
            return Style(pen.face, round(pen.size * self.scale, 1), pen.ink, pen.hand)
        return Style(self.manner.typed, round(self.manner.size * self.scale, 1), BLACK)

    def date(self, day: dt.date) -> str:
        """A date in figures."""
        mark = self.manner.date_mark
        return day.strftime(f"%d{mark}%m{mark}%Y")

    def word(self, wordings: str) -> str:
        """One wording of several, separated by bars."""
        return self.manner.word(wordings)

    # -- head -------------------------------------------------------------------------------

    def motto(self, form_number: str = "") -> None:
        """Form number and motto of a form that people hand in."""
        sheet, bold = self.sheet, self.style("bold", -1.0)
        number = self.style("bold", -2.0)
        if self.manner.heading is Heading.CENTRED:
            if form_number:
                side = "left" if self.manner.form_number_left else "right"
                sheet.line(form_number, number, "left" if side == "left" else "right", gap=1.0)
            middle = (sheet.left + sheet.right) / 2
        else:
            middle = sheet.right - 42.0
            if form_number:
                sheet.put(sheet.left, sheet.y + sheet.leading(bold), form_number, number)
        self._motto_at(middle)

    def _motto_at(self, middle: float) -> None:
        sheet, bold = self.sheet, self.style("bold", -1.0)
        width = sheet.width(MOTTO_1, bold)
        if middle + width / 2 > self.size_mm[0] - 8.0:
            middle = self.size_mm[0] - 8.0 - width / 2
        sheet.y += sheet.leading(bold)
        sheet.put(middle, sheet.y, MOTTO_1, bold, "centre")
        sheet.y += sheet.leading(bold)
        sheet.put(middle, sheet.y, MOTTO_2, bold, "centre")
        sheet.rule(middle - 22, sheet.y + 2, middle + 22, sheet.y + 2)
        sheet.y += 5.5

    def issuer(
        self,
        lines: Sequence[str],
        *,
        number: tuple[str, str | None] | None = None,
        prefix: str = "Số: ",
        dated: tuple[str, dt.date] | None = None,
        date_name: str | None = None,
        form_number: str = "",
        motto: bool = True,
        issuer_name: str | None = None,
    ) -> None:
        """Issuing office at the left, motto at the right; number and date below them.

        Args:
            lines: of the issuer, the last in bold.
            number: number of the paper and the field it is.
            prefix: before the number.
            dated: place and day.
            date_name: the field that the day is.
            form_number: right above.
            motto: False: only the form number stands at the right.
            issuer_name: the field that the last line is.
        """
        sheet, small, bold = self.sheet, self.style("regular", -1.5), self.style("bold", -1.5)
        if form_number:
            sheet.line(form_number, self.style("bold", -2.0), "right", gap=0.5)
        left, right = sheet.left + 32.0, sheet.right - 44.0
        top = sheet.y + sheet.leading(bold)
        step = sheet.leading(small)
        y = top - step
        for place, line in enumerate(lines):
            last = place == len(lines) - 1
            style = bold if last else small
            rows = _rows_of(sheet, line, style, 74.0)
            for row in rows:
                y += step
                name = issuer_name if last and len(rows) == 1 else None
                sheet.put(left, y, row, style, "centre", name=name)
            if last and issuer_name:
                sheet.fields[issuer_name] = line
        sheet.rule(left - 12, y + 1.8, left + 12, y + 1.8)
        if motto:
            sheet.y = top - step
            self._motto_at(right)
        sheet.y = max(sheet.y, y + 5.0)
        if number is not None or dated is not None:
            sheet.y += sheet.leading(self.style()) * 0.8
            base = sheet.y
            if number is not None:
                text, name = number
                width = sheet.width(prefix + text, self.style())
                end = sheet.put(max(left - width / 2, 8.0), base, prefix, self.style())
                sheet.put(end, base, text, self.style(), name=name)
            if dated is not None:
                self._dated(right, base, *dated, date_name)
        sheet.y += 3.0

    def _dated(self, x: float, y: float, place: str, day: dt.date, name: str | None) -> None:
        sheet, style = self.sheet, self.style("italic")
        width = sheet.width(f"{place}, {written_date(day)}", style)
        start = min(x - width / 2, sheet.right - width)
        end = sheet.put(start, y, f"{place}, ", style)
        sheet.put(end, y, written_date(day), style, name=name)

    def title(self, *lines: str, more: float = 2.0) -> None:
        """The title in bold capitals and what follows it in bold; long lines are broken."""
        self.sheet.y += 1.5
        for place, text in enumerate(lines):
            style = self.style("bold", more if place == 0 else 0.0)
            for row in _rows_of(self.sheet, text, style, self.sheet.right - self.sheet.left - 6):
                self.sheet.line(row, style, "centre")
        self.sheet.y += 2.5

    def to(self, *receivers: str, name: str | None = None) -> None:
        """`Kính gửi: …`; the field, if any, is the first receiver."""
        style = self.style("bold")
        sheet = self.sheet
        sheet.y += sheet.leading(style)
        label = "Kính gửi" + self.manner.colon
        width = sheet.width(label + receivers[0], style)
        middle = (sheet.left + sheet.right) / 2
        end = sheet.put(max(middle - width / 2, sheet.left), sheet.y, label, style)
        sheet.put(end, sheet.y, receivers[0], style, name=name)
        for receiver in receivers[1:]:
            sheet.y += sheet.leading(style)
            sheet.put(end, sheet.y, f"- {receiver}", style)
        sheet.y += 2.5

    # -- body -------------------------------------------------------------------------------

    def line(self, text: str, cut: str = "regular", *, centred: bool = False) -> None:
        """A line of its own, broken where it is too long."""
        style = self.style(cut)
        for row in _rows_of(self.sheet, text, style, self.sheet.right - self.sheet.left):
            self.need(8.0)
            self.sheet.line(row, style, "centre" if centred else "left")

    def gap(self, height: float) -> None:
        """Bare paper, mm."""
        self.sheet.y += height

    def paragraph(
        self, text: str, cut: str = "regular", indent: float = 10.0, **fields: str
    ) -> None:
        """Justified text; the fields are values that stand within it."""
        style = self.style(cut)
        width = self.sheet.right - self.sheet.left
        rows = self.sheet.width(text, style) / width + 1
        self.need(min(rows, 4.0) * self.sheet.leading(style))
        self.sheet.y += 1.0
        self.sheet.paragraph(text, style, indent)
        self.sheet.fields |= fields

    def rows(self, *rows: Sequence[Entry] | Entry) -> None:
        """Labels with their values. A row is one entry or several short ones."""
        listed = [(row,) if isinstance(row, Entry) else tuple(row) for row in rows]
        if self.manner.swapped:
            for place in range(0, len(listed) - 1, 2):
                listed[place], listed[place + 1] = listed[place + 1], listed[place]
        if not self.manner.joined:
            listed = [(entry,) for row in listed for entry in row]
        if self.manner.placing is Placing.BOXED:
            self.sheet.y += 2.0
        for row in listed:
            self.need(16.0 if self.manner.placing is Placing.BELOW else 10.0)
            mark = ""
            if self.manner.numbered:
                self.count += 1
                mark = f"{self.count}. "
            {
                Placing.BESIDE: self._beside,
                Placing.TAB: self._tabbed,
                Placing.BELOW: self._below,
                Placing.BOXED: self._boxed,
            }[self.manner.placing](row, mark)
        if self.manner.placing is Placing.BOXED:
            self.sheet.y += 1.0

    def _label(self, entry: Entry, mark: str = "") -> str:
        wording = self.word(entry.wordings)
        return f"{mark}{wording}{self.manner.colon}" if wording else mark

    def _beside(self, row: Sequence[Entry], mark: str) -> None:
        sheet, style, pen = self.sheet, self.style(), self.value_style
        sheet.y += sheet.leading(max(style, pen, key=lambda each: each.size)) + 0.7
        labels = [self._label(entry, mark if not place else "") for place, entry in enumerate(row)]
        used = sum(
            sheet.width(label, style)
            + sheet.width(entry.text, pen)
            + sheet.width(entry.unit, style)
            + 5.0
            for label, entry in zip(labels, row, strict=True)
        )
        spare = max(sheet.right - sheet.left - used, 0.0) / len(row)
        x = sheet.left
        for place, (label, entry) in enumerate(zip(labels, row, strict=True)):
            last = place == len(row) - 1
            needed = sheet.width(label, style) + sheet.width(entry.text, pen) + 2.0
            if place and x + needed > sheet.right:
                sheet.y += sheet.leading(pen) + 0.7
                x = sheet.left
            x = sheet.put(x, sheet.y, label, style)
            end = x + sheet.width(entry.text, pen) + 3.5 + spare
            x = self._write(x + 1.0, sheet.right if last and not entry.unit else end, entry)
            x += 1.5

    def _tabbed(self, row: Sequence[Entry], mark: str) -> None:
        sheet, style = self.sheet, self.style()
        sheet.y += sheet.leading(max(style, self.value_style, key=lambda each: each.size)) + 0.9
        stop = sheet.left
        for place, entry in enumerate(row):
            end = sheet.put(stop, sheet.y, self._label(entry, mark if not place else ""), style)
            x = max(end + 1.0, stop + (_TAB_MM if not place else 0.0))
            last = place == len(row) - 1
            width = sheet.width(entry.text, self.value_style) + 6.0
            stop = self._write(x, sheet.right if last else x + width, entry) + 3.0

    def _below(self, row: Sequence[Entry], mark: str) -> None:
        """Labels in one line, small; values in the next."""
        sheet, small = self.sheet, self.style("regular", -1.5)
        share = (sheet.right - sheet.left) / len(row)
        sheet.y += sheet.leading(small) + 1.0
        for place, entry in enumerate(row):
            label = self._label(entry, mark if not place else "")
            sheet.put(sheet.left + share * place, sheet.y, label, small)
        sheet.y += sheet.leading(self.value_style) + 0.4
        lowest = base = sheet.y
        for place, entry in enumerate(row):
            sheet.y = base
            start = sheet.left + share * place
            self._write(start + 1.0, start + share - 4.0, entry, hang=start + 1.0)
            lowest = max(lowest, sheet.y)
        sheet.y = lowest

    def _boxed(self, row: Sequence[Entry], mark: str) -> None:
        sheet, style, pen = self.sheet, self.style(), self.value_style
        for place, entry in enumerate(row):
            wall = sheet.left + (sheet.right - sheet.left) * self.manner.wall
            label = f"{mark if not place else ''}{self.word(entry.wordings)}"
            labels = _rows_of(sheet, label, style, wall - sheet.left - 3.0)
            values = _rows_of(sheet, entry.text, pen, sheet.right - wall - 4.0)
            step = max(sheet.leading(style), sheet.leading(pen))
            height = step * max(len(labels), len(values)) + 1.8
            self.need(height)
            sheet = self.sheet
            top = sheet.y
            for x0, x1 in ((sheet.left, wall), (wall, sheet.right)):
                sheet.box(x0, top, x1, top + height)
            for number, text in enumerate(labels):
                sheet.put(sheet.left + 1.5, top + step * (number + 0.82), text, style)
            for number, text in enumerate(values):
                name = entry.name if len(values) == 1 and text else None
                end = sheet.put(wall + 2.0, top + step * (number + 0.82), text, pen, name=name)
            if entry.unit:
                sheet.put(end + 1.0, top + step * (len(values) - 0.18), entry.unit, style)
            if entry.name:
                sheet.fields[entry.name] = entry.text
            sheet.y = top + height

    def _write(self, x: float, end: float, entry: Entry, hang: float | None = None) -> float:
        """The value from `x` on at the cursor, going on at `hang`; gives where it ended, mm."""
        sheet, pen, left = self.sheet, self.value_style, sheet_left(self.sheet, hang)
        limit = sheet.right if hang is None else end
        rows = _rows_of(sheet, entry.text, pen, limit - left, limit - x)
        if entry.name:
            sheet.fields[entry.name] = entry.text
        for number, text in enumerate(rows):
            if number:
                sheet.y += sheet.leading(pen) + 0.7
                x = left
            width = sheet.width(text, pen)
            stop = limit if number < len(rows) - 1 or number else max(end, x + width)
            stop = min(stop, limit) - (sheet.width(entry.unit, self.style()) if entry.unit else 0)
            if entry.unit and self.manner.rest is Rest.NOTHING:
                stop = x + width + 1.0
            self._fill(x if self.by_hand else x + width + 1.0, stop - 0.5)
            lift = float(self.rng.uniform(0.3, 0.9)) if self.by_hand else 0.0
            only = entry.name if len(rows) == 1 and text else None
            sheet.put(x, sheet.y - lift, text, pen, name=only)
            x = max(stop, x + width)
        if entry.unit:
            x = sheet.put(x + 0.5, sheet.y, entry.unit, self.style())
        return x

    def _fill(self, x0: float, x1: float) -> None:
        if x1 - x0 < 2.0 or self.manner.rest is Rest.NOTHING:
            return
        if self.manner.rest is Rest.DOTS:
            self.sheet.leaders(x0, x1, self.sheet.y)
        else:
            self.sheet.rule(x0, self.sheet.y + 0.9, x1, self.sheet.y + 0.9, 0.15)

    def ticks(
        self, wordings: str, choices: Sequence[str], chosen: int, name: str | None = None
    ) -> None:
        """Tick boxes, beside each other where they fit; the field is the ticked text."""
        style = self.style()
        if wordings:
            self.line(self.word(wordings) + self.manner.colon.rstrip())
        self.need(10.0)
        sheet = self.sheet
        sheet.y += sheet.leading(style) + 0.5
        x = sheet.left + 6.0
        for place, choice in enumerate(choices):
            rows = _rows_of(sheet, choice, style, sheet.right - sheet.left - 14.0)
            if x > sheet.left + 6.0 and x + 6.0 + sheet.width(rows[0], style) > sheet.right:
                x = self._next_tick_line()
                sheet = self.sheet
            x = sheet.tick(x, sheet.y, ticked=place == chosen)
            field_name = name if place == chosen and len(rows) == 1 else None
            end = sheet.put(x, sheet.y, rows[0], style, name=field_name)
            for row in rows[1:]:
                sheet.y += sheet.leading(style)
                sheet.put(x, sheet.y, row, style)
            x = end + 12.0 if len(rows) == 1 else sheet.right
            if place == chosen and name:
                sheet.fields[name] = choice

    def _next_tick_line(self) -> float:
        self.need(8.0)
        self.sheet.y += self.sheet.leading(self.style()) + 0.5
        return self.sheet.left + 6.0

    def table(
        self,
        columns: Sequence[Column],
        rows: Sequence[Sequence[str]],
        *,
        written: bool = False,
        less: float = 1.0,
    ) -> None:
        """A table as wide as the text, going on on further pages.

        Args:
            columns: their widths count as shares.
            rows: cells.
            written: the cells are filled in like values.
            less: points below running text.
        """
        width = self.sheet.right - self.sheet.left
        whole = sum(column.width for column in columns)
        fitted = [
            Column(column.heading, column.width * width / whole, column.align) for column in columns
        ]
        body = self.value_style if written else self.style("regular", -less)
        head = self.style("bold", -less)
        self.gap(2.0)
        self.need(30.0)
        draw_table(self.sheet, fitted, (), body, heading_style=head)
        for row in rows:
            before = len(self.pages)
            self.need(sheet_row(self.sheet, fitted, row, body))
            if len(self.pages) > before and self.manner.repeat_heading:
                draw_table(self.sheet, fitted, (), body, heading_style=head)
            draw_table(self.sheet, fitted, [row], body, heading=False)
        self.gap(2.0)

    # -- end --------------------------------------------------------------------------------

    def dated(self, place: str, day: dt.date, name: str | None = None) -> None:
        """Place and date at the right."""
        self.need(8.0 + _SIGNATURE_MM)
        sheet = self.sheet
        sheet.y += sheet.leading(self.style("italic")) + 1.5
        self._dated(sheet.right - 40.0, sheet.y, place, day, name)

    def sign(self, *signers: Signer, lower: float = 0.0) -> None:
        """Signers beside each other, from left to right; one alone signs at the right."""
        self.need(_SIGNATURE_MM)
        sheet = self.sheet
        width = sheet.right - sheet.left
        share = width / max(len(signers), 2)
        bold, small = self.style("bold"), self.style("italic", -1.5)
        top = sheet.y + sheet.leading(bold) + lower
        for place, signer in enumerate(signers):
            column = place if len(signers) > 1 else 1
            x = sheet.left + share * (column + 0.5)
            rows = _rows_of(sheet, signer.office, bold, share - 3.0)
            y = top
            for row in rows:
                sheet.put(x, y, row, bold, "centre")
                y += sheet.leading(bold)
            for row in _rows_of(sheet, signer.hint, small, share - 2.0) if signer.hint else ():
                sheet.put(x, y, row, small, "centre")
                y += sheet.leading(small)
            scribble = signature(self.rng, self.dpi, min(34.0, share - 6.0), ink=self.ink)
            sheet.paste(scribble, x - 15.0, y - 3.0)
            if signer.stamp is not None:
                rim, centre = signer.stamp
                sheet.paste(seal(self.rng, self.dpi, rim, centre), x - 34.0, y - 8.0)
            sheet.put(x, y + 19.0, signer.name, bold, "centre")
        sheet.y = top + 31.0

    def receivers(self, *lines: str) -> None:
        """`Nơi nhận:` small at the left, at the height where the signer will stand."""
        sheet, small = self.sheet, self.style("regular", -2.5)
        self.need(_SIGNATURE_MM)
        sheet = self.sheet
        y = sheet.y + sheet.leading(self.style("bold"))
        sheet.put(sheet.left, y, "Nơi nhận:", self.style("italic", -2.0))
        for line in lines:
            y += sheet.leading(small)
            sheet.put(sheet.left, y, f"- {line}", small)

    def finish(self) -> tuple[RenderedPage, ...]:
        """The pages, numbered where the manner numbers pages.

        Raises:
            ValueError: something stands below the paper.
        """
        if any(sheet.y > self.size_mm[1] for sheet in self.pages):
            raise ValueError(f"{self.code} in manner {self.manner.name} runs off the paper")
        for number, sheet in enumerate(self.pages, start=1):
            if self.manner.page_number and len(self.pages) > 1:
                text = self.manner.page_number.format(page=number, pages=len(self.pages))
                middle = (sheet.left + sheet.right) / 2
                base = sheet.size_mm[1] - 10.0
                sheet.put(middle, base, text, self.style("regular", -1.5), "centre")
        return tuple(sheet.finish(self.code, number) for number, sheet in enumerate(self.pages))


def sheet_left(sheet: Sheet, hang: float | None) -> float:
    """Where further rows of a value start, mm."""
    return sheet.left if hang is None else hang


def sheet_row(sheet: Sheet, columns: Sequence[Column], cells: Sequence[str], style: Style) -> float:
    """Height of a table row, mm, rather too high than too low."""
    rows = max(
        len(_rows_of(sheet, cell, style, column.width - 3.0))
        for column, cell in zip(columns, cells, strict=True)
    )
    return rows * sheet.leading(style) + 3.0


def _rows_of(
    sheet: Sheet, text: str, style: Style, width: float, first: float | None = None
) -> list[str]:
    """The text broken into rows of a width, mm; the first row may have another."""
    rows = [""]
    room = width if first is None else first
    for word in text.split():
        longer = f"{rows[-1]} {word}".strip()
        if sheet.width(longer, style) > room and (
            rows[-1] or (len(rows) == 1 and first is not None)
        ):
            rows.append(word)
            room = width
        else:
            rows[-1] = longer
    return rows
