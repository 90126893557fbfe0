"""Runs as the dispatcher sees them, whoever hands them out. No Prefect in here."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final, Protocol

from flows.lanes import Lane

UNTOUCHED: Final = "Untouched"
"""Name of the state of a run that failed, with its process well, and left its batches alone."""
UNFIT: Final = "Unfit"
"""The same of a run whose host cannot do the work; its message begins with the error's code."""


class Phase(Enum):
    """How far a run is, by the server's account."""

    QUEUED = auto()
    """No process has been started."""
    STARTING = auto()
    STARTED = auto()
    DEAD = auto()
    """It failed, crashed or was cancelled."""


@dataclass(frozen=True, slots=True)
class Run:
    """A run of one of Sohoa's flows."""

    run_id: str
    batch_ids: tuple[str, ...]
    """None for runs that look after the archive."""
    phase: Phase
    since: dt.datetime
    """When it came to this phase."""
    lane: Lane
    """Where it waits, or waited."""
    untouched: bool = False
    """It ended of its own accord, for what is no fault of its batches (`UNTOUCHED`, `UNFIT`)."""
    unfit: str | None = None
    """Code of what its host lacks, None where that is not why it ended."""


class Runs(Protocol):
    """Hands out runs.

    Raises (all methods): FlowsUnavailable; ConfigError `FLOWS_NOT_DEPLOYED`, `FLOWS_DENIED`.
    """

    def unfinished(self) -> tuple[Run, ...]:
        """Runs that are queued, starting or started."""
        ...

    def dead(self, after: dt.datetime) -> tuple[Run, ...]:
        """Runs that died after a moment."""
        ...

    def submit(self, batch_ids: Sequence[str], lane: Lane) -> None:
        """A new run for these batches, in order."""
        ...

    def bury(self, run_id: str) -> None:
        """Say that a run's process is gone."""
        ...

    def keep_time(self, now: dt.datetime) -> None:
        """Make the next run of what is done by the clock; it may be there."""
        ...

    def deploy(self) -> None:
        """Make pool, queues and deployments known; they may be there."""
        ...


def claim_of(run_id: str) -> str:
    """Name of the claim that a run's process holds as long as it lives."""
    return f"run:{run_id}"


def portions(batch_ids: Sequence[str], most: int) -> Iterator[Sequence[str]]:
    """Batches by the run, in order, at most so many each."""
    for start in range(0, len(batch_ids), most):
        yield batch_ids[start : start + most]
