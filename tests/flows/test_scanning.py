"""Paper through a scanner into the archive: by the fake with real papers, by SANE's virtual one."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pikepdf
import pytest
from PIL import Image

from app.progress import Silence
from benchmarks.factory import make_person, render_component
from benchmarks.factory.scanning import age
from casework.scanning.sessions import ScanSessions
from flows.batches import Outcome
from flows.services import Services
from pipeline.errors import PaperJam, WorkflowError
from pipeline.models.batch import BatchState, IngestTerms
from pipeline.models.scanning import ScanSession, ScanState
from pipeline.settings import Settings
from pipeline.stages.assembly.transfer_note import read_transfer_note
from pipeline.workspace import Workspace
from tests.fakes.scanners import FakeScanner, marked, virtual_scanner

Json = dict[str, Any]

SOHOA = Path(sys.executable).with_name("sohoa")
DEADLINE = 30.0


@dataclass
class Person:
    """Port `Operator` that remembers what it was told."""

    told: list[int] = field(default_factory=list)

    def kept(self, sheet: int, pages: int) -> None:
        self.told.append(sheet)

    def lays(self, sheet: int) -> bool:
        return False


def services(home: Path, scanner: FakeScanner, **scanner_settings: object) -> Services:
    """The use cases of a home with the fake at its desk."""
    settings = Settings.model_validate({"home": home, "scanner": scanner_settings})
    made = Services(settings, Silence())
    made.ports.__dict__["scanner"] = scanner
    return made


def begun(office: Services, *, wanted: int | None = None, **terms: object) -> ScanSession:
    said = IngestTerms.model_validate(terms)
    return office.scans.begin(said, office.actor("ntmau"), "default", wanted)


# -- papers -------------------------------------------------------------------------------------


def test_a_stack_of_papers_with_a_jam_ends_archived(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    person = make_person(rng)
    papers: list[tuple[Image.Image, ...]] = [
        (age(page.image, rng),)
        for code in ("R_07B_HSB", "C_KHAI_TU")
        for page in render_component(code, person, rng, dpi=300)
    ]
    scanner = FakeScanner(pile=list(papers), faults={2: PaperJam()})
    office = services(tmp_path, scanner)
    stack = begun(office, station="Quầy 3")
    with pytest.raises(PaperJam) as caught:
        office.scans.run(stack, None, Person(), office.batches.ingest)
    assert caught.value.params == {"sheet": 2}
    scanner.power_cycle()
    kept = _bytes_of(office.scans.sessions.pages(stack))
    outcome = office.scans.run(office.scans.again(None), None, Person(), office.batches.ingest)
    (view,) = outcome.views
    assert view.state is BatchState.ARCHIVED
    assert [c.code for c in view.components] == ["R_07B_HSB", "C_KHAI_TU"]
    assert office.scans.sessions.all() == ()
    assert not list((tmp_path / "work" / "scans").iterdir())
    first = view.components[0]
    assert view.dossier is not None
    out = tmp_path / "out.pdf"
    _, stream = office.get(view.dossier.code, first.component_id, office.actor())
    with stream:
        out.write_bytes(stream.read())
    note = read_transfer_note(out)
    assert note is not None
    assert (note.officer, note.station) == ("ntmau", "Quầy 3 · Mẫu/Duplex 60/A1")
    with pikepdf.open(out) as pdf:
        (image,) = pdf.pages[0].get_images().values()
        assert image.read_raw_bytes() == kept[0]
        width = pdf.pages[0].mediabox[2]
    assert float(width) == pytest.approx(papers[0][0].width * 72 / 300, abs=0.5)


def scrawl(seed: int) -> Image.Image:
    """A page that is no paper of the catalogue."""
    rng = np.random.default_rng(seed)
    page = Image.new("RGB", (1240, 1754), (250, 248, 242))
    for x, y, width in rng.integers(60, 1000, (60, 3)):
        page.paste((20, 20, 20), (int(x), int(y), int(x) + int(width) // 6, int(y) + 12))
    return page


def _bytes_of(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in sorted(folder.iterdir())]


def test_a_stack_that_is_asked_about_stays_until_it_is_archived(tmp_path: Path) -> None:
    office = services(tmp_path, FakeScanner(pile=[(scrawl(1),), (scrawl(2),)]))
    stack = begun(office)
    (view,) = office.scans.run(stack, None, Person(), office.batches.ingest).views
    assert view.state is BatchState.NEEDS_REVIEW
    ((known, sheets),) = office.scans.unfinished()
    assert (known.state, known.batch_id, sheets) == (
        ScanState.INGESTED,
        view.batch.batch_id,
        2,
    )
    with pytest.raises(WorkflowError):
        office.scans.again(stack.session_id, from_sheet=1)
    with pytest.raises(WorkflowError):
        office.scans.discard(stack.session_id, office.actor())
    again = office.scans.run(
        office.scans.again(stack.session_id), None, Person(), office.batches.ingest
    )
    assert again.views[0].batch.batch_id == view.batch.batch_id
    assert len(list(office.ports.records.batches())) == 1


def test_a_stack_is_handed_in_under_terms_that_are_checked_before_paper_moves(
    tmp_path: Path,
) -> None:
    scanner = FakeScanner(pile=[(marked(1),)])
    office = services(tmp_path, scanner)
    with pytest.raises(Exception, match="TERM_UNKNOWN"):
        begun(office, as_code="NO_SUCH_PAPER")
    assert scanner.fed == 0


def test_a_discarded_stack_is_gone_and_the_ledger_knows(tmp_path: Path) -> None:
    office = services(tmp_path, FakeScanner(pile=[(marked(1),)]))
    stack = begun(office, wanted=2)
    with pytest.raises(Exception, match="FEEDER_EMPTY_EARLY"):
        office.scans.run(stack, None, Person(), office.batches.ingest)
    office.scans.discard(stack.session_id[:8], office.actor())
    assert office.scans.unfinished() == ()
    assert not list((tmp_path / "work" / "scans").iterdir())
    assert "scan.discarded" in {e.event.action for e in office.ports.records.ledger()}


# -- killed -------------------------------------------------------------------------------------


def _numbers(folder: Path) -> list[int]:
    """The papers that pages show; hidden files are no sources."""
    found = []
    for path in sorted(folder.glob("[!.]*")):
        with Image.open(path) as image:
            pixel = image.convert("RGB").getpixel((60, 20))
            assert isinstance(pixel, tuple)
            found.append(round(pixel[0] / 10))
    return found


def _forked(act: Callable[[], object]) -> int:
    """Exit status of a child that acts; negative where it was killed."""
    child = os.fork()
    if not child:
        try:
            act()
            os._exit(0)
        finally:
            os._exit(99)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def _mortal(moment: int) -> None:
    """From here on the process is killed before its n-th rename or sync."""
    left = [moment]
    for name in ("replace", "fsync"):
        real = getattr(os, name)

        def dies(*args: object, real: Callable[..., object] = real) -> object:
            left[0] -= 1
            if not left[0]:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*args)

        setattr(os, name, dies)


def test_killed_at_any_rename_or_sync_no_good_sheet_is_lost(tmp_path: Path) -> None:
    wanted = [1, 2, 3]
    for moment in range(1, 200):
        home = tmp_path / f"{moment}"
        whole = FakeScanner(pile=[(marked(n),) for n in wanted])

        def scanned(home: Path = home, scanner: FakeScanner = whole, moment: int = moment) -> None:
            office = services(home, scanner)
            stack = begun(office)
            (home / "told").mkdir(parents=True)

            class Telling(Person):
                def kept(self, sheet: int, pages: int) -> None:
                    (home / "told" / str(sheet)).touch()

            _mortal(moment)
            office.scans.run(stack, None, Telling(), _not_yet)

        status = _forked(scanned)
        told = len(list((home / "told").iterdir())) if (home / "told").exists() else 0
        office = services(home, FakeScanner())
        sessions = ScanSessions(Workspace(home / "work"))
        known = sessions.all()
        good = sessions.sheets(known[0]) if known else 0
        assert good >= told, f"moment {moment}: a sheet that was said to be kept is lost"
        left: list[tuple[Image.Image, ...]] = [(marked(n),) for n in wanted[good:]]
        office.ports.__dict__["scanner"] = FakeScanner(pile=left)
        again = office.scans.again(None) if known else begun(office)
        if good == len(wanted) and again.state is ScanState.OPEN:
            again = office.scans.again(None, wanted=good)
        office.scans.run(again, None, Person(), _not_yet)
        assert _numbers(sessions.pages(again)) == wanted, f"moment {moment}"
        if status == 0:
            assert moment > 3 * len(wanted)
            return
        assert status == -signal.SIGKILL
    pytest.fail("it never ended by itself")


def _not_yet(source: Path, terms: IngestTerms, actor: object) -> Outcome:
    """A main job that is told of the stack, and does nothing yet."""
    assert source.is_dir()
    return Outcome(views=(), refused=None, seconds=0.0)


# -- the command, with SANE's virtual scanner ---------------------------------------------------

_TOML = """\
[scanner.profiles.default]
source = "{source}"
mode = "colour"
page_width_mm = {size}
page_height_mm = {size}
resolution = 200
[scanner.profiles.default.options]
test-picture = "{picture}"
"""
_JAMMING = """\
#!/bin/sh
if [ -e "{flag}" ]; then
    case "$*" in *--batch=*) exec "{real}" "$@" --read-return-value=SANE_STATUS_JAMMED;; esac
