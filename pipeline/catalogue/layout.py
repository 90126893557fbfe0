"""Where text stands on a page: pieces, the head, titles, the subject, the printed page number.

Pure geometry over recognised lines; knows no component. May not come in: catalogue entries,
splitting decisions.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.catalogue.anchors import Phrase, caps_share, letters, phrase
from pipeline.models.base import Box
from pipeline.models.text import Line, PageText, Word

HEAD_SHARE = 0.35
"""Titles and required anchors stand in this upper share of page one (domain-pack C.3)."""
_SUBJECT_SHARE = 0.45
_EDGE_SHARE = 0.09
"""Printed page numbers stand in this share at the top or bottom."""
_COLUMN_GAP = 2.2
"""A gap of so many line heights separates two columns that the engine read as one line."""
_LINE_GAP = 2.5
"""Lines of one title are at most so many line heights apart."""
_CAPS_TITLE = 0.7
_LONGEST_NUMBER = 400
_SUBJECT_LINES = 4
_SURE_NUMBER = 0.75
"""Word confidence of a bare page number."""
_LOOK_BACK, _LOOK_AHEAD = 10, 40
"""The line below stands so near in reading order."""
_MOST_LINES, _MOST_PIECES = 600, 1500
"""A page of print has fewer."""
_BODY_SHARE = 0.5
"""A line that wide which begins with a capital begins a paragraph."""
SUBJECT = re.compile(r"(?:v\s?/\s?v|ve vi.?c)\b")
"""How a subject begins, folded."""
_AFTER_SUBJECT = re.compile(r"(?:kinh gui|can cu|dieu \d|k.nh g.i|\(|so:)")
_NUMBER = re.compile(
    r"(?:trang\s*(?:so)?\s*[:.]?\s*)?[-–—~]*\s*(\d{1,3})\s*[-–—~.]*(?:\s*/\s*\d{1,3})?"
)


@dataclass(frozen=True, slots=True)
class Piece:
    """Words of one line without a column gap between them."""

    text: Phrase
    box: Box
    """Upright pixels."""


@dataclass(frozen=True, slots=True)
class Layout:
    """A page as the catalogue looks at it."""

    pieces: tuple[Piece, ...]
    """In reading order."""
    head: tuple[Piece, ...]
    """Those whose centre is in the top 35 %."""
    titles: tuple[Piece, ...]
    """Head pieces mostly in capitals, alone and joined with the one or two below."""
    subject: tuple[Piece, ...]
    """The subject (`V/v …`, `Về việc …`) of the head, joined."""
    number: int | None
    """Printed page number."""

    @property
    def states_subject(self) -> bool:
        """True where the paper says what it is about."""
        return bool(self.subject)


def layout(page: PageText) -> Layout:
    """Look at a page's text."""
    pieces = tuple(p for line in page.lines[:_MOST_LINES] for p in _pieces(line))[:_MOST_PIECES]
    head = tuple(p for p in pieces if _centre(p) < HEAD_SHARE * page.height_px)
    capitals = [
        p for p in head if caps_share(p.text.raw) >= _CAPS_TITLE and letters(p.text.raw) > 1
    ]
    near = [p for p in pieces if _centre(p) < _SUBJECT_SHARE * page.height_px]
    return Layout(
        pieces=pieces,
        head=head,
        titles=joined(capitals),
        subject=_subject(near, HEAD_SHARE * page.height_px, page.width_px),
        number=_number(page),
    )


def joined(pieces: Sequence[Piece]) -> tuple[Piece, ...]:
    """Pieces alone, then each with the one and the two below it in its column."""
    below = {i: _below(pieces, i) for i in range(len(pieces))}
    out = list(pieces)
    for i, piece in enumerate(pieces):
        text, box, at = piece.text.raw, piece.box, below[i]
        for _ in range(2):
            if at is None:
                break
            text, box = f"{text} {pieces[at].text.raw}", box.union(pieces[at].box)
            out.append(Piece(phrase(text), box))
            at = below[at]
    return tuple(out)


