"""The Prefect server, with its history in PostgreSQL.

It asks for a password, on loopback too: whoever may ask it makes workers run what they like, and
`--bind` lets others on the network ask.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from deploy.local.postgres import PostgresService
from deploy.local.service import Service, ask, environment
from deploy.local.state import LOOPBACK
from deploy.local.supervisor import Launch

USER = "sohoa"
"""The server's one user."""
_PROGRAM = Path(sys.executable).with_name("prefect")


class PrefectService(Service):
    """The conductor of flows."""

    name = "prefect"
    needs = (PostgresService.name,)
    deadline = 180

    def lacking(self) -> str | None:
        """The package, in this environment."""
        return None if _PROGRAM.is_file() else "Prefect is not installed: bin/setup --tests"

    def prepare(self) -> Launch:
        """A home of its own, so that nobody's profile speaks in."""
        home = self.state.made("prefect")
        return Launch(
            (str(_PROGRAM), "server", "start", "--host", LOOPBACK, "--port", str(self.port)),
            environment(
                home,
                PREFECT_HOME=str(home),
                PREFECT_API_DATABASE_CONNECTION_URL=PostgresService(self.place).prefect_url(),
                PREFECT_SERVER_API_AUTH_STRING=f"{USER}:{self._password()}",
                PREFECT_SERVER_ANALYTICS_ENABLED="false",
                DO_NOT_TRACK="1",
            ),
            home,
        )

    def healthy(self) -> bool:
        """Its interface answers."""
        return ask(f"http://{self.address}/api/health") is True

    def exports(self) -> Mapping[str, str]:
        """Where flows are submitted."""
        return {
            "SOHOA_FLOWS__API_URL": f"http://{self.address}/api",
            "SOHOA_FLOWS__PASSWORD": self._password(),
        }

    def _password(self) -> str:
        return self.state.secret("prefect-api")
