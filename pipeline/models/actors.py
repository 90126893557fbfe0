"""Who acts: on every write, and on every read of personal data."""

from __future__ import annotations

from enum import StrEnum

from pipeline.models.base import Model


class Role(StrEnum):
    """Roles of architecture §1."""

    RECEPTION_OFFICER = "ReceptionOfficer"
    CASE_OFFICER = "CaseOfficer"
    ARCHIVE_CENTRE = "ArchiveCentre"
    APPROVER = "Approver"
    RECORDS_CLERK = "RecordsClerk"
    AUDITOR = "Auditor"
    ADMINISTRATOR = "Administrator"
    SYSTEM = "System"


class Actor(Model):
    """A person or the system itself, as an account name: never a printed name."""

    id: str
    role: Role
    unit: str
