"""Makes the work pool, its queues and the deployments of `prefect.yaml` known to the server.

May be repeated: what is there is brought up to date, what an administrator has set beside it
(concurrency limits of queues, paused schedules) stays. `flows.environment.adopt` comes first.
"""

from __future__ import annotations

import contextlib
import logging
import os
import subprocess
import sys
from http import HTTPStatus
from pathlib import Path
from typing import Final

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound, PrefectException

from flows.environment import environment
from flows.lanes import PRIORITY
from pipeline.errors import ConfigError, FlowsUnavailable, SohoaError
from pipeline.settings import Settings

POOL: Final = "sohoa"
_LOG = logging.getLogger(__name__)
_TOLD: Final = 2000
"""Letters of what `prefect deploy` said last: names of flows and queues, nothing of papers."""
_DENIED: Final = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
_FILE: Final = Path(__file__).parent.parent / "prefect.yaml"
_DEPLOY_SECONDS: Final = 300.0
_PATIENT: Final = {"PREFECT_CLIENT_MAX_RETRIES": "5", "PREFECT_API_REQUEST_TIMEOUT": "60"}


def deploy(settings: Settings, file: Path = _FILE) -> None:
    """Pool, queues, deployments.

    Raises:
        FlowsUnavailable: the server cannot be reached.
        ConfigError: `FLOWS_NOT_SET`, `FLOWS_DENIED`, `FLOWS_UNDEPLOYABLE`.
    """
    try:
        with get_client(sync_client=True) as client:
            with contextlib.suppress(ObjectAlreadyExists):
                client.create_work_pool(WorkPoolCreate(name=POOL, type="process"))
            for name, priority in PRIORITY.items():
                _queue(client, name, priority)
    except (httpx.HTTPError, PrefectException, OSError, RuntimeError) as error:
        raise failure(error) from error
    command = (sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all")
    try:
        done = subprocess.run(
            [*command, "--prefect-file", str(file)],
            env=environment(settings, {**os.environ, **_PATIENT}),
            cwd=file.parent,
            capture_output=True,
            text=True,
            check=False,
            timeout=_DEPLOY_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise FlowsUnavailable from error
    if done.returncode != 0:
        _LOG.error("prefect deploy: %s", (done.stdout + done.stderr).strip()[-_TOLD:])
        raise ConfigError("FLOWS_UNDEPLOYABLE", status=done.returncode)


def failure(error: Exception) -> SohoaError:
    """What an error of Prefect's client means: a refused password does not pass by itself."""
    if isinstance(error, httpx.HTTPStatusError) and error.response.status_code in _DENIED:
        return ConfigError("FLOWS_DENIED", key="flows.password")
    return FlowsUnavailable()


def _queue(client: SyncPrefectClient, name: str, priority: int) -> None:
    try:
        queue = client.read_work_queue_by_name(name, work_pool_name=POOL)
    except ObjectNotFound:
        client.create_work_queue(name, work_pool_name=POOL, priority=priority)
        return
    if queue.priority != priority:
        client.update_work_queue(queue.id, priority=priority)
