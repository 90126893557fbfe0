"""`transfer`, `hold`, `destroy`, `waive`, `truecopy`: how long papers are kept, what stands in.

The role is the command's: who may run which is for accounts to say.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated

import typer

from app.cli.session import AsJson, session
from app.keeping import (
    destruction_json,
    destruction_lines,
    hold_json,
    hold_line,
    keeping_json,
    transfer_json,
    transfer_lines,
)
from app.messages import Messages
from app.presenting import Json, error_json
from pipeline.errors import ExitCode, SohoaError
from pipeline.models.actors import Role

hold = typer.Typer(help="Lệnh giữ hồ sơ: không huỷ khi chưa dỡ.", no_args_is_help=True)
destroy = typer.Typer(
    help="Huỷ hồ sơ hết thời hạn: hai người, một quyết định.", no_args_is_help=True
)

Code = Annotated[str, typer.Argument(metavar="CODE", help="Mã hồ sơ.")]
Reason = Annotated[str, typer.Option(help="Lý do.")]
Officer = Annotated[str | None, typer.Option(help="Tài khoản người làm việc này.")]


def transfer(
    codes: Annotated[list[str], typer.Argument(metavar="CODE…", help="Mã hồ sơ.")],
    officer: Officer = None,
    as_json: AsJson = False,
) -> None:
    """Nộp hồ sơ đủ và hợp lệ vào kho tập trung; chưa đủ thì nói còn thiếu gì."""
    with session(as_json) as run:
        actor = run.services.actor(officer, role=Role.ARCHIVE_CENTRE)

        def one(code: str) -> int:
            done = run.services.transfer(code, actor)
            run.give(transfer_json(done), transfer_lines(done, run.messages))
            return int(ExitCode.DONE if done.done else ExitCode.VERIFICATION_FAILED)

        run.each(codes, one, _failed)


@hold.command("place")
def hold_place(
    code: Code, reason: Reason, officer: Officer = None, as_json: AsJson = False
) -> None:
    """Giữ hồ sơ: từ nay không ai huỷ được."""
    with session(as_json) as run:
        actor = run.services.actor(officer, role=Role.ARCHIVE_CENTRE)
        found = run.services.place_hold(code, reason, actor)
        run.give(hold_json(*found), [hold_line(*found, run.messages)])


@hold.command("lift")
def hold_lift(
    code: Code,
    hold_id: Annotated[str, typer.Argument(metavar="HOLD_ID", help="Mã lệnh giữ.")],
    reason: Reason,
    officer: Officer = None,
    as_json: AsJson = False,
) -> None:
    """Dỡ một lệnh giữ; các lệnh khác vẫn còn."""
    with session(as_json) as run:
        actor = run.services.actor(officer, role=Role.ARCHIVE_CENTRE)
        found = run.services.lift_hold(code, hold_id, reason, actor)
        run.give(hold_json(*found), [hold_line(*found, run.messages)])


@hold.command("list")
def hold_list(
    code: Annotated[str | None, typer.Argument(metavar="[CODE]", help="Mã hồ sơ.")] = None,
    as_json: AsJson = False,
) -> None:
    """Các lệnh giữ đang có; của một hồ sơ thì cả lệnh đã dỡ."""
    with session(as_json) as run:
        for dossier, one in run.services.holds(code):
            run.give(hold_json(dossier, one), [hold_line(dossier, one, run.messages)])


@destroy.command("propose")
def destroy_propose(
    code: Code, reason: Reason, officer: Officer = None, as_json: AsJson = False
) -> None:
    """Đề nghị huỷ một hồ sơ đã hết thời hạn bảo quản."""
    with session(as_json) as run:
        actor = run.services.actor(officer, role=Role.ARCHIVE_CENTRE)
        one = run.services.propose_destruction(code, reason, actor)
        run.give(destruction_json(one), destruction_lines(one, run.messages))


@destroy.command("approve")
def destroy_approve(
    code: Code,
    decision: Annotated[str, typer.Option(help="Số quyết định của hội đồng.")],
    officer: Officer = None,
    as_json: AsJson = False,
) -> None:
    """Duyệt đề nghị của người khác, theo quyết định của hội đồng."""
    with session(as_json) as run:
        actor = run.services.actor(officer, role=Role.APPROVER)
        one = run.services.approve_destruction(code, decision, actor)
        run.give(destruction_json(one), destruction_lines(one, run.messages))


@destroy.command("withdraw")
def destroy_withdraw(code: Code, officer: Officer = None, as_json: AsJson = False) -> None:
    """Rút đề nghị chưa được duyệt."""
    with session(as_json) as run:
        actor = run.services.actor(officer, role=Role.ARCHIVE_CENTRE)
        dossier = run.services.withdraw_destruction(code, actor)
        text = run.messages.text("destruction_withdrawn", dossier=dossier.code)
        run.give({"dossier_code": dossier.code, "state": None}, [text])


@destroy.command("run")
def destroy_run(code: Code, officer: Officer = None, as_json: AsJson = False) -> None:
    """Thực hiện quyết định, trong chừng mực khoá của kho cho phép; chạy lại được."""
    with session(as_json) as run:
        actor = run.services.actor(officer, role=Role.ARCHIVE_CENTRE)
        one = run.services.destroy(code, actor)
        run.give(destruction_json(one), destruction_lines(one, run.messages))
        raise typer.Exit(ExitCode.DONE if one.over else ExitCode.UNAVAILABLE)


def waive(
    code: Code,
    component: Annotated[
        str, typer.Argument(metavar="COMPONENT_CODE", help="Loại giấy tờ không số hoá.")
    ],
    approver: Annotated[str, typer.Option(help="Tài khoản thủ trưởng đơn vị cho ý kiến.")],
    reason: Reason,
    date: Annotated[
        dt.datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Ngày có ý kiến; không ghi là hôm nay."),
    ] = None,
    officer: Officer = None,
    as_json: AsJson = False,
) -> None:
    """Ghi nhận giấy tờ quan trọng, dễ hỏng được miễn số hoá; tính là có."""
    with session(as_json) as run:
        dossier = run.services.waive(
            code,
            component,
            run.services.actor(officer, role=Role.RECEPTION_OFFICER),
            approver=approver,
            reason=reason,
            decided_on=date.date() if date else None,
        )
        words = ", ".join(dossier.keeping.waived)
        text = run.messages.text("waived", dossier=dossier.code, codes=words)
        run.give(keeping_json(dossier), [text])


def truecopy(
    code: Code,
    copy: Annotated[str, typer.Argument(metavar="COPY_ID", help="Bản quét của bản sao y.")],
    clerk: Annotated[str, typer.Option(help="Tài khoản văn thư làm bản sao y.")],
    organisation: Annotated[str, typer.Option(help="Cơ quan, tổ chức cấp bản chính.")],
    original: Annotated[
        str | None, typer.Option(help="Bản quét của bản chính, nếu quét được.")
    ] = None,
    officer: Officer = None,
    as_json: AsJson = False,
) -> None:
    """Ghi nhận bản sao y bản chính thay giấy dễ hỏng; nối với bản quét bản chính."""
    with session(as_json) as run:
        dossier = run.services.link_true_copy(
            code,
            copy,
            original,
            run.services.actor(officer, role=Role.RECEPTION_OFFICER),
            clerk=clerk,
            organisation=organisation,
        )
        count = len(dossier.keeping.true_copies)
        text = run.messages.text("true_copies", dossier=dossier.code, count=count)
        run.give(keeping_json(dossier), [text])


def _failed(code: str, error: SohoaError, messages: Messages) -> Json:
    return {
        "dossier_code": code,
        "stage": None,
        "error": error_json(messages.error(error), error.code),
    }
