"""The manifest of known models. A manifest that says something impossible is refused whole."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError

from pipeline.errors import ConfigError
from pipeline.models.base import Model, Sha256


class Measurement(Model):
    """One measured error rate. Figures taken under other conditions do not compare."""

    cer: Annotated[float, Field(ge=0)]
    """Character error rate: edit distance over the length of the true text, 0.01 is 1 %."""
    measured_on: str
    """ISO date."""
    conditions: str
    """What was read, how many pages, resolution, noise."""


class KnownModel(Model):
    """One model that Sohoa knows by its bytes."""

    name: str
    engine: str
    language: str
    file: str
    """Name of the file in a model folder."""
    sha256: Sha256
    size: int
    """Bytes."""
    licence: str
    """SPDX identifier."""
    origin: str
    rank: int
    """The highest rank installed is used unless another model is asked for."""
    measured: tuple[Measurement, ...] = ()


class _Manifest(Model):
    model: tuple[KnownModel, ...]


def load_manifest(path: Path | None = None) -> tuple[KnownModel, ...]:
    """Read a manifest (default: the one that ships with Sohoa).

    Raises:
        ConfigError: `MODEL_MANIFEST_INVALID`.
    """
    path = path or Path(__file__).parent / "data" / "models.toml"
    try:
        models = _Manifest.model_validate(tomllib.loads(path.read_text(encoding="utf-8"))).model
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, ValidationError) as error:
        raise ConfigError("MODEL_MANIFEST_INVALID", file=path.name) from error
    for values in ([m.name for m in models], [m.sha256 for m in models]):
        if len(set(values)) != len(values):
            raise ConfigError("MODEL_MANIFEST_INVALID", file=path.name)
    return models
