"""What a row of text says: words of papers, and letters that no word foretells.

A third of the rows are syllables drawn from all that the grammar allows: there a mark can only be
told by looking, and the model does not learn to guess what is usual. The others are values, names,
places, numbers and codes, sentences and titles of the part TRAIN. May not come in: drawing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from benchmarks.factory.layouts.prose import sentences
from benchmarks.factory.person import make_name
from benchmarks.factory.truth import Part
from benchmarks.training.value_sheets import labelled_value
from pipeline.catalogue import Catalogue
from pipeline.vietnamese.data_files import shipped
from pipeline.vietnamese.syllables import all_syllables, spell
from pipeline.vietnamese.units import load_units

_WORDS: Final = 18
"""Of a row, at most; what does not fit is cut off by the sheet."""
_LETTERS: Final = "ABCDEFGHIKLMNOPQRSTUVXYĐ"
_JOINTS: Final = ("/", "-", "/", "-", ".", "")
_SEX: Final = ("Nam", "Nữ")
_SHARES: Final = {
    "syllables": 0.25,
    "capitals": 0.05,
    "values": 0.18,
    "names": 0.09,
    "codes": 0.12,
    "machine": 0.03,
    "bilingual": 0.06,
    "cells": 0.06,
    "prose": 0.07,
    "titles": 0.04,
    "phrases": 0.05,
}
"""Kinds of rows, and how often each is drawn; machine is what passports and cards say to machines,
a cell holds a single value."""
_BILINGUAL: Final = (
    "Họ và tên / Full name",
    "Họ, chữ đệm / Surname and given names",
    "Ngày sinh / Date of birth",
    "Giới tính / Sex",
    "Quốc tịch / Nationality",
    "Nơi sinh / Place of birth",
    "Quê quán / Place of origin",
    "Nơi cư trú / Place of residence",
    "Số / No.",
    "Số định danh cá nhân / Personal identification number",
    "Ngày cấp / Date of issue",
    "Có giá trị đến / Date of expiry",
    "Cơ quan cấp / Issuing authority",
    "Đặc điểm nhân dạng / Personal features",
    "Loại / Type",
    "Mã nước / Country code",
    "Số hộ chiếu / Passport number",
    "Chữ ký người mang hộ chiếu / Signature of bearer",
    "Mục đích nhập cảnh / Purpose of entry",
    "Số lần nhập cảnh / Number of entries",
    "Căn cước công dân / Citizen identity card",
    "Thẻ thường trú / Permanent resident card",
    "Thị thực / Visa",
    "Bộ Công an / Ministry of Public Security",
    "Cục trưởng / Director general",
    "Cộng hòa xã hội chủ nghĩa Việt Nam / Socialist Republic of Viet Nam",
    "Độc lập - Tự do - Hạnh phúc / Independence - Freedom - Happiness",
    "Bản dịch / Translation from English, French, Chinese, Japanese, Korean",
    "Bệnh viện / Hospital, department of internal medicine",
    "Bảo hiểm xã hội / Social insurance, employer, employee, contribution, wage",
    "Hợp đồng lao động / Labour contract, company limited, joint stock",
    "Thư điện tử / Email address, telephone, mobile, website",
)
"""What papers say in two languages; one of them, or both."""
_MACHINE_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_MACHINE_WIDTHS: Final = (30, 44)
"""Characters of a row, of a card and of a passport."""
_AFTER: Final = (
    (0.05, "{},"),
    (0.02, "{}."),
    (0.015, "{};"),
    (0.015, "{}:"),
    (0.015, "({})"),
    (0.007, "“{}”"),
    (0.007, '"{}"'),
    (0.007, "{} -"),
    (0.005, "{}..."),
)
"""Chance of signs about a word."""


@dataclass(frozen=True, slots=True)
class Wording:
    """What rows are made of."""

    syllables: tuple[str, ...]
    phrases: tuple[str, ...]
    titles: tuple[str, ...]
    places: tuple[str, ...]
    prose: tuple[str, ...]


def load_wording(catalogue: Catalogue) -> Wording:
    """Words of the language and the catalogue, sentences of the part TRAIN."""
    lines = (line for line in shipped("words.txt").splitlines() if not line.startswith("#"))
    phrases = (phrase.strip() for line in lines for phrase in line.split(","))
    titles = [
        title
        for component in catalogue.components.values()
        for title in (component.name_vi, *component.titles)
    ]
    return Wording(
        syllables=tuple(spell(syllable) for syllable in all_syllables()),
        phrases=tuple(phrase for phrase in phrases if phrase),
        titles=tuple(dict.fromkeys(titles)),
        places=tuple(dict.fromkeys(unit.name for unit in load_units().all)),
        prose=sentences(Part.TRAIN),
    )


def row_words(rng: np.random.Generator, wording: Wording) -> list[str]:
    """The words of a row, more than most rows have room for."""
    kind = tuple(_SHARES)[int(rng.choice(len(_SHARES), p=tuple(_SHARES.values())))]
    if kind == "syllables":
        return _signed(rng, [_syllable(rng, wording) for _ in range(_WORDS)])
    if kind == "capitals":
        return [_pick(rng, wording.syllables).upper() for _ in range(_WORDS)]
    if kind == "values":
        joint = _pick(rng, ("; ", " ", ", "))
        return joint.join(_value(rng) for _ in range(3)).split()
    if kind == "names":
        return ", ".join(_name(rng, wording) for _ in range(4)).split()
    if kind == "codes":
        return [_code(rng) if rng.random() < 0.5 else number(rng) for _ in range(6)]
    if kind == "machine":
        return [_machine(rng)]
    if kind == "bilingual":
        return _bilingual(rng)
    if kind == "cells":
        return labelled_value(rng)[-1].split() if rng.random() < 0.6 else [number(rng)]
    if kind == "prose":
        words = _pick(rng, wording.prose).split()
        return words[int(rng.integers(0, max(len(words) - 8, 1))) :]
    if kind == "titles":
        title = _pick(rng, wording.titles)
        shown = title.upper() if rng.random() < 0.5 else title
        return f"{shown} {_pick(rng, wording.phrases)}".split()
    return " ".join(_pick(rng, wording.phrases) for _ in range(6)).split()


def number(rng: np.random.Generator) -> str:
    """A number as papers have them: an id, an amount, a date, a share, a count."""
    day, month = int(rng.integers(1, 32)), int(rng.integers(1, 13))
    year = int(rng.integers(1940, 2035))
    forms = (
        "".join(str(int(digit)) for digit in rng.integers(0, 10, int(rng.integers(8, 15)))),
        f"{int(10 ** rng.uniform(4, 9)):,}".replace(",", "."),
        f"{day:02d}{_pick(rng, ('/', '-', '.'))}{month:02d}/{year}",
        f"{day} tháng {month} năm {year}",
        f"{int(rng.integers(0, 100))}%",
        f"{rng.uniform(0, 100):.2f}".replace(".", ","),
        f"({int(rng.integers(1, 40))})",
        str(int(rng.integers(0, 100))),
    )
    return forms[int(rng.choice(len(forms), p=(0.28, 0.18, 0.18, 0.08, 0.07, 0.07, 0.07, 0.07)))]


def _pick(rng: np.random.Generator, choices: Sequence[str]) -> str:
    return choices[int(rng.integers(len(choices)))]


def _syllable(rng: np.random.Generator, wording: Wording) -> str:
    if rng.random() < 0.06:
        return number(rng)
    syllable, draw = _pick(rng, wording.syllables), rng.random()
    if draw < 0.14:
        return syllable.upper()
    return syllable.capitalize() if draw < 0.5 else syllable


def _signed(rng: np.random.Generator, words: Sequence[str]) -> list[str]:
    signed = []
    for word in words:
        left = rng.random()
        form = "{}"
        for chance, candidate in _AFTER:
            left -= chance
            if left < 0:
                form = candidate
                break
        signed += form.format(word).split()
    return signed


def _value(rng: np.random.Generator) -> str:
    _, label, _, shown = labelled_value(rng)
    return f"{label}: {shown}"


def _name(rng: np.random.Generator, wording: Wording) -> str:
    name = make_name(rng, _pick(rng, _SEX)) if rng.random() < 0.5 else _pick(rng, wording.places)
    return name.upper() if rng.random() < 0.2 else name


def _machine(rng: np.random.Generator) -> str:
    """A row as ICAO Doc 9303 has them: capitals and digits, what is empty filled with `<`."""
    room, row = _MACHINE_WIDTHS[int(rng.integers(len(_MACHINE_WIDTHS)))], ""
    while len(row) < room and rng.random() < 0.85:
        letters = _MACHINE_LETTERS if rng.random() < 0.6 else "0123456789"
        row += "".join(_pick(rng, letters) for _ in range(int(rng.integers(2, 10))))
        row += "<" * int(rng.choice((0, 1, 2)))
    return row[:room].ljust(room, "<")


def _bilingual(rng: np.random.Generator) -> list[str]:
    words: list[str] = []
    for _ in range(3):
        own, _, foreign = _pick(rng, _BILINGUAL).partition(" / ")
        label = f"{own}{_pick(rng, (' / ', '/', ' /'))}{foreign}" if rng.random() < 0.7 else foreign
        label = label.upper() if rng.random() < 0.15 else label
        value = labelled_value(rng)[-1] if rng.random() < 0.5 else ""
        words += f"{label}{_pick(rng, (':', ''))} {value}".split()
    return words


def _code(rng: np.random.Generator) -> str:
    parts = ""
    for _ in range(int(rng.integers(2, 5))):
        if rng.random() < 0.55:
            parts += str(int(10 ** rng.uniform(0, 6)))
        else:
            parts += "".join(_pick(rng, _LETTERS) for _ in range(int(rng.integers(1, 5))))
        parts += _pick(rng, _JOINTS)
    return parts.strip("/-.")
