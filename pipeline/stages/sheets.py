"""Cover slips and separators: the text of their QR symbol, and finding them on pages.

Payload, ASCII: `SOHOA1|kind|slip|dossier|procedure|case|component|k|N|check`. Kind is C (cover),
S (separator) or G (general). Every free value is percent-encoded (`pipeline.ids.safe_code`), empty
is none. The check is the first 8 hexadecimal digits of the SHA-256 over all that stands before
it. May not come in: what a sheet does to the pages that follow.
"""

from __future__ import annotations

import hashlib
import re
from enum import Enum
from typing import Final

import cv2
import numpy as np

from pipeline.ids import safe_code, unsafe_code
from pipeline.models.pages import PageSheet, Sheet, SheetKind, Turn
from pipeline.ports.reading import Gray, SymbolReader

PREFIX: Final = "SOHOA"
VERSION: Final = "1"
_LETTERS = {SheetKind.COVER: "C", SheetKind.SEPARATOR: "S", SheetKind.GENERAL: "G"}
_KINDS = {letter: kind for kind, letter in _LETTERS.items()}
_PARTS = 10
_CHECK_DIGITS = 8
_LONGEST = 1024
_COUNT = re.compile(r"0|[1-9][0-9]{0,3}")
_VALUE = re.compile(r"(?:[A-Za-z0-9_.-]|%[0-9A-F]{2})*")
_LONGEST_SIDE_PX = 3600
"""Larger images are reduced before symbols are sought (an A4 page at 300 dpi has 3508)."""


class Damaged(Enum):
    """The one value that says: a Sohoa sheet, but its text cannot be trusted."""

    DAMAGED = "damaged"


DAMAGED: Final = Damaged.DAMAGED


def encode_sheet(sheet: Sheet) -> str:
    """Text for the QR symbol of a sheet."""
    values = (sheet.slip_id, sheet.dossier, sheet.procedure, sheet.case, sheet.component)
    body = "|".join(
        (
            f"{PREFIX}{VERSION}",
            _LETTERS[sheet.kind],
            *(safe_code(value or "") for value in values),
            str(sheet.number),
            str(sheet.total),
        )
    )
    return f"{body}|{_check(body)}"


def decode_sheet(text: str) -> Sheet | Damaged | None:
    """The sheet of a symbol's text; None where it is not Sohoa's, DAMAGED where it is unsound.

    Never raises, whatever the text.
    """
    if not text.startswith(PREFIX) or text[len(PREFIX) :][:1] not in tuple("0123456789|"):
        return None
    parts = text.split("|") if len(text) <= _LONGEST else []
    if len(parts) != _PARTS or parts[0] != PREFIX + VERSION or parts[1] not in _KINDS:
        return DAMAGED
    body, _, check = text.rpartition("|")
    if not text.isascii() or check != _check(body):
        return DAMAGED
    if not all(_VALUE.fullmatch(p) for p in parts[2:7]):
        return DAMAGED
    if not all(_COUNT.fullmatch(p) for p in parts[7:9]):
        return DAMAGED
    slip, dossier, procedure, case, component = (unsafe_code(p) for p in parts[2:7])
    return Sheet(
        kind=_KINDS[parts[1]],
        slip_id=slip,
        dossier=dossier or None,
        procedure=procedure or None,
        case=case or None,
        component=component or None,
        number=int(parts[7]),
        total=int(parts[8]),
    )


def find_sheet(
    index: int, gray: Gray, reader: SymbolReader, *, base: Turn = 0, reduce: float = 1.0
) -> PageSheet:
    """Look for symbols on a page, either side, any way up.

    Args:
        index: 0-based in the whole batch.
        gray: the page, already turned by `base`.
        reader: finds symbols.
        base: clockwise turn raw → `gray`.
        reduce: how many times `gray` is smaller than the full image; symbol centres are given
            in pixels of the full image, in the frame of `gray`.

    Returns:
        The page's sheet and symbols. `turn` is the whole turn raw → upright where a Sohoa symbol
        was read (an identity card lies any way up on its page, so other symbols say nothing).
    """
    shrink = max(1.0, max(gray.shape) / _LONGEST_SIDE_PX)
    if shrink > 1.0:
        size = [max(1, round(side / shrink)) for side in gray.shape[::-1]]
        gray = np.asarray(cv2.resize(gray, size, interpolation=cv2.INTER_AREA), np.uint8)
    sheet: Sheet | None = None
    turn: Turn | None = None
    damaged = False
    symbols = []
    for read in reader.read(gray):
        scale = shrink * reduce
        found = read.symbol
        symbol = found.model_copy(
            update={"x": found.x * scale, "y": found.y * scale, "side": found.side * scale}
        )
        symbols.append(symbol)
        decoded = decode_sheet(symbol.text)
        if isinstance(decoded, Sheet) and sheet is None:
            sheet, turn = decoded, _sum(base, read.turn)
        elif decoded is DAMAGED:
            damaged = True
            turn = turn if turn is not None else _sum(base, read.turn)
    return PageSheet(
        index=index,
        sheet=sheet,
        turn=turn,
        damaged=damaged and sheet is None,
        symbols=tuple(symbols),
    )


def _sum(first: Turn, second: Turn) -> Turn:
    turns: tuple[Turn, Turn, Turn, Turn] = (0, 90, 180, 270)
    return turns[(first + second) // 90 % 4]


def _check(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()[:_CHECK_DIGITS]
