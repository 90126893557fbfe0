"""How each component looks, as laid out on the official forms; one module per family of papers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Final, TypeAlias

import numpy as np

from benchmarks.factory.layouts import (
    benefit_forms,
    cards,
    civil,
    claims,
    decisions,
    hospital,
    identity,
    letters,
    lists,
    medical,
    notices,
    others,
    registers,
    results,
)
from benchmarks.factory.layouts.manner import Manner, manners
from benchmarks.factory.paper import RenderedPage
from benchmarks.factory.person import Person
from benchmarks.factory.truth import Part
from pipeline.catalogue import OTHER

Layout: TypeAlias = Callable[[Person, np.random.Generator, int], tuple[RenderedPage, ...]]
Arrangement: TypeAlias = Callable[
    [Person, np.random.Generator, int, Manner], tuple[RenderedPage, ...]
]
"""A layout that leaves the manner open."""

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
"""Component code to its plainest layout, for demonstrations; in batches they belong to training."""

ARRANGEMENTS: Final[Mapping[str, tuple[Arrangement, ...]]] = {
    "F_14A_HSB": (claims.form_14a,),
    "F_14_HSB": (claims.form_14,),
    "F_04B_HBQP": (claims.army_service,),
    "F_13_HSB": (claims.form_13,),
    "F_09_HSB": (claims.form_09,),
    "F_TK1_TS": (claims.form_tk1,),
    "F_05A_HSB": (claims.form_05a,),
    "F_BHTN_03": (claims.unemployment,),
    "F_MAU01_GDDT": (claims.electronic_dealings,),
    "F_01B_HSB": (lists.sick_and_maternity,),
    "F_D01_TS": (lists.information_table,),
    "F_12_HSB": (decisions.leave_for_pension,),
    "R_07B_HSB": (decisions.one_time,),
    "R_07A_HSB": (decisions.pension,),
    "R_04_HSB": (decisions.history,),
    "R_C97_HD": (lists.paid_out,),
    "R_QD_BHTN": (decisions.unemployment,),
    "L_CHAM_DUT_HDLD": (decisions.dismissal, decisions.settlement),
    "N_03_TB_GDDT": (notices.electronic_notice,),
    "N_THONG_BAO_TRA": (notices.returned,),
    "S_GIAY_HEN": (notices.appointment,),
    "S_PGNHS": (notices.handover,),
    "S_PHIEU_HUONG_DAN": (notices.guidance,),
    "V_KET_QUA_XAC_MINH": (notices.verification,),
    "C_KHAI_TU": (registers.death_extract,),
    "C_BAO_TU": (registers.death_notice,),
    "C_KHAI_SINH": (registers.birth_certificate,),
    "C_GIAY_CHUNG_SINH": (registers.birth_proof,),
    "C_QD_CHET_TOA_AN": (decisions.court,),
    "M_GIAY_RA_VIEN": (hospital.discharge,),
    "M_GCN_NGHI_VIEC": (hospital.sick_leave,),
    "M_HSBA": (hospital.summary,),
    "M_GDYK": (hospital.assessment,),
    "M_GIAY_CHUYEN_TUYEN": (hospital.referral,),
    "M_KHUYET_TAT": (hospital.disability,),
    "M_PHI_GDYK": (hospital.assessment_fee,),
    "M_HIV_TNRR": (hospital.risk_certificate,),
    "A_GIAY_KHAM_BNN": (hospital.occupational,),
    "I_CCCD": (cards.chip_card, cards.new_card),
    "I_CMND": (cards.old_card,),
    "I_PASSPORT": (cards.passport,),
    "B_THE_BHYT": (cards.health_card,),
}
"""Component code to what stands on it; every manner of a part makes a layout of it."""

UNKNOWN: Final[Mapping[Part, tuple[Arrangement, ...]]] = {
    Part.TRAIN: (
        others.sales_invoice,
        others.labour_contract,
        others.degree,
        others.bank_letter,
        others.circular,
    ),
    Part.TUNE: (others.debt_note, others.school_notice, others.labour_contract),
    Part.TEST: (
        others.payslip,
        others.residence,
        others.driving_licence,
        others.marriage,
        others.circular,
        others.degree,
    ),
}
"""Papers the catalogue does not know: most of those tested are of kinds that training never saw."""


@lru_cache(maxsize=8)
def variants(part: Part) -> Mapping[str, tuple[Layout, ...]]:
    """The layouts of a part by component code; no layout belongs to two parts."""
    found: dict[str, list[Layout]] = {}
    if part is Part.TRAIN:
        found = {code: [layout] for code, layout in LAYOUTS.items()}
    for code, arrangements in (*ARRANGEMENTS.items(), (OTHER, UNKNOWN[part])):
        for arrangement in arrangements:
            for manner in manners(part):
                found.setdefault(code, []).append(_in_manner(arrangement, manner))
    return MappingProxyType({code: tuple(layouts) for code, layouts in found.items()})


def _in_manner(arrangement: Arrangement, manner: Manner) -> Layout:
    def layout(person: Person, rng: np.random.Generator, dpi: int) -> tuple[RenderedPage, ...]:
        return arrangement(person, rng, dpi, manner)

    layout.__name__ = f"{arrangement.__name__}-{manner.name}"
    return layout
