"""Altered copies: certificates that lie in a file unsigned and are not what they were.

What CMS objects and the file's store carry along is outside of what was signed, and a chain is
found over the copy that is whole. Here a damaged copy beside a whole one is seen. May not come in:
chains, revocation, the verdict.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Final

from asn1crypto import x509

_MOST_COMPARED: Final = 64
"""Certificates of one length."""
_MOST_ALTERED: Final = 16
"""Bytes in which an altered copy differs; honest certificates differ in their whole signature."""


def holds_altered_copy(certificates: Iterable[x509.Certificate]) -> bool:
    """True where two certificates are the same but for a few bytes."""
    by_length: dict[int, set[bytes]] = {}
    for certificate in certificates:
        data = bytes(certificate.dump())
        by_length.setdefault(len(data), set()).add(data)
    return any(
        _distance(one, other) <= _MOST_ALTERED
        for same in by_length.values()
        for one, other in itertools.combinations(sorted(same)[:_MOST_COMPARED], 2)
    )


def _distance(one: bytes, other: bytes) -> int:
    return sum(a != b for a, b in zip(one, other, strict=True))
