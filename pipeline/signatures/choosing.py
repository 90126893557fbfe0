"""Turns settings into signers, an augmenter and a judge: which keys, which font, which roots.

The only place that knows all parts of this package. May not come in: signing itself.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable, Sequence
from functools import cached_property, partial
from pathlib import Path
from urllib.parse import urlsplit

from pipeline.errors import CertificateRejected, ConfigError, KeyUnavailable, TimestampError
from pipeline.models.components import SignatureLevel
from pipeline.models.stamps import StampSize
from pipeline.settings import Pkcs11Settings, Settings
from pipeline.signatures.augmenting import PadesAugmenter
from pipeline.signatures.book import KeyBook, Opening
from pipeline.signatures.countersigning import ArchiveCounterSigner
from pipeline.signatures.data_stamps import DataTimestamps
from pipeline.signatures.devpki import (
    development_pki,
    ensure_development_pki,
    is_development,
)
from pipeline.signatures.finishing import Finisher
from pipeline.signatures.font import StampFonts, find_font
from pipeline.signatures.judging import PdfSignatureJudge
from pipeline.signatures.keys import HeldKey, open_pkcs12
from pipeline.signatures.levels import Authority, Levels
from pipeline.signatures.preparing import StampProfile
from pipeline.signatures.refused_pins import FOLDER, RefusedPins
from pipeline.signatures.revocation import Asking
from pipeline.signatures.signer import HeldKeySigner
from pipeline.signatures.token_keys import Token, TokenPlace
from pipeline.signatures.trust import TrustAnchors, read_pem
from pipeline.signatures.two_step import OutsideSigner
from pipeline.signatures.web import Deadline, Web

_FONT_CACHE = "cache/fonts"


def system_now() -> dt.datetime:
    """The machine's time, UTC."""
    return dt.datetime.now(dt.UTC)


