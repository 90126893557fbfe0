"""Hostile and damaged input at the door: refused for the right reason, or taken with a warning.

Memory is judged in a child process that may not have more than 1 GiB of address space.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import signal
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pikepdf import Array, Dictionary, Name, Stream
from PIL import Image

from pipeline.adapters.sources import FileSourceReader, sandbox
from pipeline.adapters.sources.pdf import PdfBounds, probe_pdf
from pipeline.errors import IntakeError, UnsafeInput, UnsettledInput
from pipeline.models.files import SourceFile, SourceKind, SourceWarning
from pipeline.settings import IntakeSettings
from pipeline.stages.intake import Intake, take_in
from pipeline.workspace import Workspace
from tests.fakes import source_files as files

_ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def reader() -> Iterator[FileSourceReader]:
    yield FileSourceReader(IntakeSettings(render_dpi=72))


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "work")


def _take(
    tmp_path: Path, workspace: Workspace, reader: FileSourceReader, name: str, data: bytes
) -> Intake:
    (tmp_path / name).write_bytes(data)
    return take_in(tmp_path / name, workspace, reader, IntakeSettings(), keep_unsigned=False)


def _accepted(intake: Intake) -> SourceFile:
    assert intake.refused == ()
    (source,) = intake.sources
    return source


def _broken_chain(to: int) -> bytes:
    """Three pages; where the third should be, another place is named."""
    data = bytearray(files.tiff("group4", [files.picture("1", mark=n) for n in range(3)], 1 << 30))
    struct.pack_into("<I", data, files.directories(bytes(data))[2], to)
    return bytes(data)


def _measurements() -> bytes:
    return files.retagged(files.plain_tiff(bytes(4 * 200), (10, 20), 32), {339: 3})


def _pdf_of(data: bytes, coding: Name, *, lost: bool = False) -> bytes:
    """One page of an image with such data; `lost`: the page names it, the file lacks it."""
    builder, image = files.PdfBuilder(), files.picture("L")
    page = builder.scan(builder.image(data, image, Filter=coding))
    if lost:
        del page.obj.Resources.XObject.Im
    return builder.bytes()


_PIXELS = files.picture("L").tobytes()
_REFUSED: dict[str, tuple[str, bytes, str]] = {
    "zero bytes": ("a.pdf", b"", "SCAN_EMPTY"),
    "text named pdf": ("a.pdf", "Kính gửi cơ quan".encode(), "SCAN_NOT_A_SCAN"),
    "truncated pdf": ("a.pdf", files.scanned_pdf(2)[:20_000], "SCAN_TRUNCATED"),
    "pdf of a cut jpeg": ("a.pdf", _pdf_of(files.jpeg()[:-900], Name.DCTDecode), "SCAN_TRUNCATED"),
    "pdf of cut zlib data": (
        "a.pdf",
        _pdf_of(zlib.compress(_PIXELS)[:-99], Name.FlateDecode),
        "SCAN_TRUNCATED",
    ),
    "pdf of half the rows": (
        "a.pdf",
        _pdf_of(zlib.compress(_PIXELS[: len(_PIXELS) // 2]), Name.FlateDecode),
        "SCAN_TRUNCATED",
    ),
    "pdf without its image": (
        "a.pdf",
        _pdf_of(files.jpeg(), Name.DCTDecode, lost=True),
        "SCAN_TRUNCATED",
    ),
    "pdf header only": ("a.pdf", b"%PDF-1.7\n", "SCAN_TRUNCATED"),
    "user password": ("a.pdf", files.encrypted_pdf("secret"), "PDF_ENCRYPTED"),
    "empty user password": ("a.pdf", files.encrypted_pdf(""), "PDF_ENCRYPTED"),
    "500 megapixels": ("a.png", files.huge_png(), "PAGE_TOO_LARGE"),
    "truncated jpeg": ("a.jpg", files.jpeg()[:-400], "SCAN_TRUNCATED"),
    "truncated png": ("a.png", files.png()[:-400], "SCAN_TRUNCATED"),
    "png of too few rows": ("a.png", files.png_of(bytes(100)), "SCAN_TRUNCATED"),
    "png of broken zlib data": ("a.png", files.png_of(None), "SCAN_TRUNCATED"),
    "truncated tiff": (
        "a.tif",
        files.tiff("group4", [files.picture("1")])[:-40],
        "SCAN_TRUNCATED",
    ),
    "tiff with a broken chain": ("a.tif", _broken_chain(12), "SCAN_TRUNCATED"),
    "tiff with a chain beyond its end": ("a.tif", _broken_chain(1 << 24), "SCAN_TRUNCATED"),
    "tiff of measurements": ("a.tif", _measurements(), "SCAN_UNREADABLE"),
    "tiff header only": ("a.tif", b"II*\0\x08\0\0\0", "SCAN_TRUNCATED"),
}


@pytest.mark.parametrize("case", _REFUSED)
def test_refused_and_quarantined_byte_for_byte(
    case: str, tmp_path: Path, workspace: Workspace, reader: FileSourceReader
) -> None:
    name, data, code = _REFUSED[case]
    intake = _take(tmp_path, workspace, reader, name, data)
    (refused,) = intake.refused
    assert (intake.sources, refused.code, refused.name) == ((), code, name)
    assert refused.sha256 == hashlib.sha256(data).hexdigest()
    kept = workspace.quarantined(str(refused.sha256))
    assert kept.read_bytes() == data
    note = json.loads(kept.with_name(kept.name + ".json").read_text())
    assert (note["code"], note["name"]) == (code, name)
    assert (tmp_path / name).read_bytes() == data


def test_a_huge_page_is_named_with_its_pixels(
    tmp_path: Path, workspace: Workspace, reader: FileSourceReader
) -> None:
    (refused,) = _take(tmp_path, workspace, reader, "a.png", files.huge_png()).refused
    assert refused.params == {"pixels": 500_000_000, "limit": 200_000_000}


def _huge_tiff() -> bytes:
    data = bytearray(files.tiff("group4", [files.picture("1")]))
    with Image.open(io.BytesIO(bytes(data))):
        (start,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, start)
    for n in range(count):
        tag, _, _, _ = struct.unpack_from("<HHII", data, start + 2 + 12 * n)
        if tag in (256, 257):
            struct.pack_into("<HII", data, start + 4 + 12 * n, 4, 1, 25_000)
    return bytes(data)


def _huge_jpeg() -> bytes:
    data = bytearray(files.jpeg())
    at = data.find(b"\xff\xc0")
    struct.pack_into(">HH", data, at + 5, 25_000, 25_000)
    return bytes(data)


def _huge_image_pdf() -> bytes:
    builder = files.PdfBuilder()
    stream, _ = builder.jpeg_image()
    stream.Width = stream.Height = 25_000
    builder.scan(stream)
    return builder.bytes()


def _huge_paper_pdf() -> bytes:
    builder = files.PdfBuilder()
    builder.page(b"BT /F1 24 Tf 72 700 Td (wide) Tj ET", media=(14_400, 14_400))
    return builder.bytes()


@pytest.mark.parametrize("make", [_huge_tiff, _huge_jpeg, _huge_image_pdf, _huge_paper_pdf])
def test_huge_pages_of_other_formats(tmp_path: Path, make) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "a").write_bytes(make())
    with pytest.raises(UnsafeInput) as caught:
        FileSourceReader(IntakeSettings()).probe(tmp_path / "a")
    assert caught.value.code == "PAGE_TOO_LARGE"
    assert int(caught.value.params["pixels"]) > 200_000_000


def test_symlinks_are_not_followed(
    tmp_path: Path, workspace: Workspace, reader: FileSourceReader
) -> None:
    target = tmp_path / "target.jpg"
    target.write_bytes(files.jpeg())
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    (inbox / "a.jpg").symlink_to(target)
    (inbox / "b").symlink_to(tmp_path)
    (inbox / "c.jpg").symlink_to(tmp_path / "nowhere")
    os.mkfifo(inbox / "d.jpg")
    intake = take_in(inbox, workspace, reader, IntakeSettings(), keep_unsigned=False)
    assert [(r.code, r.sha256) for r in intake.refused] == [
        ("SYMLINK", None),
        ("SYMLINK", None),
        ("SYMLINK", None),
        ("NOT_A_FILE", None),
    ]
    assert (inbox / "a.jpg").is_symlink()
    link = take_in(inbox / "b", workspace, reader, IntakeSettings(), keep_unsigned=False)
    assert [r.code for r in link.refused] == ["SYMLINK"]


def test_a_file_beyond_the_limit_is_not_copied(
    tmp_path: Path, workspace: Workspace, reader: FileSourceReader
) -> None:
    (tmp_path / "a.jpg").write_bytes(files.jpeg())
    limits = IntakeSettings(max_file_bytes=1000)
    (refused,) = take_in(tmp_path / "a.jpg", workspace, reader, limits, keep_unsigned=False).refused
    assert (refused.code, refused.sha256) == ("FILE_TOO_LARGE", None)
    assert not (workspace.root / "blobs").exists()


def test_a_medium_that_fails(workspace: Workspace, reader: FileSourceReader) -> None:
    failing = Path("/proc/self/mem")
    (refused,) = take_in(failing, workspace, reader, IntakeSettings(), keep_unsigned=False).refused
    assert (refused.code, refused.sha256) == ("SCAN_UNREADABLE", None)


def test_a_file_without_end_is_unsettled(workspace: Workspace, reader: FileSourceReader) -> None:
    growing = Path("/proc/self/status")
    with pytest.raises(UnsettledInput):
        take_in(growing, workspace, reader, IntakeSettings(), keep_unsigned=False)


_UNREADABLE = """
import os, sys
from pathlib import Path
from pipeline.adapters.sources import FileSourceReader
from pipeline.settings import IntakeSettings
from pipeline.stages.intake import take_in
from pipeline.workspace import Workspace
if os.getuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
limits = IntakeSettings()
reader = FileSourceReader(limits)
for name in sys.argv[2:]:
    taken = take_in(Path(name), Workspace(Path(sys.argv[1])), reader, limits, keep_unsigned=False)
    print([(r.code, r.sha256) for r in taken.refused], len(taken.sources))
