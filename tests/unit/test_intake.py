"""Intake: order, names, warnings, what is kept; and the raw pages of a batch."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import random
import string
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.adapters.sources import FileSourceReader
from pipeline.errors import NotFound, UnreadableScan, UnsettledInput
from pipeline.models.actors import Actor, Role
from pipeline.models.batch import Batch, IngestTerms
from pipeline.models.files import FileRef, SourceFile, SourceKind, SourceWarning
from pipeline.ports.reading import ExtractedPage, SourceReader, SourceReport
from pipeline.settings import IntakeSettings
from pipeline.stages.intake import Intake, natural_key, take_in, unpack
from pipeline.workspace import Readable, Workspace
from tests.fakes import source_files as files

_LIMITS = IntakeSettings(render_dpi=72)


@pytest.fixture(scope="module")
def reader() -> SourceReader:
    return FileSourceReader(_LIMITS)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "work")


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox"
    folder.mkdir()
    return folder


def _take(
    source: Path, workspace: Workspace, reader: SourceReader, limits: IntakeSettings = _LIMITS
) -> Intake:
    return take_in(source, workspace, reader, limits, keep_unsigned=False)


def _batch(sources: tuple[SourceFile, ...]) -> Batch:
    return Batch(
        batch_id="0" * 64,
        unit="DEV",
        source="inbox",
        actor=Actor(id="dev", role=Role.RECEPTION_OFFICER, unit="DEV"),
        terms=IngestTerms(),
        sources=sources,
        received_at=dt.datetime(2026, 11, 22, tzinfo=dt.UTC),
    )


def test_one_file_is_kept_byte_for_byte(
    inbox: Path, workspace: Workspace, reader: SourceReader
) -> None:
    data = files.jpeg()
    (inbox / "scan.jpg").write_bytes(data)
    taken = _take(inbox / "scan.jpg", workspace, reader)
    (source,) = taken.sources
    assert (taken.name, taken.refused) == ("scan.jpg", ())
    assert (source.name, source.kind, source.pages, source.warnings) == (
        "scan.jpg",
        SourceKind.JPEG,
        1,
        (),
    )
    assert source.file.sha256 == hashlib.sha256(data).hexdigest()
    assert source.file.media_type == "image/jpeg"
    assert workspace.read(source.file) == data


def test_a_folder_is_read_in_natural_order_without_recursion(
    inbox: Path, workspace: Workspace, reader: SourceReader
) -> None:
    for name in ("trang 10.jpg", "trang 2.jpg", ".hidden.jpg", "Trang 1.jpg"):
        (inbox / name).write_bytes(files.jpeg())
    (inbox / "below").mkdir()
    (inbox / "below" / "trang 3.jpg").write_bytes(files.jpeg())
    taken = _take(inbox, workspace, reader)
    assert [s.name for s in taken.sources] == ["Trang 1.jpg", "trang 2.jpg", "trang 10.jpg"]
    assert taken.refused == ()


def test_names_are_shown_in_nfc(inbox: Path, workspace: Workspace, reader: SourceReader) -> None:
    name = "Đơn đề nghị.jpg"
    (inbox / unicodedata.normalize("NFD", name)).write_bytes(files.jpeg())
    assert _take(inbox, workspace, reader).sources[0].name == name


@given(st.lists(st.integers(0, 10**9), min_size=2, unique=True))
def test_numbers_sort_by_value(numbers: list[int]) -> None:
    names = [f"Trang {number}.jpg" for number in numbers]
    shuffled = random.Random(3).sample(names, len(names))
    expected = [f"Trang {number}.jpg" for number in sorted(numbers)]
    assert sorted(shuffled, key=natural_key) == expected


@given(st.lists(st.text(string.printable + "áẫ\u0301²٣", max_size=9), unique=True))
def test_any_names_have_one_order(names: list[str]) -> None:
    assert sorted(names, key=natural_key) == sorted(reversed(names), key=natural_key)


def test_missing_and_empty_sources(inbox: Path, workspace: Workspace, reader: SourceReader) -> None:
    with pytest.raises(NotFound) as missing:
        _take(inbox / "none", workspace, reader)
    assert missing.value.code == "SOURCE_MISSING"
    (inbox / ".hidden").write_bytes(b"x")
    with pytest.raises(UnreadableScan) as empty:
        _take(inbox, workspace, reader)
    assert empty.value.code == "SOURCE_EMPTY"


def test_good_files_of_a_folder_are_taken_beside_bad_ones(
    inbox: Path, workspace: Workspace, reader: SourceReader
) -> None:
    (inbox / "1.jpg").write_bytes(files.jpeg())
    (inbox / "2.pdf").write_bytes(b"no scan")
    (inbox / "3.png").write_bytes(files.png())
    taken = _take(inbox, workspace, reader)
    assert [s.name for s in taken.sources] == ["1.jpg", "3.png"]
    assert [(r.name, r.code) for r in taken.refused] == [("2.pdf", "SCAN_NOT_A_SCAN")]


def test_the_page_limit_holds_for_the_whole_folder(
    inbox: Path, workspace: Workspace, reader: SourceReader
) -> None:
    for number in range(4):
        (inbox / f"{number}.jpg").write_bytes(files.jpeg(files.picture(mark=number)))
    taken = _take(inbox, workspace, reader, IntakeSettings(max_pages=3))
    assert len(taken.sources) == 3
    assert [r.code for r in taken.refused] == ["TOO_MANY_PAGES"]
    assert workspace.quarantined(str(taken.refused[0].sha256)).is_file()


class _GrowingWorkspace(Workspace):
    """Its source grows while it is copied."""

    def __init__(self, root: Path, source: Path) -> None:
        super().__init__(root)
        self._source = source

    def take(self, source: Readable, media_type: str) -> FileRef:
        ref = super().take(source, media_type)
        with self._source.open("ab") as file:
            file.write(b"more")
        return ref


def test_a_file_that_changes_while_it_is_read_is_not_taken(
    inbox: Path, tmp_path: Path, reader: SourceReader
) -> None:
    path = inbox / "scan.jpg"
    path.write_bytes(files.jpeg())
    with pytest.raises(UnsettledInput) as caught:
        _take(path, _GrowingWorkspace(tmp_path / "work", path), reader)
    assert caught.value.code == "INPUT_UNSETTLED"
    assert caught.value.retryable


def test_taking_in_twice_gives_the_same(
    inbox: Path, workspace: Workspace, reader: SourceReader
) -> None:
    (inbox / "a.pdf").write_bytes(files.scanned_pdf(2))
    (inbox / "b.jpg").write_bytes(b"broken")
    assert _take(inbox, workspace, reader) == _take(inbox, workspace, reader)


def test_containers_start_components(
    inbox: Path, workspace: Workspace, reader: SourceReader
) -> None:
    picture = files.picture("1")
    (inbox / "1.jpg").write_bytes(files.jpeg())
    (inbox / "2.png").write_bytes(files.png())
    (inbox / "3.pdf").write_bytes(files.scanned_pdf(2))
    (inbox / "4.jpg").write_bytes(files.jpeg())
    (inbox / "5.tif").write_bytes(files.tiff("group4", [picture]))
    (inbox / "6.tif").write_bytes(files.tiff("group4", [picture, picture]))
    (inbox / "7.pdf").write_bytes(files.written_pdf())
    sources = _take(inbox, workspace, reader).sources
    pages = unpack(_batch(sources), workspace, reader, dpi=72)
    assert [page.index for page in pages] == list(range(9))
    assert [page.source for page in pages] == [0, 1, 2, 2, 3, 4, 5, 5, 6]
    assert [page.source_page for page in pages] == [0, 0, 0, 1, 0, 0, 0, 1, 0]
    starts = [page.index for page in pages if page.starts_component]
    assert starts == [2, 4, 6, 8]
    assert [page.lossless for page in pages] == [True] * 8 + [False]
    assert all(workspace.has(page.file.sha256) for page in pages)
    assert pages[0].file == sources[0].file


class _OtherPages:
    """A reader that gives another number of pages than it said."""

    def __init__(self, count: int) -> None:
        self._count = count

    def probe(self, path: Path, *, keep_unsigned: bool = False) -> SourceReport:
        return SourceReport(SourceKind.PDF_IMAGES, 2)

    def pages(self, path: Path, report: SourceReport) -> Iterator[ExtractedPage]:
        for _ in range(self._count):
            yield ExtractedPage(files.jpeg(), "image/jpeg", 827, 1169, 100, 0, lossless=True)


@pytest.mark.parametrize(("count", "fits"), [(1, False), (2, True), (3, False)])
def test_pages_that_come_or_go_are_noticed(
    inbox: Path, workspace: Workspace, count: int, fits: bool
) -> None:
    (inbox / "a.pdf").write_bytes(b"x")
    other = _OtherPages(count)
    batch = _batch(_take(inbox, workspace, other).sources)
    if fits:
        assert len(unpack(batch, workspace, other, dpi=72)) == 2
    else:
        with pytest.raises(UnreadableScan):
            unpack(batch, workspace, other, dpi=72)


def _broken_inside() -> bytes:
    """A TIFF that is whole by its directory, and cannot be decoded."""
    data = bytearray(files.tiff("tiff_lzw", [files.picture()], 1 << 30))
    data[1000:1900] = bytes(900)
    return bytes(data)


def test_a_file_that_breaks_late_does_not_take_the_folder_with_it(
    inbox: Path, workspace: Workspace, reader: SourceReader
) -> None:
    (inbox / "1.jpg").write_bytes(files.jpeg())
    (inbox / "2.tif").write_bytes(_broken_inside())
    (inbox / "3.pdf").write_bytes(files.written_pdf(2))
    intake = _take(inbox, workspace, reader)
    (refused,) = intake.refused
    assert (refused.name, refused.code) == ("2.tif", "SCAN_UNREADABLE")
    assert workspace.quarantined(str(refused.sha256)).read_bytes() == _broken_inside()
    pages = unpack(_batch(intake.sources), workspace, reader, dpi=72)
    assert [(page.source, page.source_page) for page in pages] == [(0, 0), (1, 0), (1, 1)]


class _Counting:
    """Counts how often pages are taken out."""

    def __init__(self, reader: SourceReader) -> None:
        self._reader = reader
        self.read = 0

    def probe(self, path: Path, *, keep_unsigned: bool = False) -> SourceReport:
        return self._reader.probe(path, keep_unsigned=keep_unsigned)

    def pages(self, path: Path, report: SourceReport) -> Iterator[ExtractedPage]:
        self.read += 1
        return self._reader.pages(path, report)


def test_pages_are_taken_out_once(inbox: Path, workspace: Workspace, reader: SourceReader) -> None:
    for name in ("1.jpg", "2.jpg"):
        (inbox / name).write_bytes(files.jpeg(files.picture(mark=ord(name[0]))))
    counting = _Counting(reader)
    batch = _batch(_take(inbox, workspace, counting).sources)
    assert len(unpack(batch, workspace, counting, dpi=72)) == 2
    assert counting.read == 2


def test_a_name_that_is_not_text_is_shown_escaped(
    inbox: Path, workspace: Workspace, reader: SourceReader
) -> None:
    path = os.fsencode(inbox) + b"/scan\xff\n.jpg"
    with open(path, "wb") as file:  # noqa: PTH123
        file.write(files.jpeg())
    (source,) = _take(inbox, workspace, reader).sources
    assert source.name == "scan\\udcff\\x0a.jpg"
    assert source.warnings == (SourceWarning.CONTROL_CHARACTERS,)
