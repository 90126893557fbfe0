"""`storage.merkle`: the tree of RFC 6962, and proofs that only the right place has."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.merkle import leaf, merkle_path, merkle_root, root_along

hashes = st.lists(st.binary(min_size=32, max_size=32).map(bytes.hex), min_size=1, max_size=40)


def by_the_book(values: list[str]) -> str:
    """RFC 6962, 2.1: split at the largest power of two smaller than the number."""
    if len(values) == 1:
        return hashlib.sha256(b"\x00" + bytes.fromhex(values[0])).hexdigest()
    split = 1
    while split * 2 < len(values):
        split *= 2
    left, right = by_the_book(values[:split]), by_the_book(values[split:])
    return hashlib.sha256(b"\x01" + bytes.fromhex(left + right)).hexdigest()


@given(hashes)
def test_the_root_is_that_of_the_book(values: list[str]) -> None:
    assert merkle_root(values) == by_the_book(values)


def test_known_roots() -> None:
    assert merkle_root([]) == hashlib.sha256(b"").hexdigest()
    assert merkle_root(["00" * 32]) == leaf("00" * 32) != "00" * 32


@given(hashes, st.data())
def test_a_path_leads_to_the_root_from_its_place_only(
    values: list[str], data: st.DataObject
) -> None:
    index = data.draw(st.integers(0, len(values) - 1))
    path, root = merkle_path(values, index), merkle_root(values)
    assert root_along(values[index], index, len(values), path) == root
    assert len(path) <= (len(values) - 1).bit_length()
    assert root_along("ff" * 32, index, len(values), path) != root or values[index] == "ff" * 32
    assert root_along(values[index], index, len(values), (*path, root)) is None
    assert root_along(values[index], len(values), len(values), path) is None
    if path:
        assert root_along(values[index], index, len(values), path[:-1]) is None
        other = data.draw(st.integers(0, len(values) - 1))
        if values[other] != values[index]:
            assert root_along(values[index], other, len(values), path) != root


@given(hashes, st.data())
def test_any_change_of_any_leaf_changes_the_root(values: list[str], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(values) - 1))
    other = data.draw(st.binary(min_size=32, max_size=32).map(bytes.hex))
    changed = [*values[:index], other, *values[index + 1 :]]
    assert (merkle_root(changed) == merkle_root(values)) == (changed == values)
    assert merkle_root([*values, other]) != merkle_root(values)


def test_no_such_leaf() -> None:
    with pytest.raises(IndexError):
        merkle_path(["00" * 32], 1)
