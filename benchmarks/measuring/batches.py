"""Batches to measure with."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from benchmarks.factory import age, bleed_through, make_person, render_component, write_batch
from benchmarks.factory.layouts import LAYOUTS
from benchmarks.factory.truth import (
    Level,
    Part,
    Role,
    TruthBatch,
    TruthComponent,
    TruthPage,
)

_NOISE: Final = {Level.CLEAN: 1.0, Level.MID: 4.0, Level.HARD: 9.0}
_BACKS: Final = 0.15


def make(
    folder: Path, seed: int, level: Level, part: Part, *, sheets: bool, pages: int, dpi: int = 300
) -> TruthBatch:
    """A batch with its truth, from the plain layouts."""
    rng = np.random.default_rng([seed, list(Level).index(level), list(Part).index(part)])
    images: list[Image.Image] = []
    truths: list[TruthPage] = []
    components: list[TruthComponent] = []
    codes = list(LAYOUTS)
    while len(images) < pages:
        code = codes[int(rng.integers(len(codes)))]
        own = []
        for page in render_component(code, make_person(rng), rng, dpi):
            own.append(len(images))
            tilt = float(rng.uniform(-0.8, 0.8))
            images.append(age(page.image, rng, noise=_NOISE[level], skew_deg=tilt))
            truths.append(
                TruthPage(
                    index=len(truths),
                    role=Role.NEXT if page.number else Role.FIRST,
                    component=len(components),
                    turn=0,
                    skew_deg=tilt,
                    dpi=dpi,
                    lines=page.truth_lines,
                    fields=page.truth_fields,
                )
            )
            if rng.random() < _BACKS:
                images.append(age(bleed_through(page.image), rng, noise=_NOISE[level]))
                back = TruthPage(len(truths), Role.BLANK, None, 0, 0.0, dpi)
                truths.append(back)
        components.append(TruthComponent(code=code, layout=code, pages=tuple(own)))
    target = folder / f"{part}-{level}-{seed}.pdf"
    write_batch(target, images, dpi=dpi)
    return TruthBatch(target, seed, level, part, sheets, tuple(truths), tuple(components))
