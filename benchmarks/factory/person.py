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
    "Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Huỳnh", "Võ", "Đặng", "Bùi", "Đỗ", "Ngô", "Dương",
)  # fmt: skip
MALE_MIDDLE: Final = ("Văn", "Hữu", "Đức", "Quốc", "Minh", "Thành", "Công")
FEMALE_MIDDLE: Final = ("Thị", "Ngọc", "Thu", "Kim", "Thanh", "Bích", "Mỹ")
MALE_GIVEN: Final = (
    "An",
    "Bình",
    "Cường",
    "Dũng",
    "Hải",
    "Khánh",
    "Long",
    "Nghĩa",
    "Phước",
    "Tuấn",
)
FEMALE_GIVEN: Final = (
    "Ánh",
    "Châu",
    "Diễm",
    "Hạnh",
    "Hương",
    "Lệ",
    "Nhung",
    "Phượng",
    "Tuyết",
    "Yến",
)
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
)
COMMUNES: Final = ("Tân Phú", "Mỹ An", "Bình Thạnh", "Long Hưng", "An Hòa", "Phú Thọ", "Thanh Mỹ")
HAMLETS: Final = ("ấp 1", "ấp Tân Lập", "thôn Đông", "tổ 7", "khu phố 3", "thôn Hạ")
EMPLOYERS: Final = (
    "Công ty May Phương Đông",
    "Công ty Thủy sản Sông Tiền",
    "Công ty Gỗ Thành Đạt",
    "Xí nghiệp Cơ khí Hoàng Gia",
    "Công ty Giày Việt Phát",
)
JOBS: Final = ("Công nhân may", "Công nhân chế biến", "Nhân viên kho", "Thợ hàn bậc 3", "Tổ trưởng")
BANKS: Final = ("Vietcombank", "Agribank", "BIDV", "VietinBank")
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
    """A full name, family name first."""
    male = gender == "Nam"
    middle = pick(rng, MALE_MIDDLE if male else FEMALE_MIDDLE)
    given = pick(rng, MALE_GIVEN if male else FEMALE_GIVEN)
    return f"{pick(rng, FAMILY_NAMES)} {middle} {given}"


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
    return Person(
        full_name=make_name(rng, gender),
        gender=gender,
        birth_date=born,
        bhxh_code=f"{code[1:]}{digits(rng, 8)}",
        id_number=make_id_number(rng, code, gender, born),
        id_issued_on=dt.date(2021, int(rng.integers(1, 13)), int(rng.integers(1, 28))),
        phone=pick(rng, _MOBILE_PREFIXES) + digits(rng, 7),
        address=f"số {int(rng.integers(2, 300))}, {pick(rng, HAMLETS)}, xã {commune}, {province}",
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