class Signing:
    """Everything that signs, sharing one connection to authorities; each part made on first use.

    Raises (any part): MissingToolError `FONT_MISSING`; ConfigError `TRUST_UNREADABLE`,
    `URL_UNSUPPORTED`.
    """

    def __init__(self, settings: Settings, now: Callable[[], dt.datetime] = system_now) -> None:
        """Bind; no key is opened, nothing asked."""
        self._settings = settings
        self._now = now
        self._web = Web()

    @cached_property
    def signers(self) -> KeyBook:
        """Whose key signs."""
        keys = {**self._file_keys(), **self._token_keys()}
        signing = self._settings.signing
        own = signing.pkcs12 is not None or signing.pkcs11 is not None
        stands_in = not own and not self._settings.production
        return KeyBook(keys, self._for_anybody if stands_in else None, self._signer)

    @cached_property
    def two_step(self) -> OutsideSigner:
        """For keys that are elsewhere."""
        return OutsideSigner(
            self._profile,
            self._finisher,
            self._trust,
            production=self._settings.production,
        )

    @cached_property
    def counter_signer(self) -> ArchiveCounterSigner:
        """Appends the archive's signature.

        Raises:
            ConfigError (when it signs): `ARCHIVE_KEY_NOT_SET`, where the office has not said
                whose key is the archive's; only the development PKI stands in, in development.
            KeyUnavailable, CertificateRejected (when it signs): `KEY_OF_OFFICER_MISSING`,
                `CERTIFICATE_NOT_OF_OFFICER`, where `signing.officers` says whose certificate it is.
        """
        return ArchiveCounterSigner(self._archive, self._now)

    def _archive(self) -> HeldKeySigner:
        account = self._settings.signing.archive
        if account is None and self._settings.production:
            raise ConfigError("ARCHIVE_KEY_NOT_SET", key="signing.archive")
        signer = self.signers.of(account or self._settings.officer)
        bound = self._settings.signing.officers.get(account or "")
        if bound is not None and signer.development:
            raise KeyUnavailable("KEY_OF_OFFICER_MISSING")  # the archive's is elsewhere
        if bound is not None and signer.fingerprint not in bound:
            raise CertificateRejected("CERTIFICATE_NOT_OF_OFFICER")
        return signer

    @property
    def copy_signer(self) -> HeldKeySigner:
        """Signs electronic copies with the agency's key.

        Raises:
            ConfigError: `COPY_KEY_NOT_SET`, where the office has not said whose key is the
                agency's; only the development PKI stands in, in development.
            SohoaError: see `build_signer`.
        """
        account = self._settings.signing.copies
        if account is None and self._settings.production:
            raise ConfigError("COPY_KEY_NOT_SET", key="signing.copies")
        return self.signers.of(account or self._settings.officer)

    @cached_property
    def augmenter(self) -> PadesAugmenter:
        """Raises later what could not be raised at once."""
        return PadesAugmenter(self._levels)

    @cached_property
    def timestamps(self) -> DataTimestamps:
        """Stamps what is no PDF."""
        return DataTimestamps(
            self._web,
            self._authority,
            self._trust,
            now=self._now,
            timeout_seconds=self._settings.tsa.timeout_seconds,
        )

    @cached_property
    def token(self) -> Token | None:
        """The token of the settings.

        Raises:
            ConfigError: `TOKEN_PIN_MISSING`.
        """
        pkcs11 = self._settings.signing.pkcs11
        if pkcs11 is None:
            return None
        if pkcs11.pin is None:
            raise ConfigError("TOKEN_PIN_MISSING", token=pkcs11.token)
        place = TokenPlace(self._settings.resolve(pkcs11.module), pkcs11.token)
        refused = RefusedPins(self._settings.home / FOLDER)
        return Token(place, pkcs11.pin.get_secret_value(), refused)

    def require_usable(self) -> None:
        """Open what signs here, and look at what is trusted, before anything is to be signed.

        Which key an officer has is found when it is needed: one that is wrong is one officer's.

        Raises:
            SohoaError: see `build_signer`; `TRUST_UNREADABLE`.
        """
        _ = self._finisher, self._trust, self._profile, self.signers
        if self.token is not None:
            self.token.open()
        for opening in self._file_keys().values():
            opening()

    def timestamps_until(self) -> dt.datetime:
        """Ask the timestamp authority for a token; the end of its certificate.

        Raises:
            TimestampError: `TIMESTAMP_NOT_SET`, or what is wrong with it.
        """
        if self._levels is None:
            raise TimestampError("TIMESTAMP_NOT_SET")
        return asyncio.run(self._levels.probe())

    def endings(self) -> tuple[dt.datetime, ...]:
        """When certificates end that signed in this process and end within `signing.warn_days`.

        The development PKI renews itself.
        """
        if "signers" not in self.__dict__:
            return ()
        soon = self._now() + dt.timedelta(days=self._settings.signing.warn_days)
        ends = {one.validity[1] for one in self.signers.opened if not one.development}
        return tuple(sorted(end for end in ends if end < soon))

    def close(self) -> None:
        """End connections and the token's session; the next use opens others."""
        self._web.close()
        if "token" in self.__dict__ and self.token is not None:
            self.token.close()

    # -- keys ---------------------------------------------------------------------------------

    def _file_keys(self) -> dict[str, Opening]:
        signing = self._settings.signing
        if signing.pkcs12 is None:
            return {}
        path = self._settings.resolve(signing.pkcs12)
        secret = signing.password.get_secret_value() if signing.password else None
        officer = signing.pkcs12_officer or self._settings.officer
        return {officer: partial(open_pkcs12, path, secret)}

    def _token_keys(self) -> dict[str, Opening]:
        pkcs11, token = self._settings.signing.pkcs11, self.token
        if pkcs11 is None or token is None:
            return {}
        return {
            officer: partial(_token_key, self._settings, token, pkcs11, label)
            for officer, label in pkcs11.keys.items()
        }

    def _for_anybody(self) -> HeldKey:
        pki = ensure_development_pki(self._settings.home, self._now())
        return open_pkcs12(pki.officer_p12, None)

    def _signer(self, key: HeldKey) -> HeldKeySigner:
        if self._settings.production and is_development(key.certificate):
            raise CertificateRejected("DEVELOPMENT_PKI_IN_PRODUCTION")
        return HeldKeySigner(key, self._profile, self._finisher)

    # -- parts --------------------------------------------------------------------------------

    @cached_property
    def _finisher(self) -> Finisher:
        return Finisher(self._levels)

    @cached_property
    def _trust(self) -> TrustAnchors:
        return load_trust(self._settings)

    @cached_property
    def _levels(self) -> Levels | None:
        """None: signatures stay at B-B."""
        wanted = SignatureLevel(f"PAdES-{self._settings.signing.level}")
        if wanted is SignatureLevel.B_B or self._authority is None:
            return None
        return Levels(wanted, self._authority, self._trust, self._web)

    @cached_property
    def _authority(self) -> Authority | None:
        tsa = self._settings.tsa
        if tsa.url is None:
            return None
        if urlsplit(tsa.url).scheme not in ("http", "https"):
            raise ConfigError("URL_UNSUPPORTED", key="tsa.url", scheme="http:")
        return Authority(tsa.url, tsa.timeout_seconds)

    @cached_property
    def _profile(self) -> StampProfile:
        signing = self._settings.signing
        font = find_font(self._settings.resolve(signing.font) if signing.font else None)
        return StampProfile(
            agency=signing.agency,
            size=StampSize(
                width_mm=signing.stamp_width_mm,
                height_mm=signing.stamp_height_mm,
                margin_mm=signing.stamp_margin_mm,
            ),
            fonts=StampFonts(font, self._settings.home / _FONT_CACHE),
        )


def build_signer(settings: Settings, now: Callable[[], dt.datetime] = system_now) -> HeldKeySigner:
    """The signer of the officer of the settings.

    Opens the key, so build it only when something is to be signed.

    Raises:
        CertificateRejected: `DEVELOPMENT_PKI_IN_PRODUCTION`, `KEY_ALGORITHM`.
        KeyUnavailable: `KEY_FILE_MISSING`, `KEY_OF_OFFICER_MISSING`, and those of the token.
        ConfigError: `KEY_FILE_UNREADABLE`, `KEY_PASSWORD_WRONG`, `DEVELOPMENT_PKI_BROKEN`, and
            those of the token.
        MissingToolError: `FONT_MISSING`, `PKCS11_MISSING`.
    """
    return Signing(settings, now).signers.of(settings.officer)


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
    *,
    deep: bool = False,
) -> PdfSignatureJudge:
    """The judge of the settings; see `load_trust`. `deep`: authorities are asked, too."""

    def asking() -> Asking:
        return Asking(Web(), Deadline.within(settings.tsa.timeout_seconds))

    return PdfSignatureJudge(load_trust(settings, further), now, asking if deep else None)


def _token_key(settings: Settings, token: Token, pkcs11: Pkcs11Settings, label: str) -> HeldKey:
    chain = [one for path in pkcs11.chain for one in read_pem(settings.resolve(path))]
    return token.key(label, chain)
