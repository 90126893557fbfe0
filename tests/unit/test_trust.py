"""What readings are worth: the shipped calibration, scores, fall back, second readings."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.factory.truth import Level, Part
from benchmarks.training.calibration import bands, threshold, usual_from
from benchmarks.training.value_sheets import value_sheet
from ocr_models.calibration import data_file, load_calibration, load_knowledge, load_record
from pipeline.catalogue import load_catalogue
from pipeline.errors import ConfigError
from pipeline.models.base import Box
from pipeline.models.components import Classified
from pipeline.models.fields import FieldStatus
from pipeline.models.text import EngineIdentity, Line, PageText, Word
from pipeline.ports.reading import Gray, OcrEngine
from pipeline.settings import FieldSettings
from pipeline.stages.extraction import Extraction, ReadPages, extract
from pipeline.stages.extraction.evidence import ALONE, Second, ValueKind, facts_of
from pipeline.stages.extraction.layout import Legibility, Token
from pipeline.stages.extraction.rereading import Rereader
from pipeline.stages.extraction.trust import Verdict
from pipeline.textnorm import fold
from tests.fakes.engines import DyingEngine, SlowEngine
from tests.fakes.pages import PrintedPage

CATALOGUE = load_catalogue()
PLACE = Box(x0=100, y0=100, x1=300, y1=140)
GOOD_PAGE = Legibility(confidence=0.9655, low=0.96, specks=0.0)
WORN_PAGE = Legibility(confidence=0.9655, low=0.93, specks=0.2)


def tokens(text: str, sure: float) -> tuple[Token, ...]:
    return tuple(Token(word, fold(word), sure, PLACE) for word in text.split())


def test_the_shipped_file_says_what_its_numbers_rest_on() -> None:
    record = load_record()
    assert "test" not in record.parts
    assert set(record.printed) == set(ValueKind)
    for state in (record.sound, record.worn):
        assert state.sheets <= len(record.sheets)
        for curves in (state.alone, state.twice):
            assert set(curves) == set(ValueKind)
            for curve in curves.values():
                above = curve.accepted_wrong + 0.5
                assert curve.accept_from is None or above / (curve.accepted + 1) <= record.target
                assert curve.accepted <= curve.values


@pytest.mark.parametrize("kind", ValueKind)
def test_surer_words_are_never_less_probably_right(kind: ValueKind) -> None:
    calibration = load_calibration()
    texts = {ValueKind.NAME: "NGUYỄN VĂN AN", ValueKind.TEXT: "Công nhân may"}
    text = texts.get(kind, "0123456789")
    judged = [
        calibration.judge(kind, tokens(text, sure), GOOD_PAGE, None).probability
        for sure in (0.2, 0.5, 0.7, 0.8, 0.9, 0.96)
    ]
    assert judged == sorted(judged)


def test_a_page_below_the_limit_gives_nothing_sure() -> None:
    calibration = load_calibration()
    for state, page in ((calibration.sound, GOOD_PAGE), (calibration.worn, WORN_PAGE)):
        for kind, curve in state.alone.items():
            assert curve.page_from > 0, "of pages that read worse than any sheet nothing is known"
            below = replace(page, confidence=curve.page_from - 0.001)
            assert not judged(kind, 0.969, below, None).sure


TEXTS = {ValueKind.NAME: "NGUYỄN VĂN AN", ValueKind.TEXT: "Công nhân may"}
CALIBRATION = load_calibration()


def judged(kind: ValueKind, words: float, page: Legibility, again: float | None) -> Verdict:
    text = TEXTS.get(kind, "15/03/2021")
    second = None if again is None else Second(alike=True, tokens=tokens(text, again))
    return CALIBRATION.judge(kind, tokens(text, words), page, second)


SURETY = st.floats(0.4, 0.97)
PAGES = st.builds(
    Legibility, confidence=st.floats(0.7, 0.9672), low=SURETY, specks=st.floats(0.0, 3.0)
)


@given(
    kind=st.sampled_from(ValueKind),
    words=st.tuples(SURETY, SURETY),
    again=st.one_of(st.none(), st.tuples(SURETY, SURETY)),
    one=PAGES,
    other=PAGES,
)
def test_nothing_that_reads_worse_is_surer(
    kind: ValueKind,
    words: tuple[float, float],
    again: tuple[float, float] | None,
    one: Legibility,
    other: Legibility,
) -> None:
    dirt = (one.specks or 0.0, other.specks or 0.0)
    good = Legibility(
        max(one.confidence, other.confidence), max(one.low, other.low), specks=min(dirt)
    )
    bad = Legibility(
        min(one.confidence, other.confidence), min(one.low, other.low), specks=max(dirt)
    )
    better = judged(kind, max(words), good, None if again is None else max(again))
    worse = judged(kind, min(words), bad, None if again is None else min(again))
    assert better.probability >= worse.probability
    assert better.sure or not worse.sure


@pytest.mark.parametrize("kind", ValueKind)
def test_clean_print_is_sure_and_of_pages_that_nobody_looked_at_less_is(kind: ValueKind) -> None:
    assert judged(kind, 0.969, GOOD_PAGE, 0.969).sure
    unknown = judged(kind, 0.969, replace(GOOD_PAGE, specks=None), 0.969)
    assert unknown.probability <= judged(kind, 0.969, GOOD_PAGE, 0.969).probability


def test_readings_that_differ_are_never_sure() -> None:
    calibration = load_calibration()
    words = tokens("15/03/2021", 0.9)
    alike = calibration.judge(ValueKind.DATE, words, GOOD_PAGE, Second(alike=True, tokens=words))
    other = calibration.judge(ValueKind.DATE, words, GOOD_PAGE, Second(alike=False, tokens=words))
    assert other.probability <= alike.probability
    assert not other.sure


def facts(kind: ValueKind, text: str) -> dict[str, float]:
    names, lexicon = load_knowledge()
    found = facts_of(kind, tokens(text, 0.95), GOOD_PAGE, None, names, lexicon)
    return dict(zip(ALONE, found, strict=True))


@pytest.mark.parametrize(
    ("name", "fact"),
    [
        ("Nguyễn Văn Trịch", "strange"),
        ("Trần Thị Hồng", None),
        ("Lê Ngọc Hà", "rival"),
        ("Phạm Thị Hạnk", "strange"),
        ("Trân Văn Kim", "likelier"),
        ("Đàm Đình Bấy", "delicate"),
    ],
)
def test_what_is_known_of_a_name(name: str, fact: str | None) -> None:
    found = facts(ValueKind.NAME, name)
    if fact is None:
        assert not found["strange"]
        assert not found["likelier"]
    else:
        assert found[fact] > 0


def test_places_vouch_for_the_words_of_an_address() -> None:
    assert not facts(ValueKind.TEXT, "huyện Vĩnh Bảo")["unvouched"]
    misread = facts(ValueKind.TEXT, "huyện Vĩnh Bão")
    assert misread["unvouched"] > 0
    assert misread["likelier"] > 0


@pytest.mark.parametrize("word", [".Đắk", "'Thành", "PHát", "Bả›", "Thạnh|Mỹ", "x¿"])
def test_odd_signs_are_seen(word: str) -> None:
    assert facts(ValueKind.TEXT, f"xã {word}")["odd"] > 0


@pytest.mark.parametrize(
    "word", ["(Hà", "H'leo", "số:", "1/2A,", "BHXH-TNLĐ", "TP.HCM", "an.b@c.vn"]
)
def test_usual_signs_are_not_odd(word: str) -> None:
    assert facts(ValueKind.TEXT, f"xã {word}")["odd"] == 0


@pytest.mark.parametrize("harm", ["{", "{}", "no bands"])
def test_a_damaged_file_is_an_error_of_the_installation(tmp_path: Path, harm: str) -> None:
    path = tmp_path / "calibration.json"
    if harm == "no bands":
        data = json.loads(data_file().read_text(encoding="utf-8"))
        data["worn"]["alone"]["date"]["bands"] = []
        harm = json.dumps(data)
    path.write_text(harm, encoding="utf-8")
    with pytest.raises(ConfigError, match="CALIBRATION_INVALID"):
        load_calibration(path)


def test_a_threshold_needs_many_right_values() -> None:
    few = np.linspace(0.0, 5.0, 400)
    assert threshold(few, np.full(400, True)) == float("inf")
    many = np.linspace(0.0, 5.0, 5000)
    right = many > 1.0
    assert threshold(many, right) > 0.99
    assert (~right[many >= threshold(many, right)]).sum() <= 1


def test_sure_values_do_not_hide_doubtful_ones() -> None:
    scores = np.linspace(0.0, 5.0, 50_000)
    right = np.full(50_000, True)
    right[:4_000:400] = False  # one in 400 there, one in 5,000 of all
    assert threshold(scores, right) > scores[3_200]


def test_what_reads_worse_than_nearly_all_print_is_not_usual() -> None:
    scores = np.linspace(0.0, 1.0, 1001)
    assert usual_from(scores, np.full(1001, True)) == pytest.approx(0.04)
    assert usual_from(scores, scores > 0.5) == pytest.approx(0.52, abs=0.001)
    assert usual_from(scores, np.full(1001, False)) == float("inf")


def test_bands_hold_every_value_and_get_better() -> None:
    scores = np.linspace(-2.0, 4.0, 3000)
    right = np.sin(scores * 40) < scores
    made = bands(scores, right)
    assert sum(band.values for band in made) == 3000
    assert sum(band.wrong for band in made) == int((~right).sum())
    errors = [band.error for band in made]
    assert errors == sorted(errors, reverse=True)


def test_sheets_of_values_come_again_and_never_of_the_test_part() -> None:
    first = value_sheet(5, Part.TRAIN, Level.MID, CATALOGUE)
    again = value_sheet(5, Part.TRAIN, Level.MID, CATALOGUE)
    assert first.values == again.values
    assert first.image.tobytes() == again.image.tobytes()
    assert {value.kind for value in first.values} == set(ValueKind)
    with pytest.raises(ValueError, match="test"):
        value_sheet(5, Part.TEST, Level.MID, CATALOGUE)


class Sees:
    """Reads the same line of text, whatever is shown."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.asked: list[tuple[int, int]] = []

    @property
    def identity(self) -> EngineIdentity:
        return EngineIdentity(engine="sees", version="1", model="m", model_sha256="0" * 64)

    def read(self, gray: Gray, dpi: int, *, row: bool = False) -> tuple[Line, ...]:
        assert row
        self.asked.append((gray.shape[1], gray.shape[0]))
        box = Box(x0=0, y0=0, x1=gray.shape[1], y1=gray.shape[0])
        words = tuple(Word(text=word, confidence=0.96, box=box) for word in self.text.split())
        return (Line(words=words, box=box, block=0),)


