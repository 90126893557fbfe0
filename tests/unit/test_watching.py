"""`app.watching`: only what was taken in leaves the folder; what waits is tried again."""

from __future__ import annotations

import os
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import pytest

from app.watching import Watcher
from casework.reception import Refused
from casework.reporting import DossierView
from flows.batches import Outcome
from pipeline.errors import ArchiveUnavailable, DuplicateBatch, NotFound, SohoaError
from pipeline.models.batch import BatchState, Problem
from pipeline.models.files import RefusedFile, SourceFile, SourceKind
from pipeline.models.split import PageCounts
from tests.fakes.archived import Papers, batch_of, reference

SETTLE = 2.0
EVERY = 2.0
LATER = 1_000.0
"""Seconds that the fake clock is ahead of the files' own times."""


class FakeTime:
    """A clock that only moves when somebody waits, and lets things happen meanwhile."""

    def __init__(self, start: float) -> None:
        self.moment = start
        self.meanwhile: dict[float, Callable[[], object]] = {}

    def now(self) -> float:
        return self.moment

    def pause(self, seconds: float) -> None:
        self.moment += seconds
        for at in [at for at in self.meanwhile if at <= self.moment]:
            self.meanwhile.pop(at)()

    def after(self, seconds: float, act: Callable[[], object]) -> None:
        self.meanwhile[self.moment + seconds] = act


class Desk:
    """Takes in what intake would take, answers what it is told to; remembers when it was asked."""

    def __init__(self, clock: FakeTime) -> None:
        self._clock = clock
        self.state = BatchState.ARCHIVED
        self.errors: list[Exception] = []
        self.refused = False
        self.unreadable = 0
        """Files that could not even be read."""
        self.during: Callable[[], object] = int
        self.taken: list[str] = []
        self.times: list[float] = []

    def ingest(self, source: Path) -> Outcome:
        files = sorted(p for p in source.iterdir()) if source.is_dir() else [source]
        read = [p for p in files if p.is_file() and not p.name.startswith(".")]
        self.taken.append(source.name)
        self.times.append(self._clock.now())
        contents = [reference(p.read_bytes()) for p in read]
        self.during()
        self.during = int
        if self.errors:
            raise self.errors.pop(0)
        names = [p.name for p in read]
        digests = [None] * self.unreadable + [c.sha256 for c in contents[self.unreadable :]]
        faulty = [
            RefusedFile(name=name, sha256=sha256, code="SCAN_UNREADABLE")
            for name, sha256 in zip(names, digests, strict=True)
        ]
        if self.refused:
            return Outcome(views=(), refused=Refused(source.name, tuple(faulty)), seconds=0.0)
        batch = batch_of(Papers(source.name)).model_copy(
            update={
                "sources": tuple(
                    SourceFile(name=name, file=ref, kind=SourceKind.JPEG, pages=1)
                    for name, ref in list(zip(names, contents, strict=True))[self.unreadable :]
                ),
                "refused": tuple(faulty[: self.unreadable]),
            }
        )
        view = DossierView(
            batch=batch,
            duplicate=False,
            dossier=None,
            state=self.state,
            indexed=False,
            counts=PageCounts(),
            components=(),
            open_reviews=(),
            physical=(),
            waived=(),
            gaps=None,
            problem=Problem(code="OCR_CRASHED") if self.state is BatchState.PENDING else None,
        )
        return Outcome(views=(view,), refused=None, seconds=0.0)


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox"
    folder.mkdir()
    return folder


@pytest.fixture
def clock(inbox: Path) -> FakeTime:
    return FakeTime(inbox.stat().st_mtime + LATER)


@pytest.fixture
def desk(clock: FakeTime) -> Desk:
    return Desk(clock)


@pytest.fixture
def watcher(inbox: Path, clock: FakeTime) -> Watcher:
    return Watcher(inbox, settle_seconds=SETTLE, now=clock.now, pause=clock.pause)


def one_round(watcher: Watcher, desk: Desk) -> list[str]:
    return [told(said) for said in watcher.outcomes(desk.ingest, once=True, every=EVERY)]


def first(watcher: Watcher, desk: Desk, count: int) -> list[str]:
    """What an endless watch says first."""
    endless = watcher.outcomes(desk.ingest, once=False, every=EVERY)
    return [told(said) for said in islice(endless, count)]


