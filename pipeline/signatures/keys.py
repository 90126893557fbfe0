"""A signing key from a PKCS#12 file, opened once and held in memory.

May not come in: which file is used, whether its certificate may sign (`certificates`).
"""

from __future__ import annotations

from pathlib import Path

from asn1crypto import pkcs12 as asn1_pkcs12
from asn1crypto import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, pkcs12
from pyhanko.sign.signers.pdf_cms import Signer
from pyhanko_certvalidator.registry import SimpleCertificateStore

from pipeline.errors import CertificateRejected, ConfigError, KeyUnavailable
from pipeline.signatures.certificates import common_name

_LARGEST_FILE = 1024 * 1024
_HASHES: dict[str, type[hashes.HashAlgorithm]] = {
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
}


class HeldKey(Signer):
    """An RSA or EC private key with its certificate and chain.

    The key is checked once when it is opened, not for every signature.
    """

    def __init__(
        self,
        private: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey,
        certificate: x509.Certificate,
        chain: tuple[x509.Certificate, ...] = (),
    ) -> None:
        """Bind; roots of the chain are not embedded into signatures."""
        known = SimpleCertificateStore()
        known.register_multiple(chain)
        super().__init__(signing_cert=certificate, cert_registry=known, embed_roots=False)
        self._private = private
        self.certificate = certificate
        self.chain = chain

    @property
    def common_name(self) -> str:
        """Of the certificate's subject."""
        return common_name(self.certificate)

    async def async_sign_raw(
        self,
        data: bytes,
        digest_algorithm: str,
        dry_run: bool = False,  # noqa: FBT001, FBT002
    ) -> bytes:
        """RSASSA-PKCS1-v1_5 or ECDSA over the data; see pyHanko's `Signer`."""
        digest = _HASHES[digest_algorithm]()
        if isinstance(self._private, rsa.RSAPrivateKey):
            return self._private.sign(data, padding.PKCS1v15(), digest)
        return self._private.sign(data, ec.ECDSA(digest))


def open_pkcs12(path: Path, password: str | None) -> HeldKey:
    """Open a PKCS#12 file.

    Raises:
        KeyUnavailable: `KEY_FILE_MISSING` (a token that is not plugged in).
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
    return HeldKey(held.key, certificate, tuple(chain))
