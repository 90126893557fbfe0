"""Manners: how an office or a writer arranges a form, as data.

A layout says what stands on a paper; a manner says in which faces, sizes and margins, with which
words and in which order, and where a value stands beside its label. Manners belong to one part
only, so that what was trained never saw the manners it is tested on.
May not come in: what a particular form says.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from benchmarks.factory.fonts import Face
from benchmarks.factory.paper import BLUE, Ink, Style
from benchmarks.factory.truth import Hand, Part

DARK: Final[Ink] = (40, 40, 62)
"""Black ballpoint."""
NAVY: Final[Ink] = (22, 32, 110)


class Placing(StrEnum):
    """Where a value stands."""

    BESIDE = "beside"
    """After its label, in the same line."""
    TAB = "tab"
    """At a tab stop, so that all values stand below each other."""
    BELOW = "below"
    """In the line below its label."""
    BOXED = "boxed"
    """In a ruled cell right of the label's cell."""


class Rest(StrEnum):
    """What fills the room after a value."""

    DOTS = "dots"
    RULE = "rule"
    NOTHING = "nothing"


class Heading(StrEnum):
    """Where the motto stands."""

    CENTRED = "centred"
    COLUMNS = "columns"
    """At the right, the issuer at the left."""


@dataclass(frozen=True, slots=True)
class Family:
    """Cuts of one face."""

    regular: Face
    bold: Face
    italic: Face


TIMES: Final = Family(Face.SERIF, Face.SERIF_BOLD, Face.SERIF_ITALIC)
ARIAL: Final = Family(Face.SANS, Face.SANS_BOLD, Face.SANS_ITALIC)
NOTO: Final = Family(Face.NOTO_SERIF, Face.NOTO_SERIF_BOLD, Face.NOTO_SERIF_ITALIC)
DEJAVU: Final = Family(Face.DEJAVU_SERIF, Face.DEJAVU_SERIF_BOLD, Face.DEJAVU_SERIF)
SOURCE: Final = Family(Face.SOURCE_SERIF, Face.SOURCE_SERIF_BOLD, Face.SOURCE_SERIF_ITALIC)
VIETNAM: Final = Family(Face.BE_VIETNAM, Face.BE_VIETNAM_BOLD, Face.BE_VIETNAM_ITALIC)


@dataclass(frozen=True, slots=True)
class Manner:
    """How a paper is arranged."""

    name: str
    part: Part
    family: Family
    size: float
    """Points, of running text."""
    pen: Style
    """Of values written by hand."""
    typed: Face
    """Of values typed in."""
    wording: int
    """Which of a label's wordings: 0 the first, 1 the second of three or more, 2 the last."""
    placing: Placing = Placing.BESIDE
    rest: Rest = Rest.DOTS
    heading: Heading = Heading.CENTRED
    left: float = 27.0
    """Margin, mm."""
    right: float = 190.0
    """Right edge of the text, mm from the left edge of the paper."""
    top: float = 16.0
    joined: bool = True
    """Short values share a line."""
    swapped: bool = False
    """Neighbouring lines change places."""
    numbered: bool = False
    """Lines of a block are numbered."""
    colon: str = ": "
    page_number: str = ""
    """E.g. `Trang {page}/{pages}`; empty: pages are not numbered."""
    repeat_heading: bool = True
    """A table that goes on repeats its heading."""
    date_mark: str = "/"
    """Between day, month and year."""
    form_number_left: bool = False
    wall: float = 0.38
    """Of boxed values: the share of the text's width that the labels' cells take."""

    def word(self, wordings: str) -> str:
        """The wording this manner uses among those separated by bars."""
        choices = wordings.split("|")
        if self.wording == 0:
            return choices[0]
        if self.wording == 1:
            return choices[1] if len(choices) > 2 else choices[0]
        return choices[-1]


def _pen(face: Face, size: float, ink: Ink = BLUE) -> Style:
    return Style(face, size, ink, Hand.PEN)


