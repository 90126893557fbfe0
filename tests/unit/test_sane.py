"""SANE behind the port: names of devices, words of backends, programs and devices gone mad."""

from __future__ import annotations

import struct
import time
from pathlib import Path

import pytest

from pipeline.adapters.sane import SaneScanner
from pipeline.adapters.sane.frames import read_frame
from pipeline.adapters.sane.identity import identity_of
from pipeline.adapters.sane.options import (
    capabilities,
    first_arguments,
    page_arguments,
    parse_options,
    sensed,
)
from pipeline.errors import (
    ConfigError,
    CoverOpen,
    DoubleFeed,
    FeederEmpty,
    MissingToolError,
    PaperJam,
    ScannerError,
    ScannerUnavailable,
)
from pipeline.models.scanning import ScanMode, ScanSource
from pipeline.ports.scanning import ScannedSheet, ScanRequest
from pipeline.settings import ScannerSettings
from tests.fakes.scanners import misbehaving_scanimage

A4 = ScanRequest(ScanSource.FEEDER, 300, ScanMode.COLOUR, (210.0, 297.0))
GREY = ScanRequest(ScanSource.FEEDER, 300, ScanMode.GREY, (210.0, 297.0))
DUPLEX = ScanRequest(ScanSource.DUPLEX, 300, ScanMode.COLOUR, (210.0, 297.0))

PRODUCTION_SCANNER = """
All options specific to device `fujitsu:fi-7160:12345':
  Standard:
    --source ADF Front|ADF Back|ADF Duplex [ADF Front]
        Selects the scan source (such as a document-feeder).
    --mode Lineart|Halftone|Gray|Color [Lineart]
        Selects the scan mode (e.g., lineart, monochrome, or color).
    --resolution 50..600dpi (in steps of 1) [600]
        Sets the resolution of the scanned image.
  Geometry:
    --page-width 0..221.121mm (in steps of 0.0211639) [215.872]
        Specifies the width of the media.
    --page-height 0..876.695mm (in steps of 0.0211639) [279.364]
        Specifies the height of the media.
    -l 0..215.872mm (in steps of 0.0211639) [0]
        Top-left x position of scan area.
    -t 0..279.364mm (in steps of 0.0211639) [0]
        Top-left y position of scan area.
    -x 0..221.121mm (in steps of 0.0211639) [215.872]
        Width of scan-area.
    -y 0..876.695mm (in steps of 0.0211639) [279.364]
        Height of scan-area.
  Sensors:
    --cover-open[=(yes|no)] [no] [hardware]
        Cover open
    --double-feed[=(yes|no)] [yes] [hardware]
        Double feed
"""
OFFICE_MACHINE = """
    --mode Gray[Error Diffusion]|True Gray|24bit Color|24bit Color[Fast] [24bit Color[Fast]]
        Select the scan mode
    --resolution 100|150|200|300|400|600dpi [200]
        Sets the resolution of the scanned image.
    --source FlatBed|Automatic Document Feeder|Automatic Document Feeder(Duplex) [FlatBed]
        Selects the scan source (such as a document-feeder).
    --brightness -50..50% (in steps of 1) [inactive]
        Controls the brightness of the acquired image.
    -l 0..215.9mm (in steps of 0.0999908) [0]
    -t 0..355.6mm (in steps of 0.0999908) [0]
    -x 0..215.9mm (in steps of 0.0999908) [215.88]
    -y 0..355.6mm (in steps of 0.0999908) [355.567]
"""
SWITCHED_DUPLEX = """
    --mode Binary|Gray|Color [Binary]
    --depth 8|16 [inactive]
    --x-resolution 75|300|600dpi [75]
    --source Flatbed|Automatic Document Feeder [Flatbed]
    --adf-mode Simplex|Duplex [inactive]
    -x 0..215.9mm [215.9]
    -y 0..297.18mm [297.18]
"""
GLASS_ONLY = """
    --mode Color|Gray|Lineart [Color]
    --depth 8|16 [8]
    --resolution auto||75|150|300|600|1200dpi [75]
    -x 0..218.0mm [218]
    -y 0..299.0mm [299]
"""


# -- which device -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "serial"),
    [
        ("fujitsu:fi-7160:12345", "12345"),
        ("fujitsu:ScanSnap iX500:1234", "1234"),
        ("pixma:04A91822_4BC123", "4BC123"),
        ("hpaio:/usb/HP_LaserJet_M1530?serial=00CNB9", "00CNB9"),
        ("hpaio:/net/HP_LaserJet?ip=10.0.0.9", None),
        ("epjitsu:libusb:001:004", None),
        ("airscan:e0:Office scanner", None),
        ("test:0", None),
    ],
)
def test_the_serial_number_in_a_name(tmp_path: Path, name: str, serial: str | None) -> None:
    assert identity_of(name, "V", "M", tmp_path / "none").serial == serial


