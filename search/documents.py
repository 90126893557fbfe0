"""What the index knows of one component, and how it is drawn from the archived sidecar.

May not come in: anything that is not also in the archive, else a rebuild would lose it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from pipeline.catalogue import Catalogue
from pipeline.models.base import Instant, Model
from pipeline.models.fields import FieldStatus
from pipeline.models.manifest import Sidecar
from pipeline.textnorm import nfc

_NAME_TYPES = frozenset({"person_name"})
_NUMBER_TYPES = frozenset({"code", "phone"})
_NUMBER_NAMES = ("_number", "_code", "_no")
_FIRST_NAME = "full_name"


class Document(Model):
    """One component in the index."""

    schema_: Literal["sohoa.index-document/1"] = Field(
        default="sohoa.index-document/1", alias="schema"
    )
    component_id: str
    dossier_code: str
    unit: str
    code: str
    """Component code of the catalogue."""
    procedure: str | None
    sensitive: bool
    """The catalogue says that papers of this kind are sensitive (health, family)."""
    received_at: Instant
    """When the batch was taken in: stands in records and manifests alike."""
    names: tuple[str, ...] = ()
    """Names of persons, the holder's first; as printed."""
    numbers: tuple[str, ...] = ()
    """Numbers and codes as printed: personal id, insurance number, document number, phone …"""
    values: tuple[str, ...] = ()
    """The other field values: what a person has corrected stands nowhere in the text."""
    digitisation_code: str = ""
    text: str = ""
    """Text of all pages, NFC, as archived."""
    unverified: tuple[str, ...] = ()
    """Names of fields whose value no person has confirmed; their values are searchable."""

    @property
    def full_name(self) -> str | None:
        """The holder's name, None where no name was read."""
        return self.names[0] if self.names else None


@dataclass(frozen=True, slots=True)
class ComponentFacts:
    """Facts about a component that its sidecar does not hold; records and manifest both do."""

    component_id: str
    code: str
    digitisation_code: str | None
    unit: str
    dossier_code: str
    procedure: str | None
    received_at: Instant
    """Of the batch."""


def document_of(facts: ComponentFacts, sidecar: Sidecar | None, catalogue: Catalogue) -> Document:
    """The document of one component.

    Args:
        facts: from records or manifest; they win over the sidecar.
        sidecar: text and field values; None where it is lost: the component is then found by its
            codes alone.
        catalogue: tells names and numbers among the fields; a code it does not know is taken as
            sensitive, and numbers are told by the field's name.
    """
    kind = catalogue.components.get(facts.code)
    names: list[str] = []
    numbers: list[str] = []
    values: list[str] = []
    unverified: list[str] = []
    for field in sidecar.fields if sidecar else ():
        known = kind.field(field.name) if kind else None
        if not field.value:
            continue
        if known is not None and known.type in _NAME_TYPES:
            names.insert(0 if field.name == _FIRST_NAME else len(names), nfc(field.value))
        elif (known is not None and known.type in _NUMBER_TYPES) or (
            field.name.endswith(_NUMBER_NAMES)
        ):
            numbers.append(nfc(field.value))
        else:
            values.append(nfc(field.value))
        if field.status == FieldStatus.REVIEW:
            unverified.append(field.name)
    return Document(
        component_id=facts.component_id,
        dossier_code=facts.dossier_code,
        unit=facts.unit,
        code=facts.code,
        procedure=facts.procedure,
        sensitive=kind.sensitive if kind else True,
        received_at=facts.received_at,
        names=tuple(dict.fromkeys(names)),
        numbers=tuple(dict.fromkeys(numbers)),
        values=tuple(dict.fromkeys(values)),
        digitisation_code=facts.digitisation_code or "",
        text=nfc("\n".join(page.text for page in sidecar.pages)) if sidecar else "",
        unverified=tuple(unverified),
    )
