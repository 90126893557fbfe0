"""Which object keys are valid, and how a key lies on a disk.

May not come in: I/O; what a key means (`pipeline.stages.archiving`).
"""

from __future__ import annotations

import re

from pipeline.errors import ArchiveError

MAX_KEY = 1024
"""Bytes of a whole key, the limit of S3."""
CONTINUED = "+"
"""Ends a folder name that holds only a piece of a longer segment; not allowed in keys."""
_PIECE = 200
"""Letters of a segment per folder: names of most file systems end at 255 bytes."""
_SEGMENT = re.compile(r"[A-Za-z0-9_%-][A-Za-z0-9._%-]*")


def is_segment(name: str) -> bool:
    """True for a name that may stand between two `/` of a key."""
    return _SEGMENT.fullmatch(name) is not None


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
    """Names from the root down; a long segment is spread over several folders."""
    parts: list[str] = []
    for segment in key.split("/"):
        pieces = [segment[i : i + _PIECE] for i in range(0, len(segment), _PIECE)]
        parts += [piece + CONTINUED for piece in pieces[:-1]]
        parts.append(pieces[-1])
    return tuple(parts)
