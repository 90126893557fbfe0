"""The yardstick of fields: what counts as right, as falsely accepted, as asked for."""

from __future__ import annotations

import pytest

from benchmarks.factory.truth import Hand, TruthField
from benchmarks.field_errors import (
    FieldKind,
    comparable_date,
    judge_fields,
    same_value,
    tallies,
    tally,
    upper_bound,
)
from pipeline.catalogue import load_catalogue
from pipeline.models.fields import FieldSet, FieldStatus, FieldValue

CATALOGUE = load_catalogue()


def printed(**values: str) -> dict[str, TruthField]:
    return {name: TruthField(name, value, (), Hand.PRINT) for name, value in values.items()}


def read(*values: FieldValue) -> FieldSet:
    return FieldSet(
        component_id="c",
        code="R_07B_HSB",
        fields=values,
        catalogue_version=CATALOGUE.version,
        catalogue_sha256=CATALOGUE.sha256,
    )


def value(name: str, text: str, *reasons: str) -> FieldValue:
    status = FieldStatus.REVIEW if reasons else FieldStatus.ACCEPTED
    return FieldValue(name=name, value=text, confidence=0.9, status=status, reasons=reasons)


class TestSameValue:
    @pytest.mark.parametrize(
        ("text", "form"),
        [
            ("ngày 05 tháng 3 năm 2023", "05/03/2023"),
            ("5.3.2023", "05/03/2023"),
            ("03/2023", "03/2023"),
            ("1965", "1965"),
            ("07 giờ 5 phút, ngày 03 tháng 02 năm 2023", "03/02/2023 07:05"),
            ("03/02/2023 07:05", "03/02/2023 07:05"),
        ],
    )
    def test_dates_are_brought_to_one_form(self, text: str, form: str) -> None:
        assert comparable_date(text) == form

    def test_one_tone_is_a_wrong_name(self) -> None:
        assert not same_value("Nguyễn Văn An", "Nguyên Văn An", FieldKind.NAME)

    def test_tables_are_compared_row_by_row_or_by_their_number(self) -> None:
        assert same_value("a | 1\nb | 2", "a | 1\n b |  2", FieldKind.ROWS)
        assert not same_value("a | 1\nb | 2", "a | 1", FieldKind.ROWS)
        assert same_value("2", "a | 1\nb | 2", FieldKind.ROWS)
        assert same_value("a; b", "a | 1\nb | 2", FieldKind.ROWS)
        assert not same_value("a; c", "a | 1\nb | 2", FieldKind.ROWS)


class TestTally:
    def test_every_field_counts_once(self) -> None:
        truth = printed(
            full_name="Lê Văn An", bhxh_code="0123456789", issue_date="ngày 05 tháng 3 năm 2023",
            benefit_amount="1.000.000 đồng", average_salary="2.000.000 đồng",
        )  # fmt: skip
        fields = judge_fields(
            "R_07B_HSB",
            truth,
            read(
                value("full_name", "Lê Văn Ân"),
                value("bhxh_code", "0123456789"),
                value("issue_date", "05/03/2023", "LOW_CONFIDENCE"),
                value("benefit_amount", "", "MISSING"),
                value("doc_number", "12/QĐ-BHXH"),
            ),
            CATALOGUE,
        )
        result = tally(fields)
        assert (result.fields, result.exact, result.accepted) == (5, 2, 2)
        assert (result.false_accepts, result.review, result.missed) == (1, 2, 1)
        assert result.invented == 1
        assert result.exact_rate == pytest.approx(0.4)
        assert result.review_rate == pytest.approx(0.4)
        by_kind = tallies(fields)
        assert by_kind[FieldKind.NAME].false_accepts == 1
        assert by_kind[FieldKind.AMOUNT].missed == 1
        assert sum(kind.fields for kind in by_kind.values()) == 5


class TestUpperBound:
    def test_no_error_in_three_thousand_is_a_tenth_of_a_percent(self) -> None:
        assert upper_bound(0, 3000) == pytest.approx(0.000998, abs=2e-6)

    def test_some_errors(self) -> None:
        """1 - 0.05^(1/n) and the tabled bound for 1 in 100."""
        assert upper_bound(1, 100) == pytest.approx(0.04656, abs=1e-4)

    def test_nothing_known_is_no_certainty(self) -> None:
        assert upper_bound(0, 0) == 1.0
        assert upper_bound(3, 3) == 1.0
