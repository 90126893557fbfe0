"""What an object key is called in a bucket, and which keys may stand in another order there.

Segments of a key longer than a file name are spread as in a folder (`object_keys.disk_parts`):
the servers' drives are file systems. May not come in: requests, meaning of keys.
"""

from __future__ import annotations

from storage.object_keys import PIECE, checked_key, disk_name, disk_parts


def name_of(key: str) -> str:
    """The key's name in the bucket.

    Raises:
        ArchiveError: `OBJECT_KEY_INVALID`.
    """
    return "/".join(disk_parts(checked_key(key)))


def name_prefix(prefix: str) -> str:
    """What the names of all keys with a prefix begin with; names of others may, too.

    Raises:
        ArchiveError: `OBJECT_KEY_INVALID`.
    """
    base, slash, rest = prefix.rpartition("/")
    if slash:
        checked_key(base)
    return "/".join((*disk_parts(base), "")) * bool(slash) + "/".join(disk_parts(rest))


def key_of(name: str) -> str | None:
    """The key behind a name in the bucket, None for a name that no key has."""
    key, inside = "", False
    for part in name.split("/"):
        found = disk_name(part, inside_segment=inside)
        if found is None:
            return None
        inside = found.continues
        key += found.piece + ("" if inside else "/")
    return None if inside else key[:-1]


def stem_of(key: str) -> str:
    """What keys have in common that may stand in another order in the bucket than by themselves.

    Only a segment as long as a piece and its continuations do: `+/` comes before other letters.
    """
    start = 0
    for segment in key.split("/"):
        if len(segment) >= PIECE:
            return key[: start + PIECE]
        start += len(segment) + 1
    return key
