"""Bodies of bulk requests: lines of JSON, drawn one request at a time. No client in here."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Final

from search.documents import Document
from search.elastic_mapping import Json, fields_of

_DOCUMENTS: Final = 200
_BYTES: Final = 4 * 1024**2
"""Of one request; a single document may be larger."""
_ORDER: Final = "external_gte"
"""A document of a lower order than the one that is there is refused as a conflict."""


def put_lines(document: Document, order: int) -> tuple[bytes, ...]:
    """Puts a document under its component_id, with its order as version."""
    action = {"_id": document.component_id, "version": order, "version_type": _ORDER}
    return _line({"index": action}), _line(fields_of(document))


def remove_lines(component_id: str) -> tuple[bytes, ...]:
    """Forgets a component."""
    return (_line({"delete": {"_id": component_id}}),)


def chunks(entries: Iterable[tuple[bytes, ...]]) -> Iterator[bytes]:
    """Entries joined to bodies, each drawn only when it is asked for."""
    lines: list[bytes] = []
    held = size = 0
    for entry in entries:
        added = sum(map(len, entry))
        if lines and (held == _DOCUMENTS or size + added > _BYTES):
            yield b"\n".join(lines)
            lines, held, size = [], 0, 0
        lines += entry
        held, size = held + 1, size + added
    if lines:
        yield b"\n".join(lines)


def _line(value: Json) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