def told(said: Outcome | SohoaError) -> str:
    if isinstance(said, SohoaError):
        return said.code
    return said.views[0].state.value if said.views else "REFUSED"


def folder_of_pages(inbox: Path) -> Path:
    folder = inbox / "ho-so"
    folder.mkdir()
    for number in (1, 2):
        (folder / f"{number}.jpg").write_bytes(b"page %d" % number)
    return folder


def names(folder: Path) -> set[str]:
    return {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}


def test_what_is_archived_or_refused_leaves(inbox: Path, watcher: Watcher, desk: Desk) -> None:
    folder_of_pages(inbox)
    (inbox / "tot.pdf").write_bytes(b"good")
    assert one_round(watcher, desk) == ["ARCHIVED", "ARCHIVED"]
    assert names(inbox) == {"archived/ho-so/1.jpg", "archived/ho-so/2.jpg", "archived/tot.pdf"}
    desk.refused = True
    (inbox / "tot.pdf").write_bytes(b"bad")
    assert one_round(watcher, desk) == ["REFUSED"]
    assert (inbox / "refused" / "tot.pdf").read_bytes() == b"bad"
    desk.refused = False
    (inbox / "tot.pdf").write_bytes(b"another of this name")
    one_round(watcher, desk)
    assert (inbox / "archived" / "tot.1.pdf").read_bytes() == b"another of this name"
    assert (inbox / "archived" / "tot.pdf").read_bytes() == b"good"


def test_quarantined_papers_leave_too(inbox: Path, watcher: Watcher, desk: Desk) -> None:
    (inbox / "a.pdf").write_bytes(b"a")
    desk.state = BatchState.QUARANTINED
    assert one_round(watcher, desk) == ["QUARANTINED"]
    assert names(inbox) == {"refused/a.pdf"}


def test_a_folder_that_gained_a_page_stays_and_is_taken_again(
    inbox: Path, watcher: Watcher, desk: Desk, clock: FakeTime
) -> None:
    folder = folder_of_pages(inbox)
    desk.during = lambda: (folder / "3.jpg").write_bytes(b"page 3")
    assert one_round(watcher, desk) == ["ARCHIVED", "INPUT_UNSETTLED"]
    assert names(inbox) == {"ho-so/1.jpg", "ho-so/2.jpg", "ho-so/3.jpg"}
    assert first(watcher, desk, 1) == ["ARCHIVED"]
    assert names(inbox) == {f"archived/ho-so/{n}.jpg" for n in (1, 2, 3)}
    assert desk.taken == ["ho-so", "ho-so"]


@pytest.mark.parametrize("new", ["other bytes, other size", "same"])
def test_a_file_overwritten_meanwhile_stays_and_is_taken_again(
    inbox: Path, watcher: Watcher, desk: Desk, new: str
) -> None:
    path = inbox / "a.pdf"
    path.write_text("size")
    before = path.stat()

    def overwrite() -> None:
        (inbox / ".a").write_text(new)
        os.utime(inbox / ".a", ns=(before.st_atime_ns, before.st_mtime_ns))
        (inbox / ".a").rename(path)

    desk.during = overwrite
    assert one_round(watcher, desk) == ["ARCHIVED", "INPUT_UNSETTLED"]
    assert path.read_text() == new
    assert first(watcher, desk, 1) == ["ARCHIVED"]
    assert (inbox / "archived" / "a.pdf").read_text() == new


@pytest.mark.parametrize("ignored", ["sub/3.jpg", ".3.jpg"])
def test_a_folder_with_what_intake_ignores_stays_until_that_is_gone(
    inbox: Path, watcher: Watcher, desk: Desk, clock: FakeTime, ignored: str
) -> None:
    extra = folder_of_pages(inbox) / ignored
    extra.parent.mkdir(exist_ok=True)
    extra.write_bytes(b"never taken in")

    def repair() -> None:
        extra.unlink()
        if extra.parent.name == "sub":
            extra.parent.rmdir()

    clock.after(3_600, repair)
    assert first(watcher, desk, 3) == ["ARCHIVED", "SOURCE_LEFT", "ARCHIVED"]
    assert len(desk.taken) == 2
    assert names(inbox) == {"archived/ho-so/1.jpg", "archived/ho-so/2.jpg"}