def page(number: str, sure: float, engine: EngineIdentity, label: str = "Số CCCD:") -> PageText:
    rows = (
        ("QUYẾT ĐỊNH", 0.966),
        ("Họ và tên: Nguyễn Văn An", 0.966),
        (f"{label} {number}", sure),
    )
    lines = []
    for at, (row, confidence) in enumerate(rows):
        x, y, words = 100.0, 200.0 + 60 * at, []
        for word in row.split():
            wide = 14.0 * len(word)
            box = Box(x0=x, y0=y, x1=x + wide, y1=y + 28)
            mine = sure if word[0].isdigit() else confidence
            words.append(Word(text=word, confidence=mine, box=box))
            x += wide + 10
        lines.append(Line(words=tuple(words), box=words[0].box.union(words[-1].box), block=0))
    return PageText(
        index=0,
        turn=0,
        width_px=1654,
        height_px=2339,
        dpi=200.0,
        lines=tuple(lines),
        engine=engine,
        specks=0.0,
    )


def id_of(found: Extraction) -> FieldStatus:
    return next(v.status for v in found.fields.fields if v.name == "id_number")


def reasons(found: Extraction) -> tuple[str, ...]:
    return next(v.reasons for v in found.fields.fields if v.name == "id_number")


def run(text: PageText, lines: OcrEngine | None) -> Extraction:
    paper = Classified(
        component_id="c" * 64, code="F_14_HSB", confidence=0.9, pages=(0,), dossier=1, certain=True
    )
    pixels = np.full((2339, 1654), 250, dtype=np.uint8)
    return extract(
        paper,
        ReadPages([text], (), lambda _: pixels, lines),
        CATALOGUE,
        FieldSettings(),
        "b" * 64,
        dt.date(2026, 11, 22),
        None,
        load_calibration(),
    )


