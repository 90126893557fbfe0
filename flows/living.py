"""The process of a run: what it works with, and the claim by which others see that it lives.

Every flow does all its work inside of `at_work`. May not come in: what a flow does.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from prefect.runtime import flow_run

from flows.host import services
from flows.masking import masked
from flows.runs import claim_of
from flows.services import Services


@contextlib.contextmanager
def at_work() -> Iterator[Services]:
    """This process's services, while the run at hand counts as living.

    Raises:
        SohoaError: whatever went wrong inside, masked.
    """
    with masked():
        host = services()
        with host.ports.claims.claim(this_run(), wait=True):
            yield host


def this_run() -> str:
    """Name of the claim of the run at hand."""
    return claim_of(str(flow_run.id))
