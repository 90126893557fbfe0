"""A command that runs while the services do, and the folder that lives as long."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path


@contextlib.contextmanager
def temporary() -> Iterator[Path]:
    """A state folder that is gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="sohoa-services-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def run_inside(argv: Sequence[str], told: Mapping[str, str]) -> int:
    """Run a command with these variables added; its exit code as a shell gives it.

    An interrupt from the terminal reaches the command by itself and is waited for; a request to
    end is handed on to it. Either way the caller goes on, to clean up.

    Raises:
        OSError: the command cannot be started.
    """
    asked: list[int] = []
    child: list[subprocess.Popen[bytes]] = []

    def hand_on(number: int, frame: object) -> None:
        asked.append(number)
        if number != signal.SIGINT:
            for process in child:
                process.send_signal(number)

    endings = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {ending: signal.signal(ending, hand_on) for ending in endings}
    try:
        child.append(subprocess.Popen(argv, env={**os.environ, **told}))
        if asked and asked[-1] != signal.SIGINT:
            child[0].send_signal(asked[-1])
        code = child[0].wait()
    finally:
        for ending, handler in before.items():
            signal.signal(ending, handler)
    return 128 - code if code < 0 else code
