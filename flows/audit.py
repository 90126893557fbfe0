"""Flow `audit`: pages = records = archive = index, chain whole; findings fail the run."""

from __future__ import annotations

from collections import Counter
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from flows.host import services
from flows.masking import masked


@flow(name="audit", persist_result=False, log_prints=False)
def audit() -> State[Any]:
    """Audit the archive.

    Returns:
        Failed with the number of findings per code where something is not as it should be.
    """
    with masked():
        report = services().audit()
    codes = Counter(finding.code for finding in report.findings if finding.failure)
    if report.ok:
        return Completed(message=f"components {report.counts.components}")
    return Failed(message=", ".join(f"{code} {count}" for code, count in sorted(codes.items())))
