"""Anchors sought on one page: in the head, as a title, in the subject, anywhere.

Remembers what it found. May not come in: what a component needs (`pipeline.catalogue.matching`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from pipeline.catalogue.anchors import Anchor, Found, caps_share, find, letters
from pipeline.catalogue.layout import SUBJECT, Layout, Piece, above, joined

_COVERS = 0.6
"""Share of a line's letters from which the anchor is the line."""
_CARD_COVERS = 0.4
"""The same at the beginning of a line with a second language."""
_FORM_SLACK = 12
_ADDRESSED = "kinh gui"
_NOTE = re.compile(r"\(.*?\)?$")
_QUALIFIED = 0.6
"""So many more letters after a title in its line, as a share of its own, narrow what it says."""
_WORD_BEFORE = re.compile(r"[^\W\d_]{3,}\s*$")


class SeenPage:
    """A page with what was already looked for on it."""

    def __init__(self, page: Layout, shared: frozenset[str], trade: Sequence[Anchor]) -> None:
        self.layout = page
        self.shared = shared
        self._trade = trade
        self._head = joined(page.head)
        self._all = joined(page.pieces)
        self._text = " ".join(p.text.folded for p in page.pieces)
        self._found: dict[tuple[str, str], tuple[Piece, Found] | None] = {}
        self._stood: dict[tuple[str, bool], tuple[Piece, ...]] = {}

    def heads(self, anchor: Anchor) -> Found | None:
        """Anywhere in the head."""
        return self._place("head", anchor, self._head)

    def anywhere(self, anchor: Anchor) -> Found | None:
        """Anywhere on the page."""
        return self._place("all", anchor, self._all)

    def in_title(self, anchor: Anchor) -> Found | None:
        """In a title line or in the subject."""
        return self._place("title", anchor, (*self.layout.titles, *self.layout.subject))

    def own_number(self, anchor: Anchor) -> Found | None:
        """A form number that stands for the page: alone, or after `Mẫu`, in the head."""
        if anchor.form is None:
            return None
        for piece in self.layout.head:
            found = find(anchor, piece.text)
            if found is None:
                continue
            alone = letters(piece.text.raw) <= (found.end - found.start) + _FORM_SLACK
            if alone or piece.text.folded.startswith(("mau", "mu ")):
                return found
        return None

    def standing(self, anchor: Anchor, *, card: bool) -> Found | None:
        """As a title: it begins a line of its own, or is most of it."""
        return next((find(anchor, p.text) for p in self._standing(anchor, card=card)), None)

    def qualified(self, anchor: Anchor, *, card: bool) -> bool:
        """True where the line of a standing title goes on: `GIẤY ỦY QUYỀN …` for what?"""
        for piece in self._standing(anchor, card=card):
            found = find(anchor, piece.text)
            rest = _NOTE.sub("", piece.text.raw[found.end :]) if found is not None else ""
            if letters(rest) < _QUALIFIED * letters(anchor.printed):
                return False
        return True

    def part_of_another(self, anchor: Anchor, titles: Iterable[Anchor]) -> bool:
        """True where the title only says what another kind of paper is about.

        Words before it in its line (`XÁC NHẬN QUÁ TRÌNH ĐÓNG …`), or one of the `titles` in the
        line above (`BẢN DỊCH`, below it `GIẤY KHAI SINH`): the first noun names the paper.
        """
        pieces = self._standing(anchor, card=False)
        if any(not self._preceded(anchor, piece, titles) for piece in pieces):
            return False
        return bool(pieces)

    def _preceded(self, anchor: Anchor, piece: Piece, titles: Iterable[Anchor]) -> bool:
        found = find(anchor, piece.text)
        if found is not None and _WORD_BEFORE.search(piece.text.raw[: found.start]):
            return True
        upper = above(self.layout.head, piece)
        return upper is not None and any(
            (hit := find(t, upper.text)) is not None and _stands(t, upper, hit, card=False)
            for t in titles
        )

    def beneath(self, title: Anchor, anchor: Anchor) -> bool:
        """True where an anchor stands in the lines right under a title."""
        return any(
            find(anchor, p.text) is not None and find(title, p.text) is not None for p in self._head
        )

    def before_in_subject(self, anchors: Iterable[Anchor]) -> str | None:
        """What the subject says, folded, before the first of the anchors; None without one."""
        for piece in self.layout.subject:
            lead = SUBJECT.match(piece.text.folded)
            starts = [f.start for a in anchors if (f := find(a, piece.text)) is not None]
            if lead is not None and starts:
                return piece.text.folded[lead.end() : max(min(starts), lead.end())].strip(" :-")
        return None

    def required(self, anchor: Anchor, *, card: bool) -> bool:
        """One of the anchors that must all be found.

        Words that are not printed as a title must stand in the subject, where there is one.
        """
        if card:
            return self.anywhere(anchor) is not None
        if not anchor.caps and anchor.form is None and self.layout.states_subject:
            return self.in_title(anchor) is not None
        return self.heads(anchor) is not None

    def is_of_the_trade(self) -> bool:
        """Issuer, subject or addressee name the insurance."""
        to = [p for p in self.layout.head if p.text.folded.startswith(_ADDRESSED)]
        return any(
            self.in_title(t) is not None or any(find(t, p.text) for p in to) for t in self._trade
        )

    def labels(self, groups: Iterable[tuple[str, ...]]) -> int:
        """How many fields have a printed label on the page."""
        return sum(any(label in self._text for label in group) for group in groups)

    def _standing(self, anchor: Anchor, *, card: bool) -> tuple[Piece, ...]:
        """Where an anchor stands as a title."""
        key = (anchor.printed, card)
        if key not in self._stood:
            pieces = self._all if card else (self.layout.titles if anchor.caps else self._head)
            self._stood[key] = tuple(
                p
                for p in pieces
                if (f := find(anchor, p.text)) is not None and _stands(anchor, p, f, card=card)
            )
        return self._stood[key]

    def _place(self, zone: str, anchor: Anchor, pieces: Iterable[Piece]) -> Found | None:
        key = (zone, anchor.printed)
        if key not in self._found:
            hits = ((p, f) for p in pieces if (f := find(anchor, p.text)) is not None)
            self._found[key] = next(hits, None)
        hit = self._found[key]
        return hit[1] if hit else None


def _stands(anchor: Anchor, piece: Piece, found: Found, *, card: bool) -> bool:
    text = piece.text.raw
    covered = letters(text[found.start : found.end]) / max(letters(text), 1)
    if card and anchor.caps and caps_share(text) < _COVERS and covered < _COVERS:
        return False
    return covered >= _COVERS or (found.start <= 2 and (covered >= _CARD_COVERS or not card))
