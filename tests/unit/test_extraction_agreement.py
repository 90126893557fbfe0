"""Papers of a dossier confirm each other: what one is sure of settles the other's doubt."""

from __future__ import annotations

import pytest

from pipeline.models.components import Classified
from pipeline.models.fields import FieldSet, FieldStatus, FieldValue
from pipeline.models.review import ReviewItem, ReviewKind
from pipeline.stages.extraction import Extraction, agree

BATCH = "b" * 64


def paper(
    code: str, value: FieldValue, dossier: int = 0, paper_id: str | None = None
) -> tuple[Classified, Extraction]:
    component = Classified(
        component_id=paper_id or code,
        code=code,
        confidence=1,
        pages=(0,),
        dossier=dossier,
        certain=True,
    )
    fields = FieldSet(
        component_id=component.component_id,
        code=code,
        fields=(value,),
        catalogue_version="1",
        catalogue_sha256="0" * 64,
    )
    questions = tuple(
        ReviewItem(
            review_id=f"{code}-{reason}",
            batch_id=BATCH,
            kind=ReviewKind.FIELD,
            reason=reason,
            component_id=component.component_id,
            field=value.name,
        )
        for reason in value.reasons[:1]
    )
    return component, Extraction(fields, questions)


def value(name: str, text: str, confidence: float, *reasons: str) -> FieldValue:
    status = FieldStatus.REVIEW if reasons else FieldStatus.ACCEPTED
    return FieldValue(name=name, value=text, confidence=confidence, status=status, reasons=reasons)


DOUBTED = value("full_name", "NGUYỄN VĂN AN", 0.8, "LOW_CONFIDENCE")
SURE = value("declarant_name", "Nguyễn Văn An", 0.96)


def first(*papers: tuple[Classified, Extraction]) -> Extraction:
    return agree(papers)[0]


def test_a_sure_paper_settles_the_doubt_of_another() -> None:
    result = first(paper("F_14_HSB", DOUBTED), paper("F_09_HSB", SURE))
    (settled,) = result.fields.fields
    assert (settled.status, settled.reasons) == (FieldStatus.ACCEPTED, ())
    assert (settled.value, settled.confidence) == ("NGUYỄN VĂN AN", 0.96)
    assert result.reviews == ()


@pytest.mark.parametrize(
    "other",
    [
        value("declarant_name", "Nguyễn Vân An", 0.96),
        value("declarant_name", "NGUYEN VAN AN", 0.96),
        value("declarant_name", "Nguyễn Văn An", 0.8, "LOW_CONFIDENCE"),
        value("bank_name", "Nguyễn Văn An", 0.96),
    ],
)
def test_anything_else_confirms_nothing(other: FieldValue) -> None:
    result = first(paper("F_14_HSB", DOUBTED), paper("F_09_HSB", other))
    assert result.fields.fields == (DOUBTED,)
    assert len(result.reviews) == 1


@pytest.mark.parametrize(
    ("bare", "marked", "settled"),
    [
        ("NGUYEN VAN AN", ["Nguyễn Văn An"], True),
        ("NGUYEN VAN AM", ["Nguyễn Văn An"], False),
        ("NGUYỄN VAN AN", ["Nguyễn Văn An"], False),
        ("Nguyen Van An", ["Nguyễn Văn An"], False),
        ("PHAN THANH HAI", ["Phan Thanh Hải"], False),
        ("LY HA", ["Lý Hà"], False),
        ("TRAN VAN HUNG", ["Trần Văn Hùng"], True),
        ("TRAN VAN HUNG", ["Trần Văn Hùng", "Trần Văn Hưng"], False),
    ],
)
def test_a_name_without_marks_is_settled_by_the_only_one_that_is_printed_so(
    bare: str, marked: list[str], settled: bool
) -> None:
    doubted = value("account_holder", bare, 0.8, "LOW_CONFIDENCE")
    others = [paper(f"F_{n}", value("full_name", name, 0.96)) for n, name in enumerate(marked)]
    result = first(paper("F_14_HSB", doubted), *others)
    (read,) = result.fields.fields
    assert read.value == bare
    assert (read.status is FieldStatus.ACCEPTED) is settled
    assert (result.reviews == ()) is settled


