"""`STEPS`, and the one function that walks them."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from pipeline.models.batch import BatchState
from pipeline.run import archive, capture, making, splitting
from pipeline.run.work import Tools, Work


class Step(NamedTuple):
    """One step: a name for progress and logs, and what it does.

    `run` gives True where the batch is held and waits for a person.
    """

    name: str
    run: Callable[[Work], bool | None]


STEPS: tuple[Step, ...] = (
    Step("unpack", capture.unpack),
    Step("imaging", capture.look),
    Step("recognition", capture.read),
    Step("splitting", splitting.split),
    Step("registering", making.register),
    Step("assembly", making.assemble),
    Step("signing", making.sign),
    Step("extraction", making.extract),
    Step("coding", making.code),
    Step("archiving", archive.archive),
)
"""In order. A held batch starts again at the first; what is published is not made twice."""


def advance(tools: Tools, batch_id: str) -> BatchState:
    """Walk a batch as far as it goes.

    Args:
        tools: the ports.
        batch_id: a registered batch.

    Returns:
        ARCHIVED, or NEEDS_REVIEW where a person must answer first.

    Raises:
        SohoaError: a step failed; the caller decides what state that is. Work is kept.
    """
    record = tools.records.batch(batch_id)
    if record.state in (BatchState.ARCHIVED, BatchState.SUPERSEDED, BatchState.QUARANTINED):
        return record.state
    work = Work(tools=tools, batch=record.batch)
    work.share()
    for step in STEPS:
        if step.run(work):
            if record.state is not BatchState.NEEDS_REVIEW:
                tools.records.set_state(
                    batch_id, BatchState.NEEDS_REVIEW, [work.event("batch.held")]
                )
            return BatchState.NEEDS_REVIEW
    return BatchState.ARCHIVED