"""


def test_unreadable_permissions(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    for parent in tmp_path.parents:
        if parent.name.startswith("pytest"):
            parent.chmod(0o755)
    work = tmp_path / "work"
    work.mkdir()
    work.chmod(0o777)
    locked, folder = tmp_path / "a.jpg", tmp_path / "locked"
    locked.write_bytes(files.jpeg())
    locked.chmod(0)
    folder.mkdir(mode=0o000)
    folder.chmod(0)
    environment = {**os.environ, "PYTHONPATH": str(_ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", _UNREADABLE, str(work), str(locked), str(folder)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    folder.chmod(0o700)
    assert done.stderr == ""
    assert done.stdout == "[('PERMISSION_DENIED', None)] 0\n" * 2


# -- odd, but accepted --------------------------------------------------------------------------


@pytest.mark.parametrize("damage", ["startxref", "table", "padding"])
def test_repairable_xref(
    damage: str, tmp_path: Path, workspace: Workspace, reader: FileSourceReader
) -> None:
    data = files.scanned_pdf(2)
    at = data.rfind(b"startxref")
    if damage == "startxref":
        data = data[:at] + b"startxref\n7\n%%EOF\n"
    elif damage == "padding":
        data += bytes(5000)
    else:
        table = data.rfind(b"\nxref")
        data = data[: table + 30] + b"garbage garbage garbage" + data[table + 53 :]
    source = _accepted(_take(tmp_path, workspace, reader, "a.pdf", data))
    assert source.warnings == (SourceWarning.REPAIRED_XREF,)
    assert (source.kind, source.pages) == (SourceKind.PDF_IMAGES, 2)
    assert workspace.read(source.file) == data


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(share=st.floats(0.0, 1.0), joined=st.booleans())
def test_a_truncated_pdf_never_loses_a_page_unnoticed(
    share: float, joined: bool, tmp_path: Path, reader: FileSourceReader
) -> None:
    builder, images = files.PdfBuilder(), []
    for mark in range(3):
        stream, raw = builder.jpeg_image(files.picture(mark=mark))
        builder.scan(stream)
        images.append(raw)
    data = builder.bytes(objects_in_streams=joined)
    path = tmp_path / "a.pdf"
    path.write_bytes(data[: int(len(data) * share)])
    try:
        report = reader.probe(path)
    except IntakeError:
        return
    assert [page.data for page in reader.pages(path, report)] == images


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    which=st.sampled_from(["jpeg", "png", "tiff", "pdf"]),
    changes=st.lists(st.tuples(st.floats(0, 1), st.binary(max_size=9)), min_size=1, max_size=6),
)
def test_damage_never_ends_in_a_traceback(
    which: str, changes: list[tuple[float, bytes]], tmp_path: Path, reader: FileSourceReader
) -> None:
    data = bytearray(_SAMPLES[which])
    for share, junk in changes:
        at = int(len(data) * share)
        data[at : at + len(junk)] = junk
    (tmp_path / "a").write_bytes(data)
    try:
        report = reader.probe(tmp_path / "a")
        assert len(list(reader.pages(tmp_path / "a", report))) == report.pages
    except IntakeError as error:
        assert error.code in _CODES


_SMALL = files.picture(size=(200, 280))
_SAMPLES = {
    "jpeg": files.jpeg(_SMALL),
    "png": files.png(_SMALL),
    "tiff": files.tiff("tiff_lzw", [_SMALL, _SMALL]),
    "pdf": files.signed_pdf(),
}
_CODES = {
    "SCAN_EMPTY",
    "SCAN_NOT_A_SCAN",
    "SCAN_TRUNCATED",
    "SCAN_UNREADABLE",
    "PAGE_TOO_LARGE",
    "PDF_ENCRYPTED",
    "READ_OUT_OF_MEMORY",
}


def _with_javascript(builder: files.PdfBuilder) -> None:
    action = Dictionary(S=Name.JavaScript, JS="app.alert(1)")
    builder.pdf.Root.OpenAction = action


def _with_page_action(builder: files.PdfBuilder) -> None:
    action = Dictionary(S=Name.JavaScript, JS="app.alert(1)")
    builder.pdf.pages[0].obj.AA = Dictionary(O=action)


def _with_attachment(builder: files.PdfBuilder) -> None:
    builder.pdf.attachments["a.txt"] = b"attached"


@pytest.mark.parametrize(
    ("change", "warning"),
    [
        (_with_javascript, SourceWarning.ACTIVE_CONTENT),
        (_with_page_action, SourceWarning.ACTIVE_CONTENT),
        (_with_attachment, SourceWarning.ATTACHMENTS),
    ],
)
@pytest.mark.parametrize("joined", [False, True])
def test_active_and_attached_content(  # type: ignore[no-untyped-def]
    change,
    warning: SourceWarning,
    joined: bool,
    tmp_path: Path,
    workspace: Workspace,
    reader: FileSourceReader,
) -> None:
    builder = files.PdfBuilder()
    stream, _ = builder.jpeg_image()
    builder.scan(stream)
    change(builder)
    data = builder.bytes(objects_in_streams=joined)
    source = _accepted(_take(tmp_path, workspace, reader, "a.pdf", data))
    assert source.warnings == (warning,)
    assert workspace.read(source.file) == data


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.jpg", files.jpeg() + files.jpeg()),
        ("a.jpg", files.several(files.picture("RGB"), "MPO")),
        ("a.png", files.several(files.picture("RGB"), "PNG")),
    ],
)
def test_further_images_are_not_passed_over_in_silence(
    name: str, data: bytes, tmp_path: Path, workspace: Workspace, reader: FileSourceReader
) -> None:
    source = _accepted(_take(tmp_path, workspace, reader, name, data))
    assert (source.pages, source.warnings) == (1, (SourceWarning.MORE_IMAGES,))
    assert workspace.read(source.file) == data


def test_wrong_extension(tmp_path: Path, workspace: Workspace, reader: FileSourceReader) -> None:
    source = _accepted(_take(tmp_path, workspace, reader, "a.pdf", files.jpeg()))
    assert (source.kind, source.warnings) == (SourceKind.JPEG, (SourceWarning.WRONG_EXTENSION,))
    source = _accepted(_take(tmp_path, workspace, reader, "A.JPG", files.jpeg()))
    assert source.warnings == ()


def test_name_with_control_characters(
    tmp_path: Path, workspace: Workspace, reader: FileSourceReader
) -> None:
    name = "a\n\x1b[31m\u202egpj.jpg"
    source = _accepted(_take(tmp_path, workspace, reader, name, files.jpeg()))
    assert source.name == "a\\x0a\\x1b[31m\\u202egpj.jpg"
    assert source.warnings == (SourceWarning.CONTROL_CHARACTERS,)


def test_signed_pdf_keeps_its_bytes(
    tmp_path: Path, workspace: Workspace, reader: FileSourceReader
) -> None:
    data = files.signed_pdf()
    source = _accepted(_take(tmp_path, workspace, reader, "a.pdf", data))
    assert source.kind is SourceKind.PDF_SIGNED
    assert workspace.read(source.file) == data


# -- bounded time and memory --------------------------------------------------------------------


def _bomb(size: int) -> bytes:
    """A valid zlib stream of zeros: one flushed block of 1 MiB, over and over."""
    packer = zlib.compressobj(9)
    head = packer.compress(b"") + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    adler = ((size % 65521) << 16) | 1
    return head + block * (size >> 20) + b"\x03\0" + struct.pack(">I", adler)


def _content_bomb() -> bytes:
    builder = files.PdfBuilder()
    page = builder.page(b"")
    page.obj.Contents = Stream(builder.pdf, _bomb(3 << 30), Filter=Name.FlateDecode)
    return builder.bytes()


def _image_bomb() -> bytes:
    builder, image = files.PdfBuilder(), files.picture()
    stream = builder.image(_bomb(3 << 30), image, Filter=Name.FlateDecode)
    builder.scan(stream)
    return builder.bytes()


def _double_bomb() -> bytes:
    builder = files.PdfBuilder()
    page = builder.page(b"")
    filters = Array([Name.FlateDecode, Name.FlateDecode])
    page.obj.Contents = Stream(builder.pdf, zlib.compress(_bomb(4 << 30), 9), Filter=filters)
    return builder.bytes()


def _object_bomb() -> bytes:
    return (
        b"%PDF-1.5\n1 0 obj<</Type/ObjStm/N 1/First 4/Filter/FlateDecode/Length "
        + str(len(_bomb(2 << 30))).encode()
        + b">>stream\n"
        + _bomb(2 << 30)
        + b"\nendstream endobj\ntrailer<</Root 5 0 R>>\n%%EOF"
    )


_BOUNDED = """
import resource, sys
from pathlib import Path
resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
from pipeline.adapters.sources import FileSourceReader
from pipeline.errors import IntakeError
from pipeline.settings import IntakeSettings
reader = FileSourceReader(IntakeSettings(file_timeout_seconds=6, render_dpi=72))
try:
    path = Path(sys.argv[1])
    report = reader.probe(path)
    print("pages", len(list(reader.pages(path, report))))
