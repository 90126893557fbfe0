"""The workspace where the disk is full, and what a killed process leaves in it."""

from __future__ import annotations

import io
import os
import tempfile
from pathlib import Path

import pytest

from pipeline.errors import ArchiveUnavailable
from pipeline.workspace import Workspace, write_atomically


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


def test_sweeping_takes_what_killed_processes_left(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "work")
    kept = workspace.put(b"kept", "text/plain")
    (workspace.root / "blobs" / ".tmp-half").write_bytes(b"half a file")
    (workspace.root / "scratch" / "1-dead").mkdir(parents=True)
    (workspace.root / "scratch" / "1-dead" / "page.pdf").write_bytes(b"personal data")
    workspace.sweep([kept.sha256], [])
    files = [path for path in workspace.root.rglob("*") if path.is_file()]
    assert files == [workspace.path(kept)]
