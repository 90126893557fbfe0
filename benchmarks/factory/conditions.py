"""How good or bad scanners and papers are: what each level draws, as ranges.

MID is an office scanner in ordinary use: 200 to 300 dpi, JPEG 75 to 85, tilt up to 1.5 degrees.
HARD is a bad one, still readable by a person: 150 to 200 dpi, JPEG 40 to 65, tilt up to 4 degrees,
dirty glass, faded toner. May not come in: how an effect is drawn (see `wearing`, `scanning`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

import numpy as np

from benchmarks.factory.truth import Level
from pipeline.models.pages import Turn

Range = tuple[float, float]

_MOST_DRAWN_DPI: Final = 300

LANDSCAPE_FROM_MM: Final = 220.0
"""Pages wider than this are fed with the short edge first: they arrive sideways."""


class Mode(StrEnum):
    """What a scanner keeps of the light."""

    COLOUR = "colour"
    GREY = "grey"
    BILEVEL = "bilevel"


@dataclass(frozen=True, slots=True)
class Streak:
    """Dirt on the glass of a feeder: a line along the way of the paper."""

    x: float
    """Share of the width."""
    width_mm: float
    shade: float
    """Light that is left, or that comes too much: 0.6 darkens, 1.2 brightens."""


@dataclass(frozen=True, slots=True)
class Scanner:
    """A scanner and its settings, the same for a whole batch."""

    dpi: int
    mode: Mode
    quality: int
    """JPEG, 1 to 95; bilevel pages are stored without loss."""
    blur_mm: float
    """Standard deviation of the optics."""
    noise: float
    """Standard deviation of the sensor's noise, grey levels."""
    contrast: float
    """1: full; less: black is grey."""
    threshold: float
    """Bilevel: share of the paper's light below which is black."""
    lid: int
    """Grey level of what lies behind the paper."""
    streaks: tuple[Streak, ...] = ()

    @property
    def drawn_dpi(self) -> int:
        """Resolution to draw pages at that it is to scan: finer, where that need not be huge."""
        return max(min(2 * self.dpi, _MOST_DRAWN_DPI), self.dpi)


