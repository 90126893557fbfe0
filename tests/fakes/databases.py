"""Empty records without the cost of migrating each time."""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path

from pipeline.ports.runtime import Clock
from storage.records import SqlRecords, open_records, sqlite_url, upgrade


@functools.cache
def _blank() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "blank.sqlite"
        upgrade(sqlite_url(path))
        return path.read_bytes()


def blank_records(path: Path, clock: Clock, *, busy_seconds: float = 30.0) -> SqlRecords:
    """Migrated, empty records in a new file; the caller closes them."""
    path.write_bytes(_blank())
    return open_records(sqlite_url(path), clock, busy_seconds=busy_seconds)
