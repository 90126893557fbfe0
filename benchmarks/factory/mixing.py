"""A scanned batch of several dossiers with its whole truth, from a seed.

Pages are drawn, worn, scanned and written one after another. Same arguments, same bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from benchmarks.factory.conditions import Scanner, Wear, draw_scanner, draw_wear
from benchmarks.factory.layouts import variants
from benchmarks.factory.paper import RenderedPage
from benchmarks.factory.planning import (
    PlannedPaper,
    PlannedSheet,
    generator,
    plan,
    plan_with_sheets,
)
from benchmarks.factory.scan_pdf import ScanPdf
from benchmarks.factory.scanning import scan
from benchmarks.factory.slips import Printer
from benchmarks.factory.tilting import Tilt
from benchmarks.factory.truth import (
    Level,
    Part,
    Role,
    TruthBatch,
    TruthComponent,
    TruthField,
    TruthLine,
    TruthPage,
)
from benchmarks.factory.truth_file import write_truth
from benchmarks.factory.wearing import PAPER, worn
from pipeline.catalogue import load_catalogue

_DRAWN_DPI: Final = 300
"""Pages are drawn at twice the scanner's resolution up to this, then sampled."""
_LEVEL_NUMBERS: Final = {Level.CLEAN: 1, Level.MID: 2, Level.HARD: 3}
_PAPERS, _SCANNER, _PAGES = 1, 2, 3
"""Purposes of chance."""
_MM_PER_INCH: Final = 25.4


def make_batch(
    folder: Path,
    seed: int,
    *,
    level: Level,
    part: Part,
    sheets: bool = False,
    pages: int = 40,
    codes: Sequence[str] | None = None,
    dpi: int | None = None,
) -> TruthBatch:
    """Write `PART-LEVEL-SEED[-sheets].pdf`, and its truth beside it as JSON.

    Args:
        folder: where to write; made if missing.
        seed: 0 to 2^32 - 1. The same seed holds the same papers at every level.
        level: how hard to read.
        part: chooses layouts and people; no part shares them with another.
        sheets: printed cover and separator sheets stand before the papers.
        pages: how many at least, sheets and blank backs included; the last paper is whole, and
            with sheets the last dossier.
        codes: kinds to draw from; None: all, and now and then an unknown paper.
        dpi: of the scan, instead of the level's.

    Raises:
        KeyError: no layout for a code.
    """
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{part}-{level}-{seed:05d}{'-sheets' if sheets else ''}.pdf"
    scanner = draw_scanner(_chance(seed, part, level, _SCANNER), level, dpi)
    batch = _Batch(folder / name, seed, level, part, scanner)
    with ScanPdf(batch.path) as pdf:
        for side in batch.sides(pages, codes, sheets=sheets):
            batch.scan(side, pdf)
    truth = TruthBatch(
        path=batch.path,
        seed=seed,
        level=level,
        part=part,
        sheets=sheets,
        pages=tuple(batch.pages),
        components=tuple(batch.components),
    )
    write_truth(truth)
    return truth


@dataclass(frozen=True, slots=True)
class _Side:
    """A side of a sheet, ready to be scanned."""

    role: Role
    front: Image.Image
    """RGB, upright, at the resolution it is drawn at."""
    back: Image.Image | None = None
    """What may shine through."""
    drawn: RenderedPage | None = None
    component: int | None = None


