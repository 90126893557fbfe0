"""The data that ships with this package, as text. May not come in: what a file means."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

_FOLDER: Final = Path(__file__).parent / "data"

WORDS: Final = "words.txt"
FREE_WORDS: Final = "free_words.txt"
GIVEN_NAMES: Final = "given_names.txt"
FAMILY_NAMES: Final = "family_names.txt"
UNITS: Final = "units.json"
ALL: Final = (WORDS, FREE_WORDS, GIVEN_NAMES, FAMILY_NAMES, UNITS)


def shipped(name: str) -> str:
    """The content of one of the files, UTF-8.

    Raises:
        OSError: the installation is damaged.
    """
    return (_FOLDER / name).read_text(encoding="utf-8")


def data_digest() -> str:
    """SHA-256 over all files.

    Raises:
        OSError: the installation is damaged.
    """
    return hashlib.sha256("\n".join(map(shipped, ALL)).encode()).hexdigest()
