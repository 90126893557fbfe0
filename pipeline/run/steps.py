"""`STEPS`, and the one function that walks them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

from pipeline.models.batch import BatchState
from pipeline.models.pages import RawPage
from pipeline.run import archive, capture, making, splitting
from pipeline.run.work import Tools, Work


class ByPage(NamedTuple):
    """How a step is done in pieces, at several places at once."""

    todo: Callable[[Work], Sequence[RawPage]]
    """Pages that are not done yet."""
    act: Callable[[Work, RawPage], None]
    """Does one; publishes its result."""


class Step(NamedTuple):
    """One step: a name for progress and logs, and what it does.

    `run` gives True where the batch is held and waits for a person.
    """

    name: str
    run: Callable[[Work], bool | None]
    by_page: ByPage | None = None
    """The same in pieces, where that pays; together they do what `run` does."""


Runner: TypeAlias = Callable[[Step, Work], bool | None]
"""Runs a step to its end, here or elsewhere; gives what `Step.run` gives."""


STEPS: tuple[Step, ...] = (
    Step("unpack", capture.unpack),
    Step("imaging", capture.look),
    Step("recognition", capture.read, ByPage(capture.unread, capture.read_page)),
    Step("splitting", splitting.split),
    Step("registering", making.register),
    Step("assembly", making.assemble),
    Step("signing", making.sign),
    Step("extraction", making.extract),
    Step("coding", making.code),
    Step("archiving", archive.archive),
)
"""In order. A held batch starts again at the first; what is published is not made twice."""


def here(step: Step, work: Work) -> bool | None:
    """The `Runner` of the local chain: a plain call."""
    return step.run(work)


def advance(tools: Tools, batch_id: str, runner: Runner = here) -> BatchState:
    """Walk a batch as far as it goes.

    Args:
        tools: the ports.
        batch_id: a registered batch.
        runner: runs each step.

    Returns:
        ARCHIVED, or NEEDS_REVIEW where a person must answer first.

    Raises:
        SohoaError: a step failed, or the claim on the batch was lost between two; the caller
            decides what state that is. Work is kept.
    """
    record = tools.records.batch(batch_id)
    if record.state in (BatchState.ARCHIVED, BatchState.SUPERSEDED, BatchState.QUARANTINED):
        return record.state
    work = Work(tools=tools, batch=record.batch)
    work.share()
    for step in STEPS:
        tools.claims.check(batch_id)
        if runner(step, work):
            if record.state is not BatchState.NEEDS_REVIEW:
                tools.records.set_state(
                    batch_id, BatchState.NEEDS_REVIEW, [work.event("batch.held")]
                )
            return BatchState.NEEDS_REVIEW
    return BatchState.ARCHIVED
