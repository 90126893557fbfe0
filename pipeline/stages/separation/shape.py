"""What a page looks like as a sheet of print: head, foot, density, lists, how it begins and ends.

Pure geometry and wording of one page; knows no neighbours and no component. May not come in:
decisions, weights.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from pipeline.models.text import Line, PageText
from pipeline.textnorm import fold

_HEAD, _TOP, _FOOT = 0.36, 0.16, 0.45
"""Shares of the page's height."""
_CAPITALS = 0.7
_FEWEST = 6
"""Letters of a title."""
_OFF_CENTRE = 0.14
_FEW_LINES, _AT_ONCE = 14, 4
"""Lines of a page that only closes a paper, and among how many of them its signature begins."""
_COLUMN_GAP = 2.2
"""In line heights, as in the catalogue's layout."""
_SIGNED = re.compile(
    r"ky,? ?(?:va )?(?:ghi ro )?ho|ky ten|dong dau|nguoi (?:lam don|khai|de nghi|lap|viet|nop)"
    r"|giam doc|chu tich|truong phong|thu truong|noi nhan|nguoi ky|chu toa|thu ky|dai dien"
    r"|truong ban|truong khoa|nguoi uy quyen|xac nhan cua"
)
_FORM = re.compile(r"\bm.{0,2}u(?: so)?\s?:?\s?[a-z]{0,2}\d|\bms\s?:")
_NUMBERED = re.compile(r"\bs[o6]?\s?:\s?\S|\bs[o6]\s?[.:]{0,2}\s?\d+\s?/")
_DATED = re.compile(r"ng.y .{1,6}th.ng .{1,6}n.m")
_ADDRESSED = re.compile(r"(?:k.?nh|th.?n) g.?i")
_MOTTO = re.compile(r"cong ho. x. h.i|doc l.p.{0,4}t. do")
_NOTES = re.compile(
    r"\W*(?:ghi chu\s?:|h.{0,2}ng d.n (?:cach )?(?:ghi(?! danh)|lap|ke khai|dien|viet)\b)"
)
"""How the notes on the back of a form begin."""
_SUM = re.compile(r"\W*(?:(?:tong )?so tien \W?)?bang ch[ur]?\W?\s?:")
"""A sum in words, which stands below a table or an amount."""
_FIRST_NOTE = re.compile(r"\W*[1l]\s?[.)]\s?\D")
_ITEM = re.compile(r"(?:dieu\s+)?(\d{1,2})\s?[.)]\s?\D")
_DIGITS = re.compile(r"\d{6,}")
_WORD = re.compile(r"[^\W\d_]{2,}")


@dataclass(frozen=True, slots=True)
class Shape:
    """One page; shares are of its height or width."""

    lines: int
    words: int
    top: float
    """Where print begins, share of the height."""
    bottom: float
    left: float
    """Median left edge of the lines."""
    right: float
    letter: float
    """Median height of a line, share of the page's height."""
    landscape: bool
    aspect: float
    """Height by width."""
    title: float
    """Height of the largest centred line of capitals in the head, in median line heights; 0."""
    motto: bool
    issuer: bool
    """A line of capitals at the top left."""
    form: bool
    """`Mẫu số …` in the head."""
    numbered: bool
    """`Số: …` in the head."""
    dated: bool
    """A date line in the head."""
    addressed: bool
    """`Kính gửi` in the head."""
    signed: int
    """Words of a signature block in the lower part."""
    closes: bool
    """Little but a signature block, and it begins at once: what a paper's body left over."""
    notes: bool
    """It begins with the notes of a form: `Ghi chú: (1) …`."""
    sums_up: bool
    """It begins with a sum in words and has no title: what a table left over."""
    begins_small: bool
    """The first line begins with a small letter."""
    first_item: int
    """Number of the first list item; 0 without one."""
    last_item: int
    unfinished: bool
    """The last wide line does not end a sentence."""
    columns: float
    """Share of lines with a column gap."""
    figures: float
    """Digits among letters and digits."""
    capitals: float
    header: frozenset[str]
    """Folded words of the first lines."""
    vocabulary: frozenset[str]
    """All folded words."""
    numbers: frozenset[str]
    """Long numbers."""
    names: frozenset[str]
    """Words in capitals, folded."""


