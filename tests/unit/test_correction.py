"""Correction of recognised words: what is mended, and above all what is never touched."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.catalogue import load_catalogue
from pipeline.models.text import PageText
from pipeline.run.correcting import corrector_of, printed_phrases
from pipeline.stages.recognition import Corrector
from pipeline.textnorm import nfc, strip_marks
from pipeline.vietnamese import spell
from pipeline.vietnamese.data_files import WORDS, shipped
from pipeline.vietnamese.syllables import all_syllables
from tests.fakes.texts import page_text

CORRECTOR = corrector_of(load_catalogue())
PHRASES = [
    part.strip()
    for line in shipped(WORDS).splitlines()
    if not line.startswith("#")
    for part in line.split(",")
    if part.strip()
]
SYLLABLES = [spell(s) for s in all_syllables()]


def mended(line: str, confidence: float = 0.93) -> str:
    return CORRECTOR.correct(page_text([line], confidence=confidence)).text


def words_of(page: PageText) -> list[str]:
    return [word.text for line in page.lines for word in line.words]


@pytest.mark.parametrize(
    ("read", "printed"),
    [
        ("GIÁM ĐỐC BẢO HIẾM XÃ HỘI", "GIÁM ĐỐC BẢO HIỂM XÃ HỘI"),
        ("đóng bảo hiếm xã hội", "đóng bảo hiểm xã hội"),
        ("sửa đôi, bỗ sung một sô điều", "sửa đổi, bổ sung một số điều"),
        ("chính quyên địa phương", "chính quyền địa phương"),
        ("có thâm quyền", "có thẩm quyền"),
        ("của Chính phú.", "của Chính phủ."),
        ("rộng rãi đế người đọc", "rộng rãi để người đọc"),
        ("kế từ ngày 01/7/2025", "kể từ ngày 01/7/2025"),
        ("nhân đân", "nhân dân"),
        ("GIẤY CHỨNG NHẬN NGHĨ VIỆC HƯỞNG", "GIẤY CHỨNG NHẬN NGHỈ VIỆC HƯỞNG"),
        ("tỉnh Quãng Ngãi", "tỉnh Quảng Ngãi"),
        ("Quãng Ngãi, ngày 20 tháng 3", "Quảng Ngãi, ngày 20 tháng 3"),
        ("hoàn trả |Nhân viên", "hoàn trả Nhân viên"),
        ("Họ và tên: DUONG THỊ HONG QUANG", "Họ và tên: DUONG THI HONG QUANG"),
        ("Họ và tên: TA THỊ PHAN", "Họ và tên: TA THI PHAN"),
        ("tại xã la Grai, tỉnh", "tại xã Ia Grai, tỉnh"),
        ("huyện Ea Hleo", "huyện Ea H'leo"),
        ("HUYỆN EA HLEO", "HUYỆN EA H'LEO"),
        ("Họ và tên: HHen Niê", "Họ và tên: H'Hen Niê"),
        ("Họ và tên: HHEN NIÊ, HLâm Mlô", "Họ và tên: H'HEN NIÊ, H'Lâm Mlô"),
    ],
)
def test_what_the_language_leaves_no_doubt_about(read: str, printed: str) -> None:
    assert mended(read, 0.92) == printed


def test_a_family_name_is_mended_only_where_it_was_read_unsurely() -> None:
    assert mended("Họ và tên: NGUYÊN THỊ HOA", 0.8) == "Họ và tên: NGUYỄN THỊ HOA"
    assert mended("Họ và tên: NGUYÊN THỊ HOA", 0.92) == "Họ và tên: NGUYÊN THỊ HOA"


@pytest.mark.parametrize("name", ["Ngọ Văn Nam", "Lỳ Thị Mé", "Đao Văn Đông", "Đăng Văn Bình"])
def test_a_rare_family_name_that_was_read_surely_stays(name: str) -> None:
    assert mended(f"Họ và tên: {name}", 0.99) == f"Họ và tên: {name}"
    assert mended(f"Họ và tên: {name.upper()}", 0.86) == f"Họ và tên: {name.upper()}"


def test_letters_that_were_lost_come_back_where_the_reading_is_unsure() -> None:
    assert mended("bảo him xã hội", 0.7) == "bảo hiểm xã hội"
    assert mended("bỗổ sung hồ sơ", 0.8) == "bổ sung hồ sơ"
    assert mended("bảo him xã hội", 0.95) == "bảo him xã hội"


@pytest.mark.parametrize(
    "line",
    [
        "Họ và tên: NGUYÊN NGỌC HƯƠNG",  # read surely: a middle name may come first
        "NGUYEN VAN AN",  # as banks print
        "Họ và tên: PHAN THỊ LAN",
        "Họ và tên: TẠ THỊ LAN",
        "Họ và tên: LANH THỊ HOA",
        "Ông Trần Văn Hiếm xã hội trưởng",
        "chuyến công tác",
        "ấm cúng và gắn bó",
        "tìm kiếm việc làm",
        "huyện Kon Plông, tỉnh Kon Tum",
        "xã Đắk Tờ Re",
        "Date of birth: Nationality",
        "Đô Thị Mới",
        "hoà giải ở cơ sở",
        "hai mươi mốt triệu năm trăm nghìn đồng",
        "hai mười lăm",
        "bẩy mươi",
        "dấu, tóc",
        "Vợ Xã Thanh",
        "Họ và tên: LẢ THỊ THOẠI",
        "Quê quán: Xã Phú Thọ",
        "của UBND tỉnh theo quy định",
        "văn bản do Ủy ban",
        "điều kiện khác phục vụ",
        "vận động nhân dân",
        "vẫn lỗi, báo quản trị viên",
        "quyết định hưởng BHXH một lần",
    ],
)
def test_what_stays(line: str) -> None:
    assert mended(line) == line
    assert mended(line, 0.97) == line


@pytest.mark.parametrize(
    "code",
    [
        "14A-HSB", "Ø9", "1O", "l2/03", "TDVNM1816335200068181033520<<0", "08/0712041", "QĐ-BHXH",
        "bảo1hiếm", "hiếm/xã", "a.b", "www.bảohiếm.vn", "KCB", "ZĐ4", "2.300.000.", "07/CT-UBND",
    ],
)  # fmt: skip
def test_codes_are_never_touched(code: str) -> None:
    for around in ("{}", "bảo {} xã hội", "tỉnh {} Ngãi"):
        line = around.format(code)
        assert mended(line, 0.3).split() == line.split()


def test_the_reading_stays_visible_and_is_not_trusted_more() -> None:
    read = page_text(["đóng bảo hiếm xã hội"], confidence=0.71)
    page = CORRECTOR.correct(read)
    before, after = read.lines[0].words[2], page.lines[0].words[2]
    assert (after.text, after.read_as) == ("hiểm", "hiếm")
    assert (after.box, after.confidence) == (before.box, before.confidence)
    assert page.lines[0].words[1].read_as is None
    again = PageText.model_validate_json(page.model_dump_json())
    assert again == page


def test_a_page_of_before_is_still_read() -> None:
    stored = page_text(["Họ và tên"]).model_dump(mode="json")
    stored["schema_id"] = "sohoa.page-text/1"
    for line in stored["lines"]:
        for word in line["words"]:
            del word["read_as"]
    assert PageText.model_validate(stored).text == "Họ và tên"


def test_a_page_without_anything_to_mend_is_the_same_object() -> None:
    page = page_text(["Bảo hiểm xã hội tỉnh Quảng Ngãi", "Mẫu số 14-HSB"])
    assert CORRECTOR.correct(page) is page
    empty = page_text([])
    assert CORRECTOR.correct(empty) is empty


def test_the_manner_of_placing_tones_is_the_pages_own() -> None:
    new = CORRECTOR.correct(
        page_text(["hoà giải, thuỷ lợi, uỷ quyền", "tăng huyết áp", "ũy ban nhân dân"])
    )
    assert new.lines[2].text == "uỷ ban nhân dân"
    old = CORRECTOR.correct(page_text(["hòa giải, thủy lợi", "ũy ban nhân dân"]))
    assert old.lines[1].text == "ủy ban nhân dân"


def test_phrases_run_on_in_the_next_line_of_a_block_only() -> None:
    page = page_text(["quy định về bảo", "hiếm xã hội"])
    assert CORRECTOR.correct(page).lines[1].text == "hiểm xã hội"
    apart = page.model_copy(
        update={"lines": (page.lines[0], page.lines[1].model_copy(update={"block": 1}))}
    )
    alone = Corrector(["bảo hiểm"]).correct(apart)
    assert alone.lines[0].text == "quy định về bảo"


def test_the_identity_follows_the_phrases() -> None:
    assert Corrector().identity == Corrector().identity
    assert Corrector(["a b"]).identity != Corrector().identity
    assert Corrector(["a", "b"]).identity == Corrector(["b", "a", "a"]).identity
    assert CORRECTOR.identity == corrector_of(load_catalogue()).identity


def test_what_the_catalogue_prints_stays_as_it_is() -> None:
    for phrase in printed_phrases(load_catalogue()):
        if phrase.strip():
            assert mended(phrase).split() == phrase.split()


@given(st.sampled_from(PHRASES), st.sampled_from(PHRASES), st.floats(0.1, 1.0))
def test_known_phrases_stay(one: str, other: str, confidence: float) -> None:
    assert mended(one, confidence) == " ".join(one.split())
    assert mended(f"{one}, {other}", confidence) == " ".join(f"{one}, {other}".split())


NOISE = st.text(alphabet="aáảãạăâđeêioôơuưy nhtcgm.,:|-/0123456789ABCĐẾ", max_size=12)
WORD = st.one_of(st.sampled_from(SYLLABLES), st.sampled_from(PHRASES), NOISE)
LINE = st.lists(WORD, min_size=1, max_size=8).map(" ".join)


@given(st.lists(LINE, min_size=1, max_size=3), st.floats(0.0, 1.0))
def test_whatever_was_read(lines: list[str], confidence: float) -> None:
    read = page_text(lines, confidence=confidence)
    page = CORRECTOR.correct(read)
    assert CORRECTOR.correct(page) == page
    assert [len(line.words) for line in page.lines] == [len(line.words) for line in read.lines]
    for line, line_read in zip(page.lines, read.lines, strict=True):
        assert line.box == line_read.box
        for word, word_read in zip(line.words, line_read.words, strict=True):
            assert (word.box, word.confidence) == (word_read.box, word_read.confidence)
            assert nfc(word.text) == word.text or word.text == word_read.text
            assert re.sub(r"\D", "", word.text) == re.sub(r"\D", "", word_read.text)
            assert (word.read_as is None) == (word.text == word_read.text)
            if any(char.isdigit() for char in word_read.text):
                assert word.text == word_read.text
            if confidence >= 0.9:
                assert strip_marks(word.text) in strip_marks(word_read.text)
