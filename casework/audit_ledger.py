"""The ledger's part of an audit: the chain, its seals, the manifests anchored to it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from casework.audit_report import Findings
from pipeline.models.events import ChainedEvent, Fact
from pipeline.ports.archive import ObjectStore
from pipeline.ports.records import Records
from storage.ledger import GENESIS, sealed_days, verify_chain
from storage.rebuild import HEAD_LOST


def audit_ledger(
    records: Records,
    store: ObjectStore,
    heads: Mapping[str, str],
    facts: Collection[Fact],
    found: Findings,
) -> None:
    """Verify the chain from its first event, every seal, every manifest's anchor, every fact.

    The chain was written when the bytes were; records and archive changed together later do not
    agree with it.

    Args:
        records: hold the chain.
        store: holds the seals.
        heads: manifest key by the ledger head that the manifest carries.
        facts: what the chain must tell of.
        found: where findings go.

    Raises:
        ArchiveUnavailable: the archive or the records cannot be reached.
    """
    records.chain_events()  # of a process that works meanwhile: its facts are known already
    seals = _seals(store, found)
    hashes = {GENESIS}
    lost: set[str] = set()
    untold = set(facts)

    def noted() -> Iterator[ChainedEvent]:
        for link in records.ledger():
            found.count(events=1)
            if link.seq in seals and seals[link.seq][1] == link.hash:
                del seals[link.seq]
            untold.difference_update(link.event.facts)
            if link.hash in heads:
                hashes.add(link.hash)
            if link.event.action == HEAD_LOST:
                lost.update(link.event.hashes.values())
            yield link

    links = noted()
    broken = verify_chain(links)
    if broken is not None:
        found.add("LEDGER_BROKEN", seq=str(broken))
        for _ in links:  # the anchors behind the break
            pass
    for key, _ in seals.values():
        found.add("LEDGER_SEAL_BROKEN", object_key=key)
    for head, key in heads.items():
        if head not in hashes:
            code = "LEDGER_HEAD_LOST" if head in lost else "LEDGER_HEAD_UNKNOWN"
            found.add(code, object_key=key)
    for name, sha256, subject in sorted(untold):
        found.add("LEDGER_ENTRY_MISSING", subject=subject, **{name: sha256})


def _seals(store: ObjectStore, found: Findings) -> dict[int, tuple[str, str]]:
    """Key and head of each sound seal, by its last seq."""
    seals: dict[int, tuple[str, str]] = {}
    seq, head = 0, GENESIS
    for key, day in sealed_days(store):
        found.count(sealed_days=1)
        if day is None or not day.follows(seq, head):
            found.add("LEDGER_SEAL_BROKEN", object_key=key)
        if day is not None:
            seq, head = day.last_seq, day.head
            seals[seq] = (key, head)
    return seals
