"""What several papers of a dossier say alike confirms itself.

A value in doubt only for its confidence is settled where another paper says the same of the same
person and is sure of it, or where both are figures: a misreading would have to give, sign by sign,
what stands elsewhere. A name printed without marks, as banks do, is settled by the same one with
them. Names of other people of a family are alike, and confirm nothing: each role has its own
register. May not come in: contradictions (`crosscheck`), doubts of any other kind.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from pipeline.models.components import Classified
from pipeline.models.fields import FieldSet, FieldStatus, FieldValue
from pipeline.stages.extraction.extracting import LOW_CONFIDENCE, Extraction
from pipeline.textnorm import squash, strip_marks

_Key: TypeAlias = tuple[int, str, str]
"""Dossier, register, what was read."""
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
_NAME: Final = "name"
"""How registers of names begin."""
_LEAST_NAME: Final = 2
"""Syllables of a name that can confirm another."""
_BARE_NAME: Final = 3
"""Syllables of a name that may have been printed without marks."""
_LOST: Final = 2
"""Of these, so many at least have marks: no engine loses them all, and one soon."""

_FIGURES: Final = frozenset({"bhxh", "id", "birth", "phone", "account"})
"""Registers of figures: two papers are hardly ever misread into the same other number. A rare name
is, where a font draws its marks alike."""
_LEAST_DOUBT: Final = 0.001
"""Share of wrong values among those accepted, as for a single reading."""


@dataclass(frozen=True, slots=True)
class _Said:
    """What one paper says."""

    paper: str
    """Component id."""
    confidence: float
    accepted: bool


def agree(found: Sequence[tuple[Classified, Extraction]]) -> tuple[Extraction, ...]:
    """Extractions with values accepted that another paper of their dossier confirms.

    Figures confirm each other even where no paper is sure of them, if both being wrong is as rare
    as is asked of one sure reading.

    Args:
        found: the components of a batch; dossiers are kept apart.
    """
    said: dict[_Key, list[_Said]] = {}
    names: dict[_Key, set[_Key]] = {}
    """Of names as they are printed without marks: which ones that may be, by sure papers."""
    for component, extraction in found:
        for key, value in _told(component, extraction.fields):
            accepted = value.status is FieldStatus.ACCEPTED
            if accepted or value.reasons == (LOW_CONFIDENCE,):
                one = _Said(component.component_id, value.confidence, accepted)
                said.setdefault(key, []).append(one)
            if accepted and (bare := _without_marks(key)) is not None:
                names.setdefault(bare, set()).add(key)
    meant = {bare: keys.pop() for bare, keys in names.items() if len(keys) == 1}
    return tuple(_settled(component, extraction, said, meant) for component, extraction in found)


def _settled(
    component: Classified,
    extraction: Extraction,
    said: Mapping[_Key, Sequence[_Said]],
    meant: Mapping[_Key, _Key],
) -> Extraction:
    confirmed: dict[str, float] = {}
    for key, value in _told(component, extraction.fields):
        if value.reasons == (LOW_CONFIDENCE,):
            same = [*said.get(key, ())]
            if value.value.isascii() and value.value.isupper() and key in meant:
                same += said[meant[key]]
            others = [one for one in same if one.paper != component.component_id]
            confidence = _together(key, value.confidence, others)
            if confidence is not None:
                confirmed[value.name] = confidence
    if not confirmed:
        return extraction
    fields = tuple(
        value.model_copy(
            update={
                "status": FieldStatus.ACCEPTED,
                "reasons": (),
                "confidence": round(confirmed[value.name], 4),
            }
        )
        if value.name in confirmed
        else value
        for value in extraction.fields.fields
    )
    reviews = tuple(item for item in extraction.reviews if item.field not in confirmed)
    return Extraction(extraction.fields.model_copy(update={"fields": fields}), reviews)


def _together(key: _Key, confidence: float, others: Sequence[_Said]) -> float | None:
    """Confidence in what several papers say; None where they do not confirm it."""
    sure = [one.confidence for one in others if one.accepted]
    if sure:
        return max(sure)
    if not others or key[1] not in _FIGURES:
        return None
    doubt = (1.0 - confidence) * (1.0 - max(one.confidence for one in others))
    return 1.0 - doubt if doubt <= _LEAST_DOUBT else None


def _without_marks(key: _Key) -> _Key | None:
    """A marked name as it is printed where there are no marks; None of anything else."""
    dossier, register, text = key
    words = text.split()
    lost = sum(not word.isascii() for word in words)
    if not register.startswith(_NAME) or len(words) < _BARE_NAME or lost < _LOST:
        return None
    return dossier, register, strip_marks(text)


def _told(component: Classified, fields: FieldSet) -> Iterator[tuple[_Key, FieldValue]]:
    """Values that can confirm each other, by dossier, register and text."""
    for value in fields.fields:
        register = _REGISTERS.get(value.name)
        text = squash(value.value).upper()
        if register is None or not text:
            continue
        if register.startswith(_NAME) and len(text.split()) < _LEAST_NAME:
            continue
        yield (component.dossier, register, text), value