def test_what_could_not_be_read_is_not_moved(inbox: Path, watcher: Watcher, desk: Desk) -> None:
    folder_of_pages(inbox)
    desk.unreadable = 1
    assert one_round(watcher, desk) == ["ARCHIVED", "SOURCE_LEFT"]
    desk.refused = True
    (inbox / "a.pdf").write_bytes(b"a")
    assert one_round(watcher, desk) == ["REFUSED"]
    assert names(inbox) == {"ho-so/1.jpg", "ho-so/2.jpg", "a.pdf"}


def test_a_service_that_is_down_is_asked_less_and_less(
    inbox: Path, watcher: Watcher, desk: Desk
) -> None:
    (inbox / "a.pdf").write_bytes(b"a")
    desk.errors = [ArchiveUnavailable() for _ in range(8)]
    assert first(watcher, desk, 2) == ["ARCHIVE_UNAVAILABLE", "ARCHIVED"]
    waits = [round(b - a) for a, b in zip(desk.times, desk.times[1:], strict=False)]
    assert waits == [2, 4, 8, 16, 32, 60, 60, 60]
    assert names(inbox) == {"archived/a.pdf"}


@pytest.mark.parametrize(
    ("state", "rounds"),
    [
        (BatchState.PENDING, range(60, 70)),
        (BatchState.AWAITING_SIGNATURE, range(60, 70)),
        (BatchState.NEEDS_REVIEW, range(5, 12)),
    ],
)
def test_a_batch_that_waits_is_looked_at_until_it_is_archived(
    inbox: Path, watcher: Watcher, desk: Desk, clock: FakeTime, state: BatchState, rounds: range
) -> None:
    (inbox / "a.pdf").write_bytes(b"a")
    desk.state = state
    clock.after(3_600, lambda: setattr(desk, "state", BatchState.ARCHIVED))
    assert first(watcher, desk, 2) == [state.value, "ARCHIVED"]
    assert names(inbox) == {"archived/a.pdf"}
    assert len(desk.taken) in rounds


@pytest.mark.parametrize("state", [BatchState.SUPERSEDED, None])
def test_what_trying_again_does_not_help_is_tried_once(
    inbox: Path, watcher: Watcher, desk: Desk, clock: FakeTime, state: BatchState | None
) -> None:
    (inbox / "a.pdf").write_bytes(b"a")
    if state is None:
        desk.errors = [DuplicateBatch()]
    else:
        desk.state = state
    clock.after(3_600, lambda: (inbox / "b.pdf").write_bytes(b"b"))
    assert len(first(watcher, desk, 2)) == 2
    assert desk.taken == ["a.pdf", "b.pdf"]
    assert (inbox / "a.pdf").is_file()


def test_once_takes_everything_once_and_passes_over_what_waits(
    inbox: Path, watcher: Watcher, desk: Desk
) -> None:
    desk.errors = [ArchiveUnavailable()]
    for name in ("a.pdf", "b.pdf"):
        (inbox / name).write_bytes(name.encode())
    assert one_round(watcher, desk) == ["ARCHIVE_UNAVAILABLE", "ARCHIVED"]
    assert names(inbox) == {"a.pdf", "archived/b.pdf"}


def test_a_source_is_left_alone_until_it_stands_still(
    inbox: Path, watcher: Watcher, desk: Desk, clock: FakeTime
) -> None:
    path = inbox / "a.pdf"

    def grow() -> None:
        with path.open("ab") as scan:
            scan.write(b"more")
        os.utime(path, (clock.now(), clock.now()))

    grow()
    for seconds in (1, 3):
        clock.after(seconds, grow)
    start = clock.now()
    assert first(watcher, desk, 1) == ["ARCHIVED"]
    assert desk.times[0] - start >= 3 + SETTLE
    assert (inbox / "archived" / "a.pdf").stat().st_size == 12


