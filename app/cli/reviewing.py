"""`review list | show | resolve`: a person decides what Sohoa would not."""

from __future__ import annotations

from typing import Annotated

import typer

from app.cli.intake import give_outcome
from app.cli.session import AsJson, session
from app.presenting import review_json, review_line
from casework.review import role_of as review_role
from pipeline.errors import ConfigError
from pipeline.models.review import Answer, AnswerKind
from pipeline.textnorm import nfc

review = typer.Typer(help="Những điểm cần người quyết định.", no_args_is_help=True)

ReviewId = Annotated[str, typer.Argument(metavar="ID", help="Mã câu hỏi, đủ để phân biệt.")]


@review.command("list")
def list_reviews(
    everything: Annotated[bool, typer.Option("--all", help="Cả câu đã trả lời.")] = False,
    as_json: AsJson = False,
) -> None:
    """Liệt kê câu hỏi đang mở; câu giữ lô lại đứng trước."""
    with session(as_json) as run:
        for item in run.services.reviews(everything=everything):
            run.give(review_json(item, run.messages), [review_line(item, run.messages)])


@review.command()
def show(review_id: ReviewId, as_json: AsJson = False) -> None:
    """Xem một câu hỏi và lệnh trả lời."""
    with session(as_json) as run:
        item = run.services.review(review_id)
        lines = [review_line(item, run.messages), run.messages.review_action(item.item)]
        run.give(review_json(item, run.messages), lines)


@review.command()
def resolve(
    review_id: ReviewId,
    accept: Annotated[bool, typer.Option("--accept", help="Đúng như đề xuất.")] = False,
    component: Annotated[str | None, typer.Option("--type", help="Loại thành phần.")] = None,
    split: Annotated[
        str | None, typer.Option(help="Các trang (từ 0) bắt đầu một thành phần: 0,2,5")
    ] = None,
    blank: Annotated[str | None, typer.Option(help="Trang trắng: yes hoặc no.")] = None,
    value: Annotated[str | None, typer.Option(help="Giá trị đúng của trường.")] = None,
    officer: Annotated[str | None, typer.Option(help="Tài khoản người trả lời.")] = None,
    as_json: AsJson = False,
) -> None:
    """Trả lời; câu giữ lô cuối cùng cho lô đi tiếp."""
    given = {
        AnswerKind.ACCEPT: accept or None,
        AnswerKind.TYPE: component,
        AnswerKind.SPLIT: split,
        AnswerKind.BLANK: blank,
        AnswerKind.VALUE: value,
    }
    kinds = [kind for kind, said in given.items() if said is not None]
    if len(kinds) != 1:
        raise ConfigError("ANSWER_NEEDS_ONE")
    starts, is_blank = _pages(split), _yes(blank)
    with session(as_json) as run:
        services = run.services
        question = services.review(review_id).item
        actor = services.actor(officer, role=review_role(question.kind))
        answer = Answer(
            kind=kinds[0],
            component_code=component,
            starts=starts,
            is_blank=is_blank,
            value=None if value is None else nfc(value),
            actor=actor.id,
            at=services.ports.clock.now(),
        )
        outcome = services.batches.resolve(review_id, answer, actor)
        if outcome is None:
            item = services.review(review_id)
            run.give(review_json(item, run.messages), [run.messages.text("review_answered")])
            return
        raise typer.Exit(give_outcome(run, outcome))


def _pages(split: str | None) -> tuple[int, ...] | None:
    if split is None:
        return None
    try:
        return tuple(sorted({int(part) for part in split.split(",")}))
    except ValueError as error:
        raise ConfigError("SPLIT_INVALID", given=split[:60]) from error


def _yes(blank: str | None) -> bool | None:
    if blank is None:
        return None
    if blank not in ("yes", "no"):
        raise ConfigError("BLANK_INVALID", given=blank[:20])
    return blank == "yes"
