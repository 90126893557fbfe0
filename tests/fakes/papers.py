"""Small PDF/A files with every page geometry, made by hand for signing tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pikepdf
import pikepdf.pdfa
from pikepdf import Array, Dictionary, Name, Pdf


@dataclass(frozen=True)
class Paper:
    """Geometry of page one, as written into the page dictionary."""

    name: str
    media: tuple[float, float, float, float] = (0, 0, 595, 842)
    crop: tuple[float, float, float, float] | None = None
    rotate: int = 0
    user_unit: float | None = None
    inherited: bool = False
    shade: int = 205
    """Grey of the scan, 0 black to 255 white."""


PAPERS = (
    Paper("a4"),
    Paper("a3", (0, 0, 842, 1191)),
    Paper("a5", (0, 0, 420, 595)),
    Paper("landscape", (0, 0, 842, 595)),
    Paper("turned_90", rotate=90),
    Paper("turned_180", rotate=180),
    Paper("turned_270", rotate=270),
    Paper("turned_minus_90", rotate=-90),
    Paper("swapped_corners", (595, 842, 0, 0)),
    Paper("shifted", (-100, 50, 495, 892)),
    Paper("cropped", crop=(40, 60, 545, 772)),
    Paper("cropped_shifted", (-100, 50, 495, 892), crop=(-60, 110, 445, 822)),
    Paper("cropped_90", (-100, 50, 495, 892), crop=(-60, 110, 445, 822), rotate=90),
    Paper("cropped_270", (-100, 50, 495, 892), crop=(-60, 110, 445, 822), rotate=270),
    Paper("crop_beyond_media", crop=(-500, -500, 5000, 5000)),
    Paper("inherited_90", rotate=90, inherited=True),
    Paper("user_unit", (0, 0, 297.5, 421), user_unit=2.0),
    Paper("card", (0, 0, 150, 100)),
    Paper("tiny", (0, 0, 60, 40), rotate=90),
)


def write_paper(folder: Path, paper: Paper = PAPERS[0], pages: int = 1) -> Path:
    """A grey scan on a page of that geometry, as PDF/A-2b."""
    pdf = Pdf.new()
    for number in range(pages):
        _add_page(pdf, paper, number)
    if paper.inherited:
        tree = pdf.Root.Pages
        for page in pdf.pages:
            for key in ("/MediaBox", "/Rotate"):
                tree[key] = page.obj[key]
                del page.obj[key]
    path = folder / f"{paper.name}.pdf"
    pikepdf.pdfa.save(pdf, path, "2b")
    return path


def _add_page(pdf: Pdf, paper: Paper, number: int) -> None:
    shades = np.full((40, 40), max(paper.shade - number, 0), dtype=np.uint8)
    image = pdf.make_stream(
        shades.tobytes(),
        Type=Name.XObject,
        Subtype=Name.Image,
        Width=40,
        Height=40,
        ColorSpace=Name.DeviceGray,
        BitsPerComponent=8,
    )
    x0, y0, x1, y1 = _ordered(paper.media)
    content = f"q {x1 - x0} 0 0 {y1 - y0} {x0} {y0} cm /Im0 Do Q".encode()
    page = Dictionary(
        Type=Name.Page,
        MediaBox=Array(paper.media),
        Rotate=paper.rotate,
        Resources=Dictionary(XObject=Dictionary(Im0=image)),
        Contents=pdf.make_stream(content),
    )
    if paper.crop is not None:
        page.CropBox = Array(paper.crop)
    if paper.user_unit is not None:
        page.UserUnit = paper.user_unit
    pdf.pages.append(pikepdf.Page(pdf.make_indirect(page)))


def _ordered(box: Sequence[float]) -> tuple[float, float, float, float]:
    return (min(box[0], box[2]), min(box[1], box[3]), max(box[0], box[2]), max(box[1], box[3]))
