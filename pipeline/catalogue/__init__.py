"""The component catalogue: what papers there are, how to know them, what stands on them.

Data, not code: one YAML file, replaced whole (`SOHOA_CATALOGUE`). May not come in: recognition
rules that belong to a stage, or a component's name spelled in Python.
"""

from __future__ import annotations

from pipeline.catalogue.loading import built_in_path, load_catalogue
from pipeline.catalogue.types import (
    Anchors,
    BenefitCase,
    Catalogue,
    ComponentType,
    FieldType,
    Procedure,
    RetentionClass,
    ScanRule,
)

OTHER = "Z_OTHER"
"""Code of the unclassified paper; every catalogue must have it."""

__all__ = [
    "OTHER",
    "Anchors",
    "BenefitCase",
    "Catalogue",
    "ComponentType",
    "FieldType",
    "Procedure",
    "RetentionClass",
    "ScanRule",
    "built_in_path",
    "load_catalogue",
]
