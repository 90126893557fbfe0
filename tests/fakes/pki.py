"""A whole PKI that exists only in tests: authorities that answer over HTTP, and officers.

Keys are made once for each PKI; time stands where a test puts it, certificates are revoked when a
test says so, and each service can be made to fail by name. Nothing leaves the loopback.
"""

from __future__ import annotations

import datetime as dt
import socketserver
import threading
import wsgiref.simple_server
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from asn1crypto import x509
from certomancer.integrations.animator import Animator, AnimatorArchStore
from certomancer.registry import ArchLabel, CertLabel, CertomancerConfig, PKIArchitecture
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)
from cryptography.x509 import load_der_x509_certificate

from tests.fakes.certificates import TODAY, new_key

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
Fault = Callable[[dict[str, Any], Callable[..., Any], Wsgi], Iterable[bytes]]
"""Answers in the place of a service, which it may ask."""

AUTHORITIES = ("root", "issuing", "ocsp", "tsa", "fading-tsa", "stranger-tsa", "stranger-root")
OFFICERS: Mapping[str, str] = {
    "rsa2048": "Nguyễn Thị Ngọc Huyền",
    "rsa3072": "Trần Văn Bình",
    "p256": "Lê Thị Hoà",
    "brief": "Phạm Văn Đông",
}
FADING_DAYS = 60
"""Life that is left to the certificate of the fading authority, today."""
BRIEF_DAYS = 20
"""And to that of the officer who leaves soon."""


