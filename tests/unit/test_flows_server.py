"""What a Prefect server's refusals mean."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

pytest.importorskip("prefect", reason="Prefect is not installed")

from prefect.client.schemas.objects import FlowRun, State
from prefect.settings import PREFECT_API_URL, PREFECT_CLIENT_MAX_RETRIES, temporary_settings
from prefect.states import Failed

from flows.deploying import deploy
from flows.runs import UNFIT, UNTOUCHED
from flows.server import PrefectRuns, _run
from pipeline.errors import ConfigError, FlowsUnavailable, SohoaError
from pipeline.settings import Settings


class Refusing(BaseHTTPRequestHandler):
    """A server that answers everybody with the same status."""

    status = 401

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(self.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_POST = do_GET

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    made = ThreadingHTTPServer(("127.0.0.1", 0), Refusing)
    made.daemon_threads = True
    thread = threading.Thread(target=made.serve_forever, args=(0.05,))
    thread.start()
    yield made
    made.shutdown()
    made.server_close()
    thread.join()


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        (401, ConfigError, "FLOWS_DENIED"),
        (403, ConfigError, "FLOWS_DENIED"),
        (500, FlowsUnavailable, "FLOWS_UNAVAILABLE"),
    ],
)
def test_a_refused_password_is_no_server_that_is_away(
    server: ThreadingHTTPServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    kind: type[SohoaError],
    code: str,
) -> None:
    monkeypatch.setattr(Refusing, "status", status)
    api = f"http://127.0.0.1:{server.server_port}/api"
    settings = Settings(home=tmp_path)
    with temporary_settings({PREFECT_API_URL: api, PREFECT_CLIENT_MAX_RETRIES: 0}):
        for act in (PrefectRuns(settings).unfinished, lambda: deploy(settings)):
            with pytest.raises(kind) as found:
                act()
            assert found.value.code == code


@pytest.mark.parametrize(
    ("name", "message", "untouched", "unfit"),
    [
        (UNFIT, "MODEL_MISSING 2", True, "MODEL_MISSING"),
        (UNFIT, None, True, None),
        (UNTOUCHED, "RECORDS_CROWDED 2", True, None),
        ("Failed", "INTERNAL 1", False, None),
    ],
)
def test_how_a_run_ended_tells_whether_its_batches_were_touched(
    name: str, message: str | None, untouched: bool, unfit: str | None
) -> None:
    state: State[Any] = Failed(name=name, message=message)
    run = _run(FlowRun(flow_id=uuid4(), state=state, parameters={"batch_ids": ["a"]}))
    assert (run.batch_ids, run.untouched, run.unfit) == (("a",), untouched, unfit)
