"""How far values reach: wrapped, run on, cut short; and what is asked where that is not certain."""

from __future__ import annotations

import datetime as dt

import cv2
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from benchmarks.factory.layouts.prose import sentences
from benchmarks.factory.truth import Part
from pipeline.catalogue import load_catalogue
from pipeline.models.base import Box
from pipeline.models.components import Classified
from pipeline.models.fields import FieldStatus, FieldValue
from pipeline.models.text import PageText
from pipeline.ports.reading import Gray
from pipeline.settings import FieldSettings
from pipeline.stages.extraction import ReadPages, extract
from pipeline.stages.extraction.extent import ends_within_place
from pipeline.stages.extraction.ink import unread_letters
from pipeline.stages.extraction.layout import sheet
from pipeline.stages.extraction.spans import label_rows
from pipeline.stages.extraction.wordings import form_labels
from pipeline.textnorm import fold
from pipeline.vietnamese import load_units
from tests.fakes.pages import PrintedPage

CATALOGUE = load_catalogue()
TODAY = dt.date(2026, 11, 22)
UNSURE = "EXTENT_UNSURE"
WHOLE = {fold(unit.name) for unit in load_units().all}


def fields(code: str, text: PageText, gray: Gray | None = None) -> dict[str, FieldValue]:
    component = Classified(
        component_id="c" * 64, code=code, confidence=0.9, pages=(0,), dossier=1, certain=True
    )
    pixels = None if gray is None else lambda _: gray
    read = ReadPages([text], pixels=pixels)
    found = extract(component, read, CATALOGUE, FieldSettings(), "b" * 64, TODAY)
    return {value.name: value for value in found.fields.fields}


def without(text: PageText, *lost: str) -> PageText:
    """What an engine reads that does not see some words."""
    lines = []
    for line in text.lines:
        kept = tuple(word for word in line.words if word.text not in lost)
        if kept:
            lines.append(line.model_copy(update={"words": kept}))
    return text.model_copy(update={"lines": tuple(lines)})


