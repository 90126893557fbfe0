"""A small fixed slice of the measurement, and the floors under it.

`python -m benchmarks.measuring.floors` compares, `--record` sets the floors: two batches of part
`tune`, always the same. A floor is what was measured when it was recorded; rates of text have some
room, since engines built for other processors differ in single letters. Record after a change that
makes the figures better, or the batches others: a lower floor shows in the diff. May not come in:
goals.
"""

from __future__ import annotations

import argparse
import json
import math
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.factory.truth import Level, Part
from benchmarks.measuring.figures import figures
from benchmarks.measuring.outcomes import Outcome
from benchmarks.measuring.running import Wanted, Yardstick

SLICE: Final = (
    Wanted(Level.MID, Part.TUNE, seed=902, sheets=False, pages=12),
    Wanted(Level.MID, Part.TUNE, seed=902, sheets=True, pages=10),
)
FLOORS: Final = Path(__file__).with_name("floors.json")
_ROOM: Final = {"CER, print": 0.0005, "WER, print": 0.002}
_AT_MOST: Final = (
    "CER, print",
    "WER, print",
    "batches held, no sheets",
    "batches held, sheets",
    "batches wrong and not held",
    "printed fields to review",
    "printed fields missed",
    "false accepts",
    "accepted, not in the truth",
    "orientation wrong",
    "blank wrong",
    "blank asked",
    "sheets wrong",
)
_AT_LEAST: Final = (
    "boundary F1, no sheets",
    "boundary F1, sheets",
    "component accuracy, no sheets",
    "component accuracy, sheets",
    "components whole and right, no sheets",
    "components whole and right, sheets",
    "printed fields exact",
)


@dataclass(frozen=True, slots=True)
class Fall:
    """A figure under its floor."""

    name: str
    value: float | None
    """None: it is no more measured."""
    floor: float


def measure() -> dict[str, float]:
    """The figures of the slice by name.

    Raises:
        RuntimeError: the chain failed.
    """
    with tempfile.TemporaryDirectory(prefix="sohoa-slice-") as place:
        outcomes: Sequence[Outcome] = tuple(Yardstick(Path(place)).outcomes(SLICE))
    wanted = {*_AT_MOST, *_AT_LEAST}
    found = figures(Level.MID, outcomes)
    return {f.name: f.value for f in found if f.name in wanted and f.value is not None}


def falls(measured: Mapping[str, float], floors: Mapping[str, float]) -> tuple[Fall, ...]:
    """Figures that are worse than their floor, or that are no more measured."""
    out = []
    for name, floor in floors.items():
        value = measured.get(name)
        if value is None:
            worse = True
        elif name in _AT_MOST:
            worse = value > floor + _ROOM.get(name, 0.0)
        else:
            worse = value < floor
        if worse:
            out.append(Fall(name, value, floor))
    return tuple(out)


def recorded() -> dict[str, float]:
    """The floors."""
    floors: dict[str, float] = json.loads(FLOORS.read_text(encoding="utf-8"))
    return floors


def _rounded(name: str, value: float) -> float:
    """Five digits, towards what is worse: a floor must hold for what it was made from."""
    outwards = math.ceil if name in _AT_MOST else math.floor
    return outwards(round(value * 1e5, 3)) / 1e5


def main() -> None:
    """Measure and compare, or set the floors."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--record", action="store_true", help="set the floors to what is measured")
    chosen = parser.parse_args()
    measured = {name: _rounded(name, value) for name, value in measure().items()}
    print(json.dumps(measured, indent=1))
    if chosen.record:
        FLOORS.write_text(json.dumps(measured, indent=1) + "\n", encoding="utf-8")
        return
    for fall in falls(measured, recorded()):
        print(f"FELL: {fall.name}: {fall.value}, floor {fall.floor}")


if __name__ == "__main__":
    main()
