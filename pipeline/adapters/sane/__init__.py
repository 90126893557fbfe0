"""Any scanner that SANE drives, behind the `Scanner` port.

`program` runs scanimage, `options` knows what devices call things, `frames` reads what comes,
`identity` says which device it is. May not come in: what becomes of the sheets.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Final

from pipeline.adapters.sane import options as sane_options
from pipeline.adapters.sane.frames import read_frame
from pipeline.adapters.sane.identity import USB_DEVICES, identity_of
from pipeline.adapters.sane.options import Option, parse_options
from pipeline.adapters.sane.program import Ended, Program, Run
from pipeline.errors import (
    ArchiveUnavailable,
    CoverOpen,
    DoubleFeed,
    FeederEmpty,
    PaperJam,
    Param,
    ScannerError,
    ScannerUnavailable,
)
from pipeline.models.scanning import ScanSource
from pipeline.ports.scanning import (
    Capabilities,
    ScannedSheet,
    ScannedSide,
    ScannerDevice,
    ScanRequest,
)
from pipeline.settings import ScannerSettings

__all__ = ["SaneScanner"]

_APART: Final = "\x1f"
_LISTED: Final = f"--formatted-device-list=%d{_APART}%v{_APART}%m%n"
_HEADER_BYTES: Final = 1 << 16
_BYTES_PER_PIXEL: Final = 3

_OUT_OF_PAPER: Final = "Document feeder out of documents"
_FAILURES: Final[Mapping[str, tuple[type[ScannerError], str]]] = {
    _OUT_OF_PAPER: (FeederEmpty, "FEEDER_EMPTY"),
    "Document feeder jammed": (PaperJam, "PAPER_JAM"),
    "Scanner cover is open": (CoverOpen, "COVER_OPEN"),
    "Device busy": (ScannerUnavailable, "SCANNER_BUSY"),
    "Access to resource has been denied": (ScannerUnavailable, "SCANNER_FORBIDDEN"),
    "Error during device I/O": (ScannerUnavailable, "SCANNER_UNAVAILABLE"),
    "Invalid argument": (ScannerUnavailable, "SCANNER_UNAVAILABLE"),
    "Operation was canceled": (ScannerError, "SCAN_CANCELLED"),
}
"""By SANE's own words (`sane_strstatus`)."""
_DOUBLE_FEED_SENSORS: Final = ("double-feed", "doublefeed")
_COVER_SENSORS: Final = ("cover-open",)


class SaneScanner:
    """Scanners as SANE lists them; one process of scanimage for each stack."""

    def __init__(
        self,
        settings: ScannerSettings,
        *,
        max_pixels: int,
        program: str = "scanimage",
        usb_devices: Path = USB_DEVICES,
    ) -> None:
        """Nothing is started.

        Args:
            settings: how long to wait.
            max_pixels: of one page; more is damage.
            program: name or path of scanimage.
            usb_devices: where the kernel lists USB devices.
        """
        self._settings = settings
        self._max_pixels = max_pixels
        self._program = Program(program)
        self._usb_devices = usb_devices

    def devices(self) -> tuple[ScannerDevice, ...]:
        """See `Scanner.devices`."""
        text, ended = self._program.ask([_LISTED], self._settings.answer_timeout_seconds)
        if not ended.sound:
            raise _failed(ended)
        rows = (line.split(_APART) for line in text.splitlines())
        return tuple(
            ScannerDevice(name, identity_of(name, vendor, model, self._usb_devices))
            for name, vendor, model in (row for row in rows if len(row) == 3)
        )

    def capabilities(self, device: ScannerDevice) -> Capabilities:
        """See `Scanner.capabilities`."""
        return sane_options.capabilities(self._options(device))

    def sheets(
        self, device: ScannerDevice, request: ScanRequest, *, first: int = 1
    ) -> Generator[ScannedSheet]:
        """See `Scanner.sheets`."""
        chosen = sane_options.first_arguments(self._options(device), request)
        options = self._options(device, *chosen)
        page = sane_options.page_arguments(options, request)
        number = first
        with tempfile.TemporaryDirectory(prefix="sohoa-scan-") as scratch:
            arguments = (
                f"--device-name={device.name}",
                "--format=tiff",
                f"--batch={scratch}/%d.tif",
                "--batch-prompt",
                "--batch-print",
                *chosen,
                *page,
            )
            longest = self._max_pixels * _BYTES_PER_PIXEL + _HEADER_BYTES
            with self._program.start(arguments, file_bytes=longest) as run:
                stack = _Stack(run, request, Path(scratch), self._settings, self._max_pixels)
                jammed = False
                try:
                    while (sheet := stack.sheet(number, seen=number > first)) is not None:
                        yield sheet
                        number += 1
                except PaperJam:
                    jammed = True
            if jammed:  # asked only now: a device answers one program at a time
                raise self._cause(device, number)
        if number == first:
            raise FeederEmpty

    def _options(self, device: ScannerDevice, *chosen: str) -> dict[str, Option]:
        """Options of a device that is set to something.

        Raises:
            ScannerUnavailable: it cannot be opened.
        """
        text, ended = self._program.ask(
            [f"--device-name={device.name}", *chosen, "--all-options"],
            self._settings.answer_timeout_seconds,
        )
        if not ended.sound:
            raise _failed(ended)
        return parse_options(text)

    def _cause(self, device: ScannerDevice, sheet: int) -> ScannerError:
        """What some devices tell when asked: SANE has one word for all that stops paper."""
        try:
            options = self._options(device)
        except ScannerError:
            return PaperJam(sheet=sheet)
        if any(sane_options.sensed(options, sensor) for sensor in _DOUBLE_FEED_SENSORS):
            return DoubleFeed(sheet=sheet)
        if any(sane_options.sensed(options, sensor) for sensor in _COVER_SENSORS):
            return CoverOpen(sheet=sheet)
        return PaperJam(sheet=sheet)


