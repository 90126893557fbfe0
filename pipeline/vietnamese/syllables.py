"""What a Vietnamese syllable may be: onset, glide, nucleus, coda and tone.

The grammar of the written language (quốc ngữ), with both ways of placing a tone (`hoà`, `hòa`).
May not come in: which syllables are words, what engines misread.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from itertools import product
from types import MappingProxyType
from typing import Final

from pipeline.textnorm import nfc

_SEVERAL: Final = 2


class Tone(IntEnum):
    """The six tones."""

    LEVEL = 0
    GRAVE = 1
    ACUTE = 2
    HOOK = 3
    TILDE = 4
    DOT = 5


_MARKS: Final = MappingProxyType(
    {
        "\u0300": Tone.GRAVE,
        "\u0301": Tone.ACUTE,
        "\u0309": Tone.HOOK,
        "\u0303": Tone.TILDE,
        "\u0323": Tone.DOT,
    }
)
_MARK_OF: Final = MappingProxyType({tone: mark for mark, tone in _MARKS.items()})

_ONSETS: Final = (
    "ngh nh ng gh gi ch kh ph qu th tr b c d đ g h k l m n p r s t v x".split()  # noqa: SIM905
)
"""Longest first; none at all is an onset too."""
_FRONT: Final = ("e", "ê", "i", "y")
"""c, g, ng are written k, gh, ngh before these, and only before these."""

_STOPS: Final = ("c", "ch", "p", "t")
"""After them a syllable has the acute or the dotted tone."""
_CODAS: Final = MappingProxyType(
    {
        "a": ("", "c", "ch", "i", "m", "n", "ng", "nh", "o", "p", "t", "u", "y"),
        "ă": ("c", "m", "n", "ng", "p", "t"),
        "â": ("c", "m", "n", "ng", "p", "t", "u", "y"),
        "e": ("", "c", "m", "n", "ng", "o", "p", "t"),
        "ê": ("", "ch", "m", "n", "nh", "p", "t", "u"),
        "i": ("", "ch", "m", "n", "nh", "p", "t", "u"),
        "o": ("", "c", "i", "m", "n", "ng", "p", "t"),
        "oo": ("c", "ng"),
        "ô": ("", "c", "i", "m", "n", "ng", "p", "t"),
        "ơ": ("", "i", "m", "n", "p", "t"),
        "u": ("", "c", "i", "m", "n", "ng", "p", "t"),
        "ư": ("", "c", "i", "m", "n", "ng", "t", "u"),
        "y": ("", "t"),
        "ia": ("",),
        "iê": ("c", "m", "n", "ng", "p", "t", "u"),
        "yê": ("m", "n", "ng", "t", "u"),
        "ua": ("",),
        "uô": ("c", "i", "m", "n", "ng", "p", "t"),
        "ưa": ("",),
        "ươ": ("c", "i", "m", "n", "ng", "p", "t", "u"),
        # With a glide, written o before open vowels and u before close ones.
        "oa": ("", "c", "ch", "i", "m", "n", "ng", "nh", "o", "p", "t", "y"),
        "oă": ("c", "m", "n", "ng", "t"),
        "oe": ("", "m", "n", "o", "t"),
        "uâ": ("n", "ng", "t", "y"),
        "uê": ("", "ch", "n", "nh"),
        "uơ": ("",),
        "uy": ("", "ch", "n", "nh", "p", "t", "u"),
        "uya": ("",),
        "uyê": ("n", "t"),
    }
)
"""Nucleus (with its glide) → codas it may have."""
_AFTER_QU: Final = MappingProxyType(
    {
        "a": ("", "c", "ch", "i", "m", "n", "ng", "nh", "o", "t", "u", "y"),
        "ă": ("c", "m", "n", "ng", "p", "t"),
        "â": ("c", "n", "ng", "t", "y"),
        "e": ("", "n", "o", "t"),
        "ê": ("", "ch", "n", "nh", "t"),
        "i": ("", "t"),
        "ô": ("c",),
        "ơ": ("", "i", "n", "t"),
        "y": ("", "ch", "n", "nh", "t", "u"),
        "yê": ("n", "t"),
    }
)
_AFTER_G: Final = frozenset({("i", ""), ("i", "n"), ("iê", "c"), ("iê", "ng")})
_BEFORE_Y: Final = frozenset("h k l m n s t th v".split())  # noqa: SIM905
"""Onsets after which `y` may stand alone (`kỹ`, `lý`, the name `Thy`)."""
_GLIDED: Final = frozenset({"oa", "oă", "oe", "uâ", "uê", "uơ", "uy", "uya", "uyê"})
"""Written with qu in place of c."""
_GLIDES: Final = ("oa", "oe", "uy")
"""Where the tone stands on the first letter in one style and on the second in the other."""


@dataclass(frozen=True, slots=True)
class Syllable:
    """A syllable in its parts, lower case, the tone taken off the letters."""

    onset: str
    nucleus: str
    """With its glide."""
    coda: str
    tone: Tone


def is_syllable(text: str) -> bool:
    """True where the text can be one Vietnamese syllable, in any case."""
    return parse(text) is not None


@lru_cache(maxsize=1 << 14)
def parse(text: str) -> Syllable | None:
    """The parts of a syllable, None where the language has no such syllable.

    Args:
        text: one word, any case, any normal form.
    """
    found = _toneless(nfc(text).lower())
    if found is None:
        return None
    letters, tone, at = found
    for onset in (*_ONSETS, ""):
        if letters.startswith(onset):
            parts = _with_onset(onset, letters[len(onset) :], tone)
            if parts is not None and at in _tone_places(parts):
                return parts
    return None


@lru_cache(maxsize=1 << 14)
def spell(syllable: Syllable, *, new_style: bool = False) -> str:
    """The syllable as it is written, NFC.

    Args:
        syllable: parts.
        new_style: `hoà` in place of `hòa`.
    """
    letters = syllable.onset + syllable.nucleus + syllable.coda
    if syllable.tone is Tone.LEVEL:
        return letters
    places = _tone_places(syllable)
    at = places[-1] if new_style else places[0]
    return nfc(letters[: at + 1] + _MARK_OF[syllable.tone] + letters[at + 1 :])


@lru_cache(maxsize=1 << 14)
def placed_alike(text: str) -> str:
    """The word in lower case, its tone placed in the old style (`hoà` → `hòa`)."""
    lower = nfc(text).lower()
    parts = parse(lower)
    return spell(parts) if parts else lower


def all_syllables() -> tuple[Syllable, ...]:
    """Every syllable that the grammar allows, each once."""
    found = []
    for onset, tone in product((*_ONSETS, ""), Tone):
        for nucleus, codas in (_AFTER_QU if onset == "qu" else _CODAS).items():
            for coda in codas:
                parts = _with_onset(onset, nucleus + coda, tone)
                if parts is not None and parts.nucleus == nucleus:
                    found.append(parts)
    return tuple(dict.fromkeys(found))


def _toneless(text: str) -> tuple[str, Tone, int] | None:
    """Letters without their tone, the tone, and the index of the letter it stands on (-1: none)."""
    letters: list[str] = []
    tone, at = Tone.LEVEL, -1
    for char in text:
        marks = unicodedata.normalize("NFD", char)
        kept = "".join(c for c in marks if c not in _MARKS)
        if len(kept) != len(marks):
            if at >= 0:
                return None
            tone = next(_MARKS[c] for c in marks if c in _MARKS)
            at = len(letters)
        letters.append(nfc(kept))
    return "".join(letters), tone, at


def _with_onset(onset: str, rest: str, tone: Tone) -> Syllable | None:
    table = _AFTER_QU if onset == "qu" else _CODAS
    for length in (3, 2, 1):
        nucleus, coda = rest[:length], rest[length:]
        if len(nucleus) != length or coda not in table.get(nucleus, ()):
            continue
        if coda in _STOPS and tone not in (Tone.ACUTE, Tone.DOT):
            return None
        return Syllable(onset, nucleus, coda, tone) if _fits(onset, nucleus, coda) else None
    return None


def _fits(onset: str, nucleus: str, coda: str) -> bool:
    first = nucleus[0]
    if onset in ("k", "gh", "ngh") and first not in _FRONT:
        return False
    if onset in ("c", "g", "ng") and first in ("e", "ê", "i"):
        # gì, gìn, giêng: the i of gi serves in the nucleus.
        return onset == "g" and (nucleus, coda) in _AFTER_G
    if onset == "qu":
        return True
    if onset == "c" and nucleus in _GLIDED:
        return False
    if nucleus == "yê":
        return onset == ""
    if nucleus == "y":
        return coda == "" and (onset == "" or onset in _BEFORE_Y)
    if nucleus == "iê":
        return onset != ""
    return not (onset == "gi" and first in ("i", "y"))


def _tone_places(parts: Syllable) -> tuple[int, ...]:
    """Indexes of letters that may carry the tone, the old style first; -1 for the level tone."""
    if parts.tone is Tone.LEVEL:
        return (-1,)
    start, nucleus = len(parts.onset), parts.nucleus
    if len(nucleus) == 1:
        return (start,)
    if nucleus in _GLIDES and not parts.coda:
        return (start, start + 1)
    if nucleus in ("ia", "ua", "ưa"):
        return (start,)
    return (start + len(nucleus) - 1,)


@lru_cache(maxsize=1 << 14)
def marks_between(one: str, other: str) -> int:
    """Marks to change: the tone, and for every letter its hat, breve, horn or stroke.

    Words of different length count as two.
    """
    first, second = parse(one), parse(other)
    if first and second and len(one) == len(other):
        pairs = zip(
            first.onset + first.nucleus + first.coda,
            second.onset + second.nucleus + second.coda,
            strict=False,
        )
        return sum(a != b for a, b in pairs) + (first.tone is not second.tone)
    if len(nfc(one)) != len(nfc(other)):
        return _SEVERAL
    return sum(
        len(set(unicodedata.normalize("NFD", a)) ^ set(unicodedata.normalize("NFD", b))) > 0
        for a, b in zip(one, other, strict=True)
    )
