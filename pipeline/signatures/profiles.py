"""Signing profiles: which signatures Sohoa makes, where they show and how they look. Data only.

Sources: QĐ 1333 (R-1333-12, the scanned component: officer, top left of page one, name and time);
NĐ 30/2020/NĐ-CP, Phụ lục I (electronic copy: agency, top right of page one, no image; text of copy
type, agency and time, ISO 8601 with zone, upright, black, size 10, a Times face). The archive's
counter-signature is ours: invisible. Those of copies and of the archive stand in fields of their
own behind the officer's, which certifies nothing and stays valid. May not come in: keys, drawing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from pipeline.ids import LEGAL_ZONE
from pipeline.models.components import Purpose
from pipeline.models.copies import CopyKind


class Corner(StrEnum):
    """Where on page one, as viewed."""

    TOP_LEFT = "top-left"
    TOP_RIGHT = "top-right"


@dataclass(frozen=True, slots=True)
class StampLook:
    """How the text is drawn."""

    ink: tuple[float, float, float]
    """Red, green, blue, 0 to 1; multiplied with the paper."""
    framed: bool
    letters_pt: float | None = None
    """Size of the letters, where a rule sets it; None: as large as the stamp allows."""


@dataclass(frozen=True, slots=True)
class SigningProfile:
    """One kind of signature."""

    name: str
    field: str
    """Of the form; one of each in a file."""
    reason: str
    """Entry /Reason."""
    corner: Corner | None
    """None: invisible."""
    look: StampLook


COPY_WORDS: Final = {CopyKind.TRUE_COPY: "SAO Y", CopyKind.DUPLICATE: "SAO LỤC"}
"""What a copy's signature calls it."""


def copy_lines(kind: CopyKind, agency: str, at: dt.datetime) -> tuple[str, ...]:
    """What the signature of an electronic copy says: kind, agency, moment (ISO 8601, +07:00)."""
    return COPY_WORDS[kind], agency, at.astimezone(LEGAL_ZONE).isoformat(timespec="seconds")


INTAKE: Final = SigningProfile(
    name="intake",
    field="SohoaCapture",
    reason="Số hoá hồ sơ giấy",
    corner=Corner.TOP_LEFT,
    look=StampLook(ink=(0.66, 0.04, 0.06), framed=True),
)
REPORT: Final = SigningProfile(
    name="report",
    field="SohoaReport",
    reason="Báo cáo kiểm tra hồ sơ",
    corner=INTAKE.corner,
    look=INTAKE.look,
)
ELECTRONIC_COPY: Final = SigningProfile(
    name="electronic-copy",
    field="SohoaCopy",
    reason="Sao văn bản giấy sang văn bản điện tử",
    corner=Corner.TOP_RIGHT,
    look=StampLook(ink=(0.0, 0.0, 0.0), framed=False, letters_pt=10.0),
)
ARCHIVE: Final = SigningProfile(
    name="archive",
    field="SohoaArchive",
    reason="Xác nhận của cơ quan lưu trữ",
    corner=None,
    look=StampLook(ink=(0.0, 0.0, 0.0), framed=False),
)
PROFILES: Final = (INTAKE, REPORT, ELECTRONIC_COPY, ARCHIVE)
BY_PURPOSE: Final[Mapping[Purpose, SigningProfile]] = MappingProxyType(
    {Purpose.CAPTURE: INTAKE, Purpose.REPORT: REPORT}
)
"""Of an officer's signature."""
FIRST: Final = frozenset({INTAKE.field, REPORT.field})
"""Fields of which one is filled before any other."""
FURTHER: Final = frozenset({ARCHIVE.field, ELECTRONIC_COPY.field})
"""Fields that may be filled behind that of the officer."""
