"""Starts, stops and asks many services at once. Knows each only as a `Service`."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from signal import SIGKILL

from deploy.local import supervisor
from deploy.local.service import Service, ServiceError
from deploy.local.state import State, port_is_free

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

    def __init__(self, state: State, services: Sequence[Service]) -> None:
        """In order of start; a service comes after those it needs."""
        self._state = state
        self._services = {service.name: service for service in services}
        self._cancelled = threading.Event()

    def start(self, names: Iterable[str]) -> None:
        """Start what does not run, side by side, and return when all are healthy.

        Raises:
            ServiceError: one failed; what this call had started was ended again.
        """
        wanted = self._with_needs(names)
        ran = {name for name in wanted if self._running(name)}
        self._cancelled.clear()
        ready: dict[str, Future[None]] = {}
        with ThreadPoolExecutor(max_workers=max(len(wanted), 1)) as pool:
            for name in wanted:
                ready[name] = pool.submit(self._bring_up, self._services[name], dict(ready))
            try:
                wait(ready.values(), return_when=FIRST_EXCEPTION)
            finally:
                if not all(future.done() and not future.exception() for future in ready.values()):
                    self._cancelled.set()
        failures = [error for future in ready.values() if (error := future.exception())]
        if failures:
            self.stop(name for name in wanted if name not in ran)
            raise next((e for e in failures if not isinstance(e, _Cancelled)), failures[0])

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

    def _running(self, name: str) -> supervisor.Process | None:
        process = self._state.process(name)
        return process if process is not None and supervisor.alive(process) else None

    def _bring_up(self, service: Service, ready: Mapping[str, Future[None]]) -> None:
        """Prepare, launch, wait, settle."""
        log = self._state.logs / f"{service.name}.log"
        offset = log.stat().st_size if log.exists() else 0
        try:
            if self._running(service.name):
                self._await_health(service, log, offset)
            else:
                how = service.prepare()
                for need in service.needs:
                    ready[need].result()
                for attempt in range(1, service.attempts + 1):
                    self._launch(service, how, log)
                    if self._await_health(service, log, offset, last=attempt == service.attempts):
                        break
            service.settle()
        except (_Cancelled, ServiceError):
            raise
        except subprocess.CalledProcessError as error:
            output = (error.output or b"").decode(errors="replace")
            raise ServiceError(
                f"{service.name}: {Path(error.cmd[0]).name} failed\n{output}"
            ) from error
        except Exception as error:
            raise ServiceError(f"{service.name}: {error}\n{_tail(log, offset)}") from error

    def _launch(self, service: Service, how: supervisor.Launch, log: Path) -> None:
        if self._cancelled.is_set():
            raise _Cancelled
        if not port_is_free(service.port):
            raise ServiceError(f"{service.name}: another program listens on {service.address}")
        self._state.started(service.name, supervisor.launch(how, log))

    def _await_health(self, service: Service, log: Path, offset: int, *, last: bool = True) -> bool:
        """True when it is healthy; False when it ended and may be tried again."""
        until = time.monotonic() + service.deadline
        while not service.healthy():
            if self._cancelled.wait(_PAUSE):
                raise _Cancelled
            if not self._running(service.name):
                if not last:
                    self._cancelled.wait(1)
                    return False
                raise ServiceError(f"{service.name}: it ended at once\n{_tail(log, offset)}")
            if time.monotonic() > until:
                raise ServiceError(
                    f"{service.name}: not healthy after {service.deadline:.0f} s\n"
                    f"{_tail(log, offset)}"
                )
        return True


class _Cancelled(ServiceError):
    """Another service failed first."""


def _tail(log: Path, offset: int) -> str:
    """The last lines written since `offset`."""
    if not log.exists():
        return ""
    with log.open("rb") as file:
        file.seek(offset)
        lines = file.read().decode(errors="replace").splitlines()
    return "\n".join([f"the end of {log}:", *lines[-_TAIL:]])
