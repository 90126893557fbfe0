"""`evidence`, `export`: dossiers as packages that leave the archive."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.cli.output import output_file
from app.cli.session import AsJson, session
from app.messages import Messages
from app.packaging import evidence_json, evidence_lines, export_json, export_lines
from app.presenting import verdict_code, worst
from pipeline.errors import ConfigError
from pipeline.models.actors import Role

Code = Annotated[str, typer.Argument(metavar="CODE", help="Mã hồ sơ.")]
Output = Annotated[Path, typer.Option("--output", "-o", help="Ghi ra tệp ZIP này.")]


def evidence(code: Code, output: Output, as_json: AsJson = False) -> None:
    """Lập hồ sơ chứng cứ: một tệp ZIP tự chứng minh, kiểm tra được mà không cần Sohoa."""
    with session(as_json) as run:
        actor = run.services.actor(role=Role.AUDITOR)
        with output_file(output) as out:
            made, sha256 = run.services.packages.evidence(code, actor, Messages("vi").label, out)
        run.give(
            evidence_json(made, output, sha256), evidence_lines(made, output, sha256, run.messages)
        )
        raise typer.Exit(worst(verdict_code(v) for v in made.verdicts))


def export(
    code: Code,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Tệp ZIP, hoặc thư mục: tên tệp là mã gói.")
    ],
    sip: Annotated[
        bool, typer.Option("--sip", help="Gói nộp lưu (SIP) theo E-ARK, TT 05/2025/TT-BNV.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Xuất hồ sơ thành gói nộp cho kho lưu trữ khác."""
    if not sip:
        raise ConfigError("EXPORT_NEEDS_KIND")
    with session(as_json) as run:
        actor = run.services.actor(role=Role.ARCHIVE_CENTRE)
        package = run.services.packages.submission(code)
        target = output / f"{package.objid}.zip" if output.is_dir() else output
        with output_file(target) as out:
            files, sha256 = run.services.packages.export(package, actor, out)
        run.give(
            export_json(package, target, files, sha256),
            export_lines(package, target, files, sha256, run.messages),
        )
