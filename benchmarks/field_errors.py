"""Fields read against fields printed: exact, falsely accepted, left to a person, missed.

Comparison undoes only what `FieldValue.value` says of itself: NFC and single spaces, whole dates as
dd/mm/yyyy, capitals of names. It parses dates by itself, so that an error of the product's parser
shows. May not come in: how pages are made or read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from benchmarks.factory.truth import Hand, TruthField
from pipeline.catalogue import Catalogue
from pipeline.models.fields import FieldSet, FieldStatus
from pipeline.textnorm import squash

_DAY: Final = re.compile(
    r"(?:ngày\s*)?(\d{1,2})\s*(?:[/.\-]|tháng)\s*(\d{1,2})\s*(?:[/.\-]|năm)\s*(\d{4})",
    re.IGNORECASE,
)
_MONTH: Final = re.compile(r"(?:tháng\s*)?(\d{1,2})\s*(?:[/.\-]|năm)\s*(\d{4})", re.IGNORECASE)
_HOUR: Final = re.compile(r"(\d{1,2})\s*(?:giờ|h|:)\s*(\d{1,2})?", re.IGNORECASE)
_CURRENCY: Final = re.compile(r"\s*(?:đồng|đ|VNĐ|VND)$", re.IGNORECASE)
_ROW_COUNT: Final = re.compile(r"\d{1,3}")
_CONFIDENCE_95: Final = 0.05


class FieldKind(StrEnum):
    """What sort of value a field holds: errors of one sort are alike."""

    DIGITS = "digits"
    """Codes, phones, whole numbers, percentages, durations: one wrong sign is a wrong value."""
    NAME = "name"
    """Of people."""
    DATE = "date"
    AMOUNT = "amount"
    TEXT = "text"
    CHOICE = "choice"
    """Ticked, or one of few words."""
    ROWS = "rows"
    """A whole table."""


_KINDS: Final[Mapping[str, FieldKind]] = {
    "code": FieldKind.DIGITS,
    "phone": FieldKind.DIGITS,
    "integer": FieldKind.DIGITS,
    "percent": FieldKind.DIGITS,
    "duration": FieldKind.DIGITS,
    "person_name": FieldKind.NAME,
    "date": FieldKind.DATE,
    "datetime": FieldKind.DATE,
    "amount": FieldKind.AMOUNT,
    "enum": FieldKind.CHOICE,
    "single_checkbox": FieldKind.CHOICE,
    "table": FieldKind.ROWS,
}


@dataclass(frozen=True, slots=True)
class JudgedField:
    """One field that is printed, or was read, on a component."""

    code: str
    """Of the component."""
    name: str
    kind: FieldKind
    hand: Hand | None
    """None where the truth knows no such field."""
    truth: str | None
    read: str | None
    """None where nothing was read."""
    accepted: bool
    confidence: float
    reasons: tuple[str, ...]

    @property
    def exact(self) -> bool:
        """The value is the printed one."""
        return (
            self.truth is not None
            and self.read is not None
            and same_value(self.truth, self.read, self.kind)
        )

    @property
    def false_accept(self) -> bool:
        """A wrong value taken for certain: the failure to fear."""
        return self.accepted and self.truth is not None and not self.exact

    @property
    def invented(self) -> bool:
        """Accepted although the truth knows no such field here: wrong, or a gap of the truth."""
        return self.accepted and self.truth is None


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts over fields that are printed; `invented` counts the others."""

    fields: int
    exact: int
    accepted: int
    false_accepts: int
    review: int
    """Left to a person, with a value or as missing."""
    missed: int
    """Printed, but neither read nor asked for."""
    invented: int

    @property
    def exact_rate(self) -> float:
        """Share of printed fields whose value is right, whatever their status."""
        return self.exact / self.fields if self.fields else 1.0

    @property
    def review_rate(self) -> float:
        """Share of printed fields that a person is asked for."""
        return self.review / self.fields if self.fields else 0.0

    @property
    def false_accept_bound(self) -> float:
        """Upper 95 % bound of the share of accepted fields that are wrong (Clopper–Pearson)."""
        return upper_bound(self.false_accepts, self.accepted)


def field_kind(field_type: str) -> FieldKind:
    """The kind of a catalogue's field type; free text where nothing else is known."""
    return _KINDS.get(field_type, FieldKind.TEXT)


