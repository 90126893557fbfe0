"""Puts officers' keys and certificates on a token.

`python -m deploy.local.pki_token MODULE TOKEN FOLDER NAME…`, the PIN in `TOKEN_PIN`.
A process of its own: the library reads its configuration from the environment, once.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pkcs11
from asn1crypto import keys, pem
from pkcs11 import Attribute
from pkcs11.util.ec import decode_ec_private_key
from pkcs11.util.rsa import decode_rsa_private_key
from pkcs11.util.x509 import decode_x509_certificate


def main(module: str, token: str, folder: Path, *names: str) -> None:
    """Key and certificate of every name; label and id are the name."""
    library = pkcs11.lib(module)
    with library.get_token(token_label=token).open(
        rw=True, user_pin=os.environ["TOKEN_PIN"]
    ) as session:
        for name in names:
            common: dict[Attribute, Any] = {
                Attribute.LABEL: name,
                Attribute.ID: name.encode(),
                Attribute.TOKEN: True,
            }
            _, _, certificate = pem.unarmor((folder / f"{name}.pem").read_bytes())
            session.create_object(
                {**decode_x509_certificate(certificate), **common, Attribute.PRIVATE: False}
            )
            _, _, key = pem.unarmor((folder / "keys" / f"{name}.pem").read_bytes())
            session.create_object(
                {
                    **_private(key),
                    **common,
                    Attribute.PRIVATE: True,
                    Attribute.SENSITIVE: True,
                    Attribute.EXTRACTABLE: False,
                }
            )


def _private(der: bytes) -> dict[Attribute, Any]:
    info = keys.PrivateKeyInfo.load(der)
    if info.algorithm == "rsa":
        return decode_rsa_private_key(info["private_key"].parsed.dump())
    private = info["private_key"].parsed
    private["parameters"] = info["private_key_algorithm"]["parameters"]
    return decode_ec_private_key(private.dump())


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), *sys.argv[4:])
