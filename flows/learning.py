"""Learning from people in one home: examples, retraining, taking into use, going back. No Prefect.

Whatever changes the weights in use goes to the ledger, with their identity. May not come in: rules
of learning (`casework.learning`), sentences.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from flows.wiring import Ports
from ocr_models.page_registry import (
    ChosenModels,
    LearnedModels,
    shipped_models,
    write_provenance,
)
from pipeline.errors import ConfigError
from pipeline.ids import digest
from pipeline.models.actors import Actor
from pipeline.models.events import Event

if TYPE_CHECKING:
    from casework.learning import Examples, Retrained


class Learning:
    """The use cases of learning."""

    def __init__(self, ports: Ports) -> None:
        """Nothing is opened before it is used."""
        self._ports = ports

    def examples(self, actor: Actor) -> Examples:
        """What people decided so far; the read goes to the ledger.

        Raises:
            ArchiveUnavailable: the archive cannot be reached.
        """
        from casework.learning import gather

        found = gather(self._ports.records, self._ports.store_to_read)
        self._tell("examples.read", actor, {"examples": str(len(found.sources))})
        return found

    def retrain(self, actor: Actor, out: Path | None = None) -> tuple[Retrained, ChosenModels]:
        """Weights that learned from the examples, in use from now on (or in `out` alone).

        Args:
            actor: who asks for it.
            out: a folder to write into, made where it is missing; None: take them into use.

        Raises:
            LearningRefused: too few examples, a measure got worse, or none got better.
            ConfigError: `OUT_UNUSABLE`.
        """
        from casework.learning import retrain
        from ocr_models.trials import load_golden

        ports = self._ports
        made = retrain(
            self.examples(actor),
            shipped_models(),
            self.in_use(),
            load_golden(),
            ports.catalogue,
            ports.settings.split,
        )
        if out is not None:
            try:
                out.mkdir(parents=True, exist_ok=True, mode=0o700)
                _write(made, out)
            except OSError as error:
                raise ConfigError("OUT_UNUSABLE", problem=error.strerror or "") from error
            from ocr_models.page_registry import read_learned

            return made, read_learned(out)
        with tempfile.TemporaryDirectory() as folder:
            _write(made, Path(folder))
            return made, self.install(Path(folder), actor)

    def install(self, folder: Path, actor: Actor) -> ChosenModels:
        """Take weights that were learned elsewhere (another host of the office) into use.

        Raises:
            ConfigError: `PAGE_MODEL_INVALID`, `PAGE_MODEL_OUTDATED`.
        """
        learned = self._learned.install(folder)
        self._tell("models.installed", actor, {}, {"page_models": learned.identity})
        return learned

    def revert(self, actor: Actor) -> ChosenModels:
        """Go back to the weights that were in use before.

        Raises:
            ConfigError: `PAGE_MODEL_NONE_LEARNED`.
        """
        before = self._learned.revert()
        self._tell("models.reverted", actor, {}, {"page_models": before.identity})
        return before

    def in_use(self) -> ChosenModels:
        """The weights in use.

        Raises:
            ConfigError: `PAGE_MODEL_INVALID`.
        """
        return self._learned.in_use()

    @property
    def _learned(self) -> LearnedModels:
        return LearnedModels(self._ports.settings.model_folder / "pages")

    def _tell(
        self,
        action: str,
        actor: Actor,
        subjects: Mapping[str, str],
        hashes: Mapping[str, str] | None = None,
    ) -> None:
        at = self._ports.clock.now()
        event = Event(
            event_id=digest("event", action, actor.id, dict(subjects), at.isoformat()),
            at=at,
            actor=actor,
            action=action,
            subjects=dict(subjects),
            hashes=dict(hashes or {}),
        )
        self._ports.records.append([event])
        self._ports.records.chain_events()


def _write(made: Retrained, folder: Path) -> None:
    from casework.learning.retraining import GOLDEN
    from ocr_models.pages import write_models

    kinds = [source for source in made.provenance.examples if not source.judged]
    write_models(
        made.models,
        folder,
        trained_on=f"the shipped weights and {len(kinds)} decisions of people",
        measured_on="the golden pages that ship; the office's own are in provenance.json",
        figures=made.provenance.after[GOLDEN],
        rules_alone={},
        thresholds=shipped_models().manifest.thresholds,
    )
    write_provenance(made.provenance, folder)
