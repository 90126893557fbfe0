"""Contract of the port `LockProbe`: the fake, and a real MinIO with an office's identities."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from minio.commonconfig import GOVERNANCE
from minio.retention import Retention

from casework.custody.canary import Outcome, Result, try_locks
from pipeline.models.actors import Actor, Role
from pipeline.ports.custody import Attempt, LockProbe
from storage.minio_probe import MinioProbe
from storage.records import SqlRecords
from tests.fakes.buckets import Server, minio_server, utc_now
from tests.fakes.clocks import StillClock
from tests.fakes.databases import blank_records
from tests.fakes.probes import MemoryProbe

ACTOR = Actor(id="auditor", role=Role.AUDITOR, unit="DEV")
KEY = "canary/contract"
DAYS = 1


def real_probe(server: Server, bucket: str | None = None) -> MinioProbe:
    bucket = bucket or server.bucket()
    clients = {
        "writer": server.client(server.writer),
        "reader": server.client(server.reader),
        "remover": server.client(server.remover(bucket)),
    }
    return MinioProbe(clients, bucket, now=utc_now)


PROBES: dict[str, Callable[[pytest.FixtureRequest], LockProbe]] = {
    "memory": lambda _: MemoryProbe(StillClock(utc_now())),
    "minio": lambda request: real_probe(minio_server(request)),
}


@pytest.fixture(params=PROBES)
def probe(request: pytest.FixtureRequest) -> LockProbe:
    return PROBES[request.param](request)


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Server:
    return minio_server(request)


@pytest.fixture
def records(tmp_path: Path) -> Iterator[SqlRecords]:
    records = blank_records(tmp_path / "records.sqlite", StillClock(utc_now()))
    yield records
    records.close()


def test_what_is_planted_is_seen_by_every_identity(probe: LockProbe) -> None:
    until = utc_now() + dt.timedelta(days=DAYS)
    first, second = (probe.plant(KEY, content, until) for content in (b"one", b"two"))
    seen = probe.look(KEY, first)
    assert seen is not None and seen.compliant and seen.locked_until is not None
    assert seen.sha256 == hashlib.sha256(b"one").hexdigest()
    assert abs(seen.locked_until - until) <= dt.timedelta(seconds=1)
    assert all(probe.reaches(who, KEY, second) for who in probe.identities)
    later = until + dt.timedelta(days=1)
    probe.renew(KEY, first, later)
    seen = probe.look(KEY, first)
    assert seen is not None and seen.locked_until is not None and seen.locked_until > until
    absent = "00000000-0000-4000-8000-000000000000"
    assert probe.look(KEY, absent) is None
    assert not probe.reaches(probe.identities[0], KEY, absent)


def test_nothing_is_let_through(probe: LockProbe) -> None:
    version_id = probe.plant(KEY, b"one", utc_now() + dt.timedelta(days=DAYS))
    before = probe.look(KEY, version_id)
    accepted = {
        (who, what)
        for what in Attempt
        for who in probe.identities
        if probe.attempt(what, who, KEY, version_id)
    }
    assert accepted == {("writer", Attempt.OVERWRITE)}
    assert probe.look(KEY, version_id) == before


def test_only_a_remover_removes_and_only_what_is_not_locked(probe: LockProbe) -> None:
    free = "canary/free"
    assert [who for who in probe.identities if probe.removes(who, free, b"one")] == ["remover"]
    assert probe.removers == ("remover",)
    version_id = probe.plant(free, b"two", utc_now() + dt.timedelta(days=DAYS))
    for what in (Attempt.DELETE, Attempt.FORCE_DELETE):
        assert not probe.attempt(what, "remover", free, version_id)
    assert probe.look(free, version_id) is not None


def test_a_canary_in_an_office_holds_and_is_found_again(
    server: Server, records: SqlRecords
) -> None:
    probe = real_probe(server)
    reports = [try_locks(probe, records, ACTOR, utc_now(), DAYS) for _ in range(3)]
    assert all(report.outcome is Outcome.HELD and report.ok for report in reports)
    assert len({report.version_id for report in reports}) == 1


def test_an_identity_with_a_right_too_many_is_found(server: Server, records: SqlRecords) -> None:
    """An administrator's key as the writer's: the lock holds, a delete marker can be laid."""
    probe = MinioProbe({"writer": server.client()}, server.bucket(), now=utc_now)
    report = try_locks(probe, records, ACTOR, utc_now(), DAYS)
    through = [t.what for t in report.tried if t.result is Result.LET_THROUGH]
    assert through == ["delete_marker"] and report.stopped
    again = try_locks(
        real_probe(server, probe._bucket), records, ACTOR, utc_now(), DAYS, clear="I-1"
    )
    assert again.ok and again.cleared == "I-1"


def test_a_remover_that_may_hide_what_it_may_not_remove_is_found(
    server: Server, records: SqlRecords
) -> None:
    """An administrator's key as the remover's: it lays a delete marker over the locked object."""
    bucket = server.bucket()
    clients = {"writer": server.client(server.writer), "remover": server.client()}
    report = try_locks(MinioProbe(clients, bucket, now=utc_now), records, ACTOR, utc_now(), DAYS)
    through = [(t.who, t.what) for t in report.tried if t.result is Result.LET_THROUGH]
    assert through == [("remover", "delete_marker")] and report.stopped


class Governed(MinioProbe):
    """Over a store that locks so that privileged identities may lift the lock."""

    def plant(self, key: str, content: bytes, until: dt.datetime) -> str:
        lock = Retention(GOVERNANCE, until)
        client = self._clients[self.identities[0]]
        put = client.put_object(
            self._bucket, key, io.BytesIO(content), len(content), retention=lock
        )
        return str(put.version_id)


def test_a_lock_that_can_be_lifted_is_lifted(server: Server, records: SqlRecords) -> None:
    clients = {"writer": server.client()}
    report = try_locks(
        Governed(clients, server.bucket(), now=utc_now), records, ACTOR, utc_now(), DAYS
    )
    through = [t.what for t in report.tried if t.result is Result.LET_THROUGH]
    assert report.stopped and "unlocked" in through and "force_delete" in through
