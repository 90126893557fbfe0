"""The workspace keeps bytes by content, whatever the disk or a kill did to them meanwhile."""

from __future__ import annotations

import errno
import io
import os
import tempfile
from pathlib import Path

import pytest

from pipeline.errors import ArchiveUnavailable, ChecksumMismatch, NotFound
from pipeline.models.files import FileRef
from pipeline.workspace import Workspace, write_atomically

_PDF = "application/pdf"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "work")


def _spoilt(workspace: Workspace, ref: FileRef) -> FileRef:
    workspace.path(ref).write_bytes(b"other bytes")
    return ref


def test_changed_bytes_are_not_handed_out_as_whole(workspace: Workspace) -> None:
    ref = workspace.put(b"a page", _PDF)
    assert workspace.whole(ref) == workspace.path(ref)
    _spoilt(workspace, ref)
    with pytest.raises(ChecksumMismatch):
        workspace.whole(ref)
    workspace.path(ref).unlink()
    with pytest.raises(NotFound):
        workspace.whole(ref)


def test_the_same_bytes_again_mend_what_the_disk_changed(workspace: Workspace) -> None:
    put = _spoilt(workspace, workspace.put(b"a page", _PDF))
    workspace.put(b"a page", _PDF)
    assert workspace.read(put) == b"a page"
    taken = _spoilt(workspace, workspace.take(io.BytesIO(b"a source"), _PDF))
    workspace.take(io.BytesIO(b"a source"), _PDF)
    assert workspace.read(taken) == b"a source"


def test_what_killed_processes_left_is_swept_and_quarantine_stays(workspace: Workspace) -> None:
    kept, other = workspace.put(b"kept", _PDF), workspace.put(b"other", _PDF)
    refused = workspace.put(b"refused", _PDF)
    workspace.quarantine(refused, {"code": "X"})
    left = [
        workspace.root / "blobs" / ".tmp-taken",
        workspace.root / "quarantine" / ".tmp-note",
        workspace.root / "scratch" / "4711-x" / "component.pdf",
    ]
    for path in left:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"half a page")
    workspace.sweep({kept.sha256}, ())
    assert workspace.read(kept) == b"kept"
    assert not workspace.has(other.sha256)
    assert workspace.quarantined(refused.sha256).read_bytes() == b"refused"
    assert [path for path in left if path.exists()] == []


@pytest.mark.parametrize("size", [10, 5_000_000])
@pytest.mark.parametrize("what", ["take", "put", "write"])
def test_a_full_disk_is_said_to_be_full(
    what: str, size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(**_: object) -> tuple[int, str]:
        return os.open("/dev/full", os.O_WRONLY), str(tmp_path / "gone")

    workspace = Workspace(tmp_path / "work")
    monkeypatch.setattr(tempfile, "mkstemp", full)
    with pytest.raises(ArchiveUnavailable) as caught:
        if what == "take":
            workspace.take(io.BytesIO(bytes(size)), "image/png")
        elif what == "put":
            workspace.put(bytes(size), "image/png")
        else:
            write_atomically(tmp_path / "file", bytes(size))
    assert caught.value.code == "DISK_FULL"
    assert list((tmp_path / "work").rglob("*.*")) == []


def test_no_work_begins_on_a_full_disk(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(**_: object) -> str:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(tempfile, "mkdtemp", full)
    with pytest.raises(ArchiveUnavailable) as caught, workspace.working():
        pytest.fail("work began")
    assert caught.value.code == "DISK_FULL"


def test_temporary_files_of_libraries_stay_in_the_home_while_papers_are_worked_on(
    workspace: Workspace,
) -> None:
    usual = tempfile.gettempdir()
    with workspace.working(), workspace.working(), tempfile.NamedTemporaryFile() as file:
        assert Path(file.name).is_relative_to(workspace.root / "scratch")
    assert tempfile.gettempdir() == usual
    assert list((workspace.root / "scratch").iterdir()) == []
