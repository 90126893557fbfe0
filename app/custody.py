"""What custody of the archive found, in words for people and as JSON.

May not come in: trying, reading, repairing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from app.messages import Messages
from app.presenting import Json
from casework.custody.canary import Result

if TYPE_CHECKING:
    from casework.custody.canary import CanaryReport


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