def test_once_waits_for_a_source_to_settle_and_says_when_it_does_not(
    inbox: Path, watcher: Watcher, desk: Desk, clock: FakeTime
) -> None:
    path = inbox / "a.pdf"
    path.write_bytes(b"a")
    os.utime(path, (clock.now(), clock.now()))
    clock.after(1, lambda: path.write_bytes(b"more"))
    assert one_round(watcher, desk) == ["INPUT_UNSETTLED"]
    assert one_round(watcher, desk) == ["ARCHIVED"]


def test_a_source_from_the_future_is_taken(
    inbox: Path, watcher: Watcher, desk: Desk, clock: FakeTime
) -> None:
    path = inbox / "a.pdf"
    path.write_bytes(b"a")
    os.utime(path, (clock.now() + 1e6, clock.now() + 1e6))
    assert first(watcher, desk, 1) == ["ARCHIVED"]


def test_a_folder_that_is_still_filled_with_old_files_has_not_settled(
    inbox: Path, watcher: Watcher, desk: Desk, clock: FakeTime
) -> None:
    folder = folder_of_pages(inbox)
    os.utime(folder, (clock.now(), clock.now()))
    start = clock.now()
    assert first(watcher, desk, 1) == ["ARCHIVED"]
    assert desk.times[0] - start >= SETTLE


def test_a_move_that_fails_does_not_end_the_watch(
    inbox: Path, watcher: Watcher, desk: Desk, clock: FakeTime
) -> None:
    blocker = inbox / "archived"
    blocker.write_bytes(b"a file where the folder should be")
    for name in ("a.pdf", "b.pdf"):
        (inbox / name).write_bytes(name.encode())
    clock.after(600, blocker.unlink)
    clock.after(900, lambda: (inbox / "c.pdf").write_bytes(b"c"))
    assert first(watcher, desk, 5) == ["ARCHIVED", "SOURCE_UNMOVABLE"] * 2 + ["ARCHIVED"]
    assert names(inbox) == {f"archived/{name}.pdf" for name in "abc"}


def test_a_fault_of_the_system_does_not_end_the_watch(
    inbox: Path, watcher: Watcher, desk: Desk
) -> None:
    desk.errors = [OSError(5, "medium")]
    for name in ("a.pdf", "b.pdf"):
        (inbox / name).write_bytes(name.encode())
    assert first(watcher, desk, 3) == ["INTERNAL", "ARCHIVED", "ARCHIVED"]
    assert names(inbox) == {"archived/a.pdf", "archived/b.pdf"}


@pytest.mark.parametrize("once", [True, False])
def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path, desk: Desk, *, once: bool) -> None:
    watcher = Watcher(tmp_path / "gone", settle_seconds=0)
    with pytest.raises(NotFound) as missing:
        next(watcher.outcomes(desk.ingest, once=once, every=EVERY))
    assert missing.value.code == "SOURCE_MISSING"


def test_a_folder_that_comes_and_goes_does_not_end_the_watch(
    inbox: Path, watcher: Watcher, desk: Desk, clock: FakeTime
) -> None:
    away = inbox.with_name("away")
    clock.after(10, lambda: inbox.rename(away))
    clock.after(20, lambda: away.rename(inbox))
    clock.after(30, lambda: (inbox / "a.pdf").write_bytes(b"a"))
    assert first(watcher, desk, 1) == ["ARCHIVED"]


@pytest.mark.parametrize("ignored", ["empty", ".hidden.pdf", "archived", "refused"])
def test_what_is_no_source_is_passed_over(
    inbox: Path, watcher: Watcher, desk: Desk, ignored: str
) -> None:
    if ignored == ".hidden.pdf":
        (inbox / ignored).write_bytes(b"x")
    else:
        (inbox / ignored).mkdir()
    (inbox / ignored.replace("empty", "upload")).with_suffix(".tmp").mkdir()
    assert one_round(watcher, desk) == []


@pytest.mark.parametrize("every", [0.0, -1.0, float("nan"), float("inf")])
def test_no_pause_is_too_short_or_endless(
    inbox: Path, watcher: Watcher, desk: Desk, clock: FakeTime, every: float
) -> None:
    start = clock.now()
    clock.after(0.05, lambda: (inbox / "a.pdf").write_bytes(b"a"))
    next(watcher.outcomes(desk.ingest, once=False, every=every))
    assert 0.09 <= clock.now() - start <= 3_600
