"""A demonstration batch: one dossier as it leaves the feeder scanner, with its truth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from benchmarks.factory.batches import write_batch
from benchmarks.factory.components import render_component
from benchmarks.factory.paper import RenderedPage
from benchmarks.factory.person import Person, make_person
from benchmarks.factory.scanning import age, bleed_through

SlipImage = Image.Image | Path
"""A printed slip page, as picture or as picture file."""

COVER: Final = "COVER"
"""Key of the cover page among the slip pages."""
CODES: Final = ("F_14_HSB", "R_07B_HSB", "R_04_HSB", "M_GIAY_RA_VIEN", "C_KHAI_TU")
FILE_NAME: Final = "ho-so-mau.pdf"
_BACK_AFTER: Final = "F_14_HSB"
_OF_A_RELATIVE: Final = "C_KHAI_TU"
_A4_INCHES: Final = (210 / 25.4, 297 / 25.4)


@dataclass(frozen=True, slots=True)
class DemoComponent:
    """One component of the batch."""

    code: str
    pages: tuple[int, ...]
    """0-based in the whole batch."""
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class DemoTruth:
    """What is in the batch."""

    path: Path
    person: Person
    page_count: int
    components: tuple[DemoComponent, ...]
    blank_pages: tuple[int, ...]
    slip_pages: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Scanned:
    image: Image.Image
    kind: str
    page: RenderedPage | None = None


def make_demo_batch(
    folder: Path,
    seed: int = 1,
    slip_pages: Mapping[str, SlipImage] | None = None,
    dpi: int = 300,
) -> DemoTruth:
    """Write `ho-so-mau.pdf`: the papers of one dossier, a blank back, slip pages.

    Args:
        folder: where to write.
        seed: same seed, same file.
        slip_pages: slip pages by the code of the component they stand before; `COVER` stands
            first of all.
        dpi: pixels per inch.
    """
    rng = np.random.default_rng(seed)
    person = make_person(rng)
    scanned = list(_pages(person, rng, slip_pages or {}, dpi))
    path = folder / FILE_NAME
    write_batch(path, (page.image for page in scanned), dpi=dpi)
    return DemoTruth(
        path=path,
        person=person,
        page_count=len(scanned),
        components=tuple(_component(code, scanned) for code in CODES),
        blank_pages=_places(scanned, "blank"),
        slip_pages=_places(scanned, "slip"),
    )


def _pages(
    person: Person, rng: np.random.Generator, slips: Mapping[str, SlipImage], dpi: int
) -> Iterator[_Scanned]:
    if COVER in slips:
        yield _Scanned(age(_slip(slips[COVER], dpi), rng), "slip")
    for code in CODES:
        if code in slips:
            yield _Scanned(age(_slip(slips[code], dpi), rng), "slip")
        subject = _relative(person, rng) if code == _OF_A_RELATIVE else person
        for page in render_component(code, subject, rng, dpi):
            yield _Scanned(age(page.image, rng), code, page)
            if code == _BACK_AFTER:
                yield _Scanned(age(bleed_through(page.image), rng), "blank")


def _relative(person: Person, rng: np.random.Generator) -> Person:
    """Another person of the same household."""
    return replace(
        make_person(rng),
        address=person.address,
        commune=person.commune,
        province=person.province,
        agency=person.agency,
        applied_on=person.applied_on,
    )


def _slip(slip: SlipImage, dpi: int) -> Image.Image:
    """The slip page on A4 paper."""
    size = (round(_A4_INCHES[0] * dpi), round(_A4_INCHES[1] * dpi))
    if isinstance(slip, Path):
        with Image.open(slip) as opened:
            return opened.convert("RGB").resize(size, Image.Resampling.LANCZOS)
    return slip.convert("RGB").resize(size, Image.Resampling.LANCZOS)


def _component(code: str, scanned: list[_Scanned]) -> DemoComponent:
    fields: dict[str, str] = {}
    for page in scanned:
        if page.page is not None and page.kind == code:
            fields |= page.page.fields
    return DemoComponent(code=code, pages=_places(scanned, code), fields=fields)


def _places(scanned: list[_Scanned], kind: str) -> tuple[int, ...]:
    return tuple(place for place, page in enumerate(scanned) if page.kind == kind)
