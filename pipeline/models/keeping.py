"""How long a dossier is kept, what holds it, what stands in for papers that are not files.

One document per dossier: in the records, in every manifest, and so after a rebuild. Reasons are
what a person wrote; they stay in these two and never reach the ledger, which knows digests. May not
come in: rules of when something is allowed (`casework.retention`), locks of a store.
"""

from __future__ import annotations

import datetime as dt

from pydantic import Field

from pipeline.models.actors import Actor
from pipeline.models.base import Instant, Model, Sha256


class RetentionTerm(Model):
    """How long a transferred dossier must be kept (thời hạn bảo quản)."""

    code: str
    """Of the catalogue (domain-pack E.6)."""
    years: int | None = Field(default=None, ge=1)
    """None: permanently."""
    until: dt.date | None = None
    """First day after the term, Asia/Ho_Chi_Minh; None: permanently."""

    @property
    def permanent(self) -> bool:
        """True where it never ends."""
        return self.until is None

    def covers(self, other: RetentionTerm) -> bool:
        """True where it ends no earlier than the other."""
        return self.until is None or (other.until is not None and self.until >= other.until)


class Lift(Model):
    """The end of a legal hold."""

    reason: str
    actor: Actor
    at: Instant


class Hold(Model):
    """A legal hold: nothing of the dossier may be destroyed while it is open."""

    hold_id: str
    reason: str
    actor: Actor
    at: Instant
    lift: Lift | None = None

    @property
    def open(self) -> bool:
        """True until it is lifted."""
        return self.lift is None


class Waiver(Model):
    """Leave not to digitise an important paper that scanning would harm (R-1333-14)."""

    code: str
    """Component code of the catalogue."""
    approver: str
    """Account of the head of the unit, whose opinion it is."""
    reason: str
    decided_on: dt.date
    actor: Actor
    """Who recorded it."""
    at: Instant


class TrueCopy(Model):
    """A true copy (sao y bản chính) scanned for a fragile original (R-1333-13)."""

    true_copy: str
    """component_id."""
    original: str | None
    """component_id; None where scanning it was not feasible."""
    clerk: str
    """Account of the RecordsClerk who made the copy."""
    organisation: str
    """Which supplied the original."""
    actor: Actor
    """Who recorded it."""
    at: Instant


class ArchivedNote(Model):
    """A document that tells of a destruction, as archived."""

    object_key: str
    version_id: str
    sha256: Sha256


class Disposal(Model):
    """A destruction on its way: proposed, approved by another person, begun, done."""

    reason: str
    proposed_by: Actor
    proposed_at: Instant
    decision: str | None = None
    """Reference of the council's decision; with it the approval."""
    approved_by: Actor | None = None
    approved_at: Instant | None = None
    inventory: ArchivedNote | None = None
    """What there was, before the first byte was removed; from here on nothing is to be read."""
    certificate: ArchivedNote | None = None
    """That it is gone."""

    @property
    def approved(self) -> bool:
        """True from the approval on."""
        return self.approved_by is not None

    def follows(self, before: Disposal) -> bool:
        """True where it only goes on from `before`: what is approved can be begun and ended."""
        return (
            not before.approved
            or self.model_copy(
                update={"inventory": before.inventory, "certificate": before.certificate}
            )
            == before
        ) and all(
            getattr(before, name) in (None, getattr(self, name))
            for name in ("inventory", "certificate")
        )


class Keeping(Model):
    """What is known of a dossier's keeping."""

    transferred_by: Actor | None = None
    transferred_at: Instant | None = None
    term: RetentionTerm | None = None
    """None before the transfer."""
    holds: tuple[Hold, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    true_copies: tuple[TrueCopy, ...] = ()
    disposal: Disposal | None = None

    @property
    def waived(self) -> tuple[str, ...]:
        """Component codes that count as present."""
        return tuple(sorted({w.code for w in self.waivers}))

    @property
    def held(self) -> bool:
        """True where a person's hold is open."""
        return any(h.open for h in self.holds)

    @property
    def permanent(self) -> bool:
        """True where the term never ends."""
        return self.term is not None and self.term.permanent

    @property
    def approved(self) -> bool:
        """True where the destruction is approved: nothing is renewed or added any more."""
        return self.disposal is not None and self.disposal.approved

    @property
    def gone(self) -> bool:
        """True from the moment from which bytes may be missing, by decision."""
        return self.disposal is not None and self.disposal.inventory is not None

    @property
    def destroyed(self) -> bool:
        """True where the certificate says so."""
        return self.disposal is not None and self.disposal.certificate is not None

    def follows(self, before: Keeping) -> bool:
        """True where nothing that was promised in `before` is taken back."""
        return (
            (before.transferred_at in (None, self.transferred_at))
            and (before.term is None or (self.term is not None and self.term.covers(before.term)))
            and _holds_follow(self.holds, before.holds)
            and set(map(_plain, before.waivers)) <= set(map(_plain, self.waivers))
            and set(map(_plain, before.true_copies)) <= set(map(_plain, self.true_copies))
            and _disposal_follows(self.disposal, before.disposal)
        )


def _plain(model: Model) -> str:
    return model.model_dump_json()


def _holds_follow(now: tuple[Hold, ...], before: tuple[Hold, ...]) -> bool:
    known = {h.hold_id: h for h in now}
    return len(known) == len(now) and all(
        (later := known.get(h.hold_id)) is not None
        and h.lift in (None, later.lift)
        and later.model_copy(update={"lift": h.lift}) == h
        for h in before
    )


def _disposal_follows(now: Disposal | None, before: Disposal | None) -> bool:
    if before is None:
        return True
    if now is None:
        return not before.approved
    return now.follows(before)
