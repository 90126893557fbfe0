"""Numbers given out once: `nn`, manifest seq, code ordinals. Gaps are allowed, repeats are not."""

from __future__ import annotations

from sqlalchemy import Connection, insert, select, update

from storage.records.database import insert_or
from storage.records.schema import counters


def next_number(connection: Connection, unit: str, name: str) -> int:
    """The next number of a unit's counter, 1-based.

    One statement: whoever asks for the same counter meanwhile waits for this transaction's end.
    """
    statement = insert_or(connection, counters).values(unit=unit, name=name, value=1)
    number: int = connection.execute(
        statement.on_conflict_do_update(
            index_elements=[counters.c.unit, counters.c.name],
            set_={"value": counters.c.value + 1},
        ).returning(counters.c.value)
    ).scalar_one()
    return number


def raise_to(connection: Connection, unit: str, name: str, value: int) -> None:
    """Make sure that the next number is above `value`; for a transaction that writes alone."""
    where = (counters.c.unit == unit, counters.c.name == name)
    last = connection.execute(select(counters.c.value).where(*where)).scalar()
    if last is None:
        connection.execute(insert(counters).values(unit=unit, name=name, value=value))
    elif value > last:
        connection.execute(update(counters).where(*where).values(value=value))


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
