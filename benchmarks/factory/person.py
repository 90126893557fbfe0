"""Invented people: names drawn from lists, numbers that look valid and belong to nobody.

Rules of the numbers: domain rules F.1 (mã số BHXH, 10 digits) and F.2 (personal identification
number: province of birth, century and sex, year of birth, six digits).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

FAMILY_NAMES: Final = (
    "Nguyễn", "Nguyễn", "Nguyễn", "Trần", "Trần", "Lê", "Phạm", "Hoàng", "Huỳnh", "Võ", "Vũ",
    "Đặng", "Bùi", "Đỗ", "Ngô", "Dương", "Hồ", "Phan", "Trương", "Lý", "Đinh", "Lâm", "Mai",
    "Đoàn", "Tạ", "Cao", "Châu", "Tô", "Thái", "Quách", "Kiều", "Nghiêm", "Ông", "Khúc", "Đàm",
    "Lã", "Giang", "Tăng", "Viên", "Doãn", "Từ", "Lương", "Cù", "Thân", "Mạc",
)  # fmt: skip
MALE_MIDDLE: Final = (
    "Văn", "Hữu", "Đức", "Quốc", "Minh", "Thành", "Công", "Bá", "Đình", "Xuân", "Trọng", "Viết",
    "Ngọc", "Khắc", "Phước", "Tấn", "Anh", "Gia", "Sỹ", "Huy", "Việt", "Trường", "Đăng",
)  # fmt: skip
FEMALE_MIDDLE: Final = (
    "Thị", "Thị", "Ngọc", "Thu", "Kim", "Thanh", "Bích", "Mỹ", "Thị Kim", "Thị Hồng", "Thùy",
    "Như", "Tuyết", "Diệu", "Khánh", "Thị Thanh", "Hoài", "Quỳnh", "Phương", "Ánh", "Cẩm", "Xuân",
)  # fmt: skip
MALE_GIVEN: Final = (
    "An", "Bình", "Cường", "Dũng", "Hải", "Khánh", "Long", "Nghĩa", "Phước", "Tuấn", "Đạt", "Huy",
    "Khôi", "Lộc", "Nhân", "Quý", "Sơn", "Thắng", "Toàn", "Vinh", "Đông", "Giáp", "Hợp", "Kỷ",
    "Lực", "Mẫn", "Nhẫn", "Oánh", "Phiệt", "Quyết", "Sửu", "Thưởng", "Triết", "Ước", "Vượng",
    "Xứng", "Yên", "Đệ", "Chuẩn", "Cẩn", "Bẩy", "Thuyên", "Khuê", "Ngữ", "Trứ", "Hiển",
)  # fmt: skip
FEMALE_GIVEN: Final = (
    "Ánh", "Châu", "Diễm", "Hạnh", "Hương", "Lệ", "Nhung", "Phượng", "Tuyết", "Yến", "Chi", "Dung",
    "Giang", "Hằng", "Lan", "Mai", "Nga", "Oanh", "Quyên", "Thảo", "Trang", "Vân", "Xuyến", "Ý",
    "Nguyệt", "Thoa", "Sáu", "Bảy", "Lụa", "Gấm", "Nhạn", "Thêu", "Duyên", "Hoài", "Khuyên",
    "Liễu", "Mận", "Nở", "Phấn", "Rớt", "Sen", "Thắm", "Út", "Vóc", "Đượm", "Huệ", "Ngần",
    "Quy", "Thơm", "Trinh",
)  # fmt: skip
_RARE: Final = (
    "Khuông", "Ngoạn", "Tuynh", "Thiềng", "Nhược", "Quảng", "Trịch", "Bường", "Đoạt", "Khoát",
    "Luyn", "Nguyên Khang", "Tường Vi", "Thiên Ý", "Bảo Khuê", "Quỳnh Như", "Hoàng Nguyên",
    "Thục Đoan", "Uyển Nhi", "Nhã Uyên", "Thoại", "Điềm", "Giỏi", "Lượm", "Chương", "Phụng",
)  # fmt: skip
"""Given names that lists of common names lack, some of two syllables."""
_MINORITIES: Final = (
    ("Tày", ("Nông Văn Páo", "Hoàng A Slấn"), ("Nông Thị Slăng", "Bế Thị Ửng")),
    ("Thái", ("Lò Văn Inh", "Cà Văn Pấng"), ("Lò Thị Bun", "Quàng Thị Ín")),
    ("Mông", ("Sùng A Tủa", "Giàng A Páo"), ("Vàng Thị Mỷ", "Thào Thị Dở")),
    ("Khmer", ("Thạch Sa Rươl", "Kim Ngọc Sà Ương"), ("Thạch Thị Sa Rây", "Sơn Thị Sô Phia")),
    ("Ê Đê", ("Y Bhút Niê", "Y Thoan Êban"), ("H'Hen Niê", "H'Lâm Mlô")),
    ("Gia Rai", ("Siu Thuơt", "Rơ Mah Tuân"), ("Rơ Châm H'Phik", "Ksor H'Nuê")),
    ("Hoa", ("Trịnh Siêu Quyền", "Lưu Chí Phúc"), ("Lưu Muội", "Giang Mỹ Phấn")),
    ("Mường", ("Bùi Văn Nhởn", "Quách Công Ẻm"), ("Bùi Thị Ẳng", "Đinh Thị Ộp")),
)  # fmt: skip
"""Ethnic group, names of men, names of women."""
_OF_A_MINORITY: Final = 0.05
_WITH_A_RARE_NAME: Final = 0.25
PROVINCES: Final = (
    ("001", "Hà Nội", "Bảo hiểm xã hội thành phố Hà Nội"),
    ("031", "Hải Phòng", "Bảo hiểm xã hội thành phố Hải Phòng"),
    ("038", "Thanh Hóa", "Bảo hiểm xã hội tỉnh Thanh Hóa"),
    ("040", "Nghệ An", "Bảo hiểm xã hội tỉnh Nghệ An"),
    ("048", "Đà Nẵng", "Bảo hiểm xã hội thành phố Đà Nẵng"),
    ("068", "Lâm Đồng", "Bảo hiểm xã hội tỉnh Lâm Đồng"),
    ("075", "Đồng Nai", "Bảo hiểm xã hội tỉnh Đồng Nai"),
    ("087", "Đồng Tháp", "Bảo hiểm xã hội tỉnh Đồng Tháp"),
    ("092", "Cần Thơ", "Bảo hiểm xã hội thành phố Cần Thơ"),
    ("096", "Cà Mau", "Bảo hiểm xã hội tỉnh Cà Mau"),
    ("042", "Hà Tĩnh", "Bảo hiểm xã hội tỉnh Hà Tĩnh"),
    ("051", "Quảng Ngãi", "Bảo hiểm xã hội tỉnh Quảng Ngãi"),
    ("064", "Gia Lai", "Bảo hiểm xã hội tỉnh Gia Lai"),
    ("066", "Đắk Lắk", "Bảo hiểm xã hội tỉnh Đắk Lắk"),
    ("079", "Hồ Chí Minh", "Bảo hiểm xã hội Thành phố Hồ Chí Minh"),
    ("089", "An Giang", "Bảo hiểm xã hội tỉnh An Giang"),
    ("025", "Phú Thọ", "Bảo hiểm xã hội tỉnh Phú Thọ"),
    ("014", "Sơn La", "Bảo hiểm xã hội tỉnh Sơn La"),
)
COMMUNES: Final = (
    "Tân Phú", "Mỹ An", "Bình Thạnh", "Long Hưng", "An Hòa", "Phú Thọ", "Thanh Mỹ", "Hiệp Đức",
    "Quảng Uyên", "Nghĩa Lộ", "Đắk Sắk", "Vĩnh Thuận", "Cẩm Xuyên", "Thạnh Mỹ Tây", "Yên Lãng",
    "Sơn Kỳ", "Đức Huệ", "Ia Grai", "Bảo Lạc", "Thượng Hóa", "Khánh Vĩnh", "Đồng Xuân", "Ea H'leo",
)  # fmt: skip
DISTRICTS: Final = (
    "Châu Thành", "Cái Bè", "Đức Trọng", "Yên Thành", "Thọ Xuân", "Vĩnh Bảo", "Thốt Nốt",
    "Nhơn Trạch", "Hòa Vang", "U Minh", "Ngọc Hiển", "Tháp Mười", "Quỳ Hợp", "Như Xuân",
)  # fmt: skip
HAMLETS: Final = (
    "ấp 1", "ấp Tân Lập", "thôn Đông", "tổ 7", "khu phố 3", "thôn Hạ", "ấp Bào Trấu", "xóm Giếng",
    "bản Nà Khoang", "buôn Kô Tam", "tổ dân phố 12", "khóm Mỹ Thới", "thôn Phú Ngãi",
)  # fmt: skip
STREETS: Final = (
    "đường Lê Lợi", "đường Nguyễn Trãi", "đường 30 tháng 4", "ngõ 82 phố Chùa Láng",
    "đường Trần Hưng Đạo", "hẻm 15 đường Phan Đăng Lưu", "đường Huỳnh Thúc Kháng", "quốc lộ 1A",
)  # fmt: skip
EMPLOYERS: Final = (
    "Công ty May Phương Đông",
    "Công ty Thủy sản Sông Tiền",
    "Công ty Gỗ Thành Đạt",
    "Xí nghiệp Cơ khí Hoàng Gia",
    "Công ty Giày Việt Phát",
    "Công ty TNHH Bao bì Nhựa Trường Thịnh",
    "Công ty CP Chế biến Lâm sản Quỳ Hợp",
    "Trường Tiểu học Nghĩa Thuận",
    "Hợp tác xã Vận tải Đoàn Kết",
    "Công ty TNHH MTV Xổ số Kiến thiết",
)
JOBS: Final = (
    "Công nhân may",
    "Công nhân chế biến",
    "Nhân viên kho",
    "Thợ hàn bậc 3",
    "Tổ trưởng",
    "Giáo viên",
    "Lái xe",
    "Kế toán viên",
    "Nhân viên kỹ thuật",
)
BANKS: Final = ("Vietcombank", "Agribank", "BIDV", "VietinBank", "Sacombank", "MB Bank", "ACB")
_MOBILE_PREFIXES: Final = ("032", "038", "070", "079", "083", "091", "098")
_LAST_DAY: Final = dt.date(2026, 10, 30)


@dataclass(frozen=True, slots=True)
class Period:
    """One row of the contribution history: whole months, both ends included."""

    first: dt.date
    """First day of the first month."""
    last: dt.date
    """First day of the last month."""
    employer: str
    job: str
    salary: int
    """Đồng a month."""

    @property
    def months(self) -> int:
        """Length, both ends included."""
        return (self.last.year - self.first.year) * 12 + self.last.month - self.first.month + 1


@dataclass(frozen=True, slots=True)
class Person:
    """An insured person and what all papers of the dossier say about them."""

    full_name: str
    gender: str
    """`Nam` or `Nữ`."""
    birth_date: dt.date
    bhxh_code: str
    id_number: str
    id_issued_on: dt.date
    phone: str
    address: str
    commune: str
    province: str
    agency: str
    bank: str
    account_number: str
    periods: tuple[Period, ...]
    average_salary: int
    benefit_amount: int
    applied_on: dt.date
    decided_on: dt.date
    ethnic: str = "Kinh"
    """Ethnic group."""

    @property
    def region(self) -> str:
        """`tỉnh …` or `thành phố …`."""
        return self.agency.removeprefix("Bảo hiểm xã hội ")

    @property
    def contribution_months(self) -> int:
        """Sum of all periods."""
        return sum(period.months for period in self.periods)


def pick(rng: np.random.Generator, choices: Sequence[str]) -> str:
    """One of the choices."""
    return choices[int(rng.integers(len(choices)))]


def digits(rng: np.random.Generator, count: int) -> str:
    """That many random digits."""
    return "".join(str(digit) for digit in rng.integers(0, 10, count))


def make_name(rng: np.random.Generator, gender: str) -> str:
    """A full name, family name first; about a third are in no list of common names."""
    male = gender == "Nam"
    middle = pick(rng, MALE_MIDDLE if male else FEMALE_MIDDLE)
    given = pick(rng, MALE_GIVEN if male else FEMALE_GIVEN)
    if rng.random() < _WITH_A_RARE_NAME:
        given = pick(rng, _RARE)
    return f"{pick(rng, FAMILY_NAMES)} {middle} {given}"


def make_address(rng: np.random.Generator, commune: str, region: str) -> str:
    """Where somebody lives, as people write it.

    Args:
        rng: chance: with a district (three levels, until June 2025) or without, in town or not.
        commune: its name without `xã`.
        region: `tỉnh …` or `thành phố …`.
    """
    house = f"số {int(rng.integers(2, 300))}"
    short = region.removeprefix("tỉnh ").removeprefix("thành phố ")
    kind = int(rng.integers(5))
    if kind == 0:
        return f"{house}, {pick(rng, STREETS)}, phường {commune}, {region}"
    if kind == 1:
        return f"{pick(rng, HAMLETS)}, xã {commune}, huyện {pick(rng, DISTRICTS)}, {region}"
    if kind == 2:
        place = f"xã {commune}, huyện {pick(rng, DISTRICTS)}, {short}"
        return f"{house}, {pick(rng, HAMLETS)}, {place}"
    return f"{house}, {pick(rng, HAMLETS)}, xã {commune}, {short}"


def make_id_number(rng: np.random.Generator, province: str, gender: str, born: dt.date) -> str:
    """A personal identification number consistent with province code, sex and year of birth."""
    century = (born.year // 100 - 19) * 2 + (0 if gender == "Nam" else 1)
    return f"{province}{century}{born.year % 100:02d}{digits(rng, 6)}"


def make_person(rng: np.random.Generator) -> Person:
    """An invented person; the same generator state gives the same person."""
    gender = pick(rng, ("Nam", "Nữ"))
    born = dt.date(
        int(rng.integers(1965, 1988)), int(rng.integers(1, 13)), int(rng.integers(1, 28))
    )
    code, province, agency = PROVINCES[int(rng.integers(len(PROVINCES)))]
    commune = pick(rng, COMMUNES)
    applied = _LAST_DAY - dt.timedelta(days=int(rng.integers(30, 900)))
    periods = _periods(rng, applied)
    months = sum(period.months for period in periods)
    average = sum(period.salary * period.months for period in periods) // months
    name, ethnic = make_name(rng, gender), "Kinh"
    if rng.random() < _OF_A_MINORITY:
        ethnic, men, women = _MINORITIES[int(rng.integers(len(_MINORITIES)))]
        name = pick(rng, men if gender == "Nam" else women)
    return Person(
        full_name=name,
        gender=gender,
        birth_date=born,
        bhxh_code=f"{code[1:]}{digits(rng, 8)}",
        id_number=make_id_number(rng, code, gender, born),
        id_issued_on=dt.date(2021, int(rng.integers(1, 13)), int(rng.integers(1, 28))),
        phone=pick(rng, _MOBILE_PREFIXES) + digits(rng, 7),
        address=make_address(rng, commune, agency.removeprefix("Bảo hiểm xã hội ")),
        commune=commune,
        province=province,
        agency=agency,
        bank=pick(rng, BANKS),
        account_number=f"{int(rng.integers(1, 10))}{digits(rng, 12)}",
        periods=periods,
        average_salary=average,
        benefit_amount=average * 2 * months // 12,
        applied_on=applied,
        decided_on=applied + dt.timedelta(days=int(rng.integers(5, 11))),
        ethnic=ethnic,
    )


def _periods(rng: np.random.Generator, applied: dt.date) -> tuple[Period, ...]:
    """24 to 30 rows without gaps, salaries rising, the last month a year before applying."""
    periods: list[Period] = []
    lengths = [int(length) for length in rng.integers(4, 8, int(rng.integers(24, 31)))]
    month = applied.year * 12 + applied.month - 14 - sum(lengths)
    salary = int(rng.integers(20, 40)) * 100_000
    employer, job = pick(rng, EMPLOYERS), pick(rng, JOBS)
    for row, length in enumerate(lengths):
        if row % 11 == 10:
            employer, job = pick(rng, EMPLOYERS), pick(rng, JOBS)
        periods.append(Period(_month(month), _month(month + length - 1), employer, job, salary))
        month += length
        salary += int(rng.integers(1, 5)) * 50_000
    return tuple(periods)


def _month(count: int) -> dt.date:
    return dt.date(count // 12, count % 12 + 1, 1)
