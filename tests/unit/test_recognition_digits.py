"""Numbers that the page itself contradicts lose their confidence, and nothing else changes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.models.base import Box
from pipeline.models.text import Line, Word
from pipeline.ports.reading import Gray
from pipeline.stages.recognition.digits import doubted
from tests.fakes.pages import PrintedPage

NUMBERS = ("0987383158", "3822485291", "031086102462", "4166682756989", "16/07/1968")
SURE = 0.95


def printed() -> tuple[Gray, list[Line]]:
    page = PrintedPage().column(20, 60, *NUMBERS)
    text = page.text()
    return page.gray(), [
        line.model_copy(
            update={"words": tuple(w.model_copy(update={"confidence": SURE}) for w in line.words)}
        )
        for line in text.lines
    ]


def misread(lines: list[Line], right: str, wrong: str) -> list[Line]:
    return [
        line.model_copy(
            update={
                "words": tuple(
                    w.model_copy(update={"text": wrong}) if w.text == right else w
                    for w in line.words
                )
            }
        )
        for line in lines
    ]


def confidences(lines: tuple[Line, ...]) -> dict[str, float]:
    return {word.text: word.confidence for line in lines for word in line.words}


def test_what_the_page_confirms_stays_as_it_was() -> None:
    gray, lines = printed()
    assert doubted(gray, lines) == tuple(lines)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("0987383158", "0987385158"),
        ("3822485291", "3822465291"),
        ("031086102462", "037086102462"),
        ("4166682756989", "4766682756989"),
        ("16/07/1968", "76/07/1968"),
    ],
)
def test_a_digit_shaped_like_those_read_otherwise_halves_the_confidence(
    right: str, wrong: str
) -> None:
    gray, lines = printed()
    found = confidences(doubted(gray, misread(lines, right, wrong)))
    assert found.pop(wrong) == pytest.approx(SURE / 2)
    assert set(found.values()) == {SURE}


def test_a_number_with_a_digit_too_many_loses_a_little() -> None:
    gray, lines = printed()
    found = confidences(doubted(gray, misread(lines, "3822485291", "38224865291")))
    assert SURE * 0.9 < found["38224865291"] < SURE


def test_words_and_their_order_are_never_changed() -> None:
    gray, lines = printed()
    wrong = misread(lines, "0987383158", "0987385158")
    for before, after in zip(wrong, doubted(gray, wrong), strict=True):
        assert (before.box, before.block) == (after.box, after.block)
        assert [(w.text, w.box) for w in before.words] == [(w.text, w.box) for w in after.words]


coordinates = st.floats(0, 400, allow_nan=False)


@given(st.text("0123456789/.,() x", min_size=1, max_size=50), st.tuples(*4 * [coordinates]))
@settings(max_examples=60)
def test_any_box_and_text_is_borne(text: str, corners: tuple[float, float, float, float]) -> None:
    xs, ys = sorted(corners[:2]), sorted(corners[2:])
    box = Box(x0=xs[0], y0=ys[0], x1=xs[1], y1=ys[1])
    word = Word(text=text, confidence=SURE, box=box)
    gray = np.random.default_rng(1).integers(0, 255, (200, 200)).astype(np.uint8)
    (line,) = doubted(gray, [Line(words=(word, word), box=box, block=0)])
    assert all(0 <= w.confidence <= SURE for w in line.words)
