"""Turns settings into a signer and a judge: which key, which font, which roots.

The only place that knows all parts of this package. May not come in: signing itself.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from pathlib import Path

from pipeline.errors import CertificateRejected
from pipeline.settings import Settings, SigningSettings
from pipeline.signatures.devpki import (
    development_pki,
    ensure_development_pki,
    is_development,
)
from pipeline.signatures.font import StampFonts, find_font
from pipeline.signatures.geometry import StampSize
from pipeline.signatures.judging import PdfSignatureJudge
from pipeline.signatures.keys import open_pkcs12
from pipeline.signatures.signer import Pkcs12Signer, StampProfile
from pipeline.signatures.trust import TrustAnchors, read_pem

_FONT_CACHE = "cache/fonts"


def system_now() -> dt.datetime:
    """The machine's time, UTC."""
    return dt.datetime.now(dt.UTC)


def build_signer(settings: Settings, now: Callable[[], dt.datetime] = system_now) -> Pkcs12Signer:
    """The signer of the settings: the officer's PKCS#12 file, else the development PKI.

    Opens the key, so build it only when something is to be signed.

    Raises:
        CertificateRejected: `DEVELOPMENT_PKI_IN_PRODUCTION`, `KEY_ALGORITHM`.
        KeyUnavailable: `KEY_FILE_MISSING`.
        ConfigError: `KEY_FILE_UNREADABLE`, `KEY_PASSWORD_WRONG`, `DEVELOPMENT_PKI_BROKEN`.
        MissingToolError: `FONT_MISSING`.
    """
    signing = settings.signing
    profile = _profile(settings, signing)
    if signing.pkcs12 is not None:
        secret = signing.password.get_secret_value() if signing.password else None
        key = open_pkcs12(settings.resolve(signing.pkcs12), secret)
        development = is_development(key.certificate)
        if development and settings.production:
            raise CertificateRejected("DEVELOPMENT_PKI_IN_PRODUCTION")
        return Pkcs12Signer(key, profile, development=development)
    if settings.production:
        raise CertificateRejected("DEVELOPMENT_PKI_IN_PRODUCTION")
    pki = ensure_development_pki(settings.home, now())
    return Pkcs12Signer(open_pkcs12(pki.officer_p12, None), profile, development=True)


def load_trust(settings: Settings, further: Sequence[Path] = ()) -> TrustAnchors:
    """Trusted roots: those of the settings, those given, and in development its own root.

    A root of any development PKI is known as such, and in production it is not taken from anyone.

    Args:
        settings: `signing.trust`, environment and home.
        further: PEM files of `verify --trust`.

    Raises:
        ConfigError: `TRUST_UNREADABLE`.
    """
    files = [settings.resolve(path) for path in settings.signing.trust] + list(further)
    own = development_pki(settings.home).root_pem
    if not settings.production and own.is_file():
        files.append(own)
    given = [certificate for file in files for certificate in read_pem(file)]
    roots = [root for root in given if not (settings.production and is_development(root))]
    return TrustAnchors(
        roots=tuple(roots),
        development=tuple(root for root in roots if is_development(root)),
        revocation_required=settings.production,
    )


def build_judge(
    settings: Settings,
    further: Sequence[Path] = (),
    now: Callable[[], dt.datetime] = system_now,
) -> PdfSignatureJudge:
    """The judge of the settings; see `load_trust`."""
    return PdfSignatureJudge(load_trust(settings, further), now)


def _profile(settings: Settings, signing: SigningSettings) -> StampProfile:
    font = find_font(settings.resolve(signing.font) if signing.font else None)
    return StampProfile(
        agency=signing.agency,
        size=StampSize(
            width_mm=signing.stamp_width_mm,
            height_mm=signing.stamp_height_mm,
            margin_mm=signing.stamp_margin_mm,
        ),
        fonts=StampFonts(font, settings.home / _FONT_CACHE),
    )
