"""Running `scanimage` (Debian's sane-utils): the only place that knows the program.

It gets an environment and arguments of our making, writes below one private folder, and is bounded
in time, output, memory and length of file. It is stopped gently first: a scanner that is cut off in
the middle of a page often needs its plug pulled. May not come in: what options mean.
"""

from __future__ import annotations

import contextlib
import os
import re
import resource
import select
import selectors
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from pipeline.errors import MissingToolError, ScannerError, ScannerUnavailable

_KEPT_VARIABLES: Final = ("PATH", "HOME", "XDG_CACHE_HOME", "SANE_CONFIG_DIR", "LD_LIBRARY_PATH")
_LONGEST_ANSWER: Final = 1 << 20
_LONGEST_NOISE: Final = 1 << 14
"""Of what the program says on the side only the end is kept."""
_MEMORY_BYTES: Final = 2 * 1024**3
_CALIBRATION_BYTES: Final = 64 * 1024**2
"""Some backends keep what they measured of a lamp in a file of their own."""
_PIECE: Final = 1 << 16
_IDLE_SECONDS: Final = 0.3
_GENTLE_SECONDS: Final = 5.0
_NEXT: Final = b"\n"
"""Answer to the program's question whether to scan on."""
_VERDICT: Final = re.compile(
    rb"^scanimage: (sane_start|sane_read|open of device .* failed): (.*)$", re.MULTILINE
)
_LAST_WORDS_SECONDS: Final = 2.0
"""Once it has said what is wrong it should end, but backends are known to hang at this point."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended."""

    sound: bool
    """It ended by itself, with success."""
    verdict: str
    """SANE's own words for what went wrong (`sane_strstatus`), empty where it said none."""
    in_sheet: bool
    """It went wrong when a sheet was already on its way."""


class Program:
    """The program, ready to be run."""

    def __init__(self, name: str = "scanimage") -> None:
        """Nothing is started or looked for yet."""
        self._name = name

    def available(self) -> bool:
        """True where it is installed."""
        return shutil.which(self._name) is not None

    def start(self, arguments: Sequence[str], *, file_bytes: int = _CALIBRATION_BYTES) -> Run:
        """Begin a run.

        Args:
            arguments: without the program's name.
            file_bytes: longest file it may write.

        Raises:
            MissingToolError: `SCANIMAGE_MISSING`.
        """
        if not self.available():
            raise MissingToolError("SCANIMAGE_MISSING", program="scanimage")
        return Run([self._name, *arguments], file_bytes)

    def ask(self, arguments: Sequence[str], seconds: float) -> tuple[str, Ended]:
        """What a short run prints, and how it ended.

        Raises:
            MissingToolError: `SCANIMAGE_MISSING`.
            ScannerUnavailable: `SCANNER_SILENT`, it takes longer than `seconds`.
        """
        with self.start(arguments) as run:
            return run.answer(seconds)


