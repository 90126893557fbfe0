"""Starts, stops and asks many services at once. Knows each only as a `Service`."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from signal import SIGKILL

from deploy.local import supervisor
from deploy.local.service import Place, Service, ServiceError
from deploy.local.state import port_is_free

_PAUSE = 0.2
_TAIL = 25


@dataclass(frozen=True, slots=True)
class Status:
    """One service as it stands."""

    name: str
    pid: int | None
    """None: it does not run."""
    address: str
    healthy: bool


class Office:
    """The services of one state."""

    def __init__(self, place: Place, kinds: Sequence[type[Service]]) -> None:
        """In order of start; a service comes after those it needs."""
        self._state = place.state
        self._services = {kind.name: kind(place) for kind in kinds}
        self._cancelled = place.cancelled

    def start(self, names: Iterable[str]) -> None:
        """Start what does not run, side by side, and return when all are healthy.

        Raises:
            ServiceError: one failed; what this call had started was ended again.
        """
        wanted = self._with_needs(names)
        ran = {name for name in wanted if self._running(name)}
        try:
            self._bring_up_all(wanted)
        except BaseException:
            self.stop(name for name in wanted if name not in ran)
            raise

    def lacking(self) -> dict[str, str]:
        """Services that this machine cannot run, with what is lacking; their dependants, too."""
        found: dict[str, str] = {}
        for name, service in self._services.items():
            reasons = [found[need] for need in service.needs if need in found]
            if reason := service.lacking() or next(iter(reasons), None):
                found[name] = reason
        return found

    def stop(self, names: Iterable[str]) -> list[str]:
        """End what runs of these, last started first; names of those that were ended."""
        wanted = set(names)
        ended = []
        for name in reversed(self._services):
            if name in wanted and (process := self._state.process(name)) is not None:
                service = self._services[name]
                if supervisor.end(process, service.stop_signal, service.grace):
                    ended.append(name)
                self._state.stopped(name)
        return ended

    def kill(self, names: Iterable[str]) -> list[str]:
        """SIGKILL, as a fault: the service keeps its port and data, and can be started again."""
        ended = []
        for name in names:
            process = self._state.process(name)
            if process is not None and supervisor.end(process, SIGKILL, 10):
                ended.append(name)
            self._state.stopped(name)
        return ended

    def status(self) -> list[Status]:
        """All services, running or not."""
        found = []
        for name, service in self._services.items():
            process = self._running(name)
            known = name in self._state.ports()
            found.append(
                Status(
                    name,
                    process.pid if process else None,
                    service.address if known else "-",
                    process is not None and service.healthy(),
                )
            )
        return found

    def exports(self) -> Mapping[str, str]:
        """What points Sohoa at the services that run."""
        told: dict[str, str] = {}
        for name, service in self._services.items():
            if self._running(name):
                told |= service.exports()
        return told

    def _with_needs(self, names: Iterable[str]) -> list[str]:
        wanted = set(names)
        for service in reversed(self._services.values()):
            if service.name in wanted:
                wanted |= set(service.needs)
        return [name for name in self._services if name in wanted]

    def _bring_up_all(self, wanted: Sequence[str]) -> None:
        """Each in a thread; the first failure, or an interruption, ends the waiting of all."""
        self._cancelled.clear()
        ready: dict[str, Future[None]] = {}
        with ThreadPoolExecutor(max_workers=max(len(wanted), 1)) as pool:
            try:
                for name in wanted:
                    ready[name] = pool.submit(self._bring_up, self._services[name], dict(ready))
                wait(ready.values(), return_when=FIRST_EXCEPTION)
            finally:
                if not all(future.done() and not future.exception() for future in ready.values()):
                    self._cancelled.set()
        failures = [error for future in ready.values() if (error := future.exception())]
        if failures:
            raise next((e for e in failures if not isinstance(e, _Cancelled)), failures[0])

    def _running(self, name: str) -> supervisor.Process | None:
        process = self._state.process(name)
        return process if process is not None and supervisor.alive(process) else None

    def _bring_up(self, service: Service, ready: Mapping[str, Future[None]]) -> None:
        """Make one healthy; whatever goes wrong names the service and ends with its log."""
        log = self._state.logs / f"{service.name}.log"
        offset = log.stat().st_size if log.exists() else 0
        try:
            self._make_healthy(service, ready, log)
        except _Cancelled:
            raise
        except Exception as error:
            text = str(error)
            if isinstance(error, subprocess.CalledProcessError):
                output = (error.output or b"").decode(errors="replace")
                text = f"{Path(error.cmd[0]).name} failed\n{output}"
            raise ServiceError(f"{service.name}: {text}{_tail(log, offset)}") from error

    def _make_healthy(self, service: Service, ready: Mapping[str, Future[None]], log: Path) -> None:
        """Prepare, launch, wait, settle."""
        if not self._running(service.name):
            how = service.prepare()
            for need in service.needs:
                if ready[need].exception() is not None:
                    raise _Cancelled
            self._launch(service, how, log)
        for attempt in range(1, service.attempts + 1):
            if self._healthy_in_time(service):
                break
            if attempt == service.attempts:
                raise ServiceError("it ended at once")
            self._pause(1)
            self._launch(service, service.prepare(), log)
        service.settle()

    def _launch(self, service: Service, how: supervisor.Launch, log: Path) -> None:
        if self._cancelled.is_set():
            raise _Cancelled
        if not port_is_free(service.port):
            raise ServiceError(f"another program listens on {service.address}")
        self._state.started(service.name, supervisor.launch(how, log))

    def _healthy_in_time(self, service: Service) -> bool:
        """True once it is healthy, False when it ended before."""
        until = time.monotonic() + service.deadline
        while not service.healthy():
            self._pause(_PAUSE)
            if not self._running(service.name):
                return False
            if time.monotonic() > until:
                raise ServiceError(f"not healthy after {service.deadline:.0f} s")
        return True

    def _pause(self, seconds: float) -> None:
        if self._cancelled.wait(seconds):
            raise _Cancelled


class _Cancelled(ServiceError):
    """Another service failed first."""


def _tail(log: Path, offset: int) -> str:
    """The last lines written since `offset`; empty when there are none."""
    if not log.exists():
        return ""
    with log.open("rb") as file:
        file.seek(offset)
        lines = file.read().decode(errors="replace").splitlines()[-_TAIL:]
    return "\n".join([f"\nThe end of {log}:", *lines]) if lines else ""
