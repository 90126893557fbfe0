"""Ids: derived from content, so that repeating any step finds what it made before.

Architecture §4. Nothing here is random, nothing holds a person's number.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Sequence
from urllib.parse import quote, unquote
from zoneinfo import ZoneInfo

LEGAL_ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
"""Legal days, codes, seals and display are in this zone (architecture §11)."""

_SHOWN = 12


def digest(*parts: object) -> str:
    """SHA-256 over the JSON of the parts; an unambiguous concatenation.

    Args:
        parts: strings, numbers, booleans, None, and lists or dicts of them.
    """
    payload = json.dumps(parts, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return hashlib.sha256(payload.encode()).hexdigest()


def batch_id(unit: str, sources: Sequence[str], *, dossier: str | None = None) -> str:
    """Id of a batch: unit and ordered source digests.

    Args:
        unit: unit that takes the papers in.
        sources: SHA-256 of each accepted file, in order.
        dossier: only where the same papers are filed a second time in another dossier.
    """
    return digest("batch", unit, list(sources), *([dossier] if dossier is not None else []))


def component_id(batch: str, pages: Iterable[int]) -> str:
    """Id of a component: batch and ordered page indexes (0-based); not its type or bytes."""
    return digest("component", batch, list(pages))


def review_id(batch: str, kind: str, *place: object) -> str:
    """Id of a question: the same doubt found again is the same question."""
    return digest("review", batch, kind, *place)


def shown(identifier: str) -> str:
    """Shortened for people; commands accept unique prefixes."""
    return identifier[:_SHOWN]


def legal_day(moment: dt.datetime) -> dt.date:
    """Calendar day in Vietnam of an aware moment."""
    return moment.astimezone(LEGAL_ZONE).date()


def safe_code(code: str) -> str:
    """A dossier code as one ASCII path segment, reversible by `unsafe_code`.

    Letters, digits, `-`, `_` and inner `.` stay; all else is percent-encoded UTF-8.
    """
    encoded = quote(code, safe="").replace("~", "%7E")
    if encoded.startswith("."):
        encoded = "%2E" + encoded[1:]
    if encoded.endswith("."):
        encoded = encoded[:-1] + "%2E"
    return encoded


def unsafe_code(segment: str) -> str:
    """The dossier code that `safe_code` encoded."""
    return unquote(segment)
