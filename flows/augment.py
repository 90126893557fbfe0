"""Flow `augment`: signatures that could not get their timestamp are raised, ageing ones renewed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed

from flows.host import services
from flows.masking import masked
from pipeline.errors import WorkflowError
from pipeline.models.actors import Actor


@runtime_checkable
class _Augments(Protocol):
    def augment(self, actor: Actor, *, codes: Sequence[str] = (), limit: int | None = None) -> Any:
        """Raise what is due."""
        ...


@flow(name="augment", persist_result=False, log_prints=False)
def augment(codes: list[str] | None = None, limit: int | None = None) -> State[Any]:
    """Raise signatures that are due.

    Args:
        codes: dossier codes; none: whatever is due.
        limit: most components of this run.
    """
    with masked():
        host = services()
        if not isinstance(host, _Augments):
            raise WorkflowError
        host.augment(host.actor(), codes=codes or (), limit=limit)
    return Completed()
