"""Whose a name or a number is: the person's that the paper is about, an agent's, a relative's.

May not come in: values (`values`), which candidate is taken (`candidates`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from pipeline.stages.extraction.labels import LabelledRow
from pipeline.stages.extraction.layout import Token
from pipeline.stages.extraction.spans import Pages, Span
from pipeline.stages.extraction.values import partial_date
from pipeline.stages.extraction.wordings import OWN_NAME
from pipeline.vietnamese import family_names, placed_alike

_OTHER_PERSON: Final = ("nguoi", "cha", "me", "con", "vo", "chong", "than nhan", "giam ho", "bo")
_PAPERS_PERSON: Final = ("nguoi benh", "nguoi lao dong", "nguoi huong", "nguoi tham gia")
"""How papers call the one they are about."""
OF_THE_PERSON: Final = frozenset(
    {"full_name", "birth_date", "gender", "id_number", "bhxh_code", "phone", "email", "address"}
)
"""Fields that forms ask for of whoever acts for the person, too, in a section of its own."""
_AGENT: Final = re.compile(
    r"(?:\(?\d{1,2}[.,)]* |[ivx]+[.,] |[a-h][.,] )?"
    r"(?:thong tin (?:ve |cua )?)?(?:ho va ten |ho,? ten )?"
    r"(?:nguoi|ben) (?:dai dien )?duoc uy quyen\b"
)
"""How that section begins, folded; with a capital or a number."""
_NAME_ABOVE: Final = 8
"""Rows below a person's name in which what is asked of that person stands."""


def names_another(span: Span) -> bool:
    """`Họ và tên người …:` where the label only says `Họ và tên`."""
    return _others(span.match.tail)


def _others(tail: str) -> bool:
    """True of what stands between a name's label and its colon where it names another person."""
    tail = tail.strip(" (,/")
    return tail.startswith(_OTHER_PERSON) and not tail.startswith(_PAPERS_PERSON)


def agents_rows(pages: Pages) -> frozenset[int]:
    """Numbers of rows that say who acts for the person, and what stands below them.

    Such a section follows the person's own name, and ends where the same name stands again.
    """
    rows: set[int] = set()
    own: str | None = None
    within = False
    for number, place in enumerate(pages.rows):
        name = _said_name(place, OWN_NAME)
        if name is not None:
            within = within and name != own
            own = own or name
        capital = not place.row.tokens[0].text[:1].islower()
        if capital and _AGENT.match(" ".join(token.folded for token in place.row.tokens)):
            within = own is not None
        if within:
            rows.add(number)
    return frozenset(rows)


def behind_name(place: LabelledRow, pages: Pages, name: str) -> bool:
    """True where the last name above, and not far, is that of a field: the person's own."""
    index = pages.index(place)
    if any(name in match.fields for match in place.matches):
        return True
    for above in reversed(pages.rows[max(index - _NAME_ABOVE, 0) : index]):
        if any(name in match.fields for match in above.matches):
            return _said_name(above, name) is not None
        if _names_somebody(above.row.tokens):
            return False
    return False


def _names_somebody(tokens: Sequence[Token]) -> bool:
    """True where a usual family name and another capital word stand behind a colon."""
    for before, first, second in zip(tokens, tokens[1:], tokens[2:], strict=False):
        words = first.text, second.text.rstrip(",;.")
        capital = all(word.isalpha() and word[0].isupper() for word in words)
        known = placed_alike(first.text.lower()) in family_names()
        if before.text.endswith(":") and capital and known:
            return True
    return False


def _said_name(place: LabelledRow, name: str) -> str | None:
    """What stands behind the label of a person's name, folded; None where none does."""
    for match in place.matches:
        if name in match.fields and not _others(match.tail):
            return " ".join(token.folded for token in place.row.tokens[match.end :])
    return None


def born_alike(number: str, beside: Mapping[str, str]) -> bool:
    """True of a personal number of somebody born in the year that the paper says (F.2)."""
    birth = partial_date(beside.get("birth_date", "") or beside.get("birth_year", ""))
    written = re.fullmatch(r"\d{4}(\d{2})\d{6}", number)
    return birth is not None and written is not None and int(written[1]) == birth.year % 100
