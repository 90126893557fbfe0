"""Which object keys are valid, and how a key lies on a disk.

May not come in: I/O; what a key means (`pipeline.stages.archiving`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from pipeline.errors import ArchiveError

MAX_KEY = 1024
"""Bytes of a whole key, the limit of S3."""
CONTINUED = "+"
"""Joins the pieces of a long segment: ends a folder's name and begins those inside it."""
PIECE = 200
"""Letters of a segment per folder: names of most file systems end at 255 bytes."""
_PIECE_ON_DISK = re.compile(r"(\+?)([A-Za-z0-9._%-]+)(\+?)")
_SEGMENT = re.compile(r"[A-Za-z0-9_%-][A-Za-z0-9._%-]*")


def is_segment(text: str) -> bool:
    """True for what may stand between two `/` of a key."""
    return _SEGMENT.fullmatch(text) is not None


def checked_key(key: str) -> str:
    """The key itself, where it is one.

    Segments are ASCII letters, digits, `.`, `_`, `-`, `%`; none is empty or starts with a dot.

    Raises:
        ArchiveError: `OBJECT_KEY_INVALID`.
    """
    segments = key.split("/")
    if len(key) > MAX_KEY or not all(map(is_segment, segments)):
        raise ArchiveError("OBJECT_KEY_INVALID")
    return key


def disk_parts(key: str) -> tuple[str, ...]:
    """Names from the root down; a long segment is spread over folders `a+/+b+/+c`."""
    parts: list[str] = []
    for segment in key.split("/"):
        pieces = [segment[i : i + PIECE] for i in range(0, len(segment), PIECE)]
        last = len(pieces) - 1
        parts += [
            (CONTINUED if n > 0 else "") + piece + (CONTINUED if n < last else "")
            for n, piece in enumerate(pieces)
        ]
    return tuple(parts)


@dataclass(frozen=True, slots=True)
class DiskName:
    """One name on the disk, read back."""

    piece: str
    """Letters of the key."""
    continues: bool
    """The segment goes on in the names inside."""


def disk_name(name: str, *, inside_segment: bool) -> DiskName | None:
    """What a name stands for, None for a name that no key has.

    Args:
        name: of a file or folder.
        inside_segment: whether the folder that holds it continues a segment.
    """
    found = _PIECE_ON_DISK.fullmatch(name)
    if found is None or bool(found[1]) != inside_segment:
        return None
    if not inside_segment and not is_segment(found[2]):
        return None
    return DiskName(piece=found[2], continues=bool(found[3]))
