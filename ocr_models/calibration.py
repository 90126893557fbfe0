"""What readings of values are worth, as data: which scores are how often wrong, and from what.

The file is made by `benchmarks.training.calibration` and holds for one engine only. May not come
in: making it, and what follows from a score (`pipeline.stages.extraction.trust`).
"""

from __future__ import annotations

import hashlib
import math
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import Field, ValidationError, model_validator

from pipeline.errors import ConfigError
from pipeline.models.base import Model
from pipeline.models.text import EngineIdentity
from pipeline.stages.extraction.evidence import ALONE, TWICE, ValueKind
from pipeline.stages.extraction.trust import Calibration, Curve, Curves
from pipeline.vietnamese import Lexicon, Names, load_lexicon, load_names, load_units

TARGET: Final = 0.001
"""Share of wrong values among those accepted."""
FILE: Final = "field-calibration.json"

Count = Annotated[int, Field(ge=0)]
Share = Annotated[float, Field(ge=0.0, le=1.0)]


class BandRecord(Model):
    """Values of nearly the same score."""

    score: float
    """Of the lowest."""
    values: Count
    wrong: Count
    error: Share
    """Expected share of wrong values: half a wrong one more than was seen."""
    error_at_most: Share
    """With 95 % certainty."""


class CurveRecord(Model):
    """Score and error of one kind of value."""

    weights: dict[str, float]
    """By fact."""
    page_from: Share
    """Median confidence of a page from which on its values can be accepted."""
    values: Count
    wrong: Count
    accept_from: float | None
    """Score; None: no score is good enough."""
    accepted: Count
    accepted_wrong: Count
    accepted_error_at_most: Share
    """With 95 % certainty; that the limits were chosen on the same values is not counted."""
    bands: tuple[BandRecord, ...]
    """By rising score and falling error."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        scores = [band.score for band in self.bands]
        errors = [band.error for band in self.bands]
        if scores != sorted(scores) or errors != sorted(errors, reverse=True):
            raise ValueError("bands do not rise")
        if sum(b.values for b in self.bands) != self.values:
            raise ValueError("bands do not hold all values")
        if sum(b.wrong for b in self.bands) != self.wrong:
            raise ValueError("bands do not hold all wrong values")
        return self

    def curve(self, names: tuple[str, ...]) -> Curve:
        """As extraction weighs it; `names` are the facts in order.

        Raises:
            KeyError: a fact has no weight.
        """
        return Curve(
            weights=tuple(self.weights[name] for name in names),
            scores=tuple(band.score for band in self.bands),
            errors=tuple(band.error for band in self.bands),
            page_from=self.page_from,
            accept_from=math.inf if self.accept_from is None else self.accept_from,
        )


class CurvesRecord(Model):
    """What was measured on pages of one state."""

    sheets: Count
    alone: dict[ValueKind, CurveRecord]
    """Of one reading."""
    twice: dict[ValueKind, CurveRecord]
    """Of a second reading, counted on the values for which the first was not enough."""

    def curves(self) -> Curves:
        """As extraction weighs them.

        Raises:
            KeyError: a kind of value or a weight is missing.
        """
        return Curves(
            alone={kind: self.alone[kind].curve(ALONE) for kind in ValueKind},
            twice={kind: self.twice[kind].curve(TWICE) for kind in ValueKind},
        )


class CalibrationRecord(Model):
    """The file."""

    schema_id: Literal["sohoa.field-calibration/3"] = "sohoa.field-calibration/3"
    engine: EngineIdentity
    target: Share
    made_from: str
    sheets: tuple[int, ...]
    """Seeds."""
    parts: tuple[str, ...]
    levels: tuple[str, ...]
    printed: dict[ValueKind, Count]
    """Values on the sheets, those included that a check objected to or that were not found."""
    worn_from: Annotated[float, Field(ge=0.0)]
    """Specks to a letter above which a page is worn."""
    sound: CurvesRecord
    worn: CurvesRecord


def data_file() -> Path:
    """The calibration that ships with Sohoa."""
    return Path(__file__).parent / "data" / FILE


def load_record(path: Path | None = None) -> CalibrationRecord:
    """The file as it is.

    Raises:
        ConfigError: `CALIBRATION_INVALID`.
    """
    path = data_file() if path is None else path
    try:
        return CalibrationRecord.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise ConfigError("CALIBRATION_INVALID", path=str(path)) from error


def load_knowledge() -> tuple[Names, Lexicon]:
    """What the words of values are weighed by: names of people; phrases, names of places included.

    Raises:
        OSError, ValueError: the installation is damaged.
    """
    return load_names(), load_lexicon(f"{unit.kind} {unit.name}" for unit in load_units().all)


def load_calibration(path: Path | None = None) -> Calibration:
    """The calibration, ready to weigh values.

    Raises:
        ConfigError: `CALIBRATION_INVALID`.
    """
    record = load_record(path)
    names, lexicon = load_knowledge()
    try:
        return Calibration(
            engine=record.engine,
            digest=hashlib.sha256(record.model_dump_json().encode()).hexdigest(),
            target=record.target,
            worn_from=record.worn_from,
            sound=record.sound.curves(),
            worn=record.worn.curves(),
            names=names,
            lexicon=lexicon,
        )
    except KeyError as error:
        raise ConfigError("CALIBRATION_INVALID", path=str(path or data_file())) from error
