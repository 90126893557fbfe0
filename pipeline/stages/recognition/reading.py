"""One page laid out for the engine, read, and its words put back onto the untouched page.

The image is turned, straightened and scaled for reading only; every box is mapped back onto the
upright page at its stored resolution. A page whose direction is in doubt is read in the other
directions too, and the one that reads best is kept. Ruled lines (`ruling`) and round seals
(`seals`, without colour `seal_rings`) are taken out of what is read. Ruled cells in doubt
(`celled`), words without spaces between them (`joined`), rows that were passed over (`missed`),
numbers before rows (`listed`) and of pages (`numbered`) are read by themselves; words of a blue pen
are marked (`pens`), specks counted (`wear`). May not come in: an OCR engine, blank detection,
doubts about digits (`digits`), any meaning of the words.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final, Literal

import cv2
import numpy as np

from pipeline.models.base import Box
from pipeline.models.pages import PageLook, RawPage, Turn
from pipeline.models.text import Line, PageText, Word
from pipeline.ports.reading import Colour, Decoder, Gray, OcrEngine
from pipeline.settings import ImagingSettings, OcrSettings
from pipeline.stages.recognition.celled import with_cells
from pipeline.stages.recognition.clearing import cleared
from pipeline.stages.recognition.digits import doubted
from pipeline.stages.recognition.joined import with_spaces
from pipeline.stages.recognition.listed import with_numbers
from pipeline.stages.recognition.marks import inked
from pipeline.stages.recognition.missed import with_missed
from pipeline.stages.recognition.numbered import with_page_number
from pipeline.stages.recognition.pens import with_pens
from pipeline.stages.recognition.ruling import Ruling, find_ruling, ruled_cells, without_ruling
from pipeline.stages.recognition.seal_rings import Ring, held_back, without_rings
from pipeline.stages.recognition.seals import find_seals, without_seals
from pipeline.stages.recognition.torn import rejoined
from pipeline.stages.recognition.wear import specks
from pipeline.textnorm import nfc

_MAX_PAPER_INCHES: Final = 17.0
"""Longer pages (A3 is 16.5) are taken for A4 with a wrong dpi: a phone photo says 72."""
_A4_LONG_INCHES: Final = 11.69
_ENLARGE_BELOW_DPI: Final = 150.0
_MAX_ENLARGEMENT: Final = 3.0
_KEEP_ABOVE: Final = 0.9
"""Scales this near to 1 are not worth a resize."""
_SMALL_PRINT_PX: Final = 17.0
"""Median word height under which a reduced page is read again at its full resolution."""
_MAX_SIDE_PX: Final = 16_000
"""Of the image handed to the engine."""
_SURE_CONFIDENCE: Final = 0.85
"""A page in unsure direction that reads this well is upright."""
_SURE_LETTERS: Final = 40
_HEARD: Final = 0.5
"""Words less confident than this say nothing about the direction."""
_SEAL_DPI: Final = 60.0
"""Enough to find seals."""
_SIDEWAYS_MARGIN: Final = 0.9
"""A page whose words stand on their side is turned unless that reads worse."""
_TELLING_LETTERS: Final = 3
_TELLING_WORDS: Final = 5
"""Fewer words of that length say nothing about the direction."""
_STANDING: Final = 1.5
"""Height over width of a word on its side."""
_CLEARLY_BETTER: Final = 1.2
_EVEN: Final = 1.0
"""Between directions of which imaging prefers none."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How an upright page was laid out for the engine: scale, then straighten.

    Maps between the upright page (px at stored resolution) and the image that was read.
    """

    width: int
    """Of the upright page, px."""
    height: int
    scale_x: float
    """Image pixels per page pixel, before straightening."""
    scale_y: float
    skew_deg: float
    """Clockwise tilt that was undone; 0 where the image was left as it is."""

    @property
    def scaled(self) -> tuple[float, float]:
        """Width and height after scaling, px."""
        return self.width * self.scale_x, self.height * self.scale_y

    @property
    def canvas(self) -> tuple[int, int]:
        """Width and height of the image that is read, px: nothing is cut off by straightening."""
        width, height = self.scaled
        cos, sin = self._cos_sin()
        return (
            math.ceil(width * cos + height * abs(sin)),
            math.ceil(height * cos + width * abs(sin)),
        )

    def _cos_sin(self) -> tuple[float, float]:
        angle = math.radians(self.skew_deg)
        return math.cos(angle), math.sin(angle)

    def to_image(self, x: float, y: float) -> tuple[float, float]:
        """A point of the upright page in the image that is read."""
        (width, height), (out_w, out_h) = self.scaled, self.canvas
        cos, sin = self._cos_sin()
        dx, dy = x * self.scale_x - width / 2, y * self.scale_y - height / 2
        return out_w / 2 + cos * dx + sin * dy, out_h / 2 - sin * dx + cos * dy

    def to_page(self, x: float, y: float) -> tuple[float, float]:
        """A point of the image that is read on the upright page."""
        (width, height), (out_w, out_h) = self.scaled, self.canvas
        cos, sin = self._cos_sin()
        dx, dy = x - out_w / 2, y - out_h / 2
        return (
            (width / 2 + cos * dx - sin * dy) / self.scale_x,
            (height / 2 + sin * dx + cos * dy) / self.scale_y,
        )

    def box_to_page(self, box: Box) -> Box:
        """The upright rectangle around a box of the image, kept within the page."""
        corners = [self.to_page(x, y) for x in (box.x0, box.x1) for y in (box.y0, box.y1)]
        xs = [min(max(x, 0.0), float(self.width)) for x, _ in corners]
        ys = [min(max(y, 0.0), float(self.height)) for _, y in corners]
        return Box(x0=min(xs), y0=min(ys), x1=max(xs), y1=max(ys))


def read_page(
    page: RawPage,
    look: PageLook,
    sheet_turn: Turn | None,
    decoder: Decoder,
    engine: OcrEngine,
    path: Path,
    settings: OcrSettings,
    imaging: ImagingSettings,
) -> PageText:
    """Read one page (blank pages and sheets are not brought here).

    Args:
        page: the raw page.
        look: what imaging saw: turn and tilt.
        sheet_turn: turn that a symbol on the page asks for; used where imaging was unsure.
        decoder: pixels.
        engine: text.
        path: the raw image.
        settings: resolution and doubt.
        imaging: from which tilt on the image is straightened.

    Returns:
        Words in upright pixels at the stored resolution, NFC; `turn` is the final one.

    Raises:
        UnreadableScan, MissingToolError, OcrTimeout, OcrCrashed.
    """
    turn = look.turn if look.turn_certain or sheet_turn is None else sheet_turn
    dpi = paper_dpi(page)
    skew = look.skew_deg if abs(look.skew_deg) >= imaging.deskew_from_deg else 0.0
    reader = _Reader(page, engine, skew)
    scale = reading_scale(dpi, settings.read_dpi, max(page.width_px, page.height_px))
    decoded = _decode(decoder, path, turn, scale, dpi)
    gray = decoded.gray
    best = reader.read(gray, turn, scale, dpi)
    if quarters := runs_sideways(best.text):
        upright = reader.read(_turned(gray, quarters), _plus(turn, 90 * quarters), scale, dpi)
        best = best.or_better(upright, margin=_SIDEWAYS_MARGIN)
    elif needs_second_look(best.text, certain=look.turn_certain, doubt_below=settings.doubt_below):
        over = reader.read(_turned(gray, 2), _plus(turn, 180), scale, dpi)
        best = best.or_better(over, margin=_CLEARLY_BETTER if look.turn_certain else _EVEN)
        if not look.turn_certain and best.text.confidence < settings.doubt_below:
            for more, quarters in ((90, 1), (270, 3)):
                sideways = reader.read(_turned(gray, quarters), _plus(turn, more), scale, dpi)
                best = best.or_better(sideways)
    if scale < _KEEP_ABOVE and has_small_print(best.text, scale):
        finer = min(1.0, _MAX_SIDE_PX / max(page.width_px, page.height_px), scale * 2)
        decoded = _decode(decoder, path, best.text.turn, finer, dpi)
        best = best.or_better(reader.read(decoded.gray, decoded.turn, finer, dpi), margin=1.0)
    text = reader.completed(best)
    quarters = (text.turn - decoded.turn) // 90 % 4
    dirt = specks(_turned(decoded.whole, quarters), text.lines, text.width_px)
    text = text.model_copy(update={"specks": dirt})
    text = held_back(text, _followed(decoded.seals, quarters, text))
    return with_pens(text, _turned(decoded.small, quarters), decoded.less)


def paper_dpi(page: RawPage) -> float:
    """Resolution to read by: the stored one, unless it makes the paper impossibly large."""
    longest = max(page.width_px, page.height_px)
    if page.dpi <= 0 or longest / page.dpi > _MAX_PAPER_INCHES:
        return longest / _A4_LONG_INCHES
    return page.dpi


def reading_scale(dpi: float, read_dpi: int, longest_px: int) -> float:
    """Factor from stored to read resolution; 1 where a resize would not pay.

    Args:
        dpi: of the page.
        read_dpi: wanted.
        longest_px: longer side of the page, which bounds the image whatever its dpi says.
    """
    scale = read_dpi / dpi
    if dpi >= _ENLARGE_BELOW_DPI and scale > _KEEP_ABOVE:
        scale = 1.0
    return min(scale, _MAX_ENLARGEMENT, _MAX_SIDE_PX / longest_px)


def needs_second_look(text: PageText, *, certain: bool, doubt_below: float) -> bool:
    """True where the page should be read upside down too.

    Args:
        text: first reading.
        certain: whether imaging was sure of the direction.
        doubt_below: mean confidence that is doubtful even then.
    """
    if certain:
        return text.confidence < doubt_below
    letters = sum(len(word.text) for line in text.lines for word in line.words)
    return text.confidence < _SURE_CONFIDENCE or letters < _SURE_LETTERS


def runs_sideways(text: PageText) -> int:
    """Clockwise quarter turns (1 or 3) that lay the lines level, 0 where they lie level already.

    Engines read blocks that stand on their side without saying so; the words' boxes tell.
    """
    long_words = [w for line in text.lines for w in line.words if len(w.text) >= _TELLING_LETTERS]
    standing = [w for w in long_words if w.box.height > _STANDING * w.box.width]
    if len(long_words) < _TELLING_WORDS or len(standing) * 2 < len(long_words):
        return 0
    downwards = 0
    for line in text.lines:
        if len(line.words) > 1:
            downwards += 1 if line.words[-1].box.y0 > line.words[0].box.y0 else -1
    return 3 if downwards > 0 else 1


def reads_well(text: PageText) -> float:
    """Expected number of letters read right, doubtful words left out: what directions vie for."""
    return sum(
        word.confidence * sum(char.isalnum() for char in word.text)
        for line in text.lines
        for word in line.words
        if word.confidence >= _HEARD
    )


def better(first: PageText, other: PageText, *, margin: float = _CLEARLY_BETTER) -> PageText:
    """The reading to keep: the other only where it reads clearly better."""
    return other if reads_well(other) > margin * reads_well(first) + 1 else first


def has_small_print(text: PageText, scale: float) -> bool:
    """True where most words were too small for the engine at this scale."""
    heights = [w.box.height * scale for line in text.lines for w in line.words if len(w.text) > 1]
    return bool(heights) and median(heights) < _SMALL_PRINT_PX


def _plus(turn: Turn, more: int) -> Turn:
    turns: dict[int, Turn] = {0: 0, 90: 90, 180: 180, 270: 270}
    return turns[(turn + more) % 360]


def _turned(gray: Gray, quarters: int) -> Gray:
    return np.ascontiguousarray(np.rot90(gray, -quarters))


def _followed(seals: tuple[Ring, ...], quarters: int, text: PageText) -> tuple[Ring, ...]:
    """Seals found on the page some clockwise quarter turns before, on the page as it was read."""
    height = text.height_px if quarters % 2 == 0 else text.width_px
    width = text.width_px if quarters % 2 == 0 else text.height_px
    for _ in range(quarters):
        seals = tuple(seal.turned(height) for seal in seals)
        width, height = height, width
    return seals


@dataclass(frozen=True, slots=True)
class _Decoded:
    """A page's pixels in one direction."""

    turn: Turn
    gray: Gray
    """Seals taken out."""
    whole: Gray
    """Nothing taken out: crumbs that a seal leaves behind look like dirt."""
    seals: tuple[Ring, ...]
    """That left traces, in pixels of the stored page in that direction."""
    small: Colour
    less: int
    """Stored pixels to one of the small image, along each side."""


