"""PINs that a token refused, remembered in the home: tried once, however often processes start.

Every run is a process of its own, and three wrong PINs lock a token for good. What is kept is a
slow digest of token and PIN as the name of an empty file, so that a PIN set anew is tried at once;
it tells of a PIN that was wrong, in a folder of the owner's. May not come in: PKCS#11.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

FOLDER: Final = "refused-pins"
"""In the home."""
_LOCK: Final = "lock"
_COST: Final = 2**14
"""Of scrypt: some 50 ms and 16 MB, once a process."""


class RefusedPins:
    """The memory of one home; nothing is made before it is needed."""

    def __init__(self, folder: Path) -> None:
        """Bind to a folder."""
        self._folder = folder

    @contextlib.contextmanager
    def one_at_a_time(self) -> Iterator[None]:
        """Two processes must not both try a PIN that neither knows to be wrong.

        A home that cannot be written to remembers nothing, and is no reason not to sign.
        """
        with contextlib.ExitStack() as stack:
            with contextlib.suppress(OSError):
                self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
                fd = os.open(self._folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
                stack.callback(os.close, fd)
                fcntl.flock(fd, fcntl.LOCK_EX)
            yield

    def knows(self, token: str, pin: str) -> bool:
        """True where the token refused this PIN before; what cannot be looked at is not known."""
        try:
            return self._note(token, pin).exists()
        except OSError:
            return False

    def remember(self, token: str, pin: str) -> None:
        """The token refused this PIN."""
        with contextlib.suppress(OSError):
            self._note(token, pin).touch(mode=0o600)

    def _note(self, token: str, pin: str) -> Path:
        salt = hashlib.sha256(token.encode()).digest()
        return self._folder / hashlib.scrypt(pin.encode(), salt=salt, n=_COST, r=8, p=1).hex()
