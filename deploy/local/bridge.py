"""The services under one more address of this machine, as a process of its own."""

from __future__ import annotations

import socket
import sys
from collections.abc import Mapping
from pathlib import Path

from deploy.local.elastic import TRANSPORT
from deploy.local.service import Service, ServiceError, environment
from deploy.local.state import LOOPBACK
from deploy.local.supervisor import Launch

_ROOT = Path(__file__).resolve().parents[2]


class BridgeService(Service):
    """Forwards every service's port from the address of `--bind`."""

    name = "bridge"
    deadline = 10

    @property
    def _bind(self) -> str:
        address = self.state.note("bind")
        if address is None:
            raise ServiceError("bridge: say which address with --bind")
        return address

    @property
    def _ports(self) -> list[int]:
        inner = (self.name, TRANSPORT)
        return [port for name, port in self.state.ports().items() if name not in inner]

    @property
    def address(self) -> str:
        """The address only: the ports are the services'."""
        return self._bind

    def lacking(self) -> str | None:
        """Nothing."""
        return None

    def prepare(self) -> Launch:
        """All ports known so far."""
        home = self.state.made("bridge")
        return Launch(
            (
                sys.executable,
                "-m",
                "deploy.local.forward",
                self._bind,
                LOOPBACK,
                *(str(port) for port in self._ports),
            ),
            environment(home, PYTHONPATH=str(_ROOT)),
            home,
        )

    def healthy(self) -> bool:
        """The last of its ports takes connections."""
        try:
            socket.create_connection((self._bind, self._ports[-1]), timeout=2).close()
        except OSError:
            return False
        return True

    def exports(self) -> Mapping[str, str]:
        """Nothing: addresses stay those of loopback."""
        return {}
