"""XML as values: elements with prefixed names become UTF-8 bytes, the same every time.

May not come in: vocabularies (`mets`, `ead`, `premis`).
"""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from types import MappingProxyType
from typing import Final
from urllib.parse import quote

from pipeline.ids import LEGAL_ZONE
from pipeline.textnorm import nfc

NAMESPACES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "mets": "http://www.loc.gov/METS/",
        "csip": "https://DILCIS.eu/XML/METS/CSIPExtensionMETS",
        "premis": "http://www.loc.gov/premis/v3",
        "ead": "http://ead3.archivists.org/schema/",
        "xlink": "http://www.w3.org/1999/xlink",
        "xsi": "http://www.w3.org/2001/XMLSchema-instance",
    }
)
"""By prefix; E-ARK's own spell the prefixes so."""


@dataclass(frozen=True, slots=True)
class Element:
    """An element with children or with text."""

    name: str
    """`prefix:local`."""
    attributes: tuple[tuple[str, str], ...] = ()
    children: tuple[Element, ...] = ()
    text: str | None = None


def element(
    name: str,
    *children: Element,
    text: str | None = None,
    attributes: Mapping[str, str] = MappingProxyType({}),
    **plain: str,
) -> Element:
    """An element.

    Args:
        name: `prefix:local`, a prefix of `NAMESPACES`.
        children: in order.
        text: instead of children.
        attributes: with a prefix, or names that Python does not take.
        plain: further attributes, after those.
    """
    return Element(name, (*attributes.items(), *plain.items()), children, text)


def written(root: Element) -> bytes:
    """A document; prefixes are declared at its root, in the order of `NAMESPACES`."""
    used = set(_prefixes(root))
    declared = tuple((f"xmlns:{p}", uri) for p, uri in NAMESPACES.items() if p in used)
    whole = Element(root.name, (*declared, *root.attributes), root.children, root.text)
    head = '<?xml version="1.0" encoding="UTF-8"?>'
    return "\n".join((head, *_lines(whole, 0), "")).encode()


def moment(at: dt.datetime) -> str:
    """ISO 8601 with Vietnam's offset (domain-pack E.5), whole seconds."""
    return at.astimezone(LEGAL_ZONE).isoformat(timespec="seconds")


def link(path: str) -> str:
    """A relative path as the value of `xlink:href`."""
    return quote(path)


def _lines(one: Element, depth: int) -> Iterator[str]:
    pad = " " * depth
    attributes = "".join(f' {name}="{_escaped(value)}"' for name, value in one.attributes)
    if one.children:
        yield f"{pad}<{one.name}{attributes}>"
        for child in one.children:
            yield from _lines(child, depth + 1)
        yield f"{pad}</{one.name}>"
    elif one.text is not None:
        yield f"{pad}<{one.name}{attributes}>{_escaped(one.text)}</{one.name}>"
    else:
        yield f"{pad}<{one.name}{attributes}/>"


def _escaped(text: str) -> str:
    """NFC, without what XML 1.0 cannot hold; line ends become spaces."""
    kept = (" " if c.isspace() else c for c in nfc(text))
    return escape("".join(c for c in kept if unicodedata.category(c) not in ("Cc", "Cs", "Cn")))


def _prefixes(one: Element) -> Iterator[str]:
    for name in (one.name, *(name for name, _ in one.attributes)):
        prefix, colon, _ = name.partition(":")
        if colon:
            yield prefix
    for child in one.children:
        yield from _prefixes(child)
    if any(name == "xsi:type" for name, _ in one.attributes):
        yield one.name.partition(":")[0]
