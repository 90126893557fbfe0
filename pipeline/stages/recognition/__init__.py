"""Recognition: one page image becomes words with boxes on the upright, untouched page.

`reading` prepares the image and picks the direction, `digits` doubts numbers that the page itself
contradicts, `correction` mends words by what the language knows. May not come in: an OCR engine,
blank detection, any meaning of the words.
"""

from __future__ import annotations

from pipeline.stages.recognition.clearing import cleared
from pipeline.stages.recognition.correction import Corrector
from pipeline.stages.recognition.reading import (
    Reading,
    better,
    has_small_print,
    needs_second_look,
    paper_dpi,
    prepare,
    read_page,
    reading_scale,
    reads_well,
    runs_sideways,
)

__all__ = [
    "Corrector",
    "Reading",
    "better",
    "cleared",
    "has_small_print",
    "needs_second_look",
    "paper_dpi",
    "prepare",
    "read_page",
    "reading_scale",
    "reads_well",
    "runs_sideways",
]
