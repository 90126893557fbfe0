"""Printed pages described once, as words with geometry or as pixels."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from pipeline.models.base import Box
from pipeline.models.text import Line, PageText, Word
from pipeline.ports.reading import Gray

FONT = "/usr/share/fonts/truetype/croscore/Tinos-Regular.ttf"
BOLD = "/usr/share/fonts/truetype/croscore/Tinos-Bold.ttf"
MM = 25.4


@cache
def _font(path: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(path, size)


@dataclass
class PrintedPage:
    """A page on which lines of text are put, in millimetres from the top-left corner."""

    width_mm: float = 210.0
    height_mm: float = 297.0
    dpi: int = 200
    lines: list[tuple[float, float, str, float, bool]] = field(default_factory=list)

    def put(
        self, x: float, y: float, text: str, size: float = 13.0, bold: bool = False
    ) -> PrintedPage:
        """Text whose top-left corner stands at (x, y) mm; size in points."""
        self.lines.append((x, y, text, size, bold))
        return self

    def column(self, x: float, y: float, *texts: str, pitch: float = 8.0) -> PrintedPage:
        """Lines under each other."""
        for number, text in enumerate(texts):
            self.put(x, y + number * pitch, text)
        return self

    def px(self, mm: float) -> int:
        return round(mm / MM * self.dpi)

    def text(self, index: int = 0, confidence: float = 0.95) -> PageText:
        """The page as a perfect engine reads it: one engine line for each line put."""
        lines = []
        for number, (x, y, text, size, bold) in enumerate(self.lines):
            font = _font(BOLD if bold else FONT, round(size / 72 * self.dpi))
            left, top = self.px(x), self.px(y)
            height = round(size / 72 * self.dpi)
            words = []
            position = 0
            for part in text.split():
                start = text.index(part, position)
                position = start + len(part)
                x0 = left + font.getlength(text[:start])
                x1 = left + font.getlength(text[:position])
                box = Box(x0=x0, y0=top, x1=x1, y1=top + height)
                words.append(Word(text=part, confidence=confidence, box=box))
            box = words[0].box.union(words[-1].box)
            lines.append(Line(words=tuple(words), box=box, block=number))
        return PageText(
            index=index,
            turn=0,
            width_px=self.px(self.width_mm),
            height_px=self.px(self.height_mm),
            dpi=self.dpi,
            lines=tuple(lines),
        )

    def gray(self) -> Gray:
        """The page as pixels, black on white."""
        image = Image.new("L", (self.px(self.width_mm), self.px(self.height_mm)), 255)
        draw = ImageDraw.Draw(image)
        for x, y, text, size, bold in self.lines:
            font = _font(BOLD if bold else FONT, round(size / 72 * self.dpi))
            draw.text((self.px(x), self.px(y)), text, font=font, fill=0)
        return np.asarray(image, dtype=np.uint8)
