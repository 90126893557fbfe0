"""From SANE's name of a device to what stays the same of it.

SANE itself tells vendor and model, no serial number: it stands in the names of some backends, and
the bus knows it of every USB device that has one. May not come in: running programs.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs

from pipeline.models.scanning import DeviceIdentity
from pipeline.textnorm import printable, squash

USB_DEVICES: Final = Path("/sys/bus/usb/devices")
_LONGEST: Final = 40
_USB: Final = re.compile(r"libusb:(\d{3}):(\d{3})$")
_SERIAL_IN_NAME: Final = (
    re.compile(r"^(?:fujitsu|canon_dr|kodakaio|avision):[^:]+:([A-Za-z0-9-]{3,})$"),
    re.compile(r"^pixma:[0-9A-Fa-f]{8}_([A-Za-z0-9-]{3,})$"),
    re.compile(r"^epsonscan2:[^:]+:([A-Za-z0-9-]{3,}):"),
)
_FAST: Final = {"host", "libusb"}
"""What stands where other names have a serial number."""


def identity_of(
    name: str, vendor: str, model: str, usb_devices: Path = USB_DEVICES
) -> DeviceIdentity:
    """What a device is called for good.

    Args:
        name: as SANE lists it now, e.g. `fujitsu:fi-7160:12345` or `genesys:libusb:001:004`.
        vendor: as SANE lists it.
        model: as SANE lists it.
        usb_devices: where the kernel lists USB devices.
    """
    serial = _named(name) or _on_the_bus(name, usb_devices)
    return DeviceIdentity(
        vendor=_tidy(vendor) or "?",
        model=_tidy(model) or "?",
        serial=_tidy(serial) if serial else None,
    )


def _tidy(text: str) -> str:
    """Fit to be typed as a part of an identity."""
    return printable(squash(text)).replace("/", "-")[:_LONGEST]


def _named(name: str) -> str | None:
    for pattern in _SERIAL_IN_NAME:
        found = pattern.match(name)
        if found and found[1] not in _FAST:
            return found[1]
    if name.startswith("hpaio:"):
        return next(iter(parse_qs(name.partition("?")[2]).get("serial", [])), None)
    return None


def _on_the_bus(name: str, usb_devices: Path) -> str | None:
    place = _USB.search(name)
    if place is None:
        return None
    wanted = (int(place[1]), int(place[2]))
    try:
        for device in sorted(usb_devices.iterdir()):
            numbers = (_read(device / "busnum"), _read(device / "devnum"))
            if all(n.isdigit() for n in numbers) and tuple(map(int, numbers)) == wanted:
                return _read(device / "serial") or None
    except OSError:
        return None
    return None


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