@dataclass(frozen=True, slots=True)
class Wear:
    """What happened to one page, before and while it was scanned."""

    tilt_deg: float
    """Clockwise."""
    turn: Turn
    """Clockwise turn that makes the scan upright."""
    ink: float
    """Toner on the paper: 1 full."""
    patchy: float
    """How much less toner there is in places, share."""
    crumbling: float
    """Share of ink lost in specks."""
    folds: tuple[float, ...]
    """Where the paper was folded across, share of the height."""
    fold_depth: float
    punched: bool
    spine: float
    """Depth of the shadow along the bound edge: 0 none, 1 black."""
    spine_right: bool
    bleed: float
    """Share of the other side's darkness that is seen."""
    specks: int
    """Per 100 square centimetres."""
    edges_mm: tuple[float, float, float, float]
    """Dark bands beside the paper: left, top, right, bottom."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """What a level draws from; chances are shares of pages or, for the scanner, of batches."""

    dpi: tuple[int, ...]
    """Equally likely."""
    modes: tuple[Mode, ...]
    """Equally likely."""
    quality: Range
    blur_mm: Range
    noise: Range
    contrast: Range
    dark_lid: float
    """Chance."""
    streaks: tuple[int, int]
    streak_depth: Range
    tilt_deg: float
    """Largest; most pages lie nearly straight."""
    turned: float
    """Chance that a page is upside down or sideways."""
    faint: float
    """Chance of low toner."""
    ink: Range
    """Where toner is low."""
    crumbling: Range
    folded: float
    fold_depth: Range
    punched: float
    spine: float
    spine_depth: Range
    bleed: Range
    specks: tuple[int, int]
    edge_mm: float
    """Widest dark band."""


_C, _G, _B = Mode.COLOUR, Mode.GREY, Mode.BILEVEL

CONDITIONS: Final[Mapping[Level, Conditions]] = MappingProxyType(
    {
        Level.CLEAN: Conditions(
            dpi=(300, 300, 300, 400),
            modes=(_C, _C, _G),
            quality=(88, 92),
            blur_mm=(0.03, 0.045),
            noise=(1.0, 2.0),
            contrast=(0.98, 1.0),
            dark_lid=0.0,
            streaks=(0, 0),
            streak_depth=(0.0, 0.0),
            tilt_deg=0.2,
            turned=0.0,
            faint=0.0,
            ink=(1.0, 1.0),
            crumbling=(0.0, 0.0),
            folded=0.0,
            fold_depth=(0.0, 0.0),
            punched=0.0,
            spine=0.0,
            spine_depth=(0.0, 0.0),
            bleed=(0.0, 0.02),
            specks=(0, 0),
            edge_mm=0.0,
        ),
        Level.MID: Conditions(
            dpi=(200, 200, 240, 300, 300, 300),
            modes=(_C, _C, _C, _C, _G, _G, _B),
            quality=(75, 85),
            blur_mm=(0.04, 0.06),
            noise=(2.0, 4.5),
            contrast=(0.9, 1.0),
            dark_lid=0.15,
            streaks=(0, 1),
            streak_depth=(0.04, 0.15),
            tilt_deg=1.5,
            turned=0.03,
            faint=0.08,
            ink=(0.62, 0.85),
            crumbling=(0.0, 0.015),
            folded=0.15,
            fold_depth=(0.04, 0.12),
            punched=0.2,
            spine=0.15,
            spine_depth=(0.12, 0.35),
            bleed=(0.015, 0.055),
            specks=(0, 12),
            edge_mm=1.2,
        ),
        Level.HARD: Conditions(
            dpi=(150, 150, 200, 200, 200),
            modes=(_C, _C, _G, _G, _B),
            quality=(40, 65),
            blur_mm=(0.055, 0.085),
            noise=(6.0, 11.0),
            contrast=(0.75, 0.92),
            dark_lid=0.45,
            streaks=(1, 4),
            streak_depth=(0.12, 0.45),
            tilt_deg=4.0,
            turned=0.08,
            faint=0.4,
            ink=(0.42, 0.75),
            crumbling=(0.0, 0.07),
            folded=0.4,
            fold_depth=(0.1, 0.3),
            punched=0.4,
            spine=0.35,
            spine_depth=(0.25, 0.6),
            bleed=(0.04, 0.12),
            specks=(10, 90),
            edge_mm=3.0,
        ),
    }
)
_BILEVEL_LEAST_DPI: Final = 200
_BILEVEL_LEAST_INK: Final = 0.72
_STRAIGHTER: Final = 0.4
"""Tilts are normally distributed; the largest is 2.5 standard deviations."""
_UPSIDE_DOWN: Final = 0.6
"""Share of the turned pages that are upside down; the others lie sideways."""
_SIDEWAYS_LANDSCAPE: Final = 0.7


def draw_scanner(rng: np.random.Generator, level: Level, dpi: int | None = None) -> Scanner:
    """A scanner of a level.

    Args:
        rng: source of chance.
        level: how bad.
        dpi: instead of the level's.
    """
    given = CONDITIONS[level]
    mode = given.modes[int(rng.integers(len(given.modes)))]
    chosen = given.dpi[int(rng.integers(len(given.dpi)))]
    if mode is Mode.BILEVEL:
        chosen = max(chosen, _BILEVEL_LEAST_DPI)
    lid = (
        int(rng.integers(25, 70)) if rng.random() < given.dark_lid else int(rng.integers(236, 250))
    )
    count = int(rng.integers(given.streaks[0], given.streaks[1] + 1))
    return Scanner(
        dpi=dpi or chosen,
        mode=mode,
        quality=round(rng.uniform(*given.quality)),
        blur_mm=float(rng.uniform(*given.blur_mm)),
        noise=float(rng.uniform(*given.noise)),
        contrast=float(rng.uniform(*given.contrast)),
        threshold=float(rng.uniform(0.64, 0.74)),
        lid=lid,
        streaks=tuple(_streak(rng, given) for _ in range(count)),
    )


def _streak(rng: np.random.Generator, given: Conditions) -> Streak:
    depth = float(rng.uniform(*given.streak_depth))
    shade = 1 + depth if rng.random() < 0.2 else 1 - depth
    return Streak(float(rng.uniform(0.03, 0.97)), float(rng.uniform(0.1, 0.45)), shade)


def draw_wear(rng: np.random.Generator, level: Level, scanner: Scanner, width_mm: float) -> Wear:
    """What happened to one page.

    Args:
        rng: source of chance.
        level: how much.
        scanner: of the batch; bilevel ones cannot make faint toner visible.
        width_mm: of the upright paper.
    """
    given = CONDITIONS[level]
    widest = given.tilt_deg
    tilt = float(np.clip(rng.normal(0.0, widest * _STRAIGHTER), -widest, widest))
    ink, patchy = 1.0, 0.0
    if rng.random() < given.faint:
        ink, patchy = float(rng.uniform(*given.ink)), float(rng.uniform(0.0, 0.3))
    if scanner.mode is Mode.BILEVEL:
        ink, patchy = max(ink, _BILEVEL_LEAST_INK), min(patchy, 0.05)
    folds: tuple[float, ...] = ()
    if rng.random() < given.folded:
        places = ((0.5,), (1 / 3, 2 / 3))[int(rng.integers(2))]
        folds = tuple(float(place + rng.uniform(-0.03, 0.03)) for place in places)
    spine = float(rng.uniform(*given.spine_depth)) if rng.random() < given.spine else 0.0
    left, top, right, bottom = rng.uniform(0, given.edge_mm, 4) * (rng.random(4) < 0.4)
    return Wear(
        tilt_deg=round(tilt, 3),
        turn=_turn(rng, given.turned, width_mm),
        ink=ink,
        patchy=patchy,
        crumbling=float(rng.uniform(*given.crumbling)),
        folds=folds,
        fold_depth=float(rng.uniform(*given.fold_depth)),
        punched=bool(rng.random() < given.punched),
        spine=spine,
        spine_right=bool(rng.random() < 0.15),
        bleed=float(rng.uniform(*given.bleed)),
        specks=int(rng.integers(given.specks[0], given.specks[1] + 1)),
        edges_mm=(float(left), float(top), float(right), float(bottom)),
    )


def _turn(rng: np.random.Generator, chance: float, width_mm: float) -> Turn:
    turned, which, sideways = rng.random(3)
    quarter: Turn = 90 if sideways < 0.5 else 270
    if width_mm > LANDSCAPE_FROM_MM and chance > 0:
        return quarter if which < _SIDEWAYS_LANDSCAPE else 0
    if turned >= chance:
        return 0
    return 180 if which < _UPSIDE_DOWN else quarter
