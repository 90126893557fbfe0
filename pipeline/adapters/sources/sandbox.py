"""Child processes that open hostile files, kept warm between requests.

A request has the process for itself; one that hangs, dies or is abandoned half-way costs only
its process. May not come in: knowledge of file formats.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Iterator
from typing import Any, Final

from pipeline import errors
from pipeline.errors import SohoaError, UnreadableScan, UnsafeInput

_MEMORY_BYTES: Final = 800 * 1024**2
"""Address space of the process, and of each program it starts."""
_LONGEST_LINE: Final = 64 * 1024
_LONGEST_DATA: Final = 700 * 1024**2
_PIECE: Final = 1 << 20
_SECONDS_PER_ANSWER: Final = 2.0
"""A file that keeps giving pages earns this for each."""
_IDLE: Final = 2
_MOST_REQUESTS: Final = 100
"""A process that served so many files ends: what libraries leak must not narrow its bounds."""
_FULL: Final = "READ_OUT_OF_MEMORY"
_CHILD: Final = "pipeline.adapters.sources.child"


class Sandbox:
    """A few bounded processes; safe to use from several threads."""

    def __init__(self) -> None:
        """Nothing is started before the first request."""
        self._idle: list[_Process] = []
        self._lock = threading.Lock()
        weakref.finalize(self, _end_all, self._idle)

    def ask(
        self, request: dict[str, Any], seconds: float
    ) -> Iterator[tuple[dict[str, Any], bytes]]:
        """Answers to one request, until `report` or `end`.

        Args:
            request: JSON for the child.
            seconds: the child may work this long, and 2 s more for each page or sign of progress
                that it has given.

        Raises:
            UnsafeInput: `READ_TIMEOUT`.
            UnreadableScan: `SCAN_UNREADABLE` where the process died.
            IntakeError: what the child reports.
        """
        process = self._take()
        done, fit = False, True
        try:
            process.send({**request, "seconds": seconds})
            budget = seconds
            while not done:
                started = time.monotonic()
                facts, data = process.receive(budget)
                budget += _SECONDS_PER_ANSWER - (time.monotonic() - started)
                done = facts["is"] not in ("page", "step")
                if facts["is"] == "error":
                    fit = facts["code"] != _FULL
                    raise _error(facts)
                if facts["is"] not in ("end", "step"):
                    yield facts, data
        finally:
            if done and fit:
                self._give_back(process)
            else:
                process.end()

    def _take(self) -> _Process:
        """A process that is alive: one may have been killed while it was idle."""
        while True:
            with self._lock:
                process = self._idle.pop() if self._idle else None
            if process is None:
                return _Process()
            if process.serves():
                return process
            process.end()

    def _give_back(self, process: _Process) -> None:
        with self._lock:
            if len(self._idle) < _IDLE:
                self._idle.append(process)
                return
        process.end()


def _end_all(processes: list[_Process]) -> None:
    while processes:
        processes.pop().end()


def _error(facts: dict[str, Any]) -> SohoaError:
    kind = getattr(errors, str(facts["kind"]), None)
    if not (isinstance(kind, type) and issubclass(kind, SohoaError)):
        kind = UnreadableScan
    return kind(str(facts["code"]), **facts["params"])


class _Process:
    """One child and the pipes to it."""

    def __init__(self) -> None:
        environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "PYTHONPATH": os.pathsep.join(os.path.abspath(p) for p in sys.path),  # noqa: PTH100
            "LC_ALL": "C.UTF-8",
            "OMP_THREAD_LIMIT": "1",
        }
        self._popen = subprocess.Popen(
            [sys.executable, "-m", _CHILD, str(_MEMORY_BYTES)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            start_new_session=True,
            bufsize=0,
        )
        self._buffer = bytearray()
        self._requests = 0

    def serves(self) -> bool:
        """True while it lives and has not served its share."""
        return self._popen.poll() is None and self._requests < _MOST_REQUESTS

    def send(self, request: dict[str, Any]) -> None:
        assert self._popen.stdin is not None  # noqa: S101
        self._requests += 1
        with contextlib.suppress(BrokenPipeError):
            self._popen.stdin.write(json.dumps(request).encode() + b"\n")

    def receive(self, seconds: float) -> tuple[dict[str, Any], bytes]:
        deadline = time.monotonic() + seconds
        while (end := self._buffer.find(b"\n")) < 0:
            if len(self._buffer) > _LONGEST_LINE:
                raise UnreadableScan("SCAN_UNREADABLE")
            self._read(deadline)
        facts: dict[str, Any] = json.loads(bytes(self._buffer[:end]))
        del self._buffer[: end + 1]
        size = int(facts["bytes"])
        if size > _LONGEST_DATA:
            raise UnsafeInput(_FULL)
        while len(self._buffer) < size:
            self._read(deadline)
        data = bytes(self._buffer[:size])
        del self._buffer[:size]
        return facts, data

    def _read(self, deadline: float) -> None:
        assert self._popen.stdout is not None  # noqa: S101
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([self._popen.stdout], [], [], left)[0]:
            raise UnsafeInput("READ_TIMEOUT")
        piece = os.read(self._popen.stdout.fileno(), _PIECE)
        if not piece:
            raise UnreadableScan("SCAN_UNREADABLE")
        self._buffer += piece

    def end(self) -> None:
        """Kill the process and what it started; release the pipes."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._popen.pid, signal.SIGKILL)
        self._popen.wait()
        for pipe in (self._popen.stdin, self._popen.stdout):
            if pipe is not None:
                pipe.close()
