"""Scanning as data: which scanner, how, and how far a stack of paper has come.

May not come in: names that a device has for a day only (`libusb:001:004`), pixels.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from pipeline.models.actors import Actor
from pipeline.models.base import Instant, Model, Sha256
from pipeline.models.batch import IngestTerms, Problem

_OPTION = r"^[a-z0-9][a-z0-9-]{0,63}$"
_VALUE = r"^[^\x00-\x1f\x7f]{1,128}$"


class ScanSource(StrEnum):
    """Where the paper lies."""

    AUTO = "auto"
    """The feeder where there is one, else the flatbed."""
    FLATBED = "flatbed"
    FEEDER = "feeder"
    DUPLEX = "duplex"
    """The feeder, both sides."""


class ScanMode(StrEnum):
    """What is captured."""

    COLOUR = "colour"
    """24 bits: what archiving and red stamps ask for (domain-pack E.1)."""
    GREY = "grey"
    LINEART = "lineart"
    """One bit."""


class DeviceIdentity(Model):
    """A scanner as it stays the same when it is switched off and on, or moved to another port."""

    vendor: str
    model: str
    serial: str | None = None
    """None where neither device nor bus tells one: two such scanners cannot be told apart."""

    def __str__(self) -> str:
        """`VENDOR/MODEL/SERIAL`, what people type and profiles name."""
        return "/".join(part for part in (self.vendor, self.model, self.serial) if part)


class ScanProfile(Model):
    """How a kind of paper is scanned; set by the administrator (`scanner.profiles.NAME`)."""

    device: str | None = None
    """Stable identity of the scanner, or its beginning; None: the only one."""
    source: ScanSource = ScanSource.AUTO
    resolution: Annotated[int, Field(ge=200, le=1200)] = 300
    """Dots per inch; domain-pack E.1 asks for at least 200."""
    mode: ScanMode = ScanMode.COLOUR
    page_width_mm: Annotated[float, Field(ge=20, le=920)] = 210.0
    page_height_mm: Annotated[float, Field(ge=20, le=3000)] = 297.0
    max_sheets: Annotated[int, Field(ge=1, le=2000)] = 500
    """Of one stack."""
    back_first: bool = False
    """Duplex: the device delivers the back of a sheet before its front."""
    back_turned: bool = False
    """Duplex: the device delivers backs upside down."""
    options: dict[
        Annotated[str, Field(pattern=_OPTION)], Annotated[str, Field(pattern=_VALUE)]
    ] = {}
    """Further options of this one device, as `scanimage -A` lists them."""


class ScanState(StrEnum):
    """How far a session is."""

    OPEN = "open"
    """More sheets are to come."""
    COMPLETE = "complete"
    """All sheets are here; they are not registered as a batch yet."""
    INGESTED = "ingested"
    """Registered; cleared once the batch is archived."""


class ScanSession(Model):
    """One stack of paper on its way through the scanner; its sheets lie beside it."""

    schema_id: Literal["sohoa.scan-session/1"] = "sohoa.scan-session/1"
    session_id: Sha256
    started_at: Instant
    actor: Actor
    terms: IngestTerms
    profile_name: str
    profile: ScanProfile
    """As it was when the session began: a stack is scanned in one way."""
    devices: tuple[DeviceIdentity, ...] = ()
    """Scanners that the stack went through."""
    wanted: int | None = None
    """Sheets that the officer counted; None: until the feeder is empty."""
    replace_from: int | None = None
    """Sheets from this one on, 1-based, are to be scanned again."""
    state: ScanState = ScanState.OPEN
    problem: Problem | None = None
    """What stopped it last."""
    batch_id: Sha256 | None = None