def judge_fields(
    code: str, truth: Mapping[str, TruthField], read: FieldSet, catalogue: Catalogue
) -> tuple[JudgedField, ...]:
    """Every printed field of a component, then those that were read but are not in the truth.

    Values for which the catalogue has no field on this component are left out: nobody asks for
    them.

    Args:
        code: of the component, as the truth says.
        truth: printed fields by name.
        read: what extraction made of the component.
        catalogue: types of the fields.

    Raises:
        NotFound: `COMPONENT_CODE_UNKNOWN`.
    """
    types = {field.name: field.type for field in catalogue.component(code).fields}
    values = {value.name: value for value in read.fields}
    judged = []
    asked = [name for name in truth if name in types]
    for name in (*asked, *(name for name in values if name not in truth)):
        printed, value = truth.get(name), values.get(name)
        judged.append(
            JudgedField(
                code=code,
                name=name,
                kind=field_kind(types[name]),
                hand=None if printed is None else printed.hand,
                truth=None if printed is None else printed.value,
                read=value.value if value is not None and value.value else None,
                accepted=value is not None and value.status is FieldStatus.ACCEPTED,
                confidence=0.0 if value is None else value.confidence,
                reasons=() if value is None else value.reasons,
            )
        )
    return tuple(judged)


def tally(fields: Iterable[JudgedField]) -> Tally:
    """Counts over fields; choose kind and hand before."""
    all_fields = tuple(fields)
    known = [field for field in all_fields if field.truth is not None]
    accepted = [field for field in known if field.accepted]
    asked = [field for field in known if not field.accepted and field.reasons]
    return Tally(
        fields=len(known),
        exact=sum(field.exact for field in known),
        accepted=len(accepted),
        false_accepts=sum(field.false_accept for field in known),
        review=len(asked),
        missed=len(known) - len(accepted) - len(asked),
        invented=sum(field.invented for field in all_fields),
    )


def tallies(fields: Iterable[JudgedField]) -> Mapping[FieldKind, Tally]:
    """Counts by kind, of those kinds that occur."""
    all_fields = tuple(fields)
    kinds = [kind for kind in FieldKind if any(field.kind is kind for field in all_fields)]
    return {kind: tally(f for f in all_fields if f.kind is kind) for kind in kinds}


def same_value(truth: str, read: str, kind: FieldKind) -> bool:
    """True where the read value is the printed one.

    Names may be in capitals (a card prints so what its code says in small letters). An amount is
    the same with and without its `đồng` (domain pack F.6). A table is
    compared row by row; by the number of its rows where the truth is a number, and by one text
    of each row where the truth is `text; text; …`.
    """
    if kind is FieldKind.DATE:
        return comparable_date(truth) == comparable_date(read)
    if kind is FieldKind.NAME:
        return squash(truth).upper() == squash(read).upper()
    if kind is FieldKind.AMOUNT:
        return _CURRENCY.sub("", squash(truth)) == _CURRENCY.sub("", squash(read))
    if kind is FieldKind.ROWS:
        if _ROW_COUNT.fullmatch(truth):
            return int(truth) == len(read.splitlines())
        if "\n" not in truth and "|" not in truth:
            texts, rows = truth.split("; "), _lines(read)
            return len(texts) == len(rows) and all(map(_has, rows, texts))
        return _lines(truth) == _lines(read)
    return squash(truth) == squash(read)


def comparable_date(text: str) -> str:
    """`dd/mm/yyyy`, `mm/yyyy` or `yyyy`, with ` HH:MM` where an hour is printed."""
    plain = squash(text)
    for pattern in (_DAY, _MONTH):
        if found := pattern.search(plain):
            parts = [part.zfill(2) for part in found.groups()]
            rest = plain[: found.start()] + " " + plain[found.end() :]
            hour = _HOUR.search(rest)
            clock = "" if hour is None else f" {hour[1].zfill(2)}:{(hour[2] or '0').zfill(2)}"
            return "/".join(parts) + clock
    return plain


def _has(row: str, text: str) -> bool:
    return squash(text) in row


def _lines(table: str) -> list[str]:
    return [squash(line) for line in table.splitlines() if line.strip()]


def upper_bound(errors: int, of: int, alpha: float = _CONFIDENCE_95) -> float:
    """Exact one-sided upper bound of an error rate: no errors in 3,000 are at most 0.1 %.

    Args:
        errors: seen.
        of: that many trials; 0 gives 1.
        alpha: probability that the true rate lies above.
    """
    if of == 0 or errors >= of:
        return 1.0
    low, high = errors / of, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        if _at_most(errors, of, middle) > alpha:
            low = middle
        else:
            high = middle
    return high


def _at_most(errors: int, of: int, rate: float) -> float:
    """Probability of at most that many errors."""
    term = (1.0 - rate) ** of
    total = term
    for count in range(errors):
        term *= (of - count) / (count + 1) * rate / (1.0 - rate)
        total += term
    return total
