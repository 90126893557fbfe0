"""Anchors sought on one page: in the head, as a title, in the subject, anywhere.

Remembers what it found. May not come in: what a component needs (`pipeline.catalogue.matching`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pipeline.catalogue.anchors import Anchor, Found, caps_share, find, letters
from pipeline.catalogue.layout import Layout, Piece, joined

_COVERS = 0.6
"""Share of a line's letters from which the anchor is the line."""
_CARD_COVERS = 0.4
"""The same at the beginning of a line with a second language."""
_FORM_SLACK = 12
_ADDRESSED = "kinh gui"


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
        pieces = self._all if card else (self.layout.titles if anchor.caps else self._head)
        for piece in pieces:
            found = find(anchor, piece.text)
            if found is not None and _stands(anchor, piece, found, card=card):
                return found
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
