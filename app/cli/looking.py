"""`search`, `show`, `get`, `text`, `verify`: what is there, and whether it is sound."""

from __future__ import annotations

import datetime as dt
import time
from pathlib import Path
from typing import Annotated

import typer

from app.cli.output import copy_out
from app.cli.session import AsJson, session
from app.presenting import (
    exit_code,
    hit_lines,
    results_json,
    text_json,
    unjudged_json,
    verdict_code,
    verdict_json,
    verdict_lines,
    view_json,
    view_lines,
    worst,
)
from pipeline.errors import ConfigError
from search.query import Query

Code = Annotated[str, typer.Argument(metavar="CODE", help="Mã hồ sơ.")]
ComponentId = Annotated[str, typer.Argument(metavar="COMPONENT_ID", help="Mã thành phần.")]


def search(
    query: Annotated[str, typer.Argument(help="Họ tên, mã số, số văn bản hoặc nội dung.")],
    procedure: Annotated[str | None, typer.Option(help="Chỉ thủ tục này.")] = None,
    component: Annotated[str | None, typer.Option(help="Chỉ loại thành phần này.")] = None,
    since: Annotated[
        str | None, typer.Option("--from", metavar="YYYY-MM-DD", help="Tiếp nhận từ ngày này.")
    ] = None,
    limit: Annotated[int, typer.Option(help="Số kết quả nhiều nhất.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Tìm thành phần hồ sơ; không cần gõ dấu."""
    with session(as_json) as run:
        start = time.monotonic()
        wanted = Query(
            text=query, procedure=procedure, component=component, from_date=_day(since), limit=limit
        )
        results = run.services.search(wanted, run.services.actor())
        took = (time.monotonic() - start) * 1000
        run.give(results_json(query, results, took), hit_lines(results, run.messages))


def show(code: Code, as_json: AsJson = False) -> None:
    """Xem một hồ sơ ở mọi trạng thái."""
    with session(as_json) as run:
        views = run.services.show(code, run.services.actor())
        for view in views:
            run.give(view_json(view, 0.0, run.messages), view_lines(view, 0.0, run.messages))
        raise typer.Exit(worst(exit_code(v) for v in views))


def get(
    code: Code,
    component_id: ComponentId,
    output: Annotated[Path, typer.Option("--output", "-o", help="Ghi ra tệp này.")],
) -> None:
    """Lấy tệp của một thành phần, đúng từng byte."""
    with session() as run:
        sha256, opened = run.services.get(code, component_id, run.services.actor())
        with opened as stream:
            copy_out(stream, sha256, output)
        print(output)


def text(code: Code, component_id: ComponentId, as_json: AsJson = False) -> None:
    """Xem chữ đã nhận dạng của một thành phần."""
    with session(as_json) as run:
        found = run.services.text(code, component_id, run.services.actor())
        run.give(text_json(found), (page.text for page in found.pages))


def verify(
    what: Annotated[
        list[str], typer.Argument(metavar="FILE_OR_CODE…", help="Tệp PDF hoặc mã hồ sơ.")
    ],
    trust: Annotated[list[Path] | None, typer.Option(help="Chứng thư gốc tin cậy (PEM).")] = None,
    deep: Annotated[
        bool, typer.Option("--deep", help="Hỏi cả nơi cấp chứng thư về việc thu hồi (qua mạng).")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Kiểm tra chữ ký, vị trí, sự nguyên vẹn và sổ cái."""
    with session(as_json) as run:

        def judge(item: str) -> int:
            verdicts = run.services.verify(item, trust or [], run.services.actor(), deep=deep)
            for verdict in verdicts:
                run.give(verdict_json(verdict, run.messages), verdict_lines(verdict, run.messages))
            return worst(verdict_code(v) for v in verdicts)

        run.each(what, judge, unjudged_json)


def _day(text: str | None) -> dt.date | None:
    if text is None:
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise ConfigError("DATE_INVALID", date=text[:20]) from error
