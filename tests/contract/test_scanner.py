"""What every scanner must do: Debian's virtual one through scanimage, and the fake."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import pytest

from pipeline.adapters.sane import SaneScanner
from pipeline.errors import (
    ConfigError,
    CoverOpen,
    DoubleFeed,
    FeederEmpty,
    PaperJam,
    ScannerError,
    ScannerUnavailable,
)
from pipeline.models.scanning import DeviceIdentity, ScanMode, ScanSource
from pipeline.ports.scanning import Scanner, ScannerDevice, ScanRequest
from pipeline.settings import ScannerSettings
from tests.fakes.scanners import FakeScanner, page_image, virtual_scanner

FEEDER = ScanRequest(ScanSource.FEEDER, 200, ScanMode.COLOUR, (50.0, 40.0))
MARGIN_MM = 1.0


@dataclass(frozen=True)
class Desk:
    """A scanner with paper in it."""

    scanner: Scanner
    load: Callable[[int], None]
    """Put so many sheets into the feeder (the virtual one always has ten)."""
    failing: Callable[[ScannerError], ScanRequest]
    """A request that ends so."""

    @property
    def device(self) -> ScannerDevice:
        return self.scanner.devices()[0]


_STATUS = {
    "PAPER_JAM": "SANE_STATUS_JAMMED",
    "COVER_OPEN": "SANE_STATUS_COVER_OPEN",
    "FEEDER_EMPTY": "SANE_STATUS_NO_DOCS",
    "SCANNER_BUSY": "SANE_STATUS_DEVICE_BUSY",
    "SCANNER_FORBIDDEN": "SANE_STATUS_ACCESS_DENIED",
    "SCANNER_UNAVAILABLE": "SANE_STATUS_IO_ERROR",
    "SCAN_CANCELLED": "SANE_STATUS_CANCELLED",
}


@pytest.fixture(params=["virtual", "fake"])
def desk(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    if request.param == "virtual":
        if shutil.which("scanimage") is None:
            pytest.skip("scanimage (sane-utils) is not installed")
        monkeypatch.setenv("SANE_CONFIG_DIR", str(virtual_scanner(tmp_path / "sane")))
        return Desk(
            SaneScanner(ScannerSettings(), max_pixels=50_000_000),
            load=lambda _: None,
            failing=lambda error: replace(
                FEEDER, options={"read-return-value": _STATUS[error.code]}
            ),
        )
    fake = FakeScanner()

    def failing(error: ScannerError) -> ScanRequest:
        fake.faults[fake.fed + 1] = error
        return FEEDER

    def load(sheets: int) -> None:
        fake.pile[:] = [(page_image(FEEDER),)] * sheets

    load(10)
    return Desk(fake, load, failing)


def test_a_device_has_an_identity_that_is_not_its_name(desk: Desk) -> None:
    device = desk.device
    assert device.identity.vendor and device.identity.model
    assert device.name not in str(device.identity)


def test_a_device_says_what_it_can(desk: Desk) -> None:
    can = desk.scanner.capabilities(desk.device)
    assert {ScanSource.FLATBED, ScanSource.FEEDER} <= can.sources
    assert ScanSource.AUTO not in can.sources
    assert can.modes == frozenset(ScanMode)
    assert can.resolutions[0] <= 200 and can.resolutions[1] >= 300
    assert min(can.area_mm) >= 200


def test_the_feeder_gives_its_ten_sheets_and_ends(desk: Desk) -> None:
    with closing(desk.scanner.sheets(desk.device, FEEDER)) as feed:
        sheets = list(feed)
    assert len(sheets) == 10
    assert {len(sheet.sides) for sheet in sheets} == {1}


@pytest.mark.parametrize("mode", list(ScanMode))
def test_a_side_has_the_size_resolution_and_samples_asked_for(desk: Desk, mode: ScanMode) -> None:
    wanted = replace(FEEDER, mode=mode)
    with closing(desk.scanner.sheets(desk.device, wanted)) as feed:
        (side,) = next(feed).sides
    assert side.mode is mode
    assert side.dpi == 200
    inches = (side.width_px / side.dpi, side.height_px / side.dpi)
    assert inches == pytest.approx((50 / 25.4, 40 / 25.4), abs=MARGIN_MM / 25.4)
    row = {
        ScanMode.COLOUR: side.width_px * 3,
        ScanMode.GREY: side.width_px,
        ScanMode.LINEART: (side.width_px + 7) // 8,
    }[mode]
    assert len(side.samples) == row * side.height_px


def test_the_same_paper_gives_the_same_samples(desk: Desk) -> None:
    with closing(desk.scanner.sheets(desk.device, FEEDER)) as feed:
        first, second = islice(feed, 2)
    assert first == second


def test_whoever_stops_asking_lets_the_device_go(desk: Desk) -> None:
    with closing(desk.scanner.sheets(desk.device, FEEDER)) as feed:
        next(feed)
    desk.load(10)
    with closing(desk.scanner.sheets(desk.device, FEEDER)) as feed:
        assert len(list(feed)) == 10


@pytest.mark.parametrize(
    "error",
    [
        PaperJam(),
        CoverOpen(),
        ScannerUnavailable("SCANNER_BUSY"),
        ScannerUnavailable("SCANNER_FORBIDDEN"),
        ScannerUnavailable("SCANNER_UNAVAILABLE"),
        ScannerError("SCAN_CANCELLED"),
    ],
    ids=lambda error: error.code,
)
def test_what_goes_wrong_is_said_with_the_sheet(desk: Desk, error: ScannerError) -> None:
    wanted = desk.failing(error)
    feed = desk.scanner.sheets(desk.device, wanted, first=4)
    with closing(feed), pytest.raises(ScannerError) as caught:
        next(feed)
    assert (type(caught.value), caught.value.code) == (type(error), error.code)
    assert caught.value.params["sheet"] == 4


def test_an_empty_feeder_is_said(desk: Desk) -> None:
    desk.load(0)
    wanted = desk.failing(FeederEmpty())
    with closing(desk.scanner.sheets(desk.device, wanted)) as feed, pytest.raises(FeederEmpty):
        next(feed)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"page_mm": (50.0, 420.0)}, "SCANNER_CANNOT"),
        ({"options": {"no-such-option": "1"}}, "SCANNER_OPTION_UNKNOWN"),
    ],
)
def test_what_a_device_cannot_do_is_refused_before_paper_moves(
    desk: Desk, changes: dict[str, object], code: str
) -> None:
    wanted = replace(FEEDER, **changes)  # type: ignore[arg-type]
    feed = desk.scanner.sheets(desk.device, wanted)
    with closing(feed), pytest.raises(ConfigError) as caught:
        next(feed)
    assert caught.value.code == code


def test_a_device_that_is_gone_is_said(desk: Desk) -> None:
    gone = ScannerDevice("test:77", DeviceIdentity(vendor="?", model="?"))
    with pytest.raises(ScannerUnavailable):
        desk.scanner.capabilities(gone)


# -- what only the virtual one can --------------------------------------------------------------


@pytest.mark.parametrize(
    "options",
    [
        {"hand-scanner": "yes"},
        {"three-pass": "yes"},
        {"read-limit": "yes", "read-limit-size": "777"},
        {"fuzzy-parameters": "yes"},
        {"ppl-loss": "7"},
        {"non-blocking": "yes"},
    ],
    ids=lambda options: next(iter(options)),
)
@pytest.mark.skipif(shutil.which("scanimage") is None, reason="scanimage is not installed")
def test_devices_of_all_habits_give_whole_sides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: dict[str, str]
) -> None:
    """Of unknown length, in three passes, in crumbs, with sizes that are not what they said."""
    monkeypatch.setenv("SANE_CONFIG_DIR", str(virtual_scanner(tmp_path / "sane")))
    scanner = SaneScanner(ScannerSettings(), max_pixels=50_000_000)
    wanted = replace(FEEDER, options=options)
    with closing(scanner.sheets(scanner.devices()[0], wanted)) as feed:
        sides = [sheet.sides[0] for sheet in islice(feed, 2)]
    for side in sides:
        assert len(side.samples) == side.width_px * side.height_px * 3 > 0
        assert side.dpi == 200


# -- what only the fake can ---------------------------------------------------------------------


def test_duplex_gives_both_sides_of_every_sheet_in_the_order_of_the_device() -> None:
    wanted = replace(FEEDER, source=ScanSource.DUPLEX)
    front, back = page_image(FEEDER), page_image(FEEDER).convert("L")
    fake = FakeScanner(pile=[(front, back)] * 25, back_first=True)
    sheets = list(fake.sheets(fake.devices()[0], wanted))
    assert [len(sheet.sides) for sheet in sheets] == [2] * 25


def test_a_double_feed_is_said() -> None:
    fake = FakeScanner(pile=[(page_image(FEEDER),)] * 3, faults={2: DoubleFeed()})
    feed = fake.sheets(fake.devices()[0], FEEDER)
    next(feed)
    with pytest.raises(DoubleFeed) as caught:
        next(feed)
    assert caught.value.params == {"sheet": 2}


def test_a_device_keeps_its_identity_through_a_power_cycle() -> None:
    fake = FakeScanner()
    before = fake.devices()
    fake.power_cycle()
    after = fake.devices()
    assert [d.identity for d in after] == [d.identity for d in before]
    assert {d.name for d in after}.isdisjoint({d.name for d in before})
    with pytest.raises(ScannerUnavailable):
        fake.capabilities(before[0])
