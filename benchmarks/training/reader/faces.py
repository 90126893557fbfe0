"""Faces that the model is trained on and judged on: neither may be a face of the part TEST.

What offices print with most weighs most; the others are there so that letters are learned and not
a face. Free faces (SIL Open Font License 1.1) come as packages of `npm`, see
`benchmarks.factory.fetch_fonts`. May not come in: sizes, drawing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.factory.fetch_fonts import Package
from benchmarks.factory.fonts import FETCHED

_CUTS: Final = ("400-normal", "700-normal", "400-italic")
_UPRIGHT: Final = _CUTS[:2]
"""Of faces that have no italic."""
_CROSCORE: Final = Path("/usr/share/fonts/truetype/croscore")
_DEJAVU: Final = Path("/usr/share/fonts/truetype/dejavu")


@dataclass(frozen=True, slots=True)
class Family:
    """Cuts of one face, and how often it is drawn with."""

    name: str
    share: float
    files: tuple[Path, ...]
    """A file that stands twice is drawn with twice as often."""


def _package(name: str, version: str, sha256: str, cuts: tuple[str, ...] = _CUTS) -> Package:
    return Package(name, version, sha256, tuple((f"read-{name}-{cut}.ttf", cut) for cut in cuts))


_TRAINED: Final = (
    _package(
        "archivo", "5.3.0", "d3b7622d8446bf81dc31ac49f2e305a6d6439a92971f8116abde2e9792f5c440"
    ),
    _package("barlow", "5.3.0", "8ad808291f807367d10eadf915791608bd04cc393882e7e86e290daeeadd843c"),
    _package("bitter", "5.3.0", "f907568dce71e70601cc2ef3ecd4f72d7721a12dad358d8fb4b58ffb55a72efb"),
    _package("cabin", "5.3.0", "4734d4962801bf995ee96f4c3d47bba1d8c3302b1d7b47c9ecec69cdd75a21ac"),
    _package(
        "carlito", "5.3.0", "b1ae8d72d2934ed813ec7b34825f6a6a85f0974a6ee1eaac99ae918432ccbd00"
    ),
    _package(
        "crimson-pro", "5.3.0", "e038ef1b4e25471f51bb2c43b326264e1c82198fa0b193120028a4d527360185"
    ),
    _package(
        "eb-garamond", "5.3.0", "2e61af0740104953d4fc5cb52a8c6de257ae6d83a4a89e0fd4be2f6132fd40d9"
    ),
    _package(
        "encode-sans",
        "5.3.0",
        "c06455bbaf71364e1db5cbe1aae33e46eadc14602153a1c40e11ddbd6f8fb18a",
        cuts=_UPRIGHT,
    ),
    _package("exo-2", "5.3.0", "82ef50ecfba884505fc37362224db4c453ffd81956354436aac491938dec83b5"),
    _package(
        "faustina", "5.3.0", "7c455527666ff3eba43613630a84c0ac1e8940014f03dc38512def1199ca59b4"
    ),
    _package(
        "fira-sans", "5.3.0", "2231966721c4c3f70194c336dd11428e15139bd902cac415528715028c9cd5a9"
    ),
    _package(
        "ibm-plex-sans", "5.3.0", "232592af20ae413026cc705fc9c104135fb760432fd710f06a02c39e062d3213"
    ),
    _package("inter", "5.3.0", "02034af8d41dcc67ac8eab88f642e129bb8a2e8922abf30229c32725f54d8fd6"),
    _package(
        "jetbrains-mono",
        "5.3.0",
        "1bbea47d1387406da5b6ccc4184cc61eae6851cc0db5c1d9bbd088ea9daa0b4a",
    ),
    _package(
        "lexend",
        "5.3.0",
        "177823a5ee0766cc0a258ebce0e439587b49552180760931b07c44be66517826",
        cuts=_UPRIGHT,
    ),
    _package("lora", "5.3.0", "3f2e66b0934b8652bb1a37645a9fc3e77e83b5841a09e97174e7bb11e11063c9"),
    _package(
        "manrope",
        "5.3.0",
        "c783757a5bf3b7613ef19b24f54bab85dbdea1c2b2498daaa3655ee0711623de",
        cuts=_UPRIGHT,
    ),
    _package(
        "merriweather", "5.3.0", "348f20a775e50a50b508ab6660771df6905ab2ea695c6c2a8df889c5cceec42f"
    ),
    _package("mulish", "5.3.0", "cf90f568fa67b97f79dc122118d9677d01b5ba266a00b80764027d0819432c75"),
    _package(
        "newsreader", "5.3.0", "7f1d2c554aeecf94161c07b45dc99fcea400b2f1293605e27df5d0e64856a024"
    ),
    _package(
        "noticia-text", "5.3.0", "4ac1a1b61419abd514e987d25f8463ca7499b7cf5714841ede9b95366e0e3a50"
    ),
    _package(
        "noto-sans", "5.3.0", "f62f8ed40e378f15134e32bed2fd5718d81e9ec7a5603d1022d7b385e2297abc"
    ),
    _package(
        "nunito-sans", "5.3.0", "0aa04d2335e74af3ee250c4ad96425873d53ef7a58287e9c460ff2ad710644c7"
    ),
    _package(
        "open-sans", "5.3.0", "95e6dd90f5860d0de22f791b6d802598743762c62e4894bfa26f80b1ea0cf3f5"
    ),
    _package(
        "plus-jakarta-sans",
        "5.3.0",
        "2aa0e08c1f3091c6d7e9173415adbb210fe81f7bcbd2544d40892835002db428",
    ),
    _package(
        "public-sans", "5.3.0", "006a55fc01a1f03fd56ade9d2d0f80f0eef7e20a085cd9c8ba2463a361cbefcb"
    ),
    _package("roboto", "5.3.0", "77620f437249772e381698224ea1bddd01c985ecd60267a63ddc96b9eb9348f7"),
    _package(
        "roboto-mono", "5.3.0", "9825f59e72dab7ef3f96e6af79407d97844ba50927ae57f2c9c60199daa9ef62"
    ),
    _package(
        "source-code-pro",
        "5.3.1",
        "52ff8925aa275d3d28b745760ab78e9ac11276a477c909f1a8e703e0902afcc4",
    ),
    _package(
        "source-sans-3", "5.3.1", "b598201d980b3512805bbea186aab8ef91590d59990e6a13c90e030b6ff37881"
    ),
)
_JUDGED: Final = (
    _package(
        "literata", "5.3.0", "b9335958dc362b0e7e4268098550bc0cb93ab4c68a2db9bc48c67154abbd75c9"
    ),
    _package(
        "montserrat", "5.3.0", "919dce59bbe45ace8a517c1e9de5076282bfeb97e8aa8f5f2dc989451c14c7cb"
    ),
    _package(
        "work-sans", "5.3.0", "b1b1c5a7d7ae2a721e0a9235bfa294281d161a20934e9ede01e0aec2bdb2373a"
    ),
)
PACKAGES: Final = (*_TRAINED, *_JUDGED)
_FREE_SHARE: Final = 0.45
"""Of the sheets, those that are drawn with faces few offices have."""


def trained() -> tuple[Family, ...]:
    """Families to train on."""
    fetched = FETCHED.expanduser()
    noto = tuple(fetched / f"fetched-NotoSerif-{cut}.ttf" for cut in ("Regular", "Bold", "Italic"))
    return (
        _of_debian("Tinos", 0.3, ("Regular", "Regular", "Bold", "Italic", "BoldItalic")),
        _of_debian("Arimo", 0.14, ("Regular", "Regular", "Bold", "Italic")),
        _of_debian("Cousine", 0.04, ("Regular", "Bold")),
        Family("noto-serif", 0.07, noto),
        *_of_packages(_TRAINED, _FREE_SHARE),
    )


def judged() -> tuple[Family, ...]:
    """Families that nothing is trained on, and the one most papers are printed with."""
    share = 1 / (len(_JUDGED) + 2)
    dejavu = (_DEJAVU / "DejaVuSerif.ttf", _DEJAVU / "DejaVuSans.ttf")
    return (
        _of_debian("Tinos", share, ("Regular", "Bold", "Italic")),
        Family("dejavu", share, dejavu),
        *_of_packages(_JUDGED, share * len(_JUDGED)),
    )


def _of_debian(name: str, share: float, cuts: tuple[str, ...]) -> Family:
    return Family(name, share, tuple(_CROSCORE / f"{name}-{cut}.ttf" for cut in cuts))


def _of_packages(packages: tuple[Package, ...], share: float) -> Iterator[Family]:
    for package in packages:
        files = tuple(FETCHED.expanduser() / name for name, _ in package.faces)
        yield Family(package.name, share / len(packages), files)
