"""SoftHSM tokens in a folder of a test: a real PKCS#11 module, no device and no service."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pkcs11
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.fakes.pki import PrivateKey

MODULE = Path("/usr/lib/softhsm/libsofthsm2.so")
PIN = "4711"
_CONF = "SOFTHSM2_CONF"
_WRITER = """
import sys, pkcs11
module, label, pin, *pairs = sys.argv[1:]
with pkcs11.lib(module).get_token(token_label=label).open(rw=True, user_pin=pin) as session:
    for name, path in zip(pairs[::2], pairs[1::2]):
        from pkcs11.util.x509 import decode_x509_certificate
        from pkcs11 import Attribute
        made = decode_x509_certificate(open(path, "rb").read())
        session.create_object({**made, Attribute.TOKEN: True, Attribute.LABEL: name})
"""


def missing() -> str | None:
    """What SoftHSM lacks on this machine, None where all is there."""
    if shutil.which("softhsm2-util") is None or not MODULE.exists():
        return "softhsm2 is not installed"
    return None


def look_again(module: Path) -> None:
    """Start the module anew: it knows the tokens of the test that started it in this process."""
    library = pkcs11.lib(str(module))
    with suppress(pkcs11.PKCS11Error):
        library.finalize()
    library.initialize()


_CHANGER = """
import sys, pkcs11
module, label, old, new = sys.argv[1:]
with pkcs11.lib(module).get_token(token_label=label).open(rw=True, user_pin=old) as session:
    session.set_pin(old, new)
"""


@dataclass(frozen=True)
class SoftToken:
    """A token that can be pulled out."""

    folder: Path
    label: str

    @property
    def conf(self) -> Path:
        """SoftHSM's configuration."""
        return self.folder / "softhsm2.conf"

    @contextmanager
    def pulled_out(self) -> Iterator[None]:
        """Without its files, as if it were not plugged in."""
        away = self.folder / "away"
        (self.folder / "tokens").rename(away)
        (self.folder / "tokens").mkdir()
        try:
            yield
        finally:
            (self.folder / "tokens").rmdir()
            away.rename(self.folder / "tokens")

    def change_pin(self, old: str, new: str) -> None:
        """As the token's own program does, in a process of its own."""
        subprocess.run(
            [sys.executable, "-c", _CHANGER, str(MODULE), self.label, old, new],
            check=True,
            env={**os.environ, _CONF: str(self.conf)},
        )

    def run(self, *arguments: str) -> None:
        """The command line of SoftHSM, in a process of its own."""
        subprocess.run(
            ["softhsm2-util", *arguments],
            check=True,
            capture_output=True,
            env={**os.environ, _CONF: str(self.conf)},
        )


def make_token(
    folder: Path,
    label: str,
    keys: Mapping[str, PrivateKey],
    certificates: Mapping[str, bytes],
) -> SoftToken:
    """A token with keys and certificates (DER) by label."""
    (folder / "tokens").mkdir(parents=True)
    token = SoftToken(folder, label)
    token.conf.write_text(
        f"directories.tokendir = {folder / 'tokens'}\nobjectstore.backend = file\n"
        "log.level = ERROR\nslots.removable = true\n"
    )
    token.run("--init-token", "--free", "--label", label, "--so-pin", "12345678", "--pin", PIN)
    for number, (name, key) in enumerate(keys.items(), 1):
        path = folder / f"{name}.pk8"
        path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        token.run(
            *("--import", str(path), "--token", label, "--pin", PIN),
            *("--label", name, "--id", f"{number:04x}"),
        )
        path.unlink()
    pairs: list[str] = []
    for name, der in certificates.items():
        path = folder / f"{name}.der"
        path.write_bytes(der)
        pairs += [name, str(path)]
    subprocess.run(
        [sys.executable, "-c", _WRITER, str(MODULE), label, PIN, *pairs],
        check=True,
        env={**os.environ, _CONF: str(token.conf)},
    )
    return token


@contextmanager
def plugged_in(token: SoftToken) -> Iterator[None]:
    """Let the module of this process see this token and no other."""
    before = os.environ.get(_CONF)
    os.environ[_CONF] = str(token.conf)
    try:
        yield
    finally:
        if before is None:
            del os.environ[_CONF]
        else:
            os.environ[_CONF] = before
