"""The piece of the original text around a match, diacritics and all."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from itertools import chain

from pipeline.textnorm import nfc
from search.documents import Document
from search.query import Parsed
from search.terms import NUMBER_MIN, Term, terms

OPEN, CLOSE, CUT = "«", "»", "…"
_WIDTH = 160
"""Characters of a snippet, about."""
_LEAD = 40
"""Characters before the first match."""
READ = 200_000
"""Characters of a text that are looked through."""

_SPACES = re.compile(r"\s+")


def snippet(document: Document, parsed: Parsed) -> str:
    """Where the query stands in the component; its field values where the text has it not.

    Without any match the beginning of the text.
    """
    text = nfc(document.text[:READ])
    values = (*document.names, *document.numbers, *document.values)
    facts = " · ".join((*values, document.dossier_code))
    for source in (text, facts):
        if matches := _matches(source, parsed):
            return _around(source, _densest(matches))
    return _around(text or facts, ())


def _matches(source: str, parsed: Parsed) -> list[Term]:
    """Wanted terms and grouped numbers, in order, none overlapping."""
    found = [term for term in terms(source) if _wanted(term, parsed)]
    for word in parsed.words:
        if len(word) >= NUMBER_MIN and word.isdecimal():
            pattern = "[ .-]?".join(map(re.escape, word))
            for run in re.finditer(rf"(?<![^\W_]){pattern}(?![^\W_])", source):
                found.append(Term(word, word, run.start(), run.end()))
    apart: list[Term] = []
    for term in sorted(found, key=lambda term: (term.start, -term.end)):
        if not apart or term.start >= apart[-1].end:
            apart.append(term)
    return apart


def _wanted(term: Term, parsed: Parsed) -> bool:
    if term.folded in parsed.words:
        return True
    if parsed.open_ended and term.folded.startswith(parsed.words[-1]):
        return True
    return term.exact in chain.from_iterable(parsed.phrases)


def _densest(matches: Sequence[Term]) -> Sequence[Term]:
    """The run of matches within one snippet's width that has the most different terms."""
    best: Sequence[Term] = matches[:1]
    most, last = 0, 0
    for first, term in enumerate(matches):
        last = max(last, first)
        while last < len(matches) and matches[last].end - term.start <= _WIDTH - _LEAD:
            last += 1
        run = matches[first : max(last, first + 1)]
        different = len({match.folded for match in run})
        if different > most:
            best, most = run, different
    return best


def _around(text: str, matches: Sequence[Term]) -> str:
    start = max(0, matches[0].start - _LEAD) if matches else 0
    if start:
        start = _word_start(text, start, matches[0].start)
    end = max(start + _WIDTH, matches[-1].end if matches else 0)
    if end < len(text):
        end = max(text.rfind(" ", start, end + 1), matches[-1].end if matches else start + 1)
    pieces, at = [], start
    for first, last in _runs(matches):
        pieces += [_plain(text[at:first]), OPEN, _plain(text[first:last]), CLOSE]
        at = last
    pieces.append(_plain(text[at:end]))
    shown = _SPACES.sub(" ", "".join(pieces)).strip()
    return f"{CUT if start else ''}{shown}{CUT if end < len(text) else ''}"


def _runs(matches: Sequence[Term]) -> list[tuple[int, int]]:
    """Start and end of each mark; neighbours that a space, slash or dash parts share one."""
    runs: list[tuple[int, int]] = []
    for match in matches:
        if runs and match.start - runs[-1][1] <= 1:
            runs[-1] = (runs[-1][0], match.end)
        else:
            runs.append((match.start, match.end))
    return runs


def _word_start(text: str, at: int, stop: int) -> int:
    """The next beginning of a word from `at` on, at most `stop`."""
    while at < stop and text[at - 1].isalnum():
        at += 1
    return at


def _plain(piece: str) -> str:
    """Without control and format characters, and without the marks of a match."""
    return "".join(
        " " if unicodedata.category(char) in ("Cc", "Zl", "Zp") else char
        for char in piece
        if char not in (OPEN, CLOSE) and unicodedata.category(char) not in ("Cf", "Cs")
    )
