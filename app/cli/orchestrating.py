"""`dispatch`, `flows deploy`, `flows work`: work on many hosts through Prefect.

Prefect is imported only inside of these commands: without an office's servers it need not be
installed.
"""

from __future__ import annotations

import dataclasses
import os
import sys
import time
from collections.abc import Callable
from typing import Annotated

import typer

from app.cli.session import AsJson, Session, session
from flows.dispatching import Dispatcher, Round
from flows.environment import adopt, environment
from pipeline.errors import ExitCode, SohoaError
from pipeline.settings import load_settings

flows = typer.Typer(help="Chạy trên nhiều máy qua Prefect.", no_args_is_help=True)


def dispatch(
    once: Annotated[bool, typer.Option("--once", help="Xem một lượt rồi dừng.")] = False,
    as_json: AsJson = False,
) -> None:
    """Tìm các lô đang đứng yên và giao cho máy xử lý."""
    with session(as_json) as run:
        adopt(run.services.settings)
        from flows.server import PrefectRuns

        dispatcher = Dispatcher(run.services.batches, PrefectRuns(run.services.settings))
        if once:
            raise typer.Exit(_round(run, dispatcher.round, quiet=False))
        while True:
            _round(run, dispatcher.round, quiet=True)
            time.sleep(run.services.settings.flows.requeue_seconds)


def _round(run: Session, look: Callable[[], Round | None], *, quiet: bool) -> int:
    """One look; with `quiet` what was found is said only where something was done."""
    try:
        done = look()
    except SohoaError as error:
        return run.fail(error)
    if done is None or (quiet and not done.lost and not done.runs):
        return int(ExitCode.DONE)
    document = dataclasses.asdict(done)
    run.give(document, [run.messages.text("dispatched", **document)])
    return int(ExitCode.DONE)


@flows.command("deploy")
def deploy() -> None:
    """Khai báo hàng đợi và các luồng trong prefect.yaml với máy chủ Prefect; chạy lại được."""
    with session() as run:
        adopt(run.services.settings)
        from flows.deploying import deploy as make_known

        make_known(run.services.settings)
        print(run.messages.text("flows_deployed"))


@flows.command("work", context_settings={"ignore_unknown_options": True})
def work(
    runs: Annotated[
        int, typer.Option("--runs", min=1, help="Số lượt chạy cùng lúc trên máy này.")
    ] = 1,
    options: Annotated[
        list[str] | None, typer.Argument(metavar="[-- OPTION…]", help="Cho `prefect worker start`.")
    ] = None,
) -> None:
    """Chạy một máy xử lý (Prefect worker); tiến trình này trở thành nó."""
    variables = environment(load_settings(), os.environ)
    command = ["prefect", "worker", "start", "--pool", "sohoa", "--type", "process"]
    limit = () if "--limit" in (options or ()) else ("--limit", str(runs))
    os.execve(  # noqa: S606
        sys.executable, [sys.executable, "-m", *command, *limit, *(options or ())], variables
    )
