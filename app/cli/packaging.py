"""`evidence`, `export`: dossiers as packages that leave the archive."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.cli.output import output_file
from app.cli.session import AsJson, session
from app.messages import Messages
from app.packaging import evidence_json, evidence_lines
from app.presenting import verdict_code, worst
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
