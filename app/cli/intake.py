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
from app.watching import Watcher
from flows.batches import Outcome
from pipeline.errors import ConfigError, ExitCode, NotFound, SohoaError
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
    as_json: AsJson = False,
) -> None:
    """Số hoá: tách, nhận dạng, ký, lưu trữ, lập chỉ mục. Mỗi SOURCE là một lô."""
    terms = terms_of(procedure, case, dossier, as_code, channel, station)
    if resume == bool(sources):
        raise ConfigError("SOURCE_NEEDED")
    with session(as_json) as run:
        actor = run.services.actor(officer, unit)
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
    as_json: AsJson = False,
) -> None:
    """Số hoá bất cứ tệp nào đến thư mục."""
    terms = IngestTerms(channel=channel, station=station)
    with session(as_json) as run:
        services = run.services
        actor = services.actor(officer, unit)
        watcher = Watcher(_path(folder), settle_seconds=services.settings.intake.settle_seconds)
        codes = [
            _said(run, watcher.source, became)
            for became in watcher.outcomes(
                lambda source: services.batches.ingest(source, terms, actor), once=once, every=every
            )
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


def give_outcome(run: Session, outcome: Outcome) -> int:
    """Print what became of a source; gives its exit code."""
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
    return worst(exit_code(v) for v in outcome.views)


def _said(run: Session, source: str, became: Outcome | SohoaError) -> int:
    """Say what became of one source of several; gives its exit code."""
    if isinstance(became, Outcome):
        return give_outcome(run, became)
    return run.failed(source, became, failed_json)


def _path(source: str) -> Path:
    """A source as a whole path, so that `.` has its folder's name.

    Raises:
        NotFound: `SOURCE_MISSING`: an empty argument is no place, least of all this folder.
    """
    if not source:
        raise NotFound("SOURCE_MISSING")
    return Path(source).absolute()
