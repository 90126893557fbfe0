"""Fixity of the archive: today's share of a sweep, then every open damage once more.

Damage stays open, day after day, until it was found sound again or was put back: a finding that
was told once is not forgotten because the sweep has gone on. May not come in: reading a single
object (`storage.fixity`), how damage is repaired.
"""

from __future__ import annotations

from collections.abc import Iterator

from casework.custody.damage import Damage, State, open_damage
from casework.custody.expected import is_released, listed_raw
from casework.custody.known import group_of, known_in
from casework.custody.pace import Pacer
from casework.custody.plan import Sweep, due_seq, last_sweep
from casework.custody.repair import Repairer
from casework.custody.sweep import Cadence, Sweeper, extra, judge
from pipeline.ids import digest
from pipeline.models.actors import Actor
from pipeline.models.base import Instant, Model
from pipeline.run.work import Tools

_USUAL = Cadence()


class FixityReport(Model):
    """Result of a run."""

    started_at: Instant
    """Of the sweep."""
    share: float
    """Of the sweep's events that were read by now, 0 to 1."""
    finished: bool
    """The sweep is over: everything was read, and every object is known."""
    objects: int
    """Read in this run."""
    bytes: int
    damage: tuple[Damage, ...]
    """That was open: still, or until this run."""
    open: int
    """Objects that are damaged now, also those that are not listed."""

    @property
    def ok(self) -> bool:
        """True where nothing is damaged, as far as the sweeps have come."""
        return self.open == 0


def check_fixity(
    tools: Tools,
    actor: Actor,
    *,
    pacer: Pacer,
    whole: bool = False,
    repairer: Repairer | None = None,
    cadence: Cadence = _USUAL,
) -> FixityReport:
    """Read today's share, or all that is left of the sweep; look at open damage again.

    Args:
        tools: ports.
        actor: who asks for it.
        pacer: holds the reading back.
        whole: to the end of the sweep; a finished one is begun anew.
        repairer: puts back what is damaged; None: nothing is changed.
        cadence: how often progress is written.

    Raises:
        BatchBusy: another process is at it.
        ArchiveUnavailable: the archive does not answer; the next run goes on from here.
    """
    with tools.claims.claim(digest("fixity")):
        if repairer is not None:
            repairer.finish_last()
        tools.records.chain_events()
        begun = _begun(tools)
        until = begun.until_seq if whole else _due(begun, tools)
        sweeper = Sweeper(tools.records, tools.store, actor, tools.clock, pacer, cadence)
        sweep = sweeper.run(begun, until) if until > begun.seq or _ends(begun, until) else begun
        damage, others = _looked_at_again(tools, actor, sweep, repairer, pacer)
    return FixityReport(
        started_at=sweep.started_at,
        share=round(sweep.seq / sweep.until_seq, 4) if sweep.until_seq else 1.0,
        finished=sweep.finished,
        objects=sweep.objects - begun.objects,
        bytes=sweep.bytes - begun.bytes,
        damage=damage,
        open=others + sum(d.state is State.OPEN for d in damage),
    )


def _begun(tools: Tools) -> Sweep:
    """The sweep that is under way, or a new one."""
    last = last_sweep(tools.records)
    if last is not None and not last.finished:
        return last
    length = tools.records.ledger_length()
    open_from = length
    if last is not None and open_damage(tools.records, last.open_from)[1]:
        open_from = last.open_from
    return Sweep(started_at=tools.clock.now(), until_seq=length, open_from=open_from)


def _due(sweep: Sweep, tools: Tools) -> int:
    return max(sweep.seq, due_seq(sweep, tools.clock.now(), tools.settings.fixity.days))


def _ends(sweep: Sweep, until: int) -> bool:
    """All that is expected was read, the list of objects was not."""
    return until == sweep.until_seq and not sweep.finished


def _looked_at_again(
    tools: Tools, actor: Actor, sweep: Sweep, repairer: Repairer | None, pacer: Pacer
) -> tuple[tuple[Damage, ...], int]:
    """Open damage as it is now, and the number of those that were not looked at."""
    told, number = open_damage(tools.records, sweep.open_from)
    found = []
    for damage in told:
        now = _now(damage, tools, pacer)
        if now.state is State.MENDED:
            tools.records.append([now.closed(actor, tools.clock.now())])
        elif repairer is not None:
            now = repairer.repair(now)
        found.append(now)
        if now.kind == "raw_index" and now.state is not State.OPEN:
            found += _beneath(now, tools, actor, sweep, repairer, pacer)
    tools.records.chain_events()
    return tuple(found), number - len(told)


def _beneath(
    index: Damage, tools: Tools, actor: Actor, sweep: Sweep, repairer: Repairer | None, pacer: Pacer
) -> Iterator[Damage]:
    """What a page index lists that is sound again: while it was not, nobody could tell."""
    for wanted in listed_raw(index.subject, index.expected or "", tools.store):
        damage = judge(wanted, tools.records, tools.store, pacer.read)
        if damage is not None:
            tools.records.append([damage.told(sweep, actor, tools.clock.now())])
            yield repairer.repair(damage) if repairer is not None else damage


def _now(damage: Damage, tools: Tools, pacer: Pacer) -> Damage:
    """A damage as it is at this moment."""
    wanted = damage.wanted
    if wanted is not None:
        if is_released(wanted, tools.records):
            return damage.model_copy(update={"state": State.MENDED})
        again = judge(wanted, tools.records, tools.store, pacer.read)
        if again is None:
            return damage.model_copy(update={"state": State.MENDED})
        return again if damage.holds is None else damage
    stored = tools.store.head(damage.object_key)
    known = known_in(group_of(damage.object_key), tools.records, tools.store)
    codes = () if stored is None or known is None else extra(stored, known)
    if any(one.code == damage.code for one in codes):
        return damage
    return damage.model_copy(update={"state": State.MENDED})
