"""Faces that the model is trained on and judged on: neither may be a face of the part TEST.

What offices print with most weighs most; the others are there so that letters are learned and not
a face. Free faces (SIL Open Font License 1.1) come as packages of `npm`, see
`benchmarks.factory.fetch_fonts`, and are listed in `faces.toml`. May not come in: sizes, drawing.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.factory.fetch_fonts import Package
from benchmarks.factory.fonts import FETCHED

_LISTED: Final = Path(__file__).with_name("faces.toml")
_FREE_SHARE: Final = 0.6
"""Of the sheets, those that are drawn with faces few offices have."""
_CROSCORE: Final = Path("/usr/share/fonts/truetype/croscore")
_DEJAVU: Final = Path("/usr/share/fonts/truetype/dejavu")


@dataclass(frozen=True, slots=True)
class Family:
    """Cuts of one face, and how often it is drawn with."""

    name: str
    share: float
    files: tuple[Path, ...]
    """A file that stands twice is drawn with twice as often."""


def trained_packages() -> tuple[Package, ...]:
    """What `trained` needs of `npm`."""
    return tuple(_packages("trained"))


def judged_packages() -> tuple[Package, ...]:
    """What `judged` needs of `npm`."""
    return tuple(_packages("judged"))


def trained() -> tuple[Family, ...]:
    """Families to train on."""
    fetched = FETCHED.expanduser()
    noto = tuple(fetched / f"fetched-NotoSerif-{cut}.ttf" for cut in ("Regular", "Bold", "Italic"))
    return (
        _of_debian("Tinos", 0.22, ("Regular", "Regular", "Bold", "Italic", "BoldItalic")),
        _of_debian("Arimo", 0.1, ("Regular", "Regular", "Bold", "Italic")),
        _of_debian("Cousine", 0.03, ("Regular", "Bold")),
        Family("noto-serif", 0.05, noto),
        *_of_packages(trained_packages(), _FREE_SHARE),
    )


def judged() -> tuple[Family, ...]:
    """Families that nothing is trained on, and the one most papers are printed with."""
    packages = judged_packages()
    share = 1 / (len(packages) + 2)
    dejavu = (_DEJAVU / "DejaVuSerif.ttf", _DEJAVU / "DejaVuSans.ttf")
    return (
        _of_debian("Tinos", share, ("Regular", "Bold", "Italic")),
        Family("dejavu", share, dejavu),
        *_of_packages(packages, share * len(packages)),
    )


def _of_debian(name: str, share: float, cuts: tuple[str, ...]) -> Family:
    return Family(name, share, tuple(_CROSCORE / f"{name}-{cut}.ttf" for cut in cuts))


def _of_packages(packages: tuple[Package, ...], share: float) -> Iterator[Family]:
    for package in packages:
        files = tuple(FETCHED.expanduser() / name for name, _ in package.faces)
        yield Family(package.name, share / len(packages), files)


def _packages(purpose: str) -> Iterator[Package]:
    listed = tomllib.loads(_LISTED.read_text(encoding="utf-8"))[purpose]
    for name, package in listed.items():
        cuts = tuple((f"read-{name}-{cut}.ttf", cut) for cut in package["cuts"])
        yield Package(name, package["version"], package["sha256"], cuts)
