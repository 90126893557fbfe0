"""The Prefect server as `flows.runs.Runs`: open runs, new runs, runs whose process is gone.

`flows.environment.adopt` must have come before the first import of this module. Prefect's and
its HTTP client's errors end here. May not come in: when a batch needs a run.
"""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Any, Final
from uuid import UUID

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import FlowFilter, FlowFilterName, FlowRunFilter
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.client.schemas.sorting import FlowRunSort
from prefect.exceptions import ObjectNotFound, PrefectException
from prefect.states import Crashed

from flows.deploying import POOL, deploy, failure
from flows.lanes import Lane
from flows.runs import UNFIT, UNTOUCHED, Phase, Run
from flows.timetable import keep_time
from pipeline.errors import ConfigError
from pipeline.settings import Settings

FLOW: Final = "digitise"
_FLOWS: Final = [FLOW, "augment", "audit", "rebuild"]
"""All that claim their run while their process lives."""
_PAGE: Final = 200
"""Most runs that the server gives at a time."""
_PHASES: Final = {
    StateType.SCHEDULED: Phase.QUEUED,
    StateType.PAUSED: Phase.QUEUED,
    StateType.PENDING: Phase.STARTING,
    StateType.RUNNING: Phase.STARTED,
    StateType.CANCELLING: Phase.STARTED,
    StateType.FAILED: Phase.DEAD,
    StateType.CRASHED: Phase.DEAD,
    StateType.CANCELLED: Phase.DEAD,
}
_UNFINISHED: Final = [s for s, phase in _PHASES.items() if phase is not Phase.DEAD]
_DEAD: Final = [s for s, phase in _PHASES.items() if phase is Phase.DEAD]


class PrefectRuns:
    """Port `Runs` over a Prefect server."""

    def __init__(self, settings: Settings) -> None:
        """Nothing is asked yet."""
        self._settings = settings

    def unfinished(self) -> tuple[Run, ...]:
        """See `Runs.unfinished`."""
        return self._runs({"state": {"type": {"any_": _UNFINISHED}}})

    def dead(self, after: dt.datetime) -> tuple[Run, ...]:
        """See `Runs.dead`."""
        ended = {"end_time": {"after_": after}}
        return self._runs({"state": {"type": {"any_": _DEAD}}, **ended})

    def submit(self, batch_ids: Sequence[str], lane: Lane) -> None:
        """See `Runs.submit`."""
        with _client() as client:
            deployment = client.read_deployment_by_name(f"{FLOW}/{FLOW}-{lane}")
            client.create_flow_run_from_deployment(
                deployment.id,
                name=f"{lane} {batch_ids[0][:12]} ×{len(batch_ids)}",
                parameters={"batch_ids": list(batch_ids)},
            )

    def bury(self, run_id: str) -> None:
        """See `Runs.bury`."""
        with _client() as client:
            gone: State[None] = Crashed(message="PROCESS_GONE")
            client.set_flow_run_state(UUID(run_id), gone, force=True)

    def keep_time(self, now: dt.datetime) -> None:
        """See `Runs.keep_time`."""
        with _client() as client:
            keep_time(client, POOL, now)

    def deploy(self) -> None:
        """See `Runs.deploy`."""
        deploy(self._settings)

    def _runs(self, wanted: dict[str, object]) -> tuple[Run, ...]:
        found: list[Run] = []
        name = FlowFilter(name=FlowFilterName(any_=_FLOWS))
        with _client() as client:
            while True:
                page = client.read_flow_runs(
                    flow_filter=name,
                    flow_run_filter=FlowRunFilter.model_validate(wanted),
                    sort=FlowRunSort.ID_DESC,
                    limit=_PAGE,
                    offset=len(found),
                )
                found += map(_run, page)
                if len(page) < _PAGE:
                    return tuple(found)


def _run(run: FlowRun) -> Run:
    state = run.state
    return Run(
        run_id=str(run.id),
        batch_ids=tuple(run.parameters.get("batch_ids", ())),
        phase=_PHASES[state.type] if state else Phase.QUEUED,
        since=state.timestamp if state else dt.datetime.max.replace(tzinfo=dt.UTC),
        lane=Lane.BACKFILL if run.work_queue_name == Lane.BACKFILL else Lane.ONE_STOP,
        untouched=state is not None and state.name in (UNTOUCHED, UNFIT),
        unfit=_unfit(state),
    )


def _unfit(state: State[Any] | None) -> str | None:
    """Code of what the host of a run lacked."""
    if state is None or state.name != UNFIT:
        return None
    return (state.message or "").partition(" ")[0] or None


@contextlib.contextmanager
def _client() -> Iterator[SyncPrefectClient]:
    """A client; what goes wrong with the server is mapped."""
    try:
        with get_client(sync_client=True) as client:
            yield client
    except ObjectNotFound as error:
        raise ConfigError("FLOWS_NOT_DEPLOYED") from error
    except (httpx.HTTPError, PrefectException, OSError, RuntimeError) as error:
        raise failure(error) from error
