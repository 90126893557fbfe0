"""Audits, augmentations and rebuilds in words for people.

May not come in: comparing, raising, repairing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from app.messages import Messages
from app.presenting import Json, error_json, instant, short
from pipeline.ids import LEGAL_ZONE, shown

if TYPE_CHECKING:
    from casework.audit import AuditReport
    from casework.augmenting import Augmentation
    from storage.rebuild import RebuildReport


def audit_lines(report: AuditReport, messages: Messages) -> Iterator[str]:
    """An audit, as text: verdict, counts, then findings; `!` marks those that fail it."""
    yield messages.text("audit_ok" if report.ok else "audit_failed")
    for name, count in report.counts.model_dump().items():
        yield f"  {messages.label(f'audit_count.{name}')}: {count}"
    if report.canary is not None and report.canary.outcome is not None:
        at = report.canary.at
        when = at.astimezone(LEGAL_ZONE).strftime("%d/%m/%Y %H:%M") if at else ""
        yield messages.text(f"audit_canary_{report.canary.outcome.value}", at=when)
    for finding in report.findings:
        mark = "!" if finding.failure else "·"
        subjects = " ".join(map(short, finding.subjects.values()))
        words = messages.label(f"audit_finding.{finding.code}")
        yield f"  {mark} {finding.code} {subjects}".rstrip() + f": {words}"


def augmentation_json(one: Augmentation, messages: Messages) -> Json:
    """One object of `augment`."""
    return {
        "dossier_code": one.dossier_code,
        "component_id": one.component_id,
        "code": one.code,
        "outcome": one.outcome.value,
        "rev": one.rev,
        "sha256": one.sha256,
        "level": one.level.value,
        "sealed_until": instant(one.sealed_until) if one.sealed_until else None,
        "error": None
        if one.problem is None
        else error_json(messages.problem(one.problem), one.problem.code),
    }


def augmentation_lines(one: Augmentation, messages: Messages) -> Iterator[str]:
    """A component after `augment`, as text."""
    until = one.sealed_until
    yield messages.text(
        "augmented",
        outcome=messages.label(f"augmentation.{one.outcome.value}"),
        dossier=one.dossier_code,
        component=shown(one.component_id),
        code=one.code,
        rev=one.rev,
        level=one.level.value,
        until=until.astimezone(LEGAL_ZONE).strftime("%d/%m/%Y") if until else "–",
    )
    if one.problem is not None:
        rendered = messages.problem(one.problem)
        yield f"  {rendered.message} {rendered.advice}".rstrip()


def rebuild_lines(report: RebuildReport, messages: Messages) -> Iterator[str]:
    """Rebuilt records, as text, with what could not be used."""
    yield messages.text("rebuilt_records")
    if report.problems:
        yield "  " + messages.text("rebuilt_problems", count=len(report.problems))
    for problem in report.problems:
        words = messages.label(f"audit_finding.{problem.code}")
        yield f"  ! {problem.code} {problem.object_key}: {words}"
