"""Two machines on one: network namespaces on a private bridge, made and removed by the test.

Only root may make them. Each machine has an address of its own and its own loopback; what listens
on this machine's loopback cannot be reached from there.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

_NET = "10.213.77"
"""A private range of the bridge alone: nothing is routed beyond it."""


@dataclass(frozen=True)
class Machine:
    """A network namespace."""

    name: str
    address: str

    def command(self, *arguments: str) -> tuple[str, ...]:
        """A command line that runs on this machine."""
        return ("ip", "netns", "exec", self.name, *arguments)


@dataclass(frozen=True)
class Bridge:
    """The bridge, and the machines on it."""

    address: str
    """Of this machine, as the others see it."""
    machines: tuple[Machine, ...]


@contextlib.contextmanager
def bridge(count: int) -> Iterator[Bridge]:
    """A bridge with machines on it, removed afterwards."""
    tag = f"{os.getpid() % 100000:05d}"
    name = f"sohoa{tag}"
    machines = tuple(Machine(f"sohoa-{tag}-{n}", f"{_NET}.{10 + n}") for n in range(count))
    with contextlib.ExitStack() as undo:
        undo.callback(_ip, "link", "del", name, check=False)
        _ip("link", "add", name, "type", "bridge")
        _ip("addr", "add", f"{_NET}.1/24", "dev", name)
        _ip("link", "set", name, "up")
        for n, machine in enumerate(machines):
            undo.callback(_ip, "netns", "del", machine.name, check=False)
            _join(machine, name, f"so{tag}h{n}", f"so{tag}m{n}")
        yield Bridge(f"{_NET}.1", machines)


def _join(machine: Machine, bridge_name: str, here: str, there: str) -> None:
    _ip("netns", "add", machine.name)
    _ip("link", "add", here, "type", "veth", "peer", "name", there)
    _ip("link", "set", there, "netns", machine.name)
    _ip("link", "set", here, "master", bridge_name)
    _ip("link", "set", here, "up")
    inside = ("-n", machine.name)
    _ip(*inside, "addr", "add", f"{machine.address}/24", "dev", there)
    _ip(*inside, "link", "set", there, "up")
    _ip(*inside, "link", "set", "lo", "up")


def _ip(*arguments: str, check: bool = True) -> None:
    subprocess.run(["ip", *arguments], check=check, capture_output=True, timeout=30)
