"""Flow `augment`: signatures that could not get their timestamp are raised, ageing ones renewed."""

from __future__ import annotations

from collections import Counter
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from flows.living import at_work
from pipeline.errors import ConfigError


@flow(name="augment", persist_result=False, log_prints=False)
def augment(codes: list[str] | None = None, limit: int | None = None) -> State[Any]:
    """Raise signatures that are due.

    Args:
        codes: dossier codes; none: whatever is due.
        limit: most components of this run.

    Returns:
        Failed, with the number per code, where some could not be raised. Without a timestamp
        authority nothing is ever due.
    """
    with at_work() as host:
        try:
            report = host.augment(host.actor(), codes=codes or (), limit=limit)
        except ConfigError as error:
            if error.code != "TSA_NOT_SET":
                raise
            return Completed(message=error.code)
    problems = Counter(c.problem.code for c in report.components if c.problem is not None)
    told = Counter({"RAISED": report.raised}) + problems
    message = ", ".join(f"{name} {count}" for name, count in sorted(told.items()))
    return Failed(message=message) if problems else Completed(message=message)
