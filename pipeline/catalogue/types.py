"""Types of the catalogue, frozen. Codes and labels are the file's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from pipeline.errors import NotFound


class ScanRule(StrEnum):
    """Whether a component is scanned at reception."""

    YES = "yes"
    NO = "no"
    """Never scanned there: a physical item (R-3985-1)."""
    BORN_DIGITAL = "born_digital"
    EITHER = "either"


@dataclass(frozen=True, slots=True)
class Anchors:
    """Printed strings that tell a paper: all of `all_of`, one of `any_of`, none of `none_of`."""

    all_of: tuple[str, ...] = ()
    any_of: tuple[str, ...] = ()
    none_of: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FieldType:
    """One field printed on a component."""

    name: str
    labels: tuple[str, ...]
    """Printed labels, any of them."""
    type: str
    """person_name, date, code, amount, duration, percent, phone, text, address, table, enum …"""
    pattern: str | None
    """Regular expression for `re.fullmatch` on squashed NFC text."""
    required: bool
    checks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ComponentType:
    """One kind of paper (thành phần hồ sơ)."""

    code: str
    name_vi: str
    name_en: str
    kind: str
    titles: tuple[str, ...]
    anchors: Anchors
    pages_min: int
    pages_max: int
    orientation: str
    """portrait, landscape, any, landscape_card_on_portrait_a4"""
    scan: ScanRule
    sensitive: bool
    multi_person: bool
    fields: tuple[FieldType, ...]

    def field(self, name: str) -> FieldType | None:
        """A field by name."""
        return next((f for f in self.fields if f.name == name), None)


@dataclass(frozen=True, slots=True)
class RetentionClass:
    """How long dossiers are kept (domain-pack E.6)."""

    code: str
    name_vi: str
    years: int | None
    """None: permanently, or, where `permanent` is false, for a term that nobody has set."""
    permanent: bool


@dataclass(frozen=True, slots=True)
class BenefitCase:
    """A case of a procedure and the papers it asks for."""

    code: str
    name_vi: str
    required: tuple[str, ...]
    one_of: tuple[tuple[str, ...], ...]
    conditional: tuple[tuple[str, str], ...]
    """(component code, condition in words)"""


@dataclass(frozen=True, slots=True)
class Procedure:
    """An administrative procedure (TTHC)."""

    code: str
    name_vi: str
    application: tuple[str, ...]
    """One of these is the application form."""
    always: tuple[str, ...]
    results: tuple[str, ...]
    retention: str
    """Code of domain-pack E.6."""
    cases: tuple[BenefitCase, ...]

    def case(self, code: str) -> BenefitCase:
        """A case by code.

        Raises:
            NotFound: `CASE_UNKNOWN`.
        """
        for case in self.cases:
            if case.code == code:
                return case
        raise NotFound("CASE_UNKNOWN", case=code, procedure=self.code)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The whole file. `version` and `sha256` go into every manifest and field set."""

    version: str
    sha256: str
    components: Mapping[str, ComponentType]
    """By code, in the order of the file."""
    procedures: Mapping[str, Procedure]
    dropouts: tuple[tuple[str, str], ...]
    """(printed, read) pairs of known lost accented vowels."""
    cccd_provinces: Mapping[str, str]
    """First three digits of a personal id → province of birth registration."""
    cccd_century_gender: Mapping[str, tuple[int, str]]
    """Fourth digit → (century, `Nam` or `Nữ`)."""
    dossier_code_patterns: Mapping[str, str]
    """Named patterns of printed dossier codes (domain-pack F.7)."""
    retention: Mapping[str, RetentionClass]
    """By code."""

    def component(self, code: str) -> ComponentType:
        """A component by code.

        Raises:
            NotFound: `COMPONENT_CODE_UNKNOWN`.
        """
        try:
            return self.components[code]
        except KeyError:
            raise NotFound("COMPONENT_CODE_UNKNOWN", component=code) from None

    def retention_of(self, procedure: str) -> RetentionClass:
        """How long dossiers of a procedure are kept.

        Raises:
            NotFound: `PROCEDURE_UNKNOWN`.
        """
        return self.retention[self.procedure(procedure).retention]

    def procedure(self, code: str) -> Procedure:
        """A procedure by code.

        Raises:
            NotFound: `PROCEDURE_UNKNOWN`.
        """
        try:
            return self.procedures[code]
        except KeyError:
            raise NotFound("PROCEDURE_UNKNOWN", procedure=code) from None
