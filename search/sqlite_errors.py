"""What the embedded engine's failures mean: the one place where they are mapped."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator

from pydantic import ValidationError

from pipeline.errors import SearchUnavailable

DAMAGED = "INDEX_DAMAGED"

_CODES = {
    sqlite3.SQLITE_BUSY: "INDEX_BUSY",
    sqlite3.SQLITE_LOCKED: "INDEX_BUSY",
    sqlite3.SQLITE_FULL: "INDEX_DISK_FULL",
    sqlite3.SQLITE_CORRUPT: DAMAGED,
    sqlite3.SQLITE_NOTADB: DAMAGED,
    sqlite3.SQLITE_READONLY: "INDEX_NOT_WRITABLE",
    sqlite3.SQLITE_PERM: "INDEX_NOT_WRITABLE",
    sqlite3.SQLITE_CANTOPEN: "INDEX_NOT_WRITABLE",
}


def unavailable(error: sqlite3.Error) -> SearchUnavailable:
    """The error of the tree that an engine's error means."""
    primary = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
    if primary == sqlite3.SQLITE_ERROR and "no such table" in str(error):
        return SearchUnavailable(DAMAGED)
    name = getattr(error, "sqlite_errorname", None) or type(error).__name__
    if code := _CODES.get(primary):
        return SearchUnavailable(code)
    return SearchUnavailable(engine_error=name)


@contextlib.contextmanager
def mapped() -> Iterator[None]:
    """Raise SearchUnavailable for whatever the engine, or a torn row, raises inside."""
    try:
        yield
    except sqlite3.Error as error:
        raise unavailable(error) from error
    except ValidationError as error:
        raise SearchUnavailable(DAMAGED) from error
