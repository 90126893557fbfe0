"""Flow `digitise`: the chain for a list of batches, in order; each fails, holds and resumes alone.

The walk, and what becomes of a batch that fails or is held, is `flows.batches`: the same as in
the local chain. Parameters, results, names and logs hold ids, codes and counts; nothing is
persisted by Prefect.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed
from prefect.task_runners import ThreadPoolTaskRunner

from casework.clearing import clear
from flows.batches import Batches
from flows.living import at_work, this_run
from flows.masking import masked
from flows.stepping import TaskRunner
from pipeline.errors import BatchBusy, SohoaError


@flow(name="digitise", persist_result=False, log_prints=False)
def digitise(batch_ids: list[str]) -> State[Any]:
    """Walk batches on, in order.

    Args:
        batch_ids: whole ids of registered batches.

    Returns:
        Completed, with the number of batches per state; Failed where some could not be walked at
        all, with the codes too. What became of a batch is in the records, nowhere else.
    """
    with at_work() as host:
        at_once, most = host.settings.ocr.at_once, host.settings.flows.pages_per_chunk
        pool: ThreadPoolTaskRunner[Any] = ThreadPoolTaskRunner(max_workers=at_once)
        with pool:
            runner = TaskRunner(pool, most=most, at_once=at_once)
            walked = [_walked(host.batches, batch_id, runner) for batch_id in batch_ids]
            clear(host.ports)
    told = Counter(state for state, _ in walked) + Counter(code for _, code in walked if code)
    message = ", ".join(f"{name} {count}" for name, count in sorted(told.items()))
    return (
        Failed(message=message) if any(code for _, code in walked) else Completed(message=message)
    )


def _walked(batches: Batches, batch_id: str, runner: TaskRunner) -> tuple[str, str | None]:
    """Walk one batch; its state, and the code of what kept it from being walked.

    A run that has lost its claim is taken for dead, and its batches are handed out anew: it
    leaves what it has not begun to others.
    """
    try:
        with masked():
            batches.ports.claims.check(this_run())
            return batches.walk(batch_id, runner).value, None
    except BatchBusy:
        return "BUSY", None
    except SohoaError as error:
        return "UNTOUCHED", error.code
