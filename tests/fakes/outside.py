"""An officer's device on another machine: signs requests with a key that Sohoa never sees.

Runs by itself too, with nothing of Sohoa: `python tests/fakes/outside.py KEY.p12 REQUEST… -o
FOLDER` writes an answer for each request; that is all a real device's program has to do.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, pkcs12


class Device:
    """A PKCS#12 key as an officer's token."""

    def __init__(self, key_file: Path, password: str | None = None) -> None:
        held = pkcs12.load_pkcs12(key_file.read_bytes(), password.encode() if password else None)
        assert held.key is not None and held.cert is not None
        assert isinstance(held.key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey)
        self._key = held.key
        self._certificate = held.cert.certificate
        self._chain = [one.certificate for one in held.additional_certs]

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate."""
        return hashlib.sha256(self._certificate.public_bytes(Encoding.DER)).hexdigest()

    def write_certificates(self, file: Path) -> Path:
        """The officer's certificate and its issuers, as PEM."""
        pem = [one.public_bytes(Encoding.PEM) for one in (self._certificate, *self._chain)]
        file.write_bytes(b"".join(pem))
        return file

    def sign(self, data: bytes) -> bytes:
        """The bare signature."""
        if isinstance(self._key, rsa.RSAPrivateKey):
            return self._key.sign(data, padding.PKCS1v15(), hashes.SHA256())
        return self._key.sign(data, ec.ECDSA(hashes.SHA256()))

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """The answer to a request."""
        assert request["schema"] == "sohoa.signing-request/1"
        signature = self.sign(base64.b64decode(request["to_be_signed"]))
        return {
            "schema": "sohoa.signing-response/1",
            "request_id": request["request_id"],
            "component_id": request["component_id"],
            "certificate_sha256": self.fingerprint,
            "signature": base64.b64encode(signature).decode(),
        }

    def answer_file(self, request: Path, folder: Path) -> Path:
        """Reads a request, writes the answer."""
        answer = folder / f"{request.stem}.answer.json"
        answer.write_text(json.dumps(self.answer(json.loads(request.read_text()))))
        return answer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("key", type=Path)
    parser.add_argument("requests", type=Path, nargs="+")
    parser.add_argument("-o", "--output", type=Path, required=True)
    chosen = parser.parse_args()
    for request in chosen.requests:
        print(Device(chosen.key).answer_file(request, chosen.output))


if __name__ == "__main__":
    main()
