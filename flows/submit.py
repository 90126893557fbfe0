"""Submitting: registered batches become runs of the deployment of their lane.

The only way from `app` to Prefect. Submitting is a wish, not a promise: what is lost on the way
the dispatcher finds in the records and submits again. `flows.environment.adopt` comes first.
"""

from __future__ import annotations

from collections.abc import Sequence

from flows.lanes import Lane
from flows.runs import Runs, portions
from flows.server import PrefectRuns
from pipeline.settings import Settings


def submit(settings: Settings, batch_ids: Sequence[str], lane: Lane) -> None:
    """Runs for registered batches that no run has yet, in order.

    Args:
        settings: address of the server, most batches of a run.
        batch_ids: whole ids.
        lane: the queue they wait in.

    Raises:
        FlowsUnavailable: the server cannot be reached.
        ConfigError: `FLOWS_NOT_DEPLOYED`.
    """
    runs: Runs = PrefectRuns(settings)
    taken = {batch_id for run in runs.unfinished() for batch_id in run.batch_ids}
    wanted = [batch_id for batch_id in dict.fromkeys(batch_ids) if batch_id not in taken]
    for some in portions(wanted, settings.flows.batches_per_run):
        runs.submit(some, lane)
