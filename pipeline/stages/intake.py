"""Intake: settle, hash, keep, refuse; before anything clever happens to a file.

Every accepted file is copied into the workspace byte for byte; every refused file that could be
read lies in quarantine, byte for byte, with the reason. The source itself is never changed.
May not come in: knowledge of file formats (that is the `SourceReader`'s), records.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from pipeline.errors import (
    IntakeError,
    NotFound,
    UnreadableScan,
    UnsafeInput,
    UnsettledInput,
)
from pipeline.ids import digest
from pipeline.models.base import Model
from pipeline.models.batch import Batch
from pipeline.models.files import FileRef, RefusedFile, SourceFile, SourceKind, SourceWarning
from pipeline.models.pages import RawPage
from pipeline.ports.reading import SourceReader, SourceReport
from pipeline.provenance import STAGE_VERSIONS
from pipeline.settings import IntakeSettings
from pipeline.textnorm import has_control_characters, nfc, printable
from pipeline.workspace import Workspace

_NOWHERE: Final = (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG)
"""What a path that no file can have is answered with."""
_UNKNOWN: Final = "application/octet-stream"
_NUMBER: Final = re.compile(r"([0-9]+)")
_PDF: Final = ("application/pdf", (".pdf",))
_FORMATS: Final[dict[SourceKind, tuple[str, tuple[str, ...]]]] = {
    SourceKind.PDF_IMAGES: _PDF,
    SourceKind.PDF_RENDERED: _PDF,
    SourceKind.PDF_SIGNED: _PDF,
    SourceKind.PDF_E_COPY: _PDF,
    SourceKind.TIFF: ("image/tiff", (".tif", ".tiff")),
    SourceKind.JPEG: ("image/jpeg", (".jpg", ".jpeg", ".jpe", ".jfif")),
    SourceKind.PNG: ("image/png", (".png",)),
}
"""Media type and usual extensions."""


class Unpacked(Model):
    """The raw pages of one source."""

    pages: tuple[RawPage, ...]


@dataclass(frozen=True, slots=True)
class Intake:
    """A source as taken in."""

    name: str
    """Of the source, fit to show."""
    sources: tuple[SourceFile, ...]
    """Accepted files in order."""
    refused: tuple[RefusedFile, ...]
    """The others; their bytes lie in quarantine."""


def take_in(
    source: Path,
    workspace: Workspace,
    reader: SourceReader,
    limits: IntakeSettings,
    *,
    keep_unsigned: bool,
) -> Intake:
    """Take in one file, or the files of one folder.

    A folder is read without recursion, hidden files and subfolders ignored, in natural order of
    NFC names. Of several files each is read to its last page here: one that breaks only then must
    not take the others with it.

    Args:
        source: file or folder.
        workspace: where accepted bytes and refused bytes are kept.
        reader: says what a file is.
        limits: bounds.
        keep_unsigned: an unsigned PDF keeps its bytes (portal).

    Raises:
        NotFound: `SOURCE_MISSING`.
        UnreadableScan: `SOURCE_EMPTY`, a folder without files.
        UnsettledInput: a file changed while it was read.
    """
    name = printable(source.name)
    try:
        paths = _files(source)
    except PermissionError:
        refusal = RefusedFile(name=name, sha256=None, code="PERMISSION_DENIED")
        return Intake(name=name, sources=(), refused=(refusal,))
    except OSError as error:
        if error.errno not in _NOWHERE:
            raise
        raise NotFound("SOURCE_MISSING") from error
    if not paths:
        raise UnreadableScan("SOURCE_EMPTY")
    sources: list[SourceFile] = []
    refused: list[RefusedFile] = []
    for path in paths:
        room = limits.max_pages - sum(taken.pages for taken in sources)
        taken = _take(path, workspace, reader, limits, room=room, keep_unsigned=keep_unsigned)
        if isinstance(taken, SourceFile) and len(paths) > 1:
            taken = _tried(taken, workspace, reader, limits)
        if isinstance(taken, SourceFile):
            sources.append(taken)
        else:
            refused.append(taken)
    return Intake(name=name, sources=tuple(sources), refused=tuple(refused))


def unpack(
    batch: Batch, workspace: Workspace, reader: SourceReader, *, dpi: int
) -> tuple[RawPage, ...]:
    """The raw pages of all sources, in order, each kept in the workspace.

    Args:
        batch: whose sources.
        workspace: where they lie.
        reader: opens them.
        dpi: of pages that have to be drawn.

    Raises:
        UnreadableScan: a file cannot be read after all, or gives other pages than it was said to.
        UnsafeInput: reading it would be unsafe after all.
        ChecksumMismatch: the kept bytes changed on the disk; handing the file in again mends them.
    """
    pages: list[RawPage] = []
    after_container = False
    for number, source in enumerate(batch.sources):
        container = _is_container(source)
        for page in _pages(source, workspace, reader, dpi):
            place = {
                "index": len(pages),
                "source": number,
                "starts_component": page.source_page == 0 and (container or after_container),
            }
            pages.append(page.model_copy(update=place))
        after_container = container
    return tuple(pages)


def natural_key(name: str) -> tuple[tuple[tuple[int, int, str], ...], str]:
    """Sort key that puts `trang 2` before `trang 10`, whatever the Unicode form."""
    parts = (part for part in _NUMBER.split(nfc(name).casefold()) if part)
    key = tuple((0, int(p), "") if p[0] in "0123456789" else (1, 0, p) for p in parts)
    return key, name


def _is_container(source: SourceFile) -> bool:
    single = source.kind in (SourceKind.JPEG, SourceKind.PNG)
    return not single and (source.kind is not SourceKind.TIFF or source.pages > 1)


def _pages(
    source: SourceFile, workspace: Workspace, reader: SourceReader, dpi: int
) -> tuple[RawPage, ...]:
    """The raw pages of one source, as if it were the only one; taken out once."""
    key = digest(
        "unpacked", STAGE_VERSIONS["intake"], source.file.sha256, source.kind, source.pages, dpi
    )
    known = workspace.result("unpacked", key, Unpacked)
    if known is not None and all(workspace.sound(page.file.sha256) for page in known.pages):
        return known.pages
    report = SourceReport(kind=source.kind, pages=source.pages, warnings=source.warnings)
    pages: list[RawPage] = []
    for page in reader.pages(workspace.whole(source.file), report):
        if len(pages) == source.pages:
            raise UnreadableScan("SCAN_UNREADABLE")
        pages.append(
            RawPage(
                index=len(pages),
                source=0,
                source_page=len(pages),
                file=workspace.put(page.data, page.media_type),
                width_px=page.width_px,
                height_px=page.height_px,
                dpi=page.dpi,
                turn_hint=page.turn_hint,
                lossless=page.lossless,
                starts_component=False,
            )
        )
    if len(pages) != source.pages:
        raise UnreadableScan("SCAN_UNREADABLE")
    workspace.publish("unpacked", key, Unpacked(pages=tuple(pages)))
    return tuple(pages)


def _files(source: Path) -> list[Path]:
    if not stat.S_ISDIR(source.lstat().st_mode):
        return [source]
    with os.scandir(source) as entries:
        names = [
            entry.name
            for entry in entries
            if not entry.name.startswith(".") and not entry.is_dir(follow_symlinks=False)
        ]
    return [source / name for name in sorted(names, key=natural_key)]


def _take(
    path: Path,
    workspace: Workspace,
    reader: SourceReader,
    limits: IntakeSettings,
    *,
    room: int,
    keep_unsigned: bool,
) -> SourceFile | RefusedFile:
    name = printable(path.name)
    ref: FileRef | None = None
    try:
        ref = _copy(path, workspace, limits.max_file_bytes)
        report = reader.probe(workspace.path(ref), keep_unsigned=keep_unsigned)
        if report.pages > room:
            raise UnsafeInput("TOO_MANY_PAGES", limit=limits.max_pages)
    except UnsettledInput:
        raise
    except IntakeError as error:
        return _refused(name, ref, error, workspace)
    media_type, extensions = _FORMATS[report.kind]
    warnings = set(report.warnings)
    if path.suffix and path.suffix.lower() not in extensions:
        warnings.add(SourceWarning.WRONG_EXTENSION)
    if has_control_characters(path.name):
        warnings.add(SourceWarning.CONTROL_CHARACTERS)
    return SourceFile(
        name=name,
        file=ref.model_copy(update={"media_type": media_type}),
        kind=report.kind,
        pages=report.pages,
        warnings=tuple(w for w in SourceWarning if w in warnings),
    )


def _tried(
    taken: SourceFile, workspace: Workspace, reader: SourceReader, limits: IntakeSettings
) -> SourceFile | RefusedFile:
    try:
        _pages(taken, workspace, reader, limits.render_dpi)
    except IntakeError as error:
        return _refused(taken.name, taken.file, error, workspace)
    return taken


def _refused(
    name: str, ref: FileRef | None, error: IntakeError, workspace: Workspace
) -> RefusedFile:
    if ref is not None:
        reason: dict[str, object] = {"code": error.code, "params": error.params, "name": name}
        workspace.quarantine(ref, reason)
    return RefusedFile(
        name=name,
        sha256=None if ref is None else ref.sha256,
        code=error.code,
        params=error.params,
    )


class _Medium:
    """A file on its medium, which may fail, or never end; ours failing is another matter."""

    def __init__(self, file: IO[bytes], size: int) -> None:
        self._file = file
        self._left = size

    def read(self, size: int, /) -> bytes:
        try:
            piece = self._file.read(size)
        except OSError as error:
            raise UnreadableScan("SCAN_UNREADABLE") from error
        self._left -= len(piece)
        if self._left < 0:
            raise UnsettledInput("INPUT_UNSETTLED")
        return piece


def _copy(path: Path, workspace: Workspace, limit: int) -> FileRef:
    """Copy a settled regular file into the workspace.

    Raises:
        UnsafeInput: `SYMLINK`, `NOT_A_FILE`, `PERMISSION_DENIED`, `FILE_TOO_LARGE`.
        UnreadableScan: `SCAN_UNREADABLE`, the medium fails.
        UnsettledInput: it changed meanwhile, or went away.
    """
    descriptor = _open(path)
    with os.fdopen(descriptor, "rb") as file:
        before = os.fstat(descriptor)
        if not stat.S_ISREG(before.st_mode):
            raise UnsafeInput("NOT_A_FILE")
        if before.st_size > limit:
            raise UnsafeInput("FILE_TOO_LARGE", size=before.st_size, limit=limit)
        ref = workspace.take(_Medium(file, before.st_size), _UNKNOWN)
        after = os.fstat(descriptor)
    settled = (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns)
    if not settled or ref.size != before.st_size:
        raise UnsettledInput("INPUT_UNSETTLED")
    return ref


def _open(path: Path) -> int:
    try:
        mode = path.lstat().st_mode
        if stat.S_ISLNK(mode):
            raise UnsafeInput("SYMLINK")
        if not stat.S_ISREG(mode):
            raise UnsafeInput("NOT_A_FILE")
        return os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except PermissionError as error:
        raise UnsafeInput("PERMISSION_DENIED") from error
    except FileNotFoundError as error:
        raise UnsettledInput("INPUT_UNSETTLED") from error
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise UnsafeInput("SYMLINK") from error
        raise UnreadableScan("SCAN_UNREADABLE") from error
