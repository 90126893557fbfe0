"""Keys that are held: what signing asks of one, and the one from a PKCS#12 file.

The key on a token is in `token_keys`. May not come in: which key is used, whether its certificate
may sign (`certificates`), CMS.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol

from asn1crypto import pkcs12 as asn1_pkcs12
from asn1crypto import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, load_der_public_key, pkcs12

from pipeline.errors import CertificateRejected, ConfigError, KeyUnavailable

_LARGEST_FILE = 1024 * 1024
DIGEST: Final = "sha256"
"""Of documents and of signed attributes; keys sign with it."""


class HeldKey(Protocol):
    """A private key with its certificate; where the key lies is its own affair."""

    @property
    def certificate(self) -> x509.Certificate:
        """The holder's certificate."""
        ...

    @property
    def chain(self) -> tuple[x509.Certificate, ...]:
        """Its issuers as far as known, the nearest first."""
        ...

    def sign(self, data: bytes) -> bytes:
        """RSASSA-PKCS1-v1_5, or ECDSA as DER, over the data with SHA-256.

        Raises:
            KeyUnavailable: the key cannot be reached now.
        """
        ...


class Pkcs12Key:
    """An RSA or EC key in memory; checked once when it is opened."""

    def __init__(
        self,
        private: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey,
        certificate: x509.Certificate,
        chain: Sequence[x509.Certificate] = (),
    ) -> None:
        """Bind a key to its certificate."""
        self._private = private
        self.certificate = certificate
        self.chain = issuers_of(certificate, chain)

    def sign(self, data: bytes) -> bytes:
        """See `HeldKey`."""
        if isinstance(self._private, rsa.RSAPrivateKey):
            return self._private.sign(data, padding.PKCS1v15(), hashes.SHA256())
        return self._private.sign(data, ec.ECDSA(hashes.SHA256()))


def issuers_of(
    certificate: x509.Certificate, pool: Sequence[x509.Certificate]
) -> tuple[x509.Certificate, ...]:
    """The issuers of a certificate that a pool holds, the nearest first; roots stay out.

    Names and key identifiers are compared; signatures are for those who trust.
    """
    found: list[x509.Certificate] = []
    last = certificate
    while last.self_issued is False and len(found) <= len(pool):
        wanted = last.authority_key_identifier
        issuer = next(
            (
                one
                for one in pool
                if one.subject == last.issuer
                and (wanted is None or one.key_identifier in (None, wanted))
            ),
            None,
        )
        if issuer is None or issuer.self_issued:
            break
        found.append(issuer)
        last = issuer
    return tuple(found)


def key_algorithm(certificate: x509.Certificate) -> str:
    """`rsa` or `ec`.

    Raises:
        CertificateRejected: `KEY_ALGORITHM` for any other kind of key.
    """
    algorithm = certificate.public_key.algorithm
    if algorithm not in ("rsa", "ec"):
        raise CertificateRejected("KEY_ALGORITHM")
    return str(algorithm)


def fits(certificate: x509.Certificate, data: bytes, signature: bytes) -> bool:
    """True where a signature (as of `HeldKey.sign`) was made with the certificate's key."""
    try:
        public = load_der_public_key(certificate.public_key.dump())
        if isinstance(public, rsa.RSAPublicKey):
            public.verify(signature, data, padding.PKCS1v15(), hashes.SHA256())
        elif isinstance(public, ec.EllipticCurvePublicKey):
            public.verify(signature, data, ec.ECDSA(hashes.SHA256()))
        else:
            return False
    except (InvalidSignature, ValueError):
        return False
    return True


def open_pkcs12(path: Path, password: str | None) -> Pkcs12Key:
    """Open a PKCS#12 file.

    Raises:
        KeyUnavailable: `KEY_FILE_MISSING` (a medium that is not plugged in).
        ConfigError: `KEY_FILE_UNREADABLE` (no PKCS#12, or no key in it) or `KEY_PASSWORD_WRONG`.
        CertificateRejected: `KEY_ALGORITHM` (neither RSA nor EC).
    """
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST_FILE)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise KeyUnavailable("KEY_FILE_MISSING", file=path.name) from error
    except OSError as error:
        raise ConfigError("KEY_FILE_UNREADABLE", file=path.name) from error
    try:
        asn1_pkcs12.Pfx.load(data)["auth_safe"]["content"]
    except (ValueError, TypeError) as error:
        raise ConfigError("KEY_FILE_UNREADABLE", file=path.name) from error
    try:
        held = pkcs12.load_pkcs12(data, password.encode() if password else None)
    except (ValueError, TypeError) as error:
        raise ConfigError("KEY_PASSWORD_WRONG", file=path.name) from error
    if held.key is None or held.cert is None:
        raise ConfigError("KEY_FILE_UNREADABLE", file=path.name)
    if not isinstance(held.key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise CertificateRejected("KEY_ALGORITHM")
    certificate, *chain = (
        x509.Certificate.load(one.certificate.public_bytes(Encoding.DER))
        for one in (held.cert, *held.additional_certs)
    )
    return Pkcs12Key(held.key, certificate, chain)