class Pki:
    """Authorities on a loopback port."""

    def __init__(self, folder: Path) -> None:
        """Make keys and start answering."""
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._keys = {name: new_key(name) for name in (*AUTHORITIES, *OFFICERS)}
        for name, key in self._keys.items():
            (folder / f"{name}.pem").write_bytes(
                key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            )
        self._faults: dict[str, Fault] = {}
        self._states: dict[tuple[object, ...], tuple[PKIArchitecture, Wsgi]] = {}
        """Made once for each clock and set of revoked certificates."""
        self.asked: list[str] = []
        """Paths of all requests so far."""
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.set_app(self._answer)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()
        self.set()

    def set(
        self, now: dt.datetime = TODAY, revoked: Mapping[str, dt.datetime] | None = None
    ) -> None:
        """Put the clock of all services somewhere, and revoke certificates since given moments."""
        state = (now, *sorted((revoked or {}).items()))
        if state not in self._states:
            config = CertomancerConfig(
                _description(dict(revoked or {})),
                key_search_dir=str(self.folder),
                external_url_prefix=self.url,
            )
            arch = config.get_pki_arch(ArchLabel("t"))
            store = AnimatorArchStore({ArchLabel("t"): arch})
            self._states[state] = (arch, Animator(store, at_time=now, with_web_ui=False))
        self._arch, self._app = self._states[state]

    def fail(self, **faults: Fault) -> None:
        """Services (`tsa`, `ocsp`, `crls`) that fail from now on; none: all work again."""
        self._faults = dict(faults)

    def close(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    # -- what it issued ------------------------------------------------------------------------

    def certificate(self, name: str) -> x509.Certificate:
        """A certificate that was issued."""
        return self._arch.get_cert(CertLabel(name))

    def key(self, name: str) -> PrivateKey:
        """A private key."""
        return self._keys[name]

    def pem(self, *names: str) -> Path:
        """A file with certificates."""
        path = self.folder / f"{'-'.join(names)}.cert.pem"
        der = [load_der_x509_certificate(self.certificate(name).dump()) for name in names]
        path.write_bytes(b"".join(one.public_bytes(Encoding.PEM) for one in der))
        return path

    def pkcs12(self, officer: str) -> Path:
        """An officer's key file, with the issuing authority's certificate."""
        path = self.folder / f"{officer}.p12"
        own, issuing = (
            load_der_x509_certificate(self.certificate(name).dump())
            for name in (officer, "issuing")
        )
        path.write_bytes(
            pkcs12.serialize_key_and_certificates(
                officer.encode(), self._keys[officer], own, [issuing], NoEncryption()
            )
        )
        return path

    def tsa(self, name: str = "tsa") -> str:
        """Address of a timestamp authority."""
        return f"{self.url}/t/tsa/{name}"

    def _answer(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        path = str(environ["PATH_INFO"])
        self.asked.append(path)
        for service, fault in self._faults.items():
            if f"/{service}/" in path:
                return fault(environ, start, self._app)
        return self._app(environ, start)


class _Server(socketserver.ThreadingMixIn, wsgiref.simple_server.WSGIServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no error of a test."""


class _Handler(wsgiref.simple_server.WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


def _description(revoked: dict[str, dt.datetime]) -> dict[str, Any]:
    """As certomancer reads it."""
    names = (*AUTHORITIES, *OFFICERS)
    certs: dict[str, Any] = {
        "root": _cert("root", "root", 9000, ca=True),
        "issuing": _cert("issuing", "root", 5000, ca=True, sources=("crl:root",)),
        "ocsp": _cert("ocsp", "issuing", 4000, uses=("ocsp_signing",)),
        "tsa": _cert("tsa", "root", 4000, uses=("time_stamping",), sources=("crl:root",)),
        "fading-tsa": _cert(
            "fading-tsa", "root", FADING_DAYS, uses=("time_stamping",), sources=("crl:root",)
        ),
        "stranger-root": _cert("stranger-root", "stranger-root", 9000, ca=True),
        "stranger-tsa": _cert("stranger-tsa", "stranger-root", 900, uses=("time_stamping",)),
    }
    for officer in OFFICERS:
        days = BRIEF_DAYS if officer == "brief" else 900
        certs[officer] = _cert(officer, "issuing", days, sources=("ocsp:issuing", "crl:issuing"))
    for name, since in revoked.items():
        certs[name]["revocation"] = {
            "revoked-since": since.isoformat(),
            "reason": "key_compromise",
        }
    return {
        "keysets": {"k": {"path-prefix": ".", "keys": {n: {"path": f"{n}.pem"} for n in names}}},
        "pki-architectures": {
            "t": {
                "keyset": "k",
                "entities": {
                    n: {"common-name": OFFICERS.get(n, f"Test {n}"), "country-name": "VN"}
                    for n in names
                },
                "certs": certs,
                "services": {
                    "ocsp": {
                        "issuing": {
                            "for-issuer": "issuing",
                            "responder-cert": "ocsp",
                            "signing-key": "ocsp",
                        }
                    },
                    "crl-repo": {
                        "root": {
                            "for-issuer": "root",
                            "signing-key": "root",
                            "simulated-update-schedule": "P30D",
                        },
                        "issuing": {
                            "for-issuer": "issuing",
                            "signing-key": "issuing",
                            "simulated-update-schedule": "P1D",
                        },
                    },
                    "time-stamping": {
                        n: {"signing-key": n, "signing-cert": n}
                        for n in ("tsa", "fading-tsa", "stranger-tsa")
                    },
                },
            }
        },
    }


def _cert(
    name: str,
    issuer: str,
    days: int,
    *,
    ca: bool = False,
    uses: tuple[str, ...] = (),
    sources: tuple[str, ...] = (),
) -> dict[str, Any]:
    usage = ["key_cert_sign", "crl_sign"] if ca else ["digital_signature", "non_repudiation"]
    extensions: list[dict[str, Any]] = [
        {
            "id": "key_usage",
            "critical": True,
            "smart-value": {"schema": "key-usage", "params": usage},
        }
    ]
    if ca:
        extensions.append({"id": "basic_constraints", "critical": True, "value": {"ca": True}})
    if uses:
        extensions.append(
            {
                "id": "extended_key_usage",
                "critical": "time_stamping" in uses,
                "value": list(uses),
            }
        )
    if "ocsp_signing" in uses:
        extensions.append({"id": "ocsp_no_check", "value": None})
    for source in sources:
        kind, repository = source.split(":")
        if kind == "crl":
            extensions.append(
                {
                    "id": "crl_distribution_points",
                    "smart-value": {
                        "schema": "crl-dist-url",
                        "params": {"crl-repo-names": [repository]},
                    },
                }
            )
        else:
            extensions.append(
                {
                    "id": "authority_information_access",
                    "smart-value": {
                        "schema": "aia-urls",
                        "params": {"ocsp-responder-names": [repository]},
                    },
                }
            )
    return {
        "subject": name,
        "issuer": issuer,
        "validity": {
            "valid-from": (TODAY - dt.timedelta(days=300)).isoformat(),
            "valid-to": (TODAY + dt.timedelta(days=days)).isoformat(),
        },
        "extensions": extensions,
    }
