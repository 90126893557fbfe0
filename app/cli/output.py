"""Files that a command writes where the person said: whole or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from pipeline.errors import ChecksumMismatch, ConfigError

_PIECE = 1 << 20


@contextlib.contextmanager
def output_file(target: Path, *, mode: int = 0o600) -> Iterator[IO[bytes]]:
    """A file to write, which takes its place at the end; nothing is left where that fails.

    Args:
        target: where it goes; a file there is replaced.
        mode: who may read it: components hold personal data, printed slips do not.

    Raises:
        ConfigError: `OUTPUT_UNWRITABLE`.
    """
    place = target.absolute()
    if place.is_dir():
        raise ConfigError("OUTPUT_UNWRITABLE", problem="Is a directory")
    try:
        with tempfile.NamedTemporaryFile(prefix=".tmp-", dir=place.parent, delete=False) as out:
            temporary = Path(out.name)
            try:
                yield out
                out.flush()
                temporary.chmod(mode)
                temporary.replace(place)
            finally:
                temporary.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigError("OUTPUT_UNWRITABLE", problem=error.strerror or "") from error


def copy_out(stream: IO[bytes], sha256: str, target: Path) -> None:
    """Write the whole of a stream, if it is what it should be.

    Raises:
        ChecksumMismatch: the bytes have another digest; nothing is written.
        ConfigError: `OUTPUT_UNWRITABLE`.
    """
    seen = hashlib.sha256()
    with output_file(target) as out:
        while piece := stream.read(_PIECE):
            seen.update(piece)
            out.write(piece)
        if seen.hexdigest() != sha256:
            raise ChecksumMismatch