@pytest.mark.parametrize(
    ("name", "other", "settled"),
    [
        ("child_name", "father_name", False),
        ("child_name", "mother_name", False),
        ("full_name", "father_name", False),
        ("full_name", "deceased_name", False),
        ("mother_name", "mother_name", True),
        ("full_name", "account_holder", True),
    ],
)
def test_a_name_is_confirmed_by_the_same_role(name: str, other: str, settled: bool) -> None:
    doubted = value(name, "Nguyễn Văn An", 0.8, "LOW_CONFIDENCE")
    result = first(paper("F_14_HSB", doubted), paper("F_09_HSB", value(other, "Nguyễn Văn An", 1)))
    assert (result.reviews == ()) is settled


@pytest.mark.parametrize(
    "reasons",
    [("READINGS_DIFFER",), ("LABEL_UNSURE",), ("LOW_CONFIDENCE", "LABEL_UNSURE")],
)
def test_more_than_a_low_confidence_is_not_settled(reasons: tuple[str, ...]) -> None:
    doubted = value("full_name", "NGUYỄN VĂN AN", 0.8, *reasons)
    result = first(paper("F_14_HSB", doubted), paper("F_09_HSB", SURE))
    assert result.fields.fields == (doubted,)


def test_another_dossier_confirms_nothing() -> None:
    papers = paper("F_14_HSB", DOUBTED), paper("F_09_HSB", SURE, 1)
    assert first(*papers).fields.fields == (DOUBTED,)


def test_a_paper_does_not_confirm_itself() -> None:
    component, extraction = paper("F_14_HSB", DOUBTED)
    both = extraction.fields.model_copy(
        update={"fields": (DOUBTED, value("account_holder", "NGUYỄN VĂN AN", 0.95))}
    )
    (result,) = agree([(component, Extraction(both, extraction.reviews))])
    assert result.fields.fields[0] == DOUBTED


def test_doubts_of_other_kinds_stay() -> None:
    doubted = value("id_number", "087084000999", 0.8, "CCCD_YEAR", "LOW_CONFIDENCE")
    sure = value("id_number", "087084000999", 0.99)
    result = first(paper("F_14_HSB", doubted), paper("I_CCCD", sure))
    assert result.fields.fields == (doubted,)


@pytest.mark.parametrize(
    ("field", "text", "one", "other", "settled"),
    [
        ("id_number", "079168976334", 0.98, 0.96, True),
        ("birth_date", "12/04/1968", 0.97, 0.97, True),
        ("id_number", "079168976334", 0.96, 0.96, False),
        ("id_number", "079168976334", 0.99, 0.6, False),
        ("full_name", "NGUYỄN VĂN BẤY", 0.99, 0.99, False),
    ],
)
def test_figures_in_doubt_confirm_each_other_names_do_not(
    field: str, text: str, one: float, other: float, settled: bool
) -> None:
    papers = (
        paper("F_14_HSB", value(field, text, one, "LOW_CONFIDENCE")),
        paper("F_09_HSB", value(field, text, other, "LOW_CONFIDENCE")),
    )
    for result in agree(papers):
        (read,) = result.fields.fields
        assert (read.status is FieldStatus.ACCEPTED) is settled
        assert bool(result.reviews) is not settled
        if settled:
            assert 0.999 <= read.confidence < 1


def test_figures_with_another_doubt_confirm_nothing() -> None:
    doubted = value("id_number", "079168976334", 0.99, "LOW_CONFIDENCE", "LABEL_UNSURE")
    lone = value("id_number", "079168976334", 0.99, "LOW_CONFIDENCE")
    for result in agree((paper("F_14_HSB", doubted), paper("F_09_HSB", lone))):
        assert result.fields.fields[0].status is FieldStatus.REVIEW
