"""Components on their way to the archive: each type opens only the next step.

`assembly` gives a `ComponentPdf`, only `sign` takes it and gives a `SignedComponent`, only
`archive` takes that (or a `KeptPdf`); nothing turns a signed file back into something editable.
"""

from __future__ import annotations

from enum import StrEnum

from pipeline.models.base import Box, Instant, Model, Ratio, Sha256
from pipeline.models.files import FileRef
from pipeline.models.stamps import StampRoom
from pipeline.models.text import EngineIdentity


class Evidence(Model):
    """Why a component has the type it has."""

    anchor: str
    """Anchor or title of the catalogue that was found."""
    score: float
    """0 to 100, folded fuzzy score."""
    page: int
    """0-based in the whole batch."""


class Classified(Model):
    """A segment with its type."""

    component_id: str
    """Digest of batch_id and ordered page indexes (architecture §4)."""
    code: str
    """Component code of the catalogue; `Z_OTHER` for the unknown."""
    confidence: Ratio
    evidence: tuple[Evidence, ...] = ()
    runner_up: str | None = None
    """The next best code, where one came near."""
    pages: tuple[int, ...]
    """0-based indexes in the whole batch."""
    dossier: int
    source: int | None = None
    """Index of the kept file, where the component is one."""
    certain: bool
    """False: a `COMPONENT_TYPE` review is asked for."""


class CaptureFacts(Model):
    """The transfer note: facts of the capture, nothing about the content (architecture §3)."""

    component_id: str
    component_code: str
    batch_id: Sha256
    unit: str
    officer: str
    station: str | None
    channel: str
    captured_at: Instant
    source_count: int
    pages_in: int
    """Pages of the whole batch."""
    pages_kept: int
    """Pages of this component."""
    raw_sha256: tuple[Sha256, ...]
    """Digest of each raw page image, in order."""
    checks: tuple[str, ...] = ()
    """Of each page, in order: `passed`, or the quality warnings (domain-pack E.1) by code."""
    content_scale: float | None = None
    """Of page one, where room for a stamp was sought; 1: as scanned (`StampRoom.scale`)."""
    stamp_area: str | None = None
    """`x0 y0 x1 y1`, points of page one: what was left to the stamp."""
    stamp_ink_pixels: int | None = None
    """Pixels of ink that were counted there."""
    engine: EngineIdentity | None
    software: str
    """`Sohoa x.y.z`."""


class Purpose(StrEnum):
    """What an officer's visible signature says of a file."""

    CAPTURE = "capture"
    """This paper was scanned by me."""
    REPORT = "report"
    """This is what I found (the summary of an evidence file)."""


class ComponentPdf(Model):
    """An assembled, unsigned PDF/A-2u."""

    component_id: str
    code: str
    file: FileRef
    page_sizes: tuple[tuple[float, float], ...]
    """Width and height of each page, pt."""
    keep_clear: tuple[Box, ...] = ()
    """Boxes of page one (page points) that the stamp must not cover: the QR of an issued paper."""
    room: StampRoom | None = None
    """Where page one is free for the stamp; None where nobody looked: `keep_clear` decides."""
    purpose: Purpose = Purpose.CAPTURE


class SignatureLevel(StrEnum):
    """PAdES baseline levels (ETSI EN 319 142-1)."""

    B_B = "PAdES-B-B"
    B_T = "PAdES-B-T"
    B_LT = "PAdES-B-LT"
    B_LTA = "PAdES-B-LTA"


class CounterSignature(Model):
    """The archive's signature beside the officer's: invisible, in a field of its own."""

    level: SignatureLevel
    signer: str
    """Common name of the certificate."""
    signed_at: Instant
    certificate_sha256: Sha256
    development: bool


class SignatureInfo(Model):
    """Sohoa's own signature on a component."""

    level: SignatureLevel
    signer: str
    """Common name of the certificate."""
    signed_at: Instant
    page: int = 0
    box: Box
    """Of the stamp, page points."""
    certificate_sha256: Sha256
    development: bool
    """True: made with the development PKI, and the stamp says so."""
    sealed_until: Instant | None = None
    """B-LTA: last moment that the outermost document timestamp can be relied on by itself (its
    certificate ends); a further one must be appended before."""
    counter: CounterSignature | None = None
    """Of the archive, None before it signed."""


class SignedComponent(Model):
    """Final bytes: nothing changes them from here on (revisions are appended, see §3)."""

    component_id: str
    code: str
    file: FileRef
    signature: SignatureInfo


class FoundSignature(Model):
    """One signature found in a file that came signed."""

    signer: str
    signed_at: Instant | None
    intact: bool
    """The signed bytes are unchanged and the signature verifies."""
    trusted: bool
    digest: str
    """Digest algorithm, e.g. `sha1`: weakness is named, never hidden."""
    covers_whole_file: bool


class KeptPdf(Model):
    """A file whose bytes are kept: signed before it came, or an unsigned portal e-copy."""

    component_id: str
    code: str
    file: FileRef
    signatures: tuple[FoundSignature, ...]
