"""The language: syllables by their grammar, words, names, units."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.textnorm import nfc
from pipeline.vietnamese import (
    Lexicon,
    Names,
    Syllable,
    Tone,
    UnitLevel,
    Units,
    horned,
    is_syllable,
    load_lexicon,
    load_names,
    load_units,
    nearest_unit,
    parse,
    placed_alike,
    spell,
)
from pipeline.vietnamese.data_files import WORDS, data_digest, shipped
from pipeline.vietnamese.lexicon import make_lexicon
from pipeline.vietnamese.syllables import all_syllables

EVERY = all_syllables()


def _words(text: str) -> list[str]:
    return text.split()


@pytest.fixture(scope="module")
def lexicon() -> Lexicon:
    return load_lexicon()


@pytest.fixture(scope="module")
def names() -> Names:
    return load_names()


@pytest.fixture(scope="module")
def units() -> Units:
    return load_units()


@pytest.mark.parametrize(
    "word",
    [
        "quốc",
        "gì",
        "gìn",
        "giêng",
        "giếng",
        "giết",
        "giữa",
        "giường",
        "già",
        "yêu",
        "ý",
        "y",
        "Ủy",
        "úy",
        "uý",
        "thủy",
        "thuỷ",
        "quý",
        "kỹ",
        "Thy",
        "nghỉ",
        "ghế",
        "kẹo",
        "cuộc",
        "quyết",
        "khuỷu",
        "khuya",
        "thuở",
        "xoong",
        "hòa",
        "hoà",
        "hoàn",
        "ngoẹo",
        "rượu",
        "hươu",
        "uống",
        "ăn",
        "ấy",
        "ông",
        "oan",
        "uyên",
        "huỳnh",
        "nguyễn",
        "đường",
        "ĐIỀU",
        "xã",
        "quả",
        "quậy",
        "ngoằn",
        "hoẵng",
        "chuyển",
        "nghiêng",
    ],
)
def test_words_of_the_language_are_syllables(word: str) -> None:
    assert is_syllable(word)
    assert is_syllable(unicodedata.normalize("NFD", word))


@pytest.mark.parametrize(
    "word",
    [
        "hòan",
        "nghỉe",
        "đuợc",
        "tịhc",
        "báa",
        "cẽt",
        "qúy",
        "caớ",
        "gía",
        "ngê",
        "cê",
        "kà",
        "ghà",
        "ngha",
        "làch",
        "cỉp",
        "bhxh",
        "f",
        "w",
        "của1",
        "tỷy",
        "óàn",
        "êng",
        "ăi",
        "thươ",
    ],
)
def test_what_cannot_be_said_is_none(word: str) -> None:
    assert not is_syllable(word)


def test_no_text_is_no_syllable() -> None:
    assert parse("") is None
    assert parse(" ") is None


def test_the_grammar_has_the_size_of_the_language() -> None:
    # About 6 000 to 7 000 syllables are in use; what the spelling allows is some twice as much.
    assert 12_000 < len(EVERY) < 20_000
    assert len({spell(s) for s in EVERY}) == len(EVERY)


@given(st.sampled_from(EVERY), st.booleans(), st.booleans())
def test_what_is_spelt_is_understood(syllable: Syllable, new_style: bool, upper: bool) -> None:
    written = spell(syllable, new_style=new_style)
    assert written == nfc(written)
    assert parse(written.upper() if upper else written) == syllable
    assert placed_alike(written) == spell(syllable)


@given(st.text(max_size=8))
def test_any_text_can_be_asked_about(text: str) -> None:
    parts = parse(text)
    if parts is not None:
        assert nfc(text).lower() in (spell(parts), spell(parts, new_style=True))


def test_parts_of_a_syllable() -> None:
    parts = parse("Nguyễn")
    assert parts is not None
    assert (parts.onset, parts.nucleus, parts.coda) == ("ng", "uyê", "n")
    assert parts.tone is Tone.TILDE


def test_every_word_that_ships_is_vietnamese() -> None:
    lines = [line for line in shipped(WORDS).splitlines() if not line.startswith("#")]
    odd = {w for line in lines for w in line.replace(",", " ").split() if not is_syllable(w)}
    # Abbreviations as they are printed, and a party to a contract.
    assert odd <= {"bhxh", "bhyt", "v/v", "b"}
    assert shipped(WORDS) == nfc(shipped(WORDS))


def test_phrases_end_at_signs_and_codes() -> None:
    made = make_lexicon(["Mẫu số 14-HSB, Đơn đề nghị"])
    assert ("mẫu", "số") in made.pairs
    assert ("số", "đơn") not in made.pairs
    assert ("đơn", "đề", "nghị") in made.triples
    assert not make_lexicon([]).syllables


def test_look_alikes(lexicon: Lexicon) -> None:
    assert "hiểm" in lexicon.twins("HIẾM")
    assert lexicon.restored("giy") == ("giấy",)
    assert lexicon.knows("Hoà")
    assert not lexicon.knows("hoả")


def test_names_of_people(names: Names) -> None:
    assert names.known_family_name("NGUYỄN")
    assert names.nearest_family_name("NGUYÊN") == "nguyễn"
    assert names.nearest_family_name("Nguyễn") is None
    assert names.nearest_family_name("Má") is None, "Ma or Mã"
    assert names.known_given_name("Minh Phước")
    assert names.known_given_name("Hương")
    assert not names.known_given_name("")
    assert not names.known_given_name("Xyz")


def test_units_of_both_divisions(units: Units) -> None:
    now = [u for u in units.all if u.since_2025 and u.level is UnitLevel.PROVINCE]
    before = [u for u in units.all if not u.since_2025 and u.level is UnitLevel.PROVINCE]
    assert (len(now), len(before)) == (34, 63)
    communes = sum(u.level is UnitLevel.COMMUNE for u in units.all)
    districts = sum(u.level is UnitLevel.DISTRICT for u in units.all)
    # 3 321 communes: resolutions of June 2025; about 700 districts before.
    assert communes == 3321
    assert 690 < districts < 720
    assert all(u.name == nfc(u.name) and u.name == u.name.strip() for u in units.all)


def test_a_unit_is_found_by_its_letters(units: Units) -> None:
    assert nearest_unit(units, "QUÃNG NGAI", UnitLevel.PROVINCE) == "Quảng Ngãi"
    assert nearest_unit(units, "Hòa Bình", UnitLevel.PROVINCE) == "Hoà Bình"
    assert nearest_unit(units, "Quang Ngang", UnitLevel.PROVINCE) is None
    assert units.known("thủ đức", UnitLevel.DISTRICT)
    assert nearest_unit(units, "Thu Đức", UnitLevel.COMMUNE, "Hồ Chí Minh") == "Thủ Đức"
    assert nearest_unit(units, "Thủ Đức", UnitLevel.COMMUNE, "Hà Nội") is None


def test_units_that_differ_in_marks_only_are_not_told_apart(units: Units) -> None:
    several = {
        key: {u.name for u in found} for key, found in units.by_letters.items() if len(found) > 1
    }
    (level, letters), _ = next((k, v) for k, v in sorted(several.items()) if len(v) > 1)
    if not units.known(letters, level):
        assert units.nearest(letters, level) is None


def test_the_digest_is_one_of_content() -> None:
    assert data_digest() == data_digest()
    assert len(data_digest()) == 64


HORNED = [s for s in EVERY if s.nucleus == "ươ"]


@pytest.mark.parametrize("lost", [("ư", "u"), ("ơ", "o")])
@pytest.mark.parametrize("syllable", HORNED[::7], ids=spell)
def test_a_lost_horn_comes_back_where_nothing_else_is_spelt_so(
    syllable: Syllable, lost: tuple[str, str]
) -> None:
    right = spell(syllable)
    letters = unicodedata.normalize("NFD", right)
    vowel, bare = (unicodedata.normalize("NFD", part) for part in lost)
    read = nfc(letters.replace(vowel, bare, 1))
    old = lost[0] == "ư" and syllable.coda == "n" and syllable.onset in ("h", "kh", "ng", "th")
    assert horned(read) == (read if old else right)
    assert horned(read.upper()) == (read if old else right).upper()
    assert horned(f"({read},") == f"({read if old else right},"


@given(st.text(max_size=12))
def test_other_words_keep_their_letters(text: str) -> None:
    once = horned(text)
    assert horned(once) == once
    assert len(once) == len(nfc(text))


@pytest.mark.parametrize("word", ["thuở", "Huơ", "quờ", "Nguơn", "HUỜN", "muôn", "nguòi", "Nguyễn"])
def test_no_horn_is_made_up(word: str) -> None:
    assert horned(word) == word
