"""What several papers of a dossier say alike confirms itself.

A value in doubt only for its confidence is settled where another paper says the same of the same
person and is sure of it: a misreading would have to give, letter by letter, what stands
elsewhere. Names of other people of a family are alike, and confirm nothing: each role has its
own register. May not come in: contradictions (`crosscheck`), doubts of any other kind.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from pipeline.models.components import Classified
from pipeline.models.fields import FieldSet, FieldStatus, FieldValue
from pipeline.stages.extraction.extracting import LOW_CONFIDENCE, Extraction
from pipeline.textnorm import squash

_REGISTERS: Final[Mapping[str, str]] = {
    "full_name": "name",
    "account_holder": "name",
    "principal_name": "name",
    "declarant_name": "name",
    "agent_name": "name of the agent",
    "deceased_name": "name of the deceased",
    "mother_name": "name of the mother",
    "father_name": "name of the father",
    "child_name": "name of the child",
    "bhxh_code": "bhxh",
    "deceased_bhxh_code": "bhxh",
    "bhxh_or_card": "bhxh",
    "id_number": "id",
    "personal_id": "id",
    "declarant_id": "id",
    "agent_id": "id",
    "birth_date": "birth",
    "deceased_birth": "birth",
    "phone": "phone",
    "account_number": "account",
}
"""Field → what it names. Fields of one register, read alike, confirm each other."""
_LEAST_NAME: Final = 2
"""Syllables of a name that can confirm another."""


def agree(found: Sequence[tuple[Classified, Extraction]]) -> tuple[Extraction, ...]:
    """Extractions with values accepted that another paper of their dossier confirms.

    Args:
        found: the components of a batch; dossiers are kept apart.
    """
    sure: dict[tuple[int, str, str], dict[str, float]] = {}
    for component, extraction in found:
        for key, value in _told(component, extraction.fields):
            if value.status is FieldStatus.ACCEPTED:
                papers = sure.setdefault(key, {})
                papers[component.component_id] = value.confidence
    return tuple(_settled(component, extraction, sure) for component, extraction in found)


def _settled(
    component: Classified,
    extraction: Extraction,
    sure: Mapping[tuple[int, str, str], Mapping[str, float]],
) -> Extraction:
    confirmed: dict[str, float] = {}
    for key, value in _told(component, extraction.fields):
        others = {
            paper: confidence
            for paper, confidence in sure.get(key, {}).items()
            if paper != component.component_id
        }
        if value.reasons == (LOW_CONFIDENCE,) and others:
            confirmed[value.name] = max(others.values())
    if not confirmed:
        return extraction
    fields = tuple(
        value.model_copy(
            update={
                "status": FieldStatus.ACCEPTED,
                "reasons": (),
                "confidence": confirmed[value.name],
            }
        )
        if value.name in confirmed
        else value
        for value in extraction.fields.fields
    )
    reviews = tuple(item for item in extraction.reviews if item.field not in confirmed)
    return Extraction(extraction.fields.model_copy(update={"fields": fields}), reviews)


def _told(
    component: Classified, fields: FieldSet
) -> Iterator[tuple[tuple[int, str, str], FieldValue]]:
    """Values that can confirm each other, by dossier, register and text."""
    for value in fields.fields:
        register = _REGISTERS.get(value.name)
        text = squash(value.value).upper()
        if register is None or not text:
            continue
        if register.startswith("name") and len(text.split()) < _LEAST_NAME:
            continue
        yield (component.dossier, register, text), value
