"""Whether this host can do what a run asks of it, asked before the first batch is touched.

What is wrong with a host (no model, no font, a wrong PIN, a bucket it may not use) is not wrong
with a batch: found in mid-work it would leave each batch waiting for a person. Found here it ends
the run, and the batches go to another host. What may pass by itself is left to the work, which
knows how to wait for it. May not come in: what is wrong with papers.
"""

from __future__ import annotations

from flows.wiring import Ports
from pipeline.errors import CertificateRejected, ConfigError, MissingToolError, SohoaError


def require_fit(ports: Ports) -> None:
    """Look at all that every batch needs of its host: reading, archive, stamp, keys, trust.

    Raises:
        ConfigError, MissingToolError, CertificateRejected: this host cannot do the work.
    """
    for look in (
        lambda: ports.catalogue,
        lambda: ports.engine,
        lambda: ports.stamp_font(),
        lambda: ports.store.immutability,
        lambda: ports.signing.require_usable(),
    ):
        try:
            look()
        except (ConfigError, MissingToolError, CertificateRejected):
            raise
        except SohoaError as error:
            if not error.retryable:
                raise