def plugged(bus: Path, port: str, devnum: int, serial: str | None) -> None:
    device = bus / port
    device.mkdir(parents=True, exist_ok=True)
    (device / "busnum").write_text("1\n")
    (device / "devnum").write_text(f"{devnum}\n")
    if serial is not None:
        (device / "serial").write_text(f"{serial}\n")


def test_the_bus_knows_the_serial_number_through_a_power_cycle(tmp_path: Path) -> None:
    plugged(tmp_path, "1-1", 4, "ABC-77")
    plugged(tmp_path, "1-2", 5, None)
    before = identity_of("genesys:libusb:001:004", "Canon", "LiDE 120", tmp_path)
    assert str(before) == "Canon/LiDE 120/ABC-77"
    plugged(tmp_path, "1-1", 19, "ABC-77")
    assert identity_of("genesys:libusb:001:019", "Canon", "LiDE 120", tmp_path) == before
    assert identity_of("genesys:libusb:001:005", "Canon", "LiDE 120", tmp_path).serial is None


def test_an_identity_can_be_typed_and_printed(tmp_path: Path) -> None:
    identity = identity_of("x:1", " A/B \n Co ", "", tmp_path)
    assert str(identity) == "A-B Co/?"


# -- what devices call things -------------------------------------------------------------------


def test_a_production_scanner() -> None:
    options = parse_options(PRODUCTION_SCANNER)
    can = capabilities(options)
    assert can.sources == {ScanSource.FEEDER, ScanSource.DUPLEX}
    assert can.modes == frozenset(ScanMode)
    assert (can.resolutions, can.area_mm) == ((50, 600), (221.121, 876.695))
    assert first_arguments(options, DUPLEX) == ("--source=ADF Duplex", "--mode=Color")
    assert first_arguments(options, A4)[0] == "--source=ADF Front"
    assert page_arguments(options, A4) == (
        *("--resolution=300", "--page-width=210", "--page-height=297"),
        *("-l", "0", "-t", "0", "-x", "210", "-y", "297"),
    )
    assert sensed(options, "double-feed") and not sensed(options, "cover-open")


def test_an_office_machine() -> None:
    options = parse_options(OFFICE_MACHINE)
    assert capabilities(options).sources == {
        ScanSource.FLATBED,
        ScanSource.FEEDER,
        ScanSource.DUPLEX,
    }
    assert options["mode"].current == "24bit Color[Fast]"
    assert first_arguments(options, DUPLEX) == (
        "--source=Automatic Document Feeder(Duplex)",
        "--mode=24bit Color",
    )
    assert first_arguments(options, GREY)[1] == "--mode=True Gray"
    assert not options["brightness"].settable


def test_a_feeder_with_a_switch_for_both_sides() -> None:
    options = parse_options(SWITCHED_DUPLEX)
    feeder = "--source=Automatic Document Feeder"
    assert first_arguments(options, DUPLEX)[:2] == (feeder, "--adf-mode=Duplex")
    assert first_arguments(options, A4)[:2] == (feeder, "--adf-mode=Simplex")
    assert "--x-resolution=300" in page_arguments(options, A4)
    assert "--y-resolution=300" in page_arguments(options, A4)


def test_a_flatbed_that_has_no_word_for_it() -> None:
    options = parse_options(GLASS_ONLY)
    can = capabilities(options)
    assert can.sources == {ScanSource.FLATBED}
    with pytest.raises(ConfigError):
        first_arguments(options, A4)
    glass = ScanRequest(ScanSource.FLATBED, 200, ScanMode.COLOUR, (210.0, 297.0))
    assert first_arguments(options, glass) == ("--mode=Color",)
    assert page_arguments(options, glass)[:2] == ("--depth=8", "--resolution=300")
    assert can.resolutions == (75, 1200)


def test_what_a_profile_adds_goes_to_the_device_as_one_word() -> None:
    options = parse_options(PRODUCTION_SCANNER)
    request = ScanRequest(
        ScanSource.FEEDER, 300, ScanMode.COLOUR, (210.0, 297.0), {"double-feed": "x -o /etc/x"}
    )
    assert first_arguments(options, request)[-1] == "--double-feed=x -o /etc/x"
    for own in ("source", "x", "output-file"):
        with pytest.raises(ConfigError) as caught:
            first_arguments(options, ScanRequest(*_fields(A4), {own: "1"}))
        assert caught.value.code == "SCANNER_OPTION_UNKNOWN"