def above(pieces: Sequence[Piece], piece: Piece) -> Piece | None:
    """The piece in capitals right above, in the same column."""
    box = piece.box
    upper = [
        p
        for p in pieces
        if p.box.y1 <= box.y0 + 0.5 * p.box.height
        and box.y0 - p.box.y1 <= _LINE_GAP * p.box.height
        and min(box.x1, p.box.x1) > max(box.x0, p.box.x0)
        and _in_capitals(p)
    ]
    return max(upper, key=_centre, default=None)


def _pieces(line: Line) -> list[Piece]:
    runs: list[list[Word]] = []
    heights = sorted(w.box.height for w in line.words)
    gap = _COLUMN_GAP * heights[len(heights) // 2] if heights else 0.0
    for word in line.words:
        if runs and word.box.x0 - runs[-1][-1].box.x1 <= gap:
            runs[-1].append(word)
        else:
            runs.append([word])
    out = []
    for run in runs:
        box = run[0].box
        for word in run[1:]:
            box = box.union(word.box)
        out.append(Piece(phrase(" ".join(w.text for w in run)), box))
    return out


def _in_capitals(piece: Piece) -> bool:
    return caps_share(piece.text.raw) >= _CAPS_TITLE and letters(piece.text.raw) > 1


def _centre(piece: Piece) -> float:
    return (piece.box.y0 + piece.box.y1) / 2


def _below(pieces: Sequence[Piece], at: int) -> int | None:
    upper = pieces[at].box
    best: int | None = None
    for i in range(max(0, at - _LOOK_BACK), min(len(pieces), at + _LOOK_AHEAD)):
        piece = pieces[i]
        lower = piece.box
        overlap = min(upper.x1, lower.x1) - max(upper.x0, lower.x0)
        drop = lower.y0 - upper.y1
        height = max(upper.height, lower.height)
        if i == at or overlap <= 0.3 * min(upper.width, lower.width):
            continue
        near = -0.5 * height <= drop <= _LINE_GAP * height
        lower_than_upper = _centre(piece) > _centre(pieces[at])
        if near and lower_than_upper and (best is None or lower.y0 < pieces[best].box.y0):
            best = i
    return best


def _subject(pieces: Sequence[Piece], limit: float, width: float) -> tuple[Piece, ...]:
    first = next(
        (i for i, p in enumerate(pieces) if SUBJECT.match(p.text.folded) and _centre(p) < limit),
        None,
    )
    if first is None:
        return ()
    text, box, at = pieces[first].text.raw, pieces[first].box, _below(pieces, first)
    for _ in range(_SUBJECT_LINES):
        if at is None or _AFTER_SUBJECT.match(pieces[at].text.folded):
            break
        if _in_capitals(pieces[at]) and caps_share(text) < _CAPS_TITLE:
            break
        if pieces[at].text.raw[0].isupper() and pieces[at].box.width > _BODY_SHARE * width:
            break
        text, box = f"{text} {pieces[at].text.raw}", box.union(pieces[at].box)
        at = _below(pieces, at)
    return (Piece(phrase(text), box),)


def _number(page: PageText) -> int | None:
    """The printed page number; a bare one must stand alone on its line and be read for sure."""
    top, bottom = _EDGE_SHARE * page.height_px, (1 - _EDGE_SHARE) * page.height_px
    for line in page.lines:
        pieces = _pieces(line)
        sure = min(w.confidence for w in line.words) >= _SURE_NUMBER if line.words else False
        for piece in pieces:
            if top < _centre(piece) < bottom or piece.box.x1 < 0.3 * page.width_px:
                continue
            match = _NUMBER.fullmatch(piece.text.folded)
            if match is None or not 1 <= int(match.group(1)) <= _LONGEST_NUMBER:
                continue
            if "trang" in piece.text.folded or (sure and len(pieces) == 1):
                return int(match.group(1))
    return None
