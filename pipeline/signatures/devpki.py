"""The development PKI: a root and an officer's certificate of no legal value, made on first use.

Lies in `pki/` of the home (mode 0700): `root.pem` readable, keys mode 0600. Made whole beside its
place and renamed, under a lock: neither a second process nor a kill leaves half of it. The
officer's certificate is renewed under the same root, so that earlier signatures stay trusted.
May not come in: anything that an office could mistake for real.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import fcntl
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    pkcs12,
)
from cryptography.x509.oid import NameOID

from pipeline.errors import ConfigError
from pipeline.workspace import write_atomically

ROOT_NAME = "Sohoa development root (no legal value)"
OFFICER_NAME = "Sohoa development officer (no legal value)"
_ORGANISATION = "Sohoa development"

_ROOT_LIFE = dt.timedelta(days=365 * 20)
_OFFICER_LIFE = dt.timedelta(days=365 * 2)
_RENEW_BEFORE = dt.timedelta(days=1)
_BACKDATED = dt.timedelta(hours=1)
_KEY_BITS = 2048


@dataclass(frozen=True, slots=True)
class DevelopmentPki:
    """Where the parts lie."""

    folder: Path

    @property
    def root_pem(self) -> Path:
        """The root's certificate, for `verify --trust` and readers."""
        return self.folder / "root.pem"

    @property
    def root_key(self) -> Path:
        """The root's private key."""
        return self.folder / "root.key"

    @property
    def officer_p12(self) -> Path:
        """The officer's key and certificate, PKCS#12 without password (mode 0600)."""
        return self.folder / "officer.p12"


def development_pki(home: Path) -> DevelopmentPki:
    """Where the development PKI of a home lies, whether or not it has been made."""
    return DevelopmentPki(home / "pki")


def is_development(certificate: asn1_x509.Certificate) -> bool:
    """True for what the development PKI of any home issued, its root included.

    Its names are told apart, not its keys: a key that was copied elsewhere stays worthless.
    """
    return bool(certificate.issuer.native.get("common_name") == ROOT_NAME)


def ensure_development_pki(home: Path, now: dt.datetime) -> DevelopmentPki:
    """The development PKI, made on first use; the officer's certificate renewed when it expires.

    Raises:
        ConfigError: `DEVELOPMENT_PKI_BROKEN` where its files cannot be read.
    """
    pki = development_pki(home)
    if not _usable(pki, now):
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        with _alone(home):
            if not pki.folder.exists():
                _make(pki, now)
            elif not _usable(pki, now):
                _renew(pki, now)
    return pki


def _usable(pki: DevelopmentPki, now: dt.datetime) -> bool:
    try:
        data = pki.officer_p12.read_bytes()
        pki.root_pem.read_bytes()
        held = pkcs12.load_pkcs12(data, None).cert
    except (OSError, ValueError):
        return False
    return held is not None and held.certificate.not_valid_after_utc - _RENEW_BEFORE > now


def _make(pki: DevelopmentPki, now: dt.datetime) -> None:
    made = DevelopmentPki(pki.folder.with_name(".pki-new"))
    shutil.rmtree(made.folder, ignore_errors=True)
    made.folder.mkdir(mode=0o700)
    key = rsa.generate_private_key(public_exponent=65537, key_size=_KEY_BITS)
    root = _root(key, now)
    write_atomically(
        made.root_key, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    write_atomically(made.root_pem, root.public_bytes(Encoding.PEM), mode=0o644)
    write_atomically(made.officer_p12, _officer(root, key, now))
    made.folder.rename(pki.folder)


def _renew(pki: DevelopmentPki, now: dt.datetime) -> None:
    try:
        root = x509.load_pem_x509_certificate(pki.root_pem.read_bytes())
        key = load_pem_private_key(pki.root_key.read_bytes(), None)
    except (OSError, ValueError, TypeError) as error:
        raise ConfigError("DEVELOPMENT_PKI_BROKEN", folder=pki.folder.name) from error
    if not isinstance(key, rsa.RSAPrivateKey) or root.public_key() != key.public_key():
        raise ConfigError("DEVELOPMENT_PKI_BROKEN", folder=pki.folder.name)
    write_atomically(pki.officer_p12, _officer(root, key, now))


def _name(common: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "VN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, _ORGANISATION),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


def _root(key: rsa.RSAPrivateKey, now: dt.datetime) -> x509.Certificate:
    name = _name(ROOT_NAME)
    return (
        _certificate(name, name, key.public_key(), now, _ROOT_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(certificates=True), critical=True)
        .sign(key, hashes.SHA256())
    )


def _officer(root: x509.Certificate, root_key: rsa.RSAPrivateKey, now: dt.datetime) -> bytes:
    key = rsa.generate_private_key(public_exponent=65537, key_size=_KEY_BITS)
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key())
    certificate = (
        _certificate(_name(OFFICER_NAME), root.subject, key.public_key(), now, _OFFICER_LIFE)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(certificates=False), critical=True)
        .add_extension(issuer, critical=False)
        .sign(root_key, hashes.SHA256())
    )
    return pkcs12.serialize_key_and_certificates(
        OFFICER_NAME.encode(), key, certificate, None, NoEncryption()
    )


def _certificate(
    subject: x509.Name,
    issuer: x509.Name,
    key: rsa.RSAPublicKey,
    now: dt.datetime,
    life: dt.timedelta,
) -> x509.CertificateBuilder:
    begin = now.astimezone(dt.UTC) - _BACKDATED
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + life)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _usage(*, certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not certificates,
        content_commitment=not certificates,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=certificates,
        crl_sign=certificates,
        encipher_only=False,
        decipher_only=False,
    )


@contextlib.contextmanager
def _alone(home: Path) -> Iterator[None]:
    """Only one process makes or renews; the lock of a dead one is free at once."""
    with (home / ".pki.lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