def _decode(decoder: Decoder, path: Path, turn: Turn, scale: float, dpi: float) -> _Decoded:
    """Decode near the wanted scale, seals taken out; the exact resize follows the direction tests.

    Seals are sought in a small image; the whole one is only decoded in colour where there are some.
    """
    reduce = _reduction(1 / scale)
    gray = decoder.gray(path, turn=turn, reduce=reduce)
    less = _reduction(dpi / _SEAL_DPI)
    small = decoder.colour(path, turn=turn, reduce=less)
    seals = find_seals(small, dpi / less)
    if not seals:
        clean, traces = without_rings(gray, dpi / reduce)
        found = tuple(trace.scaled(reduce) for trace in traces)
        return _Decoded(turn, clean, gray, found, small, less)
    colour = decoder.colour(path, turn=turn, reduce=reduce)
    clean = without_seals(gray, colour, seals, less / reduce)
    return _Decoded(turn, clean, gray, (), small, less)


def _reduction(most: float) -> Literal[1, 2, 4]:
    """How many times an image can be reduced while it is decoded."""
    return 4 if most >= 4 else 2 if most >= 2 else 1


@dataclass(frozen=True, slots=True)
class _Attempt:
    """A reading in one direction at one scale, and what it was read from."""

    text: PageText
    lines: tuple[Line, ...]
    """As the engine gave them, in pixels of the image."""
    image: Gray
    ruling: Ruling
    """That was taken out of it."""
    reading: Reading

    def or_better(self, other: _Attempt, *, margin: float = _CLEARLY_BETTER) -> _Attempt:
        return self if better(self.text, other.text, margin=margin) is self.text else other


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads one page's image in any direction."""

    page: RawPage
    engine: OcrEngine
    skew_deg: float

    def read(self, gray: Gray, turn: Turn, scale: float, dpi: float) -> _Attempt:
        """Read an image decoded in a direction, about `scale` of the stored size or larger."""
        sideways = turn in (90, 270)
        width, height = self.page.width_px, self.page.height_px
        if sideways:
            width, height = height, width
        image, reading = prepare(gray, width, height, scale, self.skew_deg)
        ruling = find_ruling(image, dpi * scale)
        image = without_ruling(image, ruling)
        lines = self.engine.read(image, max(round(dpi * scale), 1))
        text = PageText(
            index=self.page.index,
            turn=turn,
            width_px=width,
            height_px=height,
            dpi=self.page.dpi,
            lines=tuple(_mapped(doubted(image, lines), reading)),
            engine=self.engine.identity,
        )
        return _Attempt(text, lines, image, ruling, reading)

    def completed(self, best: _Attempt) -> PageText:
        """The text, with doubtful cells read again, and what the engine passed over."""
        page = inked(best.image, best.ruling.dpi)
        lines = with_cells(page, ruled_cells(best.ruling), best.lines, self.engine)
        lines = with_spaces(page, lines, self.engine)
        lines = with_missed(page, lines, self.engine)
        lines = with_numbers(page, lines, self.engine)
        lines = rejoined(with_page_number(page, lines, self.engine))
        if lines == best.lines:
            return best.text
        mapped = tuple(_mapped(doubted(best.image, lines), best.reading))
        return best.text.model_copy(update={"lines": mapped})


