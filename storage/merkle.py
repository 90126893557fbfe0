"""A Merkle tree over hashes, as RFC 6962 (section 2.1) builds it: root, path, and the way back.

A leaf is `SHA-256(0x00 ‖ hash)`, a node `SHA-256(0x01 ‖ left ‖ right)`: a node can never be given
out for a leaf. Hashes go in and out as lower-case hexadecimal. May not come in: what is hashed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence


def leaf(value: str) -> str:
    """The leaf of a hash."""
    return hashlib.sha256(b"\x00" + bytes.fromhex(value)).hexdigest()


def merkle_root(values: Sequence[str]) -> str:
    """Root of the tree over these hashes, in their order; of none: SHA-256 of nothing."""
    if not values:
        return hashlib.sha256().hexdigest()
    level = [leaf(value) for value in values]
    while len(level) > 1:
        level = _above(level)
    return level[0]


def merkle_path(values: Sequence[str], index: int) -> tuple[str, ...]:
    """The nodes that lead from a leaf to the root, lowest first.

    Args:
        values: all hashes of the tree.
        index: which of them, 0-based.

    Raises:
        IndexError: no such hash.
    """
    if not 0 <= index < len(values):
        raise IndexError(index)
    path: list[str] = []
    level = [leaf(value) for value in values]
    while len(level) > 1:
        beside = index ^ 1
        if beside < len(level):
            path.append(level[beside])
        level, index = _above(level), index // 2
    return tuple(path)


def root_along(value: str, index: int, size: int, path: Sequence[str]) -> str | None:
    """The root that a path leads to, None where the path is not of that place.

    Args:
        value: the hash.
        index: its place, 0-based.
        size: number of hashes in the tree.
        path: see `merkle_path`.
    """
    if not 0 <= index < size:
        return None
    node, last, steps = leaf(value), size - 1, iter(path)
    while last > 0:
        if index % 2 or index < last:
            beside = next(steps, None)
            if beside is None:
                return None
            node = _node(beside, node) if index % 2 else _node(node, beside)
        index, last = index // 2, last // 2
    return node if next(steps, None) is None else None


def _above(level: Sequence[str]) -> list[str]:
    """The next level; a node without a neighbour goes up as it is."""
    pairs = zip(level[::2], level[1::2], strict=False)
    return [_node(left, right) for left, right in pairs] + list(level[len(level) & ~1 :])


def _node(left: str, right: str) -> str:
    return hashlib.sha256(b"\x01" + bytes.fromhex(left) + bytes.fromhex(right)).hexdigest()
