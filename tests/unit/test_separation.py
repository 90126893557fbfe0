"""Separation: sheets, titles, page numbers, blanks, people; and every page exactly once."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocr_models.pages import load_models
from pipeline.catalogue import Catalogue, load_catalogue
from pipeline.catalogue.papers import PaperModel, hashed
from pipeline.errors import SplitError
from pipeline.models.batch import IngestTerms
from pipeline.models.files import FileRef
from pipeline.models.pages import BlankStatus, PageLook, PageSheet, RawPage, Sheet, SheetKind
from pipeline.models.review import Answer, AnswerKind, ResolvedReview, ReviewItem, ReviewKind
from pipeline.models.split import Boundary
from pipeline.models.text import PageText
from pipeline.settings import SplitSettings
from pipeline.stages.separation import PageEvidence, Separation, separate
from pipeline.stages.separation.shape import shape
from pipeline.stages.separation.starts import Chance, Situation
from tests.fakes.texts import page_text

BATCH = "b" * 64
AT = dt.datetime(2026, 11, 22, 3, tzinfo=dt.UTC)
MOTTO = ("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Độc lập - Tự do - Hạnh phúc")
FORM_14 = ("Mẫu số 14-HSB", *MOTTO, "ĐƠN ĐỀ NGHỊ", "Kính gửi: Bảo hiểm xã hội tỉnh A")
BIRTH = ("UBND XÃ A", *MOTTO, "GIẤY KHAI SINH", "(BẢN SAO)", "Họ, chữ đệm, tên: A")
DEATH = ("UBND XÃ A", *MOTTO, "Số: 167/TLKT-BS", "TRÍCH LỤC KHAI TỬ (BẢN SAO)", "Nơi chết: A")
RECORD = ("BV: A", "MS: 01/BV-01", "TÓM TẮT HỒ SƠ BỆNH ÁN", "1. Họ và tên (In hoa): A")
HISTORY = ("Mẫu số 04-HSB", "BẢN QUÁ TRÌNH ĐÓNG BẢO HIỂM XÃ HỘI", "Họ và tên: A")
LETTER = ("ỦY BAN NHÂN DÂN", *MOTTO, "Số: 5/UBND-TH", "V/v đăng ký bổ sung", "Kính gửi: Sở A")
BODY = ("tiếp theo trang trước, người khai cam đoan những nội dung trên là đúng", "sự thật")


@functools.cache
def built_in() -> Catalogue:
    return load_catalogue()


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return built_in()


def page(
    index: int,
    lines: Sequence[str] | None = BODY,
    *,
    sheet: Sheet | None = None,
    damaged: bool = False,
    blank: BlankStatus = BlankStatus.CONTENT,
    kept: bool = False,
    source: int = 0,
    starts: bool = False,
    footer: str | None = None,
    confidence: float = 0.9,
) -> PageEvidence:
    text: PageText | None = None
    if lines is not None and sheet is None and blank is not BlankStatus.BLANK:
        text = page_text(lines, index=index, footer=footer, confidence=confidence)
    return PageEvidence(
        raw=RawPage(
            index=index,
            source=source,
            source_page=0,
            file=FileRef(sha256="0" * 64, size=1, media_type="image/jpeg"),
            width_px=1654,
            height_px=2339,
            dpi=200.0,
            starts_component=starts,
        ),
        look=PageLook(
            index=index,
            turn=0,
            turn_certain=True,
            skew_deg=0.0,
            blank=blank,
            blank_score=0.99 if blank is BlankStatus.BLANK else 0.7,
            ink=0.1,
        ),
        sheet=PageSheet(index=index, sheet=sheet, damaged=damaged),
        text=text,
        kept=kept,
    )


def cover(slip: str = "s1", dossier: str | None = "HS-1", total: int = 2) -> Sheet:
    return Sheet(
        kind=SheetKind.COVER,
        slip_id=slip,
        dossier=dossier,
        procedure=None,
        case=None,
        component=None,
        number=0,
        total=total,
    )


def separator(
    number: int,
    code: str = "F_14_HSB",
    *,
    slip: str = "s1",
    dossier: str | None = "HS-1",
    total: int = 2,
    case: tuple[str, str] | None = None,
) -> Sheet:
    return Sheet(
        kind=SheetKind.SEPARATOR,
        slip_id=slip,
        dossier=dossier,
        procedure=case[0] if case else None,
        case=case[1] if case else None,
        component=code,
        number=number,
        total=total,
    )


GENERAL = Sheet(
    kind=SheetKind.GENERAL,
    slip_id="other",
    dossier=None,
    procedure=None,
    case=None,
    component=None,
    number=0,
    total=2,
)


def split(
    pages: Sequence[PageEvidence],
    catalogue: Catalogue,
    terms: IngestTerms | None = None,
    answers: Sequence[ResolvedReview] = (),
) -> Separation:
    return separate(BATCH, pages, terms or IngestTerms(), catalogue, SplitSettings(), answers)


def parts(result: Separation) -> list[tuple[int, ...]]:
    return [s.pages for s in result.plan.segments]


def kinds(result: Separation) -> list[tuple[ReviewKind, str]]:
    return [(r.kind, r.reason) for r in result.reviews]


def answered(
    item: ReviewItem,
    kind: AnswerKind = AnswerKind.ACCEPT,
    *,
    starts: tuple[int, ...] | None = None,
    blank: bool | None = None,
    at: dt.datetime = AT,
) -> ResolvedReview:
    answer = Answer(kind=kind, starts=starts, is_blank=blank, actor="an", at=at)
    return ResolvedReview(item=item, answer=answer)


# -- titles and page numbers ----------------------------------------------------------------


def test_titles_start_components(catalogue: Catalogue) -> None:
    result = split(
        [page(0, FORM_14), page(1), page(2, BIRTH), page(3, RECORD), page(4), page(5, LETTER)],
        catalogue,
    )
    assert parts(result) == [(0, 1), (2,), (3, 4), (5,)]
    assert result.reviews == ()
    assert [s.boundary for s in result.plan.segments] == [
        Boundary.BATCH_START,
        Boundary.ANCHOR,
        Boundary.ANCHOR,
        Boundary.ANCHOR,
    ]
    assert all(s.confidence >= 0.75 for s in result.plan.segments)


def test_a_title_quoted_in_the_body_starts_nothing(catalogue: Catalogue) -> None:
    quoting = (*BODY, *[""] * 22, "kèm theo GIẤY KHAI SINH số 5 của con", "GIẤY KHAI SINH")
    result = split([page(0, RECORD), page(1, quoting)], catalogue)
    assert parts(result) == [(0, 1)]


@pytest.mark.parametrize("printed", ["2", "- 2 -", "Trang 2/3", "2/3", "trang 2"])
def test_a_printed_page_number_continues(catalogue: Catalogue, printed: str) -> None:
    result = split([page(0, BIRTH), page(1, BODY, footer=printed)], catalogue)
    assert parts(result) == [(0, 1)]
    assert result.reviews == ()


@pytest.mark.parametrize("head", ["Ghi chú:", "HƯỚNG DẪN LẬP MẪU TK1-TS", "Hướng dẫn kê khai"])
@pytest.mark.parametrize("printed", [None, "- 2 -", "- 3 -"])  # one digit may be misread
def test_notes_are_the_back_of_a_form(catalogue: Catalogue, head: str, printed: str | None) -> None:
    notes = (head, "(1) Ghi đầy đủ họ, chữ đệm, tên", "(2) Ghi số điện thoại đang sử dụng")
    result = split([page(0, FORM_14), page(1, notes, footer=printed), page(2, BIRTH)], catalogue)
    assert parts(result) == [(0, 1), (2,)]
    assert result.reviews == ()


@pytest.mark.parametrize(
    ("lines", "footer"),
    [
        (("Ghi chú: bản sao", "1. Bản chính lưu tại xã", *BIRTH), None),
        (("Ghi chú:", "1. Ghi đầy đủ", "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"), None),
        (("Ghi chú:", "(1) Ghi đầy đủ họ, chữ đệm, tên"), "1"),
    ],
)
def test_what_begins_a_paper_is_no_back(
    catalogue: Catalogue, lines: tuple[str, ...], footer: str | None
) -> None:
    result = split([page(0, FORM_14), page(1, lines, footer=footer)], catalogue)
    assert parts(result) == [(0,), (1,)] or kinds(result)


def test_notes_of_another_file_are_no_back(catalogue: Catalogue) -> None:
    notes = ("Ghi chú:", "(1) Ghi đầy đủ họ, chữ đệm, tên")
    result = separate(
        BATCH,
        [page(0, FORM_14), page(1, notes, source=1, starts=True)],
        IngestTerms(),
        catalogue,
        SplitSettings(),
        (),
    )
    assert parts(result) == [(0,), (1,)]


def test_pages_lost_before_notes_are_asked_about(catalogue: Catalogue) -> None:
    notes = ("Ghi chú:", "(1) Ghi đầy đủ họ, chữ đệm, tên")
    pages = [page(0, FORM_14), page(1, footer="2"), page(2, notes, footer="7")]
    assert (ReviewKind.PAGE_BOUNDARY, "NUMBER_GAP") in kinds(split(pages, catalogue))


def test_notes_after_a_full_paper_are_asked_about(catalogue: Catalogue) -> None:
    notes = ("Ghi chú:", "(1) Ghi đầy đủ họ, chữ đệm, tên")
    result = split([page(0, BIRTH), page(1, notes)], catalogue)
    assert kinds(result) == [(ReviewKind.PAGE_BOUNDARY, "UNTITLED_PAGE")]


@pytest.mark.parametrize(
    "lines",
    [
        ("Ghi chú:", "Giấy này có giá trị"),
        ("PHIẾU HƯỚNG DẪN", "1. Đơn"),
        ("HƯỚNG DẪN GHI DANH", "1. Ai"),
    ],
)
def test_what_only_begins_like_notes_is_judged_as_any_page(
    catalogue: Catalogue, lines: tuple[str, ...]
) -> None:
    assert not shape(page_text(lines)).notes


def test_notes_headed_in_capitals_have_no_issuer(catalogue: Catalogue) -> None:
    notes = shape(page_text(("HƯỚNG DẪN LẬP MẪU SỐ 14-HSB", "(1) Ghi đầy đủ họ, chữ đệm, tên")))
    assert notes.notes
    assert not notes.issuer


class _SaysStart:
    """A judge to whom every page starts a paper."""

    def chance(self, situation: Situation) -> Chance:
        return Chance(0.99, ("page_fill",))


LIST = ("Mẫu số C97-HD", "DANH SÁCH CHI TRẢ TRỢ CẤP BHXH MỘT LẦN", "STT || Họ và tên || Số tiền")
SIGNERS = ("NGƯỜI LẬP || KẾ TOÁN TRƯỞNG || GIÁM ĐỐC", "(Ký, ghi rõ họ tên)")


@pytest.mark.parametrize(
    ("before", "rest", "goes_on"),
    [
        (LIST, ("Bằng chữ: Chín triệu đồng", *SIGNERS), True),
        (LIST, ("Số tiền (bằng chữ): Chín triệu đồng", *SIGNERS), True),
        (LIST, ("Số tiền bằng chữ: Chín triệu", "PHIẾU CHI", "Họ và tên người nhận"), False),
        (LIST, ("BẰNG CHỦ NHIỆM HỢP TÁC XÃ", *SIGNERS), False),
        (LIST, ("Bằng chữ: Chín triệu", "GIẤY ĐỀ NGHỊ TẠM ỨNG", "Người đề nghị: An"), False),
        (LIST, ("Bằng chữ: Chín triệu", "GIẤY XÁC NHẬN CỦA NGÂN HÀNG", *SIGNERS), False),
        (BIRTH, ("Bằng chữ: Chín triệu đồng", *SIGNERS), False),
        ((*LIST, *([""] * 30), "GIÁM ĐỐC"), ("Bằng chữ: Chín triệu đồng", *SIGNERS), False),
    ],
)
def test_a_sum_in_words_goes_on_with_an_unsigned_list(
    catalogue: Catalogue, before: tuple[str, ...], rest: tuple[str, ...], goes_on: bool
) -> None:
    pages = [page(0, before), page(1, rest)]
    result = separate(
        BATCH, pages, IngestTerms(), catalogue, SplitSettings(), (), judge=_SaysStart()
    )
    assert parts(result) == ([(0, 1)] if goes_on else [(0,), (1,)])


def test_page_one_after_a_higher_number_starts(catalogue: Catalogue) -> None:
    pages = [page(0, RECORD), page(1, footer="2"), page(2, footer="1"), page(3, footer="2")]
    result = split(pages, catalogue)
    assert parts(result) == [(0, 1), (2, 3)]
    assert result.plan.segments[1].boundary is Boundary.PAGE_NUMBER


def test_an_untitled_page_after_a_one_page_paper_is_doubted(catalogue: Catalogue) -> None:
    pages = [page(0, BIRTH), page(1)]
    result = split(pages, catalogue)
    assert parts(result) == [(0, 1)]
    assert kinds(result) == [(ReviewKind.PAGE_BOUNDARY, "UNTITLED_PAGE")]
    assert result.plan.segments[0].confidence < 0.75
    item = result.reviews[0]
    again = split(pages, catalogue, answers=[answered(item)])
    assert parts(again) == [(0, 1)]
    assert again.plan.segments[0].confidence == 1.0
    assert again.reviews == (item,)


class _Says:
    """A judge that finds each page to start a paper as likely as it is told."""

    def __init__(self, probability: float) -> None:
        self._probability = probability

    def chance(self, situation: Situation) -> Chance:
        return Chance(self._probability, ())


def test_an_answer_holds_for_what_was_proposed_only(catalogue: Catalogue) -> None:
    def judged(probability: float, answers: Sequence[ResolvedReview] = ()) -> Separation:
        return separate(
            BATCH,
            [page(0, BIRTH), page(1)],
            IngestTerms(),
            catalogue,
            SplitSettings(),
            answers,
            judge=_Says(probability),
        )

    first = judged(0.45)
    (asked,) = first.reviews
    assert (asked.reason, asked.params["proposal"]) == ("UNTITLED_PAGE", "continue")
    answers = [answered(asked)]
    assert judged(0.45, answers).plan.segments[0].confidence == 1.0
    (anew,) = judged(0.55, answers).reviews
    assert (anew.reason, anew.params["proposal"]) == ("UNTITLED_PAGE", "start")
    assert anew.review_id != asked.review_id
    assert judged(0.55, answers).plan.segments[1].confidence < 0.75


class _Continues:
    """A judge that finds each page to continue, not quite surely."""

    def chance(self, situation: Situation) -> Chance:
        return Chance(0.4, ("same_print",))


def test_a_page_without_a_head_that_reads_like_the_open_paper_goes_on(catalogue: Catalogue) -> None:
    weights = load_models().papers
    back = ("Họ và tên: A", "Mã số BHXH: 0123456789", "Quá trình đóng: từ tháng 1 đến tháng 9")
    evidence = [page(0, HISTORY), page(1, back)]
    text = evidence[1].text
    assert text is not None
    buckets, counts = hashed(text, len(weights.weights))
    dense = weights.dense
    dense[buckets, weights.codes.index("R_04_HSB")] += 500 * counts
    taught = PaperModel.packed("t", weights.codes, dense, weights.biases)
    for papers, asked in ((taught, []), (None, ["LOOKS_CONTINUED"])):
        result = separate(
            BATCH,
            evidence,
            IngestTerms(),
            catalogue,
            SplitSettings(),
            (),
            judge=_Continues(),
            papers=papers,
        )
        assert parts(result) == [(0, 1)]
        assert [r.reason for r in result.reviews] == asked


def test_the_limit_of_confidence_is_a_setting(catalogue: Catalogue) -> None:
    low = SplitSettings(boundary_confidence=0.4)
    result = separate(BATCH, [page(0, BIRTH), page(1)], IngestTerms(), catalogue, low, ())
    assert result.reviews == ()


def test_a_gap_in_the_page_numbers_is_doubted(catalogue: Catalogue) -> None:
    result = split([page(0, RECORD), page(1, footer="2"), page(2, footer="4")], catalogue)
    assert kinds(result) == [(ReviewKind.PAGE_BOUNDARY, "NUMBER_GAP")]
    first = split([page(0, footer="2")], catalogue)
    assert kinds(first) == [(ReviewKind.PAGE_BOUNDARY, "NUMBER_GAP")]


def test_files_start_components(catalogue: Catalogue) -> None:
    pages = [
        page(0, BODY, source=0, starts=True),
        page(1, BODY, source=0),
        page(2, BODY, source=1, starts=True),
        page(3, BODY, source=2),
        page(4, BODY, source=3),
    ]
    assert parts(split(pages, catalogue)) == [(0, 1), (2,), (3, 4)]


# -- sheets ---------------------------------------------------------------------------------


def test_separators_declare_types(catalogue: Catalogue) -> None:
    result = split(
        [
            page(0, sheet=cover()),
            page(1, sheet=separator(1)),
            page(2),
            page(3),
            page(4, sheet=separator(2, "M_HSBA")),
            page(5, RECORD),
            page(6, sheet=GENERAL),
            page(7, BIRTH),
        ],
        catalogue,
    )
    assert parts(result) == [(2, 3), (5,), (7,)]
    assert [s.declared for s in result.plan.segments] == ["F_14_HSB", "M_HSBA", None]
    assert {s.boundary for s in result.plan.segments} == {Boundary.SHEET}
    assert result.reviews == ()
    assert result.plan.dossiers[0].dossier == "HS-1"
    assert result.plan.dossiers[0].missing == ()
    assert result.plan.counts().separator == 4


def test_a_missing_separator_is_a_visible_gap(catalogue: Catalogue) -> None:
    pages = [page(0, sheet=cover(total=4)), page(1, sheet=separator(2, total=4)), page(2)]
    result = split(pages, catalogue)
    assert result.plan.dossiers[0].total == 4
    assert result.plan.dossiers[0].missing == (1, 3, 4)
    assert kinds(result) == [(ReviewKind.SHEET_COUNT, "SHEETS_MISSING")]
    assert result.reviews[0].params == {"numbers": "1, 3, 4", "count": 3, "total": 4}


def test_separators_without_pages_make_no_empty_component(catalogue: Catalogue) -> None:
    result = split(
        [
            page(0, sheet=cover(total=3)),
            page(1, sheet=separator(1, total=3)),
            page(2, sheet=separator(2, "M_HSBA", total=3)),
            page(3),
            page(4, sheet=separator(3, "M_GDYK", total=3)),
            page(5, blank=BlankStatus.BLANK),
        ],
        catalogue,
    )
    assert parts(result) == [(3,)]
    assert result.plan.segments[0].declared == "M_HSBA"
    assert kinds(result) == [(ReviewKind.SHEET_COUNT, "SEPARATORS_EMPTY")]
    assert result.reviews[0].params["numbers"] == "1, 3"
    assert result.plan.dossiers[0].missing == ()


def test_the_same_separator_twice_is_no_gap(catalogue: Catalogue) -> None:
    sheet = separator(1, total=1)
    result = split([page(0, sheet=sheet), page(1, sheet=sheet), page(2)], catalogue)
    assert parts(result) == [(2,)]
    assert result.reviews == ()


def test_an_alternative_paper_may_lack(catalogue: Catalogue) -> None:
    case = ("BHXH1L", "LS3_LIFE_THREATENING")
    pages = [
        page(0, sheet=separator(1, "F_14_HSB", case=case)),
        page(1, FORM_14),
        page(2, sheet=separator(2, "M_HSBA", case=case)),
    ]
    assert split(pages, catalogue).reviews == ()


def test_a_damaged_sheet_separates_and_is_asked_about(catalogue: Catalogue) -> None:
    result = split([page(0, RECORD), page(1, None, damaged=True), page(2)], catalogue)
    assert parts(result) == [(0,), (2,)]
    assert [s.declared for s in result.plan.segments] == [None, None]
    assert kinds(result) == [(ReviewKind.SHEET_COUNT, "SHEET_DAMAGED")]
    assert result.reviews[0].page == 1


def test_another_form_inside_a_separator_is_asked_about(catalogue: Catalogue) -> None:
    pages = [page(0, sheet=separator(1, "M_HSBA", total=1)), page(1, RECORD), page(2, FORM_14)]
    result = split(pages, catalogue)
    assert parts(result) == [(1, 2)]
    assert kinds(result) == [(ReviewKind.PAGE_BOUNDARY, "TITLE_INSIDE_DECLARED")]
    answer = answered(result.reviews[0], AnswerKind.SPLIT, starts=(1, 2))
    cut = split(pages, catalogue, answers=[answer])
    assert parts(cut) == [(1,), (2,)]
    assert [s.declared for s in cut.plan.segments] == ["M_HSBA", None]
    assert {s.boundary for s in cut.plan.segments} == {Boundary.PERSON}
    assert cut.reviews == result.reviews


@pytest.mark.parametrize(
    ("follower", "reason"),
    [(LETTER, "TITLE_INSIDE_DECLARED"), (BODY, "UNTITLED_PAGE")],
)
def test_a_paper_without_a_separator_does_not_vanish_in_the_one_before(
    catalogue: Catalogue, follower: Sequence[str], reason: str
) -> None:
    declared = separator(1, "C_KHAI_SINH", total=1)
    result = split([page(0, sheet=declared), page(1, BIRTH), page(2, follower)], catalogue)
    assert parts(result) == [(1, 2)]
    assert kinds(result) == [(ReviewKind.PAGE_BOUNDARY, reason)]


def test_further_pages_of_a_declared_paper_ask_nothing(catalogue: Catalogue) -> None:
    declared = separator(1, "M_HSBA", total=1)
    result = split([page(0, sheet=declared), page(1, RECORD), page(2), page(3)], catalogue)
    assert parts(result) == [(1, 2, 3)]
    assert kinds(result) == []


def test_another_cover_starts_another_dossier(catalogue: Catalogue) -> None:
    result = split(
        [
            page(0, sheet=cover("s1", "HS-1", 0)),
            page(1, RECORD),
            page(2, blank=BlankStatus.BLANK),
            page(3, sheet=cover("s2", "HS-2", 0)),
            page(4),
            page(5, sheet=cover("s1", "HS-1", 0)),
            page(6, BIRTH),
        ],
        catalogue,
    )
    assert [d.dossier for d in result.plan.dossiers] == ["HS-1", "HS-2"]
    assert [(s.pages, s.dossier) for s in result.plan.segments] == [
        ((1,), 0),
        ((4,), 1),
        ((6,), 0),
    ]
    assert result.plan.counts(0).in_ + result.plan.counts(1).in_ == 7
    assert result.plan.counts(1).in_ == 2


def test_covers_without_a_code_are_told_by_their_slip(catalogue: Catalogue) -> None:
    pages = [
        page(0, sheet=cover("s1", None, 0)),
        page(1),
        page(2, sheet=cover("s2", None, 0)),
        page(3),
    ]
    assert [s.dossier for s in split(pages, catalogue).plan.segments] == [0, 1]


def test_a_cover_goes_over_the_command(catalogue: Catalogue) -> None:
    pages = [page(0, sheet=cover("s1", "HS-1", 0)), page(1)]
    result = split(pages, catalogue, IngestTerms(dossier="HS-9"))
    assert [d.dossier for d in result.plan.dossiers] == ["HS-1"]
    assert kinds(result) == [(ReviewKind.SHEET_COUNT, "COVER_CONTRADICTS")]
    assert split(pages, catalogue, IngestTerms(dossier="HS-1")).reviews == ()


def test_a_separator_of_another_dossier_is_not_swallowed(catalogue: Catalogue) -> None:
    pages = [
        page(0, sheet=cover("s1", "HS-1", 0)),
        page(1),
        page(2, sheet=separator(1, slip="s2", dossier="HS-2", total=1)),
        page(3, FORM_14),
    ]
    result = split(pages, catalogue)
    assert [s.dossier for s in result.plan.segments] == [0, 1]
    assert kinds(result) == [(ReviewKind.SHEET_COUNT, "COVER_MISSING")]


# -- blanks, unreadable pages, kept files ---------------------------------------------------


def test_blanks_fall_out_by_rule(catalogue: Catalogue) -> None:
    pages = [page(0, RECORD), page(1, blank=BlankStatus.BLANK), page(2)]
    result = split(pages, catalogue)
    assert parts(result) == [(0, 2)]
    assert result.plan.counts().blank == 1


@pytest.mark.parametrize(("said", "blank"), [(None, 0), (True, 1), (False, 0)])
def test_a_doubtful_blank_waits_for_a_person(
    catalogue: Catalogue, said: bool | None, blank: int
) -> None:
    pages = [page(0, RECORD), page(1, None, blank=BlankStatus.UNCERTAIN)]
    first = split(pages, catalogue)
    assert kinds(first) == [(ReviewKind.BLANK_UNCERTAIN, "BLANK_DOUBTFUL")]
    answers = [answered(first.reviews[0], AnswerKind.BLANK, blank=said)] if said is not None else []
    result = split(pages, catalogue, answers=answers)
    assert result.reviews == first.reviews
    assert (result.plan.counts().blank, result.plan.counts().kept) == (blank, 2 - blank)


def test_a_page_nobody_can_read_is_asked_about(catalogue: Catalogue) -> None:
    pages = [page(0, RECORD), page(1, None), page(2, confidence=0.2)]
    result = split(pages, catalogue)
    assert [(r.kind, r.page) for r in result.reviews] == [
        (ReviewKind.UNREADABLE_PAGE, 1),
        (ReviewKind.UNREADABLE_PAGE, 2),
    ]
    assert result.plan.counts().kept == 3


def test_kept_files_are_never_cut(catalogue: Catalogue) -> None:
    pages = [
        page(0, FORM_14, source=0, starts=True),
        page(1, FORM_14, kept=True, source=1, starts=True),
        page(2, BIRTH, kept=True, source=1),
        page(3, blank=BlankStatus.BLANK, kept=True, source=1),
        page(4, RECORD, kept=True, source=2, starts=True),
        page(5, BODY, source=3, starts=True),
    ]
    result = split(pages, catalogue)
    assert parts(result) == [(0,), (1, 2, 3), (4,), (5,)]
    assert [s.source for s in result.plan.segments] == [None, 1, 2, None]
    assert result.plan.segments[1].boundary is Boundary.KEPT_FILE


def test_as_takes_the_whole_source(catalogue: Catalogue) -> None:
    pages = [
        page(0, FORM_14, starts=True),
        page(1, blank=BlankStatus.BLANK),
        page(2, BIRTH),
        page(3, sheet=GENERAL),
        page(4, DEATH, source=1, starts=True),
        page(5, DEATH, kept=True, source=2, starts=True),
    ]
    result = split(pages, catalogue, IngestTerms(as_code="M_HSBA"))
    assert parts(result) == [(0, 2, 4), (5,)]
    assert {s.declared for s in result.plan.segments} == {"M_HSBA"}
    assert {s.confidence for s in result.plan.segments} == {1.0}


def test_the_latest_split_counts_and_snaps_to_kept_pages(catalogue: Catalogue) -> None:
    pages = [page(0, BIRTH), page(1), page(2, blank=BlankStatus.BLANK), page(3), page(4)]
    first = split(pages, catalogue)
    item = first.reviews[0]
    later = AT + dt.timedelta(hours=1)
    answers = [
        answered(item, AnswerKind.SPLIT, starts=(1,)),
        answered(
            item.model_copy(update={"review_id": "x"}), AnswerKind.SPLIT, starts=(2, 4), at=later
        ),
    ]
    result = split(pages, catalogue, answers=answers)
    assert parts(result) == [(0, 1), (3,), (4,)]
    assert {s.confidence for s in result.plan.segments} == {1.0}


def test_missing_or_doubled_input_pages_are_refused(catalogue: Catalogue) -> None:
    with pytest.raises(SplitError):
        split([page(0), page(2)], catalogue)


# -- whatever comes -------------------------------------------------------------------------

SHEETS = st.sampled_from(
    [
        cover("s1", "HS-1", 3),
        cover("s2", "HS-2", 1),
        cover("s3", None, 0),
        separator(1, total=3),
        separator(3, "M_HSBA", total=3),
        separator(1, slip="s2", dossier="HS-2", total=1),
        separator(9, "X_UNKNOWN", slip="s4", dossier=None, total=9),
        GENERAL,
    ]
)
LINES = st.sampled_from([FORM_14, BIRTH, DEATH, HISTORY, BODY, LETTER, ("x",), None])


@st.composite
def batches(draw: st.DrawFn) -> list[PageEvidence]:
    out: list[PageEvidence] = []
    source = 0
    for index in range(draw(st.integers(0, 14))):
        starts = draw(st.booleans()) and draw(st.booleans())
        source += starts
        kept = draw(st.integers(0, 5)) == 0 if starts else bool(out) and out[-1].kept
        out.append(
            page(
                index,
                draw(LINES),
                sheet=draw(SHEETS) if draw(st.integers(0, 3)) == 0 else None,
                damaged=draw(st.integers(0, 9)) == 0,
                blank=draw(st.sampled_from(BlankStatus))
                if draw(st.booleans())
                else (BlankStatus.CONTENT),
                kept=kept,
                source=source,
                starts=starts,
                footer=draw(st.sampled_from([None, None, "1", "2", "3", "1/1", "999"])),
            )
        )
    return out


@settings(max_examples=40, deadline=None)
@given(batches(), st.lists(st.integers(-2, 20), max_size=4), st.booleans(), st.booleans())
def test_every_page_exactly_once(
    pages: list[PageEvidence], starts: list[int], person: bool, whole: bool
) -> None:
    catalogue = built_in()
    terms = IngestTerms(dossier="HS-5", as_code="Z_OTHER" if whole else None)
    first = split(pages, catalogue, terms)
    answers = [answered(item) for item in first.reviews[1:]]
    if person and first.reviews:
        answers.append(answered(first.reviews[0], AnswerKind.SPLIT, starts=tuple(starts)))
    result = split(pages, catalogue, terms, answers)
    plan = result.plan
    assert plan.counts().balanced
    assert plan.counts().in_ == len(pages)
    assert sum(plan.counts(d.slot).in_ for d in plan.dossiers) == len(pages)
    assert all(list(s.pages) == sorted(s.pages) for s in plan.segments)
    by_index = {p.raw.index: p for p in pages}
    for segment in plan.segments:
        files = {by_index[i].raw.source for i in segment.pages if by_index[i].kept}
        assert segment.source is None or files == {segment.source}
    kept = {s.source for s in plan.segments if s.source is not None}
    assert kept == {p.raw.source for p in pages if p.kept}
    for slot in plan.dossiers:
        if slot.missing and not whole:
            gaps = [r for r in first.reviews if r.reason == "SHEETS_MISSING"]
            assert slot.slot in {r.dossier for r in gaps}
    if not person:
        assert result.reviews == first.reviews


@settings(max_examples=10, deadline=None)
@given(batches())
def test_a_rerun_asks_the_same(pages: list[PageEvidence]) -> None:
    catalogue = built_in()
    assert split(pages, catalogue) == split(pages, catalogue)
