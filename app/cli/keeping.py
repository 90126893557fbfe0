"""`audit`, `rebuild`, `doctor`, `db upgrade`: keeping the archive honest and the machine fit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import typer

from app.auditing import audit_lines, rebuild_lines
from app.cli.appending import Codes, Everything, Limit, append
from app.cli.session import AsJson, session
from app.doctor import Finding, healthy
from app.inspection import inspect
from app.messages import Messages
from app.presenting import Json
from pipeline.errors import ConfigError, ExitCode
from storage.records import upgrade

db = typer.Typer(help="Cơ sở dữ liệu.", no_args_is_help=True)


def audit(as_json: AsJson = False) -> None:
    """Đối soát: trang = sổ ghi = kho = chỉ mục, sổ cái nguyên vẹn."""
    with session(as_json) as run:
        report = run.services.audit()
        document = report.model_dump(mode="json") | {"ok": report.ok}
        run.give(document, audit_lines(report, run.messages))
        raise typer.Exit(ExitCode.DONE if report.ok else ExitCode.VERIFICATION_FAILED)


def augment(
    codes: Codes = None,
    everything: Everything = False,
    limit: Limit = None,
    as_json: AsJson = False,
) -> None:
    """Nâng chữ ký trong kho lên mức đã đặt, gia hạn dấu thời gian sắp hết."""
    append(
        lambda services: services.augmenting,
        codes,
        limit,
        everything=everything,
        as_json=as_json,
        unclear="AUGMENT_NEEDS_WHAT",
    )


def rebuild(
    index: Annotated[bool, typer.Option("--index", help="Chỉ mục tìm kiếm.")] = False,
    records: Annotated[
        bool, typer.Option("--records", help="Sổ ghi, vào cơ sở dữ liệu rỗng.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Dựng lại từ kho lưu trữ."""
    if index == records:
        raise ConfigError("REBUILD_NEEDS_ONE")
    with session(as_json) as run:
        if index:
            count, faults = run.services.rebuild_index()
            run.give(
                {"index": count, "faults": [f.code for f in faults]},
                [run.messages.text("rebuilt_index", count=count)],
            )
            for fault in faults:
                run.fail(fault)
            raise typer.Exit(ExitCode.VERIFICATION_FAILED if faults else ExitCode.DONE)
        report = run.services.rebuild_records(run.services.actor())
        run.give(report.model_dump(mode="json"), rebuild_lines(report, run.messages))


def doctor(
    scanners: Annotated[
        bool, typer.Option("--scanners", help="Hỏi cả các máy quét (mất vài giây).")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Kiểm tra máy: công cụ, phiên bản, thứ còn thiếu và lệnh cài."""
    with session(as_json, looks_only=True) as run:
        findings = inspect(run.services, scanners=scanners)
        for finding in findings:
            run.give(_finding_json(finding, run.messages), _finding_lines(finding, run.messages))
        raise typer.Exit(ExitCode.DONE if healthy(findings) else ExitCode.USAGE)


@db.command("upgrade")
def db_upgrade() -> None:
    """Nâng cấp cấu trúc cơ sở dữ liệu lên bản mới nhất."""
    with session() as run:
        upgrade(run.services.ports.database_url, run.services.settings.database.password)
        print(run.messages.text("db_upgraded"))


def _finding_json(finding: Finding, messages: Messages) -> Json:
    told = messages.finding(finding.code, finding.params) if finding.code else None
    return finding.model_dump(mode="json") | {
        "message": told.message if told else "",
        "advice": told.advice if told else "",
    }


def _finding_lines(finding: Finding, messages: Messages) -> Iterator[str]:
    label = messages.label(f"doctor.{finding.name}")
    status = messages.label(f"finding.{finding.status.value}")
    yield f"{status:12} {label}: {finding.version or '–'}"
    if finding.code:
        told = messages.finding(finding.code, finding.params)
        yield f"             {told.message} {told.advice}".rstrip()
