"""Hands `doctor` the parts of a home to ask. May not come in: judgement of what they answer."""

from __future__ import annotations

import contextlib

from app.doctor import CertificateFacts, Finding, ModelFacts, Probes, examine, program_output
from flows.services import Services
from pipeline.errors import SohoaError
from pipeline.sharing import ERASED
from storage.records import needs_upgrade
from storage.records.schema import HEAD


def inspect(services: Services) -> tuple[Finding, ...]:
    """Look at every part of the installation behind some services."""
    ports, settings = services.ports, services.settings
    with contextlib.suppress(SohoaError):  # what is wrong shows in the findings
        ports.ensure_index()

    def model() -> ModelFacts:
        chosen = ports.ocr_model()
        return ModelFacts(name=chosen.name, verified=chosen.verified)

    def certificate() -> CertificateFacts:
        return CertificateFacts(
            development=ports.signer.development,
            not_before=ports.signer.validity[0],
            not_after=ports.signer.validity[1],
        )

    def immutability() -> str:
        backing = ports.workspace.backing if settings.archive.work_bucket else None
        if backing is not None:
            next(iter(backing.list(ERASED)), None)
        return ports.store.immutability

    return examine(
        settings,
        Probes(
            model=model,
            font=ports.stamp_font,
            catalogue=lambda: ports.catalogue.version,
            immutability=immutability,
            records_versions=lambda: ("–" if needs_upgrade(ports.database_url) else HEAD, HEAD),
            indexed=lambda: ports.index.count(),
            certificate=certificate,
            now=ports.clock.now,
            run=program_output,
        ),
    )
