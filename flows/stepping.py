"""Steps of the chain as Prefect tasks: one a step, or one a chunk of pages.

Tasks are given ids and find the rest in `flows.host`. A failure that may pass is tried again
twice, soon: a service that stays away is waited for by the dispatcher, not by a run. May not
come in: what a step does, what becomes of a batch.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

from prefect import Task, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.task_runners import ThreadPoolTaskRunner

from flows.host import services
from flows.masking import masked
from pipeline.errors import BatchBusy, KeyUnavailable, SohoaError
from pipeline.run.steps import STEPS, Step
from pipeline.run.work import Work

_RETRY_SECONDS: Final = [1.0, 5.0]
_BY_NAME: Final = {step.name: step for step in STEPS}


class TaskRunner:
    """Port-like `pipeline.run.steps.Runner`: every step is a task of the flow at hand."""

    def __init__(self, pool: ThreadPoolTaskRunner[Any], *, most: int, at_once: int) -> None:
        """Chunks go to `pool`.

        Args:
            pool: started; at most `at_once` tasks run in it at a time.
            most: pages of a chunk, at most.
            at_once: chunks that can be in work.
        """
        self._pool = pool
        self._most = most
        self._at_once = at_once

    def __call__(self, step: Step, work: Work) -> bool | None:
        """See `Runner`.

        Raises:
            SohoaError: the step failed; of several chunks, the first that did.
        """
        if step.by_page is None:
            return TASKS[step.name](work.batch_id, step.name)
        pages = [page.index for page in step.by_page.todo(work)]
        futures = [
            self._pool.submit(
                TASKS[step.name],
                {"batch_id": work.batch_id, "step": step.name, "pages": chunk},
            )
            for chunk in chunks(pages, most=self._most, at_once=self._at_once)
        ]
        for future in futures:
            future.wait()
        for future in futures:
            future.result()
        return None


def chunks(pages: Sequence[int], *, most: int, at_once: int) -> list[list[int]]:
    """Pages in chunks of about the same size, none above `most`, so that no reader stands idle."""
    if not pages:
        return []
    rounds = math.ceil(len(pages) / (most * at_once))
    size = math.ceil(len(pages) / (rounds * at_once))
    return [list(pages[start : start + size]) for start in range(0, len(pages), size)]


def run_step(batch_id: str, step: str, pages: list[int] | None = None) -> bool | None:
    """Run a step of a batch.

    Args:
        batch_id: whole id.
        step: its name.
        pages: only for these, by their index; None: the whole step.
    """
    with masked():
        chosen, work = _BY_NAME[step], _work(batch_id)
        if pages is None or chosen.by_page is None:
            return chosen.run(work)
        for page in chosen.by_page.todo(work):
            if page.index in pages:
                chosen.by_page.act(work, page)
        return None


def _work(batch_id: str) -> Work:
    ports = services().ports
    return Work(tools=ports, batch=ports.records.batch(batch_id).batch)


def worth_another_try(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> bool:
    """True for failures that may pass within seconds; a key or a busy batch does not."""
    error = state.data
    return (
        isinstance(error, SohoaError)
        and error.retryable
        and not isinstance(error, KeyUnavailable | BatchBusy)
    )


TASKS: Final = {
    step.name: task(
        name=step.name,
        persist_result=False,
        cache_policy=NO_CACHE,
        log_prints=False,
        retries=len(_RETRY_SECONDS),
        retry_delay_seconds=_RETRY_SECONDS,
        retry_condition_fn=worth_another_try,
    )(run_step)
    for step in STEPS
}
"""The task of every step, by its name."""