class Run:
    """One run of the program; ends with its `with` block."""

    def __init__(self, command: Sequence[str], file_bytes: int) -> None:
        """Start it, bounded."""
        environment = {k: os.environ[k] for k in _KEPT_VARIABLES if k in os.environ}
        self._popen = subprocess.Popen(
            list(command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment | {"LC_ALL": "C.UTF-8"},
            start_new_session=True,
            bufsize=0,
        )
        with contextlib.suppress(ProcessLookupError, PermissionError):
            for limit, most in (
                (resource.RLIMIT_FSIZE, file_bytes),
                (resource.RLIMIT_DATA, _MEMORY_BYTES),
                (resource.RLIMIT_CORE, 0),
            ):
                _bound(self._popen.pid, limit, most)
        self._out = bytearray()
        self._noise = bytearray()
        self._over = False
        self._judged: float | None = None
        self._stopped = False
        self._exit = os.pidfd_open(self._popen.pid)
        self._pipes = selectors.DefaultSelector()
        self._pipes.register(self._exit, selectors.EVENT_READ, None)
        for pipe, buffer in ((self._popen.stdout, self._out), (self._popen.stderr, self._noise)):
            assert pipe is not None  # noqa: S101
            self._pipes.register(pipe, selectors.EVENT_READ, buffer)

    def __enter__(self) -> Self:
        """The run itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop it: gently, then not."""
        if not self._stopped:
            self._stopped = True
            self._stop()

    def answer(self, seconds: float) -> tuple[str, Ended]:
        """Everything it prints until it ends; nobody answers its questions.

        Raises:
            ScannerUnavailable: `SCANNER_SILENT`.
            ScannerError: it prints without end.
        """
        assert self._popen.stdin is not None  # noqa: S101
        self._popen.stdin.close()
        deadline = time.monotonic() + seconds
        while self._hear(deadline, seconds):
            if len(self._out) > _LONGEST_ANSWER:
                raise ScannerError("SCAN_FAILED")
        return self._out.decode("utf-8", "replace"), self._ended()

    def next_file(self, seconds: float) -> Path | Ended:
        """Let it scan one image; the file it wrote, or how it ended instead.

        Raises:
            ScannerUnavailable: `SCANNER_SILENT`.
        """
        assert self._popen.stdin is not None  # noqa: S101
        with contextlib.suppress(BrokenPipeError):
            self._popen.stdin.write(_NEXT)
        deadline = time.monotonic() + seconds
        while (end := self._out.find(b"\n")) < 0:
            if len(self._out) > _LONGEST_NOISE:
                raise ScannerError("SCAN_FAILED")
            if not self._hear(deadline, seconds):
                return self._ended()
        name = bytes(self._out[:end])
        del self._out[: end + 1]
        return Path(os.fsdecode(name))

    def _hear(self, deadline: float, seconds: float) -> bool:
        """Take in what it says; False once it has ended and nothing more comes.

        Its end counts, not that of its pipes: some backends leave a process behind that holds them.
        """
        judged = self._judged
        if judged is not None:
            deadline = min(deadline, judged + _LAST_WORDS_SECONDS)
        ready = self._pipes.select(0 if self._over else max(deadline - time.monotonic(), 0))
        if not ready:
            if self._over or judged is not None:
                return False
            raise ScannerUnavailable("SCANNER_SILENT", seconds=seconds)
        for key, _ in ready:
            if key.data is None:
                self._over = True
                self._pipes.unregister(key.fileobj)
                continue
            piece = os.read(key.fd, _PIECE)
            if not piece:
                self._pipes.unregister(key.fileobj)
            key.data.extend(piece)
        del self._noise[:-_LONGEST_NOISE]
        if self._judged is None and _VERDICT.search(self._noise):
            self._judged = time.monotonic()
        return True

    def _ended(self) -> Ended:
        where, verdict = [(b"", b""), *_VERDICT.findall(self._noise)][-1]
        return Ended(
            sound=self._over and self._popen.wait() == 0,
            verdict=verdict.decode("utf-8", "replace").strip(),
            in_sheet=where == b"sane_read",
        )

    def _stop(self) -> None:
        """Idle at its question it ends by itself; in the middle of a page it is told to."""
        assert self._popen.stdin is not None  # noqa: S101
        self._popen.stdin.close()
        for number, patience in ((0, _IDLE_SECONDS), (signal.SIGTERM, _GENTLE_SECONDS)):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._popen.pid, number)
            if select.select([self._exit], [], [], patience)[0]:
                break
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._popen.pid, signal.SIGKILL)  # with what it left behind
        self._popen.wait()
        self._pipes.close()
        os.close(self._exit)
        for pipe in (self._popen.stdout, self._popen.stderr):
            if pipe is not None:
                pipe.close()


def _bound(pid: int, limit: int, most: int) -> None:
    _, hard = resource.prlimit(pid, limit)
    if hard != resource.RLIM_INFINITY:
        most = min(most, hard)
    resource.prlimit(pid, limit, (most, most))