class _Stack:
    """One run of scanimage over one stack."""

    def __init__(
        self,
        run: Run,
        request: ScanRequest,
        scratch: Path,
        settings: ScannerSettings,
        max_pixels: int,
    ) -> None:
        self._run = run
        self._request = request
        self._scratch = scratch
        self._seconds = settings.sheet_timeout_seconds
        self._max_pixels = max_pixels

    def sheet(self, number: int, *, seen: bool) -> ScannedSheet | None:
        """Feed a sheet; None where the paper has run out.

        Args:
            number: of the sheet, for what is said of it.
            seen: this stack has given a sheet already.
        """
        wanted = 2 if self._request.source is ScanSource.DUPLEX else 1
        sides: list[ScannedSide] = []
        while len(sides) < wanted:
            side = self._side(number, seen=seen or bool(sides))
            if side is None and sides:
                raise ScannerError("SHEET_HALF", sheet=number)
            if side is None:
                return None
            sides.append(side)
        return ScannedSheet(tuple(sides))

    def _side(self, number: int, *, seen: bool) -> ScannedSide | None:
        answer = self._run.next_file(self._seconds)
        if isinstance(answer, Ended):
            self._check_room(0)
            if answer.verdict != _OUT_OF_PAPER:
                raise _failed(answer, sheet=number)
            if not (answer.in_sheet and seen):
                return None
            raise ScannerError("SCAN_DAMAGED", sheet=number)  # half a sheet is not the end
        data = self._taken(answer)
        side = read_frame(data, dpi=float(self._request.resolution), max_pixels=self._max_pixels)
        if side is None:
            self._check_room(len(data))
            raise ScannerError("SCAN_DAMAGED", sheet=number)
        return side

    def _taken(self, path: Path) -> bytes:
        """What the program wrote, which goes from the disk; nothing where it is none of ours."""
        if path.parent != self._scratch:
            return b""
        try:
            data = path.read_bytes()
            path.unlink()
        except OSError:
            return b""
        return data

    def _check_room(self, size: int) -> None:
        """Raises `DISK_FULL` where not even what the program just failed to write would fit."""
        if shutil.disk_usage(self._scratch).free <= max(size, _HEADER_BYTES):
            raise ArchiveUnavailable("DISK_FULL")


def _failed(ended: Ended, **params: Param) -> ScannerError:
    """The error behind the way a run ended."""
    kind, code = _FAILURES.get(ended.verdict, (ScannerError, "SCAN_FAILED"))
    return kind(code, **params)
