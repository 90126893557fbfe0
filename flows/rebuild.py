"""Flow `rebuild`: index or records anew, from the archive alone."""

from __future__ import annotations

from typing import Any, Literal

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from flows.living import at_work


@flow(name="rebuild", persist_result=False, log_prints=False)
def rebuild(what: Literal["index", "records"] = "index") -> State[Any]:
    """Rebuild what can be had from the archive.

    Args:
        what: `index`: built beside and switched to; `records`: into an empty database.

    Returns:
        Failed with the codes of what could not be read, where there is such.
    """
    with at_work() as host:
        if what == "records":
            report = host.rebuild_records(host.actor())
            return Completed(message=f"dossiers {report.dossiers}, components {report.components}")
        count, faults = host.rebuild_index()
    codes = ", ".join(sorted({fault.code for fault in faults}))
    if faults:
        return Failed(message=f"documents {count}, {codes}")
    return Completed(message=f"documents {count}")
