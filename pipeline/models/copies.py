"""Electronic copies of archived papers: their kinds and what they are given out for. Data only.

May not come in: the words that a copy shows (`pipeline.signatures.profiles`), who may have one.
"""

from __future__ import annotations

from enum import StrEnum


class CopyKind(StrEnum):
    """What is certified (NĐ 30/2020, art. 3).

    An extract would have to leave out part of what the officer signed: there is none.
    """

    TRUE_COPY = "sao-y"
    """Full copy of an original (bản gốc, bản chính)."""
    DUPLICATE = "sao-luc"
    """Full copy of a true copy (bản sao y)."""


class CopyPurpose(StrEnum):
    """Who is given a copy; the ledger tells it."""

    CITIZEN = "citizen"
    """The person whose paper it is, or who acts for them."""
    AGENCY = "agency"
    """Another agency or organisation."""
    COURT = "court"
    """Courts, investigators, inspectors."""
