"""A sweep: reads what the ledger expects, then looks for what nobody expects.

Bytes are read in pieces, no faster than is allowed, one object at a time; of the ledger a page is
in memory, of the records what belongs to one dossier. How far it has come is written together with
what was found (`plan`), so that a kill costs what was read since, and loses no finding. One object
that cannot be read while the store answers is damage; a store that does not answer ends the run,
and the next one goes on. May not come in: repairing, how much is due.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from casework.custody.damage import MOST, REPLACED, Damage
from casework.custody.expected import Expected, expected_of
from casework.custody.known import NOT_OURS, group_of, known_in
from casework.custody.pace import Pacer
from casework.custody.plan import Sweep
from pipeline.errors import ArchiveError, ArchiveUnavailable, NotFound, SohoaError
from pipeline.models.actors import Actor
from pipeline.ports.archive import ObjectStore, StoredObject
from pipeline.ports.records import Records
from pipeline.ports.runtime import Clock
from storage.fixity import ensure_answers, read_digest

_TRIES: Final = 2


@dataclass(frozen=True, slots=True)
class Cadence:
    """How often progress is written: whichever comes first."""

    objects: int = 1000
    bytes: int = 256 * 1024**2


class Sweeper:
    """One run of a sweep."""

    def __init__(
        self,
        records: Records,
        store: ObjectStore,
        actor: Actor,
        clock: Clock,
        pacer: Pacer,
        cadence: Cadence,
    ) -> None:
        """Nothing is read yet.

        Args:
            records: hold ledger and places.
            store: the archive.
            actor: who asks for it.
            clock: the time.
            pacer: holds the reading back.
            cadence: how often progress is written.
        """
        self._records = records
        self._store = store
        self._actor = actor
        self._clock = clock
        self._pacer = pacer
        self._cadence = cadence
        self._found: list[Damage] = []
        """Not written yet."""
        self._by_expected: dict[str, Damage] = {}
        self._by_found: dict[str, Damage] = {}
        """What was found damaged in this run, to tell what was exchanged; bounded."""
        self._written: Sweep | None = None
        self._reached: Sweep | None = None

    def run(self, sweep: Sweep, until_seq: int) -> Sweep:
        """Go on with a sweep up to an event; at its last one, list all objects and finish it.

        Returns:
            How far it has come; what was found is in the ledger.

        Raises:
            ArchiveUnavailable: the store does not answer; what was done until then is kept.
        """
        self._written = self._reached = sweep
        try:
            sweep = self._ledger(sweep, until_seq)
            if sweep.seq == sweep.until_seq:
                sweep = self._objects(sweep)
                sweep = sweep.model_copy(update={"finished": True})
        except SohoaError:
            self._write(self._reached)
            raise
        self._write(sweep)
        self._records.chain_events()
        return sweep

    # -- what is expected -------------------------------------------------------------------

    def _ledger(self, sweep: Sweep, until_seq: int) -> Sweep:
        for link in self._records.ledger(sweep.seq):
            if link.seq > until_seq:
                break
            read, size = 0, 0

            def seen(piece: int) -> None:
                nonlocal size
                size += piece
                self._pacer.read(piece)

            for expected in expected_of(link.event, self._records, self._store):
                read += 1
                damage = judge(expected, self._records, self._store, seen)
                if damage is not None:
                    self._note(damage)
            sweep = self._moved(
                sweep, seq=link.seq, objects=sweep.objects + read, bytes=sweep.bytes + size
            )
        return sweep if sweep.seq >= until_seq else self._moved(sweep, seq=until_seq)

    def _note(self, damage: Damage) -> None:
        """Two objects that hold each other's bytes are both named so."""
        found, expected = damage.found, damage.expected
        if found is not None and expected is not None:
            other = self._by_expected.get(found)
            if damage.holds is None and other is not None:
                damage = _swapped(damage, other)
            first = self._by_found.get(expected)
            if first is not None and first.holds is None:
                self._found.append(_swapped(first, damage))
            if len(self._by_found) < MOST:
                self._by_expected[expected] = self._by_found[found] = damage
        self._found.append(damage)

    # -- what nobody expects ----------------------------------------------------------------

    def _objects(self, sweep: Sweep) -> Sweep:
        group, last, in_work = "", "", False
        known: dict[str, str | None] = {}
        for stored in self._store.list(""):
            key = stored.key
            if key <= sweep.key or key.startswith(NOT_OURS):
                continue
            if group_of(key) != group:
                if group:
                    sweep = self._moved(sweep, key=last)
                group = group_of(key)
                told = known_in(group, self._records, self._store)
                in_work, known = told is None, dict(told or {})
            last = key
            if not in_work:
                self._found += extra(stored, known)
        return sweep

    # -- telling ----------------------------------------------------------------------------

    def _moved(self, sweep: Sweep, **how: int | str) -> Sweep:
        sweep = sweep.model_copy(update=how)
        self._reached = sweep
        written = self._written or sweep
        if (
            sweep.bytes - written.bytes >= self._cadence.bytes
            or sweep.objects - written.objects >= self._cadence.objects
            or len(self._found) >= self._cadence.objects
        ):
            self._write(sweep)
        return sweep

    def _write(self, sweep: Sweep) -> None:
        """Progress and findings in one transaction."""
        at = self._clock.now()
        told = [damage.told(sweep, self._actor, at) for damage in self._found]
        self._records.append([*told, sweep.event(self._actor, at)])
        self._found = []
        self._written = sweep


