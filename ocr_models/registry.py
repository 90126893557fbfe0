"""Which models are installed, verified by their bytes, and which one to use.

A Vietnamese model whose digest the manifest does not know may be used, but is named
`unverified-…` with its own digest, so that provenance and `doctor` can say so.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ocr_models.manifest import KnownModel, load_manifest
from pipeline.errors import MissingToolError

LANGUAGE = "vie"
"""Read alone: together with other languages it reads Vietnamese worse."""

_SYSTEM_FOLDERS = (
    "/usr/share/tesseract-ocr/5/tessdata",
    "/usr/share/tesseract-ocr/4.00/tessdata",
    "/usr/share/tessdata",
    "/usr/local/share/tessdata",
    "/opt/homebrew/share/tessdata",
)
_SHIPPED_FOLDER = Path(__file__).parent / "data"
_UNVERIFIED_RANK = -1


@dataclass(frozen=True, slots=True)
class InstalledModel:
    """A model file on this machine."""

    name: str
    """Of the manifest, or `unverified-` and the first letters of the digest."""
    path: Path
    sha256: str
    """Computed from the file."""
    verified: bool
    """True where the manifest knows these bytes."""
    rank: int


def model_folders(
    environ: Mapping[str, str] | None = None, own: Path | None = None
) -> tuple[Path, ...]:
    """Folders that may hold models: the own one, `TESSDATA_PREFIX`, what ships, the system's."""
    environ = os.environ if environ is None else environ
    folders = [_SHIPPED_FOLDER, *(Path(name) for name in _SYSTEM_FOLDERS)]
    if prefix := environ.get("TESSDATA_PREFIX"):
        folders = [Path(prefix), Path(prefix) / "tessdata", *folders]
    if own is not None:
        folders = [own, *folders]
    return tuple(dict.fromkeys(folder for folder in folders if folder.is_dir()))


def installed_models(
    folders: Sequence[Path] | None = None, known: Sequence[KnownModel] | None = None
) -> tuple[InstalledModel, ...]:
    """Vietnamese models found, best first; each is hashed (tens of milliseconds).

    Args:
        folders: where to look; None: `model_folders()`.
        known: the manifest; None: the one that ships with Sohoa.
    """
    known = load_manifest() if known is None else known
    by_digest = {model.sha256: model for model in known}
    names = dict.fromkeys([*(model.file for model in known), f"{LANGUAGE}.traineddata"])
    found: dict[str, InstalledModel] = {}
    for folder in model_folders() if folders is None else folders:
        for name in names:
            model = _installed(folder / name, by_digest)
            if model is not None:
                found.setdefault(model.sha256, model)
    return tuple(sorted(found.values(), key=lambda model: -model.rank))


def pick_model(
    wanted: str | None = None,
    *,
    folders: Sequence[Path] | None = None,
    known: Sequence[KnownModel] | None = None,
) -> InstalledModel:
    """The model to read with.

    Args:
        wanted: a name of the manifest or of an unverified model; None: the best installed.
        folders: see `installed_models`.
        known: see `installed_models`.

    Raises:
        MissingToolError: `MODEL_MISSING`.
    """
    for model in installed_models(folders, known):
        if wanted in (None, model.name):
            return model
    raise MissingToolError("MODEL_MISSING", model=wanted or f"{LANGUAGE}.traineddata")


def _installed(path: Path, by_digest: Mapping[str, KnownModel]) -> InstalledModel | None:
    try:
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None
    if (model := by_digest.get(sha256)) is not None:
        return InstalledModel(model.name, path, sha256, verified=True, rank=model.rank)
    name = f"unverified-{sha256[:12]}"
    return InstalledModel(name, path, sha256, verified=False, rank=_UNVERIFIED_RANK)
