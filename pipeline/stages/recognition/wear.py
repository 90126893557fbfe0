"""How dirty a page is: specks around its words, to a letter of theirs.

Dirt on paper and glass and torn toner leave specks everywhere; where there are many, some of them
make one letter into another, and nobody sees it in the confidence of that word. May not come in:
reading, what follows for values (`extraction.trust`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np

from pipeline.models.text import Line, Word
from pipeline.ports.reading import Gray
from pipeline.stages.recognition.marks import UNHEARD

_WORDS: Final = 50
"""So many, from all over the page, tell."""
_LEAST_LETTERS: Final = 12
"""Fewer on a page say nothing."""
_LEAST_WORD: Final = 2
_LETTERS_PX: Final = 26.0
"""Height that words are brought to: specks count by their size beside letters."""
_AROUND: Final = (1.0, 0.6)
"""Of a word's height: paper beside it, and over and under it, where specks are counted."""
_FARTHER: Final = 2.0
"""Of a word's height: so much farther beside it, leaders are told by their points."""
_SPECK_PX: Final = 5
"""Largest area of a speck; the point of an `i` has more."""
_POINT_PX: Final = 16
"""Largest area of a leader's point."""
_LEVEL_PX: Final = 1.5
_LEADER: Final = 3
"""So many points on one level are printed, unless the place is full of them."""
_FULL: Final = 6
"""Points to a letter: leaders before, under and behind a word have fewer."""
_DARK: Final = 0.3
"""Share of the way from paper to ink from which a pixel is dark."""
_LEAST_CONTRAST: Final = 1.0


def specks(gray: Gray, lines: Sequence[Line], page_width: int) -> float | None:
    """Specks to a letter; None where too few words were read to tell.

    Args:
        gray: the upright page as it was decoded: what is made ready for reading has fewer specks,
            and more where a seal was taken out of it.
        lines: in pixels of the page.
        page_width: of which the image may be a reduced one, px.
    """
    scale = gray.shape[1] / page_width
    words = [word for line in lines for word in line.words if _tells(word)]
    chosen = words[:: max(-(-len(words) // _WORDS), 1)]
    letters = sum(len(word.text) for word in chosen)
    if letters < _LEAST_LETTERS:
        return None
    return sum(_around(gray, word, scale) for word in chosen) / letters


def _tells(word: Word) -> bool:
    """True of a heard word of letters and digits; leaders are points themselves."""
    return len(word.text) >= _LEAST_WORD and word.text.isalnum() and word.confidence >= UNHEARD


def _around(gray: Gray, word: Word, scale: float) -> int:
    """Specks in the place of a word; what its edges cut is none, nor are points of a leader."""
    box = word.box
    beside, above = (share * box.height for share in _AROUND)
    left = max(round((box.x0 - beside - _FARTHER * box.height) * scale), 0)
    right = round((box.x1 + beside + _FARTHER * box.height) * scale)
    place = gray[
        max(round((box.y0 - above) * scale), 0) : round((box.y1 + above) * scale),
        left:right,
    ]
    if not place.size:
        return 0
    resize = _LETTERS_PX / max(box.height * scale, 1.0)
    high, wide = (max(round(side * resize), 1) for side in place.shape)
    method = cv2.INTER_CUBIC if resize > 1 else cv2.INTER_AREA
    small = cv2.resize(place, (wide, high), interpolation=method)
    paper, ink = np.percentile(small, (90, 3))
    dark = (small < paper - _DARK * max(paper - ink, _LEAST_CONTRAST)).astype(np.uint8)
    _, _, stats, _ = cv2.connectedComponentsWithStats(dark, connectivity=8)
    x, y, width, height, area = stats[1:].T
    near = ((box.x0 - beside) * scale - left) * resize, ((box.x1 + beside) * scale - left) * resize
    inside = (x > 0) & (y > 0) & (x + width < wide) & (y + height < high)
    beside_it = inside & (x > near[0]) & (x + width < near[1])
    points, levels = inside & (area <= _POINT_PX), y + height / 2
    full = int(np.count_nonzero(points & beside_it))
    if full > _FULL * len(word.text):
        return full
    found, all_points = levels[beside_it & (area <= _SPECK_PX)], np.sort(levels[points])
    below = np.searchsorted(all_points, found - _LEVEL_PX, side="left")
    level = np.searchsorted(all_points, found + _LEVEL_PX, side="right") - below
    return int(np.count_nonzero(level < _LEADER))
