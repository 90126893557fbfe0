"""One printed anchor against one phrase of recognised text.

Machine-read Vietnamese loses whole accented vowels (domain-pack C.4), so a match is tolerant of
lost vowels and strict about everything else: architecture §3, "anchor matching". May not come in:
where on the page an anchor must stand, what a hit means (`pipeline.catalogue.matching`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from rapidfuzz import fuzz
from rapidfuzz.distance import LCSseq

from pipeline.textnorm import squash, strip_marks

FOLDED_FROM = 85.0
"""Folded partial ratio that proposes a match (0 to 100)."""
MARKED_FROM = 80.0
"""Ratio of the accented copies, on whole words, that confirms it (0 to 100)."""
SHORT = 12
"""Anchors of fewer letters must be exact but for lost vowels."""
_TINY = 5
_CAPS_SHARE = 0.6
_VOWELS = frozenset("aeiouy")
_VARIANTS = {
    "a": "aàáảãạăằắẳẵặâầấẩẫậ",
    "e": "eèéẻẽẹêềếểễệ",
    "i": "iìíỉĩị",
    "o": "oòóỏõọôồốổỗộơờớởỡợ",
    "u": "uùúủũụưừứửữự",
    "y": "yỳýỷỹỵ",
}
_PLACEMENT = (
    (a + second[i], first[i] + b)
    for a, b in ("oa", "oe", "uy")
    for first, second in ((_VARIANTS[a][:6], _VARIANTS[b][:6]),)
    for i in range(1, 6)
)
_TONES = tuple(_PLACEMENT)
"""`hoá` and `hòa` are both legal: the tone mark is brought to the first vowel."""
_FORM = re.compile(r"(?:[A-Z]{0,2}\d{1,3}[A-Za-z]?-[A-ZĐ]{2,5}|\d{1,3}/[A-ZĐ]{2}-[A-ZĐ0-9]{2,5})$")
_CONFUSED = {"0": "[0oq]", "1": "[1il|]", "5": "[5s]", "8": "[8b]", "s": "[s5$]", "b": "[b8]"}
_ALIKE = str.maketrans("l1|0", "iiio")
_LETTERS_PER_SLIP = 5
"""A word of so many letters may have one misread."""
_DASH = r"\s?[-–—−]\s?"


def letters(text: str) -> int:
    """Number of letters and digits."""
    return sum(c.isalnum() for c in text)


def caps_share(text: str) -> float:
    """Share of upper case among the letters, 0 to 1."""
    cased = [c for c in text if c.isalpha()]
    return sum(c.isupper() for c in cased) / len(cased) if cased else 0.0


@dataclass(frozen=True, slots=True)
class Phrase:
    """Text in three copies of equal length: as read, accented lower case, folded."""

    raw: str
    marked: str
    folded: str


def phrase(text: str) -> Phrase:
    """Make the copies; white space is squashed."""
    raw = squash(text)
    marked, folded = raw.lower(), strip_marks(raw.lower())
    if not len(raw) == len(marked) == len(folded):
        marked = "".join(_one(c.lower(), c) for c in raw)
        folded = "".join(_one(strip_marks(c), c) for c in marked)
    for wrong, right in _TONES:
        marked = marked.replace(wrong, right)
    return Phrase(raw, marked, folded)


def _one(changed: str, original: str) -> str:
    return changed if len(changed) == 1 else original


@dataclass(frozen=True, slots=True)
class Anchor:
    """A printed string of the catalogue, made ready for finding."""

    printed: str
    text: Phrase
    caps: bool
    """Printed in capitals: found in capitals only."""
    form: re.Pattern[str] | None
    """A form number: matched with its misread digits, never fuzzily."""
    short: re.Pattern[str] | None
    """Set for anchors of fewer than `SHORT` letters."""


@dataclass(frozen=True, slots=True)
class Found:
    """Where an anchor stands in a phrase."""

    start: int
    """0-based, in characters of the phrase."""
    end: int
    score: float
    """0 to 100."""


def form_number(printed: str) -> str | None:
    """The form number in an anchor (`Mẫu số 14A-HSB` → `14A-HSB`), None where there is none."""
    last = printed.rsplit(" ", 1)[-1]
    return last if _FORM.match(last) else None


def read_anchor(printed: str, dropouts: Iterable[tuple[str, str]] = ()) -> Anchor:
    """Compile an anchor.

    Args:
        printed: as in the catalogue.
        dropouts: (printed, read) pairs of known lost vowels.
    """
    text = phrase(printed)
    number = form_number(printed)
    form = short = None
    if number is not None:
        form = _form_pattern(phrase(number).folded)
    elif letters(printed) < SHORT:
        short = _short_pattern(text.marked, dropouts)
    return Anchor(printed, text, number is None and caps_share(printed) > 0.9, form, short)


def _form_pattern(folded: str) -> re.Pattern[str]:
    body = "".join(_DASH if c == "-" else _CONFUSED.get(c, re.escape(c)) for c in folded)
    before = r"(?<!\d)" if folded[0].isdigit() else r"(?<![0-9a-z])"
    return re.compile(before + body.replace("/", r"\s?/\s?") + r"(?![0-9a-z])")


def _short_pattern(marked: str, dropouts: Iterable[tuple[str, str]]) -> re.Pattern[str]:
    tiny = letters(marked) < _TINY
    readings = [re.escape(marked) if tiny else "".join(map(_reading, marked))]
    for printed, read in dropouts:
        whole, lost = phrase(printed).marked, phrase(read).marked
        if (found := re.search(rf"(?<!\w){re.escape(whole)}(?!\w)", marked)) is not None:
            readings.append(re.escape(marked[: found.start()] + lost + marked[found.end() :]))
    before = r"(?<!\w)" if marked[0].isalnum() else ""
    after = r"(?!\w)" if marked[-1].isalnum() else ""
    return re.compile(f"{before}(?:{'|'.join(readings)}){after}")


def _reading(char: str) -> str:
    if char == " ":
        return r"\s?"
    base = strip_marks(char)
    if base == char:
        return re.escape(char)
    return f"[{_VARIANTS[base]}]?" if base in _VOWELS else f"[{char}{base}]"


def find(anchor: Anchor, where: Phrase) -> Found | None:
    """The best place of an anchor in a phrase, None where it does not stand there."""
    if anchor.form is not None:
        match = anchor.form.search(where.folded)
        return Found(match.start(), match.end(), 100.0) if match else None
    found = _short(anchor, where) if anchor.short is not None else _long(anchor, where)
    if found is not None and anchor.caps:
        return found if caps_share(where.raw[found.start : found.end]) >= _CAPS_SHARE else None
    return found


def _short(anchor: Anchor, where: Phrase) -> Found | None:
    assert anchor.short is not None  # noqa: S101 - narrowed by the caller
    best: Found | None = None
    for match in anchor.short.finditer(where.marked):
        score = fuzz.ratio(anchor.text.marked, match.group())
        if score >= MARKED_FROM and (best is None or score > best.score):
            best = Found(match.start(), match.end(), score)
    return best


def _long(anchor: Anchor, where: Phrase) -> Found | None:
    wanted = anchor.text
    if len(where.folded) < 0.7 * len(wanted.folded):
        return None
    if len(where.folded) <= len(wanted.folded):
        return _confirmed(wanted, where, 0, len(where.folded))
    place = fuzz.partial_ratio_alignment(wanted.folded, where.folded, score_cutoff=FOLDED_FROM)
    if place is None:
        return None
    windows = {
        (start, end)
        for start in _edges(where.folded, place.dest_start)
        for end in _edges(where.folded, place.dest_end)
        if start < end
    }
    found = [f for s, e in sorted(windows) if (f := _confirmed(wanted, where, s, e)) is not None]
    return max(found, key=lambda f: f.score, default=None)


def _edges(text: str, at: int) -> tuple[int, int]:
    """The word edges before and after a position."""
    before = after = at
    while 0 < before < len(text) and text[before].isalnum() and text[before - 1].isalnum():
        before -= 1
    while 0 < after < len(text) and text[after].isalnum() and text[after - 1].isalnum():
        after += 1
    return before, after


def _confirmed(wanted: Phrase, where: Phrase, start: int, end: int) -> Found | None:
    while start < end and not where.raw[start].isalnum():
        start += 1
    while end > start and not where.raw[end - 1].isalnum() and where.raw[end - 1] != ")":
        end -= 1
    folded = where.folded[start:end]
    score = fuzz.ratio(wanted.folded, folded)
    if score < MARKED_FROM or fuzz.ratio(wanted.marked, where.marked[start:end]) < MARKED_FROM:
        return None
    return Found(start, end, score) if _every_word(wanted, folded) else None


def _every_word(wanted: Phrase, folded: str) -> bool:
    """True where each word of the anchor lost no more than its accented vowels."""
    kept = [False] * len(wanted.folded)
    for block in LCSseq.opcodes(wanted.folded.translate(_ALIKE), folded.translate(_ALIKE)):
        if block.tag == "equal":
            kept[block.src_start : block.src_end] = [True] * (block.src_end - block.src_start)
    for word in re.finditer(r"\w+", wanted.folded):
        places = range(word.start(), word.end())
        lost = sum(not kept[i] for i in places)
        vowels = sum(
            wanted.marked[i] != wanted.folded[i] and wanted.folded[i] in _VOWELS for i in places
        )
        if lost > max(vowels, len(places) // _LETTERS_PER_SLIP):
            return False
    return True
