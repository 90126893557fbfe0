"""What `scanimage -A` says of a device, and the arguments that ask it for a page.

Backends name the same thing differently; which name means what is decided here and nowhere else.
Every value that goes back to the device is one it listed itself, a number, or an administrator's.
May not come in: running programs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pipeline.errors import ConfigError
from pipeline.models.scanning import ScanMode, ScanSource
from pipeline.ports.scanning import Capabilities, ScanRequest

_LINE: Final = re.compile(r"^ {4}(?:--([a-z0-9][a-z0-9-]*)|-([ltxy]))(\[?=?\S.*| .*)?$")
_MARKS: Final = re.compile(r"(?: \[(?:advanced|hardware|read-only)\])*\s*$")
_RANGE: Final = re.compile(r"^(-?\d+(?:\.\d+)?)\.\.(-?\d+(?:\.\d+)?)([a-z%]*)")
_NUMBER: Final = re.compile(r"-?\d+(?:\.\d+)?")
_MEASURE: Final = re.compile(r"(-?\d+(?:\.\d+)?)(?:dpi|mm|bit|us|pel|%)?")
_UNSETTABLE: Final = ("inactive", "read-only", "hardware")
_OWN: Final = frozenset(
    {"source", "mode", "depth", "resolution", "page-width", "page-height", "l", "t", "x", "y"}
)
"""Set from the request; a profile's further options may not."""
_DUPLEX_MODES: Final = ("adf-mode", "scanmode", "scan-mode")
_TOLERANCE_MM: Final = 5.0
"""A scanner may be that much smaller than the paper: feeders often miss a few millimetres."""


@dataclass(frozen=True, slots=True)
class Option:
    """One option of a device."""

    name: str
    choices: tuple[str, ...]
    """Words it may be set to; none for numbers."""
    bounds: tuple[float, float] | None
    """Of a number."""
    numbers: tuple[float, ...]
    """The only numbers it may be set to."""
    current: str
    settable: bool

    @property
    def switch(self) -> bool:
        """True where it is yes or no."""
        return set(self.choices) >= {"yes", "no"}


def parse_options(text: str) -> dict[str, Option]:
    """Options by name; the geometry as `l`, `t`, `x`, `y`."""
    found: dict[str, Option] = {}
    for line in text.splitlines():
        match = _LINE.match(line)
        if match:
            name = match[1] or match[2]
            found.setdefault(name, _option(name, match[3] or ""))
    return found


def _option(name: str, rest: str) -> Option:
    settable = not any(f"[{mark}]" in rest for mark in _UNSETTABLE)
    said, bracket, current = _MARKS.sub("", rest).rpartition(" [")
    constraint = (said if bracket else current).strip()
    if constraint.startswith("[=("):
        constraint = constraint.removeprefix("[=(").removesuffix(")]")
    span = _RANGE.match(constraint)
    choices: tuple[str, ...] = ()
    numbers: tuple[float, ...] = ()
    if span is None and not constraint.startswith("<"):
        choices = tuple(part.strip() for part in constraint.split("|") if part.strip())
        values = [_MEASURE.fullmatch(choice) for choice in choices if choice != "auto"]
        if values and all(values):
            numbers = tuple(float(value[1]) for value in values if value)
    return Option(
        name=name,
        choices=choices,
        bounds=(float(span[1]), float(span[2])) if span else None,
        numbers=numbers,
        current=current.removesuffix("]") if bracket else "",
        settable=settable,
    )


def capabilities(options: Mapping[str, Option]) -> Capabilities:
    """What a device with these options can do."""
    return Capabilities(
        sources=frozenset(s for s in ScanSource if _source_arguments(options, s) is not None),
        modes=frozenset(mode for mode in ScanMode if _mode(options, mode) is not None),
        resolutions=_resolutions(options),
        area_mm=(_extent(options, "x"), _extent(options, "y")),
    )


def first_arguments(options: Mapping[str, Option], request: ScanRequest) -> tuple[str, ...]:
    """Arguments for source, mode and what the profile adds: other options depend on them.

    Raises:
        ConfigError: `SCANNER_CANNOT`; `SCANNER_OPTION_UNKNOWN`, one of the profile's.
    """
    source = _source_arguments(options, request.source)
    if source is None:
        raise ConfigError("SCANNER_CANNOT", what=request.source.value)
    mode = _mode(options, request.mode)
    if mode is None:
        raise ConfigError("SCANNER_CANNOT", what=request.mode.value)
    further = []
    for name, value in request.options.items():
        if name in _OWN or name not in options:
            raise ConfigError("SCANNER_OPTION_UNKNOWN", option=name)
        further.append(f"--{name}={value}")
    return (*source, *mode, *further)


def page_arguments(options: Mapping[str, Option], request: ScanRequest) -> tuple[str, ...]:
    """Arguments for resolution and page, of a device that is set to the first ones.

    Raises:
        ConfigError: `SCANNER_CANNOT`.
    """
    width, height = request.page_mm
    return (
        *_depth(options, request.mode),
        *_resolution(options, request.resolution),
        *_page(options, width, height),
    )


def sensed(options: Mapping[str, Option], sensor: str) -> bool:
    """True where a sensor of the device says yes."""
    option = options.get(sensor)
    return option is not None and option.current == "yes"


# -- by what names devices go -------------------------------------------------------------------


