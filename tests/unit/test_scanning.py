"""A stack of paper on its way through the scanner: what is kept, and where it goes on."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from PIL import Image

from casework.scanning.devices import choose, choose_again, settled_source
from casework.scanning.sessions import ScanSessions
from casework.scanning.stack import scan_on
from pipeline.adapters.capture import PageCapture
from pipeline.errors import (
    ArchiveUnavailable,
    ConfigError,
    CoverOpen,
    DoubleFeed,
    FeederEmpty,
    NotFound,
    PaperJam,
    ScannerError,
    ScannerUnavailable,
    SohoaError,
)
from pipeline.ids import digest
from pipeline.models.actors import Actor, Role
from pipeline.models.batch import IngestTerms
from pipeline.models.scanning import (
    DeviceIdentity,
    ScanMode,
    ScanProfile,
    ScanSession,
    ScanSource,
    ScanState,
)
from pipeline.ports.scanning import CapturedPage, ScannedSide, ScannerDevice
from pipeline.settings import Settings
from pipeline.workspace import Workspace
from tests.fakes.scanners import SERIALLED, FakeScanner, marked, side_of

CAPTURE = PageCapture(jpeg_quality=90)


@dataclass
class Person:
    """Port `Operator` that lays sheets on the glass until told otherwise."""

    on_the_glass: int = 0
    told: list[tuple[int, int]] = field(default_factory=list)

    def kept(self, sheet: int, pages: int) -> None:
        self.told.append((sheet, pages))

    def lays(self, sheet: int) -> bool:
        return sheet <= self.on_the_glass


@dataclass
class Desk:
    """A scanner, a workspace and a session between them."""

    root: Path
    scanner: FakeScanner = field(default_factory=FakeScanner)
    person: Person = field(default_factory=Person)

    def __post_init__(self) -> None:
        self.sessions = ScanSessions(Workspace(self.root / "work"))

    def session(self, wanted: int | None = None, name: str = "a", **profile: object) -> ScanSession:
        return ScanSession(
            session_id=digest("scan", name),
            started_at=dt.datetime(2026, 11, 27, tzinfo=dt.UTC),
            actor=Actor(id="dev", role=Role.RECEPTION_OFFICER, unit="DEV"),
            terms=IngestTerms(),
            profile_name="default",
            profile=ScanProfile.model_validate(profile),
            wanted=wanted,
        )

    def load(self, *numbers: int, duplex: bool = False) -> None:
        self.scanner.pile[:] = [
            (marked(n), marked(n, back=True)) if duplex else (marked(n),) for n in numbers
        ]

    def scan(self, session: ScanSession) -> ScanSession:
        return scan_on(
            session,
            self.sessions,
            self.scanner,
            lambda: choose(self.scanner.devices(), None),
            CAPTURE,
            self.person,
        )

    def stopped(self, session: ScanSession) -> tuple[SohoaError, ScanSession]:
        """Scan until it fails; the error, and the session as a later process finds it."""
        with pytest.raises(SohoaError) as caught:
            self.scan(session)
        return caught.value, ScanSessions(Workspace(self.root / "work")).find(None)

    def stack(self, session: ScanSession) -> list[tuple[int, bool, bool]]:
        """Of every page in order: the number of its paper, whether a back, whether upright."""
        pages = []
        for path in sorted(self.sessions.pages(session).iterdir()):
            with Image.open(path) as image:
                picture = image.convert("RGB")
            top, foot = _colour(picture, 20), _colour(picture, picture.height - 20)
            upright = top[1] < foot[1]
            red, _, blue = top if upright else foot
            pages.append((round(red / 10), blue > 100, upright))
        return pages


def _colour(picture: Image.Image, y: int) -> tuple[int, int, int]:
    pixel = picture.getpixel((picture.width // 2, y))
    assert isinstance(pixel, tuple)
    return (int(pixel[0]), int(pixel[1]), int(pixel[2]))


def fronts(*numbers: int) -> list[tuple[int, bool, bool]]:
    return [(n, False, True) for n in numbers]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


# -- a stack ------------------------------------------------------------------------------------


def test_a_stack_ends_with_its_paper(desk: Desk) -> None:
    desk.load(*range(1, 24))
    done = desk.scan(desk.session())
    assert (done.state, done.devices) == (ScanState.COMPLETE, (SERIALLED,))
    assert desk.stack(done) == fronts(*range(1, 24))
    assert desk.person.told == [(n, 1) for n in range(1, 24)]
    assert desk.scanner.closed == 1


def test_a_counted_stack_leaves_the_rest_in_the_feeder(desk: Desk) -> None:
    desk.load(1, 2, 3, 4, 5)
    done = desk.scan(desk.session(wanted=3))
    assert desk.stack(done) == fronts(1, 2, 3)
    assert (desk.scanner.fed, len(desk.scanner.pile)) == (3, 2)


def test_every_sheet_is_safe_before_the_next_is_fed(desk: Desk) -> None:
    desk.load(1, 2, 3)
    session = desk.session()
    seen = []

    class Watching(Person):
        def kept(self, sheet: int, pages: int) -> None:
            seen.append((sheet, desk.scanner.fed, desk.sessions.sheets(session)))

    desk.person = Watching()
    desk.scan(session)
    assert seen == [(1, 1, 1), (2, 2, 2), (3, 3, 3)]


@pytest.mark.parametrize("back_first", [False, True])
@pytest.mark.parametrize("turned", [False, True])
def test_duplex_is_front_then_back_and_upright(
    desk: Desk, *, back_first: bool, turned: bool
) -> None:
    desk.scanner.back_first, desk.scanner.backs_turned = back_first, turned
    desk.load(*range(1, 13), duplex=True)
    done = desk.scan(desk.session(source="duplex", back_first=back_first, back_turned=turned))
    assert desk.stack(done) == [(n, b, True) for n in range(1, 13) for b in (False, True)]
    assert desk.sessions.sheets(done) == 12


def test_the_glass_takes_one_sheet_or_as_many_as_are_laid(desk: Desk) -> None:
    desk.load(1, 2, 3, 4)
    assert desk.stack(desk.scan(desk.session(source="flatbed"))) == fronts(1)
    desk.load(1, 2, 3, 4)
    desk.person.on_the_glass = 3
    assert desk.stack(desk.scan(desk.session(name="b", source="flatbed"))) == fronts(1, 2, 3)


# -- stopped, and on ----------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [PaperJam(), CoverOpen(), DoubleFeed(), ScannerUnavailable()])
def test_good_sheets_stay_and_the_stack_goes_on_where_it_stopped(
    desk: Desk, fault: ScannerError
) -> None:
    desk.load(1, 2, 3, 4, 5)
    desk.scanner.faults[4] = fault
    error, found = desk.stopped(desk.session())
    assert (error.code, error.params["sheet"]) == (fault.code, 4)
    assert found.problem is not None and found.problem.code == fault.code
    assert (found.state, desk.sessions.sheets(found)) == (ScanState.OPEN, 3)
    desk.scanner.power_cycle()
    done = desk.scan(found)
    assert desk.stack(done) == fronts(1, 2, 3, 4, 5)
    assert done.problem is None


def test_nothing_is_left_of_a_stack_that_gave_nothing(desk: Desk) -> None:
    with pytest.raises(FeederEmpty):
        desk.scan(desk.session())
    assert desk.sessions.all() == ()


def test_a_bad_sheet_and_all_after_it_are_scanned_again(desk: Desk) -> None:
    desk.load(1, 2, 13, 14)
    session = desk.scan(desk.session())
    desk.load(3, 4, 5)
    again = session.model_copy(update={"state": ScanState.OPEN, "replace_from": 3})
    done = desk.scan(again)
    assert desk.stack(done) == fronts(1, 2, 3, 4, 5)
    aside = desk.sessions.pages(done).parents[1] / "replaced"
    assert len(list(aside.iterdir())) == 2


def test_old_sheets_stay_until_a_new_one_is_there(desk: Desk) -> None:
    desk.load(1, 2, 3)
    session = desk.scan(desk.session())
    again = session.model_copy(update={"state": ScanState.OPEN, "replace_from": 2})
    desk.load(9)
    desk.scanner.faults[desk.scanner.fed + 1] = PaperJam()
    error, found = desk.stopped(again)
    assert error.params["sheet"] == 2
    assert (desk.stack(found), found.replace_from) == (fronts(1, 2, 3), 2)
    desk.load(9)
    assert desk.stack(desk.scan(found)) == fronts(1, 9)


def test_a_sheet_beyond_the_next_is_refused(desk: Desk) -> None:
    desk.load(1, 2)
    session = desk.scan(desk.session())
    with pytest.raises(ConfigError) as caught:
        desk.scan(session.model_copy(update={"state": ScanState.OPEN, "replace_from": 4}))
    assert (caught.value.code, caught.value.params) == ("SCAN_SHEET_AHEAD", {"kept": 2})


def test_fewer_sheets_than_counted_are_said(desk: Desk) -> None:
    desk.load(1, 2, 3)
    error, found = desk.stopped(desk.session(wanted=5))
    assert (error.code, error.params) == ("FEEDER_EMPTY_EARLY", {"kept": 3, "wanted": 5})
    desk.load(4, 5, 6)
    assert desk.stack(desk.scan(found)) == fronts(1, 2, 3, 4, 5)


def test_a_stack_that_is_all_there_needs_no_scanner(desk: Desk) -> None:
    desk.load(1, 2, 3)
    _, found = desk.stopped(desk.session(wanted=5))
    desk.scanner.attached.clear()
    done = desk.scan(found.model_copy(update={"wanted": 3}))
    assert (done.state, desk.stack(done)) == (ScanState.COMPLETE, fronts(1, 2, 3))


def test_a_stack_without_end_is_bounded(desk: Desk) -> None:
    desk.load(*range(1, 9))
    error, found = desk.stopped(desk.session(max_sheets=5))
    assert (error.code, desk.sessions.sheets(found)) == ("SCAN_SHEETS_LIMIT", 5)
    with pytest.raises(ConfigError):
        desk.scan(desk.session(wanted=6, max_sheets=5))


def test_half_a_sheet_of_a_killed_scan_is_scanned_again(desk: Desk) -> None:
    desk.load(1, 2, duplex=True)
    session = desk.scan(desk.session(source="duplex"))
    (desk.sessions.pages(session) / "0002-2.jpg").unlink()
    assert desk.sessions.sheets(session) == 1
    desk.load(2, 3, duplex=True)
    done = desk.scan(session.model_copy(update={"state": ScanState.OPEN}))
    assert [page[0] for page in desk.stack(done)] == [1, 1, 2, 2, 3, 3]


def test_half_a_sheet_does_not_go_into_the_batch(desk: Desk) -> None:
    desk.load(1, 2, duplex=True)
    session = desk.scan(desk.session(source="duplex"))
    (desk.sessions.pages(session) / "0002-2.jpg").unlink()
    done = desk.scan(session.model_copy(update={"state": ScanState.OPEN, "wanted": 1}))
    assert [page[0] for page in desk.stack(done)] == [1, 1]


def test_a_full_disk_keeps_the_sheets_before_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.load(1, 2, 3)
    whole = ScanSessions.keep

    def keep(self: ScanSessions, session: ScanSession, number: int, sides: object) -> None:
        if number == 3:
            raise ArchiveUnavailable("DISK_FULL")
        whole(self, session, number, sides)  # type: ignore[arg-type]

    monkeypatch.setattr(ScanSessions, "keep", keep)
    error, found = desk.stopped(desk.session())
    assert error.code == "DISK_FULL"
    monkeypatch.setattr(ScanSessions, "keep", whole)
    desk.load(3)
    assert desk.stack(desk.scan(found)) == fronts(1, 2, 3)


def test_a_torn_state_is_no_session(desk: Desk) -> None:
    desk.load(1)
    session = desk.scan(desk.session())
    (desk.sessions.pages(session).parents[1] / "session.json").write_text("{")
    with pytest.raises(NotFound):
        desk.sessions.find(None)


def test_sessions_are_found_by_the_beginning_of_their_id(desk: Desk) -> None:
    for name in ("a", "b"):
        desk.load(1)
        desk.scan(desk.session(name=name))
    wanted = digest("scan", "b")
    assert desk.sessions.find(wanted[:6].upper()).session_id == wanted
    with pytest.raises(ConfigError) as several:
        desk.sessions.find(None)
    assert several.value.code == "SCAN_SESSIONS_SEVERAL"
    for unknown in (wanted[:2], "ffff", "*", "../"):
        with pytest.raises(NotFound):
            desk.sessions.find(unknown)


def test_a_session_is_read_back_as_it_was(desk: Desk) -> None:
    desk.load(1)
    done = desk.scan(desk.session(mode="grey", page_width_mm=148.0))
    assert desk.sessions.find(None) == done
    assert done.schema_id == "sohoa.scan-session/1"


# -- which scanner ------------------------------------------------------------------------------


def device(name: str, serial: str | None = None, model: str = "M1") -> ScannerDevice:
    return ScannerDevice(name, DeviceIdentity(vendor="Hãng", model=model, serial=serial))


def test_the_only_scanner_is_meant() -> None:
    assert choose([device("a:1")], None) == device("a:1")


def test_a_scanner_is_meant_by_identity_or_its_beginning() -> None:
    both = [device("a:1", "77"), device("a:2", "78"), device("a:3", model="M2")]
    assert choose(both, "hãng/m1/78").name == "a:2"
    assert choose(both, "Hãng/M2").name == "a:3"
    with pytest.raises(ConfigError) as caught:
        choose(both, "Hãng/M1")
    assert caught.value.code == "SCANNER_AMBIGUOUS"
    assert "a:1" in str(caught.value.params["devices"])


def test_a_longer_name_is_another_scanner() -> None:
    longer = [device("a:1", model="LiDE 120"), device("a:2", "7", model="LiDE 1")]
    assert choose(longer, "Hãng/LiDE 1").name == "a:2"
    with pytest.raises(ScannerUnavailable):
        choose(longer[:1], "Hãng/LiDE 1")
    with pytest.raises(ScannerUnavailable):
        choose_again(longer, device("a:9", model="LiDE 1").identity)


def test_todays_name_is_for_people_not_for_profiles() -> None:
    both = [device("a:1"), device("a:2")]
    assert choose(both, "a:2", by_name=True).name == "a:2"
    with pytest.raises(ScannerUnavailable) as caught:
        choose(both, "a:2")
    assert caught.value.code == "SCANNER_NOT_FOUND"


def test_of_two_equal_scanners_none_is_guessed() -> None:
    both = [device("a:1"), device("a:2")]
    with pytest.raises(ConfigError) as caught:
        choose(both, None)
    assert caught.value.code == "SCANNER_AMBIGUOUS"
    with pytest.raises(ConfigError) as caught:
        choose_again(both, both[0].identity)
    assert caught.value.code == "SCANNER_AMBIGUOUS"


def test_a_stack_goes_on_in_its_own_scanner() -> None:
    after = [device("usb:9", "78"), device("usb:8", "77")]
    assert choose_again(after, device("usb:1", "77").identity).name == "usb:8"
    with pytest.raises(ScannerUnavailable):
        choose_again(after, device("usb:1", "99").identity)
    with pytest.raises(ScannerUnavailable) as caught:
        choose([], None)
    assert caught.value.code == "SCANNER_NONE"


def test_the_feeder_is_taken_where_there_is_one() -> None:
    can = FakeScanner().capabilities(FakeScanner().devices()[0])
    assert settled_source(ScanSource.AUTO, can) is ScanSource.FEEDER
    assert settled_source(ScanSource.DUPLEX, can) is ScanSource.DUPLEX


# -- pages and profiles -------------------------------------------------------------------------


def opened(page: CapturedPage, folder: Path) -> Image.Image:
    path = folder / f"page{page.suffix}"
    path.write_bytes(page.data)
    with Image.open(path) as image:
        image.load()
        return image.copy()


@pytest.mark.parametrize(
    ("mode", "suffix", "stored"),
    [
        (ScanMode.COLOUR, ".jpg", "RGB"),
        (ScanMode.GREY, ".jpg", "L"),
        (ScanMode.LINEART, ".tif", "1"),
    ],
)
def test_a_page_is_coded_once_with_its_resolution(
    tmp_path: Path, mode: ScanMode, suffix: str, stored: str
) -> None:
    side = side_of(marked(7), mode, 300.0)
    page = CAPTURE(side, upside_down=False)
    assert page == CAPTURE(side, upside_down=False)
    image = opened(page, tmp_path)
    assert (page.suffix, image.mode, image.size) == (suffix, stored, (120, 160))
    assert tuple(map(round, image.info["dpi"])) == (300, 300)
    turned = opened(CAPTURE(side, upside_down=True), tmp_path).convert("L")
    upright = image.convert("L")
    assert upright.getpixel((60, 10)) == pytest.approx(turned.getpixel((60, 149)), abs=3)
    assert upright.getpixel((60, 10)) != pytest.approx(turned.getpixel((60, 10)), abs=50)


def test_lineart_is_kept_to_the_bit(tmp_path: Path) -> None:
    picture = Image.effect_noise((117, 90), 200).point(lambda v: 255 * (v > 128), mode="1")
    side = side_of(picture, ScanMode.LINEART, 300.0)
    kept = opened(CAPTURE(side, upside_down=False), tmp_path)
    assert kept.tobytes() == picture.tobytes()


def test_colour_keeps_its_full_resolution() -> None:
    """A red stamp on white paper: its edges must not be smeared over pairs of pixels."""
    page = CAPTURE(side_of(marked(3), ScanMode.COLOUR, 300.0), upside_down=False)
    frame = page.data.index(b"\xff\xc0")
    assert page.data[frame + 11] == 0x11


def test_a_large_noisy_page_can_be_coded() -> None:
    """More bytes than pixels: what codecs hold in one piece must not be too small for it."""
    noise = random.Random(3).randbytes(3 * 600 * 800)
    side = ScannedSide(600, 800, ScanMode.COLOUR, 300.0, noise)
    for quality in (85, 90, 100):
        data = PageCapture(jpeg_quality=quality)(side, upside_down=False).data
        assert len(data) > 600 * 800 and data.endswith(b"\xff\xd9")


def test_the_built_in_profile_and_others(tmp_path: Path) -> None:
    settings = Settings.model_validate(
        {"home": tmp_path, "scanner": {"profiles": {"nhanh": {"resolution": "200"}}}}
    ).scanner
    default = settings.profile("default")
    assert (default.resolution, default.mode, default.source) == (
        300,
        ScanMode.COLOUR,
        ScanSource.AUTO,
    )
    assert (default.page_width_mm, default.page_height_mm) == (210, 297)
    assert settings.profile("nhanh").resolution == 200
    with pytest.raises(ConfigError) as caught:
        settings.profile("khác")
    assert caught.value.code == "SCAN_PROFILE_UNKNOWN"


@pytest.mark.parametrize(
    "profile",
    [
        {"resolution": 150},
        {"options": {"x y": "1"}},
        {"options": {"a": "1\n2"}},
        {"colour": "red"},
        {"max_sheets": 0},
    ],
)
def test_a_profile_that_may_not_be(tmp_path: Path, profile: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="profiles"):
        Settings.model_validate({"home": tmp_path, "scanner": {"profiles": {"p": profile}}})
