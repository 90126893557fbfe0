"""An `OcrEngine` that notes on disk what it is reading, and reads by other means what killed it.

A library that crashes takes the process along and can say nothing afterwards; a mark that was
left behind says it. May not come in: how either engine reads.
"""

from __future__ import annotations

import hashlib
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Final

from pipeline.errors import MissingToolError
from pipeline.models.text import EngineIdentity, Line
from pipeline.ports.reading import Gray, OcrEngine

_EVERY: Final = 7
"""Of the image's rows, which of them name it: enough to tell pages apart."""


class CautiousEngine:
    """Reads with the first engine, and with the second what the first never came back from.

    The provenance names the first engine. An image that another process is reading at the same
    time is taken for one that was not survived, and read by the second: slower, and as good.
    """

    def __init__(self, first: OcrEngine, second: Callable[[], OcrEngine], marks: Path) -> None:
        """Compose.

        Args:
            first: may take the process along.
            second: makes the engine that does not; asked when it is needed.
            marks: folder of what is being read; made when it is needed.
        """
        self._first = first
        self._make = second
        self._marks = marks
        self._running: Counter[str] = Counter()
        """Marks set here, and how many threads read such an image now."""
        self._lock = threading.Lock()

    @property
    def identity(self) -> EngineIdentity:
        """Of the first engine."""
        return self._first.identity

    def read(self, gray: Gray, dpi: int, *, row: bool = False) -> tuple[Line, ...]:
        """Lines in reading order; see `OcrEngine.read`.

        Raises:
            MissingToolError: the first engine or its model is not installed; where only the second
                is not, the first reads everything.
            OcrTimeout, OcrCrashed: the first or the second failed and lived.
        """
        name = _name(gray, dpi, row=row)
        if self._left_behind(name):  # it stays: whoever reads the image again is spared, too
            try:
                return self._second.read(gray, dpi, row=row)
            except MissingToolError:
                pass
        with self._marked(name):
            return self._first.read(gray, dpi, row=row)

    def _left_behind(self, name: str) -> bool:
        """True where an image was being read by a process that is no more, or by another one."""
        with self._lock:
            return name not in self._running and (self._marks / name).exists()

    @contextmanager
    def _marked(self, name: str) -> Iterator[None]:
        """The mark is there until the last thread that reads such an image is done."""
        mark = self._marks / name
        with self._lock:
            self._marks.mkdir(parents=True, exist_ok=True)
            mark.touch()
            self._running[name] += 1
        try:
            yield
        finally:
            with self._lock:
                self._running[name] -= 1
                if not self._running[name]:
                    del self._running[name]
                    mark.unlink(missing_ok=True)

    @cached_property
    def _second(self) -> OcrEngine:
        return self._make()


def _name(gray: Gray, dpi: int, *, row: bool) -> str:
    found = hashlib.blake2b(f"{gray.shape} {dpi} {row}".encode(), digest_size=16)
    found.update(gray[::_EVERY].tobytes())
    return found.hexdigest()
