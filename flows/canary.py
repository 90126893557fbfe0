"""Flow `canary`: whether the archive's locks hold; what was let through fails the run."""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from flows.living import at_work
from pipeline.models.actors import Role


@flow(name="canary", persist_result=False, log_prints=False)
def canary() -> State[Any]:
    """Try the locks.

    Returns:
        Failed, with what was let through, or where the line is still stopped.
    """
    with at_work() as host:
        report = host.custody.canary(host.actor(role=Role.SYSTEM))
    if report.ok:
        return Completed(message=report.outcome.value)
    told = [f"{t.who} {t.what}" for t in report.tried if t.result == "let_through"]
    return Failed(message=", ".join(told) or "LINE_STOPPED")
