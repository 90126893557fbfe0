"""Port `Claims` for the processes of many hosts: session locks of PostgreSQL.

Each claim has a connection of its own and ends with it: at once when its process is killed, within
half a minute when its host is lost (`postgresql`), and when the server restarts. May not come in:
tables; the lines of transactions (`lines`) are other locks.
"""

from __future__ import annotations

import contextlib
import hashlib
import threading
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Final

from pydantic import SecretStr
from sqlalchemy import Connection, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from pipeline.errors import ArchiveUnavailable, BatchBusy
from storage.records.postgresql import engine_of, known

_TAKE: Final = text("SELECT pg_try_advisory_lock(:key)")
_WAIT: Final = text("SELECT pg_advisory_lock(:key)")
_GIVE: Final = text("SELECT pg_advisory_unlock(:key)")
_ALIVE: Final = text("SELECT 1")
_HELD: Final = text(
    "SELECT classid::bigint, objid::bigint FROM pg_locks"
    " WHERE locktype = 'advisory' AND granted AND objsubid = 1"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)
"""Locks of one 64-bit number have `objsubid` 1, its halves in `classid` and `objid`."""


@dataclass(slots=True)
class _Lease:
    """A connection that holds one lock. Once broken it is lost, though it could be made anew."""

    connection: Connection
    lost: bool = False
    guard: threading.Lock = field(default_factory=threading.Lock)

    def alive(self) -> bool:
        with self.guard:
            if not self.lost:
                try:
                    self.connection.execute(_ALIVE)
                except DBAPIError:
                    self.lost = True
            return not self.lost


class PostgresqlClaims:
    """Port `Claims`; raises the errors of `storage.records.database.Database`, too."""

    def __init__(self, url: str, password: SecretStr | None = None) -> None:
        """Bind to the database of the records; nothing is opened yet."""
        self._engine = engine_of(
            make_url(url), password, lock_seconds=0, statement_ms=0, pool=NullPool
        ).execution_options(isolation_level="AUTOCOMMIT")
        self._leases: dict[str, _Lease] = {}
        self._guard = threading.Lock()

    @contextlib.contextmanager
    def claim(self, name: str, *, wait: bool = False) -> Iterator[None]:
        """See `Claims.claim`."""
        key = {"key": _key(name)}
        with _mapped():
            connection = self._engine.connect()
        lease = _Lease(connection)
        try:
            with _mapped():
                taken = wait or connection.execute(_TAKE, key).scalar_one()
                if wait:
                    connection.execute(_WAIT, key)
            if not taken:
                raise BatchBusy(batch=name[:12])
            with self._guard:
                self._leases[name] = lease
            try:
                yield
            finally:
                with self._guard:
                    del self._leases[name]
                if lease.alive():  # else the lock went with the session
                    with contextlib.suppress(DBAPIError):
                        connection.execute(_GIVE, key)
        finally:
            with contextlib.suppress(DBAPIError):
                connection.close()

    def held(self, name: str) -> bool:
        """See `Claims.held`."""
        return bool(self.held_of((name,)))

    def held_of(self, names: Collection[str]) -> frozenset[str]:
        """See `Claims.held_of`: one look at all locks, which are few, whatever is asked for."""
        if not names:
            return frozenset()
        with _mapped(), self._engine.connect() as connection:
            held = {high << 32 | low for high, low in connection.execute(_HELD)}
        return frozenset(name for name in names if _key(name) % 2**64 in held)

    def check(self, name: str) -> None:
        """See `Claims.check`: lost with the connection, be it the server's restart or the network.

        Raises:
            ArchiveUnavailable: `CLAIM_LOST`.
        """
        with self._guard:
            lease = self._leases.get(name)
        if lease is not None and not lease.alive():
            raise ArchiveUnavailable("CLAIM_LOST", batch=name[:12])


def _key(name: str) -> int:
    """A signed 64-bit number; two names that share one would only wait for each other."""
    digest = hashlib.sha256(f"claim:{name}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


@contextlib.contextmanager
def _mapped() -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        found = known(error.orig) if error.orig is not None else None
        if found is None:
            raise
        raise found from error