except IntakeError as error:
    print("refused", error.code)
"""


@pytest.mark.parametrize("make", [_content_bomb, _image_bomb, _double_bomb, _object_bomb])
def test_bombs_end_within_bounds(tmp_path: Path, make) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "a.pdf").write_bytes(make())
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", _BOUNDED, str(tmp_path / "a.pdf")],
        env={**os.environ, "PYTHONPATH": str(_ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert time.monotonic() - started < 60
    assert done.stderr == ""
    assert done.stdout.split()[0] in ("pages", "refused")


def test_pages_full_of_drawing_are_told_from_scans_in_time(tmp_path: Path) -> None:
    builder = files.PdfBuilder()
    drawing = builder.pdf.make_indirect(Stream(builder.pdf, b"0 0 m 9 9 l S\n" * 250_000))
    for _ in range(40):
        builder.page(b"").obj.Contents = drawing
    (tmp_path / "a.pdf").write_bytes(builder.bytes())
    report = FileSourceReader(IntakeSettings()).probe(tmp_path / "a.pdf")
    assert (report.kind, report.pages) == (SourceKind.PDF_RENDERED, 40)


def test_a_bomb_is_made_as_told() -> None:
    assert zlib.decompress(_bomb(3 << 20)) == bytes(3 << 20)


def test_a_long_file_earns_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "_CHILD", "tests.fakes.stepping_child")
    answers = list(sandbox.Sandbox().ask({"do": "probe"}, seconds=3))
    assert [facts["pages"] for facts, _ in answers] == [9]


def test_looking_at_many_pages_shows_signs_of_progress(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(files.written_pdf(45))
    steps: list[int] = []
    report = probe_pdf(
        tmp_path / "a.pdf",
        PdfBounds(50, 200_000_000, 72),
        keep_unsigned=False,
        step=lambda: steps.append(1),
    )
    assert (report.pages, len(steps)) == (45, 2)


def test_a_hanging_page_ends_in_time(tmp_path: Path) -> None:
    builder = files.PdfBuilder()
    pattern = Stream(builder.pdf, b"0 0 1 1 re f")
    pattern.stream_dict = Dictionary(
        Type=Name.Pattern,
        PatternType=1,
        PaintType=1,
        TilingType=1,
        BBox=Array([0, 0, 1, 1]),
        XStep=0.01,
        YStep=0.01,
        Resources=Dictionary(),
        Matrix=Array([0.01, 0, 0, 0.01, 0, 0]),
    )
    page = builder.page(b"/Pattern cs /P scn 0 0 600 800 re f\n" * 400)
    page.obj.Resources.Pattern = Dictionary(P=pattern)
    path = tmp_path / "a.pdf"
    path.write_bytes(builder.bytes())
    reader = FileSourceReader(IntakeSettings(file_timeout_seconds=1.5))
    started = time.monotonic()
    with pytest.raises(UnsafeInput) as caught:
        list(reader.pages(path, reader.probe(path)))
    assert caught.value.code == "READ_TIMEOUT"
    assert time.monotonic() - started < 20
    (tmp_path / "b.pdf").write_bytes(files.scanned_pdf())
    assert reader.probe(tmp_path / "b.pdf").pages == 1


def _children() -> set[int]:
    """Processes this one has started."""
    tasks = Path(f"/proc/{os.getpid()}/task")
    return {int(pid) for task in tasks.iterdir() for pid in (task / "children").read_text().split()}


def test_a_reading_process_that_was_killed_refuses_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(files.scanned_pdf())
    before = _children()
    reader = FileSourceReader(IntakeSettings())
    assert reader.probe(tmp_path / "a.pdf").pages == 1
    (process,) = _children() - before
    os.kill(process, signal.SIGKILL)
    os.waitid(os.P_PID, process, os.WEXITED | os.WNOWAIT)
    assert reader.probe(tmp_path / "a.pdf").pages == 1


def test_a_reading_process_that_was_full_is_not_used_again(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(files.scanned_pdf())
    (tmp_path / "b.png").write_bytes(files.huge_png(25_000, 7_900, transparent=True))
    before = _children()
    reader = FileSourceReader(IntakeSettings())
    reader.probe(tmp_path / "a.pdf")
    (first,) = _children() - before
    with pytest.raises(UnsafeInput) as caught:
        list(reader.pages(tmp_path / "b.png", reader.probe(tmp_path / "b.png")))
    assert caught.value.code == "READ_OUT_OF_MEMORY"
    assert reader.probe(tmp_path / "a.pdf").pages == 1
    (second,) = _children() - before
    assert first != second
