"""Starting, stopping and asking services, with tiny servers instead of the big ones."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import ClassVar

import pytest

from deploy.local import builds
from deploy.local.office import Office
from deploy.local.service import Place, Service, ServiceError, ask, environment
from deploy.local.state import State
from deploy.local.supervisor import Launch, alive, end, start_of
from deploy.local.wrapping import run_inside

HTTP = """
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(b"ok")
    def log_message(self, *_): pass
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


class Tiny(Service):
    """A server of one line."""

    name = "tiny"
    code = HTTP
    deadline: ClassVar[float] = 30
    settled = 0

    def lacking(self) -> str | None:
        return None

    def prepare(self) -> Launch:
        home = self.state.made(self.name)
        return Launch((sys.executable, "-c", self.code, str(self.port)), environment(home), home)

    def healthy(self) -> bool:
        return ask(f"http://{self.address}/") == b"ok"

    def settle(self) -> None:
        self.settled += 1

    def exports(self) -> Mapping[str, str]:
        return {f"SOHOA_{self.name.upper()}": f"http://{self.address}"}


class Other(Tiny):
    name = "other"
    needs = ("tiny",)


class Broken(Tiny):
    """Ends at once, with a last word."""

    name = "broken"
    code = "import sys; sys.exit('no disk left')"


class Deaf(Tiny):
    """Runs and never answers."""

    name = "deaf"
    code = "import signal; signal.pause()"
    deadline = 0.5


class Late(Tiny):
    """Cannot start the first time: what it was before still holds something."""

    name = "late"
    code = (
        "import pathlib, sys\n"
        "mark = pathlib.Path('mark')\n"
        "if not mark.exists(): mark.touch(); sys.exit('still held')\n"
    ) + HTTP
    attempts = 3


class Absent(Tiny):
    """Needs what this machine has not."""

    name = "absent"

    def lacking(self) -> str | None:
        return "a compiler is missing"


class OnAbsent(Tiny):
    name = "onabsent"
    needs = ("absent",)


def until(true: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.02)


