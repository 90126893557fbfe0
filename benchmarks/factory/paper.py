"""A sheet of paper to draw on, in millimetres; it remembers every line for the ground truth.

May not come in: what a particular form says (see `layouts`), scanning effects (see `scanning`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

import numpy as np
from PIL import Image, ImageDraw

from benchmarks.factory.fonts import Face, load

Ink = tuple[int, int, int]
Align = Literal["left", "centre", "right"]

BLACK: Final[Ink] = (28, 28, 30)
BLUE: Final[Ink] = (28, 48, 150)
RED: Final[Ink] = (205, 40, 45)
FADED: Final[Ink] = (182, 182, 184)

A4_MM: Final = (210.0, 297.0)
A5_LANDSCAPE_MM: Final = (210.0, 148.0)
_MM_PER_INCH: Final = 25.4
_SAME_LINE_MM: Final = 1.6
_LINE_SPACING: Final = 1.32
_MM_PER_PT: Final = _MM_PER_INCH / 72


@dataclass(frozen=True, slots=True)
class Style:
    """How text is printed or written."""

    face: Face = Face.SERIF
    size: float = 13.0
    """Points."""
    ink: Ink = BLACK


PLAIN: Final = Style()
BOLD: Final = Style(Face.SERIF_BOLD)
ITALIC: Final = Style(Face.SERIF_ITALIC)
PEN: Final = Style(Face.SANS_ITALIC, 12.5, BLUE)
"""Written with a blue pen."""
TYPED: Final = Style(Face.SERIF)
_LEADER: Final = Style(Face.SERIF, 11.0, FADED)


@dataclass(frozen=True, slots=True)
class RenderedPage:
    """A page and its truth."""

    image: Image.Image
    """RGB, upright."""
    code: str
    """Component code of the catalogue; `Z_OTHER` for the unknown."""
    number: int
    """0-based within the component."""
    fields: dict[str, str]
    """Field values printed on this page, by the names of the catalogue."""
    lines: tuple[str, ...]
    """Printed lines from top to bottom, parts of a line from left to right."""
    dpi: int


@dataclass(frozen=True, slots=True)
class Value:
    """A value on a form: its text and the field it is the truth of, if any."""

    text: str
    name: str | None = None


@dataclass
class Sheet:
    """The paper under the pen; `y` is the cursor, mm from the top."""

    rng: np.random.Generator
    dpi: int = 300
    size_mm: tuple[float, float] = A4_MM
    left: float = 27.0
    right: float = 190.0
    y: float = 18.0
    pen: Style = PEN
    fields: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Lay out an empty sheet."""
        width, height = (self.px(side) for side in self.size_mm)
        self.image = Image.new("RGB", (width, height), (253, 252, 248))
        self.draw = ImageDraw.Draw(self.image)
        self._pieces: list[tuple[float, float, str]] = []

    # -- measures ---------------------------------------------------------------------------

    def px(self, mm: float) -> int:
        """Millimetres in pixels."""
        return round(mm * self.dpi / _MM_PER_INCH)

    def width(self, text: str, style: Style) -> float:
        """Printed width, mm."""
        return load(style.face, style.size, self.dpi).getlength(text) * _MM_PER_INCH / self.dpi

    def leading(self, style: Style) -> float:
        """Distance of two baselines, mm."""
        return style.size * _LINE_SPACING * _MM_PER_PT

    # -- text -------------------------------------------------------------------------------

    def put(
        self, x: float, y: float, text: str, style: Style = PLAIN, align: Align = "left"
    ) -> float:
        """One piece of text at a baseline (mm); gives the x of its end."""
        width = self.width(text, style)
        start = x - {"left": 0.0, "centre": width / 2, "right": width}[align]
        font = load(style.face, style.size, self.dpi)
        self.draw.text((self.px(start), self.px(y)), text, font=font, fill=style.ink, anchor="ls")
        self._pieces.append((y, start, text))
        return start + width

    def line(
        self, text: str, style: Style = PLAIN, align: Align = "left", gap: float = 0.0
    ) -> None:
        """A line of its own at the cursor, between the margins; `gap` mm follow it."""
        self.y += self.leading(style)
        x = {"left": self.left, "centre": (self.left + self.right) / 2, "right": self.right}[align]
        self.put(x, self.y, text, style, align)
        self.y += gap

    def paragraph(self, text: str, style: Style = PLAIN, indent: float = 10.0) -> None:
        """Justified text between the margins, the first line indented (mm)."""
        rows = self._wrapped(text.split(), style, self.right - self.left, indent)
        for number, words in enumerate(rows):
            self.y += self.leading(style)
            x = self.left + (indent if number == 0 else 0.0)
            if number == len(rows) - 1:
                self.put(x, self.y, " ".join(words), style)
            else:
                self._justified(x, words, style)
        self.y += 1.0

    def entry(self, *parts: str | Value, style: Style = PLAIN, leaders: bool = True) -> None:
        """A line of labels and written values, dotted leaders after each value.

        A value that does not fit goes on in the next line. Space is shared by the values.
        """
        self.y += self.leading(self.pen) + 0.7
        x = self.left
        labels = sum(self.width(part, style) for part in parts if isinstance(part, str))
        values = [part for part in parts if isinstance(part, Value)]
        needed = sum(self.width(value.text, self.pen) + 3.0 for value in values)
        spare = max(self.right - self.left - labels - needed, 0.0) / max(len(values), 1)
        for part in parts:
            if isinstance(part, str):
                x = self.put(x, self.y, part, style)
            else:
                x = self._value(x, part, spare, leaders=leaders)

    def _value(self, x: float, value: Value, spare: float, *, leaders: bool) -> float:
        if value.name is not None:
            self.fields[value.name] = value.text
        words = value.text.split()
        rows = self._wrapped(words, self.pen, self.right - self.left, x - self.left + 1.5)
        for number, row in enumerate(rows):
            if number:
                self.y += self.leading(self.pen) + 0.7
                x = self.left
            text = " ".join(row)
            end = self.right if number < len(rows) - 1 else x + self.width(text, self.pen) + 3.0
            end = min(end + (spare if number == len(rows) - 1 else 0.0), self.right)
            if leaders:
                self.leaders(x + 3.0 + self.width(text, self.pen), end - 0.5, self.y)
            lift = float(self.rng.uniform(0.2, 0.6)) if leaders else 0.0
            self.put(x + 1.5, self.y - lift, text, self.pen)
            x = end
        return x

    def _wrapped(
        self, words: Sequence[str], style: Style, width: float, indent: float
    ) -> list[list[str]]:
        rows: list[list[str]] = [[]]
        room, space = width - indent, self.width(" ", style)
        for word in words:
            need = self.width(word, style) + space
            if need > room and (rows[-1] or indent):
                rows.append([])
                room = width
            rows[-1].append(word)
            room -= need
        return rows

    def _justified(self, x: float, words: Sequence[str], style: Style) -> None:
        widths = [self.width(word, style) for word in words]
        gap = (self.right - x - sum(widths)) / max(len(words) - 1, 1)
        font = load(style.face, style.size, self.dpi)
        self._pieces.append((self.y, x, " ".join(words)))
        for word, width in zip(words, widths, strict=True):
            place = (self.px(x), self.px(self.y))
            self.draw.text(place, word, font=font, fill=style.ink, anchor="ls")
            x += width + gap

    # -- lines and boxes --------------------------------------------------------------------

    def leaders(self, x0: float, x1: float, y: float) -> None:
        """Dotted leaders on the baseline, mm."""
        count = int((x1 - x0) / self.width(".", _LEADER))
        font = load(_LEADER.face, _LEADER.size, self.dpi)
        place = (self.px(x0), self.px(y))
        self.draw.text(place, "." * count, font=font, fill=_LEADER.ink, anchor="ls")

    def rule(self, x0: float, y0: float, x1: float, y1: float, width_mm: float = 0.2) -> None:
        """A straight rule, mm."""
        ends = (self.px(x0), self.px(y0), self.px(x1), self.px(y1))
        self.draw.line(ends, fill=BLACK, width=max(self.px(width_mm), 1))

    def box(self, x0: float, y0: float, x1: float, y1: float, width_mm: float = 0.2) -> None:
        """An empty rectangle, mm."""
        corners = (self.px(x0), self.px(y0), self.px(x1), self.px(y1))
        self.draw.rectangle(corners, outline=BLACK, width=max(self.px(width_mm), 1))

    def tick(self, x: float, y: float, *, ticked: bool) -> float:
        """A tick box standing on the baseline; gives the x after it."""
        self.box(x, y - 3.2, x + 3.2, y)
        if ticked:
            path = [(x + 0.5, y - 1.8), (x + 1.4, y - 0.5), (x + 3.6, y - 4.0)]
            points = [(self.px(a), self.px(b)) for a, b in path]
            self.draw.line(points, fill=BLUE, width=max(self.px(0.5), 1), joint="curve")
        return x + 5.0

    def paste(self, picture: Image.Image, x: float, y: float) -> None:
        """Lay a picture over the paper as ink: white of the picture leaves the paper as it is."""
        place = (self.px(x), self.px(y))
        box = (*place, place[0] + picture.width, place[1] + picture.height)
        under = np.asarray(self.image.crop(box), dtype=np.uint16)
        over = np.asarray(picture.convert("RGB"), dtype=np.uint16)
        self.image.paste(Image.fromarray((under * over // 255).astype(np.uint8)), place)

    # -- truth ------------------------------------------------------------------------------

    def finish(self, code: str, number: int = 0) -> RenderedPage:
        """The page with its truth."""
        rows: list[tuple[float, list[tuple[float, str]]]] = []
        for y, x, text in sorted(self._pieces):
            if rows and y - rows[-1][0] <= _SAME_LINE_MM:
                rows[-1][1].append((x, text))
            else:
                rows.append((y, [(x, text)]))
        lines = tuple(" ".join(text.strip() for _, text in sorted(parts)) for _, parts in rows)
        return RenderedPage(self.image, code, number, dict(self.fields), lines, self.dpi)
