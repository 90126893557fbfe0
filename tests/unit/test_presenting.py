"""What people read is short, in one line each, in words."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from app.auditing import audit_lines, augmentation_json, augmentation_lines, rebuild_lines
from app.messages import Messages
from app.messages.rendering import Language
from app.presenting import hit_lines, review_line, verdict_lines, view_lines
from casework import augmenting
from casework.audit_report import Findings
from casework.augmenting import Augmentation
from casework.completeness import Gaps
from casework.reporting import ComponentView, DossierView
from casework.verification import Verdict
from pipeline.errors import TimestampError
from pipeline.models.actors import Actor, Role
from pipeline.models.batch import Batch, BatchState, IngestTerms, Problem
from pipeline.models.components import SignatureLevel
from pipeline.models.manifest import SidecarField
from pipeline.models.review import Answer, AnswerKind, ResolvedReview, ReviewItem, ReviewKind
from pipeline.models.split import PageCounts
from pipeline.signatures.verdicts import Outcome
from search.port import Hit, Results, Tier
from storage.rebuild import RebuildProblem, RebuildReport

BATCH, COMPONENT, REVIEW = "b0" * 32, "c0" * 32, "d0" * 32
LANGUAGES: tuple[Language, ...] = ("vi", "en")


def view(rows: str = "một dòng") -> DossierView:
    question = ReviewItem(
        review_id=REVIEW,
        batch_id=BATCH,
        kind=ReviewKind.PAGE_BOUNDARY,
        reason="NUMBER_GAP",
        params={"proposal": "start"},
        page=4,
    )
    batch = Batch(
        batch_id=BATCH,
        unit="DEV",
        source="ho-so.pdf",
        actor=Actor(id="dev", role=Role.RECEPTION_OFFICER, unit="DEV"),
        terms=IngestTerms(),
        sources=(),
        received_at=dt.datetime(2026, 11, 22, tzinfo=dt.UTC),
    )
    component = ComponentView(
        component_id=COMPONENT,
        code="R_04_HSB",
        pages=(3, 4),
        confidence=0.9,
        digitisation_code=None,
        revision=None,
        fields=(
            SidecarField(name="history_rows", value=rows, confidence=0.9, status="accepted"),
            SidecarField(name="phone", value="", confidence=0.0, status="review"),
        ),
    )
    return DossierView(
        batch=batch,
        duplicate=False,
        dossier=None,
        state=BatchState.NEEDS_REVIEW,
        indexed=False,
        counts=PageCounts(),
        components=(component,),
        open_reviews=(ResolvedReview(item=question),),
        physical=(),
        waived=(),
        gaps=None,
        problem=None,
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_entry_of_a_dossier_is_one_indented_line(language: Language) -> None:
    head, *lines = view_lines(view("a\nb\nc"), 3.21, Messages(language))
    assert "ho-so.pdf" in head
    assert all(line.startswith("  ") and "\n" not in line for line in lines)
    rows, phone = (Messages(language).field(name) for name in ("history_rows", "phone"))
    assert any(f"{rows}: a (+2 " in line for line in lines)
    assert any(f"{phone}: –" in line for line in lines)


def test_a_value_of_one_line_is_whole() -> None:
    assert "      Quá trình đóng: một dòng" in list(view_lines(view(), 0, Messages("vi")))


@pytest.mark.parametrize(("seconds", "told"), [(0.0, False), (0.04, False), (1.26, True)])
def test_no_time_is_told_where_none_was_taken(seconds: float, told: bool) -> None:
    assert any("Thời gian" in line for line in view_lines(view(), seconds, Messages("vi"))) == told


def test_an_answered_question_holds_nothing_any_more() -> None:
    question = view().open_reviews[0]
    assert review_line(question, Messages("vi")).startswith("! ")
    at = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)
    answer = Answer(kind=AnswerKind.ACCEPT, actor="dev", at=at)
    answered = question.model_copy(update={"answer": answer})
    assert review_line(answered, Messages("vi")).startswith("✓ ")


def test_conditional_papers_are_told_and_are_not_missing() -> None:
    gaps = Gaps(missing=("F_14_HSB",), conditional=(("B_SO_BHXH", "physical_item"),))
    lines = list(view_lines(replace(view(), gaps=gaps), 0, Messages("vi")))
    assert "  Còn thiếu: F_14_HSB" in lines
    assert any("B_SO_BHXH" in line and "Còn thiếu" not in line for line in lines)


def test_a_listed_question_names_its_batch() -> None:
    line = review_line(view().open_reviews[0], Messages("vi"))
    assert "b0b0b0b0b0b0)" in line and "d0d0d0d0d0d0" in line and BATCH not in line
    assert not any("b0b0b0" in line for line in view_lines(view(), 0, Messages("vi")))


@pytest.mark.parametrize(("file", "shown"), [(COMPONENT, "c0c0c0c0c0c0"), ("don.pdf", "don.pdf")])
def test_a_verdict_shortens_ids_but_not_names(file: str, shown: str) -> None:
    verdict = Verdict(
        file=file,
        verdict=Outcome.VALID,
        level=None,
        signer=None,
        signed_at=None,
        timestamped_at=None,
        covers_whole_file=True,
        modification=None,
        trusted=True,
        stamp_top_left=True,
        fixity=None,
        ledger=None,
        signatures=(),
        reasons=(),
    )
    assert next(verdict_lines(verdict, Messages("en"))).startswith(f"{shown}: ")


def test_a_signer_cannot_write_over_the_verdict() -> None:
    verdict = Verdict(
        file="don.pdf",
        verdict=Outcome.INVALID,
        level=None,
        signer="A\x1b[2J\x1b[Hdon.pdf: VALID\x1b[8m",
        signed_at=None,
        timestamped_at=None,
        covers_whole_file=True,
        modification=None,
        trusted=False,
        stamp_top_left=None,
        fixity=None,
        ledger=None,
        signatures=(),
        reasons=(),
    )
    assert not any("\x1b" in line for line in verdict_lines(verdict, Messages("en")))


def test_an_audit_tells_counts_and_findings_in_words() -> None:
    found = Findings()
    found.count(pages=7)
    assert next(audit_lines(found.report(), Messages("en"))).startswith("The audit passed")
    found.add("OBJECT_CHANGED", object_key="dossiers/x.pdf", component_id=COMPONENT)
    found.add("INDEX_UNAVAILABLE")
    found.add("UNFINISHED_OBJECT", object_key="raw/y")
    lines = list(audit_lines(found.report(), Messages("en")))
    assert "failed" in lines[0] and "  Pages in: 7" in lines
    assert lines[-3:] == [
        "  ! OBJECT_CHANGED dossiers/x.pdf c0c0c0c0c0c0: A component's file was changed",
        "  ! INDEX_UNAVAILABLE: The search index cannot be asked",
        "  · UNFINISHED_OBJECT raw/y: An object of a batch still in work",
    ]


def test_a_rebuild_tells_what_could_not_be_used() -> None:
    problem = RebuildProblem(code="SEAL_BROKEN", object_key="ledger/2026-11-22.json")
    assert len(list(rebuild_lines(RebuildReport(), Messages("vi")))) == 1
    lines = list(rebuild_lines(RebuildReport(problems=(problem,)), Messages("vi")))
    assert lines[-1] == (
        "  ! SEAL_BROKEN ledger/2026-11-22.json: Một ngày niêm phong của sổ cái không khớp"
    )


@pytest.mark.parametrize("doubtful", [True, False])
def test_a_name_that_nobody_confirmed_is_marked(doubtful: bool) -> None:
    hit = Hit(
        dossier_code="D1",
        component_id=COMPONENT,
        code="F_14_HSB",
        unit="DEV",
        procedure=None,
        full_name="Trần Mai",
        snippet="",
        tier=Tier.TEXT,
        sensitive=False,
        unverified=("full_name",) if doubtful else ("phone",),
    )
    (_, line) = hit_lines(Results(total=1, hits=(hit,)), Messages("vi"))
    assert line.endswith("Trần Mai (cần xác nhận)" if doubtful else "Trần Mai")


def test_a_raised_signature_is_one_object_and_one_line() -> None:
    done = Augmentation(
        dossier_code="HS-1",
        component_id="a" * 64,
        code="F_14_HSB",
        outcome=augmenting.Outcome.RAISED,
        rev=1,
        sha256="b" * 64,
        level=SignatureLevel.B_LTA,
        sealed_until=dt.datetime(2036, 11, 22, 20, tzinfo=dt.UTC),
    )
    assert augmentation_json(done, Messages("en")) == {
        "dossier_code": "HS-1",
        "component_id": "a" * 64,
        "code": "F_14_HSB",
        "outcome": "RAISED",
        "rev": 1,
        "sha256": "b" * 64,
        "level": "PAdES-B-LTA",
        "sealed_until": "2036-11-22T20:00:00Z",
        "error": None,
    }
    (line,) = augmentation_lines(done, Messages("en"))
    assert line == (
        "Raised: HS-1  F_14_HSB  [aaaaaaaaaaaa]  revision 1, PAdES-B-LTA, sealed until 23/11/2036"
    )
    failed = done.model_copy(
        update={
            "outcome": augmenting.Outcome.FAILED,
            "problem": Problem.of(TimestampError("SEAL_NOT_PROLONGED")),
        }
    )
    error = augmentation_json(failed, Messages("en"))["error"]
    assert error["code"] == "SEAL_NOT_PROLONGED" and error["advice"]
    assert len(list(augmentation_lines(failed, Messages("en")))) == 2