def _fields(request: ScanRequest) -> tuple[ScanSource, int, ScanMode, tuple[float, float]]:
    return request.source, request.resolution, request.mode, request.page_mm


# -- what comes ---------------------------------------------------------------------------------


def tiff(width: int, height: int, data: bytes, *, coding: int = 1, order: str = ">") -> bytes:
    tags = [
        (256, 4, width),
        (257, 4, height),
        (258, 4, 8),
        (259, 4, coding),
        (262, 4, 1),
        (273, 4, 8 + 2 + 9 * 12 + 4),
        (277, 4, 1),
        (278, 4, height),
        (279, 4, len(data)),
    ]
    head = (b"MM\0*" if order == ">" else b"II*\0") + struct.pack(order + "IH", 8, len(tags))
    entries = b"".join(struct.pack(order + "HHII", tag, kind, 1, n) for tag, kind, n in tags)
    return head + entries + struct.pack(order + "I", 0) + data


@pytest.mark.parametrize("order", [">", "<"])
def test_a_whole_frame(order: str) -> None:
    side = read_frame(tiff(4, 3, b"\x80" * 12, order=order), dpi=300.0, max_pixels=12)
    assert side is not None
    assert (side.width_px, side.height_px, side.mode) == (4, 3, ScanMode.GREY)
    assert (side.samples, side.dpi) == (b"\x80" * 12, 300.0)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"MM\0*",
        b"\x89PNG\r\n\x1a\n" * 4,
        tiff(4, 3, b"\x80" * 11),
        tiff(4, 3, b"\x80" * 12)[:-1],
        tiff(4, 3, b"\x80" * 12, coding=5),
        tiff(0, 3, b""),
        tiff(5, 3, b"\x80" * 15),
        tiff(2**31, 2**31, b"\x80" * 12),
        b"MM\0*\xff\xff\xff\xff",
    ],
    ids=["nothing", "head", "png", "short", "cut", "coded", "flat", "large", "absurd", "nowhere"],
)
def test_no_whole_frame(data: bytes) -> None:
    assert read_frame(data, dpi=300.0, max_pixels=12) is None


def test_every_cut_of_a_frame_is_seen() -> None:
    whole = tiff(4, 3, b"\x80" * 12)
    assert all(read_frame(whole[:n], dpi=300.0, max_pixels=99) is None for n in range(len(whole)))


# -- devices and programs gone mad --------------------------------------------------------------


def scanner(program: str, *, seconds: float = 20.0, max_pixels: int = 1000) -> SaneScanner:
    settings = ScannerSettings(sheet_timeout_seconds=seconds, answer_timeout_seconds=20.0)
    return SaneScanner(settings, max_pixels=max_pixels, program=program)


def scanned(mad: SaneScanner, request: ScanRequest = GREY) -> list[ScannedSheet]:
    """What came before it went wrong is in the exception's way; here only the end counts."""
    return list(mad.sheets(mad.devices()[0], request))


GOOD = "asked(); give(tiff(4, 3, b'\\x80' * 12))\n"


def test_a_sound_program_is_taken_at_its_word(tmp_path: Path) -> None:
    program = misbehaving_scanimage(tmp_path, GOOD + GOOD + "asked(); out_of_paper()")
    assert len(scanned(scanner(program))) == 2


@pytest.mark.parametrize(
    ("body", "kind", "code"),
    [
        ("asked(); give(tiff(4, 3, b'1' * 11))", ScannerError, "SCAN_DAMAGED"),
        ("asked(); give(tiff(90000, 90000, b'1' * 11))", ScannerError, "SCAN_DAMAGED"),
        ("asked(); give(b'no picture')", ScannerError, "SCAN_DAMAGED"),
        ("asked(); print('/etc/passwd', flush=True)", ScannerError, "SCAN_DAMAGED"),
        ("asked(); print(target % 9, flush=True)", ScannerError, "SCAN_DAMAGED"),
        ("asked(); os.kill(os.getpid(), signal.SIGSEGV)", ScannerError, "SCAN_FAILED"),
        ("asked(); sys.exit(0)", ScannerError, "SCAN_FAILED"),
        ("asked(); print('x' * 99999, flush=True); time.sleep(60)", ScannerError, "SCAN_FAILED"),
        ("asked(); out_of_paper()", FeederEmpty, "FEEDER_EMPTY"),
        (
            "asked(); print('scanimage: sane_start: Device busy', file=sys.stderr); sys.exit(3)",
            ScannerUnavailable,
            "SCANNER_BUSY",
        ),
        (
            "asked()\nwith open(target % 1, 'wb') as out:\n    while True: out.write(b'0' * 4096)",
            ScannerError,
            "SCAN_FAILED",
        ),
    ],
)
def test_nonsense_ends_with_a_word(
    tmp_path: Path, body: str, kind: type[ScannerError], code: str
) -> None:
    mad = scanner(misbehaving_scanimage(tmp_path, body))
    with pytest.raises(kind) as caught:
        scanned(mad)
    assert caught.value.code == code


