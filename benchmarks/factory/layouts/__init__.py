"""How each component looks, as laid out on the official forms; one module per family of papers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

import numpy as np

from benchmarks.factory.layouts import benefit_forms, civil, identity, letters, medical, results
from benchmarks.factory.paper import RenderedPage
from benchmarks.factory.person import Person
from benchmarks.factory.truth import Part

Layout: TypeAlias = Callable[[Person, np.random.Generator, int], tuple[RenderedPage, ...]]

LAYOUTS: Final[Mapping[str, Layout]] = {
    "F_14_HSB": benefit_forms.form_14_hsb,
    "R_07B_HSB": results.decision_07b_hsb,
    "R_04_HSB": results.history_04_hsb,
    "M_GIAY_RA_VIEN": medical.discharge_paper,
    "C_KHAI_TU": civil.death_extract,
    "C_KHAI_SINH": civil.birth_certificate,
    "M_GCN_NGHI_VIEC": medical.sick_leave,
    "M_HSBA": medical.record_summary,
    "F_13_HSB": benefit_forms.form_13_hsb,
    "F_09_HSB": benefit_forms.form_09_hsb,
    "V_KET_QUA_XAC_MINH": letters.verification_reply,
    "I_CCCD": identity.identity_card,
    "F_TK1_TS": benefit_forms.form_tk1_ts,
    "Z_OTHER": letters.unknown_paper,
}
"""Component code to layout; `Z_OTHER` is a paper the catalogue does not know."""


def variants(part: Part) -> Mapping[str, tuple[Layout, ...]]:
    """The layouts of every kind that a part may use."""
    return {code: (layout,) for code, layout in LAYOUTS.items()}
