"""Which weights tell pages here: those that were learned here, else those that ship.

Learned weights lie in the home, in folders named by their identity, with what they were learned
from. A list (`in-use`) names them in the order in which they were installed; the last one is used
while it rests on the weights that ship. May not come in: learning, judging.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from ocr_models.pages import PageManifest, PageModels, load_models, read_manifest
from pipeline.errors import ConfigError
from pipeline.ids import digest
from pipeline.models.base import Model, Sha256
from pipeline.workspace import write_atomically

PROVENANCE = "provenance.json"
_IN_USE = "in-use"
_OWNER_ONLY = 0o700


class Source(Model):
    """One example that was learned or judged by: what names it, never what it says."""

    review: Sha256
    """Of the question that a person answered."""
    kind: str
    page: Sha256
    """Of the text of the page, as it was read."""
    judged: bool
    """True: not learned, but judged by."""


class Provenance(Model):
    """Where learned weights come from."""

    base: Sha256
    """Identity of the weights that they rest on."""
    replaced: Sha256
    """Identity of those that were in use and are measured beside them."""
    software: str
    examples: tuple[Source, ...]
    before: dict[str, dict[str, float]]
    """Measures by set of pages, of the replaced weights."""
    after: dict[str, dict[str, float]]
    """The same, of these."""


@dataclass(frozen=True, slots=True)
class ChosenModels:
    """Weights to use."""

    models: PageModels
    identity: str
    manifest: PageManifest
    provenance: Provenance | None
    """None for those that ship."""
    outdated: bool = False
    """Learned weights are there, but rest on others than those that ship now: not used."""


def identity_of(manifest: PageManifest) -> str:
    """Names weights by their bytes, whatever is said about them."""
    return digest("page-models", dict(sorted(manifest.sha256.items())))


def shipped_models() -> ChosenModels:
    """The weights that ship.

    Raises:
        ConfigError: `PAGE_MODEL_INVALID`.
    """
    manifest = read_manifest()
    return ChosenModels(load_models(), identity_of(manifest), manifest, None)


def read_learned(folder: Path) -> ChosenModels:
    """Weights that were learned, from their folder.

    Raises:
        ConfigError: `PAGE_MODEL_INVALID` where anything is not what was written.
    """
    manifest = read_manifest(folder)
    try:
        text = (folder / PROVENANCE).read_text(encoding="utf-8")
        provenance = Provenance.model_validate_json(text)
    except (OSError, UnicodeDecodeError, ValidationError) as error:
        raise ConfigError("PAGE_MODEL_INVALID", file=PROVENANCE) from error
    return ChosenModels(load_models(folder), identity_of(manifest), manifest, provenance)


def write_provenance(provenance: Provenance, folder: Path) -> None:
    """Put what the weights were learned from beside them."""
    document = json.dumps(provenance.model_dump(mode="json"), indent=1, sort_keys=True)
    (folder / PROVENANCE).write_text(document + "\n", encoding="utf-8")


class LearnedModels:
    """The learned weights of one home."""

    def __init__(self, folder: Path) -> None:
        """Nothing is made before something is installed.

        Args:
            folder: of the home, e.g. `models/pages`.
        """
        self._folder = folder

    def in_use(self) -> ChosenModels:
        """The weights to use.

        Raises:
            ConfigError: `PAGE_MODEL_INVALID`: damaged weights are never left aside in silence.
        """
        shipped = shipped_models()
        installed = self._installed()
        if not installed:
            return shipped
        learned = read_learned(self._folder / installed[-1])
        if learned.identity != installed[-1]:
            raise ConfigError("PAGE_MODEL_INVALID", file=_IN_USE)
        if learned.provenance is None or learned.provenance.base != shipped.identity:
            return ChosenModels(
                shipped.models, shipped.identity, shipped.manifest, None, outdated=True
            )
        return learned

    def install(self, folder: Path) -> ChosenModels:
        """Take weights over from a folder and use them from now on.

        Raises:
            ConfigError: `PAGE_MODEL_INVALID`; `PAGE_MODEL_OUTDATED` where they rest on other
                weights than those that ship.
        """
        learned = read_learned(folder)
        if learned.provenance is None or learned.provenance.base != shipped_models().identity:
            raise ConfigError("PAGE_MODEL_OUTDATED")
        self._folder.mkdir(parents=True, exist_ok=True, mode=_OWNER_ONLY)
        target = self._folder / learned.identity
        if not target.exists():
            with tempfile.TemporaryDirectory(dir=self._folder, prefix=".new-") as made:
                whole = Path(made) / "set"
                whole.mkdir(mode=_OWNER_ONLY)
                for name in (*learned.manifest.sha256, "page-models.toml", PROVENANCE):
                    write_atomically(whole / name, (folder / name).read_bytes())
                whole.rename(target)
        self._use([n for n in self._installed() if n != learned.identity] + [learned.identity])
        return learned

    def revert(self) -> ChosenModels:
        """Go back to the weights that were in use before; gives them.

        Raises:
            ConfigError: `PAGE_MODEL_NONE_LEARNED` where none were learned here.
        """
        installed = self._installed()
        if not installed:
            raise ConfigError("PAGE_MODEL_NONE_LEARNED")
        self._use(installed[:-1])
        shutil.rmtree(self._folder / installed[-1], ignore_errors=True)
        return self.in_use()

    def _installed(self) -> list[str]:
        """Identities, the one in use last."""
        try:
            return (self._folder / _IN_USE).read_text(encoding="ascii").split()
        except FileNotFoundError:
            return []
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError("PAGE_MODEL_INVALID", file=_IN_USE) from error

    def _use(self, installed: list[str]) -> None:
        write_atomically(self._folder / _IN_USE, "".join(f"{n}\n" for n in installed).encode())


def measures(figures: Mapping[str, float]) -> dict[str, float]:
    """Figures as they are written."""
    return {name: round(float(value), 6) for name, value in figures.items()}
