"""How a step is cut into tasks, which failures are tried again, and what Prefect gets to see."""

from __future__ import annotations

import traceback
from typing import Any
from uuid import uuid4

import pytest

pytest.importorskip("prefect", reason="Prefect is not installed")

from hypothesis import given
from hypothesis import strategies as st
from prefect.client.schemas.objects import TaskRun
from prefect.states import Failed

from flows.masking import masked
from flows.stepping import TASKS, chunks, worth_another_try
from pipeline.errors import (
    ArchiveUnavailable,
    BatchBusy,
    CertificateRejected,
    KeyUnavailable,
    OcrCrashed,
    SohoaError,
)
from pipeline.run.steps import STEPS


@given(st.integers(0, 300), st.integers(1, 50), st.integers(1, 16))
def test_chunks_hold_every_page_once_in_order(count: int, most: int, at_once: int) -> None:
    pages = list(range(count))
    cut = chunks(pages, most=most, at_once=at_once)
    assert [page for chunk in cut for page in chunk] == pages
    sizes = [len(chunk) for chunk in cut]
    assert all(0 < size <= most for size in sizes)


@pytest.mark.parametrize(
    ("count", "sizes"), [(0, []), (1, [1]), (5, [3, 2]), (20, [10, 10]), (24, [6, 6, 6, 6])]
)
def test_chunks_keep_every_reader_busy(count: int, sizes: list[int]) -> None:
    cut = chunks(range(count), most=10, at_once=2)
    assert [len(chunk) for chunk in cut] == sizes


@pytest.mark.parametrize(
    ("error", "again"),
    [
        (ArchiveUnavailable(), True),
        (OcrCrashed(), True),
        (KeyUnavailable(), False),
        (BatchBusy(), False),
        (CertificateRejected(), False),
        (ValueError(), False),
    ],
)
def test_only_what_may_pass_within_seconds_is_tried_again(error: Exception, again: bool) -> None:
    task = TASKS["archiving"]
    run = TaskRun(task_key="archiving", dynamic_key=str(uuid4()))
    state: Any = Failed(data=error)
    assert worth_another_try(task, run, state) is again


def test_every_step_is_a_task_that_keeps_nothing() -> None:
    assert list(TASKS) == [step.name for step in STEPS]
    assert {(task.persist_result, task.log_prints) for task in TASKS.values()} == {(False, False)}


@pytest.mark.parametrize(
    ("raised", "seen"),
    [(ValueError("Nguyễn Văn Mẫu"), "INTERNAL"), (ArchiveUnavailable("DISK_FULL"), "DISK_FULL")],
)
def test_what_stands_on_papers_is_not_told_to_the_server(raised: Exception, seen: str) -> None:
    with pytest.raises(SohoaError) as caught, masked():
        try:
            raise KeyError("Nguyễn Văn Mẫu")
        except KeyError as error:
            raise raised from error
    told = "".join(traceback.format_exception(caught.value))
    assert seen in told and "test_stepping" in told
    assert "Mẫu" not in told.replace('raise KeyError("Nguyễn Văn Mẫu")', "")
