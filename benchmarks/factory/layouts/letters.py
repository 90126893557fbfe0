"""Official letters and prose: a verification reply, an unknown paper, dense pages."""

from __future__ import annotations

import datetime as dt
from typing import Final

import numpy as np

from benchmarks.factory.fonts import Face
from benchmarks.factory.layouts import head
from benchmarks.factory.paper import BOLD, PLAIN, RenderedPage, Sheet, Style
from benchmarks.factory.person import Person, make_name
from benchmarks.factory.wording import duration, written_date

SENTENCES: Final = (
    "Bộ phận Tiếp nhận và Trả kết quả có trách nhiệm kiểm tra thành phần hồ sơ, đối chiếu "
    "thông tin với cơ sở dữ liệu và hướng dẫn người nộp bổ sung khi còn thiếu.",
    "Trường hợp hồ sơ đầy đủ, hợp lệ thì viên chức tiếp nhận lập giấy tiếp nhận và hẹn trả "
    "kết quả, sau đó chuyển hồ sơ đến phòng nghiệp vụ trong ngày làm việc.",
    "Người lao động được quyền tra cứu tình trạng giải quyết hồ sơ của mình bằng mã số ghi "
    "trên giấy hẹn hoặc qua ứng dụng trên thiết bị di động.",
    "Việc sao chụp giấy tờ phải bảo đảm rõ nét, đầy đủ nội dung, đúng chiều đọc và không làm "
    "thay đổi giá trị pháp lý của bản giấy.",
    "Các đơn vị trực thuộc định kỳ hằng quý rà soát danh mục tài liệu, lập biên bản bàn giao "
    "và gửi báo cáo về phòng Hành chính để tổng hợp.",
    "Thời hạn giải quyết được tính từ ngày nhận đủ hồ sơ theo quy định; nếu quá hạn thì phải "
    "có văn bản trả lời nêu rõ lý do cho người đề nghị.",
    "Kinh phí thực hiện được bố trí trong dự toán chi hằng năm của đơn vị, bảo đảm đúng chế "
    "độ, tiết kiệm và có chứng từ hợp lệ.",
    "Đề nghị thủ trưởng các cơ quan, doanh nghiệp trên địa bàn phối hợp thông báo rộng rãi để "
    "người tham gia biết và thực hiện.",
    "Khi phát hiện sai lệch giữa dữ liệu đã lưu và giấy tờ gốc, viên chức phải lập phiếu xác "
    "minh, ghi rõ nội dung khác nhau và đề xuất hướng xử lý.",
    "Tài liệu sau khi số hóa được sắp xếp theo từng hồ sơ, đánh số thứ tự, bảo quản trong hộp "
    "đạt chuẩn và giao nộp về kho lưu trữ đúng thời hạn.",
    "Mọi khiếu nại, tố cáo liên quan đến việc giải quyết chế độ được tiếp nhận, thụ lý và trả "
    "lời theo đúng trình tự pháp luật quy định.",
    "Phòng Quản lý thu có nhiệm vụ xác nhận quá trình đóng, tính thời gian tham gia và cung "
    "cấp số liệu cho các bộ phận có liên quan.",
    "Người được ủy quyền khi đến nhận kết quả phải xuất trình giấy tờ tùy thân và giấy ủy "
    "quyền còn giá trị sử dụng.",
    "Cán bộ phụ trách công nghệ thông tin bảo đảm hệ thống hoạt động liên tục, sao lưu dữ "
    "liệu hằng ngày và phân quyền truy cập chặt chẽ.",
    "Những nội dung không còn phù hợp với tình hình thực tế thì các đơn vị kịp thời kiến nghị "
    "để sửa đổi, bổ sung cho thống nhất.",
    "Hội nghị đã nghe báo cáo kết quả thực hiện nhiệm vụ sáu tháng đầu năm và thảo luận "
    "phương hướng, giải pháp của sáu tháng cuối năm.",
    "Tỷ lệ hồ sơ được giải quyết trước hạn đạt chín mươi tám phần trăm, cao hơn cùng kỳ năm "
    "trước và vượt chỉ tiêu được giao.",
    "Để nâng cao chất lượng phục vụ, đơn vị đã niêm yết công khai thủ tục, bố trí chỗ ngồi "
    "chờ và phân công người hướng dẫn tại quầy.",
    "Đối với người cao tuổi, người khuyết tật và phụ nữ mang thai, viên chức ưu tiên tiếp "
    "nhận trước và hỗ trợ kê khai tại chỗ.",
    "Văn bản này thay thế các hướng dẫn trước đây có cùng nội dung và được thực hiện thống "
    "nhất trong toàn ngành kể từ ngày ký.",
)
_DENSE: Final = Style(Face.SERIF, 12.0)
_SUBJECT: Final = Style(Face.SERIF, 12.0)


