"""Trials: read pages with what is true of them, to learn from and to be judged by.

Those that ship (`golden-pages.npz`) are drawn pages, never pages of people; those of an office are
made from its archive when they are needed and written nowhere. May not come in: where an office's
come from, learning, judging.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import ConfigError
from pipeline.models.base import Box
from pipeline.models.text import Line, PageText, Word

GOLDEN = "golden-pages.npz"
_DPI = 300.0


@dataclass(frozen=True, slots=True)
class Trial:
    """Pages in a row with their papers: what separation and classification are asked about."""

    origin: str
    """Id of what the pages came with; pages of one origin are never both learned and judged by."""
    texts: tuple[PageText, ...]
    """By rising index from 0; where one is missing, there is a blank page."""
    codes: Mapping[int, str]
    """The papers: code by first page."""
    starts: frozenset[int]
    """Pages of which it is known whether they start a paper."""
    types: frozenset[int]
    """First pages of papers whose code is known."""

    @property
    def size(self) -> int:
        """Number of pages, blank ones included."""
        return max((text.index for text in self.texts), default=-1) + 1

    def paper(self, first: int) -> tuple[PageText, ...]:
        """Pages of the paper that starts at `first`."""
        after = [start for start in self.codes if start > first]
        end = min(after, default=self.size)
        return tuple(text for text in self.texts if first <= text.index < end)


@dataclass(frozen=True, slots=True)
class Golden:
    """The trials that ship."""

    rehearsed: tuple[Trial, ...]
    """Learned along with an office's, so that what was known is not forgotten."""
    judged: tuple[Trial, ...]
    """Never learned."""


def golden_path() -> Path:
    """Where the trials lie that ship with Sohoa."""
    return Path(__file__).parent / "data" / GOLDEN


def load_golden(path: Path | None = None) -> Golden:
    """Read the trials that ship; a second at most.

    Raises:
        ConfigError: `PAGE_MODEL_INVALID`.
    """
    path = path or golden_path()
    try:
        data = path.read_bytes()
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            return _unpacked({name: arrays[name] for name in arrays.files})
    except (OSError, EOFError, ValueError, LookupError, TypeError, BadZipFile) as error:
        raise ConfigError("PAGE_MODEL_INVALID", file=path.name) from error


def packed(golden: Golden) -> bytes:
    """The trials as a file; the same trials give the same bytes.

    Boxes are kept in whole pixels of 300 dpi, confidences in hundredths, no layout blocks.
    """
    batches: list[dict[str, Any]] = []
    words: list[str] = []
    boxes: list[tuple[int, int, int, int]] = []
    sure: list[int] = []
    for rehearsed, trials in ((True, golden.rehearsed), (False, golden.judged)):
        for trial in trials:
            batches.append(
                {
                    "origin": trial.origin,
                    "rehearsed": rehearsed,
                    "codes": sorted(trial.codes.items()),
                    "pages": [_page(text) for text in trial.texts],
                }
            )
            for text in trial.texts:
                scale = _DPI / text.dpi
                for line in text.lines:
                    for word in line.words:
                        box = word.box
                        words.append(word.text)
                        sides = (box.x0, box.y0, box.x1, box.y1)
                        boxes.append(tuple(max(round(s * scale), 0) for s in sides))  # type: ignore[arg-type]
                        sure.append(round(100 * word.confidence))
    steps = np.diff(np.array(boxes, dtype=np.int32), axis=0, prepend=np.int32(0))
    arrays: dict[str, Any] = {
        "batches": _bytes(json.dumps(batches, separators=(",", ":"))),
        "words": _bytes("\n".join(words)),
        **{f"step{side}": steps[:, side].astype(np.int16) for side in range(4)},
        "sure": np.array(sure, dtype=np.uint8),
    }
    out = io.BytesIO()
    np.savez_compressed(out, **arrays)
    return out.getvalue()


def _page(text: PageText) -> list[Any]:
    """[index, width, height, words of each line]."""
    scale = _DPI / text.dpi
    sizes = [len(line.words) for line in text.lines]
    return [text.index, round(text.width_px * scale), round(text.height_px * scale), sizes]


def _bytes(text: str) -> NDArray[np.uint8]:
    return np.frombuffer(text.encode("utf-8"), dtype=np.uint8)


def _unpacked(arrays: Mapping[str, NDArray[Any]]) -> Golden:
    steps = np.stack([arrays[f"step{side}"].astype(np.int64) for side in range(4)], axis=1)
    boxes = np.cumsum(steps, axis=0).tolist()
    texts = arrays["words"].tobytes().decode("utf-8").split("\n")
    sure = arrays["sure"].tolist()
    words = [
        Word(text=text, confidence=part / 100, box=Box(x0=b[0], y0=b[1], x1=b[2], y1=b[3]))
        for text, part, b in zip(texts, sure, boxes, strict=True)
    ]
    at = 0
    found: dict[bool, list[Trial]] = {True: [], False: []}
    for batch in json.loads(arrays["batches"].tobytes()):
        pages: list[PageText] = []
        for index, width, height, sizes in batch["pages"]:
            lines: list[Line] = []
            for size in sizes:
                lines.append(line_of(words[at : at + size]))
                at += size
            pages.append(page_of(index, width, height, lines))
        codes = {int(first): str(code) for first, code in batch["codes"]}
        known = frozenset(page.index for page in pages)
        trial = Trial(batch["origin"], tuple(pages), codes, known, frozenset(codes) & known)
        found[bool(batch["rehearsed"])].append(trial)
    return Golden(tuple(found[True]), tuple(found[False]))


def line_of(words: Sequence[Word]) -> Line:
    """A line of words, in the box around them."""
    box = words[0].box
    for word in words[1:]:
        box = box.union(word.box)
    return Line(words=tuple(words), box=box, block=0)


def page_of(index: int, width_px: int, height_px: int, lines: Sequence[Line]) -> PageText:
    """A read, upright page at 300 dpi."""
    return PageText(
        index=index,
        turn=0,
        width_px=width_px,
        height_px=height_px,
        dpi=_DPI,
        lines=tuple(lines),
    )
