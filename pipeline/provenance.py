"""What made a result: stage, its version, engine, software. Part of digests and manifests."""

from __future__ import annotations

from importlib import metadata
from typing import Final

SOFTWARE_NAME: Final = "Sohoa"

STAGE_VERSIONS: Final[dict[str, int]] = {
    "intake": 2,
    "imaging": 4,
    "sheets": 2,
    "recognition": 11,
    "separation": 6,
    "classification": 5,
    "assembly": 4,
    "extraction": 14,
}
"""Raised whenever a stage's output changes for the same input: old results are then remade."""


def software() -> str:
    """`Sohoa x.y.z`, as written into manifests and transfer notes."""
    try:
        return f"{SOFTWARE_NAME} {metadata.version('sohoa')}"
    except metadata.PackageNotFoundError:
        return f"{SOFTWARE_NAME} (source)"
