"""Finding a row by its whole id or by a unique prefix (architecture §9)."""

from __future__ import annotations

import re

from sqlalchemy import ColumnElement, Connection, select

from pipeline.errors import NotFound

SHORTEST = 4
"""Letters of the shortest prefix that is looked up."""

_PREFIX = re.compile(r"[0-9a-f]{1,64}")
_AFTER_HEX = "g"


def whole_id(
    connection: Connection,
    column: ColumnElement[str],
    given: str,
    unknown: str,
    *where: ColumnElement[bool],
) -> str:
    """The id that is meant.

    Args:
        connection: a transaction.
        column: column of hexadecimal ids.
        given: a whole id, or the beginning of one in either case.
        unknown: code of the error where nothing fits.
        where: further conditions on the rows.

    Raises:
        NotFound: `unknown`, or `ID_AMBIGUOUS` (also for prefixes under four letters).
    """
    prefix = given.lower()
    if not _PREFIX.fullmatch(prefix):
        raise NotFound(unknown, id=_shown(given))
    exact = connection.execute(select(column).where(column == prefix, *where)).scalar()
    if exact is not None:
        return exact
    if len(prefix) < SHORTEST:
        raise NotFound("ID_AMBIGUOUS", id=_shown(given))
    found = (
        connection.execute(
            select(column).where(column >= prefix, column < prefix + _AFTER_HEX, *where).limit(2)
        )
        .scalars()
        .all()
    )
    if not found:
        raise NotFound(unknown, id=_shown(given))
    if len(found) > 1:
        raise NotFound("ID_AMBIGUOUS", id=_shown(given))
    return found[0]


def _shown(given: str) -> str:
    """What may stand in a message: an id, never a name that was typed instead of one."""
    return given[:64] if _PREFIX.fullmatch(given.lower()) else "?"
