"""Papers of one dossier against each other."""

from __future__ import annotations

import pytest

from pipeline.catalogue import load_catalogue
from pipeline.models.components import Classified
from pipeline.models.fields import FieldSet, FieldStatus, FieldValue
from pipeline.models.review import ReviewKind
from pipeline.stages.extraction import cross_check

CATALOGUE = load_catalogue()
BATCH = "b" * 64
AN = {"full_name": "NGUYỄN VĂN AN", "birth_date": "12/03/1984", "bhxh_code": "7912345678"}


def paper(code: str, dossier: int = 0, /, **values: str) -> tuple[Classified, FieldSet]:
    classified = Classified(
        component_id=f"{code}-{dossier}",
        code=code,
        confidence=1,
        pages=(0,),
        dossier=dossier,
        certain=True,
    )
    fields = tuple(
        FieldValue(name=name, value=value, confidence=0.9, status=FieldStatus.ACCEPTED)
        for name, value in values.items()
    )
    return classified, FieldSet(
        component_id=classified.component_id,
        code=code,
        fields=fields,
        catalogue_version="1",
        catalogue_sha256="0" * 64,
    )


def reasons(*papers: tuple[Classified, FieldSet]) -> list[tuple[str | None, str]]:
    return [(item.component_id, item.reason) for item in cross_check(BATCH, papers, CATALOGUE)]


def test_one_person_asks_nothing() -> None:
    card = paper("I_CCCD", full_name="Nguyễn Văn An", birth_date="12/03/1984", id_number="0" * 12)
    assert reasons(paper("F_14_HSB", **AN), paper("R_07B_HSB", **AN), card) == []


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"full_name": "NGUYỄN VĂN ANH"}, "NAME_DIFFERS"),
        ({"birth_date": "12/03/1994"}, "BIRTH_DATE_DIFFERS"),
        ({"bhxh_code": "7912345679"}, "NUMBER_DIFFERS"),
    ],
)
def test_a_difference_is_a_question_that_holds_nothing(change: dict[str, str], reason: str) -> None:
    papers = [paper("R_07B_HSB", **{**AN, **change}), paper("F_14_HSB", **AN)]
    (item,) = cross_check(BATCH, papers, CATALOGUE)
    assert (item.kind, item.blocking) == (ReviewKind.IDENTITY_MISMATCH, False)
    assert (item.component_id, item.reason) == ("R_07B_HSB-0", reason)
    assert not set(item.params.values()) & {*AN.values(), *change.values()}


def test_one_equal_number_is_enough() -> None:
    one = paper("F_14_HSB", **AN, id_number="087084000999")
    other = paper("R_07B_HSB", **{**AN, "bhxh_code": "7900000000"}, id_number="087084000999")
    assert reasons(one, other) == []


def test_a_card_number_ends_in_the_bhxh_number() -> None:
    leave = paper("M_GCN_NGHI_VIEC", **{**AN, "bhxh_or_card": "DN4797912345678"})
    assert reasons(paper("F_14_HSB", **AN), leave) == []


def test_a_year_alone_agrees_with_its_days() -> None:
    record = paper("M_HSBA", full_name="NGUYỄN VĂN AN", birth_year="1984")
    assert reasons(paper("F_14_HSB", **AN), record) == []


def test_dossiers_are_kept_apart() -> None:
    other = {**AN, "full_name": "LÊ THỊ LAN"}
    assert reasons(paper("F_14_HSB", 0, **AN), paper("F_14_HSB", 1, **other)) == []


def test_the_dead_are_another_person() -> None:
    death = paper("C_KHAI_TU", deceased_name="LÊ VĂN HÙNG", birth_date="1950")
    claim = paper("F_09_HSB", declarant_name="LÊ THỊ LAN", deceased_name="LÊ VĂN HÙNG")
    wrong = paper("C_BAO_TU", deceased_name="LÊ VĂN HÙNH")
    assert reasons(paper("F_14_HSB", **AN), death, claim) == []
    assert reasons(claim, death, wrong) == [("C_BAO_TU-0", "NAME_DIFFERS")]


def test_lists_of_many_people_are_not_compared() -> None:
    assert reasons(paper("F_14_HSB", **AN), paper("F_01B_HSB", full_name="LÊ THỊ LAN")) == []


def test_settlement_papers_agree() -> None:
    decision = paper(
        "R_07B_HSB", **AN, contribution_duration="5 năm 3 tháng", benefit_amount="45.678.900 đồng"
    )
    history = paper("R_04_HSB", **AN, total_duration="05 năm 3 tháng")
    listed = paper("R_C97_HD", rows="1 An 45.678.900\n2 Hoa 12.000.000", total_amount="57.678.900")
    assert reasons(decision, history, listed) == []


def test_settlement_papers_disagree() -> None:
    decision = paper(
        "R_07B_HSB", **AN, contribution_duration="5 năm 3 tháng", benefit_amount="45.678.901 đồng"
    )
    history = paper("R_04_HSB", **AN, total_duration="5 năm 4 tháng")
    listed = paper("R_C97_HD", rows="1 An 45.678.900", total_amount="45.678.000")
    assert reasons(decision, history, listed) == [
        ("R_07B_HSB-0", "DURATION_DIFFERS"),
        ("R_07B_HSB-0", "AMOUNT_NOT_LISTED"),
        ("R_C97_HD-0", "SUM_DIFFERS"),
    ]


def test_the_same_doubt_has_the_same_id() -> None:
    papers = [paper("F_14_HSB", **AN), paper("R_07B_HSB", **{**AN, "full_name": "LÊ THỊ LAN"})]
    assert cross_check(BATCH, papers, CATALOGUE) == cross_check(BATCH, papers, CATALOGUE)


CLAIMED = {"sign_date": "10/03/2024"}


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (("R_07B_HSB", {"issue_date": "09/03/2024"}), "DECIDED_BEFORE_CLAIM"),
        (("R_07B_HSB", {"issue_date": "10/03/2024"}), None),
        (("M_HSBA", {"issue_date": "13/03/2024"}), "DATED_AFTER_RECEIPT"),
        (("M_HSBA", {"issue_date": "12/03/2024"}), None),
        (("M_HSBA", {"issue_date": "2025"}), None),
    ],
)
def test_what_is_handed_in_is_made_before(
    other: tuple[str, dict[str, str]], expected: str | None
) -> None:
    receipt = paper("S_GIAY_HEN", received_at="08:30 12/03/2024")
    received = () if other[0] == "R_07B_HSB" else (receipt,)
    found = reasons(paper("F_14_HSB", **CLAIMED), paper(other[0], **other[1]), *received)
    assert found == ([] if expected is None else [(f"{other[0]}-0", expected)])


def test_the_decision_against_the_duration_claimed() -> None:
    claim = paper("F_14A_HSB", **AN, contribution_duration="5 năm 4 tháng")
    decision = paper("R_07B_HSB", **AN, contribution_duration="5 năm 3 tháng")
    assert reasons(claim, decision) == [("R_07B_HSB-0", "DURATION_CLAIMED")]


def test_a_paper_of_too_few_pages() -> None:
    (item,) = cross_check(BATCH, [paper("A_BB_DIEU_TRA_TNLD")], CATALOGUE)
    assert (item.reason, item.field, item.params["count"]) == ("PAGES_TOO_FEW", None, 2)
