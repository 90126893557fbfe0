"""What an audit counted and found. Codes are listed in `casework.audit`."""

from __future__ import annotations

from collections import Counter
from typing import Final

from casework.custody.canary import CanaryNote
from pipeline.models.base import Model

INFO: Final = frozenset(
    {
        "UNFINISHED_OBJECT",
        "UNFINISHED_REVISION",
        "UNFINISHED_DESTRUCTION",
        "LEDGER_HEAD_LOST",
        "LEDGER_STAMP_DUE",
        "LEDGER_STAMP_UNKNOWN",
        "CANARY_NEVER",
        "SECOND_UNAVAILABLE",
    }
)
"""Codes that explain themselves and fail nothing."""

_MOST_FINDINGS: Final = 1000


class Finding(Model):
    """One thing that is not as it should be."""

    code: str
    subjects: dict[str, str] = {}
    """Ids only: batch_id, component_id, object_key, seq, day; problem: an engine's name for it."""
    failure: bool


class AuditCounts(Model):
    """What was looked at."""

    batches: int = 0
    """Archived ones."""
    dossiers: int = 0
    pages: int = 0
    """That came in with archived batches."""
    components: int = 0
    revisions: int = 0
    manifests: int = 0
    raw_objects: int = 0
    destroyed: int = 0
    """Dossiers whose files are gone, or go, by decision."""
    indexed: int = 0
    events: int = 0
    """Of the chain."""
    unanchored: int = 0
    """Events after the last seal and the last manifest: only the chain vouches for them."""
    sealed_days: int = 0
    stamped_days: int = 0
    """Sealed days with a timestamp."""
    locks_renewed: int = 0
    """Before it was looked at."""


class AuditReport(Model):
    """Result of an audit."""

    counts: AuditCounts
    findings: tuple[Finding, ...]
    """The first thousand."""
    failures: int
    """All of them, also those not listed."""
    canary: CanaryNote | None = None
    """The newest one; None: not asked."""

    @property
    def ok(self) -> bool:
        """True where nothing failed."""
        return self.failures == 0


class Findings:
    """Gathers counts and findings while an audit runs."""

    def __init__(self) -> None:
        """Start empty."""
        self._counts: Counter[str] = Counter()
        self._findings: list[Finding] = []
        self._failures = 0
        self._canary: CanaryNote | None = None

    def canary(self, note: CanaryNote) -> None:
        """What is known of the store's locks."""
        self._canary = note

    def count(self, **looked_at: int) -> None:
        """Add to counts of `AuditCounts`."""
        self._counts.update(looked_at)

    def add(self, code: str, **subjects: str) -> None:
        """Note a finding; failures beyond the first thousand are only counted."""
        failure = code not in INFO
        self._failures += failure
        if len(self._findings) < _MOST_FINDINGS:
            self._findings.append(Finding(code=code, subjects=subjects, failure=failure))

    def report(self) -> AuditReport:
        """The report so far."""
        return AuditReport(
            counts=AuditCounts(**self._counts),
            findings=tuple(self._findings),
            failures=self._failures,
            canary=self._canary,
        )