def made(folder: Path, *kinds: type[Service]) -> tuple[Office, State]:
    state = State(folder / "state")
    return Office(Place(state, folder / "cache"), kinds), state


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Whatever a test leaves running is ended."""
    yield tmp_path
    for process in State(tmp_path / "state").processes().values():
        end(process, signal.SIGKILL, 5)


def test_started_asked_and_stopped(folder: Path) -> None:
    office, state = made(folder, Tiny, Other)
    assert [(one.pid, one.healthy) for one in office.status()] == [(None, False)] * 2
    office.start(["tiny", "other"])
    assert all(one.healthy and one.pid for one in office.status())
    assert office.exports() == {
        "SOHOA_TINY": f"http://127.0.0.1:{state.port('tiny')}",
        "SOHOA_OTHER": f"http://127.0.0.1:{state.port('other')}",
    }
    assert office.stop(["tiny", "other"]) == ["other", "tiny"]
    assert office.exports() == {}
    assert office.stop(["tiny", "other"]) == []


def test_what_runs_is_kept_also_by_a_later_command(folder: Path) -> None:
    office, state = made(folder, Tiny)
    office.start(["tiny"])
    before = state.process("tiny")
    again, read = made(folder, Tiny)
    again.start(["tiny"])
    assert read.process("tiny") == before is not None


def test_a_service_brings_those_it_needs(folder: Path) -> None:
    office, state = made(folder, Tiny, Other)
    office.start(["other"])
    assert set(state.processes()) == {"tiny", "other"}


def test_after_a_kill_it_comes_back_on_its_port(folder: Path) -> None:
    office, state = made(folder, Tiny)
    office.start(["tiny"])
    first, port = state.process("tiny"), state.port("tiny")
    assert office.kill(["tiny"]) == ["tiny"]
    assert first is not None and not alive(first)
    office.start(["tiny"])
    assert state.port("tiny") == port
    assert state.process("tiny") != first
    assert office.status()[0].healthy


def test_one_that_died_by_itself_is_started_again(folder: Path) -> None:
    office, state = made(folder, Tiny)
    office.start(["tiny"])
    first = state.process("tiny")
    assert first is not None
    end(first, signal.SIGKILL, 5)
    office.start(["tiny"])
    assert office.status()[0].healthy


def test_a_failure_names_the_service_tells_its_last_words_and_stops_the_others(
    folder: Path,
) -> None:
    office, state = made(folder, Tiny, Other, Broken)
    office.start(["tiny"])
    ran = state.process("tiny")
    with pytest.raises(ServiceError, match=r"(?s)broken: it ended at once.*no disk left"):
        office.start(["tiny", "other", "broken"])
    assert state.processes() == {"tiny": ran}, "what ran before stays, all else is stopped"
    assert office.status()[0].healthy


def test_one_that_never_answers_is_given_up(folder: Path) -> None:
    office, state = made(folder, Deaf)
    with pytest.raises(ServiceError, match="deaf: not healthy after"):
        office.start(["deaf"])
    assert state.processes() == {}


def test_only_the_last_start_tells_its_last_words(folder: Path) -> None:
    office, state = made(folder, Broken)
    (state.logs / "broken.log").write_text("of yesterday\n", encoding="utf-8")
    with pytest.raises(ServiceError) as failed:
        office.start(["broken"])
    assert "of yesterday" not in str(failed.value)


def test_one_that_may_is_tried_again(folder: Path) -> None:
    office, _ = made(folder, Late)
    office.start(["late"])
    assert office.status()[0].healthy


def test_a_port_that_another_program_took_is_told(folder: Path) -> None:
    office, state = made(folder, Tiny)
    with socket.socket() as other:
        other.bind(("127.0.0.1", state.port("tiny")))
        other.listen()
        with pytest.raises(ServiceError, match=r"tiny: another program listens on 127\.0\.0\.1:"):
            office.start(["tiny"])
    assert state.processes() == {}


def test_what_the_machine_lacks_is_told_for_dependants_too(folder: Path) -> None:
    office, _ = made(folder, Tiny, Absent, OnAbsent)
    assert office.lacking() == {
        "absent": "a compiler is missing",
        "onabsent": "a compiler is missing",
    }


def test_the_state_keeps_ports_and_secrets_to_itself(tmp_path: Path) -> None:
    state = State(tmp_path / "state")
    port, secret = state.port("a"), state.secret("s")
    again = State(tmp_path / "state")
    assert (again.port("a"), again.secret("s")) == (port, secret)
    assert again.port("b") != port and again.secret("t") != secret
    assert (tmp_path / "state").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "state" / "state.json").stat().st_mode & 0o777 == 0o600


def test_ports_are_not_those_of_outgoing_connections(tmp_path: Path) -> None:
    low = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    state = State(tmp_path / "state")
    assert all(state.port(f"p{n}") < low for n in range(20))


def test_a_state_of_another_version_is_refused(tmp_path: Path) -> None:
    (tmp_path / "state.json").write_text('{"schema": "sohoa.services/9"}', encoding="utf-8")
    with pytest.raises(ValueError, match="not a state of this version"):
        State(tmp_path)


def test_two_commands_change_a_state_one_after_the_other(tmp_path: Path) -> None:
    first, second = State(tmp_path / "s"), State(tmp_path / "s")
    seen: list[str | None] = []

    def later() -> None:
        with second.locked():
            seen.append(second.note("word"))

    with first.locked():
        waiting = threading.Thread(target=later)
        waiting.start()
        first.note("word", "said")
    waiting.join(timeout=20)
    assert seen == ["said"]


def test_a_command_runs_with_the_variables_and_its_exit_code_is_handed_on() -> None:
    ask_back = "import os, sys; sys.exit(int(os.environ['TOLD']))"
    assert run_inside([sys.executable, "-c", ask_back], {"TOLD": "7"}) == 7
    end_itself = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    assert run_inside([sys.executable, "-c", end_itself], {}) == 137


def test_a_request_to_end_reaches_the_command_and_the_caller_goes_on() -> None:
    before = signal.getsignal(signal.SIGTERM)
    ask_parent = "import os, signal\nos.kill(os.getppid(), signal.SIGTERM)\nsignal.pause()"
    assert run_inside([sys.executable, "-c", ask_parent], dict(os.environ)) == 143
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.fixture
def slow_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A compiler that tells its pid and never comes to an end; what it installs goes nowhere."""
    program = tmp_path / "bin" / "go"
    program.parent.mkdir()
    program.write_text(
        "#!/bin/sh\n"
        'if [ "$1" = version ]; then echo go version go1.24.1 linux/amd64; exit; fi\n'
        f'echo $$ > "{tmp_path}/pid.new"; mv "{tmp_path}/pid.new" "{tmp_path}/pid"\n'
        "exec sleep 1000\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    return tmp_path / "pid"


def test_a_build_that_nobody_waits_for_is_ended(tmp_path: Path, slow_go: Path) -> None:
    cancelled = threading.Event()
    failed: list[str] = []

    def build() -> None:
        try:
            builds.minio(tmp_path / "cache", cancelled)
        except ServiceError as error:
            failed.append(str(error))

    building = threading.Thread(target=build)
    building.start()
    until(slow_go.exists)
    cancelled.set()
    building.join(timeout=20)
    assert failed == ["interrupted"]
    assert start_of(int(slow_go.read_text())) is None
    assert not [left for left in (tmp_path / "cache").iterdir() if left.is_dir()]


def test_a_build_that_fails_leaves_nothing_and_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "bin" / "go"
    program.parent.mkdir()
    program.write_text(
        "#!/bin/sh\n"
        'if [ "$1" = version ]; then echo go version go1.24.1 linux/amd64; exit; fi\n'
        'touch "$GOBIN/half"; echo no network; exit 1\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    with pytest.raises(ServiceError, match="no network"):
        builds.minio(tmp_path / "cache", threading.Event())
    assert not [left for left in (tmp_path / "cache").iterdir() if left.is_dir()]


@pytest.mark.parametrize(
    ("version", "usable"), [("go1.24.0", True), ("go1.26", True), ("go1.19.8", False)]
)
def test_a_compiler_that_is_too_old_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, *, usable: bool
) -> None:
    program = tmp_path / "go"
    program.write_text(f"#!/bin/sh\necho go version {version} linux/amd64\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert (builds.go() == program) is usable
