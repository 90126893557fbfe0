"""Words written with a blue pen: what an engine makes of handwriting is never certain.

Offices print in black and fill in in blue; only colour tells. May not come in: black pens, which
look like print here; what a word means.
"""

from __future__ import annotations

from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pipeline.models.base import Box
from pipeline.models.text import PageText
from pipeline.ports.reading import Colour

_Mask: TypeAlias = NDArray[np.bool_]

_INK: Final = 25
"""Grey levels below the paper from which a pixel holds ink; in a reduced image strokes are pale."""
_BLUER: Final = 16
"""Levels by which blue exceeds red more than it does on the paper."""
_SHARE: Final = 0.5
"""Of a word's inked pixels: a word with so many blue ones is blue."""
_LEAST_PX: Final = 4
"""Inked pixels of a word that can be judged."""
_PRINTED_BLUE: Final = 0.5
"""Share of blue words from which it is the paper that is printed in blue."""


def with_pens(text: PageText, colour: Colour, reduced: float) -> PageText:
    """The text, with words in blue ink on a paper of another ink marked as written by pen.

    Args:
        text: as read.
        colour: the page in the text's direction, reduced; 60 dpi are enough. Grey pages tell
            nothing.
        reduced: pixels of the page to one of that image, along each side.
    """
    ink, blue = _inks(colour)
    if not blue.any():
        return text
    words = [word for line in text.lines for word in line.words]
    written = {id(word) for word in words if _is_blue(word.box, ink, blue, reduced)}
    if not written or len(written) > _PRINTED_BLUE * len(words):
        return text
    lines = tuple(
        line.model_copy(
            update={
                "words": tuple(
                    word.model_copy(update={"pen": True}) if id(word) in written else word
                    for word in line.words
                )
            }
        )
        for line in text.lines
    )
    return text.model_copy(update={"lines": lines})


def _inks(colour: Colour) -> tuple[_Mask, _Mask]:
    """Where there is ink, and where it is bluer than the paper."""
    blue, red = colour[..., 0].astype(np.int16), colour[..., 2].astype(np.int16)
    light = colour.min(axis=2)
    paper = int(np.percentile(light, 80))
    bare = light >= paper
    cast = int(np.median((blue - red)[bare])) if bare.any() else 0
    ink = np.asarray(light <= paper - _INK, dtype=np.bool_)
    return ink, ink & np.asarray(blue - red - cast >= _BLUER, dtype=np.bool_)


def _is_blue(box: Box, ink: _Mask, blue: _Mask, reduced: float) -> bool:
    rows = slice(int(box.y0 / reduced), int(box.y1 / reduced) + 1)
    columns = slice(int(box.x0 / reduced), int(box.x1 / reduced) + 1)
    inked = int(np.count_nonzero(ink[rows, columns]))
    return inked >= _LEAST_PX and int(np.count_nonzero(blue[rows, columns])) >= _SHARE * inked
