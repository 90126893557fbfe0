"""`sign list | export | import`: signatures of keys elsewhere; `sign counter`, `sign copy`.

`sign counter` signs with the archive's key, or asks for it where that is elsewhere.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.auditing import augmentation_json, augmentation_lines
from app.cli.appending import Codes, Everything, Limit, append
from app.cli.intake import give_outcome
from app.cli.output import output_file
from app.cli.session import AsJson, Session, session
from app.presenting import worst
from app.signing import (
    asked_json,
    asked_lines,
    awaited_json,
    awaited_line,
    copy_json,
    copy_lines,
    exported_json,
    exported_line,
    refused_json,
    taken_in_json,
    taken_in_line,
    waiting_json,
    waiting_line,
)
from casework.augmenting import exit_code
from casework.copying import CopyRequest
from casework.signing_requests import Export, is_request
from pipeline.errors import ConfigError, ExitCode, SohoaError, WorkflowError
from pipeline.ids import shown
from pipeline.models.actors import Role
from pipeline.models.copies import CopyKind, CopyPurpose
from pipeline.stages.archiving import canonical

if TYPE_CHECKING:
    from casework.outside_countersigning import Asked
    from flows.outside import TakenIn

sign = typer.Typer(
    help="Ký số bằng thiết bị ở máy khác; ký xác nhận của cơ quan lưu trữ; cấp bản sao điện tử.",
    no_args_is_help=True,
)
Officer = Annotated[str | None, typer.Option(help="Tài khoản người làm việc này.")]


@sign.command("list")
def list_(as_json: AsJson = False) -> None:
    """Những gì đang chờ ký số, chờ ai."""
    with session(as_json) as run:
        for one in run.services.outside.waiting():
            run.give(waiting_json(one), [waiting_line(one, run.messages)])
        for component, request in run.services.outside.awaited():
            told = awaited_json(component, request)
            run.give(told, [awaited_line(component, request, run.messages)])


@sign.command()
def export(
    what: Annotated[str, typer.Argument(metavar="BATCH|COMPONENT", help="Mã lô, thành phần.")],
    certificate: Annotated[Path, typer.Option(help="Chứng thư của viên chức (PEM).")],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Thư mục (của lô) hoặc tệp (một thành phần).")
    ],
    officer: Officer = None,
    as_json: AsJson = False,
) -> None:
    """Ghi ra yêu cầu ký: thứ cần ký và mã băm của nó."""
    with session(as_json) as run:
        found = run.services.outside.export(what, certificate, run.services.actor(officer))
        for one, place in _places(output, found):
            with output_file(place) as out:
                out.write(canonical(one.request))
            file = str(place)
            run.give(exported_json(one, file), [exported_line(one, file, run.messages)])


@sign.command("import")
def import_(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE…", help="Tệp trả lời, hoặc thư mục của chúng.")
    ],
    officer: Officer = None,
    as_json: AsJson = False,
) -> None:
    """Nhận chữ ký đã ký ở máy khác; đủ chữ ký thì lô tự đi tiếp."""
    with session(as_json) as run:
        answers = [answer for file in files for answer in _answers(file)]
        actor, codes = run.services.actor(officer), []
        for file, taken in run.services.outside.take_in_each(answers, actor):
            if isinstance(taken, SohoaError):
                named = len(answers) > 1
                codes.append(run.failed(str(file), taken, refused_json, named=named))
            else:
                codes.append(_told(run, taken))
        raise typer.Exit(worst(codes))


@sign.command()
def counter(
    codes: Codes = None,
    everything: Everything = False,
    limit: Limit = None,
    certificate: Annotated[
        Path | None,
        typer.Option(help="Khoá ở máy khác: chứng thư của cơ quan lưu trữ (PEM); ghi yêu cầu ký."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Thư mục ghi các yêu cầu ký.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Ký xác nhận của cơ quan lưu trữ, không làm mất hiệu lực chữ ký của viên chức."""
    if certificate is None and output is None:
        append(
            lambda services: services.countersigning,
            codes,
            limit,
            everything=everything,
            as_json=as_json,
            unclear="COUNTERSIGN_NEEDS_WHAT",
        )
        return
    if certificate is None or output is None or everything == bool(codes):
        raise ConfigError("COUNTERSIGN_NEEDS_WHAT")
    with session(as_json) as run:
        actor, given = run.services.actor(role=Role.ARCHIVE_CENTRE), []
        folder = _folder(output)
        for asked in run.services.outside.export_counter(
            certificate, actor, codes=codes or (), limit=limit
        ):
            given.append(_asked(run, asked, folder))
        if not given and codes:
            raise WorkflowError("NOTHING_TO_COUNTERSIGN")
        raise typer.Exit(worst(given))


@sign.command()
def copy(
    code: Annotated[str, typer.Argument(metavar="CODE", help="Mã hồ sơ.")],
    component_id: Annotated[str, typer.Argument(metavar="COMPONENT_ID", help="Mã thành phần.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Ghi bản sao ra tệp này.")],
    purpose: Annotated[CopyPurpose, typer.Option("--for", help="Cấp cho ai.")],
    request: Annotated[str, typer.Option(help="Số, ký hiệu giấy yêu cầu, ví dụ 15/GYC-BHXH.")],
    kind: Annotated[
        CopyKind | None,
        typer.Option(help="Sao y bản chính hay sao lục bản sao y; không ghi thì theo hồ sơ."),
    ] = None,
    officer: Officer = None,
    as_json: AsJson = False,
) -> None:
    """Cấp bản sao điện tử có chữ ký số của cơ quan (NĐ 30/2020); kho không thay đổi."""
    with session(as_json) as run:
        actor = run.services.actor(officer, role=Role.RECORDS_CLERK)
        wanted = CopyRequest(purpose=purpose, number=request, kind=kind)
        with output_file(output) as out:
            made = run.services.copy(code, component_id, wanted, actor, out)
        run.give(copy_json(made, str(output)), copy_lines(made, str(output), run.messages))


def _asked(run: Session, asked: Asked, folder: Path) -> int:
    """One request into the folder, or why there is none."""
    file = None
    if asked.export is not None:
        file = str(folder / f"{shown(asked.component.component_id)}.json")
        with output_file(Path(file)) as out:
            out.write(canonical(asked.export.request))
    run.give(asked_json(asked, file, run.messages), asked_lines(asked, file, run.messages))
    return asked.problem.exit_code if asked.problem is not None else int(ExitCode.DONE)


def _told(run: Session, taken: TakenIn) -> int:
    if taken.outcome is not None:
        return give_outcome(run, taken.outcome)
    if taken.counter is not None:
        one = taken.counter
        run.give(augmentation_json(one, run.messages), augmentation_lines(one, run.messages))
        return exit_code(one)
    run.give(taken_in_json(taken), [taken_in_line(taken, run.messages)])
    return int(ExitCode.DONE)


def _answers(place: Path) -> list[Path]:
    """A file, or the answers of a folder: requests may lie beside them."""
    if not place.is_dir():
        return [place]
    files = (p for p in place.glob("*.json") if not p.name.startswith("."))
    return sorted(p for p in files if not is_request(p))


def _places(output: Path, found: tuple[Export, ...]) -> list[tuple[Export, Path]]:
    """Where each request goes: into a folder, or one request into a file."""
    if len(found) == 1 and output.suffix == ".json" and not output.is_dir():
        return [(found[0], output)]
    folder = _folder(output)
    return [(one, folder / f"{shown(one.request.component_id)}.json") for one in found]


def _folder(output: Path) -> Path:
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError("OUTPUT_UNWRITABLE", problem=error.strerror or "") from error
    return output