@dataclass
class _Batch:
    """A batch in the making."""

    path: Path
    seed: int
    level: Level
    part: Part
    scanner: Scanner
    pages: list[TruthPage] = field(default_factory=list)
    components: list[TruthComponent] = field(default_factory=list)

    def sides(self, pages: int, codes: Sequence[str] | None, *, sheets: bool) -> Iterator[_Side]:
        """The sides of all sheets in the order of the feeder."""
        catalogue, layouts = load_catalogue(), variants(self.part)
        printer = Printer(catalogue, self.seed)
        items: Iterator[PlannedSheet | PlannedPaper] = plan(self.seed, self.part, layouts, codes)
        if sheets:
            items = plan_with_sheets(self.seed, self.part, layouts, catalogue, codes)
        for item in items:
            if item.may_end_before and len(self.pages) >= pages:
                return
            if isinstance(item, PlannedSheet):
                yield from self._sheet(printer.sheet(item.slip, item.page), backed=item.blank_back)
            else:
                yield from self._paper(item)

    def _paper(self, paper: PlannedPaper) -> Iterator[_Side]:
        rng = generator(self.seed, self.part, _PAPERS, paper.number)
        drawn = paper.layout(paper.person, rng, self.scanner.drawn_dpi)
        number, first = len(self.components), len(self.pages)
        step = 2 if paper.blank_backs else 1
        places = tuple(first + step * place for place in range(len(drawn)))
        self.components.append(TruthComponent(paper.code, paper.layout.__name__, places))
        for place, page in enumerate(drawn):
            other = place + 1 if place % 2 == 0 else place - 1
            back = drawn[other].image if paper.both_sides and other < len(drawn) else None
            role = Role.FIRST if place == 0 else Role.NEXT
            yield _Side(role, page.image, back, page, number)
            if paper.blank_backs:
                yield _empty_back(page.image)
        if paper.both_sides and len(drawn) % 2 == 1:
            yield _empty_back(drawn[-1].image)

    def _sheet(self, printed: Image.Image, *, backed: bool) -> Iterator[_Side]:
        """A sheet that was printed at 300 dpi, at the resolution of the drawings."""
        scale = self.scanner.drawn_dpi / _DRAWN_DPI
        size = (round(printed.width * scale), round(printed.height * scale))
        fitted = printed
        if size != printed.size:
            fitted = printed.resize(size, Image.Resampling.LANCZOS)
        yield _Side(Role.SHEET, fitted)
        if backed:
            yield _empty_back(fitted)

    def scan(self, side: _Side, pdf: ScanPdf) -> None:
        """Scan a side into the file and note what is true of it."""
        index = len(self.pages)
        rng = _chance(self.seed, self.part, self.level, _PAGES, index)
        wear = draw_wear(
            rng, self.level, self.scanner, side.front.width / self.scanner.drawn_dpi * _MM_PER_INCH
        )
        if side.role is Role.BLANK:
            wear = replace(wear, turn=0)
        image, tilt = self._scanned(side, wear, rng)
        pdf.add(image, self.scanner.dpi, self.scanner.quality)
        lines, fields = _seen(side.drawn, tilt)
        self.pages.append(
            TruthPage(
                index=index,
                role=side.role,
                component=side.component,
                turn=wear.turn,
                skew_deg=wear.tilt_deg,
                dpi=self.scanner.dpi,
                width_px=tilt.width,
                height_px=tilt.height,
                lines=lines,
                fields=fields,
            )
        )

    def _scanned(
        self, side: _Side, wear: Wear, rng: np.random.Generator
    ) -> tuple[Image.Image, Tilt]:
        paper = worn(
            side.front, wear, rng, dpi=self.scanner.drawn_dpi, lid=self.scanner.lid, back=side.back
        )
        return scan(paper, self.scanner.drawn_dpi, wear, self.scanner, rng)


def _chance(seed: int, part: Part, level: Level, *streams: int) -> np.random.Generator:
    """As `generator`, and of a level of its own."""
    return generator(seed, part, *streams, _LEVEL_NUMBERS[level])


def _empty_back(front: Image.Image) -> _Side:
    return _Side(Role.BLANK, Image.new("RGB", front.size, PAPER), front)


def _seen(
    drawn: RenderedPage | None, tilt: Tilt
) -> tuple[tuple[TruthLine, ...], tuple[TruthField, ...]]:
    """Lines and fields where they stand in the scan."""
    if drawn is None:
        return (), ()
    lines = tuple(
        replace(
            line,
            box=tilt.onto_scan(line.box),
            parts=tuple(replace(part, box=tilt.onto_scan(part.box)) for part in line.parts),
        )
        for line in drawn.truth_lines
    )
    fields = tuple(
        replace(each, boxes=tuple(tilt.onto_scan(box) for box in each.boxes))
        for each in drawn.truth_fields
    )
    return lines, fields
