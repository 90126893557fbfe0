"""OCR models as verified assets: what is known about each, and which one is installed.

The manifest is data (`data/models.toml`): name, digest, licence, origin, measured error, rank.
May not come in: an engine, downloading.
"""

from __future__ import annotations

from ocr_models.manifest import KnownModel, Measurement, load_manifest
from ocr_models.placing import place_models
from ocr_models.registry import InstalledModel, installed_models, model_folders, pick_model

__all__ = [
    "InstalledModel",
    "KnownModel",
    "Measurement",
    "installed_models",
    "load_manifest",
    "model_folders",
    "pick_model",
    "place_models",
]
