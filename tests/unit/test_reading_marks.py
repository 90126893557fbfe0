"""What is being read is marked: who reads an image whose mark is there already."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pipeline.adapters.tesseract_cautious import CautiousEngine
from pipeline.errors import MissingToolError
from pipeline.models.text import Line
from pipeline.ports.reading import Gray, OcrEngine
from tests.fakes.engines import DyingEngine, ScriptedEngine, one_line

IMAGE = np.full((40, 60), 200, dtype=np.uint8)
FIRST, SECOND = (one_line("first"),), (one_line("second"),)


def saying(lines: tuple[Line, ...]) -> ScriptedEngine:
    return ScriptedEngine(lambda _: lines)


def left_behind(marks: Path) -> None:
    """The mark of an image that was not survived."""

    seen: list[Path] = []

    def noting(_: Gray) -> tuple[Line, ...]:
        seen.extend(marks.iterdir())
        return ()

    CautiousEngine(ScriptedEngine(noting), DyingEngine, marks).read(IMAGE, 200)
    seen[0].touch()


def missing(_: Gray) -> tuple[Line, ...]:
    raise MissingToolError("TESSERACT_MISSING")


def not_there() -> OcrEngine:
    raise MissingToolError("TESSERACT_MISSING")


def test_what_was_not_survived_is_read_by_the_second(tmp_path: Path) -> None:
    left_behind(tmp_path / "marks")
    engine = CautiousEngine(saying(FIRST), lambda: saying(SECOND), tmp_path / "marks")
    assert engine.read(IMAGE, 200) == SECOND
    assert engine.read(IMAGE, 200) == SECOND
    assert engine.read(IMAGE, 200, row=True) == FIRST


@pytest.mark.parametrize("second", [not_there, lambda: ScriptedEngine(missing)])
def test_without_a_second_the_first_reads(tmp_path: Path, second: Callable[[], OcrEngine]) -> None:
    left_behind(tmp_path / "marks")
    engine = CautiousEngine(saying(FIRST), second, tmp_path / "marks")
    assert engine.read(IMAGE, 200) == FIRST


def test_pages_that_look_the_same_are_both_read_by_the_first(tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    inside, go_on = threading.Event(), threading.Event()
    seen: list[int] = []

    def slow(_: Gray) -> tuple[Line, ...]:
        if threading.current_thread() is not threading.main_thread():
            inside.set()
            assert go_on.wait(10)
        seen.append(len(list(marks.iterdir())))
        return FIRST

    engine = CautiousEngine(ScriptedEngine(slow), lambda: saying(SECOND), marks)
    other = threading.Thread(target=engine.read, args=(IMAGE, 200))
    other.start()
    assert inside.wait(10)
    assert engine.read(IMAGE.copy(), 200) == FIRST
    assert len(list(marks.iterdir())) == 1  # the other thread is still reading
    go_on.set()
    other.join(10)
    assert seen == [1, 1]
    assert list(marks.iterdir()) == []


def test_a_reading_that_fails_leaves_no_mark(tmp_path: Path) -> None:
    engine = CautiousEngine(ScriptedEngine(missing), DyingEngine, tmp_path / "marks")
    with pytest.raises(MissingToolError):
        engine.read(IMAGE, 200)
    assert list((tmp_path / "marks").iterdir()) == []