def _source_arguments(options: Mapping[str, Option], source: ScanSource) -> tuple[str, ...] | None:
    """Arguments for a source, None where the device has none of the kind."""
    option = options.get("source")
    if option is None or not option.settable or not option.choices:
        return () if source is ScanSource.FLATBED else None
    choice = _source(option.choices, source)
    if choice is not None:
        return (f"--source={choice}", *_sides(options, source))
    if source is ScanSource.DUPLEX:
        feeder = _source(option.choices, ScanSource.FEEDER)
        both = _sides(options, source)
        return (f"--source={feeder}", *both) if feeder and both else None
    return None


def _source(choices: Sequence[str], source: ScanSource) -> str | None:
    plain = {choice: choice.casefold() for choice in choices}
    duplex = [c for c, p in plain.items() if "duplex" in p or "both sides" in p]
    feeder = [
        c
        for c, p in plain.items()
        if c not in duplex
        and ("adf" in p or "feeder" in p or "front" in p or "simplex" in p)
        and "back" not in p
    ]
    flatbed = [c for c, p in plain.items() if "flat" in p or "table" in p or "platen" in p]
    kinds = {
        ScanSource.DUPLEX: duplex,
        ScanSource.FEEDER: feeder,
        ScanSource.FLATBED: flatbed,
    }
    return next(iter(kinds.get(source, [])), None)


def _sides(options: Mapping[str, Option], source: ScanSource) -> tuple[str, ...]:
    """Backends whose feeder has a switch of its own for both sides."""
    if source is ScanSource.FLATBED:
        return ()
    both = source is ScanSource.DUPLEX
    switch = options.get("duplex")
    if switch is not None and switch.switch:
        return (f"--duplex={'yes' if both else 'no'}",)
    for name in _DUPLEX_MODES:
        choices = options[name].choices if name in options else ()
        word = "duplex" if both else "simplex"
        choice = next((c for c in choices if c.casefold() == word), None)
        if choice is not None:
            return (f"--{name}={choice}",)
    return ()


def _mode(options: Mapping[str, Option], mode: ScanMode) -> tuple[str, ...] | None:
    option = options.get("mode")
    if option is None or not option.choices:
        return () if mode is ScanMode.COLOUR else None
    for choice in option.choices:
        plain = choice.casefold()
        colour = "color" in plain or "colour" in plain
        line = any(word in plain for word in ("lineart", "line art", "binary", "black & white"))
        grey = ("gray" in plain or "grey" in plain) and not colour and "diffusion" not in plain
        fits = {ScanMode.COLOUR: colour, ScanMode.GREY: grey, ScanMode.LINEART: line}
        if fits[mode]:
            return (f"--mode={choice}",)
    depths = options["depth"].choices if "depth" in options else ()
    if mode is ScanMode.LINEART and "1" in depths:
        return _mode(options, ScanMode.GREY)
    return None


def _depth(options: Mapping[str, Option], mode: ScanMode) -> tuple[str, ...]:
    option = options.get("depth")
    if option is None or not option.settable:
        return ()
    depth = "1" if mode is ScanMode.LINEART else "8"
    fits = float(depth) in option.numbers or (
        option.bounds is not None and option.bounds[0] <= float(depth) <= option.bounds[1]
    )
    return (f"--depth={depth}",) if fits else ()


def _resolutions(options: Mapping[str, Option]) -> tuple[int, int]:
    option = options.get("resolution") or options.get("x-resolution")
    if option is None:
        return (0, 0)
    if option.numbers:
        return (int(min(option.numbers)), int(max(option.numbers)))
    low, high = option.bounds or (0, 0)
    return (int(low), int(high))


def _resolution(options: Mapping[str, Option], wanted: int) -> tuple[str, ...]:
    """The wanted resolution, or the next one above it."""
    name = next((n for n in ("resolution", "x-resolution") if n in options), None)
    if name is None:
        raise ConfigError("SCANNER_CANNOT", what=f"{wanted} dpi")
    option = options[name]
    if option.numbers:
        above = [n for n in option.numbers if n >= wanted]
        if not above:
            raise ConfigError("SCANNER_CANNOT", what=f"{wanted} dpi")
        wanted = int(min(above))
    elif option.bounds and not option.bounds[0] <= wanted <= option.bounds[1]:
        raise ConfigError("SCANNER_CANNOT", what=f"{wanted} dpi")
    both = (f"--y-resolution={wanted}",) if name == "x-resolution" else ()
    return (f"--{name}={wanted}", *both)


def _extent(options: Mapping[str, Option], side: str) -> float:
    option = options.get({"x": "page-width", "y": "page-height"}[side]) or options.get(side)
    return option.bounds[1] if option and option.bounds else 0.0


def _page(options: Mapping[str, Option], width: float, height: float) -> tuple[str, ...]:
    """The whole page from the top left corner: nothing of a paper is cut off unseen."""
    out: list[str] = []
    for name, wanted in (("page-width", width), ("page-height", height)):
        if name in options and options[name].settable:
            out.append(f"--{name}={_fitted(options[name], wanted)}")
    for name in ("l", "t"):
        if name in options and options[name].settable:
            out += [f"-{name}", "0"]
    for name, wanted in (("x", width), ("y", height)):
        if name in options and options[name].settable:
            out += [f"-{name}", _fitted(options[name], wanted)]
    return tuple(out)


def _fitted(option: Option, wanted: float) -> str:
    most = option.bounds[1] if option.bounds else wanted
    if most < wanted - _TOLERANCE_MM:
        raise ConfigError("SCANNER_CANNOT", what=f"{wanted:g} mm")
    return f"{min(wanted, most):g}"
