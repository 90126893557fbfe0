"""Flow `fixity`: today's share of the archive is read; damage that stays open fails the run."""

from __future__ import annotations

from collections import Counter
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from flows.living import at_work
from pipeline.models.actors import Role


@flow(name="fixity", persist_result=False, log_prints=False)
def fixity(whole: bool = False) -> State[Any]:  # noqa: FBT001, FBT002
    """Read today's share; repair where a second copy is set.

    Args:
        whole: all that is left of the sweep.

    Returns:
        Failed, with the number of damaged objects per code, where some stay damaged.
    """
    with at_work() as host:
        repair = host.settings.archive.second is not None
        actor = host.actor(role=Role.SYSTEM)
        report = host.custody.fixity(actor, whole=whole, repair=repair)
    codes = Counter(f"{d.code} {d.state.value}" for d in report.damage)
    told = [f"objects {report.objects}", *(f"{code} {n}" for code, n in sorted(codes.items()))]
    message = ", ".join(told)
    return Completed(message=message) if report.ok else Failed(message=message)
