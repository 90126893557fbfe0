"""`learn examples | retrain | install | revert`: the machine learns from what people decided."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.cli.session import AsJson, Session, session
from app.presenting import Json
from flows.learning import Learning
from ocr_models.page_registry import ChosenModels
from pipeline.ids import shown
from pipeline.models.actors import Actor, Role

learn = typer.Typer(help="Học từ quyết định của con người.", no_args_is_help=True)

Officer = Annotated[str | None, typer.Option(help="Tài khoản người làm việc này.")]


@learn.command()
def examples(officer: Officer = None, as_json: AsJson = False) -> None:
    """Đếm ví dụ có được từ các câu trả lời; không hiện nội dung."""
    with session(as_json) as run:
        found = _learning(run).examples(_actor(run, officer))
        counts, codes = found.counts(), found.codes()
        fields: dict[str, dict[str, int]] = {}
        for field in found.fields:
            kind = fields.setdefault(
                f"{field.code}.{field.field}", {"confirmed": 0, "corrected": 0}
            )
            kind["corrected" if field.corrected else "confirmed"] += 1
        lines = [
            f"{run.messages.label(f'example.{name}'):32} {count}" for name, count in counts.items()
        ]
        lines += [f"  {code:30} {count}" for code, count in codes.items()]
        lines += [
            f"  {name:30} {run.messages.text('learn_field', **kinds)}"
            for name, kinds in sorted(fields.items())
        ]
        if found.unreadable:
            lines.append(run.messages.text("learn_unreadable", count=found.unreadable))
        document: Json = {
            **counts,
            "types": codes,
            "fields": fields,
            "unreadable": found.unreadable,
        }
        run.give(document, lines)


@learn.command()
def retrain(
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Chỉ ghi vào thư mục, chưa đưa vào dùng.")
    ] = None,
    officer: Officer = None,
    as_json: AsJson = False,
) -> None:
    """Học lại từ ví dụ; chỉ đưa vào dùng khi không số đo nào kém đi."""
    with session(as_json) as run:
        made, models = _learning(run).retrain(_actor(run, officer), out)
        provenance = made.provenance
        document: Json = {
            "page_models": models.identity,
            "installed": out is None,
            "examples": len(provenance.examples),
            "before": provenance.before,
            "after": provenance.after,
        }
        told = "learn_written" if out is not None else "learn_installed"
        lines = [run.messages.text(told, name=shown(models.identity))]
        lines += [
            f"  {run.messages.label(f'trial_set.{name}')}: "
            f"{run.messages.label(f'measure.{measure}')}: {before:g} → {after:g}"
            for name, measure, before, after in made.changes
        ]
        run.give(document, lines)


@learn.command()
def install(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Do “learn retrain --out” ghi ra.")],
    officer: Officer = None,
    as_json: AsJson = False,
) -> None:
    """Đưa trọng số đã học ở máy khác của cơ quan vào dùng."""
    with session(as_json) as run:
        _give(run, _learning(run).install(folder, _actor(run, officer)))


@learn.command()
def revert(officer: Officer = None, as_json: AsJson = False) -> None:
    """Trở lại trọng số dùng trước đó."""
    with session(as_json) as run:
        _give(run, _learning(run).revert(_actor(run, officer)))


def _give(run: Session, models: ChosenModels) -> None:
    document: Json = {"page_models": models.identity, "learned": models.provenance is not None}
    told = "learn_installed" if models.provenance is not None else "learn_shipped"
    run.give(document, [run.messages.text(told, name=shown(models.identity))])


def _learning(run: Session) -> Learning:
    return Learning(run.services.ports)


def _actor(run: Session, officer: str | None) -> Actor:
    return run.services.actor(officer, role=Role.ARCHIVE_CENTRE)
