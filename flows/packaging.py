"""Packages that leave the archive, as use cases: facts from the ports, the act into the ledger.

What goes into a package is `casework.packages`. May not come in: texts for people, XML, ZIP.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from casework.keeping import ensure_there
from casework.packages.holdings import holdings
from flows.wiring import Ports
from pipeline.errors import NotFound
from pipeline.ids import digest, shown
from pipeline.models.actors import Actor
from pipeline.models.events import Event
from pipeline.models.records import DossierRecord

if TYPE_CHECKING:
    import datetime as dt

    from casework.packages.evidence import MadeEvidence
    from casework.packages.report import Words
    from casework.packages.submission import Submission

_PIECE: Final = 1024 * 1024
_VERIFIER: Final = Path(__file__).parents[1] / "tools" / "prove_ledger.py"


class Packages:
    """Evidence files and submission packages of archived dossiers."""

    def __init__(self, ports: Ports, dossier: Callable[[str], DossierRecord]) -> None:
        """Nothing is opened before it is used.

        Args:
            ports: of the home.
            dossier: finds a dossier by its code; raises NotFound.
        """
        self._ports = ports
        self._dossier = dossier

    def evidence(
        self, code: str, actor: Actor, words: Words, out: IO[bytes]
    ) -> tuple[MadeEvidence, str]:
        """Write the evidence file of a dossier; the act goes to the ledger with its digest.

        Args:
            code: of the dossier.
            actor: who asks, and whose key signs the summary.
            words: labels in Vietnamese.
            out: seekable and readable; the ZIP.

        Returns:
            What was made, and the SHA-256 of the ZIP.

        Raises:
            NotFound: `DOSSIER_UNKNOWN`, `DOSSIER_NOT_ARCHIVED`.
        """
        from casework.packages.evidence import EvidenceTools, make_evidence  # noqa: PLC0415
        from casework.packages.signing import summariser  # noqa: PLC0415
        from casework.verification import Evidence  # noqa: PLC0415
        from pipeline.signatures.font import StampFonts  # noqa: PLC0415
        from storage.ledger_standing import ledger_state  # noqa: PLC0415

        ports, at = self._ports, self._ports.clock.now()
        ports.records.chain_events()
        dossier = self._dossier(code)
        ensure_there(dossier)
        held = holdings(dossier, ports.records, ports.store_to_read)
        letters = StampFonts(ports.stamp_font(), ports.home / "cache" / "fonts")
        tools = EvidenceTools(
            store=ports.store_to_read,
            ledger=ports.records,
            evidence=Evidence(
                judge=ports.judge,
                stranger_judge=ports.bounded_judge(()),
                records=ports.records,
                store=ports.store_to_read,
                ledger_state=ledger_state(ports.records, ports.store_to_read),
            ),
            summarise=summariser(letters, words, self._paper, ports.signers, at),
            verifier=_VERIFIER.read_bytes() if _VERIFIER.is_file() else b"",
            roots=tuple(self._roots()),
        )
        with ports.workspace.working():
            made = make_evidence(held, tools, actor, at, out)
        return made, self._told("evidence.made", dossier, actor, at, out)

    def submission(self, code: str) -> Submission:
        """Describe the submission package of a dossier; nothing is read of its papers yet.

        Raises:
            NotFound: `DOSSIER_UNKNOWN`, `DOSSIER_NOT_ARCHIVED`.
            ConfigError: `PACKAGE_NAMES_COLLIDE`.
        """
        from casework.packages.readers import told_of  # noqa: PLC0415
        from casework.packages.submission import submission  # noqa: PLC0415
        from storage.ledger import GENESIS  # noqa: PLC0415

        ports, settings = self._ports, self._ports.settings
        ports.records.chain_events()
        dossier = self._dossier(code)
        ensure_there(dossier)
        held = holdings(dossier, ports.records, ports.store_to_read)
        told = told_of(ports.records.ledger(), held.named_in, GENESIS)
        return submission(
            held,
            ports.catalogue,
            settings.packages,
            settings.signing.agency,
            told.events,
            ports.clock.now(),
        )

    def export(self, sip: Submission, actor: Actor, out: IO[bytes]) -> tuple[int, str]:
        """Write a submission package; the act goes to the ledger with its digest.

        Args:
            sip: of `submission`.
            actor: who asks.
            out: seekable and readable; the ZIP.

        Returns:
            The number of its files, and the SHA-256 of the ZIP.

        Raises:
            ChecksumMismatch, NotFound: the archive does not hold a file as recorded.
            ConfigError: `PACKAGE_SCHEMAS`.
        """
        from casework.packages.enclosing import schemas_of  # noqa: PLC0415
        from casework.packages.sip import write_sip  # noqa: PLC0415

        settings = self._ports.settings
        folder = settings.packages.schemas
        schemas = schemas_of(folder and settings.resolve(folder))
        files = write_sip(sip, self._ports.store_to_read, out, schemas)
        return files, self._told("package.exported", sip.dossier, actor, sip.at, out)

    # -- inside ---------------------------------------------------------------------------------

    def _paper(self, code: str) -> str:
        try:
            return self._ports.catalogue.component(code).name_vi
        except NotFound:  # of an earlier catalogue
            return code

    def _roots(self) -> Iterator[tuple[str, bytes]]:
        from asn1crypto import pem  # noqa: PLC0415

        from pipeline.signatures.choosing import load_trust  # noqa: PLC0415

        for root in load_trust(self._ports.settings).roots:
            data = root.dump()
            name = f"root-{shown(hashlib.sha256(data).hexdigest())}.pem"
            yield name, pem.armor("CERTIFICATE", data)

    def _told(
        self, action: str, dossier: DossierRecord, actor: Actor, at: dt.datetime, out: IO[bytes]
    ) -> str:
        """Say in the ledger what was handed out; nothing is handed out before that."""
        out.seek(0)
        hasher = hashlib.sha256()
        while piece := out.read(_PIECE):
            hasher.update(piece)
        sha256 = hasher.hexdigest()
        event = Event(
            event_id=digest("event", action, actor.id, dossier.unit, dossier.code, sha256),
            at=at,
            actor=actor,
            action=action,
            subjects={"unit": dossier.unit, "dossier_code": dossier.code},
            hashes={"package": sha256},
        )
        self._ports.records.append([event])
        self._ports.records.chain_events()
        return sha256
