"""Flow `audit`: pages = records = archive = index, chain whole; findings fail the run."""

from __future__ import annotations

from collections import Counter
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from flows.living import at_work


@flow(name="audit", persist_result=False, log_prints=False)
def audit() -> State[Any]:
    """Audit the archive.

    Returns:
        Failed with the number of findings per code where something is not as it should be.
    """
    with at_work() as host:
        report = host.audit()
    codes = Counter(finding.code for finding in report.findings if finding.failure)
    if report.ok:
        return Completed(message=f"components {report.counts.components}")
    return Failed(message=", ".join(f"{code} {count}" for code, count in sorted(codes.items())))
