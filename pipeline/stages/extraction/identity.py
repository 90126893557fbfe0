"""Personal identification numbers and cards: what digits and codes say, and whether print agrees.

Rule F.2: PPP C YY RRRRRR = province of birth registration, century and sex, year, serial.
The tables come from the catalogue. May not come in: layout; numbers of other registers.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass

from pipeline.catalogue import Catalogue, FieldType
from pipeline.models.fields import FieldStatus, FieldValue
from pipeline.models.pages import Symbol
from pipeline.models.text import PageText
from pipeline.stages.extraction.dates import PartialDate
from pipeline.stages.extraction.mrz import MachineZone, read_zone
from pipeline.stages.extraction.names import same_name
from pipeline.stages.extraction.validators import PATTERN, Verdict, error, warn
from pipeline.textnorm import fold, squash

_SHAPE = re.compile(r"\d{12}")
_QR_FIELDS = range(7, 16)
"""Cards of 2021 have 7, later ones append to them."""
_QR_DATE = re.compile(r"(\d{2})(\d{2})(\d{4})")
_LONGEST_QR = 1000
_CARD_CONFIDENCE = 0.99
"""Of a value from the card's own QR or zone."""


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


@dataclass(frozen=True, slots=True)
class CardFacts:
    """What the machine readable parts of an identity card say: its QR, its zone."""

    code: CardCode | None
    zone: MachineZone | None

    @classmethod
    def of(cls, symbols: Iterable[Symbol], texts: Iterable[PageText], today: dt.date) -> CardFacts:
        """The first code and zone found on a card's pages."""
        code = next((card for symbol in symbols if (card := card_code(symbol)) is not None), None)
        return cls(code, read_zone((line.text for text in texts for line in text.lines), today))

    def value(self, field: str) -> str | None:
        """The value for a field of the catalogue: the code's, else the zone's."""
        coded = None if self.code is None else self.code.value(field)
        return coded or (None if self.zone is None else self.zone.value(field))

    def over_print(
        self,
        coded: str,
        field: FieldType,
        read: FieldValue | None,
        clear_from: float,
        *,
        loose: bool,
    ) -> FieldValue:
        """The coded value in place of the printed one; contradictions are a person's.

        Unclear print contradicts nothing: the code carries error correction, the zone check
        digits.

        Args:
            coded: `value` of the field.
            field: the field.
            read: what was read in print.
            clear_from: confidence from which print is clear.
            loose: long texts are worded in their own way in the code and never compared.
        """
        doubts = []
        clear = read is not None and not read.reasons and read.confidence >= clear_from
        if read is not None and clear and not loose and not same_name(read.value, coded):
            in_code = self.code is not None and self.code.value(field.name) is not None
            doubts.append("QR_DISAGREES" if in_code else "MRZ_DISAGREES")
        zoned = None if self.zone is None else self.zone.value(field.name)
        if zoned is not None and zoned != coded:
            doubts.append("MRZ_DISAGREES")
        return FieldValue(
            name=field.name,
            value=coded,
            confidence=_CARD_CONFIDENCE,
            status=FieldStatus.REVIEW,
            reasons=tuple(doubts),
            page=0 if read is None else read.page,
            box=None if read is None else read.box,
        )


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
