"""`ingest`, `watch`, `slip`: paper in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.cli.output import output_file
from app.cli.session import AsJson, Session, session
from app.cli.terms import (
    AsCode,
    Case,
    ChannelOption,
    Dossier,
    Officer,
    Procedure,
    Queued,
    Station,
    Unit,
    terms_of,
)
from app.presenting import (
    exit_code,
    failed_json,
    quarantined_json,
    refused_lines,
    view_json,
    view_lines,
    worst,
)
from app.queueing import Queue
from app.watching import Watcher
from flows.batches import Outcome
from pipeline.errors import ConfigError, ExitCode, NotFound, SohoaError
from pipeline.models.actors import Actor
from pipeline.models.batch import Channel, IngestTerms
from pipeline.textnorm import nfc


def ingest(
    sources: Annotated[
        list[str] | None, typer.Argument(metavar="SOURCE…", help="Tệp hoặc thư mục.")
    ] = None,
    procedure: Procedure = None,
    case: Case = None,
    dossier: Dossier = None,
    as_code: AsCode = None,
    channel: ChannelOption = Channel.DESK,
    officer: Officer = None,
    unit: Unit = None,
    station: Station = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Làm tiếp mọi lô còn dở (PENDING).")
    ] = False,
    queue: Queued = False,
    as_json: AsJson = False,
) -> None:
    """Số hoá: tách, nhận dạng, ký, lưu trữ, lập chỉ mục. Mỗi SOURCE là một lô."""
    terms = terms_of(procedure, case, dossier, as_code, channel, station)
    if resume == bool(sources):
        raise ConfigError("SOURCE_NEEDED")
    with session(as_json) as run:
        actor = run.services.actor(officer, unit)
        if queue:
            _queue(run, sources or [], terms, actor)
        if resume:
            codes = [
                _said(run, source, became) for source, became in run.services.batches.resume_all()
            ]
            raise typer.Exit(worst(codes))
        run.each(
            sources or [],
            lambda source: give_outcome(
                run, run.services.batches.ingest(_path(source), terms, actor)
            ),
            failed_json,
        )


def watch(
    folder: Annotated[str, typer.Argument(help="Thư mục nhận tệp quét.")],
    once: Annotated[bool, typer.Option("--once", help="Xử lý những gì đã có rồi dừng.")] = False,
    every: Annotated[float, typer.Option(min=0.1, help="Số giây giữa hai lần xem.")] = 2.0,
    channel: ChannelOption = Channel.DESK,
    officer: Officer = None,
    unit: Unit = None,
    station: Station = None,
    queue: Queued = False,
    as_json: AsJson = False,
) -> None:
    """Số hoá bất cứ tệp nào đến thư mục."""
    terms = IngestTerms(channel=channel, station=station)
    with session(as_json) as run:
        services = run.services
        actor = services.actor(officer, unit)
        watcher = Watcher(_path(folder), settle_seconds=services.settings.intake.settle_seconds)
        line = Queue(services) if queue else None

        def take(source: Path) -> Outcome:
            if line is None:
                return services.batches.ingest(source, terms, actor)
            outcome = line.take(source, terms, actor)
            submit_queue(run, line)
            return outcome

        codes = [
            _said(run, watcher.source, became, queued=queue)
            for became in watcher.outcomes(take, once=once, every=every)
        ]
        raise typer.Exit(worst(codes))


def slip(
    procedure: Annotated[str, typer.Option(help="Mã thủ tục hành chính.")],
    case: Annotated[str, typer.Option(help="Mã trường hợp hưởng.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Tệp PDF để in.")],
    dossier: Dossier = None,
) -> None:
    """In tờ bìa và các tờ phân cách có mã QR."""
    with session() as run:
        sheets = run.services.slip(procedure, case, None if dossier is None else nfc(dossier))
        with output_file(output, mode=0o644) as out:
            out.write(sheets)
        print(output)


def _queue(run: Session, sources: list[str], terms: IngestTerms, actor: Actor) -> None:
    """Take sources in, or all that stands still where none is given, and hand them to runs.

    Raises:
        typer.Exit: always.
    """
    line = Queue(run.services)
    if not sources:
        for record in run.services.batches.standing():
            run.services.batches.release(record.batch.batch_id)
            line.add(record.batch)
        raise typer.Exit(submit_queue(run, line))

    def take(source: str) -> int:
        outcome = line.take(_path(source), terms, actor, again=True)
        code = give_outcome(run, outcome, queued=True)
        if line.full:
            submit_queue(run, line)
        return code

    try:
        run.each(sources, take, failed_json)
    finally:
        submit_queue(run, line)


def submit_queue(run: Session, line: Queue) -> int:
    """Hand over what was taken in; where that must wait it is said: no failure, papers are kept."""
    error = line.submit()
    return int(ExitCode.DONE) if error is None else run.fail(error)


def give_outcome(run: Session, outcome: Outcome, *, queued: bool = False) -> int:
    """Print what became of a source; gives its exit code.

    Args:
        run: where to.
        outcome: what became of it.
        queued: a batch in which nothing has been done yet is as it should be.
    """
    if outcome.refused is not None:
        run.give(
            quarantined_json(outcome.refused, outcome.seconds, run.messages),
            refused_lines(outcome.refused.files, run.messages),
        )
        return int(ExitCode.REFUSED)
    for view in outcome.views:
        run.give(
            view_json(view, outcome.seconds, run.messages),
            view_lines(view, outcome.seconds, run.messages),
        )
    return worst(exit_code(v, queued=queued) for v in outcome.views)


def _said(run: Session, source: str, became: Outcome | SohoaError, *, queued: bool = False) -> int:
    """Say what became of one source of several; gives its exit code."""
    if isinstance(became, Outcome):
        return give_outcome(run, became, queued=queued)
    return run.failed(source, became, failed_json)


def _path(source: str) -> Path:
    """A source as a whole path, so that `.` has its folder's name.

    Raises:
        NotFound: `SOURCE_MISSING`: an empty argument is no place, least of all this folder.
    """
    if not source:
        raise NotFound("SOURCE_MISSING")
    return Path(source).absolute()
