"""A sheet of paper to draw on, in millimetres; it remembers every line for the ground truth.

May not come in: what a particular form says (see `layouts`), scanning effects (see `scanning`),
how pieces of text become lines and fields (see `remembering`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

import numpy as np
from PIL import Image, ImageDraw

from benchmarks.factory.fonts import Face, load
from benchmarks.factory.remembering import Memory
from benchmarks.factory.truth import Hand, TruthField, TruthLine
from pipeline.models.base import Box

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
"""Baselines this near are one line."""
_COLUMN_GAP_MM: Final = 7.0
"""Bare paper this wide separates columns."""
_LINE_SPACING: Final = 1.32
_MM_PER_PT: Final = _MM_PER_INCH / 72


@dataclass(frozen=True, slots=True)
class Style:
    """How text is printed or written."""

    face: Face = Face.SERIF
    size: float = 13.0
    """Points."""
    ink: Ink = BLACK
    hand: Hand = Hand.PRINT
    """`PEN` for handwriting faces: what is read as handwriting, not what ink it has."""


PLAIN: Final = Style()
BOLD: Final = Style(Face.SERIF_BOLD)
ITALIC: Final = Style(Face.SERIF_ITALIC)
PEN: Final = Style(Face.SANS_ITALIC, 12.5, BLUE)
"""Filled in in blue; the letters are those of a printing face, so they count as print."""
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
    truth_lines: tuple[TruthLine, ...] = ()
    """As `lines`, with boxes in pixels of the image; columns and cells beside each other apart."""
    truth_fields: tuple[TruthField, ...] = ()
    """Every place where a field's value stands; none for values that stand nowhere as such."""


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
        self._memory = Memory(self.px(_SAME_LINE_MM), self.px(_COLUMN_GAP_MM))

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
        self,
        x: float,
        y: float,
        text: str,
        style: Style = PLAIN,
        align: Align = "left",
        *,
        name: str | None = None,
    ) -> float:
        """One piece of text at a baseline (mm); gives the x of its end.

        Args:
            x: where the text starts, has its middle or ends, as `align` says.
            y: baseline.
            text: what is printed.
            style: how.
            align: what `x` means.
            name: the field that the whole piece is the value of, if any.
        """
        width = self.width(text, style)
        start = x - {"left": 0.0, "centre": width / 2, "right": width}[align]
        box = self._draw_text(start, y, text, style)
        self._memory.piece(self.px(y), text, box, style.hand)
        if name is not None:
            self.fields[name] = text
            self._memory.value(name, text, (box,), style.hand)
        return start + width

    def _draw_text(self, x: float, y: float, text: str, style: Style) -> Box:
        """Draw at a baseline (mm); the ink's rectangle, px."""
        font = load(style.face, style.size, self.dpi)
        place = (self.px(x), self.px(y))
        self.draw.text(place, text, font=font, fill=style.ink, anchor="ls")
        x0, y0, x1, y1 = self.draw.textbbox(place, text, font=font, anchor="ls")
        return Box(x0=x0, y0=y0, x1=x1, y1=y1)

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
        boxes: list[Box] = []
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
            if text:
                boxes.append(self._draw_text(x + 1.5, self.y - lift, text, self.pen))
                self._memory.piece(self.px(self.y), text, boxes[-1], self.pen.hand)
            self._memory.bridge(self.px(self.y), self.px(x), self.px(end))
            x = end
        if value.name is not None and boxes:
            self._memory.value(value.name, value.text, tuple(boxes), self.pen.hand)
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
        boxes = []
        for word, width in zip(words, widths, strict=True):
            boxes.append(self._draw_text(x, self.y, word, style))
            x += width + gap
        whole = boxes[0].union(boxes[-1])
        for box in boxes[1:-1]:
            whole = whole.union(box)
        self._memory.piece(self.px(self.y), " ".join(words), whole, style.hand)

    # -- lines and boxes --------------------------------------------------------------------

    def leaders(self, x0: float, x1: float, y: float) -> None:
        """Dotted leaders on the baseline, mm."""
        count = int((x1 - x0) / self.width(".", _LEADER))
        font = load(_LEADER.face, _LEADER.size, self.dpi)
        place = (self.px(x0), self.px(y))
        self.draw.text(place, "." * count, font=font, fill=_LEADER.ink, anchor="ls")
        self._memory.bridge(self.px(y), self.px(x0), self.px(x1))

    def rule(self, x0: float, y0: float, x1: float, y1: float, width_mm: float = 0.2) -> None:
        """A straight rule, mm."""
        ends = (self.px(x0), self.px(y0), self.px(x1), self.px(y1))
        self.draw.line(ends, fill=BLACK, width=max(self.px(width_mm), 1))
        if abs(x1 - x0) < abs(y1 - y0):
            self._memory.wall(ends[0], min(ends[1], ends[3]), max(ends[1], ends[3]))

    def box(self, x0: float, y0: float, x1: float, y1: float, width_mm: float = 0.2) -> None:
        """An empty rectangle, mm."""
        corners = self._frame(x0, y0, x1, y1, width_mm)
        for x in (corners[0], corners[2]):
            self._memory.wall(x, corners[1], corners[3])

    def _frame(
        self, x0: float, y0: float, x1: float, y1: float, width_mm: float
    ) -> tuple[int, int, int, int]:
        corners = (self.px(x0), self.px(y0), self.px(x1), self.px(y1))
        self.draw.rectangle(corners, outline=BLACK, width=max(self.px(width_mm), 1))
        return corners

    def tick(self, x: float, y: float, *, ticked: bool) -> float:
        """A tick box standing on the baseline; gives the x after it."""
        self._frame(x, y - 3.2, x + 3.2, y, 0.2)
        self._memory.bridge(self.px(y), self.px(x), self.px(x + 5.0))
        if ticked:
            path = [(x + 0.5, y - 1.8), (x + 1.4, y - 0.5), (x + 3.6, y - 4.0)]
            points = [(self.px(a), self.px(b)) for a, b in path]
            self.draw.line(points, fill=BLUE, width=max(self.px(0.5), 1), joint="curve")
        return x + 5.0

    def paste(self, picture: Image.Image, x: float, y: float, stamped: Sequence[str] = ()) -> None:
        """Lay a picture over the paper as ink: white of the picture leaves the paper as it is.

        Args:
            picture: the marks, on white.
            x: left edge, mm.
            y: upper edge, mm.
            stamped: what a person can read in it, top to bottom; noted as stamped lines.
        """
        place = (self.px(x), self.px(y))
        box = (*place, place[0] + picture.width, place[1] + picture.height)
        under = np.asarray(self.image.crop(box), dtype=np.uint16)
        over = np.asarray(picture.convert("RGB"), dtype=np.uint16)
        self.image.paste(Image.fromarray((under * over // 255).astype(np.uint8)), place)
        self._memory.stamp(stamped, Box(x0=box[0], y0=box[1], x1=box[2], y1=box[3]))

    # -- truth ------------------------------------------------------------------------------

    def finish(self, code: str, number: int = 0) -> RenderedPage:
        """The page with its truth."""
        return RenderedPage(
            self.image,
            code,
            number,
            dict(self.fields),
            self._memory.rows(),
            self.dpi,
            self._memory.lines(),
            self._memory.fields(self.fields),
        )