MANNERS: Final = (
    Manner(
        "times",
        Part.TRAIN,
        TIMES,
        13.0,
        _pen(Face.PEN_PATRICK, 15.5),
        Face.SERIF,
        wording=0,
        page_number="Trang {page}/{pages}",
    ),
    Manner(
        "arial",
        Part.TRAIN,
        ARIAL,
        11.0,
        _pen(Face.PEN_MALI, 11.5, NAVY),
        Face.SANS,
        wording=1,
        placing=Placing.TAB,
        rest=Rest.NOTHING,
        heading=Heading.COLUMNS,
        left=22.0,
        right=194.0,
        top=13.0,
        joined=False,
        repeat_heading=False,
        date_mark="-",
    ),
    Manner(
        "noto",
        Part.TRAIN,
        NOTO,
        11.0,
        _pen(Face.PEN_SRIRACHA, 12.0),
        Face.SERIF,
        wording=1,
        rest=Rest.RULE,
        heading=Heading.COLUMNS,
        left=25.0,
        right=188.0,
        top=18.0,
        numbered=True,
        swapped=True,
        colon=" : ",
        page_number="{page}",
    ),
    Manner(
        "below",
        Part.TRAIN,
        TIMES,
        11.5,
        _pen(Face.PEN_ITIM, 12.0, DARK),
        Face.MONO,
        wording=0,
        placing=Placing.BELOW,
        rest=Rest.DOTS,
        left=24.0,
        right=196.0,
        top=12.0,
        joined=True,
        date_mark=".",
    ),
    Manner(
        "ruled",
        Part.TRAIN,
        NOTO,
        12.0,
        _pen(Face.PEN_SRIRACHA, 12.5, NAVY),
        Face.NOTO_SERIF,
        wording=1,
        placing=Placing.BOXED,
        rest=Rest.NOTHING,
        heading=Heading.COLUMNS,
        left=24.0,
        right=192.0,
        top=14.0,
        joined=False,
        wall=0.44,
    ),
    Manner(
        "grid",
        Part.TRAIN,
        ARIAL,
        9.5,
        _pen(Face.PEN_ITIM, 12.0),
        Face.SANS,
        wording=0,
        placing=Placing.BOXED,
        rest=Rest.NOTHING,
        left=18.0,
        right=196.0,
        top=19.0,
        joined=False,
        numbered=True,
        swapped=True,
        page_number="Trang {page}/{pages}",
        wall=0.3,
    ),
    Manner(
        "dejavu",
        Part.TUNE,
        DEJAVU,
        10.5,
        _pen(Face.PEN_DANCING, 15.0),
        Face.DEJAVU_SERIF,
        wording=1,
        rest=Rest.DOTS,
        heading=Heading.COLUMNS,
        left=20.0,
        right=192.0,
        top=15.0,
        joined=True,
        page_number="- {page} -",
    ),
    Manner(
        "tuned",
        Part.TUNE,
        TIMES,
        12.0,
        _pen(Face.PEN_PANGOLIN, 12.5, NAVY),
        Face.SANS,
        wording=0,
        placing=Placing.TAB,
        rest=Rest.RULE,
        heading=Heading.CENTRED,
        left=28.0,
        right=186.0,
        top=20.0,
        joined=False,
        swapped=True,
        repeat_heading=False,
    ),
    Manner(
        "celled",
        Part.TUNE,
        TIMES,
        11.0,
        _pen(Face.PEN_PANGOLIN, 11.5),
        Face.SERIF,
        wording=1,
        placing=Placing.BOXED,
        rest=Rest.NOTHING,
        heading=Heading.COLUMNS,
        left=26.0,
        right=189.0,
        top=16.0,
        joined=False,
        numbered=True,
        page_number="{page}",
        wall=0.34,
    ),
    Manner(
        "source",
        Part.TEST,
        SOURCE,
        11.8,
        _pen(Face.PEN_PLAYPEN, 11.0, NAVY),
        Face.SOURCE_SERIF,
        wording=2,
        rest=Rest.DOTS,
        heading=Heading.CENTRED,
        left=30.0,
        right=193.0,
        top=14.0,
        joined=False,
        swapped=True,
        colon=": ",
        page_number="Trang {page}",
        form_number_left=True,
    ),
    Manner(
        "boxed",
        Part.TEST,
        VIETNAM,
        10.0,
        _pen(Face.PEN_CHARM, 15.0, DARK),
        Face.SANS,
        wording=2,
        placing=Placing.BOXED,
        rest=Rest.NOTHING,
        heading=Heading.COLUMNS,
        left=21.0,
        right=191.0,
        top=11.0,
        joined=False,
        numbered=True,
        repeat_heading=False,
        page_number="",
    ),
    Manner(
        "tested",
        Part.TEST,
        TIMES,
        12.5,
        _pen(Face.PEN_PLAYPEN, 11.5),
        Face.SERIF,
        wording=2,
        rest=Rest.RULE,
        heading=Heading.COLUMNS,
        left=26.0,
        right=187.0,
        top=17.0,
        joined=True,
        colon=" : ",
        page_number="{page}/{pages}",
    ),
)
"""Source Serif, Be Vietnam Pro and the pens Playpen and Charm are for tests only."""


def manners(part: Part) -> tuple[Manner, ...]:
    """The manners of a part."""
    return tuple(manner for manner in MANNERS if manner.part is part)
