"""Hands `doctor` the parts of a home to ask. May not come in: judgement of what they answer."""

from __future__ import annotations

import contextlib

from app.doctor import (
    CertificateFacts,
    Finding,
    ModelFacts,
    PageModelFacts,
    Probes,
    TokenFacts,
    examine,
    program_output,
)
from flows.services import Services
from pipeline.adapters.tesseract_engines import library_version
from pipeline.errors import SohoaError
from pipeline.ids import shown
from pipeline.sharing import ERASED
from storage.records import look
from storage.records.schema import HEAD


def inspect(services: Services, *, scanners: bool = False) -> tuple[Finding, ...]:
    """Look at every part of the installation behind some services.

    Args:
        services: whose parts.
        scanners: also ask which scanners answer, which takes some seconds.
    """
    ports, settings = services.ports, services.settings
    with contextlib.suppress(SohoaError):  # what is wrong shows in the findings
        ports.ensure_index()

    def model() -> ModelFacts:
        chosen = ports.ocr_model()
        calibrated = ports.calibration.of(ports.engine.identity)
        return ModelFacts(chosen.name, verified=chosen.verified, calibrated=calibrated)

    def page_models() -> PageModelFacts:
        used = ports.page_models
        return PageModelFacts(name=shown(used.identity), outdated=used.outdated)

    def certificate() -> CertificateFacts:
        signer = ports.signing.signers.of(settings.officer)
        not_before, not_after = signer.validity
        return CertificateFacts(signer.development, not_before, not_after)

    def token() -> TokenFacts:
        signers = ports.signing.signers
        pkcs11 = settings.signing.pkcs11
        ends = [signers.of(officer).validity[1] for officer in (pkcs11.keys if pkcs11 else ())]
        return TokenFacts(len(ends), min(ends, default=ports.clock.now()))

    def records_versions() -> tuple[str, str]:
        found = look(ports.database_url, settings.database.password)
        return f"{found.product} · {found.revision or '–'}", f"{found.product} · {HEAD}"

    def attached() -> tuple[str, ...]:
        return tuple(str(device.identity) for device in services.scans.devices())

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
            records_versions=records_versions,
            indexed=lambda: ports.index.count(),
            certificate=certificate,
            token=token,
            timestamps=ports.signing.timestamps_until,
            now=ports.clock.now,
            run=program_output,
            library=library_version,
            page_models=page_models,
            scanners=attached if scanners else None,
        ),
    )
