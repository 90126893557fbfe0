"""Words torn out of a row go back into their gap; nothing is lost, nothing else moves."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipeline.models.base import Box
from pipeline.models.text import Line, Word
from pipeline.stages.recognition.torn import rejoined


def line(*words: tuple[str, float, float], y: float = 100.0, sure: float = 0.9) -> Line:
    """Words with their left and right edge, px."""
    made = tuple(
        Word(text=text, confidence=sure, box=Box(x0=x0, y0=y, x1=x1, y1=y + 30))
        for text, x0, x1 in words
    )
    box = made[0].box
    for word in made:
        box = box.union(word.box)
    return Line(words=made, box=box, block=0)


TITLE = line(("HỘ", 450, 510), ("/", 690, 700), ("PASSPORT", 715, 900))


def texts(lines: tuple[Line, ...]) -> list[str]:
    return [" ".join(word.text for word in each.words) for each in lines]


def test_a_word_in_a_gap_of_its_row_goes_back() -> None:
    below = line(("Loại/Type", 450, 600), y=160)
    torn = line(("CHIẾU", 520, 680), y=94)
    assert texts(rejoined((TITLE, torn, below))) == ["HỘ CHIẾU / PASSPORT", "Loại/Type"]
    assert texts(rejoined((torn, TITLE, below))) == ["HỘ CHIẾU / PASSPORT", "Loại/Type"]


def test_what_stands_elsewhere_stays() -> None:
    others = (
        line(("dưới", 520, 680), y=122),
        line(("bên", 910, 990)),
        line(("trùm", 480, 680)),
        line(("~", 520, 680), sure=0.1),
        line(("cột", 560, 640)),
    )
    for other in others:
        assert rejoined((TITLE, other)) == (TITLE, other)


places = st.tuples(st.integers(0, 900), st.integers(5, 200), st.integers(0, 60))


@given(st.lists(st.lists(places, min_size=1, max_size=5), max_size=30))
def test_no_word_is_lost_or_made(rows: list[list[tuple[int, int, int]]]) -> None:
    lines = tuple(
        line(*((f"w{x}", float(x), float(x + width)) for x, width, _ in row), y=float(row[0][2]))
        for row in rows
    )
    found = rejoined(lines)
    assert sorted(w.text for each in found for w in each.words) == sorted(
        w.text for each in lines for w in each.words
    )
    assert all(each.words for each in found)
