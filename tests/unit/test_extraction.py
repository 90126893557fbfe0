"""Fields of whole forms: found, placed, and never wrong in silence."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline import ids
from pipeline.catalogue import load_catalogue
from pipeline.models.base import Box
from pipeline.models.components import Classified
from pipeline.models.fields import FieldStatus, FieldValue
from pipeline.models.pages import Symbol, SymbolFormat
from pipeline.models.review import ReviewKind
from pipeline.models.split import DossierSlot
from pipeline.models.text import Line, PageText, Word
from pipeline.settings import FieldSettings
from pipeline.stages.extraction import Extraction, ReadPages, extract
from tests.fakes.forms import Form, form, forms
from tests.fakes.pages import PrintedPage

CATALOGUE = load_catalogue()
BATCH = "b" * 64
TODAY = dt.date(2026, 11, 22)
QR = "087084000999|340123456|Nguyễn Văn An|12031984|Nam|Số 12, Nguyễn Huệ, Cao Lãnh|10052021"


def component(code: str, *pages: int) -> Classified:
    return Classified(
        component_id="c" * 64, code=code, confidence=0.9, pages=pages, dossier=1, certain=True
    )


def read(code: str, *texts: PageText, qr: str | None = None) -> Extraction:
    symbols = [] if qr is None else [Symbol(format=SymbolFormat.QR, text=qr, x=1, y=1)]
    indexes = tuple(text.index for text in texts)
    return extract(
        component(code, *indexes),
        ReadPages(texts, symbols),
        CATALOGUE,
        FieldSettings(),
        BATCH,
        TODAY,
    )


def fields(extraction: Extraction) -> dict[str, FieldValue]:
    return {value.name: value for value in extraction.fields.fields}


def printed(code: str, *lines: str) -> dict[str, FieldValue]:
    page = PrintedPage().column(20, 60, *lines)
    return fields(read(code, page.text()))


@pytest.mark.parametrize("paper", forms(), ids=lambda paper: paper.code)
class TestForms:
    def test_every_value_is_found(self, paper: Form) -> None:
        found = fields(read(paper.code, paper.page().text()))
        assert {name: found[name].value for name in paper.values} == dict(paper.values)

    def test_every_required_field_is_there_or_asked_for(self, paper: Form) -> None:
        extraction = read(paper.code, paper.page().text())
        found = fields(extraction)
        asked = {item.field for item in extraction.reviews}
        for field in CATALOGUE.component(paper.code).fields:
            if field.required:
                assert field.name in found
        for value in found.values():
            assert (value.status is FieldStatus.REVIEW) == (value.name in asked)
            assert (value.status is FieldStatus.REVIEW) == bool(value.reasons)

    def test_boxes_lie_where_the_value_is_printed(self, paper: Form) -> None:
        page = paper.page()
        text = page.text()
        for value in fields(read(paper.code, text)).values():
            if value.box is None or len(value.value) > 25 or "CHECKBOX" in value.reasons:
                continue
            k = 72 / page.dpi
            first = value.value.split()[0].strip(",.")
            words = [w for line in text.lines for w in line.words if first in w.text]
            if not words:
                continue
            middles = [
                (w.box.x0 * k - 1, w.box.x1 * k + 1, (text.height_px - w.box.y1) * k) for w in words
            ]
            assert any(
                x0 <= value.box.x0 <= x1 and y == pytest.approx(value.box.y0, abs=1)
                for x0, x1, y in middles
            )

    def test_lost_vowels_lose_no_number(self, paper: Form) -> None:
        """What engines do to these papers: whole accented vowels vanish from the labels."""
        page = paper.page()
        found = fields(read(paper.code, without_vowels(page.text())))
        for name, value in paper.values.items():
            read_value = found.get(name)
            if read_value is None or read_value.status is FieldStatus.REVIEW:
                continue
            assert digits(read_value.value) == digits(value)

    def test_low_confidence_is_never_accepted(self, paper: Form) -> None:
        """But for an amount or a date that its own words confirm."""
        found = fields(read(paper.code, paper.page().text(confidence=0.7)))
        sure = {name for name, value in found.items() if value.status is FieldStatus.ACCEPTED}
        assert sure <= {"benefit_amount", "total_amount"} | (
            {"birth_date"} if paper.code == "C_KHAI_SINH" else set()
        )


def without_vowels(text: PageText) -> PageText:
    drop = str.maketrans(dict.fromkeys("ẫổộốấứầửảể"))
    lines = []
    for line in text.lines:
        words = tuple(
            w.model_copy(update={"text": w.text.translate(drop) or "."}) for w in line.words
        )
        lines.append(line.model_copy(update={"words": words}))
    return text.model_copy(update={"lines": tuple(lines)})


def digits(text: str) -> str:
    return "".join(char for char in text if char.isdigit())


class TestGeometry:
    def test_a_tilted_page_reads_the_same(self) -> None:
        paper = form("F_14_HSB")
        text = paper.page().text()
        lines = []
        for line in text.lines:
            words = tuple(w.model_copy(update={"box": tilted(w.box)}) for w in line.words)
            lines.append(Line(words=words, box=words[0].box.union(words[-1].box), block=0))
        found = fields(read(paper.code, text.model_copy(update={"lines": tuple(lines)})))
        assert {name: found[name].value for name in paper.values} == dict(paper.values)

    def test_a_value_below_its_label_is_found(self) -> None:
        page = PrintedPage().put(20, 60, "Họ và tên:").put(22, 68, "NGUYỄN VĂN AN")
        found = fields(read("F_14_HSB", page.text()))["full_name"]
        assert found.value == "NGUYỄN VĂN AN"

    def test_the_page_counts_within_the_component(self) -> None:
        first = PrintedPage().put(20, 60, "Nội dung").text(index=7)
        second = PrintedPage().put(20, 60, "Họ và tên: NGUYỄN VĂN AN").text(index=8)
        assert fields(read("F_14_HSB", first, second))["full_name"].page == 1

    def test_page_points_grow_upwards_from_the_bottom_left(self) -> None:
        page = PrintedPage(210, 297, 200).put(20, 10, "Mã số BHXH: 7912345678")
        box = fields(read("F_14_HSB", page.text()))["bhxh_code"].box
        assert box is not None
        assert 297 / 25.4 * 72 - 60 < box.y0 < box.y1 < 297 / 25.4 * 72 - 20


def tilted(box: Box, slope: float = 0.03) -> Box:
    shift = slope * (box.x0 + box.x1) / 2
    return Box(x0=box.x0, y0=box.y0 + shift, x1=box.x1, y1=box.y1 + shift)


class TestDoubt:
    def test_missing_required_fields_are_questions_without_values(self) -> None:
        extraction = read("F_14_HSB", PrintedPage().put(20, 60, "ĐƠN ĐỀ NGHỊ").text(index=4))
        found = fields(extraction)
        assert found["full_name"].value == ""
        assert found["full_name"].reasons == ("MISSING",)
        item = next(item for item in extraction.reviews if item.field == "full_name")
        assert item.review_id == ids.review_id(BATCH, "FIELD", "c" * 64, "full_name")
        assert (item.kind, item.blocking, item.page) == (ReviewKind.FIELD, False, 0)
        assert (item.dossier, item.component_id) == (1, "c" * 64)

    def test_optional_fields_that_are_not_there_are_left_out(self) -> None:
        assert "phone" not in printed("F_14_HSB", "Họ và tên: NGUYỄN VĂN AN")

    def test_repaired_digits_are_shown_to_a_person(self) -> None:
        value = printed("F_14_HSB", "Mã số BHXH: 79I2345S7B")["bhxh_code"]
        assert (value.value, value.reasons) == ("7912345578", ("REPAIRED",))

    @pytest.mark.parametrize(
        ("line", "field", "reason"),
        [
            ("Mã số BHXH: 791234567", "bhxh_code", "PATTERN"),
            ("Số CCCD: 187084000999", "id_number", "CCCD_FIRST_DIGIT"),
            ("Số CCCD: 003084000999", "id_number", "CCCD_PROVINCE"),
            ("Sinh ngày: 31/04/1984", "birth_date", "CALENDAR"),
            ("Sinh ngày: 12/03/2084", "birth_date", "FUTURE_DATE"),
            ("Số điện thoại: 01212345678", "phone", "PATTERN"),
            ("Họ và tên: NGUYÊN VĂN AN", "full_name", "NAME_SPELLING"),
            ("Họ và tên: AN", "full_name", "NAME_SHORT"),
            ("Số tài khoản: 0071000123456", "account_number", "BANK_MISSING"),
        ],
    )
    def test_reasons(self, line: str, field: str, reason: str) -> None:
        value = printed("F_14_HSB", line)[field]
        assert reason in value.reasons
        assert value.status is FieldStatus.REVIEW

    def test_a_corrected_name_is_shown_to_a_person(self) -> None:
        page = PrintedPage().column(20, 60, "Họ và tên: NGUYỄN VĂN AN").text()
        lines = [
            line.model_copy(
                update={
                    "words": tuple(
                        word.model_copy(update={"read_as": "NGUYÊN"})
                        if word.text == "NGUYỄN"
                        else word
                        for word in line.words
                    )
                }
            )
            for line in page.lines
        ]
        assert fields(read("F_14_HSB", page))["full_name"].status is FieldStatus.ACCEPTED
        corrected = page.model_copy(update={"lines": tuple(lines)})
        assert fields(read("F_14_HSB", corrected))["full_name"].reasons == ("NAME_SPELLING",)

    @pytest.mark.parametrize(
        ("code", "line", "field"),
        [
            ("F_14_HSB", "Sinh ngày: l2/03/1984", "birth_date"),
            ("F_14_HSB", "Sinh ngày: 1 2/03/1984", "birth_date"),
            ("F_14_HSB", "Sinh ngày: 1203/1984", "birth_date"),
            ("F_14_HSB", "Số CCCD: 087084000 99", "id_number"),
            ("F_14_HSB", "Số CCCD: 08 708400099", "id_number"),
            ("F_14_HSB", "Số tài khoản: 00710001 Z3456 Ngân hàng: BIDV", "account_number"),
            ("F_14_HSB", "Họ và tên: NGUYỄN VĂN 4N", "full_name"),
            ("R_07B_HSB", "Thời gian đóng BHXH: l5 năm 3 tháng", "contribution_duration"),
            ("R_07B_HSB", "Thời gian đóng BHXH: 1 5 năm 3 tháng", "contribution_duration"),
            ("R_07B_HSB", "Số tiền trợ cấp: l2.345.678 đồng", "benefit_amount"),
            ("R_07B_HSB", "Số tiền trợ cấp: 116.299 993 đồng", "benefit_amount"),
            ("R_07B_HSB", "Đồng Tháp, ngày l2 tháng 10 năm 2023", "issue_date"),
            ("R_07B_HSB", "Đồng Tháp, ngày l 2 tháng 10 năm 2023", "issue_date"),
            ("R_QD_BHTN", "Số tháng được hưởng: l2", "months"),
            ("M_GDYK", "KẾT LUẬN: tỷ lệ 1 5%", "loss_rate"),
            ("M_GIAY_RA_VIEN", "- Vào viện lúc: l3 giờ 30 phút, ngày 02/03/2023", "admitted_at"),
            ("M_GIAY_RA_VIEN", "- Vào viện lúc: 13 giờ l2 phút, ngày 02/03/2023", "admitted_at"),
            ("M_GIAY_RA_VIEN", "- Vào viện lúc: 15 giờ 3O phút, ngày 02/03/2023", "admitted_at"),
            ("M_GIAY_RA_VIEN", "- Vào viện lúc: 15 giờ SO phul, ngày 02/03/2023", "admitted_at"),
            ("F_14A_HSB", "Email: an.nguyen84(gmail.com", "email"),
            ("S_PGNHS", "Số HS: 6", "slip_number"),
        ],
    )
    def test_a_part_of_a_value_is_not_the_value(self, code: str, line: str, field: str) -> None:
        """Engines tear numbers and read their first digit as a letter."""
        value = printed(code, line)[field]
        assert "PATTERN" in value.reasons
        assert value.status is FieldStatus.REVIEW

    @pytest.mark.parametrize(
        ("procedure", "case", "doubted"),
        [
            ("BHXH1L", "LS3_LIFE_THREATENING", True),
            ("BHXH1L", "LS4_DISCHARGED", False),
            ("HUUTRI", "HT1_EMPLOYED", True),
            ("TNLD_BNN", "TN1_ACCIDENT", False),
            (None, None, False),
        ],
    )
    def test_a_rate_too_low_for_the_case(
        self, procedure: str | None, case: str | None, doubted: bool
    ) -> None:
        text = PrintedPage().put(20, 60, "KẾT LUẬN: tỷ lệ 60%").text()
        dossier = DossierSlot(slot=1, procedure=procedure, case=case)
        paper = component("M_GDYK", 0)
        extraction = extract(
            paper, ReadPages([text]), CATALOGUE, FieldSettings(), BATCH, TODAY, dossier
        )
        assert ("PERCENT_TOO_LOW" in fields(extraction)["loss_rate"].reasons) is doubted

    def test_a_sentence_may_follow_a_value(self) -> None:
        found = printed("M_GDYK", "Họp ngày 12 tháng 5 năm 2023 để giám định cho:")
        assert found["meeting_date"].value == "12/05/2023"

    def test_the_sex_and_year_in_the_number_are_compared(self) -> None:
        value = printed(
            "F_14A_HSB",
            "Giới tính: Nữ",
            "Ngày, tháng, năm sinh: 12/03/1994",
            "Số định danh/CMND/CCCD/Số Hộ chiếu: 087084000999",
        )["id_number"]
        assert value.reasons == ("CCCD_SEX", "CCCD_YEAR")

    def test_an_old_card_on_a_new_paper_is_doubted(self) -> None:
        page = PrintedPage().column(20, 60, "Số CCCD: 024567891")
        page.put(110, 200, "Cần Thơ, ngày 01 tháng 02 năm 2025")
        assert fields(read("F_14_HSB", page.text()))["id_number"].reasons == ("CMND_EXPIRED",)

    def test_another_holder_is_an_error(self) -> None:
        found = printed("F_14A_HSB", "Họ và tên: NGUYỄN VĂN AN", "Chủ tài khoản: NGUYEN VAN ANH")
        assert "HOLDER_DIFFERS" in found["account_holder"].reasons

    def test_an_amount_that_its_words_deny(self) -> None:
        lines = ("Số tiền trợ cấp: 45.678.900 đồng", "(Bằng chữ: Bốn mươi lăm triệu đồng)")
        assert printed("R_07B_HSB", *lines)["benefit_amount"].reasons == ("AMOUNT_WORDS",)

    def test_a_sign_that_was_read_as_a_gap_is_put_back_and_shown(self) -> None:
        value = printed("F_14_HSB", "Địa chỉ: số 12, thôn 3, xã Ea H leo, tỉnh Đắk Lắk")["address"]
        assert value.value is not None
        assert value.value.endswith("xã Ea H'leo, tỉnh Đắk Lắk")
        assert "REPAIRED" in value.reasons

    @pytest.mark.parametrize(
        ("shown", "sure"),
        [
            ("21/2026/QĐST-VDS", True),
            ("21/2026/GĐST-VDS", False),
            ("491/BHXH-GLT", False),
            ("12/QĐ-SLĐTBXH", True),
            ("1284/TTr-UBND", True),
        ],
    )
    @pytest.mark.parametrize("code", ["V_KET_QUA_XAC_MINH", "C_QD_CHET_TOA_AN"])
    def test_a_number_with_a_symbol_that_nobody_uses_is_shown(
        self, code: str, shown: str, sure: bool
    ) -> None:
        value = printed(code, f"Số: {shown}")["doc_number"]
        assert value.value == shown
        assert ("SYMBOL_UNKNOWN" in value.reasons) is not sure

    @pytest.mark.parametrize("code", ["V_KET_QUA_XAC_MINH", "C_QD_CHET_TOA_AN"])
    def test_a_hyphen_that_was_lost_is_put_back_and_shown(self, code: str) -> None:
        value = printed(code, "Số: 21/2026/QĐSTVDS")["doc_number"]
        assert value.value == "21/2026/QĐST-VDS"
        assert value.status is FieldStatus.REVIEW
        assert "REPAIRED" in value.reasons

    @pytest.mark.parametrize("shown", ["số 1O6, ấp 1, xã Sơn Kỳ", "số 12, tổ O3, xã Sơn Kỳ"])
    def test_a_digit_that_was_read_as_a_letter_is_shown(self, shown: str) -> None:
        assert printed("F_14_HSB", f"Địa chỉ: {shown}")["address"].reasons

    @pytest.mark.parametrize("shown", ["4.646.OOO đồng", "45.000.0OO đồng", "12.500.000B"])
    def test_an_amount_that_letters_follow_is_shown(self, shown: str) -> None:
        value = printed("R_07B_HSB", f"Số tiền trợ cấp: {shown}")["benefit_amount"]
        assert value.reasons
        assert value.status is not FieldStatus.ACCEPTED

    def test_words_that_agree_make_an_amount_sure(self) -> None:
        lines = ("Số tiền trợ cấp: 45.000.000 đồng", "(Bằng chữ: Bốn mươi lăm triệu đồng)")
        page = PrintedPage().column(20, 60, *lines).text(confidence=0.8)
        value = fields(read("R_07B_HSB", page))["benefit_amount"]
        assert value.status is FieldStatus.ACCEPTED

    @pytest.mark.parametrize(
        ("words", "reasons"),
        [
            ("Ngày mười hai tháng ba năm một nghìn chín trăm tám mươi tư", ()),
            (
                "Ngày mười ba tháng ba năm một nghìn chín trăm tám mươi tư",
                ("DATE_WORDS", "LOW_CONFIDENCE"),
            ),
            ("Ngày mười", ("LOW_CONFIDENCE",)),
        ],
    )
    def test_a_date_and_its_words(self, words: str, reasons: tuple[str, ...]) -> None:
        line = f"Ngày, tháng, năm sinh: 12/03/1984 ghi bằng chữ: {words}"
        page = PrintedPage(297, 210).column(10, 60, line).text(confidence=0.8)
        assert fields(read("C_KHAI_SINH", page))["birth_date"].reasons == reasons

    @pytest.mark.parametrize(
        ("words", "date"),
        [
            ("ngày mồng hai tháng giêng năm hai nghìn không trăm linh năm", "02/01/2005"),
            ("ngày ba mươi mốt tháng chạp năm một nghìn chín trăm chín mươi lăm", "31/12/1995"),
            ("ngày năm tháng năm năm hai nghìn lẻ năm", "05/05/2005"),
        ],
    )
    def test_dates_in_words_alone(self, words: str, date: str) -> None:
        page = PrintedPage(297, 210).put(10, 60, f"Ngày, tháng, năm sinh: {words}")
        assert fields(read("C_KHAI_SINH", page.text()))["birth_date"].value == date

    def test_strokes_read_as_letters_are_shown_to_a_person(self) -> None:
        value = printed("F_14_HSB", "Sinh ngày: 12I03I1984")["birth_date"]
        assert (value.value, value.reasons) == ("12/03/1984", ("REPAIRED",))

    def test_days_off_must_add_up(self) -> None:
        found = printed(
            "M_GCN_NGHI_VIEC", "Số ngày nghỉ: 7", "(Từ ngày 01/03/2024 đến hết ngày 05/03/2024)"
        )
        assert found["days_off"].reasons == ("DAYS_DISAGREE",)

    def test_discharge_before_admission(self) -> None:
        found = printed(
            "M_GIAY_RA_VIEN",
            "- Vào viện lúc: 08 giờ 30 phút, ngày 20 tháng 03 năm 2023",
            "- Ra viện lúc: 07 giờ 00 phút, ngày 20 tháng 03 năm 2023",
        )
        assert found["discharged_at"].reasons == ("DATE_ORDER",)

    def test_the_mother_is_never_the_child(self) -> None:
        found = printed("C_KHAI_SINH", "Họ, chữ đệm, tên: NGUYỄN MINH KHÔI")
        assert found["child_name"].value == "NGUYỄN MINH KHÔI"
        assert "mother_name" not in found

    def test_a_label_of_somebody_else_is_passed_over(self) -> None:
        found = printed("F_14_HSB", "Họ và tên người được ủy quyền: LÊ THỊ LAN")
        assert found["full_name"].value == ""

    def test_ticks_are_always_confirmed(self) -> None:
        value = printed("F_14A_HSB", "[X] Chỉ bản điện tử")["result_form"]
        assert (value.value, value.reasons) == ("Chỉ bản điện tử", ("CHECKBOX",))


class TestIssueDate:
    def test_a_legal_basis_is_not_the_date_of_the_paper(self) -> None:
        page = PrintedPage().put(112, 29, "Đồng Tháp, ngày 20 tháng 10 năm 2023")
        page.put(25, 66, "Căn cứ Luật số 58/2014/QH13 ngày 20 tháng 11 năm 2014 của Quốc hội;")
        assert fields(read("R_07B_HSB", page.text()))["issue_date"].value == "20/10/2023"

    def test_a_blank_day_is_asked_for(self) -> None:
        page = PrintedPage().put(112, 29, "Đồng Tháp, ngày ..... tháng 10 năm 2023")
        assert fields(read("R_07B_HSB", page.text()))["issue_date"].reasons == ("MISSING",)

    def test_the_head_counts_not_the_register_quoted_at_the_foot(self) -> None:
        found = fields(read("C_KHAI_TU", form("C_KHAI_TU").page().text()))
        assert found["doc_number"].value == "167/TLKT-BS"
        assert found["issue_date"].value == "02/04/2022"


class TestCardCode:
    def test_the_code_outranks_the_print(self) -> None:
        text = form("I_CCCD").page().text(confidence=0.6)
        found = fields(read("I_CCCD", text, qr=QR))
        assert found["id_number"].status is FieldStatus.ACCEPTED
        assert found["id_number"].value == "087084000999"
        assert found["full_name"].value == "Nguyễn Văn An"
        assert found["residence"].value == "Số 12, Nguyễn Huệ, Cao Lãnh"

    def test_unclear_print_contradicts_nothing(self) -> None:
        text = form("I_CCCD").page().text(confidence=0.6)
        found = fields(read("I_CCCD", text, qr=QR.replace("000999", "000998")))
        assert found["id_number"].value == "087084000998"
        assert found["id_number"].status is FieldStatus.ACCEPTED

    def test_a_contradiction_is_a_question(self) -> None:
        text = form("I_CCCD").page().text()
        found = fields(read("I_CCCD", text, qr=QR.replace("000999", "000998")))
        assert found["id_number"].reasons == ("QR_DISAGREES",)

    @pytest.mark.parametrize(
        "qr", ["", "a|b", "|" * 6, QR.replace("12031984", "99999999"), "x" * 5000, "1" + QR[1:]]
    )
    def test_a_foreign_code_changes_nothing(self, qr: str) -> None:
        text = form("I_CCCD").page().text()
        if qr.startswith("1"):
            assert "PATTERN" in fields(read("I_CCCD", text, qr=qr))["id_number"].reasons
        else:
            assert read("I_CCCD", text, qr=qr) == read("I_CCCD", text)

    def test_other_papers_do_not_read_it(self) -> None:
        text = form("F_14_HSB").page().text()
        assert read("F_14_HSB", text, qr=QR) == read("F_14_HSB", text)


def test_an_unclassified_paper_has_no_fields() -> None:
    extraction = read("Z_OTHER", PrintedPage().put(20, 60, "Họ và tên: A").text())
    assert extraction.fields.fields == ()
    assert extraction.fields.catalogue_sha256 == CATALOGUE.sha256


WORDS = st.sampled_from(
    (
        *(
            "Họ",
            "và",
            "tên:",
            "Số",
            "BHXH:",
            "Mã",
            "số",
            "ngày",
        ),
        *(
            "tháng",
            "năm",
            "12/03/1984",
            "791234567",
            "(",
            ")",
            ":",
            "…",
        ),
        *(
            "....",
            "/",
            "|",
            "0",
            "□",
            "Nam",
            "UBND",
            "đồng",
        ),
        *(
            "45.678",
            "Bằng",
            "chữ:",
            "Cộng",
            "STT",
            "@",
            "99/99/9999",
        ),
    )
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    st.sampled_from(sorted(CATALOGUE.components)),
    st.lists(st.tuples(WORDS, st.integers(0, 1600), st.integers(0, 2300)), max_size=40),
)
def test_no_page_breaks_extraction(code: str, words: list[tuple[str, int, int]]) -> None:
    lines = tuple(
        Line(
            words=(Word(text=text, confidence=0.9, box=Box(x0=x, y0=y, x1=x + 50, y1=y + 25)),),
            box=Box(x0=x, y0=y, x1=x + 50, y1=y + 25),
            block=0,
        )
        for text, x, y in words
    )
    text = PageText(index=0, turn=0, width_px=1654, height_px=2339, dpi=200, lines=lines)
    for value in fields(read(code, text)).values():
        assert (value.status is FieldStatus.ACCEPTED) == (not value.reasons)


class TestWhereValuesEnd:
    def test_the_closing_declaration_is_no_part_of_a_value(self) -> None:
        line = "Số tài khoản: 9704366812345 Ngân hàng: Ngoại thương Việt Nam tỉnh Đồng Tháp"
        found = printed("F_14_HSB", line, "Tôi cam đoan những nội dung kê khai trên đây là đúng")
        assert found["bank_name"].value == "Ngoại thương Việt Nam tỉnh Đồng Tháp"

    def test_a_labelled_date_is_not_the_date_of_the_paper(self) -> None:
        found = printed(
            "M_HSBA",
            "9. Vào viện ngày: ngày 09 tháng 9 năm 2025",
            "11. Chẩn đoán ra viện: Sỏi thận phải",
            "Cao Lãnh, ngày 24 tháng 9 năm 2025",
        )
        assert found["issue_date"].value == "24/09/2025"

    def test_a_name_of_an_office_beside_its_label_is_the_value(self) -> None:
        found = printed(
            "C_KHAI_TU", "Đã được đăng ký khai tử tại: Ủy ban nhân dân xã Phú Thọ, Hải Phòng"
        )
        assert found["registered_at"].value == "Ủy ban nhân dân xã Phú Thọ, Hải Phòng"

    def test_a_nationality_is_no_sex(self) -> None:
        assert "Nam" not in printed("I_CCCD", "Giới tính/Sex: Quoc tjch: Việt Nam")["gender"].value

    def test_the_next_paragraph_is_no_part_of_a_value(self) -> None:
        page = PrintedPage().put(
            20, 60, "Lý do: Thời gian đóng BHXH ghi trên sổ chưa khớp với dữ liệu"
        )
        page.put(20, 66, "của cơ quan BHXH")
        page.put(32, 72, "Trong quá trình hoàn thiện hồ sơ, nếu có vướng mắc thì ông/bà liên hệ")
        page.put(20, 78, "theo số điện thoại của cơ quan.")
        found = fields(read("S_PHIEU_HUONG_DAN", page.text()))["reason"]
        assert found.value.endswith("của cơ quan BHXH")

    def test_a_label_within_a_sentence_ends_nothing(self) -> None:
        line = "Nội dung thay đổi: Điều chỉnh ngày tháng năm sinh theo giấy khai sinh"
        labels = CATALOGUE.component("F_TK1_TS").field("change_content")
        assert labels is not None
        line = line.replace("Nội dung thay đổi", labels.labels[0])
        value = printed("F_TK1_TS", line)["change_content"].value
        assert value.endswith("theo giấy khai sinh")

    def test_a_sentence_is_no_name(self) -> None:
        value = printed("F_14_HSB", "Họ và tên: một người là đã chết")["full_name"]
        assert "PATTERN" in value.reasons

    def test_the_patient_is_the_paper_s_person(self) -> None:
        found = printed("M_GIAY_CHUYEN_TUYEN", "Họ và tên người bệnh: VÕ HỮU BÌNH")
        assert found["full_name"].value == "VÕ HỮU BÌNH"
