"""Runs by the clock: the next run of every schedule of `prefect.yaml` stands on the server.

The server's own scheduler makes them too, where it works: Prefect 3.8 with SQLAlchemy 2.1 fails to
insert them. Both use the same key, so a moment has one run (decision 0031). May not come in: what
is scheduled.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Any, Final

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import WorkPoolFilter, WorkPoolFilterName
from prefect.client.schemas.schedules import SCHEDULE_TYPES, NoSchedule
from prefect.server.schemas import schedules as reckoned
from prefect.states import Scheduled
from pydantic import TypeAdapter

_RECKONED: Final[TypeAdapter[Any]] = TypeAdapter(reckoned.SCHEDULE_TYPES)
"""A client's schedule says when; the server's of the same shape can reckon with it."""


def keep_time(client: SyncPrefectClient, pool: str, now: dt.datetime) -> None:
    """Make the next run of every active schedule of a pool's deployments; it may be there."""
    in_pool = WorkPoolFilter(name=WorkPoolFilterName(any_=[pool]))
    for deployment in client.read_deployments(work_pool_filter=in_pool):
        for planned in () if deployment.paused else deployment.schedules:
            moment = next_moment(planned.schedule, now) if planned.active else None
            if moment is not None:
                client.create_flow_run_from_deployment(
                    deployment.id,
                    state=Scheduled(scheduled_time=moment),
                    idempotency_key=f"scheduled {deployment.id} {planned.id} {moment}",
                )


def next_moment(schedule: SCHEDULE_TYPES, now: dt.datetime) -> dt.datetime | None:
    """The first moment of a schedule from now on; None where there is none."""
    if isinstance(schedule, NoSchedule):
        return None
    known = _RECKONED.validate_python(schedule.model_dump())
    return next(iter(asyncio.run(known.get_dates(n=1, start=now))), None)
