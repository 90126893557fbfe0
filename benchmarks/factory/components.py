"""Whole components and page sets by name: the entrance to the layouts."""

from __future__ import annotations

from typing import Final

import numpy as np

from benchmarks.factory.layouts import LAYOUTS
from benchmarks.factory.layouts.letters import dense_page
from benchmarks.factory.paper import RenderedPage
from benchmarks.factory.person import Person, make_person

_FORMS: Final = ("F_14_HSB", "F_13_HSB", "F_09_HSB", "F_TK1_TS", "R_07B_HSB", "C_KHAI_TU", "M_HSBA")


def render_component(
    code: str, person: Person, rng: np.random.Generator, dpi: int = 300
) -> tuple[RenderedPage, ...]:
    """A component as clean printed pages.

    Args:
        code: component code; `Z_OTHER` gives a paper the catalogue does not know.
        person: whom the paper is about.
        rng: source of numbers, signers and scribbles.
        dpi: pixels per inch.

    Raises:
        KeyError: no layout for the code.
    """
    return LAYOUTS[code](person, rng, dpi)


def dense_pages(n: int, seed: int, dpi: int = 300) -> tuple[RenderedPage, ...]:
    """Full pages of prose, clean; for measuring recognition."""
    rng = np.random.default_rng(seed)
    return tuple(dense_page(rng, dpi) for _ in range(n))


def form_pages(n: int, seed: int, dpi: int = 300) -> tuple[RenderedPage, ...]:
    """Single-page forms of changing kind and person, clean."""
    rng = np.random.default_rng(seed)
    pages = []
    for number in range(n):
        code = _FORMS[number % len(_FORMS)]
        pages.append(render_component(code, make_person(rng), rng, dpi)[0])
    return tuple(pages)
