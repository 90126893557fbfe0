"""Person names: equal after folding, and spelt as Vietnamese names are.

May not come in: layout; lists of real people.
"""

from __future__ import annotations

import re
from typing import Final

from pipeline.textnorm import fold, squash, strip_marks
from pipeline.vietnamese import family_names, placed_alike

_APART: Final = re.compile(r"['’\-.]")


def same_name(one: str, other: str) -> bool:
    """F.11: equal after folding, spaces and apostrophes."""
    return _bare(one) == _bare(other)


def _bare(name: str) -> str:
    return squash(_APART.sub(" ", fold(name)))


def doubtful_spelling(name: str) -> bool:
    """True where the family name is a known one but for its marks: `NGUYÊN` for `NGUYỄN`.

    Names printed without any marks, as banks do, are not judged.

    Raises:
        OSError: the installation is damaged.
    """
    if name.isascii() or not name.split():
        return False
    first, known = placed_alike(name.split()[0].lower()), family_names()
    return first not in known and strip_marks(first) in map(strip_marks, known)