def head(*rows: str) -> PrintedPage:
    """A letterhead whose left column is set in the middle around 60 mm."""
    page = PrintedPage().put(115, 18, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", 12)
    page.put(130, 23.2, "Độc lập - Tự do - Hạnh phúc", 12)
    for number, row in enumerate(rows):
        box = PrintedPage().put(0, 0, row, 11).text().lines[0].box
        page.put(60 - box.width / 200 * 25.4 / 2, 18 + 5.2 * number, row, 11)
    return page.put(35, 42, "Số: 98602/QĐ-BHXH").put(20, 80, "Ông/Bà: Nguyễn Quốc Mẫn")


class TestIssuer:
    def test_a_name_runs_on_over_centred_rows(self) -> None:
        page = head("BẢO HIỂM XÃ HỘI VIỆT NAM", "BẢO HIỂM XÃ HỘI THÀNH PHỐ HỒ CHÍ", "MINH")
        value = fields("R_07B_HSB", page.text())["agency_name"]
        assert value.value == "BẢO HIỂM XÃ HỘI THÀNH PHỐ HỒ CHÍ MINH"
        assert value.status is FieldStatus.ACCEPTED

    def test_another_office_below_is_none_of_it(self) -> None:
        page = head("BẢO HIỂM XÃ HỘI TỈNH AN GIANG", "PHÒNG CHẾ ĐỘ")
        value = fields("R_07B_HSB", page.text())["agency_name"]
        assert value.value == "BẢO HIỂM XÃ HỘI TỈNH AN GIANG"

    def test_the_last_word_of_a_place_alone_is_no_office(self) -> None:
        page = head("BẢO HIỂM XÃ HỘI VIỆT NAM", "BẢO HIỂM XÃ HỘI THÀNH PHỐ HẢI", "PHÒNG")
        value = fields("R_07B_HSB", page.text())["agency_name"]
        assert value.value == "BẢO HIỂM XÃ HỘI THÀNH PHỐ HẢI PHÒNG"
        assert value.status is FieldStatus.ACCEPTED

    @pytest.mark.parametrize("lost", ["MINH", "CHÍ MINH"])
    def test_half_the_name_of_a_place_is_asked_for(self, lost: str) -> None:
        page = head("BẢO HIỂM XÃ HỘI VIỆT NAM", "BẢO HIỂM XÃ HỘI THÀNH PHỐ HỒ CHÍ MINH")
        value = fields("R_07B_HSB", without(page.text(), *lost.split()))["agency_name"]
        assert value.reasons == (UNSURE,)

    def test_a_last_row_that_nobody_read_is_asked_for(self) -> None:
        page = head("BẢO HIỂM XÃ HỘI VIỆT NAM", "BẢO HIỂM XÃ HỘI THÀNH PHỐ HỒ CHÍ", "MINH")
        found = fields("R_07B_HSB", without(page.text(), "MINH"), page.gray())
        assert found["agency_name"].reasons == (UNSURE,)

    def test_a_wider_row_below_is_not_taken_in_silence(self) -> None:
        page = head("BẢO HIỂM XÃ HỘI TỈNH", "AN GIANG NGÀNH NỘI CHÍNH TRUNG ƯƠNG")
        assert fields("R_07B_HSB", page.text())["agency_name"].reasons == (UNSURE,)

    def test_the_office_of_a_sentence_is_asked_for(self) -> None:
        page = PrintedPage().column(
            20, 60, "Đã được đăng ký khai tử tại: Ủy ban nhân dân xã Tân Phú, An Giang"
        )
        assert "LABEL_UNSURE" in fields("C_KHAI_TU", page.text())["issuer"].reasons

    def test_the_office_above_is_not_the_issuer_in_silence(self) -> None:
        page = head("BẢO HIỂM XÃ HỘI VIỆT NAM", "BẢO HIỂM XÃ HỘI TỈNH AN GIANG")
        page.put(60, 60, "GIÁM ĐỐC BẢO HIỂM XÃ HỘI TỈNH AN GIANG")
        text = page.text()
        lines = [line for line in text.lines if line.words[-1].text != "GIANG"]
        torn = [line for line in text.lines if line.words[-1].text == "GIANG"]
        short = torn[0].model_copy(update={"words": torn[0].words[1:]})
        torn_text = text.model_copy(update={"lines": (*lines, short, *torn[1:])})
        value = fields("R_07B_HSB", torn_text)["agency_name"]
        assert value.value == "BẢO HIỂM XÃ HỘI TỈNH AN GIANG"
        assert value.status is FieldStatus.REVIEW


class TestRunningOn:
    LABEL = "Chẩn đoán và phương pháp điều trị: Thoát vị đĩa đệm L4-L5, thuốc giảm đau"

    def sick_leave(self, *rows: str) -> FieldValue:
        page = PrintedPage().column(20, 60, "Họ và tên: LÊ VĂN AN", self.LABEL, *rows, pitch=7)
        return fields("M_GCN_NGHI_VIEC", page.text())["diagnosis"]

    @pytest.mark.parametrize("number", ["III.", "IH.", "HI.", "II.", "1II."])
    def test_a_heading_ends_a_value_however_its_number_is_read(self, number: str) -> None:
        value = self.sick_leave(f"{number} Thông tin cha, mẹ (chỉ áp dụng với trẻ em)")
        assert value.value == self.LABEL.partition(": ")[2]

    def test_a_heading_without_its_number_is_left_to_a_person(self) -> None:
        value = self.sick_leave("Thông tin cha, mẹ (chỉ áp dụng với trẻ em)")
        assert value.value == self.LABEL.partition(": ")[2]
        assert UNSURE in value.reasons

    @pytest.mark.parametrize("row", ["Kiều, thành phố Cần Thơ", "Hồ Chí Minh", "Trạch, Hà Tĩnh"])
    def test_a_name_of_a_place_runs_on(self, row: str) -> None:
        first = "45/6 đường Trần Hưng Đạo, phường An Phú Đông, quận Ninh"
        page = PrintedPage().column(20, 60, f"Nơi cư trú: {first}", row, pitch=7)
        value = fields("F_14_HSB", page.text())["address"]
        assert (value.value, value.status) == (f"{first} {row}", FieldStatus.ACCEPTED)

    def test_a_full_row_runs_on(self) -> None:
        value = self.sick_leave("nghỉ ngơi")
        assert value.value.endswith("thuốc giảm đau nghỉ ngơi")
        assert value.status is FieldStatus.ACCEPTED


LAST = "Họ và tên: Lê An, số điện thoại: 0912345678, mã số BHXH: 7912345678, "
SAID = "Số điện thoại: 0912345678, mã số BHXH: 7912345678, "
PAID = "Căn cứ hồ sơ đã nhận và quy định hiện hành, người lao động được hưởng theo "


class TestOverTheEndOfARow:
    """What may look like the rest of a value, but belongs to the text that follows."""

    @pytest.mark.parametrize(
        ("code", "rows", "name", "right"),
        [
            (
                "F_14_HSB",
                ("Tôi đề nghị chuyển tiền cho tôi qua số tài khoản: 0123456789", "03 bản sao kèm"),
                "account_number",
                "0123456789",
            ),
            (
                "F_14_HSB",
                ("Tôi là người lao động đã nghỉ việc, mã số BHXH: 0010850001", "23 năm công tác"),
                "bhxh_code",
                "0010850001",
            ),
            (
                "R_07B_HSB",
                (f"{PAID}tổng số thời gian đóng BHXH: 15 năm", "3 tháng lương cơ sở"),
                "contribution_duration",
                "15 năm",
            ),
            *(
                ("F_14_HSB", (f"Mã số BHXH: 7912345678, họ và tên: {own}", row), "full_name", right)
                for own, row, right in (
                    ("Nguyễn Thị Lan", "Đồng Tháp, ngày 12 tháng 5 năm 2025", "Nguyễn Thị Lan"),
                    ("Nguyễn Thị Lan", "Lê Văn Ba, là chồng", "Nguyễn Thị Lan"),
                    ("Nguyễn Thị Lan Chức", "vụ: Thợ hàn bậc 3", "Nguyễn Thị Lan"),
                    ("Nguyễn Thị Lan Anh Nguyên", "quán: An Giang", "Nguyễn Thị Lan Anh"),
                )
            ),
            *(
                ("R_07A_HSB", (f"{PAID}mức lương hưu hằng tháng:", row), "monthly_amount", "")
                for row in ("Điều 2. 5.000.000 đồng", "và 5.000.000 đồng tiền mai táng")
            ),
            (
                "R_07B_HSB",
                (f"{PAID}đề nghị của Ông/Bà Lê Văn An, sinh ngày:", "01/02/2020 ban hành"),
                "birth_date",
                "",
            ),
            *(
                ("F_14_HSB", (f"{LAST}{label} {own}", row), name, right)
                for label, own, row, name, right in (
                    ("số điện thoại:", "091234567", "8 bản sao kèm", "phone", "091234567"),
                    ("số điện thoại:", "không có", "0912345678 của con", "phone", ""),
                    ("sinh ngày:", "chưa rõ; Quyết định", "01/02/2020 ban hành", "birth_date", ""),
                    (
                        "địa chỉ:",
                        "số 14 đường Chi",
                        "nhánh sông, Gia Lai",
                        "address",
                        "số 14 đường Chi nhánh sông, Gia Lai",
                    ),
                )
            ),
            *(
                ("F_14_HSB", (f"{SAID}họ và tên: {own}", row), "full_name", right)
                for own, row, right in (
                    ("Nguyễn Thị", "Đồng Tháp, ngày 12 tháng 5", "Nguyễn Thị"),
                    ("Nguyễn Thị Lan Nghề", "nghiệp công nhân", "Nguyễn Thị Lan"),
                )
            ),
            (
                "L_CHAM_DUT_HDLD",
                ("Chấm dứt hợp đồng lao động đối với Ông/Bà Lê Văn An", "Trưởng phòng Kế hoạch,"),
                "full_name",
                "Lê Văn An",
            ),
            ("F_14_HSB", (f"{LAST}địa chỉ: số điện", "thoại: 0912345678"), "address", ""),
            (
                "F_14_HSB",
                (f"{LAST}sinh ngày: 12/03/1965, địa", "chỉ: số điện thoại: 0912345678, và các"),
                "address",
                "",
            ),
        ],
    )
    def test_it_is_none_of_the_value_in_silence(
        self, code: str, rows: tuple[str, ...], name: str, right: str
    ) -> None:
        end = PrintedPage().put(20, 0, rows[0]).text().lines[0].box.x1 / 200 * 25.4
        filler = "hồ sơ của người lao động được giải quyết"
        wide = PrintedPage().put(0, 0, filler).text().lines[0].box.x1 / 200 * 25.4
        page = PrintedPage(width_mm=max(210, end + 10)).column(20, 60, *rows, pitch=6.5)
        page.column(end - wide, 100, *[filler] * 12, pitch=6.5)
        value = fields(code, page.text()).get(name)
        assert value is None or value.value == right or value.status is FieldStatus.REVIEW


class TestWhatIsNoneOfAValue:
    @pytest.mark.parametrize(
        ("code", "row", "name", "right"),
        [
            *(
                ("R_07A_HSB", f"Mức lương hưu hằng tháng: {said}", "monthly_amount", right)
                for said, right in (
                    ("4.111 428 tháng 5/2025", "4.111.428"),
                    ("12.111. 428 năm", "12.111.428"),
                    ("Từ tháng 5 111.428 đồng", "5.111.428 đồng"),
                    ("75% mức bình quân 7.475.324 đồng", ""),
                    ("3 tháng lương cơ sở 2.340.000 đồng", ""),
                    ("tăng 15% từ 3.575.155 đồng lên 4.111.428 đồng", "4.111.428 đồng"),
                    ("1.500.000 đồng x 3 tháng = 4.500.000 đồng", "4.500.000 đồng"),
                    ("2.340.000 x 2 + 500.000 = 5.180.000 đồng", "5.180.000 đồng"),
                )
            ),
            ("R_07A_HSB", "Mức lương hưu hằng tháng: 1.800.000 đồng x 3", "monthly_amount", ""),
            ("F_14_HSB", "Họ và tên: Ông Hà Mai", "full_name", "Hà Mai"),
            ("F_14_HSB", "Họ và tên: Ông Cao Minh Đức", "full_name", "Ông Cao Minh Đức"),
            (
                "M_GIAY_RA_VIEN",
                "Chẩn đoán: U (nếu có tái phát)",
                "diagnosis",
                "U (nếu có tái phát)",
            ),
            (
                "F_14_HSB",
                "Địa chỉ: 14/5 quận 10, mã số thuế: 0312345678",
                "address",
                "14/5 quận 10",
            ),
            ("F_14_HSB", "Địa chỉ: số 5, phường Chi nhánh: 4", "address", ""),
            (
                "F_14_HSB",
                "Họ và tên: Trần Thị Vân Sin ngày 12/03/1985",
                "full_name",
                "Trần Thị Vân",
            ),
            ("F_14_HSB", "Họ và tên: Ông Bà Lan", "full_name", "Bà Lan"),
            ("F_14_HSB", "Họ và tên: Nguyễn Thị", "full_name", "Nguyễn Thị Lan"),
            ("F_14_HSB", "Họ và tên: Nguyễn Đăng Khoa: Nội", "full_name", "Nguyễn Đăng Khoa"),
            ("F_14_HSB", "Họ và tên: LÊ VĂN AN     NAM", "full_name", "LÊ VĂN AN"),
            ("R_QD_BHTN", "Số tháng được hưởng: (12) tháng, gồm 3 đợt", "months", "12"),
            ("M_GCN_NGHI_VIEC", "Số ngày nghỉ: (5) 3", "days_off", "5"),
            ("M_GCN_NGHI_VIEC", "Số ngày nghỉ: 12/03/2025", "days_off", ""),
            ("F_14_HSB", "Địa chỉ: (14) Trần Hưng Đạo, Gia Lai", "address", "14 Trần Hưng Đạo"),
            ("F_14_HSB", "Ngân hàng Agribank Branch: Cần Thơ", "bank_name", "Agribank"),
            ("M_GIAY_RA_VIEN", "Chẩn đoán: Lao (Danh mục B)", "diagnosis", "Lao (Danh mục B)"),
            ("M_GIAY_RA_VIEN", "Chẩn đoán: Polyp Kudo(3)", "diagnosis", "Polyp Kudo(3)"),
            ("M_GIAY_RA_VIEN", "Chẩn đoán: Viêm (ký sinh)", "diagnosis", "Viêm (ký sinh)"),
        ],
    )
    def test_it_is_left_out_or_asked_about(
        self, code: str, row: str, name: str, right: str
    ) -> None:
        value = fields(code, PrintedPage().column(20, 60, row).text())[name]
        assert value.value == right or value.status is FieldStatus.REVIEW


@pytest.mark.parametrize(
    "name",
    [
        "Lê Hoàng Minh Nam", "LÊ HOÀNG MINH NAM", "Nguyễn Hoàng Gia Trí", "Trần Lê Bằng Chi",
        "Phạm Đức Đông An", "Trần Đức Nam Minh", "Lê Ngọc Chi Khanh", "Lê Hoàng Quốc Tính",
    ],
)  # fmt: skip
@pytest.mark.parametrize("code", ["F_14_HSB", "M_HSBA", "R_04_HSB"])
def test_words_of_a_name_that_are_nearly_a_label_s(code: str, name: str) -> None:
    page = PrintedPage().column(20, 60, f"Họ và tên: {name}", "Giới tính: Nam")
    value = fields(code, page.text())["full_name"]
    assert (value.value, value.status) == (name, FieldStatus.ACCEPTED)


def test_places_that_are_nearly_a_label_are_whole() -> None:
    """Every commune: `phường Lĩnh Nam` is no `Sinh năm`, `Hòa Tiến` no `Họ và tên`."""
    labels = form_labels(CATALOGUE.component("F_14_HSB"))
    names = sorted({unit.name for unit in load_units().all})
    for first in range(0, len(names), 30):
        text = PrintedPage(height_mm=400)
        for number, name in enumerate(names[first : first + 30]):
            text.put(20, 20 + 10 * number, f"Địa chỉ: số 5, xã {name}, Gia Lai")
        rows = label_rows([sheet(text.text(confidence=0.99), 0)], labels, None).rows
        for row in rows:
            assert [match.label.text for match in row.matches] == ["Địa chỉ"], row.row.text


class TestOtherPeople:
    """A sentence that ends with a label may be about somebody else."""

    @pytest.mark.parametrize(
        ("row", "below", "name"),
        [
            ("Con của tôi tên Lê Thị Bé sinh ngày:", "12/03/2015", "birth_date"),
            ("Mẹ tôi tên là Trần Thị B mã số BHXH:", "0123456789", "bhxh_code"),
            ("Khi cần báo tin cho con trai tôi số điện thoại:", "0912345678", "phone"),
        ],
    )
    def test_what_stands_below_is_asked_about(self, row: str, below: str, name: str) -> None:
        page = PrintedPage().column(20, 60, "Họ và tên: LÊ VĂN AN", row, below, pitch=6.5)
        value = fields("F_14_HSB", page.text()).get(name)
        assert value is None or value.status is FieldStatus.REVIEW

    def test_the_own_value_goes_before_it(self) -> None:
        rows = ("Ngày sinh: 05/06/1970", "Con của tôi tên Lê Thị Bé sinh ngày:", "12/03/2015")
        page = PrintedPage().column(20, 60, "Họ và tên: LÊ VĂN AN", *rows, pitch=6.5)
        assert fields("F_14_HSB", page.text())["birth_date"].value == "05/06/1970"

    def test_a_row_above_about_something_else_is_not_lifted(self) -> None:
        page = PrintedPage().put(20, 60, "Ngày vào làm 12/03/2020").put(20, 65.5, "Sinh ngày:")
        page.put(20, 73, "x").column(20, 90, *["hồ sơ của người lao động"] * 8)
        value = fields("F_14_HSB", page.text())["birth_date"]
        assert value.status is FieldStatus.REVIEW


class TestLabelsBehind:
    """A row that a value runs on over may hold another label."""

    FIRST = "Địa chỉ: số 14 đường Trần Hưng Đạo, khu phố 5, phường An Phú Đông, xã Long Hưng, Đồng"
    FULL = "hồ sơ của người lao động được giải quyết theo đúng quy định của pháp luật, đến"

    def address(self, rest: str) -> FieldValue:
        page = PrintedPage(width_mm=297).put(20, 60, self.FIRST).put(20, 66.5, rest)
        end = page.text().lines[0].box.x1 / 200 * 25.4
        width = PrintedPage().put(0, 0, self.FULL).text().lines[0].box.x1 / 200 * 25.4
        page.column(end - width, 90, *[self.FULL] * 12, pitch=6.5)
        return fields("F_14_HSB", page.text())["address"]

    @pytest.mark.parametrize(
        "behind",
        [
            ", điện thoại: 0912345678",
            " Chức vụ: Công nhân",
            ", chức vụ: Công nhân",
            "; Dân tộc: Kinh",
            " Số CMND: 012345678",
            ". Nghề nghiệp khác: không",
            " (điện thoại: 0912345678)",
            " số CMND: 012345678",
            " Kiểu xe: tải",
            " kiểu xe: tải",
            ", kiểu xe: tải",
        ],
    )
    def test_it_ends_the_value_or_is_asked_about(self, behind: str) -> None:
        value = self.address(f"Tháp{behind}")
        whole = f"{self.FIRST.partition(': ')[2]} Tháp"
        assert value.value == whole or value.status is FieldStatus.REVIEW
        assert behind.split()[-1] not in value.value

    @pytest.mark.parametrize(
        "behind", [", chức vụ: Công nhân", " Chức vụ: Công nhân", "; Dân tộc: Kinh"]
    )
    def test_a_usual_one_leaves_it_sure(self, behind: str) -> None:
        value = self.address(f"Tháp{behind}")
        assert (value.value[-9:], value.status) == ("Đồng Tháp", FieldStatus.ACCEPTED)

    @pytest.mark.parametrize("post", ["kiểu xe: tải", "Kiểu xe: tải", "chức vụ: Thợ"])
    def test_a_name_right_before_an_unknown_one_is_whole_or_asked_about(self, post: str) -> None:
        page = PrintedPage().column(20, 60, f"Họ và tên: Trần Thị Hồng Vân {post}")
        value = fields("F_14_HSB", page.text())["full_name"]
        assert value.value == "Trần Thị Hồng Vân" or value.status is FieldStatus.REVIEW


class TestWhereValuesStand:
    @pytest.mark.parametrize(
        ("code", "rows", "name", "value"),
        [
            ("B_THE_BHYT", ["Họ và tôn: TỪ THANH TRANG"], "full_name", "TỪ THANH TRANG"),
            ("F_09_HSB", ["Số CMND/CCCD: 064068387635"], "declarant_id", "064068387635"),
            (
                "L_CHAM_DUT_HDLD",
                ["Chấm dứt hợp đồng lao động đối với Ông/Bà Ksor H'Nuê, sinh ngày 04/12/1968."],
                "full_name",
                "Ksor H'Nuê",
            ),
            (
                "F_12_HSB",
                ["Được nghỉ việc hưởng chế độ hưu trí kể từ ngày:", "28.08.2024"],
                "leave_from",
                "28/08/2024",
            ),
        ],
    )
    def test_labels_as_papers_print_them(
        self, code: str, rows: list[str], name: str, value: str
    ) -> None:
        page = PrintedPage().column(20, 60, *rows, pitch=6.5).put(20, 200, "Nơi nhận: lưu")
        assert fields(code, page.text())[name].value == value

    def test_the_number_of_the_next_label_is_no_value(self) -> None:
        page = PrintedPage().put(20, 60, "2. Năm sinh:").put(80, 60, "3. Giới:")
        page.put(22, 66, "1972").put(82, 66, "Nam")
        value = fields("M_HSBA", page.text())["birth_year"]
        assert (value.value, value.status) == ("1972", FieldStatus.ACCEPTED)

    def test_a_number_that_a_value_does_not_use_leaves_it_sure(self) -> None:
        row = "1. Họ và tên: LÊ VĂN AN 2. Năm sinh: 1972 3. Giới: Nam 4. Dân tộc: Kinh"
        found = fields("M_HSBA", PrintedPage().column(20, 60, row).text())
        for name, value in (("full_name", "LÊ VĂN AN"), ("birth_year", "1972")):
            assert (found[name].value, found[name].status) == (value, FieldStatus.ACCEPTED)

    def test_the_number_of_the_next_label_stands_apart_from_the_value(self) -> None:
        page = PrintedPage().put(20, 60, "2. Năm sinh: 1972").put(90, 60, "3. Giới: Nam")
        value = fields("M_HSBA", page.text())["birth_year"]
        assert (value.value, value.status) == ("1972", FieldStatus.ACCEPTED)

    @pytest.mark.parametrize(
        ("row", "name", "value"),
        [
            ("Số tài khoản: 0123 4567 89, Ngân hàng: Agribank", "account_number", "0123456789"),
            ("3. Số tài khoản: 0123 4567 4. Ngân hàng: ACB", "account_number", "01234567"),
        ],
    )
    def test_a_number_that_ends_a_value_is_none_of_a_label(
        self, row: str, name: str, value: str
    ) -> None:
        found = fields("F_14_HSB", PrintedPage().column(20, 60, row).text())[name]
        assert found.value == value or found.status is FieldStatus.REVIEW

    @pytest.mark.parametrize("office", ["BAN TƯ PHÁP", "PHÒNG VĂN HÓA", "PHÒNG CHẾ ĐỘ BHXH"])
    @pytest.mark.parametrize("place", ["THÀNH PHỐ HẢI", "XÃ MỸ HÒA", "TỈNH QUẢNG"])
    def test_half_a_place_takes_no_office_for_its_rest(self, place: str, office: str) -> None:
        page = head("BẢO HIỂM XÃ HỘI VIỆT NAM", f"BẢO HIỂM XÃ HỘI {place}", office)
        value = fields("R_07B_HSB", page.text())["agency_name"]
        assert value.value == f"BẢO HIỂM XÃ HỘI {place}"

    @pytest.mark.parametrize("word", ["PHÒNG", "SỞ", "BHXH", "BAN"])
    def test_another_office_s_first_word_is_none_of_a_whole_name(self, word: str) -> None:
        page = head("BẢO HIỂM XÃ HỘI VIỆT NAM", "BẢO HIỂM XÃ HỘI TỈNH AN GIANG", word)
        value = fields("R_07B_HSB", page.text())["agency_name"]
        assert value.value == "BẢO HIỂM XÃ HỘI TỈNH AN GIANG"

    def test_a_value_under_its_label_may_begin_like_a_letterhead(self) -> None:
        page = PrintedPage().column(
            20, 60, "Đã được đăng ký khai tử tại:", "Ủy ban nhân dân xã Sơn Kỳ, Nghệ An", pitch=7
        )
        value = fields("C_KHAI_TU", page.text())["registered_at"]
        assert value.value == "Ủy ban nhân dân xã Sơn Kỳ, Nghệ An"

    def test_a_value_may_begin_like_a_label(self) -> None:
        page = PrintedPage().column(20, 60, "Lý do: Hồ sơ chưa có xác nhận của đơn vị")
        value = fields("S_PHIEU_HUONG_DAN", page.text())["reason"]
        assert value.value == "Hồ sơ chưa có xác nhận của đơn vị"

    def test_what_stands_under_an_unreadable_value_is_not_taken_in_silence(self) -> None:
        code = next(c for c, k in CATALOGUE.components.items() if k.field("months") is not None)
        rows = ("Số tháng được hưởng: TT: tháng", "Điều 2. Trong thời gian hưởng trợ cấp")
        value = fields(code, PrintedPage().column(20, 60, *rows, pitch=7).text())["months"]
        assert value.status is FieldStatus.REVIEW


class TestNamesInSentences:
    FIRST = "Điều 1. Chấm dứt hợp đồng lao động đối với Ông/Bà Giang Khắc"

    def dismissal(self, *rows: str) -> FieldValue:
        page = PrintedPage().column(20, 60, *rows, pitch=7)
        return fields("L_CHAM_DUT_HDLD", page.text())["full_name"]

    def test_a_name_in_a_sentence_is_found(self) -> None:
        value = self.dismissal(f"{self.FIRST} Thưởng, sinh ngày", "27/11/1978, kể từ ngày ký.")
        assert (value.value, value.status) == ("Giang Khắc Thưởng", FieldStatus.ACCEPTED)

    def test_it_goes_on_on_the_next_row(self) -> None:
        value = self.dismissal(self.FIRST, "Thưởng, sinh ngày 27/11/1978, kể từ ngày ký.")
        assert (value.value, value.status) == ("Giang Khắc Thưởng", FieldStatus.ACCEPTED)

    def test_where_it_ends_must_be_told(self) -> None:
        value = self.dismissal(self.FIRST, "Thưởng Nhân Viên Kho Bạc Nhà Nước")
        assert UNSURE in value.reasons

    def test_a_list_of_people_is_no_name(self) -> None:
        assert self.dismissal("Điều 3. Các ông, bà Trưởng phòng Kế hoạch").value == ""


class TestLentLabels:
    @pytest.mark.parametrize("label", ["Sinh ngày", "Ngày sinh", "Ngày, tháng, năm sinh"])
    def test_a_date_of_birth_by_any_name(self, label: str) -> None:
        page = PrintedPage().column(20, 60, f"{label}: 18/11/1975")
        assert fields("R_07B_HSB", page.text())["birth_date"].value == "18/11/1975"

    def test_a_comma_of_a_sentence_is_in_no_label(self) -> None:
        page = PrintedPage().column(20, 60, "Hồ Chí Minh, ngày 01/08/2025", "Ngày sinh: 18/11/1975")
        assert fields("R_07B_HSB", page.text())["birth_date"].value == "18/11/1975"

    @pytest.mark.parametrize(
        "label",
        ["Số CCCD/CMND", "Số căn cước hoặc hộ chiếu", "Số định danh cá nhân/Số hộ chiếu", "CMND"],
    )
    def test_a_number_of_whatever_identity_papers(self, label: str) -> None:
        rows = ("Họ và tên: LÊ VĂN AN", "Sinh ngày: 02/03/1983", f"{label}: 092083774261")
        value = fields("F_14_HSB", PrintedPage().column(20, 60, *rows).text())["id_number"]
        assert (value.value, value.status) == ("092083774261", FieldStatus.ACCEPTED)

    @pytest.mark.parametrize("other", ["Chủ hộ: Trần Bá", "Mẹ: Trần Thị Hoa", "Đại diện: Lê Ba"])
    def test_a_number_below_another_name_is_that_one_s(self, other: str) -> None:
        rows = ("Họ và tên: LÊ VĂN AN", "Sinh ngày: 02/03/1983", other, "Số căn cước: 092083774261")
        value = fields("F_14_HSB", PrintedPage().column(20, 60, *rows).text())["id_number"]
        assert value.value == ""

    @pytest.mark.parametrize("born", ["Sinh ngày: 02/03/1984", "Nam/Nữ: Nam"])
    def test_whose_number_it_is_must_be_told_by_the_year_of_birth(self, born: str) -> None:
        rows = ("Họ và tên: LÊ VĂN AN", born, "Số căn cước: 092083774261")
        value = fields("F_14_HSB", PrintedPage().column(20, 60, *rows).text())["id_number"]
        assert value.status is FieldStatus.REVIEW
        assert "LABEL_UNSURE" in value.reasons

    @pytest.mark.parametrize(
        "rows",
        [
            ("Đại diện: Trần Bá, CCCD số: 001083774260",),
            ("Họ và tên: LÊ VĂN AN", "Đại diện: Trần Bá, số CCCD/CMND: 001083774260"),
            ("Họ và tên: LÊ VĂN AN", "Họ và tên vợ: Trần Thị Bình", "CMND/CCCD: 001083774260"),
            (
                "Họ và tên: LÊ VĂN AN",
                "Người được ủy quyền: Trần Bá, sinh ngày 18/11/1975",
                "CMND/CCCD: 001083774260",
            ),
        ],
    )
    def test_a_number_of_somebody_else_is_none(self, rows: tuple[str, ...]) -> None:
        value = fields("F_14_HSB", PrintedPage().column(20, 60, *rows).text())["id_number"]
        assert value.value == ""

    @pytest.mark.parametrize("label", ["CCCD", "Số định danh cá nhân", "Số CMND/CCCD"])
    def test_a_form_s_own_number_goes_before_others(self, label: str) -> None:
        rows = ("Họ và tên: LÊ VĂN AN", f"{label}: 001083774260", "Số CCCD: 092083774261")
        value = fields("F_14_HSB", PrintedPage().column(20, 60, *rows).text())["id_number"]
        assert value.value == "092083774261"

    def test_the_number_of_a_passport_is_no_other(self) -> None:
        page = PrintedPage().column(20, 60, "Họ và tên: LE VAN AN", "Số căn cước: 001083774260")
        found = fields("X_BD_HO_CHIEU", page.text())
        assert "passport_number" not in found or found["passport_number"].value == ""

    def test_a_lent_label_within_a_row_is_none(self) -> None:
        rows = ("Họ và tên: LÊ VĂN AN", "Lệ phí nộp về Tài khoản số: 3511000999")
        found = fields("F_14_HSB", PrintedPage().column(20, 60, *rows).text())
        assert "account_number" not in found or found["account_number"].value == ""

    @pytest.mark.parametrize(
        ("label", "name"),
        [
            ("Tài khoản số", "account_number"),
            ("Mở tại ngân hàng", "bank_name"),
            ("Số điện thoại liên hệ", "phone"),
        ],
    )
    def test_what_offices_say_for_a_label(self, label: str, name: str) -> None:
        told = {"account_number": "0123456789", "bank_name": "Agribank", "phone": "0912345678"}
        page = PrintedPage().column(20, 60, "Họ và tên: LÊ VĂN AN", f"{label}: {told[name]}")
        assert fields("F_14_HSB", page.text())[name].value == told[name]

    @pytest.mark.parametrize(
        ("code", "row", "name"),
        [
            ("R_04_HSB", "Tổng số thời gian đóng BHXH tự nguyện: 2 năm 1 tháng", "total_duration"),
            ("R_07A_HSB", "Mức lương hưu trước điều chỉnh: 4.500.000 đồng", "monthly_amount"),
            ("S_PGNHS", "Cơ quan, đơn vị tiếp nhận: BHXH tỉnh An Giang", "unit_name"),
            ("F_14_HSB", "Mã số bảo hiểm xã hội của mẹ: 0123456789", "bhxh_code"),
            ("C_KHAI_TU", "Tôi tên là: Trần Văn Bá", "deceased_name"),
        ],
    )
    def test_small_words_behind_a_lent_label_make_another_of_it(
        self, code: str, row: str, name: str
    ) -> None:
        found = fields(code, PrintedPage().column(20, 60, row).text())
        assert name not in found or found[name].status is FieldStatus.REVIEW

    def test_a_form_s_own_wording_with_a_word_more_is_its_own(self) -> None:
        page = PrintedPage().column(20, 60, "Số CMND/hộ chiếu/căn cước công dân: 212345678")
        assert fields("F_14_HSB", page.text())["id_number"].value == "212345678"

    def test_a_form_s_own_wording_goes_first(self) -> None:
        rows = ("Tài khoản số: 999999999", "Số tài khoản: 0123456789")
        value = fields("F_14_HSB", PrintedPage().column(20, 60, *rows).text())["account_number"]
        assert value.value == "0123456789"

    @pytest.mark.parametrize(
        "head",
        [
            "Thông tin người được ủy quyền (nếu có)",
            "13. Họ và tên người được uỷ quyền: TRẦN BÁ",
            "Bên được ủy quyền: TRẦN BÁ",
            "III. Người được ủy quyền: TRẦN BÁ",
            "B. THÔNG TIN NGƯỜI ĐƯỢC ỦY QUYỀN",
            "Thông tin của người được ủy quyền",
        ],
    )
    def test_who_acts_for_a_person_is_somebody_else(self, head: str) -> None:
        of_agent = ("Số CCCD: 001083774260", "Số điện thoại: 0912345678")
        rows = ("Họ và tên: LÊ VĂN AN", head, "Họ và tên: TRẦN BÁ", *of_agent)
        found = fields("F_14_HSB", PrintedPage().column(20, 60, *rows).text())
        assert found["id_number"].value == ""
        assert "phone" not in found or found["phone"].value == ""

    @pytest.mark.parametrize(
        "rows",
        [
            ("(Người được ủy quyền nộp thay kèm giấy ủy quyền)", "Họ và tên: LÊ VĂN AN"),
            ("Họ và tên: LÊ VĂN AN", "Tôi đề nghị hoặc người được ủy quyền khai:"),
            (
                "Họ và tên: LÊ VĂN AN",
                "Người được ủy quyền: LÊ AN",
                "Họ và tên: LÊ VĂN AN",
            ),
            ("Họ và tên: LÊ VĂN AN", "người được ủy quyền nộp theo quy định."),
        ],
    )
    def test_only_a_section_of_its_own_is_the_agent_s(self, rows: tuple[str, ...]) -> None:
        page = PrintedPage().column(20, 60, *rows, "Số CCCD: 092083774261")
        assert fields("F_14_HSB", page.text())["id_number"].value == "092083774261"

    @pytest.mark.parametrize(
        ("label", "sure"),
        [
            ("Quốc tịch/Nationality", True),
            ("Quốctch/Natonaiy", True),
            ("Quốctich/Natonaly", True),
            ("Quốc tịch/Natity", False),
            ("Quốc tịch/Rationalism", False),
        ],
    )
    def test_letters_lost_here_and_there_leave_a_long_label_sure(
        self, label: str, sure: bool
    ) -> None:
        page = PrintedPage().column(20, 60, f"{label}: Việt Nam")
        value = fields("I_CCCD", page.text())["nationality"]
        assert ("LABEL_UNSURE" in value.reasons) is not sure

    def test_a_label_with_another_word_is_another_one(self) -> None:
        page = PrintedPage().column(20, 60, "Thông tin về vụ tai nạn giao thông: xe máy đâm xe tải")
        value = fields("F_05A_HSB", page.text())["accident_info"]
        assert "LABEL_UNSURE" in value.reasons

    def test_a_label_that_lacks_a_word_is_another_one(self) -> None:
        page = PrintedPage().column(20, 60, "Mức lương hằng tháng: 4.500.000 đồng")
        value = fields("R_07A_HSB", page.text())["monthly_amount"]
        assert "LABEL_UNSURE" in value.reasons

    @pytest.mark.parametrize("label", ["Số CMND/CCCD/Hộ chiếu", "Số CMND", "Hộ chiếu số"])
    @pytest.mark.parametrize("name", ["Họ tên người chết", "Ngày"])
    def test_of_several_people_s_a_number_is_that_of_the_name_above(
        self, label: str, name: str
    ) -> None:
        rows = (f"{name}: LÊ VĂN AN", f"{label}: 092083774261")
        value = fields("F_09_HSB", PrintedPage().column(20, 60, *rows).text()).get("declarant_id")
        assert value is None or "LABEL_UNSURE" in value.reasons

    def test_a_value_may_begin_like_a_lent_label(self) -> None:
        row = "Lý do: Họ tên trên sổ BHXH khác với căn cước công dân"
        page = PrintedPage().put(20, 60, "Lý do:").put(60, 60, row.partition(": ")[2])
        page.put(20, 66.5, "Trong quá trình hoàn thiện hồ sơ nếu có vướng mắc, ông/bà liên hệ")
        value = fields("S_PHIEU_HUONG_DAN", page.text())["reason"]
        assert value.value == row.partition(": ")[2] or value.status is FieldStatus.REVIEW

    @pytest.mark.parametrize("label", ["Số CMND/CCCD", "Số CMND", "Số định danh/CCCD"])
    def test_below_its_own_name_it_is_found(self, label: str) -> None:
        rows = ("Họ và tên người khai: LÊ VĂN AN", f"{label}: 092083774261")
        found = fields("F_09_HSB", PrintedPage().column(20, 60, *rows).text())
        assert found["declarant_id"].value == "092083774261"

    def test_the_first_number_on_an_authorisation_is_not_the_agent_s_in_silence(self) -> None:
        rows = (
            "Họ và tên: LÊ VĂN AN", "Số CMND/CCCD: 001083774260",
            "Họ và tên người được ủy quyền: TRẦN THỊ BÌNH", "Số CMND/CCCD: 092183774261",
        )  # fmt: skip
        value = fields("F_13_HSB", PrintedPage().column(20, 60, *rows).text())["agent_id"]
        assert value.value == "092183774261"


class TestInk:
    PAGE = PrintedPage().column(20, 60, "Họ và tên: TĂNG DIỆU OANH", "Nghề nghiệp: Thợ may")

    @pytest.mark.parametrize("lost", ["OANH", "DIỆU", "TĂNG"])
    def test_a_word_that_nobody_read_is_asked_for(self, lost: str) -> None:
        value = fields("F_14_HSB", without(self.PAGE.text(), lost), self.PAGE.gray())["full_name"]
        assert value.status is FieldStatus.REVIEW
        assert {UNSURE, "NAME_SHORT"}.intersection(value.reasons)

    def test_all_that_stands_there_is_sure(self) -> None:
        value = fields("F_14_HSB", self.PAGE.text(), self.PAGE.gray())["full_name"]
        assert value.status is FieldStatus.ACCEPTED

    @settings(max_examples=40, deadline=None)
    @given(st.integers(0, 2**32 - 1), st.integers(2, 6), st.integers(0, 12))
    def test_dots_rules_and_grain_are_no_letters(self, seed: int, gap: int, noise: int) -> None:
        rng = np.random.default_rng(seed)
        gray = np.clip(rng.normal(240, noise, (120, 400)), 0, 255).astype(np.uint8)
        for x in range(10, 390, gap * 3):
            cv2.circle(gray, (x, 70), 1, (60,), -1)
        cv2.line(gray, (0, 95), (399, 95), (40,), 2)
        area = Box(x0=20, y0=40, x1=380, y1=85)
        assert unread_letters(gray, area, 30.0, ()) == 0

    @settings(max_examples=40, deadline=None)
    @given(st.sampled_from("aeoOANHhing0123456789"), st.integers(60, 300), st.integers(0, 90))
    def test_every_letter_is_seen_unless_a_word_stands_there(
        self, letter: str, x: int, ink: int
    ) -> None:
        gray = np.full((120, 400), 240, np.uint8)
        cv2.putText(gray, letter, (x, 80), cv2.FONT_HERSHEY_SIMPLEX, 1.1, (ink,), 3)
        area = Box(x0=20, y0=45, x1=390, y1=90)
        assert unread_letters(gray, area, 30.0, ()) >= 1
        word = Box(x0=x - 2, y0=50, x1=x + 32, y1=85)
        assert unread_letters(gray, area, 30.0, (word,)) == 0


def test_what_looks_like_a_label_amid_a_sentence_is_asked_for() -> None:
    text = PrintedPage().put(20, 60, "Chẩn đoán: Viêm phế quản mạn tính nghề nghiệp : :").text()
    assert fields("A_GIAY_KHAM_BNN", text)["diagnosis"].reasons == (UNSURE,)


def test_minutes_may_have_a_point_before_them() -> None:
    text = PrintedPage().put(20, 60, "- Vào viện lúc: 01 giờ.12 phút, ngày 05/03/2026").text()
    assert fields("M_GIAY_RA_VIEN", text)["admitted_at"].value == "05/03/2026 01:12"


def test_specks_at_an_edge_are_no_letters() -> None:
    gray = np.full((40, 200), 255, np.uint8)
    for height in (1, 2, 4, 8):
        assert unread_letters(gray, Box(x0=50, y0=39.5, x1=90, y1=44.3), height, []) == 0


def test_an_address_that_ends_with_a_comma_goes_on() -> None:
    page = PrintedPage().put(
        20, 60, "Địa chỉ: số 12 đường Trần Hưng Đạo, phường Tân An, thành phố Hội,"
    )
    text = page.put(20, 66, "II. Nội dung yêu cầu").text()
    found = fields("F_14_HSB", text)
    assert UNSURE in found["address"].reasons


@pytest.mark.parametrize("apart", [70, 95])
def test_small_words_before_a_gap_close_the_cell_of_a_label(apart: int) -> None:
    page = PrintedPage().put(20, 60, "Họ và tên người bệnh").put(apart, 60, "LÃ VIỆT SƠN")
    assert fields("M_GIAY_RA_VIEN", page.text())["full_name"].value == "LÃ VIỆT SƠN"


def test_a_value_in_small_letters_right_behind_its_label_stays() -> None:
    page = PrintedPage().put(20, 60, "Chẩn đoán viêm phế quản mạn tính")
    assert fields("M_GIAY_RA_VIEN", page.text())["diagnosis"].value == "viêm phế quản mạn tính"


def test_a_value_in_its_own_cell_may_begin_like_a_label() -> None:
    page = PrintedPage().put(20, 60, "Đã được đăng ký khai tử tại")
    page.put(80, 60, "Ủy ban nhân dân xã Đồng Xuân")
    value = fields("C_KHAI_TU", page.text())["registered_at"]
    assert value.value == "Ủy ban nhân dân xã Đồng Xuân"


@given(st.sampled_from([unit.name for unit in load_units().all]), st.integers(0, 5))
def test_the_name_of_a_unit_is_whole_and_less_of_it_is_not_taken_for_it(
    name: str, lost: int
) -> None:
    words = name.split()
    kept = " ".join(words[: max(len(words) - lost, 1)])
    assert not ends_within_place(f"Bảo hiểm xã hội tỉnh {name}", address=False)
    letters = any(map(str.isalpha, kept))
    assert ends_within_place(f"phường {kept}", address=False) is (
        letters and fold(kept) not in WHOLE
    )


@pytest.mark.parametrize(
    "value",
    [
        "chế độ bảo hiểm xã hội",
        "Công ty May Phương Đông",
        "Quận 1",
        "Phường 2",
        "nay trở về tỉnh nhà",
        "công an xã nơi",
        "thành phố " * 20_000,
    ],
)
def test_what_only_sounds_like_the_kind_of_a_place(value: str) -> None:
    assert not ends_within_place(value, address=False)


def test_the_last_part_of_an_address_is_a_place() -> None:
    assert ends_within_place("số 2, xã Long Hưng, Lâm", address=True)
    assert ends_within_place("số 2, xã Long Hưng, tỉnh Lâm.", address=True)
    assert not ends_within_place("số 2, xã Long Hưng, Lâm Đồng", address=True)
    assert not ends_within_place("Suy tim, lâm", address=False)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(
        (
            *sentences(Part.TRAIN),
            *sentences(Part.TUNE),
            *(case.name_vi for each in CATALOGUE.procedures.values() for case in each.cases),
        )
    ),
    st.integers(3, 20),
    st.integers(1, 9),
)
def test_wherever_a_sentence_wraps_none_of_it_is_lost_in_silence(
    sentence: str, kept: int, length: int
) -> None:
    words = sentence.split()[: kept + length]
    words[-1] = words[-1].rstrip(".,;:")
    first, rest = f"Nội dung cần bổ sung: {' '.join(words[:kept])}", " ".join(words[kept:])
    assume(rest)
    page = PrintedPage(width_mm=297).put(20, 60, first).put(20, 66.5, rest)
    upper, lower = (line.box.x1 for line in page.text().lines)
    assume(upper >= lower)
    end = upper / 200 * 25.4
    for row in range(12):
        filler = "hồ sơ của người lao động"
        width = PrintedPage().put(0, 0, filler).text().lines[0].box.x1 / 200 * 25.4
        page.put(end - width, 90 + 6.5 * row, filler)
    value = fields("N_03_TB_GDDT", page.text())["reasons"]
    assert value.value == " ".join(words) or value.status is FieldStatus.REVIEW