def test_a_doubtful_number_is_settled_by_a_second_reading_alike() -> None:
    engine = load_calibration().engine
    same, other = Sees("001099000001"), Sees("001099000007")
    assert id_of(run(page("001099000001", 0.9, engine), same)) is FieldStatus.ACCEPTED
    assert same.asked
    assert id_of(run(page("001099000001", 0.9, engine), other)) is FieldStatus.REVIEW
    assert id_of(run(page("001099000001", 0.9, engine), None)) is FieldStatus.REVIEW


@pytest.mark.parametrize(("sure", "again"), [(0.6, False), (0.61, True)])
def test_what_may_be_half_covered_is_not_read_again(sure: float, again: bool) -> None:
    sees = Sees("001099000001")
    found = run(page("001099000001", sure, load_calibration().engine), sees)
    assert bool(sees.asked) is again
    assert again or id_of(found) is FieldStatus.REVIEW


@pytest.mark.parametrize("fails", [SlowEngine(), DyingEngine()])
def test_a_second_reading_that_fails_is_none(fails: OcrEngine) -> None:
    text = page("001099000001", 0.75, load_calibration().engine)
    assert run(text, fails).fields == run(text, None).fields


def test_a_second_reading_that_differs_is_said() -> None:
    text = page("001099000001", 0.75, load_calibration().engine)
    assert reasons(run(text, Sees("001099000007"))) == ("READINGS_DIFFER",)
    assert reasons(run(text, None)) == ("LOW_CONFIDENCE",)


