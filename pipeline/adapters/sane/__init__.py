"""Any scanner that SANE drives, behind the `Scanner` port.

`program` runs scanimage, `options` knows what devices call things, `frames` reads what comes,
`identity` says which device it is. May not come in: what becomes of the sheets.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping
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
_JAM_SENSORS: Final = ("double-feed", "doublefeed")
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

    def sheets(self, device: ScannerDevice, request: ScanRequest) -> Iterator[ScannedSheet]:
        """See `Scanner.sheets`."""
        chosen = sane_options.source_arguments(self._options(device), request)
        options = self._options(device, *chosen)
        page = sane_options.page_arguments(options, request)
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
                try:
                    yield from self._stack(run, request, Path(scratch))
                except PaperJam as jam:
                    run.__exit__()
                    raise self._cause(device) or jam from jam

    def _stack(self, run: Run, request: ScanRequest, scratch: Path) -> Iterator[ScannedSheet]:
        wanted = 2 if request.source is ScanSource.DUPLEX else 1
        seen = False
        while True:
            sides: list[ScannedSide] = []
            while len(sides) < wanted:
                side = self._side(run, request, scratch, seen=seen or bool(sides))
                if side is None:
                    break
                sides.append(side)
            if not sides:
                if not seen:
                    raise FeederEmpty
                return
            if len(sides) < wanted:
                raise ScannerError("SHEET_HALF")
            seen = True
            yield ScannedSheet(tuple(sides))

    def _side(
        self, run: Run, request: ScanRequest, scratch: Path, *, seen: bool
    ) -> ScannedSide | None:
        """The next image; None where the paper has run out."""
        answer = run.next_file(self._settings.sheet_timeout_seconds)
        if isinstance(answer, Ended):
            if answer.verdict == _OUT_OF_PAPER and not (answer.in_sheet and seen):
                return None  # a sheet that stops half-way is damage, not the end of the stack
            if not _room(scratch, 0):
                raise ArchiveUnavailable("DISK_FULL")
            if answer.verdict == _OUT_OF_PAPER:
                raise ScannerError("SCAN_DAMAGED")
            raise _failed(answer)
        if answer.parent != scratch:
            raise ScannerError("SCAN_DAMAGED")
        try:
            data = answer.read_bytes()
            answer.unlink()
        except OSError as error:
            raise ScannerError("SCAN_DAMAGED") from error
        try:
            return read_frame(data, dpi=float(request.resolution), max_pixels=self._max_pixels)
        except ScannerError:
            if not _room(scratch, len(data)):
                raise ArchiveUnavailable("DISK_FULL") from None
            raise

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

    def _cause(self, device: ScannerDevice) -> ScannerError | None:
        """What some devices tell when asked: SANE has one word for all that stops paper."""
        try:
            options = self._options(device)
        except ScannerError:
            return None
        if any(sane_options.sensed(options, sensor) for sensor in _JAM_SENSORS):
            return DoubleFeed()
        if any(sane_options.sensed(options, sensor) for sensor in _COVER_SENSORS):
            return CoverOpen()
        return None


def _failed(ended: Ended) -> ScannerError:
    """The error behind the way a run ended."""
    kind, code = _FAILURES.get(ended.verdict, (ScannerError, "SCAN_FAILED"))
    return kind(code)


def _room(folder: Path, size: int) -> bool:
    """False where the volume has not even left what the program just failed to write."""
    return shutil.disk_usage(folder).free > max(size, _HEADER_BYTES)
