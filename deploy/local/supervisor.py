"""Starting and ending processes that outlive the command: each is known by pid AND start time.

A pid alone is no identity: the system reuses it. Ends only what it can prove to be its own. Knows
nothing of services, ports or the state file.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

PROC = Path("/proc")
_STATE, _GROUP, _START = 0, 2, 19
"""Places in /proc/PID/stat, counted after the name of the program."""


@dataclass(frozen=True, slots=True)
class Account:
    """An unprivileged account that a server runs under when root starts it."""

    name: str
    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class Launch:
    """How a process is started."""

    argv: tuple[str, ...]
    environ: Mapping[str, str]
    """The whole environment; nothing is inherited."""
    folder: Path
    """Working folder."""
    account: Account | None = None
    """None: the account of the caller."""


@dataclass(frozen=True, slots=True)
class Process:
    """A process that was started here."""

    pid: int
    start: int
    """Clock ticks from boot to its start."""
    boot: str
    """Identity of the boot that `start` counts from."""


def boot_id() -> str:
    """Identity of the running boot."""
    return (PROC / "sys/kernel/random/boot_id").read_text().strip()


def start_of(pid: int) -> int | None:
    """Start time of a living process in clock ticks since boot; None when it ended."""
    fields = _stat(pid)
    return None if fields is None or fields[_STATE] in "ZX" else int(fields[_START])


def alive(process: Process) -> bool:
    """Whether that very process still runs."""
    return process.boot == boot_id() and start_of(process.pid) == process.start


def launch(how: Launch, log: Path) -> Process:
    """Start a process in a session of its own; its output is appended to `log`.

    Raises:
        OSError: the program cannot be started.
    """
    with log.open("ab") as output:
        child = subprocess.Popen(
            how.argv,
            cwd=how.folder,
            env=dict(how.environ),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            **_identity(how.account),
        )
    start = start_of(child.pid)
    # The command may end before it: what runs on is found again by pid and start time.
    child.returncode = 0
    return Process(child.pid, -1 if start is None else start, boot_id())


def run(how: Launch, seconds: float = 120) -> None:
    """Run a program to its end.

    Raises:
        subprocess.CalledProcessError: it failed; its output is in the exception.
        subprocess.TimeoutExpired: it took too long.
    """
    subprocess.run(
        how.argv,
        cwd=how.folder,
        env=dict(how.environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=seconds,
        check=True,
        **_identity(how.account),
    )


def end(process: Process, how: signal.Signals, grace: float) -> bool:
    """End a process: the signal, `grace` seconds to obey, then SIGKILL, to its children too.

    Returns False when it was gone before (nobody is signalled then).
    """
    with contextlib.ExitStack() as stack:
        leader = _hold(process, stack)
        if leader is None:
            _reap(process.pid)
            return False
        family = [
            held
            for member in _group(process.pid)
            if member != process and (held := _hold(member, stack)) is not None
        ]
        _signal(leader, how)
        if not _ended(leader, grace):
            _signal(leader, signal.SIGKILL)
            _ended(leader, 10)
        for member in family:
            if not _ended(member, 1):
                _signal(member, signal.SIGKILL)
                _ended(member, 10)
        _reap(process.pid)
    return True


class _Identity(TypedDict, total=False):
    user: int
    group: int
    extra_groups: Sequence[int]


def _identity(account: Account | None) -> _Identity:
    if account is None:
        return {}
    return {"user": account.uid, "group": account.gid, "extra_groups": ()}


def _stat(pid: int) -> list[str] | None:
    try:
        text = (PROC / str(pid) / "stat").read_text(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    return text.rpartition(")")[2].split()


def _group(leader: int) -> list[Process]:
    """Living members of a process group."""
    found = []
    for entry in PROC.iterdir():
        if not entry.name.isdigit():
            continue
        fields = _stat(int(entry.name))
        if fields is not None and int(fields[_GROUP]) == leader and fields[_STATE] not in "ZX":
            found.append(Process(int(entry.name), int(fields[_START]), boot_id()))
    return found


def _hold(process: Process, stack: contextlib.ExitStack) -> int | None:
    """A handle on that very process: from here on the pid cannot mean another."""
    try:
        handle = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return None
    stack.callback(os.close, handle)
    return handle if alive(process) else None


def _signal(handle: int, how: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        signal.pidfd_send_signal(handle, how)


def _ended(handle: int, seconds: float) -> bool:
    poll = select.poll()
    poll.register(handle, select.POLLIN)
    return bool(poll.poll(seconds * 1000))


def _reap(pid: int) -> None:
    """Take a child's ending where it is ours; a daemon of an earlier command is nobody's child."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
