"""Packages that were made, for programs and for people. May not come in: making them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from app.messages import Messages
from app.presenting import Json
from pipeline.textnorm import printable

if TYPE_CHECKING:
    from casework.packages.evidence import MadeEvidence
    from casework.packages.submission import Submission


def evidence_json(made: MadeEvidence, output: Path, sha256: str) -> Json:
    """One object of `evidence`."""
    return {
        "dossier_code": made.report.dossier_code,
        "file": printable(str(output)),
        "sha256": sha256,
        "files": made.files,
        "whole": made.report.whole,
        "summary_signed": made.summary_signed,
        "components": [
            {
                "component_id": c.component_id,
                "code": c.code,
                "verdict": c.verdict.verdict.value,
                "reasons": [r.value for r in c.verdict.reasons],
                "left_out": [r.rev for r in c.revisions if r.file is None],
            }
            for c in made.report.components
        ],
    }


def evidence_lines(
    made: MadeEvidence, output: Path, sha256: str, messages: Messages
) -> Iterator[str]:
    """An evidence file that was made, as text."""
    yield messages.text("evidence_made", file=printable(str(output)), count=made.files)
    yield f"  SHA-256 {sha256}"
    if not made.summary_signed:
        yield "  " + messages.text("evidence_unsigned")
    for one in made.report.components:
        verdict = messages.label(f"verdict.{one.verdict.verdict.value}")
        yield f"  {one.nn:03} {one.code}: {verdict}"
        for revision in one.revisions:
            if revision.file is None:
                yield "    " + messages.text("evidence_left_out", rev=revision.rev)


def export_json(package: Submission, output: Path, files: int, sha256: str) -> Json:
    """One object of `export`."""
    return {
        "dossier_code": package.dossier.code,
        "kind": "sip",
        "objid": package.objid,
        "file": printable(str(output)),
        "sha256": sha256,
        "files": files,
        "documents": [
            {"component_id": p.component.component_id, "code": p.component.code, "name": p.name}
            for p in package.papers
        ],
    }


def export_lines(
    package: Submission, output: Path, files: int, sha256: str, messages: Messages
) -> Iterator[str]:
    """A submission package that was made, as text."""
    yield messages.text("package_made", file=printable(str(output)), count=files)
    yield f"  OBJID {package.objid}"
    yield f"  SHA-256 {sha256}"
    for paper in package.papers:
        yield f"  {paper.name}: {paper.title}"
