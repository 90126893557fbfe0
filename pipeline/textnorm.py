"""Vietnamese text brought to one form: NFC for keeping, folded for finding.

The same functions serve anchors, names, the index and queries, so that all engines agree
(architecture §7). May not come in: spelling correction, field validation.
"""

from __future__ import annotations

import re
import unicodedata

_SPACES = re.compile(r"\s+")
_STROKE = str.maketrans({"đ": "d", "Đ": "D", "\u00f0": "d", "\u00d0": "D"})
"""With the Icelandic eth, its double on screen, which old fonts and scanners write for it."""
_FIRST_MARK = "\u0300"
"""No character below is a combining one: spares a call for most letters."""


def nfc(text: str) -> str:
    """Unicode NFC."""
    return unicodedata.normalize("NFC", text)


def squash(text: str) -> str:
    """NFC, every run of white space one space, ends trimmed."""
    return _SPACES.sub(" ", nfc(text)).strip()


def strip_marks(text: str) -> str:
    """Letters without diacritics, `đ` as `d`; case and everything else kept.

    Tone-mark placement (`hoà`, `hòa`) vanishes with the marks.
    """
    if text.isascii():
        return text
    decomposed = unicodedata.normalize("NFD", text.translate(_STROKE))
    return unicodedata.normalize(
        "NFC",
        "".join(c for c in decomposed if c < _FIRST_MARK or not unicodedata.combining(c)),
    )


def fold(text: str) -> str:
    """Form for finding: no diacritics, case-folded, single spaces."""
    return squash(strip_marks(text).casefold())


def exact(text: str) -> str:
    """Form for exact finding: NFC, lower case, single spaces; diacritics kept."""
    return squash(nfc(text).lower())


def printable(name: str) -> str:
    """A file name fit to show: NFC, control and format characters escaped as in Python."""
    out = []
    for char in nfc(name):
        if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp"):
            out.append(f"\\x{ord(char):02x}" if ord(char) < 256 else f"\\u{ord(char):04x}")
        else:
            out.append(char)
    return "".join(out)


def has_control_characters(name: str) -> bool:
    """True where `printable` would escape something."""
    return printable(name) != nfc(name)
