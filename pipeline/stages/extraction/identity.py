"""Personal identification numbers: what the digits say, and whether the paper agrees.

Rule F.2: PPP C YY RRRRRR = province of birth registration, century and sex, year, serial.
The tables come from the catalogue. May not come in: layout; numbers of other registers.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

from pipeline.catalogue import Catalogue
from pipeline.models.pages import Symbol
from pipeline.stages.extraction.dates import PartialDate
from pipeline.stages.extraction.validators import PATTERN, Verdict, error, warn
from pipeline.textnorm import fold, squash

_SHAPE = re.compile(r"\d{12}")
_QR_FIELDS = range(7, 16)
"""Cards of 2021 have 7, later ones append to them."""
_QR_DATE = re.compile(r"(\d{2})(\d{2})(\d{4})")
_LONGEST_QR = 1000


@dataclass(frozen=True, slots=True)
class Beside:
    """What stands beside the number on the same paper."""

    gender: str | None = None
    """`Nam` or `Nữ`."""
    birth: PartialDate | None = None


@dataclass(frozen=True, slots=True)
class CardCode:
    """What the QR of an identity card says."""

    id_number: str
    full_name: str
    birth_date: str
    """`dd/mm/yyyy`."""
    gender: str
    residence: str
    issue_date: str

    def value(self, field: str) -> str | None:
        """The value for a field of the catalogue, None where the card's code has none."""
        values = {
            "id_number": self.id_number,
            "full_name": self.full_name,
            "birth_date": self.birth_date,
            "gender": self.gender,
            "residence": self.residence,
            "issue_date": self.issue_date,
        }
        return values.get(field) or None


def personal_id(
    text: str, catalogue: Catalogue, today: dt.date, beside: Beside | None = None
) -> tuple[Verdict, ...]:
    """F.2: shape is an error; province, sex and year are warnings. Empty where all is well."""
    number = squash(text)
    if not _SHAPE.fullmatch(number):
        return (PATTERN,)
    if number[0] != "0":
        return (error("CCCD_FIRST_DIGIT"),)
    century, gender = catalogue.cccd_century_gender[number[3]]
    year = century + int(number[4:6])
    verdicts = []
    if number[:3] not in catalogue.cccd_provinces:
        verdicts.append(warn("CCCD_PROVINCE"))
    if year > today.year:
        verdicts.append(warn("CCCD_FUTURE"))
    if beside is not None:
        if beside.gender and fold(beside.gender) != fold(gender):
            verdicts.append(warn("CCCD_SEX"))
        if beside.birth is not None and beside.birth.year != year:
            verdicts.append(warn("CCCD_YEAR"))
    return tuple(verdicts)


def card_code(symbol: Symbol) -> CardCode | None:
    """The card's data from its QR: `id|old id|name|ddmmyyyy|sex|address|ddmmyyyy`.

    None for any other symbol; a foreign text is never trusted beyond its shape.
    """
    if len(symbol.text) > _LONGEST_QR:
        return None
    parts = [squash(part) for part in symbol.text.split("|")]
    if len(parts) not in _QR_FIELDS or not _SHAPE.fullmatch(parts[0]):
        return None
    birth = _qr_date(parts[3])
    if birth is None or not parts[2]:
        return None
    return CardCode(
        id_number=parts[0],
        full_name=parts[2],
        birth_date=birth,
        gender={"nam": "Nam", "nu": "Nữ"}.get(fold(parts[4]), ""),
        residence=parts[5],
        issue_date=_qr_date(parts[6]) or "",
    )


def _qr_date(text: str) -> str | None:
    found = _QR_DATE.fullmatch(text)
    if found is None:
        return None
    date = PartialDate(int(found[3]), int(found[2]), int(found[1]))
    return str(date) if date.exists else None
