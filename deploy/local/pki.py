"""The test PKI: a timestamp authority, OCSP and CRL over HTTP, officers' keys on a SoftHSM2 token.

Keys and configuration are made once per state and never again, so that certificates stay the same
when the server is restarted.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from string import Template

from asn1crypto import pem
from certomancer.registry import ArchLabel, CertLabel, CertomancerConfig
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from deploy.local.service import Service, ServiceError, ask, environment
from deploy.local.supervisor import Launch, run

ARCHITECTURE = "sohoa"
TOKEN = "sohoa-services"  # noqa: S105 - the token's label
MODULES = (
    Path("/usr/lib/softhsm/libsofthsm2.so"),
    *Path("/usr/lib").glob("*-linux-gnu/softhsm/libsofthsm2.so"),
)
OFFICERS = ("dev", "hung", "lan", "thu")
"""Accounts: RSA-2048, RSA-3072, P-256, and one whose certificate is revoked (RSA-2048). Label of
key and certificate on the token: the account."""
NO_TOKEN = "the package softhsm2 is missing"  # noqa: S105
_TOKEN_TOOL = "softhsm2-util"  # noqa: S105
_TEMPLATE = Path(__file__).with_name("pki.yml")
_ROOT = Path(__file__).resolve().parents[2]
_RSA_BITS = {
    "root": 3072,
    "ca": 2048,
    "ocsp": 2048,
    "tsa": 2048,
    "dev": 2048,
    "hung": 3072,
    "thu": 2048,
}
"""RSA also for authorities: its signatures repeat, so a restarted server issues the same bytes."""


class PkiService(Service):
    """Timestamp authority, OCSP responder, revocation lists and certificates; the token."""

    name = "pki"

    @property
    def _home(self) -> Path:
        return self.state.made("pki")

    def lacking(self) -> str | None:
        """SoftHSM2, library and tool."""
        there = any(found.is_file() for found in MODULES) and shutil.which(_TOKEN_TOOL)
        return None if there else NO_TOKEN

    def prepare(self) -> Launch:
        """Keys, configuration, certificates as files, the token."""
        home = self._home
        if not (home / "complete").exists():
            self._make()
            (home / "complete").touch()
        return Launch(
            (sys.executable, "-m", "deploy.local.pki_server", str(home), str(self.port)),
            environment(home, PYTHONPATH=str(_ROOT)),
            home,
        )

    def _make(self) -> None:
        home = self._home
        shutil.rmtree(home / "keys", ignore_errors=True)
        shutil.rmtree(home / "tokens", ignore_errors=True)
        (home / "keys").mkdir(mode=0o700)
        (home / "tokens").mkdir(mode=0o700)
        for name in (*_RSA_BITS, "lan"):
            (home / "keys" / f"{name}.pem").write_bytes(_new_key(name))
        (home / "certomancer.yml").write_text(
            configuration(f"http://{self.address}", datetime.now(UTC)), encoding="utf-8"
        )
        certificates = load(home).get_pki_arch(ArchLabel(ARCHITECTURE))
        for name in ("root", "ca", "tsa", *OFFICERS):
            der = certificates.get_cert(CertLabel(name)).dump()
            (home / f"{name}.pem").write_bytes(pem.armor("CERTIFICATE", der))
        self._fill_token(home)

    def _fill_token(self, home: Path) -> None:
        program = shutil.which(_TOKEN_TOOL)
        if program is None:
            raise ServiceError(NO_TOKEN)
        conf = home / "softhsm2.conf"
        conf.write_text(
            f"directories.tokendir = {home / 'tokens'}\nobjectstore.backend = file\n"
            "log.level = ERROR\nslots.removable = false\n",
            encoding="utf-8",
        )
        pin = self.state.secret("token-pin")
        run(
            Launch(
                (
                    program,
                    "--init-token",
                    "--free",
                    "--label",
                    TOKEN,
                    "--pin",
                    pin,
                    "--so-pin",
                    self.state.secret("token-so-pin"),
                ),
                environment(home, SOFTHSM2_CONF=str(conf)),
                home,
            )
        )
        run(
            Launch(
                (
                    sys.executable,
                    "-m",
                    "deploy.local.pki_token",
                    str(module()),
                    TOKEN,
                    str(home),
                    *OFFICERS,
                ),
                environment(home, SOFTHSM2_CONF=str(conf), TOKEN_PIN=pin, PYTHONPATH=str(_ROOT)),
                home,
            )
        )

    def healthy(self) -> bool:
        """It hands out the revocation list that the officers' certificates name."""
        return ask(f"http://{self.address}/{ARCHITECTURE}/crls/ca/latest.crl") is not None

    @property
    def tsa(self) -> str:
        """Address of the timestamp authority."""
        return f"http://{self.address}/{ARCHITECTURE}/tsa/tsa"

    def exports(self) -> Mapping[str, str]:
        """The token with the key of each officer, the trusted root, the timestamp authority."""
        home = self._home
        return {
            "SOFTHSM2_CONF": str(home / "softhsm2.conf"),
            "SOHOA_SIGNING__PKCS11__MODULE": str(module()),
            "SOHOA_SIGNING__PKCS11__TOKEN": TOKEN,
            "SOHOA_SIGNING__PKCS11__PIN": self.state.secret("token-pin"),
            **{f"SOHOA_SIGNING__PKCS11__KEYS__{name.upper()}": name for name in OFFICERS},
            "SOHOA_SIGNING__PKCS11__CHAIN": str(home / "ca.pem"),
            "SOHOA_SIGNING__TRUST": str(home / "root.pem"),
            "SOHOA_TSA__URL": self.tsa,
            "SERVICES_PKI_FOLDER": str(home),
        }


def module() -> Path:
    """SoftHSM2's PKCS#11 library.

    Raises:
        ServiceError: it is not installed.
    """
    for found in MODULES:
        if found.is_file():
            return found
    raise ServiceError(NO_TOKEN)


def configuration(url: str, now: datetime) -> str:
    """The PKI as of a moment, in certomancer's terms."""

    def at(days: int) -> str:
        return (now + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%S+0000")

    return Template(_TEMPLATE.read_text(encoding="utf-8")).substitute(
        url=url,
        root_from=at(-90),
        root_until=at(3650),
        ca_from=at(-60),
        ca_until=at(1825),
        leaf_from=at(-30),
        leaf_until=at(730),
        revoked=at(-10),
    )


def load(home: Path) -> CertomancerConfig:
    """The PKI of a state folder."""
    return CertomancerConfig.from_file(str(home / "certomancer.yml"), key_search_dir=str(home))


def _new_key(name: str) -> bytes:
    bits = _RSA_BITS.get(name)
    key = (
        ec.generate_private_key(ec.SECP256R1())
        if bits is None
        else rsa.generate_private_key(65537, bits)
    )
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