def judge(
    expected: Expected,
    records: Records,
    store: ObjectStore,
    seen: Callable[[int], None] = lambda _: None,
) -> Damage | None:
    """Read one object and compare; None where it is as the ledger says.

    Raises:
        ArchiveUnavailable: the store does not answer at all.
    """
    code, found = "", None
    try:
        found = _read(expected, store, seen)
    except NotFound:
        code = f"{expected.kind.upper()}_LOST"
    except ArchiveError:
        ensure_answers(store)
        code = "OBJECT_UNREADABLE"
    if found == expected.sha256:
        return None
    holds = None
    if found is not None:
        holds = _owner(found, expected.key, records)
        code = "OBJECT_SWAPPED" if holds else f"{expected.kind.upper()}_CHANGED"
    return Damage(
        code=code,
        object_key=expected.key,
        version_id=expected.version_id,
        kind=expected.kind,
        subject=expected.subject,
        expected=expected.sha256,
        found=found,
        holds=holds,
    )


def extra(stored: StoredObject, known: Mapping[str, str | None]) -> list[Damage]:
    """What is wrong with an object that is listed, by what records know of its group."""
    found = []
    if stored.deleted:
        found.append(Damage(code="OBJECT_DELETED", object_key=stored.key))
    if stored.key not in known:
        found.append(Damage(code="UNKNOWN_OBJECT", object_key=stored.key, found=stored.sha256))
    elif (sha256 := known[stored.key]) not in (None, stored.sha256):
        found.append(
            Damage(code=REPLACED, object_key=stored.key, expected=sha256, found=stored.sha256)
        )
    return found


def _swapped(damage: Damage, other: Damage) -> Damage:
    return damage.model_copy(update={"code": "OBJECT_SWAPPED", "holds": other.object_key})


def _read(expected: Expected, store: ObjectStore, seen: Callable[[int], None]) -> str:
    for left in reversed(range(_TRIES)):
        try:
            return read_digest(store, expected.key, expected.version_id, seen)
        except ArchiveUnavailable:
            if not left:
                raise
    raise AssertionError


def _owner(sha256: str, key: str, records: Records) -> str | None:
    """Key of the file that has these bytes by right; None where it is this one, or none."""
    found = records.revision_of(sha256)
    return found[1].object_key if found is not None and found[1].object_key != key else None
