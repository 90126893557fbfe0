"""Port of scanning: a device that turns sheets of paper into samples, one sheet at a time."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from pipeline.models.scanning import DeviceIdentity, ScanMode, ScanSource


@dataclass(frozen=True, slots=True)
class ScannerDevice:
    """A device that answers now."""

    name: str
    """How the system calls it today; may be another tomorrow."""
    identity: DeviceIdentity


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a device can do."""

    sources: frozenset[ScanSource]
    """Never `AUTO`."""
    modes: frozenset[ScanMode]
    resolutions: tuple[int, int]
    """Lowest and highest, dots per inch."""
    area_mm: tuple[float, float]
    """Widest and longest paper, millimetres."""


@dataclass(frozen=True, slots=True)
class ScanRequest:
    """How sheets are wanted."""

    source: ScanSource
    resolution: int
    """Dots per inch."""
    mode: ScanMode
    page_mm: tuple[float, float]
    """Width and height."""
    options: Mapping[str, str] = field(default_factory=dict)
    """Further options of this device by its own names."""


@dataclass(frozen=True, slots=True)
class ScannedSide:
    """One side of a sheet, as the device saw it."""

    width_px: int
    height_px: int
    mode: ScanMode
    dpi: float
    """As the device settled on, which may differ from what was asked for."""
    samples: bytes
    """Rows from the top without padding between them: RGB triples, grey bytes, or bits (most
    significant first, rows filled up to whole bytes, 1 is black)."""


@dataclass(frozen=True, slots=True)
class ScannedSheet:
    """One sheet of paper."""

    sides: tuple[ScannedSide, ...]
    """One, or two of a duplex scan; in the order in which the device gave them."""


@dataclass(frozen=True, slots=True)
class CapturedPage:
    """A side as it will be archived."""

    data: bytes
    suffix: str
    """`.jpg` or `.tif`."""


class Capture(Protocol):
    """Codes a side, once and for ever."""

    def __call__(self, side: ScannedSide, *, upside_down: bool) -> CapturedPage:
        """The page; the same samples give the same bytes.

        Args:
            side: as the device gave it.
            upside_down: it stands on its head; undone before it is coded.
        """
        ...


class Scanner(Protocol):
    """All scanners of this machine."""

    def devices(self) -> tuple[ScannerDevice, ...]:
        """Devices that answer now.

        Raises:
            MissingToolError: `SCANIMAGE_MISSING`.
            ScannerUnavailable: `SCANNER_SILENT`, looking takes too long.
        """
        ...

    def capabilities(self, device: ScannerDevice) -> Capabilities:
        """What a device can do.

        Raises:
            ScannerUnavailable: it is busy, gone, or may not be opened.
        """
        ...

    def sheets(
        self, device: ScannerDevice, request: ScanRequest, *, first: int = 1
    ) -> Generator[ScannedSheet]:
        """Sheets, each fed only when it is asked for; ends when the feeder is empty.

        From a flatbed one sheet for every time it is asked. Whoever stops asking closes the
        iterator, which lets the device go.

        Args:
            device: where the paper lies.
            request: how sheets are wanted; its source is not `AUTO`.
            first: number of the first one, for what is said of a sheet that fails.

        Raises:
            ConfigError: `SCANNER_CANNOT`, the device cannot do what is asked for;
                `SCANNER_OPTION_UNKNOWN`.
            ArchiveUnavailable: `DISK_FULL`.
            FeederEmpty: there is not one sheet.
            PaperJam, DoubleFeed, CoverOpen: at the sheet that was asked for.
            ScannerUnavailable: busy, gone, or silent for too long.
            ScannerError: `SCAN_DAMAGED` what came is no whole image, or larger than allowed;
                `SHEET_HALF` a sheet's other side is missing; `SCAN_CANCELLED` at the device.
        """
        ...
