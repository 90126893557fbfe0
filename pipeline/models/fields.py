"""Extracted field values with their evidence."""

from __future__ import annotations

from enum import StrEnum

from pipeline.models.base import Box, Model, Ratio


class FieldStatus(StrEnum):
    """Whether a value may be used without a person."""

    ACCEPTED = "accepted"
    REVIEW = "review"


class FieldValue(Model):
    """One field of a component.

    A required field that was not found is present with an empty value and status review.
    """

    name: str
    value: str
    """NFC; dates as printed, normalised to dd/mm/yyyy where whole; amounts as printed; names in
    the letters, large or small, of their source (a card's code writes them otherwise than its
    print). A table has a line for each row, its cells parted by ` | `, empty ones kept."""
    confidence: Ratio
    """Measured probability of being right, where the engine is calibrated; else the engine's."""
    status: FieldStatus
    reasons: tuple[str, ...] = ()
    """Codes why a person must look: MISSING, LOW_CONFIDENCE, PATTERN, CALENDAR, CCCD_SEX …"""
    page: int = 0
    """0-based within the component."""
    box: Box | None = None
    """Page points (bottom-left origin) of the archived page."""


class FieldSet(Model):
    """All fields of one component (domain-pack C.3, D)."""

    component_id: str
    code: str
    fields: tuple[FieldValue, ...] = ()
    catalogue_version: str
    catalogue_sha256: str

    def value(self, name: str) -> str | None:
        """The value of a field, None where it is absent or empty."""
        return next((f.value for f in self.fields if f.name == name and f.value), None)

    def confirmed(self, name: str, value: str | None) -> FieldSet:
        """The set with one field confirmed by a person, its value replaced where one is given."""
        return self.model_copy(
            update={
                "fields": tuple(
                    f.model_copy(
                        update={
                            "value": f.value if value is None else value,
                            "confidence": 1.0,
                            "status": FieldStatus.ACCEPTED,
                            "reasons": (),
                        }
                    )
                    if f.name == name
                    else f
                    for f in self.fields
                )
            }
        )
