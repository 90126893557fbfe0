"""Machine readable zones: believed only where every check digit holds."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.stages.extraction.mrz import MachineZone, check_digit, read_zone

TODAY = dt.date(2026, 11, 22)


def zone(person: str, birth: str, sex: str, expiry: str) -> list[str]:
    """Rows as printed, built by the rules of ICAO 9303 part 5."""
    upper = f"IDVNM{person[3:]}{check_digit(person[3:])}{person}<<5"
    birth += str(check_digit(birth))
    expiry += str(check_digit(expiry))
    whole = check_digit(upper[5:30] + birth + expiry + "<" * 11)
    return [upper, f"{birth}{sex}{expiry}VNM{'<' * 11}{whole}", "NGUYEN<<VAN<AN<<<<<<<<<<<<<<<<"]


LINES = zone("087084000999", "840312", "M", "440312")
READ = MachineZone("087084000999", "12/03/1984", "Nam", "12/03/2044")


@pytest.mark.parametrize(
    ("text", "digit"),
    [
        ("520727", 3),
        ("AB2134<<<", 5),
        ("D23145890", 7),
        ("740812", 2),
        ("120415", 9),
        ("D231458907<<<<<<<<<<<<<<<" + "7408122" + "1204159" + "<<<<<<<<<<<", 6),
    ],
)
def test_check_digits_of_the_standard(text: str, digit: int) -> None:
    """Worked examples of ICAO 9303 part 3 and the specimen of part 5."""
    assert check_digit(text) == digit


def test_a_sound_zone() -> None:
    assert read_zone(["CỤC TRƯỞNG", *LINES], TODAY) == READ
    assert read_zone([line.replace("<<", "« ") for line in LINES], TODAY) == READ


def test_letters_like_digits_are_judged_by_the_check_digits() -> None:
    assert read_zone([line.replace("0", "O", 3) for line in LINES[:2]], TODAY) == READ


def test_births_lie_before_today() -> None:
    lines = zone("001301012345", "010203", "F", "991231")
    assert read_zone(lines, TODAY) == MachineZone("001301012345", "03/02/2001", "Nữ", "")


@pytest.mark.parametrize(
    ("person", "birth", "sex", "born", "gender"),
    [
        ("001025000123", "250101", "M", "01/01/1925", "Nam"),
        ("001225000123", "250101", "M", "01/01/2025", "Nam"),
        ("001125000123", "250101", "F", "01/01/1925", "Nữ"),
        ("001325000123", "250101", "<", "01/01/2025", ""),
    ],
)
def test_the_personal_id_tells_the_century(
    person: str, birth: str, sex: str, born: str, gender: str
) -> None:
    lines = zone(person, birth, sex, "991231")
    assert read_zone(lines, TODAY) == MachineZone(person, born, gender, "")


@pytest.mark.parametrize(
    ("person", "birth", "sex"),
    [
        ("087084000999", "850312", "M"),  # another year
        ("087084000999", "840312", "F"),  # another sex
        ("087184000999", "840312", "M"),
        ("087284000999", "840312", "M"),  # not born yet
    ],
)
def test_a_zone_that_its_personal_id_contradicts(person: str, birth: str, sex: str) -> None:
    assert read_zone(zone(person, birth, sex, "440312"), TODAY) is None


def test_a_card_has_values_for_some_fields() -> None:
    assert READ.value("id_number") == "087084000999"
    assert READ.value("full_name") is None


@given(st.integers(0, 1), st.integers(0, 29), st.sampled_from("0123456789"))
def test_one_misread_digit_is_never_believed(row: int, place: int, digit: str) -> None:
    lines = list(LINES)
    if not lines[row][place].isdigit() or lines[row][place] == digit:
        return
    lines[row] = lines[row][:place] + digit + lines[row][place + 1 :]
    assert read_zone(lines, TODAY) is None


def test_no_zone() -> None:
    assert read_zone(["Họ và tên: NGUYỄN VĂN AN", "", "IDVNM"], TODAY) is None
