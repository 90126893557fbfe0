"""Which of the scanners that answer is the one that is meant; in doubt a person is asked."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.errors import ConfigError, ScannerUnavailable
from pipeline.models.scanning import DeviceIdentity, ScanSource
from pipeline.ports.scanning import Capabilities, ScannerDevice

_LONGEST = 80


def choose(
    devices: Sequence[ScannerDevice], wanted: str | None, *, by_name: bool = False
) -> ScannerDevice:
    """The device that is meant.

    Args:
        devices: those that answer now.
        wanted: its stable identity, or whole parts from its beginning; None: the only one.
        by_name: `wanted` may also be what the system calls it today: somebody who looks at the
            list now said it.

    Raises:
        ScannerUnavailable: `SCANNER_NONE`, `SCANNER_NOT_FOUND`.
        ConfigError: `SCANNER_AMBIGUOUS`: several fit; switched off and on, they may swap names.
    """
    if not devices:
        raise ScannerUnavailable("SCANNER_NONE")
    if by_name and wanted is not None:
        named = [device for device in devices if device.name == wanted]
        if named:
            return named[0]
    if wanted is None:
        fits = list(devices)
    else:
        begins = wanted.casefold()
        fits = [d for d in devices if str(d.identity).casefold() == begins] or [
            d for d in devices if str(d.identity).casefold().startswith(f"{begins}/")
        ]
    if not fits:
        raise ScannerUnavailable("SCANNER_NOT_FOUND", device=(wanted or "")[:_LONGEST])
    if len(fits) > 1:
        names = ", ".join(f"{d.identity} ({d.name})" for d in fits)
        raise ConfigError("SCANNER_AMBIGUOUS", devices=names)
    return fits[0]


def choose_again(devices: Sequence[ScannerDevice], identity: DeviceIdentity) -> ScannerDevice:
    """The device that a stack began in.

    Raises:
        ScannerUnavailable: `SCANNER_NONE`, `SCANNER_NOT_FOUND`.
        ConfigError: `SCANNER_AMBIGUOUS`.
    """
    if not devices:
        raise ScannerUnavailable("SCANNER_NONE")
    same = [device for device in devices if device.identity == identity]
    if not same:
        raise ScannerUnavailable("SCANNER_NOT_FOUND", device=str(identity)[:_LONGEST])
    return choose(same, None)


def settled_source(wanted: ScanSource, can: Capabilities) -> ScanSource:
    """Where the paper lies: the feeder where there is one, unless it is said."""
    if wanted is not ScanSource.AUTO:
        return wanted
    return ScanSource.FEEDER if ScanSource.FEEDER in can.sources else ScanSource.FLATBED
