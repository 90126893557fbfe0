"""Administrative prose to fill letters and reports with; the parts share no sentence."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from benchmarks.factory.layouts.letters import SENTENCES
from benchmarks.factory.truth import Part

_TUNED: Final = 6
"""Sentences kept for tuning; training has the others of `SENTENCES`."""
_TESTED: Final = (
    "Qua rà soát sổ theo dõi biến động, tổ kiểm tra ghi nhận mười hai trường hợp khai trùng tháng "
    "và đã yêu cầu đơn vị giải trình bằng văn bản.",
    "Chi phí bưu phí phát sinh do người nhận chi trả theo bảng giá niêm yết của doanh nghiệp bưu "
    "chính tại thời điểm gửi.",
    "Kho bảo quản phải có thiết bị đo nhiệt độ, độ ẩm; khi chỉ số vượt ngưỡng thì thủ kho báo ngay "
    "cho lãnh đạo văn phòng để xử lý.",
    "Nếu chữ ký trên phiếu không giống mẫu đã đăng ký, giao dịch viên tạm dừng chi trả và mời "
    "người "
    "nhận xác nhận lại nhân thân.",
    "Danh sách người đến tuổi nghỉ hưu quý tới được lập trước ngày hai mươi của tháng cuối quý và "
    "niêm yết tại nhà văn hóa thôn.",
    "Tổ công tác lưu động đến từng bản vùng sâu để hướng dẫn kê khai, chụp ảnh giấy tờ và thu nhận "
    "nguyện vọng của bà con.",
    "Phần mềm chấm công cần kết nối với cơ sở dữ liệu nhân sự nhằm tránh nhập lại và giảm sai sót "
    "khi tính ngày nghỉ hưởng trợ cấp.",
    "Hội đồng đề nghị giữ nguyên mức xếp loại năm ngoái, đồng thời biểu dương ba cá nhân có sáng "
    "kiến rút ngắn thời gian chờ.",
    "Trong tuần đầu tháng mười, mưa lũ làm gián đoạn giao thông nên lịch giao nhận túi thư được "
    "dời "
    "sang thứ năm kế tiếp.",
    "Bên giao và bên nhận cùng niêm phong thùng tài liệu, ký giáp lai lên mép dán và ghi số thứ tự "
    "thùng bằng bút không phai.",
    "Những khoản chênh lệch dưới một nghìn đồng do làm tròn số được cộng dồn và hạch toán vào kỳ "
    "quyết toán sau.",
    "Học viên tham dự lớp bồi dưỡng nhận giấy xác nhận sau khi nộp bài thu hoạch và đạt điểm kiểm "
    "tra cuối khóa.",
    "Đường dây nóng hoạt động từ bảy giờ đến mười bảy giờ, ghi âm toàn bộ cuộc gọi và phản hồi "
    "trong "
    "vòng hai ngày làm việc.",
    "Khi phát hiện mối mọt, nấm mốc, viên chức kho cách ly hộp bị nhiễm, chụp ảnh hiện trạng rồi "
    "liên hệ đơn vị khử trùng.",
    "Xe chuyên dùng chở hồ sơ phải có người áp tải, không dừng đỗ ngoài lộ trình và bàn giao đủ số "
    "kiện tại điểm đến.",
    "Ủy ban nhân dân các xã phối hợp xác minh nhân thân đối với người vắng mặt lâu ngày ở địa "
    "phương "
    "hoặc đã chuyển đi nơi khác.",
)


def sentences(part: Part) -> tuple[str, ...]:
    """The sentences of a part."""
    return {
        Part.TRAIN: SENTENCES[:-_TUNED],
        Part.TUNE: SENTENCES[-_TUNED:],
        Part.TEST: _TESTED,
    }[part]


def prose(rng: np.random.Generator, part: Part, count: int) -> Iterator[str]:
    """So many paragraphs of two or three sentences in random order."""
    known = sentences(part)
    for _ in range(count):
        size = int(rng.integers(2, 4))
        yield " ".join(known[int(place)] for place in rng.permutation(len(known))[:size])
