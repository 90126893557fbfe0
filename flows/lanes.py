"""Lanes: papers that somebody waits for go before the backfill. No Prefect in here."""

from __future__ import annotations

from enum import StrEnum

from pipeline.models.batch import Batch, Channel


class Lane(StrEnum):
    """A work queue of the pool, and the deployment that feeds it (`prefect.yaml`)."""

    ONE_STOP = "one-stop"
    BACKFILL = "backfill"


UPKEEP = "upkeep"
"""Queue of the flows that keep the archive honest: a long backfill must not put them off."""

PRIORITY = {Lane.ONE_STOP.value: 1, UPKEEP: 2, Lane.BACKFILL.value: 3}
"""Of every queue of the pool; lower goes first."""


def lane_of(batch: Batch) -> Lane:
    """The lane of a batch, by the channel that its papers came by."""
    return Lane.BACKFILL if batch.terms.channel is Channel.BACKFILL else Lane.ONE_STOP
