"""The yardstick itself: what it counts as right, wrong and asked, on findings made by hand."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.factory.truth import (
    Hand,
    Level,
    Part,
    Role,
    TruthBatch,
    TruthComponent,
    TruthField,
    TruthLine,
    TruthPage,
    TruthPart,
)
from benchmarks.measuring.answering import answer
from benchmarks.measuring.comparing import NONE, compare
from benchmarks.measuring.figures import Verdict, figures, silent_types
from benchmarks.measuring.floors import falls
from benchmarks.measuring.found import Findings, FoundPage
from benchmarks.measuring.outcomes import Outcome
from benchmarks.measuring.page import page as html_page
from benchmarks.measuring.report import report, rows
from benchmarks.pace import Done, numbered, summary
from pipeline.catalogue import load_catalogue
from pipeline.models.base import Box
from pipeline.models.components import Classified
from pipeline.models.fields import FieldSet, FieldStatus, FieldValue
from pipeline.models.pages import BlankStatus
from pipeline.models.review import AnswerKind, ReviewItem, ReviewKind
from pipeline.models.split import (
    Boundary,
    DossierSlot,
    DroppedPage,
    Fate,
    Segment,
    SplitPlan,
)
from pipeline.models.text import Line, PageText, Word

CATALOGUE = load_catalogue()
NOW = dt.datetime(2026, 11, 27, tzinfo=dt.UTC)
PLACE = Box(x0=100, y0=100, x1=500, y1=130)
WORDS = "Họ và tên: Trần Thị Mận"


def true_page(index: int, role: Role, component: int | None) -> TruthPage:
    page = TruthPage(index=index, role=role, component=component, turn=0, skew_deg=0, dpi=200)
    if role in (Role.FIRST, Role.NEXT):
        return replace(page, lines=(TruthLine(WORDS, PLACE, Hand.PRINT),))
    return page


def truth() -> TruthBatch:
    """F_14_HSB on pages 0 and 1, a blank back, C_KHAI_TU on page 3."""
    name = TruthField("full_name", "Trần Thị Mận", (PLACE,), Hand.PRINT)
    first = replace(true_page(0, Role.FIRST, 0), fields=(name,))
    return TruthBatch(
        path=Path("batch.pdf"),
        seed=1,
        level=Level.MID,
        part=Part.TUNE,
        sheets=False,
        pages=(
            first,
            true_page(1, Role.NEXT, 0),
            true_page(2, Role.BLANK, None),
            true_page(3, Role.FIRST, 1),
        ),
        components=(
            TruthComponent("F_14_HSB", "plain", (0, 1)),
            TruthComponent("C_KHAI_TU", "plain", (3,)),
        ),
    )


def found_page(index: int, *, blank: bool = False, text: str = WORDS) -> FoundPage:
    words = tuple(Word(text=w, confidence=0.9, box=PLACE) for w in text.split())
    line = Line(words=words, box=PLACE, block=0)
    read = PageText(index=index, turn=0, width_px=1654, height_px=2339, dpi=200, lines=(line,))
    status = BlankStatus.BLANK if blank else BlankStatus.CONTENT
    return FoundPage(index=index, turn=0, blank=status, sheet=False, text=None if blank else read)


def component(code: str, *pages: int) -> Classified:
    return Classified(
        component_id=f"{code}{pages}",
        code=code,
        confidence=0.9,
        pages=pages,
        dossier=0,
        certain=True,
    )


def read_name(component_id: str, value: str, status: FieldStatus) -> FieldSet:
    field = FieldValue(name="full_name", value=value, confidence=0.9, status=status)
    return FieldSet(
        component_id=component_id,
        code="F_14_HSB",
        fields=(field,),
        catalogue_version=CATALOGUE.version,
        catalogue_sha256=CATALOGUE.sha256,
    )


def findings(*components: Classified, fields: tuple[FieldSet, ...] = ()) -> Findings:
    segments = tuple(
        Segment(pages=c.pages, boundary=Boundary.ANCHOR, confidence=1) for c in components
    )
    plan = SplitPlan(
        page_count=4,
        dossiers=(DossierSlot(slot=0),),
        segments=segments,
        dropped=(DroppedPage(index=2, fate=Fate.BLANK),),
    )
    return Findings(
        pages=tuple(found_page(n, blank=n == 2) for n in range(4)),
        plan=plan,
        proposed=components,
        asked=(),
        rounds=0,
        settled=components,
        fields=fields,
        cpu_seconds=4.0,
        seconds=2.0,
        own_peak_mib=100.0,
        program_peak_mib=0.0,
    )


RIGHT = (component("F_14_HSB", 0, 1), component("C_KHAI_TU", 3))


def value_of(outcome: Outcome, name: str) -> float | None:
    return next(f.value for f in figures(outcome.level, [outcome]) if f.name == name)


def test_a_batch_read_rightly_has_no_error() -> None:
    name = read_name(RIGHT[0].component_id, "Trần Thị Mận", FieldStatus.ACCEPTED)
    outcome = compare(truth(), findings(*RIGHT, fields=(name,)), CATALOGUE)
    for good in ("boundary F1, no sheets", "component accuracy, no sheets", "printed fields exact"):
        assert value_of(outcome, good) == 1.0
    for bad in ("CER, print", "orientation wrong", "blank wrong", "false accepts"):
        assert value_of(outcome, bad) == 0.0
    assert value_of(outcome, "CPU a page") == 1.0


def test_a_wrong_start_in_a_batch_that_was_not_held_is_told() -> None:
    parted = (component("F_14_HSB", 0), component("C_KHAI_TU", 1, 3))
    outcome = compare(truth(), findings(*parted), CATALOGUE)
    assert (outcome.true_starts, outcome.found_starts, outcome.right_starts) == (1, 1, 0)
    assert outcome.silent_starts == (1, 3)
    assert value_of(outcome, "batches wrong and not held") == 1.0
    assert [t.whole for t in outcome.types] == [False, False]


def test_the_start_of_the_batch_earns_nothing() -> None:
    outcome = compare(truth(), findings(component("F_14_HSB", 0, 1, 3)), CATALOGUE)
    assert value_of(outcome, "boundary F1, no sheets") == 0.0


def test_types_are_paired_by_pages() -> None:
    swapped = (component("C_KHAI_TU", 0, 1), component("F_14_HSB", 3))
    outcome = compare(truth(), findings(*swapped), CATALOGUE)
    assert [(t.truth, t.found) for t in outcome.types] == [
        ("F_14_HSB", "C_KHAI_TU"),
        ("C_KHAI_TU", "F_14_HSB"),
    ]
    assert silent_types(outcome) == 2


def test_a_component_that_nothing_was_found_of_is_wrong() -> None:
    lost = findings(*RIGHT).model_copy(update={"proposed": RIGHT[:1]})
    outcome = compare(truth(), lost, CATALOGUE)
    assert outcome.types[1].found == NONE


@pytest.mark.parametrize(
    ("value", "status", "false", "review"),
    [
        ("Trần Thị Mân", FieldStatus.ACCEPTED, 1, 0),
        ("Trần Thị Mận", FieldStatus.ACCEPTED, 0, 0),
        ("Trần Thị Mân", FieldStatus.REVIEW, 0, 0),
    ],
)
def test_only_a_wrong_value_taken_for_certain_is_a_false_accept(
    value: str, status: FieldStatus, false: int, review: int
) -> None:
    fields = (read_name(RIGHT[0].component_id, value, status),)
    outcome = compare(truth(), findings(*RIGHT, fields=fields), CATALOGUE)
    assert value_of(outcome, "false accepts") == false
    cases = report({}, [outcome])["levels"]["mid"]["false_accepts"]
    assert [c["read"] for c in cases] == ([value] if false else [])


def test_fields_of_a_wrong_type_are_told_where_they_are_accepted() -> None:
    wrong = component("C_KHAI_TU", 0, 1)
    field = FieldValue(
        name="death_cause", value="Già yếu", confidence=0.9, status=FieldStatus.ACCEPTED
    )
    fields = read_name(wrong.component_id, "Trần Thị Mận", FieldStatus.ACCEPTED).model_copy(
        update={"code": "C_KHAI_TU", "fields": (field,)}
    )
    outcome = compare(truth(), findings(wrong, RIGHT[1], fields=(fields,)), CATALOGUE)
    assert value_of(outcome, "accepted, not in the truth") == 1
    assert value_of(outcome, "false accepts") == 0


def test_a_page_that_was_dropped_costs_all_its_letters() -> None:
    pages = tuple(found_page(n, blank=n in (2, 3)) for n in range(4))
    outcome = compare(truth(), findings(*RIGHT).model_copy(update={"pages": pages}), CATALOGUE)
    assert value_of(outcome, "CER, print") == pytest.approx(1 / 3)
    assert [b.page for b in outcome.wrong_blanks] == [3]


def test_print_does_not_pay_for_the_pen_on_its_line() -> None:
    label = TruthPart("Họ và tên:", PLACE, Hand.PRINT)
    value = TruthPart("Trần Thị Mận", PLACE, Hand.PEN)
    line = TruthLine(WORDS, PLACE, Hand.PEN, (label, value))
    batch = truth()
    pages = (replace(batch.pages[0], lines=(line,)), *batch.pages[1:])
    found = findings(*RIGHT)
    read = (found_page(0, text="Họ và tên: lrân Th Mân"), *found.pages[1:])
    outcome = compare(
        replace(batch, pages=pages), found.model_copy(update={"pages": read}), CATALOGUE
    )
    assert value_of(outcome, "CER, print") == 0.0
    assert value_of(outcome, "CER, pen") == pytest.approx(4 / len("Trần Thị Mận"))


def test_a_page_on_its_head_is_told() -> None:
    pages = list(findings(*RIGHT).pages)
    pages[1] = pages[1].model_copy(update={"turn": 180})
    outcome = compare(
        truth(), findings(*RIGHT).model_copy(update={"pages": tuple(pages)}), CATALOGUE
    )
    assert [(t.page, t.truth, t.found) for t in outcome.wrong_turns] == [(1, 0, 180)]


def test_findings_of_another_batch_are_refused() -> None:
    short = findings(*RIGHT).model_copy(update={"pages": findings(*RIGHT).pages[:3]})
    with pytest.raises(ValueError, match="4 pages in truth, 3 found"):
        compare(truth(), short, CATALOGUE)


def question(kind: ReviewKind, **place: object) -> ReviewItem:
    return ReviewItem.model_validate(
        {"review_id": "r", "batch_id": "0" * 64, "kind": kind, "reason": "R", **place}
    )


@pytest.mark.parametrize(
    ("asked", "proposed", "kind", "said"),
    [
        (
            question(ReviewKind.PAGE_BOUNDARY, page=1),
            RIGHT,
            AnswerKind.SPLIT,
            {"starts": (0, 3)},
        ),
        (
            question(ReviewKind.COMPONENT_TYPE, component_id=RIGHT[1].component_id),
            RIGHT,
            AnswerKind.TYPE,
            {"component_code": "C_KHAI_TU"},
        ),
        (
            question(ReviewKind.COMPONENT_TYPE, page=0),
            (component("F_14_HSB", 0, 1, 3),),
            AnswerKind.SPLIT,
            {"starts": (0, 3)},
        ),
        (
            question(ReviewKind.BLANK_UNCERTAIN, page=2),
            RIGHT,
            AnswerKind.BLANK,
            {"is_blank": True},
        ),
        (
            question(ReviewKind.BLANK_UNCERTAIN, page=3),
            RIGHT,
            AnswerKind.BLANK,
            {"is_blank": False},
        ),
        (question(ReviewKind.UNREADABLE_PAGE, page=3), RIGHT, AnswerKind.ACCEPT, {}),
    ],
)
def test_questions_are_answered_as_the_truth_says(
    asked: ReviewItem, proposed: tuple[Classified, ...], kind: AnswerKind, said: dict[str, object]
) -> None:
    given = answer(asked, truth(), proposed, "someone", NOW)
    assert given.kind is kind
    assert {name: getattr(given, name) for name in said} == said


def test_a_goal_shown_on_too_few_cases_is_not_met() -> None:
    name = read_name(RIGHT[0].component_id, "Trần Thị Mận", FieldStatus.ACCEPTED)
    outcome = compare(truth(), findings(*RIGHT, fields=(name,)), CATALOGUE)
    verdicts = {f.name: f.verdict for f in figures(Level.MID, [outcome])}
    assert verdicts["false accepts"] is Verdict.TOO_FEW
    assert verdicts["boundary F1, no sheets"] is Verdict.MET
    assert verdicts["WER, print"] is Verdict.NONE
    worse = outcome.model_copy(update={"right_starts": 0})
    again = {f.name: f.verdict for f in figures(Level.MID, [worse])}
    assert again["boundary F1, no sheets"] is Verdict.MISSED


def test_an_outcome_survives_its_file() -> None:
    name = read_name(RIGHT[0].component_id, "Trần Thị Mân", FieldStatus.ACCEPTED)
    outcome = compare(truth(), findings(*RIGHT, fields=(name,)), CATALOGUE)
    assert Outcome.model_validate_json(outcome.model_dump_json()) == outcome


def test_the_page_shows_every_figure_and_every_false_accept() -> None:
    name = read_name(RIGHT[0].component_id, "Trần <Thị> Mân", FieldStatus.ACCEPTED)
    outcome = compare(truth(), findings(*RIGHT, fields=(name,)), CATALOGUE)
    found = report({"conditions": "here"}, [outcome]) | {"real_scans": []}
    text = html_page(found, [outcome])
    assert "Trần &lt;Thị&gt; Mân" in text
    assert text.count("<svg") == 3
    for row in rows([outcome]):
        assert f"<td>{row['measure']}</td>" in text


def test_a_scanner_is_kept_up_with_where_the_last_stack_does_not_wait() -> None:
    stacks = [Done(n, (n + 1) * 20, 0, 12.0, held=False) for n in range(4)]
    assert summary(stacks, 20, 1.0, 0.5)["kept up"] == "yes"
    late = [*stacks, Done(4, 100, 40, 21.0, held=False)]
    assert summary(late, 20, 1.0, 0.5)["kept up"] == "no"


def test_a_numbered_page_is_the_same_picture_with_other_bytes() -> None:
    jpeg = b"\xff\xd8\xff\xdb..."
    assert numbered(jpeg, 7) == b"\xff\xd8\xff\xfe\x00\x08page 7\xff\xdb..."
    assert numbered(jpeg, 7) != numbered(jpeg, 8)


@pytest.mark.parametrize(
    ("name", "value", "fell"),
    [
        ("CER, print", 0.0104, False),
        ("CER, print", 0.0106, True),
        ("printed fields exact", 0.9, False),
        ("printed fields exact", 0.899, True),
        ("false accepts", 1.0, True),
    ],
)
def test_a_figure_falls_where_it_is_worse_than_its_floor(
    name: str, value: float, *, fell: bool
) -> None:
    floors = {"CER, print": 0.01, "printed fields exact": 0.9, "false accepts": 0.0}
    measured = {**floors, name: value}
    assert [f.name for f in falls(measured, floors)] == ([name] if fell else [])


def test_a_figure_that_is_no_more_measured_has_fallen() -> None:
    assert [f.name for f in falls({}, {"CER, print": 0.01})] == ["CER, print"]