fi
exec "{real}" "$@"
"""


class Desk:
    """A home with the virtual scanner, driven through the command line.

    White sheets are blank pages: they need no reading, and their batch is archived all the same.
    """

    def __init__(
        self,
        folder: Path,
        *,
        source: str = "feeder",
        picture: str = "Solid white",
        size: int = 100,
        extra: str = "",
    ) -> None:
        real = shutil.which("scanimage")
        if real is None:
            pytest.skip("scanimage (sane-utils) is not installed")
        self.home = folder / "home"
        self.home.mkdir()
        (self.home / "sohoa.toml").write_text(
            _TOML.format(source=source, picture=picture, size=size) + extra
        )
        self.jam = folder / "jam"
        programs = folder / "programs"
        programs.mkdir()
        (programs / "scanimage").write_text(_JAMMING.format(flag=self.jam, real=real))
        (programs / "scanimage").chmod(0o755)
        self.environ = {
            **{k: v for k, v in os.environ.items() if not k.startswith("SOHOA_")},
            "SOHOA_HOME": str(self.home),
            "SANE_CONFIG_DIR": str(virtual_scanner(folder / "sane")),
            "PATH": f"{programs}:{os.environ['PATH']}",
        }

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [SOHOA, *arguments],
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, code: int = 0) -> tuple[list[Json], str]:
        """NDJSON objects and stderr of a command that must end with `code`."""
        process = self.start(*arguments, "--json")
        out, told = process.communicate(timeout=120)
        assert process.returncode == code, (process.returncode, out[-2000:], told[-2000:])
        assert "Traceback" not in told
        return [json.loads(line) for line in out.splitlines()], told

    def pages(self) -> list[Path]:
        return sorted((self.home / "work" / "scans").glob("*/pages/*/[0-9]*"))


def test_the_list_names_the_scanner_for_good(tmp_path: Path) -> None:
    objects, _ = Desk(tmp_path).run("scan", "--list")
    assert [o["device"] for o in objects] == ["Noname/frontend-tester"]
    assert objects[0]["name"].startswith("test")


def test_a_stack_longer_than_the_feeder_with_a_jam_becomes_one_batch(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    (early,), told = desk.run("scan", "--sheets", "12", "--as", "Z_OTHER", code=5)
    assert early["error"]["code"] == "FEEDER_EMPTY_EARLY"
    assert "10" in early["error"]["message"] and "12" in early["error"]["message"]
    assert "sohoa scan --resume" in told
    assert len(desk.pages()) == 10
    desk.jam.touch()
    (jammed,), told = desk.run("scan", "--resume", code=5)
    assert (jammed["error"]["code"], jammed["source"]) == ("PAPER_JAM", early["source"])
    assert "tờ 11" in jammed["error"]["message"] and "tờ 11" in told
    assert len(desk.pages()) == 10
    (session,), _ = desk.run("scan", "--sessions")
    assert (session["state"], session["sheets"], session["problem"]) == ("open", 10, "PAPER_JAM")
    desk.jam.unlink()
    (done,), told = desk.run("scan", "--resume", early["source"].removeprefix("scan-"))
    assert (done["state"], done["indexed"], done["error"]) == ("ARCHIVED", True, None)
    assert done["pages"]["in"] == done["pages"]["blank"] == 12
    assert [n for n in range(1, 13) if f"Tờ {n}:" in told] == [11, 12]
    assert desk.pages() == []
    assert desk.run("scan", "--sessions") == ([], "")
    (audit,), _ = desk.run("audit")
    assert audit["ok"] is True


def test_a_picture_handed_in_as_another_paper_is_archived(tmp_path: Path) -> None:
    desk = Desk(tmp_path, source="flatbed", picture="Color pattern", size=200)
    (done,), _ = desk.run("scan", "--as", "Z_OTHER", "--station", "Quầy 3")
    assert (done["state"], done["indexed"]) == ("ARCHIVED", True)
    (component,) = done["components"]
    assert (component["code"], component["pages"]) == ("Z_OTHER", [0])
    assert component["signature"]["page"] == 0
    assert desk.pages() == []


def test_a_picture_that_is_no_paper_waits_for_a_person(tmp_path: Path) -> None:
    desk = Desk(tmp_path, source="flatbed", picture="Color pattern", size=120)
    (held,), _ = desk.run("scan", code=4)
    assert (held["state"], held["pages"]["in"]) == ("NEEDS_REVIEW", 1)
    answers = {"COMPONENT_TYPE": ("--type", "Z_OTHER"), "BLANK_UNCERTAIN": ("--blank", "no")}
    while asked := [r for r in held["review"] if r["blocking"] and not r["answered"]]:
        assert held["state"] == "NEEDS_REVIEW" and len(desk.pages()) == 1
        for question in asked:
            answer = answers.get(question["kind"], ("--accept",))
            last = question is asked[-1]
            process = desk.start("review", "resolve", question["review_id"], *answer, "--json")
            out, told = process.communicate(timeout=120)
            assert bool(out) is last, told
        held = json.loads(out)
    assert held["state"] == "ARCHIVED"
    assert desk.pages() == []


_SLOW = 'read-delay = "yes"\nread-delay-duration = "100000"\n'


def _eventually(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE
    while not what():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


@pytest.mark.parametrize("sheets", [0, 2])
def test_killed_in_the_middle_of_a_sheet(tmp_path: Path, sheets: int) -> None:
    desk = Desk(tmp_path, extra=_SLOW)
    process = desk.start("scan", "--sheets", "4", "--as", "Z_OTHER", "--json")
    scans = desk.home / "work" / "scans"
    scratch = desk.home / "work" / "scratch"
    _eventually(lambda: len(desk.pages()) >= sheets and any(scans.glob("*/session.json")))
    _eventually(lambda: any(scratch.glob("*/sohoa-scan-*/*.part")))
    process.kill()
    process.communicate(timeout=DEADLINE)
    kept = len(desk.pages())
    assert kept >= sheets
    _eventually(lambda: not _scanning(desk))
    (done,), told = desk.run("scan", "--resume")
    assert (done["state"], done["pages"]["in"]) == ("ARCHIVED", 4)
    assert f"Tờ {kept + 1}:" in told and f"Tờ {kept}:" not in told
    assert desk.pages() == []
    assert not list(scratch.glob("*"))


def _scanning(desk: Desk) -> bool:
    """Whether a scanimage of this desk still runs, fed by nobody."""
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if str(desk.home.parent / "sane").encode() in path.read_bytes():
                return True
        except OSError:
            continue
    return False


def test_killed_while_it_is_handed_in(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    process = desk.start("scan", "--sheets", "2", "--as", "Z_OTHER", "--json")
    _eventually(lambda: (desk.home / "work" / "blobs").exists())
    process.kill()
    process.communicate(timeout=DEADLINE)
    assert len(desk.pages()) == 2
    (done,), told = desk.run("scan", "--resume")
    assert (done["state"], done["pages"]["in"]) == ("ARCHIVED", 2)
    assert "Tờ" not in told
    assert desk.pages() == []
    (audit,), _ = desk.run("audit")
    assert audit["ok"] is True


def test_stopped_by_hand_it_says_how_to_go_on(tmp_path: Path) -> None:
    desk = Desk(tmp_path, extra=_SLOW)
    process = desk.start("scan", "--sheets", "4", "--as", "Z_OTHER", "--json")
    _eventually(lambda: len(desk.pages()) >= 1)
    process.send_signal(signal.SIGINT)
    out, told = process.communicate(timeout=DEADLINE)
    assert (process.returncode, out) == (130, "")
    assert "sohoa scan --resume" in told and "Traceback" not in told
    assert not _scanning(desk)
    (session,), _ = desk.run("scan", "--sessions")
    (gone,), _ = desk.run("scan", "--discard", session["session_id"][:8])
    assert gone == {"session_id": session["session_id"], "state": "discarded"}
    assert desk.run("scan", "--sessions") == ([], "")


def test_two_at_one_stack_are_not_let_in(tmp_path: Path) -> None:
    desk = Desk(tmp_path, extra=_SLOW)
    process = desk.start("scan", "--sheets", "4", "--as", "Z_OTHER", "--json")
    try:
        _eventually(lambda: len(desk.pages()) >= 1)
        (busy,), _ = desk.run("scan", "--resume", code=5)
        assert busy["error"]["code"] == "BATCH_BUSY"
    finally:
        out, _ = process.communicate(timeout=DEADLINE)
    assert json.loads(out)["state"] == "ARCHIVED"


@pytest.mark.parametrize(
    "arguments",
    [
        ("scan", "abcdef"),
        ("scan", "--from-sheet", "2"),
        ("scan", "--list", "--resume"),
        ("scan", "--discard"),
        ("scan", "--profile", "no-such"),
        ("scan", "--as", "NO_SUCH"),
    ],
)
def test_what_makes_no_sense_is_usage(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    desk = Desk(tmp_path)
    process = desk.start(*arguments, "--json")
    _, told = process.communicate(timeout=DEADLINE)
    assert process.returncode == 2
    assert told and "Traceback" not in told
    assert desk.pages() == []
