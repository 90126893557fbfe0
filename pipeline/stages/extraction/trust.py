"""How sure a reading is: evidence about its words to the error that was measured at such evidence.

A calibration holds, for each kind of value, weights that make one score of the evidence, and how
many of the values at each score were wrong, on values that were made up, printed, scanned and read
by the chain itself: apart on sound pages and on worn ones, which specks tell from each other. May
not come in: where calibrations are kept, how they are made, the evidence itself (`evidence`).
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.models.text import EngineIdentity
from pipeline.stages.extraction.evidence import Second, ValueKind, facts_of, specks_of
from pipeline.stages.extraction.layout import Legibility, Token
from pipeline.vietnamese import Lexicon, Names


@dataclass(frozen=True, slots=True)
class Curve:
    """Score → error, as measured."""

    weights: tuple[float, ...]
    """Of `ALONE` or `TWICE`."""
    scores: tuple[float, ...]
    """Where bands begin, rising; below the first one nothing is known to be right."""
    errors: tuple[float, ...]
    """Expected share of wrong values in each band, falling."""
    page_from: float
    """Median confidence of a page below which nothing is accepted: where dirt eats whole letters,
    the words that are left are sure. 0 where such values are told well enough without."""
    accept_from: float
    """Score from which the expected share of wrong values is as low as is asked; infinite where no
    score is."""

    def error(self, facts: Sequence[float]) -> float:
        """Expected share of wrong values among those with such facts, 0 to 1.

        Where the score is too low to accept anything, the answer is never as low as is asked.
        """
        score = self.score(facts)
        band = bisect_right(self.scores, score) - 1
        return 1.0 if band < 0 else self.errors[band]

    def accepts(self, facts: Sequence[float]) -> bool:
        """True where values with such facts are as good as is asked."""
        return self.score(facts) >= self.accept_from

    def score(self, facts: Sequence[float]) -> float:
        """Higher is surer."""
        return math.fsum(w * x for w, x in zip(self.weights, facts, strict=True))


@dataclass(frozen=True, slots=True)
class Verdict:
    """How far a reading can be trusted."""

    probability: float
    """Of being right."""
    sure: bool
    """Wrong values are as rare among such readings as is asked."""


@dataclass(frozen=True, slots=True)
class Curves:
    """What was measured on pages of one state."""

    alone: Mapping[ValueKind, Curve]
    """Of one reading."""
    twice: Mapping[ValueKind, Curve]
    """Of a second one, where the first was not enough."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """What was measured of one engine's readings."""

    engine: EngineIdentity
    """Whose readings; of others nothing is known."""
    digest: str
    """SHA-256 of the data."""
    target: float
    """Share of wrong values that was asked for."""
    worn_from: float
    """Specks to a letter above which a page is worn."""
    sound: Curves
    worn: Curves
    names: Names
    """Known names of people: a misreading seldom gives another one."""
    lexicon: Lexicon
    """Words that are known to stand side by side."""

    def of(self, engine: EngineIdentity | None) -> bool:
        """True where this was measured with the engine."""
        return engine == self.engine

    def judge(
        self, kind: ValueKind, tokens: Sequence[Token], page: Legibility, second: Second | None
    ) -> Verdict:
        """Judge a reading; on a worn page it must be as good as a sound one asks, too.

        Args:
            kind: of the value.
            tokens: its words, at least one.
            page: that they stand on.
            second: the second reading, if there was one.
        """
        states = [self.sound]
        if specks_of(page) > self.worn_from:
            states.append(self.worn)
        curves = [(s.alone if second is None else s.twice)[kind] for s in states]
        facts = facts_of(kind, tokens, page, second, self.names, self.lexicon)
        agreed = second is None or second.alike
        sure = agreed and all(
            page.confidence >= curve.page_from and curve.accepts(facts) for curve in curves
        )
        return Verdict(1.0 - max(curve.error(facts) for curve in curves), sure)
