"""Processes that outlive the command which started them."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.local.supervisor import Launch, Process, alive, end, launch, start_of

READY = "print('ready', flush=True)\n"
WAIT = "import signal, time\nwhile True: signal.pause()\n"
STUBBORN = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
PARENT = (
    "import subprocess, sys\n"
    "child = subprocess.Popen([sys.executable, '-c', 'import signal\\nsignal.pause()'])\n"
    "print(child.pid, flush=True)\n"
)


@pytest.fixture
def begun() -> Iterator[list[Process]]:
    """Whatever a test starts is gone after it."""
    started: list[Process] = []
    yield started
    for process in started:
        end(process, signal.SIGKILL, 5)


def begin(folder: Path, code: str, begun: list[Process]) -> Process:
    process = launch(
        Launch((sys.executable, "-c", code), {"PATH": os.environ["PATH"]}, folder), folder / "log"
    )
    begun.append(process)
    return process


def until(true: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.02)


def log(folder: Path) -> str:
    return (folder / "log").read_text(encoding="utf-8") if (folder / "log").exists() else ""


def test_it_runs_in_a_session_of_its_own_and_ends(tmp_path: Path, begun: list[Process]) -> None:
    process = begin(tmp_path, READY + WAIT, begun)
    until(lambda: "ready" in log(tmp_path))
    assert alive(process)
    assert os.getsid(process.pid) == process.pid
    assert end(process, signal.SIGTERM, 10)
    assert not alive(process)
    assert not end(process, signal.SIGTERM, 10)


def test_who_does_not_obey_is_killed(tmp_path: Path, begun: list[Process]) -> None:
    process = begin(tmp_path, STUBBORN + READY + WAIT, begun)
    until(lambda: "ready" in log(tmp_path))
    assert end(process, signal.SIGTERM, 0.1)
    assert not alive(process)


def test_a_child_that_is_left_behind_is_ended(tmp_path: Path, begun: list[Process]) -> None:
    process = begin(tmp_path, PARENT + WAIT, begun)
    until(lambda: log(tmp_path).endswith("\n"))
    child = int(log(tmp_path))
    assert start_of(child) is not None
    assert end(process, signal.SIGTERM, 10)
    assert start_of(child) is None


@pytest.mark.parametrize("other", [{"start": 1}, {"boot": "another boot"}])
def test_another_process_of_that_pid_is_left_alone(
    tmp_path: Path, begun: list[Process], other: dict[str, int | str]
) -> None:
    process = begin(tmp_path, READY + WAIT, begun)
    until(lambda: "ready" in log(tmp_path))
    stranger = replace(process, **other)  # type: ignore[arg-type]
    assert not alive(stranger)
    assert not end(stranger, signal.SIGTERM, 1)
    assert alive(process)


def test_one_that_ended_by_itself_is_not_alive(tmp_path: Path, begun: list[Process]) -> None:
    process = begin(tmp_path, "", begun)
    until(lambda: not alive(process))
    assert not end(process, signal.SIGTERM, 1)


def test_nothing_of_the_callers_environment_is_inherited(
    tmp_path: Path, begun: list[Process], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_OF_THE_CALLER", "x")
    begin(tmp_path, "import os\nprint(sorted(os.environ), flush=True)\n", begun)
    until(lambda: log(tmp_path).endswith("\n"))
    assert "SECRET_OF_THE_CALLER" not in log(tmp_path)


def test_a_program_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        launch(Launch(("/no/such/program",), {}, tmp_path), tmp_path / "log")
