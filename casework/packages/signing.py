"""The summary of an evidence file: drawn as PDF/A, signed by whoever asked for it.

Nobody's key stands in for another's: where no key of the account is held here, the summary stays
unsigned and says so. May not come in: what the summary tells (`report`).
"""

from __future__ import annotations

import datetime as dt
import hashlib
import tempfile
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

from casework.packages.evidence import Summary
from casework.packages.printed import PAGE_PT, Row, print_rows
from casework.packages.report import ValidationReport, Words, rows_of, title_of
from pipeline.errors import KeyUnavailable
from pipeline.ids import digest
from pipeline.models.components import CaptureFacts, ComponentPdf, Purpose
from pipeline.models.files import FileRef
from pipeline.ports.signing import SignerBook

CODE: Final = "VALIDATION_SUMMARY"
"""Stands where a component has its code; no code of a catalogue."""


class Letters(Protocol):
    """The letters that a summary is printed with, see `pipeline.signatures.font.StampFonts`."""

    def writable(self, text: str) -> str:
        """The text, with a stand-in for what the font lacks."""
        ...

    def subset_for(self, characters: str) -> bytes:
        """A TrueType font of 1000 units per em."""
        ...


def summariser(
    letters: Letters, words: Words, names: Words, signers: SignerBook, at: dt.datetime
) -> Callable[[ValidationReport], Summary]:
    """Draws and signs the summary of a report.

    Args:
        letters: of the print.
        words: labels in Vietnamese.
        names: of papers, by component code.
        signers: whose key signs; the account that made the report.
        at: moment of signing.
    """

    def summarise(report: ValidationReport) -> Summary:
        rows = [
            Row(letters.writable(_printable(r.text)), r.size, r.indent, r.gap)
            for r in rows_of(report, words, names=names)
        ]
        font = letters.subset_for("".join(sorted({c for r in rows for c in r.text})))
        with tempfile.TemporaryDirectory(prefix="summary-") as folder:
            draft = Path(folder) / "summary.pdf"
            pages = print_rows(rows, font, title_of(report), draft)
            return _signed(draft, pages, report, signers, at)

    return summarise


def _signed(
    draft: Path, pages: int, report: ValidationReport, signers: SignerBook, at: dt.datetime
) -> Summary:
    """The draft under the key of the account, or as it is where no such key is held here.

    Raises:
        SigningError: there is a key, and it did not sign.
    """
    data = draft.read_bytes()
    try:
        signer = signers.of(report.made_by.id)
    except KeyUnavailable as error:
        if error.code != "KEY_OF_OFFICER_MISSING":
            raise
        return Summary(pdf=data, signed=False)
    sha256 = hashlib.sha256(data).hexdigest()
    ref = FileRef(sha256=sha256, size=len(data), media_type="application/pdf")
    identity = digest("summary", report.unit, report.dossier_code, sha256)
    paper = ComponentPdf(
        component_id=identity,
        code=CODE,
        file=ref,
        page_sizes=(PAGE_PT,) * pages,
        purpose=Purpose.REPORT,
    )
    facts = CaptureFacts(
        component_id=identity,
        component_code=CODE,
        batch_id=identity,
        unit=report.unit,
        officer=report.made_by.id,
        station=None,
        channel="",
        captured_at=report.made_at,
        source_count=0,
        pages_in=pages,
        pages_kept=pages,
        raw_sha256=(),
        engine=None,
        software=report.software,
    )
    signed, _ = signer.sign(paper, draft, facts, at)
    return Summary(pdf=signed, signed=True)


def _printable(text: str) -> str:
    kept = (" " if unicodedata.category(c)[0] in "CZ" else c for c in text)
    return " ".join(unicodedata.normalize("NFC", "".join(kept)).split())
