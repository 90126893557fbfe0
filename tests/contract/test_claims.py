"""Contract of the port `Claims`: in files, on PostgreSQL, and the fake."""

from __future__ import annotations

import contextlib
import hashlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import make_url

from pipeline.adapters.file_claims import FileClaims
from pipeline.errors import ArchiveUnavailable, BatchBusy, ConfigError
from pipeline.ports.runtime import Claims
from storage.records.claims import PostgresqlClaims
from tests.fakes.claims import MemoryClaims
from tests.fakes.databases import Place, server
from tests.fakes.fault_proxy import FaultProxy

CHILD = Path(__file__).parents[1] / "fakes" / "claiming_child.py"
SOON = 1.0
"""Seconds within which the claim of a killed process is free."""


@dataclass(frozen=True)
class World:
    """Claims that several processes share: `open` gives them as one more process has them."""

    kind: str
    where: str
    open: Callable[[], Claims]
    environ: dict[str, str] = field(default_factory=dict)

    def child(self, name: str, *, wait: bool = False) -> subprocess.Popen[str]:
        """A process that claims; its first line says what came of it."""
        return subprocess.Popen(
            [sys.executable, CHILD, self.kind, self.where, name, "wait" if wait else ""],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **self.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )


def world_of(kind: str, request: pytest.FixtureRequest) -> World:
    if kind == "files":
        folder: Path = request.getfixturevalue("tmp_path") / "claims"
        return World(kind, str(folder), lambda: FileClaims(folder))
    if kind == "postgresql":
        at = server(request)
        password = at.password.get_secret_value() if at.password else ""
        environ = {"CLAIMS_PASSWORD": password}
        return World(kind, at.url, lambda: PostgresqlClaims(at.url, at.password), environ)
    shared = MemoryClaims()
    return World(kind, "", lambda: shared)


@pytest.fixture(params=("files", "postgresql", "memory"))
def world(request: pytest.FixtureRequest) -> World:
    return world_of(request.param, request)


@pytest.fixture(params=("files", "postgresql"))
def processes(request: pytest.FixtureRequest) -> World:
    """Claims that reach beyond one process."""
    return world_of(request.param, request)


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """A digest of this test alone: the server is everybody's."""
    return hashlib.sha256(f"{request.node.nodeid} {os.getpid()}".encode()).hexdigest()