def verification_reply(
    person: Person, rng: np.random.Generator, dpi: int
) -> tuple[RenderedPage, ...]:
    """Official letter answering a verification request."""
    sheet = Sheet(rng, dpi)
    number = f"{int(rng.integers(100, 2000))}/BHXH-CĐ"
    issued = person.applied_on + dt.timedelta(days=3)
    agency = person.agency.upper().removeprefix("BẢO HIỂM XÃ HỘI ")
    dated = f"{person.province}, {written_date(issued)}"
    head.two_columns(sheet, ("BẢO HIỂM XÃ HỘI VIỆT NAM", f"BHXH {agency}"), f"Số: {number}", dated)
    subject = "trả lời kết quả xác minh thời gian đóng bảo hiểm xã hội"
    sheet.put(sheet.left, sheet.y + 2.0, "V/v trả lời kết quả xác minh thời gian", _SUBJECT)
    sheet.put(sheet.left, sheet.y + 7.0, "đóng bảo hiểm xã hội", _SUBJECT)
    sheet.fields |= {
        "doc_number": number,
        "issue_date": written_date(issued),
        "subject": subject,
    }
    sheet.y += 16.0
    sheet.line("Kính gửi: Phòng Chế độ bảo hiểm xã hội", PLAIN, "centre", gap=4.0)
    worked = duration(person.contribution_months)
    for text in (
        "Phúc đáp văn bản đề nghị thẩm tra, xác minh thời gian đóng bảo hiểm xã hội của "
        f"ông/bà {person.full_name}, mã số {person.bhxh_code}, đơn vị đã đối chiếu hồ sơ lưu "
        "và có ý kiến như sau:",
        f"1. Qua kiểm tra, tổng thời gian tham gia là {worked}, không có thời gian trùng đóng "
        "tại các đơn vị khác.",
        "2. Các giấy tờ do người lao động cung cấp phù hợp với hồ sơ đang được quản lý tại "
        "kho lưu trữ của đơn vị.",
        "3. Đề nghị quý phòng căn cứ kết quả xác minh nêu trên để giải quyết chế độ cho người "
        "lao động theo đúng quy định.",
        "Trên đây là kết quả xác minh, trân trọng gửi quý phòng để biết và thực hiện.",
    ):
        sheet.paragraph(text)
        sheet.y += 1.0
    sheet.put(sheet.left, sheet.y + 8.0, "Nơi nhận:", Style(Face.SERIF_BOLD_ITALIC, 11.5))
    sheet.put(sheet.left, sheet.y + 13.0, "- Như trên;", Style(Face.SERIF, 11.0))
    sheet.put(sheet.left, sheet.y + 18.0, "- Lưu: VT.", Style(Face.SERIF, 11.0))
    stamp = ("BẢO HIỂM XÃ HỘI VIỆT NAM", "BHXH")
    head.signer(sheet, 157.0, "KT. GIÁM ĐỐC", "PHÓ GIÁM ĐỐC", make_name(rng, "Nam"), stamp)
    return (sheet.finish("V_KET_QUA_XAC_MINH"),)


def unknown_paper(person: Person, rng: np.random.Generator, dpi: int) -> tuple[RenderedPage, ...]:
    """A residents' invitation: none of the catalogue's papers."""
    sheet = Sheet(rng, dpi)
    head.motto(sheet)
    head.title(sheet, "THƯ MỜI", "Tham dự ngày hội gia đình năm 2025")
    sheet.line(f"Thân gửi: Gia đình ông/bà {person.full_name}", BOLD, "centre", gap=3.0)
    for text in (
        f"Ban tổ chức ngày hội gia đình khu dân cư {person.commune} trân trọng kính mời quý "
        "gia đình đến dự buổi gặp mặt, giao lưu văn nghệ và trò chơi dân gian dành cho thiếu "
        "nhi.",
        "Chương trình gồm có: đón tiếp lúc 07 giờ 30 phút, văn nghệ chào mừng, thi nấu ăn "
        "giữa các tổ, trao phần thưởng cho học sinh giỏi và liên hoan cuối buổi.",
        "Sự có mặt của quý gia đình góp phần làm cho ngày hội thêm ấm cúng và gắn kết tình "
        "làng nghĩa xóm.",
    ):
        sheet.paragraph(text)
        sheet.y += 1.5
    head.place_and_date(sheet, person.commune, person.applied_on, None)
    head.signer(sheet, 157.0, "TRƯỞNG BAN TỔ CHỨC", "", make_name(rng, "Nữ"))
    return (sheet.finish("Z_OTHER"),)


def dense_page(rng: np.random.Generator, dpi: int) -> RenderedPage:
    """A full page of administrative prose, more than 400 words."""
    sheet = Sheet(rng, dpi, left=25.0, right=193.0, y=14.0)
    order = [int(place) for place in rng.permutation(len(SENTENCES))]
    number = 0
    while sheet.y < 262.0:
        chosen = [SENTENCES[order[(number + step) % len(order)]] for step in range(2)]
        sheet.paragraph(" ".join(chosen), _DENSE, indent=8.0)
        number += 2
    return sheet.finish("Z_OTHER")
