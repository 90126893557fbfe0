"""Which papers of a case are not there yet (domain-pack C.1, C.2)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from pipeline.catalogue import Catalogue, ScanRule

_PHYSICAL = "physical_item"
"""Condition of a paper that is there and never scanned."""


@dataclass(frozen=True, slots=True)
class Gaps:
    """Papers asked for and not among the components."""

    missing: tuple[str, ...]
    """Component codes, or alternatives as `A|B`, that must still come."""
    conditional: tuple[tuple[str, str], ...]
    """(component code, condition): asked for only where the condition holds, never missing."""


def gaps(procedure: str, case: str, present: Collection[str], catalogue: Catalogue) -> Gaps:
    """What a dossier still lacks at submission.

    A paper that is never scanned (the sổ BHXH) is a physical item: listed as conditional.

    Raises:
        NotFound: `PROCEDURE_UNKNOWN`, `CASE_UNKNOWN`.
    """
    rules = catalogue.procedure(procedure)
    wanted = rules.case(case)
    groups = [rules.application, *wanted.one_of]
    groups += [(code,) for code in dict.fromkeys((*rules.always, *wanted.required))]
    missing: list[str] = []
    conditional = list(wanted.conditional)
    for group in groups:
        if any(code in present for code in group):
            continue
        scanned = [c for c in group if catalogue.component(c).scan is not ScanRule.NO]
        if scanned:
            missing.append("|".join(scanned))
        else:
            conditional += [(code, _PHYSICAL) for code in group]
    return Gaps(
        missing=tuple(dict.fromkeys(missing)),
        conditional=tuple((code, when) for code, when in conditional if code not in present),
    )


def archive_gaps(
    procedure: str, case: str, present: Collection[str], catalogue: Catalogue
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What a dossier still lacks for the archive (domain-pack C.1): results, too, and the book.

    Args:
        procedure: code.
        case: code.
        present: codes of components, physical items and waived papers.
        catalogue: the rules.

    Returns:
        Codes of files that are missing, and of papers that must be noted as physical items.

    Raises:
        NotFound: `PROCEDURE_UNKNOWN`, `CASE_UNKNOWN`.
    """
    lacking = gaps(procedure, case, present, catalogue)
    missing = list(lacking.missing)
    physical = [code for code, when in lacking.conditional if when == _PHYSICAL]
    for code in catalogue.procedure(procedure).results:
        if code not in present:
            scanned = catalogue.component(code).scan is not ScanRule.NO
            (missing if scanned else physical).append(code)
    return tuple(dict.fromkeys(missing)), tuple(dict.fromkeys(physical))
