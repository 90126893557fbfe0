"""What custody of the archive found, in words for people and as JSON.

May not come in: trying, reading, repairing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from app.messages import Messages
from app.presenting import Json
from casework.custody.canary import Result
from casework.custody.damage import State
from pipeline.ids import LEGAL_ZONE

if TYPE_CHECKING:
    from casework.custody.canary import CanaryReport
    from casework.custody.fixity import FixityReport


def canary_json(report: CanaryReport) -> Json:
    """One object of `canary`."""
    return report.model_dump(mode="json") | {"ok": report.ok}


def canary_lines(report: CanaryReport, messages: Messages) -> Iterator[str]:
    """A canary, as text: what came of it, then each attempt; `!` marks what was let through."""
    yield messages.text(f"canary_{report.outcome.value}")
    for tried in report.tried:
        mark = "!" if tried.result is Result.LET_THROUGH else "·"
        who, what = (messages.label(f"canary.{name}") for name in (tried.who, tried.what))
        yield f"  {mark} {who}: {what}: {messages.label(f'canary.{tried.result.value}')}"
    if report.cleared is not None:
        yield messages.text("canary_cleared", reference=report.cleared)
    elif report.stopped:
        yield messages.text("canary_stopped")


def fixity_json(report: FixityReport) -> Json:
    """One object of `fixity`."""
    return report.model_dump(mode="json") | {"ok": report.ok}


def fixity_lines(report: FixityReport, messages: Messages) -> Iterator[str]:
    """A fixity run, as text: verdict and counts, then damage; `!` marks what is still damaged."""
    yield messages.text("fixity_ok" if report.ok else "fixity_failed", open=report.open)
    yield "  " + messages.text(
        "fixity_read",
        objects=report.objects,
        megabytes=f"{report.bytes / 1e6:.1f}",
        share=int(100 * report.share),
        since=report.started_at.astimezone(LEGAL_ZONE).strftime("%d/%m/%Y"),
    )
    for damage in report.damage:
        mark = "!" if damage.state is State.OPEN else "·"
        words = messages.label(f"damage.{damage.code}")
        if words == damage.code:
            words = messages.label(f"audit_finding.{damage.code}")
        holds = messages.text("fixity_holds", other=damage.holds) if damage.holds else ""
        state = "" if damage.state is State.OPEN else messages.label(f"damage.{damage.state.value}")
        told = "; ".join(part for part in (words, holds, state) if part)
        yield f"  {mark} {damage.code} {damage.object_key}: {told}"