@pytest.mark.parametrize(
    "body",
    [
        "asked(); time.sleep(60)",
        "asked()\nwhile True: print('noise', file=sys.stderr)",
        "signal.signal(signal.SIGTERM, signal.SIG_IGN); asked(); time.sleep(60)",
    ],
    ids=["silent", "noisy", "stubborn"],
)
def test_a_scanner_that_hangs_is_given_up(tmp_path: Path, body: str) -> None:
    mad = scanner(misbehaving_scanimage(tmp_path, body), seconds=1.0)
    started = time.monotonic()
    with pytest.raises(ScannerUnavailable) as caught:
        scanned(mad)
    assert caught.value.code == "SCANNER_SILENT"
    assert time.monotonic() - started < 15


def test_one_that_hangs_once_it_said_what_is_wrong_need_not_be_waited_for(tmp_path: Path) -> None:
    body = (
        "asked(); print('scanimage: sane_read: Document feeder jammed', file=sys.stderr)\n"
        "sys.stderr.flush(); time.sleep(60)"
    )
    mad = scanner(misbehaving_scanimage(tmp_path, body), seconds=50.0)
    started = time.monotonic()
    with pytest.raises(PaperJam):
        scanned(mad)
    assert time.monotonic() - started < 20


def test_paper_that_ends_inside_a_sheet_is_no_end_of_the_stack(tmp_path: Path) -> None:
    body = (
        GOOD + "asked(); print('scanimage: sane_read: Document feeder out of documents',"
        " file=sys.stderr, flush=True); sys.exit(0)"
    )
    mad = scanner(misbehaving_scanimage(tmp_path, body))
    feed = mad.sheets(mad.devices()[0], GREY)
    next(feed)
    with pytest.raises(ScannerError) as caught:
        next(feed)
    assert (caught.value.code, caught.value.params) == ("SCAN_DAMAGED", {"sheet": 2})


def test_a_missing_back_is_said(tmp_path: Path) -> None:
    program = misbehaving_scanimage(
        tmp_path, GOOD * 3 + "asked(); out_of_paper()", {"duplex[=(yes|no)]": " [no]"}
    )
    mad = scanner(program)
    both = ScanRequest(ScanSource.DUPLEX, 300, ScanMode.GREY, (210.0, 297.0))
    feed = mad.sheets(mad.devices()[0], both)
    assert len(next(feed).sides) == 2
    with pytest.raises(ScannerError) as caught:
        next(feed)
    assert (caught.value.code, caught.value.params) == ("SHEET_HALF", {"sheet": 2})


@pytest.mark.parametrize(
    ("sensor", "kind"), [("double-feed", DoubleFeed), ("cover-open", CoverOpen), ("skew", PaperJam)]
)
def test_a_jam_is_looked_into_where_the_device_has_sensors(
    tmp_path: Path, sensor: str, kind: type[ScannerError]
) -> None:
    body = "asked(); print('scanimage: sane_read: Document feeder jammed', file=sys.stderr)"
    program = misbehaving_scanimage(
        tmp_path, body + "; sys.exit(6)", {f"{sensor}[=(yes|no)]": " [yes] [hardware]"}
    )
    with pytest.raises(kind) as caught:
        scanned(scanner(program))
    assert type(caught.value) is kind


def test_a_program_that_is_not_there_is_said() -> None:
    with pytest.raises(MissingToolError) as caught:
        scanner("no-such-scanimage").devices()
    assert caught.value.code == "SCANIMAGE_MISSING"


def test_the_next_sheet_is_fed_only_when_it_is_asked_for(tmp_path: Path) -> None:
    """Each question of the program is answered once: what it was told shows in its file."""
    log = tmp_path / "asked"
    body = f"while True:\n    asked()\n    open({str(log)!r}, 'a').write('.')\n    {GOOD[9:]}"
    mad = scanner(misbehaving_scanimage(tmp_path, body))
    feed = mad.sheets(mad.devices()[0], GREY)
    for count in (1, 2, 3):
        next(feed)
        assert log.read_text() == "." * count
    feed.close()
    assert log.read_text() == "..."
