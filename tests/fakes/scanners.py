"""Scanners of our making: a fake device behind the port, and programs that misbehave as scanimage.

The fake can what Debian's virtual scanner cannot: duplex, any number of sheets, faults at a sheet.
"""

from __future__ import annotations

import sys
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image

from pipeline.errors import ConfigError, FeederEmpty, ScannerError, ScannerUnavailable
from pipeline.models.scanning import DeviceIdentity, ScanMode, ScanSource
from pipeline.ports.scanning import (
    Capabilities,
    ScannedSheet,
    ScannedSide,
    ScannerDevice,
    ScanRequest,
)

SERIALLED = DeviceIdentity(vendor="Mẫu", model="Duplex 60", serial="A1")
_MM = 25.4


def side_of(image: Image.Image, mode: ScanMode, dpi: float) -> ScannedSide:
    """An image as a scanner would give it."""
    pillow = {ScanMode.COLOUR: "RGB", ScanMode.GREY: "L", ScanMode.LINEART: "1"}[mode]
    picture = image.convert(pillow, dither=Image.Dither.NONE)
    layout = "1;I" if mode is ScanMode.LINEART else pillow
    samples = picture.tobytes("raw", layout)
    return ScannedSide(picture.width, picture.height, mode, dpi, samples)


def marked(number: int, *, back: bool = False) -> Image.Image:
    """A small page that is told from all others, and its top from its bottom, by its colours."""
    page = Image.new("RGB", (120, 160), (250, 248, 242))
    page.paste((10 * number % 250, 60, 200 if back else 20), (0, 0, 120, 40))
    return page


@dataclass
class FakeScanner:
    """Port `Scanner` over a pile of images; duplex where sheets have two sides."""

    pile: list[tuple[Image.Image, ...]] = field(default_factory=list)
    """Sheets in the feeder, or laid on the glass one after the other; what was fed is gone."""
    faults: dict[int, ScannerError] = field(default_factory=dict)
    """What happens at a feed, counted from 1 over the life of the device; then never again."""
    attached: list[ScannerDevice] = field(
        default_factory=lambda: [ScannerDevice("fake:libusb:001:004", SERIALLED)]
    )
    back_first: bool = False
    backs_turned: bool = False
    fed: int = 0
    """Feeds so far, failed ones too."""
    closed: int = 0

    def devices(self) -> tuple[ScannerDevice, ...]:
        """See `Scanner`."""
        return tuple(self.attached)

    def power_cycle(self) -> None:
        """Switched off and on: the system calls every device something else."""
        self.attached = [
            ScannerDevice(f"fake:libusb:001:{40 + n:03}", device.identity)
            for n, device in enumerate(self.attached)
        ]

    def capabilities(self, device: ScannerDevice) -> Capabilities:
        """See `Scanner`."""
        self._check(device)
        return Capabilities(
            sources=frozenset({ScanSource.FLATBED, ScanSource.FEEDER, ScanSource.DUPLEX}),
            modes=frozenset(ScanMode),
            resolutions=(50, 600),
            area_mm=(216.0, 356.0),
        )

    def sheets(
        self, device: ScannerDevice, request: ScanRequest, *, first: int = 1
    ) -> Generator[ScannedSheet]:
        """See `Scanner`."""
        self._check(device)
        if max(request.page_mm) > 356.0:
            raise ConfigError("SCANNER_CANNOT", what=f"{max(request.page_mm):g} mm")
        if request.options:
            raise ConfigError("SCANNER_OPTION_UNKNOWN", option=next(iter(request.options)))
        number = first
        try:
            while self.pile:
                self.fed += 1
                if fault := self.faults.pop(self.fed, None):
                    raise type(fault)(fault.code, sheet=number)
                sheet = self._seen(self.pile.pop(0), request)
                number += 1
                yield sheet
            if number == first:
                raise FeederEmpty
        finally:
            self.closed += 1

    def _check(self, device: ScannerDevice) -> None:
        if device not in self.attached:
            raise ScannerUnavailable

    def _seen(self, images: Sequence[Image.Image], request: ScanRequest) -> ScannedSheet:
        sides = []
        for n, image in enumerate(images if request.source is ScanSource.DUPLEX else images[:1]):
            turned = image.transpose(Image.Transpose.ROTATE_180)
            shown = turned if n == 1 and self.backs_turned else image
            sides.append(side_of(shown, request.mode, float(request.resolution)))
        return ScannedSheet(tuple(sides[::-1] if self.back_first else sides))


def page_image(request: ScanRequest) -> Image.Image:
    """A blank page of the size that is asked for."""
    size = [round(mm / _MM * request.resolution) for mm in request.page_mm]
    return Image.new("RGB", (size[0], size[1]), (250, 248, 242))


def virtual_scanner(folder: Path, devices: int = 1) -> Path:
    """SANE's settings (`SANE_CONFIG_DIR`) for its virtual scanner and nothing else."""
    folder.mkdir()
    (folder / "dll.conf").write_text("test\n")
    (folder / "test.conf").write_text(f"number_of_devices {devices}\n")
    return folder


_OPTIONS = """\
    --mode Color|Gray [Color]
    --resolution 75|150|200|300dpi [300]
    --source ADF [ADF]
    -l 0..216mm [0]
    -t 0..356mm [0]
    -x 0..216mm [216]
    -y 0..356mm [356]
"""
_PROGRAM = """\
#!{python}
import os, signal, struct, sys, time
arguments = sys.argv[1:]
if any(a.startswith("--formatted") for a in arguments):
    print("odd:1\\x1fOdd\\x1fWorks", flush=True)
    sys.exit(0)
if "--all-options" in arguments:
    sys.stdout.write({options!r})
    sys.exit(0)
target = next(a for a in arguments if a.startswith("--batch=")).removeprefix("--batch=")
count = 0

def tiff(width, height, data, coding=1):
    tags = [(256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, 8 << 16),
            (259, 3, 1, coding << 16), (262, 3, 1, 1 << 16),
            (273, 4, 1, 8 + 2 + 9 * 12 + 4), (277, 3, 1, 1 << 16),
            (278, 4, 1, height), (279, 4, 1, len(data))]
    return (b"MM\\0*" + struct.pack(">IH", 8, len(tags))
            + b"".join(struct.pack(">HHII", *t) for t in tags) + struct.pack(">I", 0) + data)

def give(data):
    global count
    count += 1
    path = target % count
    with open(path, "wb") as out:
        out.write(data)
    print(path, flush=True)

def out_of_paper():
    print("scanimage: sane_start: Document feeder out of documents", file=sys.stderr, flush=True)
    sys.exit(0)

def asked():
    if not sys.stdin.readline():
        sys.exit(0)

{body}
"""


def misbehaving_scanimage(folder: Path, body: str, options: Mapping[str, str] | None = None) -> str:
    """A program that lists and describes a device like scanimage, and scans as `body` says."""
    path = folder / "scanimage"
    text = _OPTIONS + "".join(f"    --{k}{v}\n" for k, v in (options or {}).items())
    path.write_text(_PROGRAM.format(python=sys.executable, options=text, body=body))
    path.chmod(0o755)
    return str(path)