def shape(page: PageText) -> Shape:
    """Look at a page."""
    lines = [line for line in page.lines if line.words]
    heights = [line.box.height for line in lines]
    usual = median(heights) if heights else 1.0
    height, width = float(page.height_px), float(page.width_px)
    folded = [fold(line.text) for line in lines]
    centres = [(line.box.y0 + line.box.y1) / 2 / height for line in lines]
    head = [i for i, y in enumerate(centres) if y < _HEAD]
    above = " \n ".join(folded[i] for i in head)
    foot = " \n ".join(t for t, y in zip(folded, centres, strict=True) if y > _FOOT)
    text = " ".join(line.text for line in lines)
    letters = sum(c.isalpha() for c in text)
    digits = sum(c.isdigit() for c in text)
    items = [int(m.group(1)) for t in folded if (m := _ITEM.match(t)) is not None]
    wide = [line for line in lines if line.box.x1 > 0.5 * width]
    return Shape(
        lines=len(lines),
        words=sum(len(line.words) for line in lines),
        top=min((line.box.y0 for line in lines), default=0.0) / height,
        bottom=max((line.box.y1 for line in lines), default=0.0) / height,
        left=median([line.box.x0 for line in lines] or [0.0]) / width,
        right=max((line.box.x1 for line in lines), default=0.0) / width,
        letter=usual / height,
        landscape=width > height,
        aspect=height / width,
        title=max((_title(lines[i], width) for i in head), default=0.0) / usual,
        motto=_MOTTO.search(above) is not None,
        issuer=any(
            centres[i] < _TOP
            and lines[i].box.x0 < 0.4 * width
            and _capitals(lines[i].words[0].text)
            and _NOTES.match(folded[i]) is None
            for i in head
        ),
        form=_FORM.search(above) is not None,
        numbered=_NUMBERED.search(above) is not None,
        dated=_DATED.search(above) is not None,
        addressed=_ADDRESSED.search(above) is not None,
        signed=len(_SIGNED.findall(foot)),
        closes=len(lines) <= _FEW_LINES
        and _SIGNED.search(" \n ".join(folded[:_AT_ONCE])) is not None,
        notes=_notes(folded),
        sums_up=_sums_up(lines, folded),
        begins_small=bool(lines) and lines[0].text[:1].islower(),
        first_item=items[0] if items else 0,
        last_item=items[-1] if items else 0,
        unfinished=bool(wide) and wide[-1].text[-1:] not in ".;:!?)/",
        columns=sum(_gaps(line) > 0 for line in lines) / max(len(lines), 1),
        figures=digits / max(letters + digits, 1),
        capitals=sum(c.isupper() for c in text) / max(letters, 1),
        header=frozenset(_WORD.findall(" ".join(folded[:3]))),
        vocabulary=frozenset(_WORD.findall(" ".join(folded))),
        numbers=frozenset(_DIGITS.findall(text)),
        names=frozenset(fold(w) for w in _WORD.findall(text) if w.isupper()),
    )


def _notes(folded: Sequence[str]) -> bool:
    """True where the first line of words heads notes and the next one is the first of them."""
    worded = _worded(folded)
    return (
        len(worded) > 1
        and _NOTES.match(worded[0]) is not None
        and _FIRST_NOTE.match(worded[1]) is not None
    )


def _sums_up(lines: Sequence[Line], folded: Sequence[str]) -> bool:
    """True where the first line is a sum in words, and all that is in capitals tells who signs."""
    pairs = zip(lines, folded, strict=True)
    titles = (text for line, text in pairs if len(line.words) > 1 and _capitals(line.text))
    begins = _SUM.match(next(iter(_worded(folded)), "")) is not None
    return begins and all(_SIGNED.match(text.lstrip(" \"'.")) for text in titles)


def _worded(folded: Sequence[str]) -> list[str]:
    return [text for text in folded if _WORD.search(text)]


def _capitals(text: str) -> bool:
    cased = [c for c in text if c.isalpha()]
    return len(cased) > 1 and sum(c.isupper() for c in cased) / len(cased) >= _CAPITALS


def _title(line: Line, width: float) -> float:
    centred = abs((line.box.x0 + line.box.x1) / 2 / width - 0.5) < _OFF_CENTRE
    long = sum(c.isalpha() for c in line.text) >= _FEWEST
    return line.box.height if centred and long and _capitals(line.text) else 0.0


def _gaps(line: Line) -> int:
    gap = _COLUMN_GAP * line.box.height
    return sum(b.box.x0 - a.box.x1 > gap for a, b in zip(line.words, line.words[1:], strict=False))
