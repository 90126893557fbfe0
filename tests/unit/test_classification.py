"""Classification: printed papers, strangers, declared types, people."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocr_models.pages import load_models
from pipeline.catalogue import OTHER, load_catalogue
from pipeline.catalogue.papers import PaperModel, agreement
from pipeline.errors import NotFound
from pipeline.ids import component_id
from pipeline.models.batch import Channel, IngestTerms
from pipeline.models.review import Answer, AnswerKind, ResolvedReview, ReviewItem, ReviewKind
from pipeline.models.split import Boundary, DossierSlot, Segment, SplitPlan
from pipeline.settings import SplitSettings
from pipeline.stages.classification import Classification, classify
from tests.fakes.texts import page_text

BATCH = "c" * 64
AT = dt.datetime(2026, 11, 22, 3, tzinfo=dt.UTC)
CATALOGUE = load_catalogue()
WEIGHTS = load_models()
MOTTO = ("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Độc lập - Tự do - Hạnh phúc")
BHXH = (
    "BẢO HIỂM XÃ HỘI VIỆT NAM || CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
    "BẢO HIỂM XÃ HỘI TỈNH A || Độc lập - Tự do - Hạnh phúc",
    "Số: 1205/QĐ-BHXH || A, ngày 03 tháng 4 năm 2022",
)
UBND = (
    "ỦY BAN NHÂN DÂN || CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
    "TỈNH A || Độc lập - Tự do - Hạnh phúc",
    "Số: 12/UBND-KGVX || A, ngày 24 tháng 01 năm 2025",
)
Lines = tuple[str, ...]

PAPERS: tuple[tuple[str, Lines], ...] = (
    (
        "F_14_HSB",
        (
            "Mẫu số 14-HSB",
            *MOTTO,
            "ĐƠN ĐỀ NGHỊ",
            "Kính gửi: Bảo hiểm xã hội quận B",
            "Họ và tên (1): NGUYỄN VĂN A sinh ngày 01/02/1960 Nam/Nữ",
            "Mã số BHXH: 0123456789",
            "Số điện thoại di động (2):",
            "Nội dung yêu cầu giải quyết (4): hưởng BHXH một lần",
        ),
    ),
    ("F_14_HSB", ("Mu số 14-HSB", *MOTTO, "ĐN ĐỀ NGH", "Kính gửi: Bo him xã hội")),
    (
        "R_07B_HSB",
        (
            *BHXH,
            "QUYẾT ĐỊNH",
            "Về việc hưởng bảo hiểm xã hội một lần",
            "GIÁM ĐỐC BẢO HIỂM XÃ HỘI TỈNH A",
            "Căn cứ Luật Bảo hiểm xã hội;",
            "QUYẾT ĐỊNH:",
            "Điều 1. Ông/Bà: TRẦN THỊ B Sinh ngày: 01/01/1970",
            "Số tiền trợ cấp: 12.345.000 đồng",
        ),
    ),
    ("R_07B_HSB", (*BHXH, "QUYT ĐỊNH", "Về việc hưởng bo him xã hội một ln", "GIÁM ĐC")),
    ("R_04_HSB", ("Mẫu số 04-HSB", "BẢN QUÁ TRÌNH ĐÓNG BẢO HIỂM XÃ HỘI", "Họ và tên: A")),
    ("R_04_HSB", ("BN QUÁ TRÌNH ĐÓNG BO HIM XÃ HI", "Họ và tên: A", "Từ tháng năm")),
    (
        "N_03_TB_GDDT",
        (
            "BẢO HIỂM XÃ HỘI TỈNH A || Mẫu số 03/TB-GDĐT",
            "Số: 12/TB-BHXH",
            "THÔNG BÁO",
            "Về việc giải quyết hồ sơ giao dịch điện tử và",
            "trả kết quả đối với hồ sơ giao dịch điện tử",
            "Mã hồ sơ: 1",
        ),
    ),
    ("N_THONG_BAO_TRA", (*BHXH, "THÔNG BÁO", "Về việc trả lại hồ sơ", "Kính gửi: Ông A")),
    (
        "R_C97_HD",
        (
            "BẢO HIỂM XÃ HỘI HUYỆN B || Mẫu số C97-HD",
            "DANH SÁCH CHI TRẢ TRỢ CẤP BHXH MỘT LẦN",
            "Tháng 3 năm 2022",
            "STT || Họ và tên || Mã số BHXH",
        ),
    ),
    (
        "M_GIAY_RA_VIEN",
        (
            "Sở Y tế A || MS: 01/BV-01",
            "Bệnh viện B || Số lưu trữ: 12",
            "GIẤY RA VIỆN",
            "- Họ tên người bệnh: LÊ C Tuổi: 40 Nam/Nữ: Nam",
            "- Vào viện lúc: 8 giờ 00 phút",
            "- Ra viện lúc: 9 giờ 00 phút",
        ),
    ),
    (
        "M_HSBA",
        (
            "BV: A || MS: 01/BV-01",
            "Khoa: Nội || Số lưu trữ",
            "TÓM TẮT HỒ SƠ BỆNH ÁN",
            "1. Họ và tên (In hoa): LÊ C",
            "2. Năm sinh: 1970",
        ),
    ),
    (
        "M_GCN_NGHI_VIEC",
        (
            "Bệnh viện A || Liên số 1",
            "Số: 12/KCB || Số seri: 1",
            "GIẤY CHỨNG NHẬN NGHỈ VIỆC HƯỞNG BẢO HIỂM XÃ HỘI",
            "(chỉ áp dụng cho điều trị ngoại trú)",
        ),
    ),
    (
        "C_KHAI_TU",
        (
            "UBND XÃ A",
            *MOTTO,
            "Số: 167/TLKT-BS",
            "TRÍCH LỤC KHAI TỬ (BẢN SAO)",
            "Họ, chữ đệm, tên: LÊ C",
            "Đã chết vào lúc: 8 giờ",
            "Theo Giấy báo tử số 5 ngày 1/1/2020",
        ),
    ),
    ("C_KHAI_TU", ("UBND XÃ A", *MOTTO, "GIẤY CHỨNG TỬ", "Họ và tên: LÊ C")),
    ("C_BAO_TU", ("BỆNH VIỆN A", *MOTTO, "GIY BÁO TỬ", "Họ và tên: LÊ C")),
    ("C_KHAI_SINH", ("UBND XÃ A", *MOTTO, "GIẤY KHAI SINH", "(BẢN SAO)", "Nơi sinh: A")),
    ("C_KHAI_SINH", ("UBND XÃ A", *MOTTO, "TRÍCH LỤC KHAI SINH (BẢN SAO)", "Nơi sinh: A")),
    ("C_GIAY_CHUNG_SINH", (*MOTTO, "GIẤY CHỨNG SINH", "Họ và tên mẹ/Người nuôi dưỡng: A")),
    (
        "I_CCCD",
        (
            *([""] * 20),
            *MOTTO,
            "CĂN CƯỚC CÔNG DÂN",
            "Citizen Identity Card",
            "Số/No: 001093000001",
            "Họ và tên/Full name: LÊ C",
        ),
    ),
    (
        "I_CCCD",
        (
            *MOTTO,
            "CĂN CƯỚC",
            "IDENTITY CARD",
            "Số định danh cá nhân/Personal identification number",
            "Họ, chữ đệm và tên khai sinh/Full name",
        ),
    ),
    ("I_CMND", (*MOTTO, "GIẤY CHỨNG MINH NHÂN DÂN", "SỐ 012345678", "Nguyên quán: A")),
    ("I_PASSPORT", ("HỘ CHIẾU / PASSPORT", MOTTO[0], "Số hộ chiếu / Passport No C1234567")),
    (
        "M_GDYK",
        (
            "HỘI ĐỒNG GIÁM ĐỊNH Y KHOA || CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
            "Số: 12/GĐYK-KNLĐ",
            "BIÊN BẢN GIÁM ĐỊNH Y KHOA",
            "Họp ngày 01 tháng 01 năm 2022",
        ),
    ),
    ("M_PHI_GDYK", ("HOÁ ĐƠN GIÁ TRỊ GIA TĂNG", "Ký hiệu: AA", "Thu phí giám định y khoa")),
    (
        "F_TK1_TS",
        (
            *MOTTO,
            "Mẫu TK1-TS",
            "TỜ KHAI",
            "THAM GIA, ĐIỀU CHỈNH THÔNG TIN BẢO HIỂM XÃ HỘI, BẢO HIỂM Y TẾ",
        ),
    ),
    ("F_D01_TS", ("Tên đơn vị: A", "BẢNG KÊ THÔNG TIN", "(Kèm theo Mẫu D01-TS)")),
    ("S_PGNHS", ("Số HS: 604/12/CĐBHXH-TNLĐ", *MOTTO, "BẢNG KÊ HỒ SƠ", "Loại hồ sơ: TNLĐ")),
    ("F_09_HSB", ("Mẫu số 09-HSB", *MOTTO, "TỜ KHAI CỦA THÂN NHÂN", "I. Họ và tên người khai")),
    ("F_13_HSB", (*MOTTO, "GIẤY UỶ QUYỀN", "I. Bên ủy quyền", "II. Bên được uỷ quyền")),
    (
        "F_12_HSB",
        ("CÔNG TY A", *MOTTO, "QUYẾT ĐỊNH", "Về việc nghỉ việc hưởng chế độ hưu trí", "GIÁM ĐỐC"),
    ),
    (
        "R_07A_HSB",
        (*BHXH, "QUYẾT ĐỊNH", "Về việc hưởng chế độ hưu trí hằng tháng", "GIÁM ĐỐC BHXH TỈNH A"),
    ),
    (
        "R_QD_BHTN",
        ("SỞ LAO ĐỘNG", *MOTTO, "QUYẾT ĐỊNH", "Về việc hưởng trợ cấp thất nghiệp", "GIÁM ĐỐC SỞ"),
    ),
    ("F_BHTN_03", ("Mẫu số 03", *MOTTO, "ĐỀ NGHỊ HƯỞNG TRỢ CẤP THẤT NGHIỆP", "Kính gửi: TT")),
    (
        "L_CHAM_DUT_HDLD",
        ("CÔNG TY A", *MOTTO, "QUYẾT ĐỊNH", "Về việc chấm dứt hợp đồng lao động", "GIÁM ĐỐC"),
    ),
    (
        "F_01B_HSB",
        (
            "Tên cơ quan đơn vị || Mẫu 01B-HSB",
            "DANH SÁCH ĐỀ NGHỊ GIẢI QUYẾT HƯỞNG CHẾ ĐỘ ỐM ĐAU, THAI SẢN,",
            "DƯỠNG SỨC PHỤC HỒI SỨC KHỎE",
        ),
    ),
    (
        "F_05A_HSB",
        (
            "CÔNG TY A",
            *MOTTO,
            "V/v giải quyết trợ cấp TNLĐ/BNN đối với ông A",
            "Kính gửi: Bảo hiểm xã hội tỉnh A",
            "1. Thông tin về người bị tai nạn lao động/bệnh nghề nghiệp",
        ),
    ),
    ("A_BB_DIEU_TRA_TNLD", (*MOTTO, "BIÊN BẢN ĐIỀU TRA TAI NẠN LAO ĐỘNG", "1. Cơ sở A")),
    ("A_BB_TNGT", (*MOTTO, "BIÊN BẢN KHÁM NGHIỆM HIỆN TRƯỜNG", "vụ tai nạn giao thông")),
    ("A_BB_MOI_TRUONG", (*MOTTO, "BIÊN BẢN ĐO ĐẠC MÔI TRƯỜNG LAO ĐỘNG", "1. Vi khí hậu")),
    ("A_GIAY_KHAM_BNN", (*MOTTO, "GIẤY KHÁM BỆNH NGHỀ NGHIỆP", "Họ và tên: A")),
    ("M_KHUYET_TAT", ("UBND XÃ A", *MOTTO, "GIẤY XÁC NHẬN KHUYẾT TẬT", "đặc biệt nặng")),
    (
        "X_THOI_QUOC_TICH",
        ("BỘ TƯ PHÁP", *MOTTO, "GIẤY XÁC NHẬN", "Ông A đã được thôi quốc tịch Việt Nam"),
    ),
    ("X_BD_HO_CHIEU", ("BẢN DỊCH", "HỘ CHIẾU", "Số hộ chiếu: X1234567")),
    ("X_BD_CU_TRU", ("BẢN DỊCH", "THẺ THƯỜNG TRÚ", "Số thẻ: 1")),
    ("F_04B_HBQP", ("Mẫu số 04B-HBQP", *MOTTO, "BẢN KHAI CÁ NHÂN", "Về thời gian, địa bàn")),
    ("S_GIAY_HEN", ("BHXH TỈNH A", *MOTTO, "GIẤY TIẾP NHẬN HỒ SƠ VÀ", "HẸN TRẢ KẾT QUẢ", "1")),
    ("S_PHIEU_HUONG_DAN", (*MOTTO, "PHIẾU YÊU CẦU BỔ SUNG, HOÀN THIỆN HỒ SƠ", "Lý do: A")),
    ("F_MAU01_GDDT", (*MOTTO, "TỜ KHAI ĐĂNG KÝ SỬ DỤNG", "PHƯƠNG THỨC GIAO DỊCH ĐIỆN TỬ", "A")),
    ("M_HIV_TNRR", (*MOTTO, "GIẤY CHỨNG NHẬN", "Bị nhiễm HIV do tai nạn rủi ro nghề nghiệp")),
    (
        "C_QD_CHET_TOA_AN",
        ("TÒA ÁN NHÂN DÂN", "HUYỆN B", *MOTTO, "QUYẾT ĐỊNH", "Tuyên bố một người là đã chết"),
    ),
    ("M_GIAY_CHUYEN_TUYEN", ("SỞ Y TẾ A", *MOTTO, "GIẤY CHUYỂN TUYẾN", "Kính gửi: BV B")),
    ("B_THE_BHYT", ("", "", "BẢO HIỂM XÃ HỘI VIỆT NAM", "THẺ BẢO HIỂM Y TẾ", "Mã số: DN4")),
    ("V_KET_QUA_XAC_MINH", ("CÔNG AN XÃ A", *MOTTO, "BIÊN BẢN XÁC MINH", "Hôm nay, ngày 1")),
)

PARAGRAPH = (
    "Theo đề nghị của Sở Nội vụ tại Công văn số 202/SNV ngày 21/01/2025 về việc xác minh hồ sơ,",
    "giao các sở, ban, ngành thẩm tra, xác minh và phúc đáp; trường hợp không đủ điều kiện thì",
    "trả lại hồ sơ; việc thôi việc, chấm dứt hợp đồng lao động, hưởng bảo hiểm xã hội một lần,",
    "chế độ hưu trí hằng tháng, căn cước công dân, giấy khai sinh thực hiện theo quy định.",
)
STRANGERS: tuple[Lines, ...] = (
    (*UBND, "V/v góp ý dự thảo Quyết định", "Kính gửi: Sở Y tế", *PARAGRAPH),
    (*UBND, "CÔNG VĂN ĐẾN", "V/v góp ý dự thảo", "Kính gửi: Sở Y tế", *PARAGRAPH),
    (*UBND, "CÔNG VĂN ĐẾN", "Kính gửi: Sở Y tế", *PARAGRAPH),
    (*UBND, "TỜ TRÌNH", "Về việc thẩm tra dự toán ngân sách", "Kính gửi: HĐND tỉnh", *PARAGRAPH),
    (*UBND, "CHỈ THỊ", "Về việc tăng cường kỷ luật", *PARAGRAPH),
    (*UBND, "QUYẾT ĐỊNH", "Về việc phê duyệt dự án", "CHỦ TỊCH ỦY BAN NHÂN DÂN", *PARAGRAPH),
    (*UBND, "THÔNG BÁO", "Về việc kết luận cuộc họp", *PARAGRAPH),
    (*UBND, "BÁO CÁO", "Kết quả thực hiện chính sách", *PARAGRAPH),
    (*UBND, "GIẤY MỜI", "Kính mời dự họp", *PARAGRAPH),
    (*MOTTO, "TỜ KHAI ĐĂNG KÝ KHAI TỬ", "Kính gửi: UBND xã A", "Đề nghị cấp trích lục khai tử"),
    (*MOTTO, "TỜ KHAI ĐĂNG KÝ KHAI SINH", "Kính gửi: UBND xã A", "Đề nghị cấp giấy khai sinh"),
    (*MOTTO, "ĐƠN ĐỀ NGHỊ", "Kính gửi: Trường tiểu học A", "Đề nghị cho con tôi nghỉ học"),
    (*MOTTO, "HỢP ĐỒNG LAO ĐỘNG", "Điều 1. Thời hạn", *PARAGRAPH),
    ("Trang sau không có đầu đề", *PARAGRAPH),
)


LOOKALIKES: tuple[Lines, ...] = (
    (*BHXH, "QUYẾT ĐỊNH", "Về việc hủy quyết định hưởng bảo hiểm xã hội một lần", "GIÁM ĐỐC"),
    (*BHXH, "QUYẾT ĐỊNH", "Về việc thu hồi quyết định hưởng chế độ hưu trí hằng tháng", "GIÁM ĐỐC"),
    (*BHXH, "QUYẾT ĐỊNH", "Về việc ban hành quy trình hưởng BHXH một lần", "GIÁM ĐỐC"),
    (*BHXH, "QUYẾT ĐỊNH", "Về việc tạm dừng hưởng trợ cấp thất nghiệp", "GIÁM ĐỐC"),
    (*BHXH, "QUYẾT ĐỊNH", "Ban hành Quy chế văn thư", "GIÁM ĐỐC", "Căn cứ", *PARAGRAPH),
    (*BHXH, "THÔNG BÁO", "Kết quả đóng BHXH", "Kính gửi: Công ty A", "Ngày 1", *PARAGRAPH),
    (*BHXH, "XÁC NHẬN QUÁ TRÌNH ĐÓNG BẢO HIỂM XÃ HỘI", "Họ và tên: A", "Mã số BHXH: 0123456789"),
    (*BHXH, "GIẤY XÁC NHẬN", "QUÁ TRÌNH ĐÓNG BẢO HIỂM XÃ HỘI", "Họ và tên: A"),
    ("CÔNG TY ĐIỆN LỰC A", "HÓA ĐƠN GIÁ TRỊ GIA TĂNG", "Ký hiệu: 1C25", "Tổng cộng: 1.000 đồng"),
    ("BỆNH VIỆN A", "PHIẾU HƯỚNG DẪN SỬ DỤNG THUỐC", "Uống sau khi ăn"),
    (*MOTTO, "HỢP ĐỒNG ỦY QUYỀN SỬ DỤNG NHÀ Ở", "Bên A"),
    ("BẢN DỊCH", "GIẤY KHAI SINH", "Nơi sinh: Paris"),
    ("BẢN DỊCH", "GIẤY KẾT HÔN", "Họ và tên: A", "Sinh tại: Paris", "Người này đã định cư"),
)
"""Papers that resemble one of the catalogue: another decision about it, a translation of it."""


def run(
    pages: Sequence[Sequence[str]],
    *,
    segments: Sequence[Segment] | None = None,
    terms: IngestTerms | None = None,
    answers: Sequence[ResolvedReview] = (),
    papers: PaperModel | None = None,
) -> Classification:
    plan = SplitPlan(
        page_count=len(pages),
        dossiers=(DossierSlot(slot=0),),
        segments=tuple(segments or [segment(i) for i in range(len(pages))]),
    )
    texts = {i: page_text(lines, index=i) for i, lines in enumerate(pages)}
    return classify(
        BATCH,
        plan,
        texts,
        terms or IngestTerms(),
        CATALOGUE,
        SplitSettings(),
        answers,
        papers=papers,
    )


def segment(*pages: int, declared: str | None = None, source: int | None = None) -> Segment:
    boundary = Boundary.KEPT_FILE if source is not None else Boundary.ANCHOR
    return Segment(pages=pages, boundary=boundary, confidence=1.0, declared=declared, source=source)


def answered(
    item: ReviewItem, kind: AnswerKind = AnswerKind.ACCEPT, code: str | None = None
) -> ResolvedReview:
    return ResolvedReview(
        item=item, answer=Answer(kind=kind, component_code=code, actor="an", at=AT)
    )


PAPER_IDS: Mapping[int, str] = {i: f"{code}-{i}" for i, (code, _) in enumerate(PAPERS)}


@pytest.mark.parametrize(("code", "lines"), PAPERS, ids=list(PAPER_IDS.values()))
def test_papers_of_the_catalogue_are_known(code: str, lines: Lines) -> None:
    result = run([lines])
    component = result.components[0]
    assert (component.code, component.certain) == (code, True)
    assert result.reviews == ()
    assert 0.75 <= component.confidence <= 1.0
    assert component.evidence
    assert component.component_id == component_id(BATCH, [0])


@pytest.mark.parametrize(("code", "lines"), PAPERS)
def test_a_second_opinion_changes_no_sure_type(code: str, lines: Lines) -> None:
    (alone,) = run([lines]).components
    (joined,) = run([lines], papers=WEIGHTS.papers).components
    assert joined.code == alone.code == code
    assert joined.certain >= alone.certain


@pytest.mark.parametrize("lines", STRANGERS)
def test_strangers_are_other_by_second_opinion_too(lines: Lines) -> None:
    result = run([lines], papers=WEIGHTS.papers)
    assert result.components[0].code == OTHER
    assert [r.reason for r in result.reviews] == ["TYPE_UNKNOWN"]


def test_nearly_all_components_are_tried() -> None:
    assert len({code for code, _ in PAPERS}) >= 40


@pytest.mark.parametrize("lines", STRANGERS)
@pytest.mark.parametrize("channel", [Channel.DESK, Channel.PORTAL])
def test_strangers_are_other(lines: Lines, channel: Channel) -> None:
    result = run([lines], terms=IngestTerms(channel=channel))
    assert result.components[0].code == OTHER
    assert not result.components[0].certain
    assert [(r.kind, r.reason) for r in result.reviews] == [
        (ReviewKind.COMPONENT_TYPE, "TYPE_UNKNOWN")
    ]
    assert result.reviews[0].params["proposed"] == OTHER


@pytest.mark.parametrize("lines", LOOKALIKES)
def test_lookalikes_are_asked_about(lines: Lines) -> None:
    result = run([lines])
    assert not result.components[0].certain
    assert [r.kind for r in result.reviews] == [ReviewKind.COMPONENT_TYPE]


@pytest.mark.parametrize("lines", LOOKALIKES)
def test_lookalikes_are_asked_about_though_they_read_alike(lines: Lines) -> None:
    result = run([lines], papers=WEIGHTS.papers)
    assert not result.components[0].certain
    assert [r.kind for r in result.reviews] == [ReviewKind.COMPONENT_TYPE]


def test_a_card_below_the_head_is_known_by_title_and_labels() -> None:
    below = (*("" for _ in range(24)), *MOTTO)
    passport = (*below, "HỘ CHIẾU / PASSPORT", "Loại/Type Số hộ chiếu/Passport No", "P<VNMMAI<<A")
    (known,) = run([passport]).components
    assert (known.code, known.certain) == ("I_PASSPORT", True)
    (named,) = run([(*below, "HỘ CHIẾU", "Kèm theo đơn có bản sao giấy tờ")]).components
    assert not named.certain


def test_likeness_is_trusted_as_far_as_the_weights_say() -> None:
    letter = (*MOTTO, "Số: 12/UBND-VX", "V/v trả lời xác minh", "Kính gửi: BHXH huyện B")
    papers = WEIGHTS.papers
    known = agreement(papers.likenesses(page_text(letter)), "V_KET_QUA_XAC_MINH")
    for agrees, certain in ((known - 1e-6, True), (known + 1e-6, False)):
        trusted = replace(papers, trust=replace(papers.trust, agrees=agrees))
        (told,) = run([letter], papers=trusted).components
        assert (told.code, told.certain) == ("V_KET_QUA_XAC_MINH", certain)


def test_a_title_is_called_into_question_where_the_page_reads_like_no_paper() -> None:
    code, lines = next(p for p in PAPERS if p[0] == "C_KHAI_SINH")
    papers = WEIGHTS.papers
    column = papers.codes.index(OTHER)
    biases = papers.biases.copy()
    biases[column] += 1000
    strange = replace(papers, biases=biases)
    (told,) = run([lines], papers=strange).components
    assert (told.code, told.certain, told.runner_up) == (code, False, OTHER)


def test_a_doubtful_title_on_what_reads_like_no_paper_is_only_a_hint() -> None:
    invoice = ("CỬA HÀNG A", "HÓA ĐƠN", "STT Tên hàng Số lượng Đơn giá", "Tổng cộng: 120.000")
    (doubted,) = run([invoice]).components
    assert (doubted.code, doubted.certain) == ("M_PHI_GDYK", False)
    papers = WEIGHTS.papers
    biases = papers.biases.copy()
    biases[papers.codes.index(OTHER)] += 1000
    result = run([invoice], papers=replace(papers, biases=biases))
    assert [(c.code, c.certain) for c in result.components] == [(OTHER, False)]
    assert [(r.reason, r.params["hint"]) for r in result.reviews] == [
        ("TYPE_UNKNOWN", "M_PHI_GDYK")
    ]


def test_a_decision_that_undoes_another_is_not_proposed_as_that() -> None:
    result = run([LOOKALIKES[0]])
    assert result.components[0].code == OTHER
    assert result.reviews[0].params["hint"] == "R_07B_HSB"


def test_an_answering_letter_is_proposed_but_asked_about() -> None:
    letter = (
        "UBND XÃ A || CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
        "Số: 12/UBND-VX || Độc lập - Tự do - Hạnh phúc",
        "V/v trả lời xác minh quá trình",
        "công tác của ông A",
        "Kính gửi: Bảo hiểm xã hội huyện B",
    )
    result = run([letter])
    assert (result.components[0].code, result.components[0].certain) == (
        "V_KET_QUA_XAC_MINH",
        False,
    )
    assert result.reviews[0].reason == "TYPE_DOUBTFUL"


FORM_14 = dict(PAPERS)["F_14_HSB"]
BIRTH = dict(PAPERS)["C_KHAI_SINH"]
FORM_14A = ("Mu s14A-HSB", *MOTTO, "ĐƠN ĐỀ NGHỊ", "Kính gửi: Bảo hiểm xã hội")
BOOK = ("BẢO HIỂM XÃ HỘI VIỆT NAM", "SỔ BẢO HIỂM XÃ HỘI", "Họ và tên: A", "Mã số BHXH: 1")


def test_an_answer_settles_the_type() -> None:
    first = run([STRANGERS[0]])
    item = first.reviews[0]
    accepted = run([STRANGERS[0]], answers=[answered(item)])
    assert (accepted.components[0].code, accepted.components[0].certain) == (OTHER, True)
    typed = run([STRANGERS[0]], answers=[answered(item, AnswerKind.TYPE, "V_KET_QUA_XAC_MINH")])
    assert typed.components[0].code == "V_KET_QUA_XAC_MINH"
    assert typed.components[0].confidence == 1.0
    assert accepted.reviews == typed.reviews == first.reviews


def test_another_verb_does_not_settle_a_type() -> None:
    first = run([STRANGERS[0]])
    again = run([STRANGERS[0]], answers=[answered(first.reviews[0], AnswerKind.SPLIT)])
    assert len(again.reviews) == 2
    assert not again.components[0].certain


def test_declared_types_win() -> None:
    result = run([PARAGRAPH], segments=[segment(0, declared="M_HSBA")])
    assert (result.components[0].code, result.components[0].confidence) == ("M_HSBA", 1.0)
    assert result.reviews == ()


def test_text_that_says_another_type_is_asked_about() -> None:
    result = run([BIRTH], segments=[segment(0, declared="F_14_HSB")])
    assert result.components[0].code == "F_14_HSB"
    assert [r.reason for r in result.reviews] == ["TYPE_CONTRADICTED"]
    assert result.reviews[0].params["hint"] == "C_KHAI_SINH"
    whole = run([BIRTH], terms=IngestTerms(as_code="F_14_HSB"))
    assert (whole.components[0].code, whole.reviews) == ("F_14_HSB", ())


def test_an_unknown_declared_type_falls_back_to_the_text() -> None:
    result = run([BIRTH], segments=[segment(0, declared="NO_SUCH")])
    assert result.components[0].code == "C_KHAI_SINH"
    with pytest.raises(NotFound):
        run([BIRTH], terms=IngestTerms(as_code="NO_SUCH"))


@pytest.mark.parametrize("channel", [Channel.DESK, Channel.POSTAL, Channel.BACKFILL])
def test_an_electronic_form_on_paper_is_asked_about(channel: Channel) -> None:
    result = run([FORM_14A], terms=IngestTerms(channel=channel))
    assert result.components[0].code == "F_14A_HSB"
    assert [r.reason for r in result.reviews] == ["TYPE_NOT_ON_PAPER"]
    kept = run([FORM_14A], segments=[segment(0, source=0)], terms=IngestTerms(channel=channel))
    assert (kept.components[0].code, kept.components[0].source, kept.reviews) == (
        "F_14A_HSB",
        0,
        (),
    )


@pytest.mark.parametrize("channel", [Channel.DESK, Channel.POSTAL])
def test_a_paper_book_is_refused_once_confirmed(channel: Channel) -> None:
    terms = IngestTerms(channel=channel)
    pages, segments = [BOOK, PARAGRAPH, BIRTH], [segment(0, 1), segment(2)]
    first = run(pages, segments=segments, terms=terms)
    assert [c.code for c in first.components] == ["B_SO_BHXH", "C_KHAI_SINH"]
    assert [(r.kind, r.reason) for r in first.reviews] == [(ReviewKind.PHYSICAL_ONLY, "PAPER_BOOK")]
    assert first.plan.counts().rejected == 0
    gone = run(pages, segments=segments, terms=terms, answers=[answered(first.reviews[0])])
    assert [c.code for c in gone.components] == ["C_KHAI_SINH"]
    assert (gone.plan.counts().rejected, gone.plan.counts().balanced) == (2, True)
    assert gone.reviews == first.reviews
    other = answered(first.reviews[0], AnswerKind.TYPE, "R_04_HSB")
    kept = run(pages, segments=segments, terms=terms, answers=[other])
    assert [c.code for c in kept.components] == ["R_04_HSB", "C_KHAI_SINH"]
    assert kept.plan.counts().rejected == 0
    split = run(
        pages,
        segments=segments,
        terms=terms,
        answers=[answered(first.reviews[0], AnswerKind.SPLIT)],
    )
    assert split.plan.counts().rejected == 0
    assert len(split.reviews) == 2


def test_a_book_that_a_person_recognises_is_asked_about_too() -> None:
    first = run([PARAGRAPH])
    typed = answered(first.reviews[0], AnswerKind.TYPE, "B_SO_BHXH")
    second = run([PARAGRAPH], answers=[typed])
    assert [r.kind for r in second.reviews] == [
        ReviewKind.COMPONENT_TYPE,
        ReviewKind.PHYSICAL_ONLY,
    ]
    gone = run([PARAGRAPH], answers=[typed, answered(second.reviews[1])])
    assert (gone.components, gone.plan.counts().rejected) == ((), 1)


def test_the_way_of_arrival_tells_the_book_from_its_copy() -> None:
    electronic = run([BOOK], segments=[segment(0, source=0)])
    assert (electronic.components[0].code, electronic.reviews) == ("B_SO_BHXH_E", ())
    backfill = run([BOOK], terms=IngestTerms(channel=Channel.BACKFILL))
    assert (backfill.components[0].code, backfill.reviews) == ("B_SO_BHXH", ())


def test_the_limit_of_confidence_is_a_setting() -> None:
    plan = SplitPlan(page_count=1, dossiers=(DossierSlot(slot=0),), segments=(segment(0),))
    texts = {0: page_text(BIRTH)}
    strict = SplitSettings(type_confidence=0.999)
    result = classify(BATCH, plan, texts, IngestTerms(), CATALOGUE, strict, ())
    assert result.components[0].code == "C_KHAI_SINH"
    assert [r.reason for r in result.reviews] == ["TYPE_DOUBTFUL"]


def test_a_page_without_text_is_other() -> None:
    plan = SplitPlan(page_count=1, dossiers=(DossierSlot(slot=0),), segments=(segment(0),))
    result = classify(BATCH, plan, {}, IngestTerms(), CATALOGUE, SplitSettings(), ())
    assert result.components[0].code == OTHER


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.sampled_from([*(p for _, p in PAPERS), *STRANGERS, BOOK]), min_size=1, max_size=5),
    st.sampled_from(Channel),
    st.booleans(),
)
def test_every_segment_gets_a_type_or_is_rejected(
    pages: list[Lines], channel: Channel, accept: bool
) -> None:
    terms = IngestTerms(channel=channel)
    first = run(pages, terms=terms)
    answers = [answered(item) for item in first.reviews] if accept else []
    result = run(pages, terms=terms, answers=answers)
    assert result.plan.counts().balanced
    assert [c.pages for c in result.components] == [s.pages for s in result.plan.segments]
    assert result.reviews == first.reviews
    if accept:
        assert all(c.certain for c in result.components)
        assert sum(len(c.pages) for c in result.components) + (
            result.plan.counts().rejected
        ) == len(pages)