def prepare(
    gray: Gray, width: int, height: int, scale: float, skew_deg: float
) -> tuple[Gray, Reading]:
    """Scale and straighten an upright image for reading.

    Args:
        gray: decoded, possibly already reduced.
        width: of the upright page at stored resolution, px.
        height: the same.
        scale: wanted size relative to the stored one.
        skew_deg: clockwise tilt to undo; 0 leaves the image.

    Returns:
        The image, and where its pixels lie on the page.
    """
    wanted = (max(round(width * scale), 1), max(round(height * scale), 1))
    if wanted != (gray.shape[1], gray.shape[0]):
        enlarge = wanted[0] > gray.shape[1]
        method = cv2.INTER_CUBIC if enlarge else cv2.INTER_AREA
        gray = np.asarray(cv2.resize(gray, wanted, interpolation=method), dtype=np.uint8)
    gray = cleared(gray)
    reading = Reading(width, height, wanted[0] / width, wanted[1] / height, skew_deg)
    if skew_deg:
        x0, y0 = reading.to_image(0, 0)
        cos, sin = math.cos(math.radians(skew_deg)), math.sin(math.radians(skew_deg))
        matrix = np.array([[cos, sin, x0], [-sin, cos, y0]], dtype=np.float64)
        straight = cv2.warpAffine(
            gray,
            matrix,
            reading.canvas,
            flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_CONSTANT,
            borderValue=(255,),
        )
        gray = np.asarray(straight, dtype=np.uint8)
    return gray, reading


def _mapped(lines: Iterable[Line], reading: Reading) -> Iterable[Line]:
    for line in lines:
        words = tuple(
            Word(text=nfc(w.text), confidence=w.confidence, box=reading.box_to_page(w.box))
            for w in line.words
        )
        if words:
            yield Line(words=words, box=reading.box_to_page(line.box), block=line.block)
