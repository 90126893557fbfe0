"""Numbers given out once: `nn`, manifest seq, code ordinals. Gaps are allowed, repeats are not."""

from __future__ import annotations

from sqlalchemy import Connection, insert, select, update

from storage.records.schema import counters


def next_number(connection: Connection, unit: str, name: str) -> int:
    """The next number of a unit's counter, 1-based; needs a writing transaction."""
    last = last_number(connection, unit, name)
    _set(connection, unit, name, last, last + 1)
    return last + 1


def raise_to(connection: Connection, unit: str, name: str, value: int) -> None:
    """Make sure that the next number is above `value`; needs a writing transaction."""
    last = last_number(connection, unit, name)
    if value > last:
        _set(connection, unit, name, last, value)


def last_number(connection: Connection, unit: str, name: str) -> int:
    """The number given out last, 0 where none was."""
    found: int | None = connection.execute(
        select(counters.c.value).where(counters.c.unit == unit, counters.c.name == name)
    ).scalar()
    return found or 0


def _set(connection: Connection, unit: str, name: str, last: int, value: int) -> None:
    if last == 0:
        connection.execute(insert(counters).values(unit=unit, name=name, value=value))
    else:
        connection.execute(
            update(counters)
            .where(counters.c.unit == unit, counters.c.name == name)
            .values(value=value)
        )


def nn_counter(dossier_code: str) -> str:
    """Counter of `nn` within a dossier."""
    return f"nn:{dossier_code}"


def manifest_counter(dossier_code: str) -> str:
    """Counter of manifest seq of a dossier."""
    return f"manifest:{dossier_code}"


def dossier_counter(scope: str) -> str:
    """Counter of dossier codes; the scope is the template filled in but for its number."""
    return f"dossier:{scope}"


def digitisation_counter(stem: str) -> str:
    """Counter of digitisation codes; the stem is `{unit}.{component_code}.{yyyymmdd}`."""
    return f"digitisation:{stem}"
