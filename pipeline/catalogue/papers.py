"""Which paper a page reads like: a second opinion beside the anchors.

A linear model over hashed letter groups of the folded text, so that lost vowels and misread letters
cost little. Weights are data that is handed in. May not come in: anchors, what a stage makes of the
opinion, training.
"""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.catalogue.layout import HEAD_SHARE
from pipeline.models.text import PageText
from pipeline.textnorm import fold

_WORD = re.compile(r"[a-z]{2,}")
_GROUP = 4
"""Letters in a group; a word's edges count as letters."""
_MOST_WORDS = 900
_OF_HEAD = 1
"""A group of the head counts as so many."""
_OPENING_LINES = 14
"""So many lines of the head say what the paper is."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """How much a page reads like one paper of the catalogue."""

    code: str
    probability: float
    """Calibrated, 0 to 1."""


@dataclass(frozen=True, slots=True)
class PaperModel:
    """Weights: what each letter group says for each paper."""

    version: str
    codes: tuple[str, ...]
    """The papers that it knows, `Z_OTHER` among them."""
    weights: NDArray[np.int8]
    """Buckets times papers."""
    scales: NDArray[np.float32]
    """Of each paper: weight one of `weights` stands for so much."""
    biases: NDArray[np.float32]
    sharpness: float
    """Factor on the scores that makes the probabilities true on pages not trained on."""

    def likenesses(self, page: PageText) -> tuple[Likeness, ...]:
        """What a page reads like, likeliest first; empty for a page without words."""
        buckets, counts = hashed(page, len(self.weights))
        if not buckets.size:
            return ()
        rows = self.weights[buckets].astype(np.float32)
        scores = self.sharpness * ((counts @ rows) * self.scales + self.biases)
        shares = np.exp(scores - scores.max())
        shares /= shares.sum()
        order = np.argsort(-shares, kind="stable")
        return tuple(Likeness(self.codes[i], float(shares[i])) for i in order)


def hashed(page: PageText, buckets: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The letter groups of a page as (bucket, weight), of length one altogether.

    Args:
        page: recognised text.
        buckets: number of buckets.
    """
    counts: Counter[int] = Counter()
    for group in _groups(page):
        counts[zlib.crc32(group.encode("ascii")) % buckets] += _OF_HEAD if group[0] == "^" else 1
    keys = np.fromiter(counts.keys(), np.int64, len(counts))
    values: NDArray[np.float32] = np.sqrt(np.fromiter(counts.values(), np.float32, len(counts)))
    return keys, values / np.float32(max(float(np.linalg.norm(values)), 1e-9))


def _groups(page: PageText) -> Iterator[str]:
    """Letter groups of all words, pairs of words, and those of the head once more apart."""
    left = _MOST_WORDS
    limit = HEAD_SHARE * page.height_px
    for number, line in enumerate(page.lines):
        words = _WORD.findall(fold(line.text))[:left]
        left -= len(words)
        opens = number < _OPENING_LINES and (line.box.y0 + line.box.y1) / 2 < limit
        before = ""
        for word in words:
            edged = f"<{word}>"
            for at in range(max(len(edged) - _GROUP + 1, 1)):
                group = edged[at : at + _GROUP]
                yield group
                if opens:
                    yield "^" + group
            if before:
                yield f"{before} {word}"
                if opens:
                    yield f"^{before} {word}"
            before = word
        if left <= 0:
            return
