"""`canary`, `fixity`: does the archive forbid what it must, and hold what it was given."""

from __future__ import annotations

from typing import Annotated

import typer

from app.cli.session import AsJson, session
from app.custody import canary_json, canary_lines, fixity_json, fixity_lines
from pipeline.errors import ExitCode
from pipeline.models.actors import Role


def canary(
    clear: Annotated[
        str | None,
        typer.Option("--clear", metavar="REF", help="Mã sự cố đã xử lý xong: mở lại dây chuyền."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Thử xoá, ghi đè, rút ngắn khoá của một tệp mẫu bằng mọi tài khoản của kho."""
    with session(as_json) as run:
        actor = run.services.actor(role=Role.ARCHIVE_CENTRE)
        report = run.services.custody.canary(actor, clear=clear)
        run.give(canary_json(report), canary_lines(report, run.messages))
        raise typer.Exit(ExitCode.DONE if report.ok else ExitCode.VERIFICATION_FAILED)


def fixity(
    whole: Annotated[bool, typer.Option("--all", help="Đọc hết phần còn lại của lượt.")] = False,
    repair: Annotated[
        bool, typer.Option("--repair", help="Khôi phục tệp hỏng từ bản sao đã đối chiếu mã băm.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Đọc lại phần kho của hôm nay, so mã băm với sổ cái."""
    with session(as_json) as run:
        actor = run.services.actor(role=Role.ARCHIVE_CENTRE)
        report = run.services.custody.fixity(actor, whole=whole, repair=repair)
        run.give(fixity_json(report), fixity_lines(report, run.messages))
        raise typer.Exit(ExitCode.DONE if report.ok else ExitCode.VERIFICATION_FAILED)