@pytest.mark.parametrize(
    ("again", "differs"),
    [
        ("Bảo hiểm xã hội tỉnh An Giang", False),
        ("Bảo hiếm xã hôi tỉnh An Giang", False),
        ("Bảo hiểm xã hội tỉnh An Giáng", True),
        ("Bảo xã hội tỉnh An Giang", True),
    ],
)
def test_a_label_s_own_words_are_known_in_a_second_reading(again: str, differs: bool) -> None:
    rows = ("Kính gửi: Bảo hiểm xã hội tỉnh An Giang", "Họ và tên: Nguyễn Văn An")
    text = PrintedPage().column(20, 60, *rows).text(confidence=0.8)
    seen = text.model_copy(update={"engine": load_calibration().engine})
    found = run(seen, Sees(again)).fields.fields
    (agency,) = (value for value in found if value.name == "agency_name")
    assert ("READINGS_DIFFER" in agency.reasons) is differs


def test_a_label_that_reads_badly_is_said() -> None:
    engine = load_calibration().engine
    torn = page("001099000001", 0.968, engine, label="Số CMND/hộ khẩu/căn cước:")
    assert reasons(run(torn, None)) == ("LABEL_UNSURE",)
    lost = page("001099000001", 0.968, engine, label="Số CMN/hộ chiu/cn cước:")
    assert reasons(run(lost, None)) == ()
    assert reasons(run(page("001099000001", 0.968, engine), None)) == ()


def test_of_another_engine_nothing_is_known() -> None:
    engine = load_calibration().engine.model_copy(update={"version": "4.0"})
    sees = Sees("001099000001")
    cautious = run(page("001099000001", 0.88, engine), sees)
    assert id_of(cautious) is FieldStatus.REVIEW
    assert not sees.asked


def test_a_second_look_is_level_and_of_reading_size() -> None:
    sees = Sees("12")
    gray = np.full((400, 600), 255, dtype=np.uint8)
    words = (
        Token("12", "12", 0.5, Box(x0=100, y0=100, x1=160, y1=140)),
        Token("34", "34", 0.5, Box(x0=100, y0=200, x1=160, y1=240)),
    )
    read = Rereader(lambda _: gray, sees)(words, 0, 0.0)
    assert [token.text for token in read] == ["12", "12"]
    (width, height), _ = sees.asked
    assert 40 < height < 90 and width > height