def within(seconds: float, true: Callable[[], bool]) -> bool:
    """Ask until it is true or the time is over."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


@contextlib.contextmanager
def ended(*children: subprocess.Popen[str]) -> Iterator[None]:
    try:
        yield
    finally:
        for child in children:
            child.kill()
            child.wait()
            for pipe in (child.stdin, child.stdout):
                assert pipe is not None
                pipe.close()


def says(child: subprocess.Popen[str]) -> str:
    assert child.stdout is not None
    return child.stdout.readline().strip()


def test_one_holds_and_another_is_refused(world: World, name: str) -> None:
    mine, other = world.open(), world.open()
    assert not mine.held(name)
    with mine.claim(name):
        assert mine.held(name)
        assert other.held(name)
        with pytest.raises(BatchBusy) as busy, other.claim(name):
            pytest.fail("claimed twice")
        assert busy.value.params == {"batch": name[:12]}
        mine.check(name)
        other.check(name)
    assert not other.held(name)
    with other.claim(name):
        assert mine.held(name)


def test_who_holds_is_refused_too(world: World, name: str) -> None:
    claims = world.open()
    with claims.claim(name):
        with pytest.raises(BatchBusy), claims.claim(name):
            pytest.fail("claimed twice")
        assert claims.held(name)
        claims.check(name)


def test_names_are_independent(world: World, name: str) -> None:
    claims, other = world.open(), f"{name[:-1]}x"
    with claims.claim(name), claims.claim(other):
        assert claims.held(name)
        assert claims.held(other)
    with claims.claim(name):
        assert not claims.held(other)


def test_many_names_are_asked_for_at_once(world: World, name: str) -> None:
    mine, other = world.open(), world.open()
    names = [f"{name[:-2]}{number:02}" for number in range(20)]
    assert mine.held_of(names) == mine.held_of([]) == frozenset()
    with mine.claim(names[3]), other.claim(names[7]):
        assert mine.held_of(names) == other.held_of(names) == {names[3], names[7]}
        assert mine.held_of([names[4]]) == frozenset()
    assert mine.held_of(names) == frozenset()


def test_a_claim_ends_with_an_error(world: World, name: str) -> None:
    claims = world.open()
    with pytest.raises(ZeroDivisionError), claims.claim(name):
        raise ZeroDivisionError
    with claims.claim(name):
        pass


def test_asking_disturbs_nobody(world: World, name: str) -> None:
    mine, other = world.open(), world.open()
    stop = threading.Event()

    def ask() -> None:
        while not stop.is_set():
            other.held(name)

    asker = threading.Thread(target=ask)
    asker.start()
    try:
        for _ in range(50):
            with mine.claim(name):
                pass
    finally:
        stop.set()
        asker.join()


def test_waiting_ends_when_the_other_lets_go(world: World, name: str) -> None:
    mine, other = world.open(), world.open()
    order: list[str] = []

    def take() -> None:
        with other.claim(name, wait=True):
            order.append("other")

    waiting = threading.Thread(target=take)
    with mine.claim(name):
        waiting.start()
        waiting.join(0.3)
        assert waiting.is_alive()
        order.append("mine")
    waiting.join(5)
    assert order == ["mine", "other"]


def test_processes_exclude_each_other(processes: World, name: str) -> None:
    claims = processes.open()
    holder = processes.child(name)
    with ended(holder):
        assert says(holder) == "held"
        assert claims.held(name)
        with pytest.raises(BatchBusy), claims.claim(name):
            pytest.fail("claimed twice")
        refused, waiting = processes.child(name), processes.child(name, wait=True)
        with ended(refused, waiting):
            assert says(refused) == "BATCH_BUSY"
            assert waiting.poll() is None
            assert holder.stdin is not None
            holder.stdin.close()
            assert says(holder) == "free"
            assert says(waiting) == "held"


def test_a_killed_process_holds_nothing(processes: World, name: str) -> None:
    claims = processes.open()
    holder = processes.child(name)
    with ended(holder):
        assert says(holder) == "held"
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        assert within(SOON, lambda: not claims.held(name))
        with claims.claim(name):
            pass


def test_a_killed_process_that_waited_is_not_given_the_claim(processes: World, name: str) -> None:
    claims = processes.open()
    with claims.claim(name):
        waiting = processes.child(name, wait=True)
        with ended(waiting), pytest.raises(subprocess.TimeoutExpired):
            waiting.wait(0.5)
    with claims.claim(name, wait=True):
        pass


# -- files ----------------------------------------------------------------------------------


def test_a_claim_is_lost_with_its_file(tmp_path: Path, name: str) -> None:
    claims = FileClaims(tmp_path)
    with claims.claim(name):
        (tmp_path / name).unlink()
        with pytest.raises(ArchiveUnavailable) as lost:
            claims.check(name)
    assert lost.value.code == "CLAIM_LOST"


# -- PostgreSQL -----------------------------------------------------------------------------


@pytest.fixture
def proxied(request: pytest.FixtureRequest) -> Iterator[tuple[FaultProxy, Place, Place]]:
    """A proxy, the server through it, and the server itself."""
    at = server(request)
    url = make_url(at.url)
    with FaultProxy(url.host or "", url.port or 5432) as proxy:
        yield proxy, at.through(proxy.host, proxy.port), at


def test_a_claim_whose_connection_broke_is_lost_and_free(
    proxied: tuple[FaultProxy, Place, Place], name: str
) -> None:
    proxy, through, straight = proxied
    claims = PostgresqlClaims(through.url, through.password)
    others = PostgresqlClaims(straight.url, straight.password)
    with claims.claim(name):
        claims.check(name)
        proxy.reset()
        for _ in range(2):
            with pytest.raises(ArchiveUnavailable) as lost:
                claims.check(name)
            assert (lost.value.code, lost.value.retryable) == ("CLAIM_LOST", True)
        assert within(SOON, lambda: not others.held(name))
        with others.claim(name):
            with pytest.raises(ArchiveUnavailable):
                claims.check(name)
            assert others.held(name)
    with claims.claim(name):
        claims.check(name)


def test_a_server_that_is_down_gives_no_claim(
    proxied: tuple[FaultProxy, Place, Place], name: str
) -> None:
    proxy, through, _ = proxied
    claims = PostgresqlClaims(through.url, through.password)
    proxy.down()
    for ask in (lambda: claims.held(name), lambda: claims.claim(name).__enter__()):
        with pytest.raises(ArchiveUnavailable) as down:
            ask()
        assert down.value.code == "RECORDS_UNAVAILABLE"
    proxy.up()
    with claims.claim(name):
        assert claims.held(name)


def test_a_wrong_password_is_no_matter_of_waiting(request: pytest.FixtureRequest) -> None:
    at = server(request)
    with pytest.raises(ConfigError) as refused:
        PostgresqlClaims(at.named("no_such_database").url, at.password).held("x")
    assert refused.value.code == "RECORDS_REFUSED"
