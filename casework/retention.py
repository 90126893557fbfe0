"""Rules of keeping: how long, which lock that asks of the store, when destruction is allowed.

Pure functions over facts. The term of a class (domain-pack E.6) counts in whole calendar years: it
ends with the year, Asia/Ho_Chi_Minh. A term only ever grows. Nothing is destroyed when a term ends:
without a council's decision short locks go on (E.6). May not come in: records, stores.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final

from pipeline.catalogue import Catalogue
from pipeline.errors import AuthError, ConfigError, WorkflowError
from pipeline.ids import LEGAL_ZONE, legal_day
from pipeline.models.actors import Actor
from pipeline.models.batch import DossierStage
from pipeline.models.keeping import Keeping, RetentionTerm
from pipeline.models.records import DossierRecord
from pipeline.textnorm import has_control_characters, nfc

LONG_LOCK: Final = dt.timedelta(days=3653)
"""Ten years: the lock of what is kept for ever, beside its legal hold; `audit` renews it."""

_LONGEST_REASON: Final = 500
"""Letters."""


@dataclass(frozen=True, slots=True)
class WantedLock:
    """What an object's lock is to be."""

    before: dt.datetime
    """A lock that ends earlier is set anew."""
    until: dt.datetime
    """To end then."""
    held: bool
    """And a legal hold beside it."""

    def joined(self, other: WantedLock | None) -> WantedLock:
        """The stronger of both, for bytes that two dossiers came from."""
        if other is None:
            return self
        return WantedLock(
            before=max(self.before, other.before),
            until=max(self.until, other.until),
            held=self.held or other.held,
        )


# -- terms ----------------------------------------------------------------------------------


def term_of(
    procedure: str, catalogue: Catalogue, at: dt.datetime, before: RetentionTerm | None
) -> RetentionTerm:
    """The term of a dossier that is transferred now, never shorter than the one it has.

    Raises:
        NotFound: `PROCEDURE_UNKNOWN`.
        WorkflowError: `RETENTION_UNSET`: nobody has set how long this class is kept.
    """
    kept = catalogue.retention_of(procedure)
    if kept.permanent:
        return RetentionTerm(code=kept.code)
    if kept.years is None:
        raise WorkflowError("RETENTION_UNSET", procedure=procedure, retention=kept.code)
    until = dt.date(legal_day(at).year + kept.years + 1, 1, 1)
    term = RetentionTerm(code=kept.code, years=kept.years, until=until)
    return before if before is not None and before.covers(term) else term


def ends_at(term: RetentionTerm) -> dt.datetime | None:
    """The moment from which a dossier may be destroyed; None: never."""
    if term.until is None:
        return None
    midnight = dt.datetime.combine(term.until, dt.time(), LEGAL_ZONE)
    return midnight.astimezone(dt.UTC)


# -- locks ----------------------------------------------------------------------------------


def short_lock(now: dt.datetime, lock_days: int) -> WantedLock:
    """Of what is open, of seals, of what no dossier names yet."""
    lock = dt.timedelta(days=lock_days)
    return WantedLock(before=now + lock / 2, until=now + lock, held=False)


def lasting_lock(now: dt.datetime) -> WantedLock:
    """Of what is kept for ever."""
    return WantedLock(before=now + LONG_LOCK / 2, until=now + LONG_LOCK, held=True)


def lock_of(dossier: DossierRecord, now: dt.datetime, lock_days: int) -> WantedLock | None:
    """The lock that a dossier's files and sources need now; None: it may run out.

    Args:
        dossier: whose.
        now: the time, UTC.
        lock_days: how long a short lock lasts.
    """
    keeping, short = dossier.keeping, short_lock(now, lock_days)
    short = WantedLock(short.before, short.until, keeping.held)
    if keeping.destroyed:
        return None
    if dossier.stage is not DossierStage.TRANSFERRED or keeping.term is None:
        return short
    ends = ends_at(keeping.term)
    if ends is None:
        return lasting_lock(now)
    if ends > now:
        return WantedLock(ends, ends, keeping.held).joined(short)
    return None if keeping.approved and not keeping.held else short


def proof_lock(dossier: DossierRecord, now: dt.datetime, lock_days: int) -> WantedLock:
    """The lock of a dossier's manifests: they stay when its files are gone."""
    if dossier.keeping.gone:
        return lasting_lock(now)
    return lock_of(dossier, now, lock_days) or short_lock(now, lock_days)


# -- destruction ----------------------------------------------------------------------------


def check_destructible(dossier: DossierRecord, now: dt.datetime) -> None:
    """Whether the law lets a dossier be destroyed at all.

    Raises:
        AuthError: `NOT_TRANSFERRED`, `KEPT_FOR_EVER`, `TERM_RUNNING`, `ON_HOLD`.
    """
    keeping = dossier.keeping
    if dossier.stage is not DossierStage.TRANSFERRED or keeping.term is None:
        raise AuthError("NOT_TRANSFERRED", dossier=dossier.code)
    if keeping.term.until is None:
        raise AuthError("KEPT_FOR_EVER", dossier=dossier.code)
    if legal_day(now) < keeping.term.until:
        raise AuthError("TERM_RUNNING", dossier=dossier.code, until=f"{keeping.term.until}")
    if keeping.held:
        raise AuthError("ON_HOLD", dossier=dossier.code)


def same_person(one: Actor | str, other: Actor | str) -> bool:
    """True where two accounts are one person's: spelled alike, whatever the case."""
    first, second = (a.id if isinstance(a, Actor) else a for a in (one, other))
    return nfc(first).strip().casefold() == nfc(second).strip().casefold()


def destroyed_by_two(keeping: Keeping) -> bool:
    """True where one person has proposed and another approved."""
    disposal = keeping.disposal
    return (
        disposal is not None
        and disposal.approved_by is not None
        and bool(disposal.decision)
        and not same_person(disposal.proposed_by, disposal.approved_by)
    )


def destroyed_in_time(keeping: Keeping) -> bool:
    """True where two people destroyed it by a decision, after its term."""
    disposal, term = keeping.disposal, keeping.term
    return (
        destroyed_by_two(keeping)
        and disposal is not None
        and disposal.approved_at is not None
        and term is not None
        and term.until is not None
        and legal_day(disposal.approved_at) >= term.until
    )


# -- words of people ------------------------------------------------------------------------


def checked_words(given: str, key: str) -> str:
    """What a person wrote as a reason or reference, in NFC and trimmed.

    Args:
        given: the words.
        key: what they are, for the error.

    Raises:
        ConfigError: `WORDS_INVALID`: empty, too long, or with control characters.
    """
    words = nfc(given).strip()
    if not 0 < len(words) <= _LONGEST_REASON or has_control_characters(words):
        raise ConfigError("WORDS_INVALID", key=key, longest=_LONGEST_REASON)
    return words
