"""Flow `digitise`: the chain for a list of batches, in order; each fails, holds and resumes alone.

The walk, and what becomes of a batch that fails or is held, is `flows.batches`: the same as in
the local chain. A host that cannot do the work (`flows.fitness`) leaves all batches to others.
Parameters, results, names and logs hold ids, codes and counts; nothing is persisted by Prefect.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Sequence
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed
from prefect.task_runners import ThreadPoolTaskRunner

from casework.clearing import clear
from flows.batches import Batches
from flows.fitness import require_fit
from flows.living import at_work, this_run
from flows.masking import masked
from flows.runs import UNFIT, UNTOUCHED
from flows.services import Services
from flows.stepping import TaskRunner
from pipeline.errors import BatchBusy, SohoaError


@flow(name="digitise", persist_result=False, log_prints=False)
def digitise(batch_ids: list[str]) -> State[Any]:
    """Walk batches on, in order.

    Args:
        batch_ids: whole ids of registered batches.

    Returns:
        Completed, with the number of batches per state; Failed where some could not be walked at
        all, with the codes too, by the name `UNTOUCHED` where that is no fault of theirs, `UNFIT`
        where it is this host's. What became of a batch is in the records, nowhere else.

    Raises:
        SohoaError: `INTERNAL`, a bug, with its frames.
    """
    with contextlib.ExitStack() as stack:
        try:
            host = stack.enter_context(at_work())
            with masked():
                require_fit(host.ports)
        except SohoaError as error:
            if error.code == "INTERNAL":
                raise
            name = UNTOUCHED if error.retryable else UNFIT
            return Failed(name=name, message=f"{error.code} {len(batch_ids)}")
        return _ended(_walk(host, batch_ids))


def _walk(host: Services, batch_ids: Sequence[str]) -> list[tuple[str, SohoaError | None]]:
    """Batches by their state, and by what kept them from being walked."""
    at_once, most = host.settings.ocr.at_once, host.settings.flows.pages_per_chunk
    pool: ThreadPoolTaskRunner[Any] = ThreadPoolTaskRunner(max_workers=at_once)
    with pool:
        runner = TaskRunner(pool, most=most, at_once=at_once)
        walked = [_walked(host.batches, batch_id, runner) for batch_id in batch_ids]
        with contextlib.suppress(SohoaError):  # a courtesy: the walks are done, a later run sweeps
            clear(host.ports)
    return walked


def _ended(walked: Sequence[tuple[str, SohoaError | None]]) -> State[Any]:
    """How the run ended: an error that may pass by itself says nothing against a batch."""
    errors = [error for _, error in walked if error is not None]
    told = Counter(state for state, _ in walked) + Counter(error.code for error in errors)
    message = ", ".join(f"{name} {count}" for name, count in sorted(told.items()))
    if not errors:
        return Completed(message=message)
    passing = all(error.retryable for error in errors)
    return Failed(message=message, name=UNTOUCHED if passing else None)


def _walked(batches: Batches, batch_id: str, runner: TaskRunner) -> tuple[str, SohoaError | None]:
    """Walk one batch; its state, and what kept it from being walked.

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
        return "UNTOUCHED", error
