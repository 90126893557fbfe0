"""Whether the unsigned parts of a CMS object are what they must be (RFC 5652).

Versions, lengths and algorithm lists of a signature lie outside of what it signs: readers skip
over damage there. Here it counts. May not come in: digests, keys, trust.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from asn1crypto import cms
from asn1crypto.core import Null, Void

_STAMP_ATTRIBUTE: Final = "signature_time_stamp_token"
_DEEPEST: Final = 64
_TAG_BITS: Final = 0x1F
_CONSTRUCTED: Final = 0x20
_MORE: Final = 0x80
_SIGNED_DATA_VERSIONS: Final = frozenset({"v1", "v3", "v4", "v5"})
_SIGNER_VERSIONS: Final = {"issuer_and_serial_number": "v1", "subject_key_identifier": "v3"}


def is_well_formed(contents: bytes) -> bool:
    """True where every length fits, padding is zero and versions and algorithms agree.

    Args:
        contents: value of /Contents: one encoded ContentInfo and its padding.

    Raises:
        ValueError: no CMS at all.
    """
    length = _element(contents, 0, len(contents), _DEEPEST)
    if contents[length:].strip(b"\0") or not _nests(contents[:length]):
        return False
    return _is_sound(cms.ContentInfo.load(contents[:length], strict=True))


def _is_sound(info: cms.ContentInfo) -> bool:
    """Versions and algorithms of signed data, and of the timestamps within them."""
    signed = info["content"]
    if info["content_type"].native != "signed_data" or (
        signed["version"].native not in _SIGNED_DATA_VERSIONS
    ):
        return False
    announced = {bytes(algorithm.dump()) for algorithm in signed["digest_algorithms"]}
    return all(
        _agrees(signer, announced) and all(_is_sound(token) for token in _tokens(signer))
        for signer in signed["signer_infos"]
    )


def _tokens(signer: cms.SignerInfo) -> Iterator[cms.ContentInfo]:
    """Timestamps that a signer's unsigned attributes hold."""
    for attribute in signer["unsigned_attrs"]:
        if attribute["type"].native == _STAMP_ATTRIBUTE:
            yield from attribute["values"]


def _agrees(signer: cms.SignerInfo, announced: set[bytes]) -> bool:
    algorithm = signer["digest_algorithm"]
    return (
        _SIGNER_VERSIONS.get(signer["sid"].name) == signer["version"].native
        and isinstance(algorithm["parameters"], Null | Void)
        and bytes(algorithm.dump()) in announced
    )


def _nests(data: bytes) -> bool:
    """True where the elements of constructed values fill them exactly; linear in the data."""
    try:
        return _element(data, 0, len(data), _DEEPEST) == len(data)
    except (ValueError, IndexError):
        return False


def _element(data: bytes, start: int, end: int, depth: int) -> int:
    """Offset behind the BER element at `start`, which must end by `end` (X.690, 8.1)."""
    if depth == 0:
        raise ValueError("too deep")
    first, position = data[start], start + 1
    if first & _TAG_BITS == _TAG_BITS:
        while data[position] & _MORE:
            position += 1
        position += 1
    length, position = data[position], position + 1
    if length == _MORE:
        while data[position : position + 2] != b"\0\0":
            position = _element(data, position, end, depth - 1)
        return _within(position + 2, end)
    if length > _MORE:
        octets = length - _MORE
        length = int.from_bytes(data[position : position + octets], "big")
        position += octets
    stop = _within(position + length, end)
    while first & _CONSTRUCTED and position < stop:
        position = _element(data, position, stop, depth - 1)
    return stop


def _within(position: int, end: int) -> int:
    if position > end:
        raise ValueError("an element is longer than what holds it")
    return position
