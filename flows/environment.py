"""Prefect's own variables, derived from Sohoa's settings. No Prefect in here: they must come first.

What an administrator has set stands, but for address and password: `flows` is their one place.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Mapping

from pipeline.errors import ConfigError
from pipeline.settings import Settings

_QUIET = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    "PREFECT_CLI_PROMPT": "false",
    "PREFECT_LOGGING_LEVEL": "WARNING",
}
_WORKER = {"PREFECT_WORKER_QUERY_SECONDS": "2", "PYTHONSAFEPATH": "1"}
"""The latter: a script of Prefect's that lies beside its module `storage` would find that one."""
_USER = "sohoa"
_SHORT_WAITS = {"PREFECT_CLIENT_MAX_RETRIES": "0", "PREFECT_API_REQUEST_TIMEOUT": "15"}
"""For commands: somebody waits, and the dispatcher tries again anyway."""


def environment(settings: Settings, environ: Mapping[str, str]) -> dict[str, str]:
    """The variables of a worker's process, and of the runs that it starts.

    Raises:
        ConfigError: `FLOWS_NOT_SET`, `EXTRA_MISSING`.
    """
    if settings.flows.api_url is None:
        raise ConfigError("FLOWS_NOT_SET", key="flows.api_url")
    if importlib.util.find_spec("prefect") is None:
        raise ConfigError("EXTRA_MISSING", key="flows.api_url")
    password = settings.flows.password
    login = (
        {"PREFECT_API_AUTH_STRING": f"{_USER}:{password.get_secret_value()}"} if password else {}
    )
    usual = {**_QUIET, **_WORKER, "PREFECT_HOME": str(settings.home / "prefect")}
    return {**usual, **environ, **login, "PREFECT_API_URL": settings.flows.api_url}


def adopt(settings: Settings) -> None:
    """Make them this process's own, before the first import of Prefect.

    Raises:
        ConfigError: see `environment`.
    """
    os.environ.update(environment(settings, {**_SHORT_WAITS, **os.environ}))
