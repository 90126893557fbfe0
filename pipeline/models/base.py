"""The common base of persisted models, and the small types they share."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
"""Lower-case hexadecimal SHA-256."""

Ratio = Annotated[float, Field(ge=0.0, le=1.0)]
"""A confidence or share, 0 to 1."""


def _in_utc(value: dt.datetime) -> dt.datetime:
    if value.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return value.astimezone(dt.UTC)


Instant = Annotated[dt.datetime, AfterValidator(_in_utc)]
"""An aware moment, stored in UTC."""


class Model(BaseModel):
    """A frozen value that is persisted or crosses a process; unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Box(Model):
    """A rectangle. The frame (upright pixels or page points) is said where it is used.

    In upright pixels y grows downwards and `y0` is the top edge; in page points y grows upwards
    and `y0` is the bottom edge. Either way `x0 <= x1` and `y0 <= y1`.
    """

    x0: float
    y0: float
    x1: float
    y1: float

    @property
    def width(self) -> float:
        """Horizontal extent in the units of the box."""
        return self.x1 - self.x0

    @property
    def height(self) -> float:
        """Vertical extent in the units of the box."""
        return self.y1 - self.y0

    def union(self, other: Box) -> Box:
        """The smallest box that holds both."""
        return Box(
            x0=min(self.x0, other.x0),
            y0=min(self.y0, other.y0),
            x1=max(self.x1, other.x1),
            y1=max(self.y1, other.y1),
        )

    def as_list(self) -> list[float]:
        """`[x0, y0, x1, y1]`, rounded to two decimals for output."""
        return [round(v, 2) for v in (self.x0, self.y0, self.x1, self.y1)]
