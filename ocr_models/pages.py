"""The weights that tell pages and papers: read from data, verified, written after training.

May not come in: learning, and the facts that the weights weigh (they belong to the stage and to the
catalogue, which evaluate them).
"""

from __future__ import annotations

import hashlib
import io
import json
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, astuple, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from pipeline.catalogue.papers import PaperModel, Trust
from pipeline.errors import ConfigError
from pipeline.models.base import Model, Sha256
from pipeline.stages.separation import StartModel
from pipeline.stages.separation.starts import Tree

_PAPERS, _STARTS, _MANIFEST = "page-papers.npz", "page-starts.json", "page-models.toml"


class PageManifest(Model):
    """What is known about the weights."""

    version: str
    trained_on: str
    """From what pages, with which seed; never pages of people."""
    measured_on: str
    sha256: dict[str, Sha256]
    """By file name."""
    figures: dict[str, float]
    """On pages that were not trained on, shares 0 to 1 and counts."""
    rules_alone: dict[str, float]
    """The same, without weights."""
    thresholds: dict[str, float] = {}
    """Probabilities from which no person is asked, as tuned: `boundary`, and those of `Trust`."""


@dataclass(frozen=True, slots=True)
class PageModels:
    """Both models: trained together, used together."""

    papers: PaperModel
    starts: StartModel


def data_folder() -> Path:
    """Where the weights lie that ship with Sohoa."""
    return Path(__file__).parent / "data"


def write_models(
    models: PageModels,
    folder: Path,
    *,
    trained_on: str,
    measured_on: str,
    figures: Mapping[str, float],
    rules_alone: Mapping[str, float],
    thresholds: Mapping[str, float],
) -> None:
    """Write the weights and what is known about them; the same weights give the same bytes."""
    papers = models.papers
    arrays: dict[str, Any] = {
        "weights": papers.weights,
        "scales": papers.scales,
        "biases": papers.biases,
        "codes": np.array(papers.codes),
        "version": np.array(papers.version),
        "sharpness": np.array(papers.sharpness),
        "trust": np.array(astuple(papers.trust)),
    }
    out = io.BytesIO()
    np.savez_compressed(out, **arrays)
    text = json.dumps(asdict(models.starts), separators=(",", ":")) + "\n"
    files = {_PAPERS: out.getvalue(), _STARTS: text.encode("utf-8")}
    for name, data in files.items():
        (folder / name).write_bytes(data)
    lines = [
        "# Weights that tell where papers start and which paper a page reads like.",
        "# Written by `python -m benchmarks.training.pages`; do not edit.",
        f"version = {json.dumps(models.starts.version)}",
        f"trained_on = {json.dumps(trained_on, ensure_ascii=False)}",
        f"measured_on = {json.dumps(measured_on, ensure_ascii=False)}",
        "",
        "[sha256]",
        *(f'"{name}" = "{hashlib.sha256(data).hexdigest()}"' for name, data in files.items()),
    ]
    for section, values in (
        ("figures", figures),
        ("rules_alone", rules_alone),
        ("thresholds", thresholds),
    ):
        lines += ["", f"[{section}]", *(f"{name} = {value}" for name, value in values.items())]
    (folder / _MANIFEST).write_text("\n".join(lines) + "\n", encoding="utf-8")


def read_manifest(folder: Path | None = None) -> PageManifest:
    """What is known about the weights (default: those that ship with Sohoa).

    Raises:
        ConfigError: `PAGE_MODEL_INVALID`.
    """
    path = (folder or data_folder()) / _MANIFEST
    try:
        return PageManifest.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, ValidationError) as error:
        raise ConfigError("PAGE_MODEL_INVALID", file=_MANIFEST) from error


def load_models(folder: Path | None = None) -> PageModels:
    """Read the weights (default: those that ship with Sohoa); a few milliseconds.

    Raises:
        ConfigError: `PAGE_MODEL_INVALID` where a file is missing or is not what the manifest says.
    """
    folder = folder or data_folder()
    digests = read_manifest(folder).sha256
    papers = _papers(_verified(folder, _PAPERS, digests))
    starts = _starts(_verified(folder, _STARTS, digests))
    return PageModels(papers, starts)


def _verified(folder: Path, name: str, digests: Mapping[str, str]) -> bytes:
    try:
        data = (folder / name).read_bytes()
    except OSError as error:
        raise ConfigError("PAGE_MODEL_INVALID", file=name) from error
    if hashlib.sha256(data).hexdigest() != digests.get(name):
        raise ConfigError("PAGE_MODEL_INVALID", file=name)
    return data


def _papers(data: bytes) -> PaperModel:
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        return PaperModel(
            version=str(arrays["version"]),
            codes=tuple(str(code) for code in arrays["codes"]),
            weights=arrays["weights"],
            scales=arrays["scales"],
            biases=arrays["biases"],
            sharpness=float(arrays["sharpness"]),
            trust=Trust(*(float(share) for share in arrays["trust"])),
        )


def _starts(data: bytes) -> StartModel:
    kept = json.loads(data)
    trees = tuple(
        Tree(
            fact=tuple(tree["fact"]),
            limit=tuple(tree["limit"]),
            left=tuple(tree["left"]),
            right=tuple(tree["right"]),
            value=tuple(tree["value"]),
        )
        for tree in kept["trees"]
    )
    return StartModel(
        version=kept["version"],
        names=tuple(kept["names"]),
        base=kept["base"],
        trees=trees,
        slope=kept["slope"],
        shift=kept["shift"],
    )
