"""The Vietnamese language as data and rules: syllables, words, names of people and of places.

Looked up by whatever reads or judges text. Files are read when a lexicon is asked for, never at
import. May not come in: pages, boxes, engines, the catalogue's types.
"""

from __future__ import annotations

from pipeline.vietnamese.data_files import data_digest
from pipeline.vietnamese.horns import horned
from pipeline.vietnamese.lexicon import Lexicon, load_lexicon
from pipeline.vietnamese.names import Names, family_names, load_names
from pipeline.vietnamese.syllables import (
    Syllable,
    Tone,
    all_syllables,
    is_syllable,
    marks_between,
    parse,
    placed_alike,
    spell,
)
from pipeline.vietnamese.units import (
    Unit,
    UnitLevel,
    Units,
    is_unit,
    load_units,
    nearest_unit,
    only_begins,
)

__all__ = [
    "Lexicon",
    "Names",
    "Syllable",
    "Tone",
    "Unit",
    "UnitLevel",
    "Units",
    "all_syllables",
    "data_digest",
    "family_names",
    "horned",
    "is_syllable",
    "is_unit",
    "load_lexicon",
    "load_names",
    "load_units",
    "marks_between",
    "nearest_unit",
    "only_begins",
    "parse",
    "placed_alike",
    "spell",
]
