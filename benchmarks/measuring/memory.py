"""Peaks of memory over a run, of this process and of what it starts; Linux only.

`ru_maxrss` will not do: a program inherits the peak of the process that started it.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

_PROC: Final = Path("/proc")
_SAMPLE_SECONDS: Final = 0.2
_KIB_PER_MIB: Final = 1024
_RESET_PEAK: Final = "5"
"""What makes the kernel forget the peak (proc(5), clear_refs)."""


@dataclass(frozen=True, slots=True)
class Peak:
    """Most resident memory in a window of pages, MiB."""

    pages: int
    """Where the window ends."""
    own_mib: float
    program_mib: float
    """Of the largest program that was seen; sampled, so short peaks may be missed."""


class Memory:
    """Notes peaks, a window of pages at a time."""

    def __init__(self) -> None:
        """Nothing is looked at before it is entered."""
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._program = 0.0
        self._sampler = threading.Thread(target=self._sample, name="memory", daemon=True)

    def __enter__(self) -> Self:
        """Begin the first window."""
        self._forget()
        self._sampler.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop looking."""
        self._over.set()
        self._sampler.join()

    def window(self, pages: int) -> Peak:
        """End a window, so many pages into the run; its peaks."""
        with self._lock:
            peak = Peak(pages, _status_mib("self", "VmHWM"), self._program)
            self._program = 0.0
        self._forget()
        return peak

    def _sample(self) -> None:
        while not self._over.wait(_SAMPLE_SECONDS):
            largest = max((_status_mib(pid, "VmRSS") for pid in _below(os.getpid())), default=0.0)
            with self._lock:
                self._program = max(self._program, largest)

    @staticmethod
    def _forget() -> None:
        (_PROC / "self" / "clear_refs").write_text(_RESET_PEAK)


def _below(root: int) -> Iterator[str]:
    """All processes that a process started, and theirs."""
    waiting = [str(root)]
    while waiting:
        tasks = _PROC / waiting.pop() / "task"
        with contextlib.suppress(OSError):
            for task in tasks.iterdir():
                children = (task / "children").read_text().split()
                waiting += children
                yield from children


def _status_mib(pid: str, key: str) -> float:
    with contextlib.suppress(OSError):
        for line in (_PROC / pid / "status").read_text().splitlines():
            if line.startswith(f"{key}:"):
                return int(line.split()[1]) / _KIB_PER_MIB
    return 0.0
