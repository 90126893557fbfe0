"""Dates and times as Vietnamese papers print them, with the precision they have.

May not come in: layout, order checks between fields.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import Final

from pipeline.textnorm import fold

_NUMERIC: Final = re.compile(r"(?<!\d)(\d{1,2})\s*([/.\-])\s*(\d{1,2})\s*\2\s*(\d{4})(?!\d)")
_WORDED: Final = re.compile(
    r"(?<!\d)(?:\b(?:ngay|ngy)[\s:]*)?(\d{1,2})[\s,]*(?:thang|thng)\s*(\d{1,2})"
    r"[\s,]*(?:nam|nm)\s*(\d{4})(?!\d)"
)
_MONTH_YEAR: Final = re.compile(
    r"(?<![\d/.\-])(?:thang\s*)?(\d{1,2})(?:\s*/\s*|\s*nam\s*)(\d{4})(?!\d)"
)
_YEAR: Final = re.compile(r"(?<![\d/.\-])(\d{4})(?![\d/.\-])")
_TIME: Final = re.compile(
    r"(?<!\d)(\d{1,2})\s*(?:gio|h|:|g)(?:[\s.,]{0,2}(\d{1,2})(?!\w|\s*ngay)\s*(?:phut|p\b|')?)?"
)


@dataclass(frozen=True, slots=True)
class PartialDate:
    """A date that may be known to the month or year only: old papers print no more (F.5)."""

    year: int
    month: int | None = None
    day: int | None = None

    @property
    def exists(self) -> bool:
        """True where it stands in the calendar."""
        try:
            self.first()
        except ValueError:
            return False
        return 1 <= self.year <= 9999

    def first(self) -> dt.date:
        """The earliest day it can be.

        Raises:
            ValueError: no such day.
        """
        return dt.date(self.year, self.month or 1, self.day or 1)

    def agrees(self, other: PartialDate) -> bool:
        """True where both may be the same day, as far as both are precise."""
        pairs = ((self.year, other.year), (self.month, other.month), (self.day, other.day))
        return all(a is None or b is None or a == b for a, b in pairs)

    def __str__(self) -> str:
        """`dd/mm/yyyy`, `mm/yyyy` or `yyyy`."""
        parts = [f"{part:02d}" for part in (self.day, self.month) if part is not None]
        return "/".join([*parts, f"{self.year:04d}"])


@dataclass(frozen=True, slots=True)
class Moment:
    """A date with an hour, where one is printed."""

    date: PartialDate
    hour: int | None = None
    minute: int | None = None

    @property
    def exists(self) -> bool:
        """True where date and time of day are possible."""
        return self.date.exists and (self.hour or 0) < 24 and (self.minute or 0) < 60

    def key(self) -> tuple[dt.date, int, int]:
        """For ordering.

        Raises:
            ValueError: no such day.
        """
        return self.date.first(), self.hour or 0, self.minute or 0

    def __str__(self) -> str:
        """`dd/mm/yyyy` or `dd/mm/yyyy HH:MM`."""
        if self.hour is None:
            return str(self.date)
        return f"{self.date} {self.hour:02d}:{self.minute or 0:02d}"


@dataclass(frozen=True, slots=True)
class Found:
    """A date and where it stands in the text."""

    date: PartialDate
    start: int
    end: int


def find_date(text: str, *, partial: bool = False) -> Found | None:
    """The first whole date of a text; with `partial` also month and year, or a year alone.

    Positions count in the folded text, which has one letter for each of `squash(text)`.
    The calendar is not asked here: `31/04/2020` is found.
    """
    folded = fold(text)
    found = [
        Found(PartialDate(int(m[4]), int(m[3]), int(m[1])), m.start(), m.end())
        for m in _NUMERIC.finditer(folded)
    ] + [
        Found(PartialDate(int(m[3]), int(m[2]), int(m[1])), m.start(), m.end())
        for m in _WORDED.finditer(folded)
    ]
    if found:
        return min(found, key=lambda f: f.start)
    if not partial:
        return None
    if m := _MONTH_YEAR.search(folded):
        return Found(PartialDate(int(m[2]), int(m[1])), m.start(), m.end())
    if m := _YEAR.search(folded):
        return Found(PartialDate(int(m[1])), m.start(), m.end())
    return None


def parse_date(text: str) -> PartialDate | None:
    """The date that a text is, whole or partial; None where it is something else."""
    found = find_date(text, partial=True)
    rest = fold(text)
    if found is None or (rest[: found.start] + rest[found.end :]).strip(" .,;"):
        return None
    return found.date


def find_moment(text: str) -> Moment | None:
    """The first date of a text with the time of day printed before or after it."""
    found = find_date(text)
    if found is None:
        return None
    folded = fold(text)
    rest = folded[: found.start] + " " + folded[found.end :]
    time = _TIME.search(rest)
    if time is None:
        return Moment(found.date)
    return Moment(found.date, int(time[1]), int(time[2]) if time[2] else None)
