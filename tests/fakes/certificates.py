"""Officers and authorities that exist only in tests: real keys, small and quick to make."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

TODAY = dt.datetime(2026, 11, 22, 3, 0, tzinfo=dt.UTC)
_YEAR = dt.timedelta(days=365)


@dataclass(frozen=True)
class Officer:
    """A PKCS#12 file, and the root that issued its certificate."""

    pkcs12: Path
    password: str | None
    root_pem: Path

    def held(self) -> tuple[rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, bytes]:
        """Private key and certificate (DER), as they are put onto a token."""
        password = self.password.encode() if self.password else None
        opened = pkcs12.load_pkcs12(self.pkcs12.read_bytes(), password)
        key = opened.key
        assert opened.cert is not None
        assert isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey)
        return key, opened.cert.certificate.public_bytes(Encoding.DER)


def make_officer(
    folder: Path,
    name: str = "Nguyễn Thị Ngọc Huyền",
    *,
    since: dt.datetime = TODAY - _YEAR,
    until: dt.datetime = TODAY + _YEAR,
    may_sign: bool | None = True,
    password: str | None = None,
    kind: str = "p256",
) -> Officer:
    """An officer with a root of their own; `kind` is `p256`, `rsa2048` or `rsa3072`.

    `may_sign` None leaves keyUsage out, False gives one for encryption only.
    """
    folder.mkdir(parents=True, exist_ok=True)
    root_key = ec.generate_private_key(ec.SECP256R1())
    key = new_key(kind)
    root_name = _name(f"Root of {name}")
    root = (
        _builder(root_name, root_name, root_key, TODAY - 5 * _YEAR, TODAY + 5 * _YEAR)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(_usage(key_cert_sign=True, crl_sign=True), critical=True)
        .sign(root_key, hashes.SHA256())
    )
    builder = _builder(_name(name), root_name, key, since, until).add_extension(
        x509.BasicConstraints(ca=False, path_length=None), critical=True
    )
    if may_sign is not None:
        usage = (
            _usage(digital_signature=True, content_commitment=True)
            if may_sign
            else _usage(key_encipherment=True)
        )
        builder = builder.add_extension(usage, critical=True)
    certificate = builder.sign(root_key, hashes.SHA256())
    protection = BestAvailableEncryption(password.encode()) if password else NoEncryption()
    data = pkcs12.serialize_key_and_certificates(b"officer", key, certificate, [root], protection)
    (folder / "officer.p12").write_bytes(data)
    (folder / "root.pem").write_bytes(root.public_bytes(Encoding.PEM))
    return Officer(folder / "officer.p12", password, folder / "root.pem")


def new_key(kind: str) -> rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey:
    """A key of this kind."""
    if kind.startswith("rsa"):
        return rsa.generate_private_key(public_exponent=65537, key_size=int(kind[3:]))
    return ec.generate_private_key(ec.SECP256R1())


@dataclass(frozen=True)
class Authority:
    """A timestamp authority that is its own root, DER."""

    certificate: bytes
    key: bytes


def make_timestamp_authority() -> Authority:
    """Issued to itself; trusted by those who trust its certificate."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = _name("Timestamp authority of tests")
    certificate = (
        _builder(name, name, key, TODAY - 5 * _YEAR, TODAY + 5 * _YEAR)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(digital_signature=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
        .sign(key, hashes.SHA256())
    )
    return Authority(
        certificate.public_bytes(Encoding.DER),
        key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()),
    )


def make_server_certificate(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """TLS for 127.0.0.1, valid today, and the PEM file of who issued it: itself."""
    now = dt.datetime.now(dt.UTC)
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name("127.0.0.1")
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    certificate = (
        _builder(name, name, key, now - _YEAR, now + _YEAR)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "server.pem"
    pem.write_bytes(certificate.public_bytes(Encoding.PEM))
    private = folder / "server.key"
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, private)
    return context, pem


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey,
    since: dt.datetime,
    until: dt.datetime,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(since)
        .not_valid_after(until)
    )


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _usage(**given: bool) -> x509.KeyUsage:
    bits = dict.fromkeys(
        (
            "digital_signature",
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "key_cert_sign",
            "crl_sign",
            "encipher_only",
            "decipher_only",
        ),
        False,
    )
    return x509.KeyUsage(**{**bits, **given})
