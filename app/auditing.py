"""Audits and rebuilds in words for people. May not come in: comparing, repairing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from app.messages import Messages
from app.presenting import short

if TYPE_CHECKING:
    from casework.audit import AuditReport
    from storage.rebuild import RebuildReport


def audit_lines(report: AuditReport, messages: Messages) -> Iterator[str]:
    """An audit, as text: verdict, counts, then findings; `!` marks those that fail it."""
    yield messages.text("audit_ok" if report.ok else "audit_failed")
    for name, count in report.counts.model_dump().items():
        yield f"  {messages.label(f'audit_count.{name}')}: {count}"
    for finding in report.findings:
        mark = "!" if finding.failure else "·"
        subjects = " ".join(map(short, finding.subjects.values()))
        words = messages.label(f"audit_finding.{finding.code}")
        yield f"  {mark} {finding.code} {subjects}".rstrip() + f": {words}"


def rebuild_lines(report: RebuildReport, messages: Messages) -> Iterator[str]:
    """Rebuilt records, as text, with what could not be used."""
    yield messages.text("rebuilt_records")
    if report.problems:
        yield "  " + messages.text("rebuilt_problems", count=len(report.problems))
    for problem in report.problems:
        words = messages.label(f"audit_finding.{problem.code}")
        yield f"  ! {problem.code} {problem.object_key}: {words}"
