"""What a PDF's signatures cover, and whether what they cover is unchanged.

Reads files of any origin: every failure of the reader becomes a value, except for those of disk
and memory (`failures`). A signature counts as
sound only if its byte range is the whole revision up to its end, with nothing in the gap but the
signature itself. May not come in: certificates' trust, the verdict.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.misc import PdfError, get_and_apply
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import DiffResult, ModificationLevel
from pyhanko.sign.fields import enumerate_sig_fields
from pyhanko.sign.validation.generic_cms import validate_sig_integrity
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.status import SignatureCoverageLevel

from pipeline.signatures import appended
from pipeline.signatures.encoding import is_well_formed
from pipeline.signatures.failures import pass_on
from pipeline.signatures.verdicts import Modification, Reason

TIMESTAMP_TYPE: Final = "/DocTimeStamp"
READABLE_SUBFILTERS: Final = frozenset(
    {"/ETSI.CAdES.detached", "/adbe.pkcs7.detached", "/ETSI.RFC3161"}
)
MOST_SIGNATURES: Final = 64
MOST_REVISIONS: Final = 256
"""Every revision is compared with the next, and each is sought for signatures that are gone."""


@dataclass(frozen=True, slots=True)
class ReadSignature:
    """One filled signature field."""

    field: str
    embedded: EmbeddedPdfSignature | None
    """None where it cannot be read."""
    is_timestamp: bool
    intact: bool
    """The signed bytes and the signature over them verify."""
    covered: bool
    """A whole revision is covered, with nothing in the gap but the signature."""
    reaches: int
    """Offset just behind the last signed byte."""
    digest: str
    modification: Modification | None
    problem: Reason | None = None

    @property
    def sound(self) -> bool:
        """Intact, and it covers what it should."""
        return self.intact and self.covered

    @property
    def opened(self) -> EmbeddedPdfSignature:
        """The signature as pyHanko reads it; only for those that could be read."""
        if self.embedded is None:
            raise ValueError(self.problem)
        return self.embedded


def read_signatures(reader: PdfFileReader, *, compare: bool = True) -> tuple[ReadSignature, ...]:
    """All filled signature fields, in the order of their revisions; never raises for one.

    Raises (all of this module): MemoryError, and OSError where the file cannot be read.

    Args:
        reader: the file.
        compare: look at what was appended to each; costs most of the time.
    """
    found = []
    for index, (name, _, field) in enumerate(enumerate_sig_fields(reader, filled_status=True)):
        if index >= MOST_SIGNATURES:
            found.append(_unread(str(name), Reason.TOO_MANY_SIGNATURES))
            break
        found.append(_read(reader, str(name), field))
    names = {signature.field for signature in found if not signature.is_timestamp}
    ordered = sorted(found, key=lambda s: s.reaches)
    if not compare:
        return tuple(ordered)
    return tuple(_with_modification(signature, names) for signature in ordered)


def holds_store(reader: PdfFileReader, timestamp: ReadSignature) -> bool:
    """True where a document timestamp covers the validation data."""
    try:
        return timestamp.embedded is not None and "/DSS" in reader.get_historical_root(
            timestamp.embedded.signed_revision
        )
    except (PdfError, KeyError, ValueError):
        return False


def removed_signatures(reader: PdfFileReader, present: frozenset[str]) -> bool:
    """True where an earlier revision holds a filled signature field that is gone."""
    for revision in range(reader.total_revisions - 1):
        try:
            then = reader.get_historical_resolver(revision)
            names = {str(name) for name, _, _ in enumerate_sig_fields(then, filled_status=True)}
        except Exception as error:
            pass_on(error)
            continue
        if names - present:
            return True
    return False


def tail_is_pure(reader: PdfFileReader, last: ReadSignature, size: int) -> bool:
    """True where all bytes behind the last signed one are validation data in whole revisions.

    Args:
        reader: the file.
        last: the signature or timestamp that reaches furthest.
        size: bytes of the file.
    """
    if last.reaches == size:
        return True
    embedded = last.embedded
    if embedded is None or reader.total_revisions <= embedded.signed_revision + 1:
        return False
    if not appended.holds_only_objects(reader, last.reaches, embedded.signed_revision + 1, size):
        return False
    try:
        result = embedded.evaluate_modifications(appended.TAIL)
    except Exception as error:
        pass_on(error)
        return False
    return (
        isinstance(result, DiffResult)
        and result.modification_level == ModificationLevel.LTA_UPDATES
    )


def _read(reader: PdfFileReader, name: str, field: generic.DictionaryObject) -> ReadSignature:
    """The boundary to hostile input: what its bytes raise is a signature that is unreadable."""
    try:
        value = field.get_object()["/V"]
        subfilter = get_and_apply(value, "/SubFilter", str, default="")
        if subfilter not in READABLE_SUBFILTERS:
            return _unread(name, Reason.SUBFILTER_UNSUPPORTED)
        embedded = EmbeddedPdfSignature(reader, field, name)
        is_timestamp = str(embedded.sig_object_type) == TIMESTAMP_TYPE
        byte_range = [int(part) for part in embedded.byte_range]
        embedded.compute_integrity_info(skip_diff=True)
        return ReadSignature(
            field=name,
            embedded=embedded,
            is_timestamp=is_timestamp,
            intact=_intact(embedded, is_timestamp=is_timestamp),
            covered=_covered(reader, embedded, byte_range),
            reaches=byte_range[-2] + byte_range[-1],
            digest=str(embedded.md_algorithm),
            modification=None,
        )
    except Exception as error:
        pass_on(error)
        return _unread(name, Reason.SIGNATURE_UNREADABLE)


def _unread(name: str, problem: Reason) -> ReadSignature:
    return ReadSignature(
        field=name,
        embedded=None,
        is_timestamp=False,
        intact=False,
        covered=False,
        reaches=0,
        digest="",
        modification=None,
        problem=problem,
    )


def _intact(embedded: EmbeddedPdfSignature, *, is_timestamp: bool) -> bool:
    certificate = embedded.signer_cert
    digest = embedded.compute_digest()
    if not is_timestamp:
        return all(validate_sig_integrity(embedded.signer_info, certificate, "data", digest))
    content = embedded.signed_data["encap_content_info"]["content"]
    imprint = content.parsed["message_imprint"]["hashed_message"].native
    token_digest = hashlib.new(embedded.md_algorithm, bytes(content)).digest()
    return imprint == digest and all(
        validate_sig_integrity(embedded.signer_info, certificate, "tst_info", token_digest)
    )


def _covered(reader: PdfFileReader, embedded: EmbeddedPdfSignature, byte_range: list[int]) -> bool:
    """Coverage by pyHanko, and a gap that holds the signature's hexadecimal and nothing else."""
    if len(byte_range) != 4 or embedded.coverage < SignatureCoverageLevel.ENTIRE_REVISION:
        return False
    start, first, second, length = byte_range
    contents: bytes = embedded.pkcs7_content
    if start != 0 or first < 0 or length < 0 or second - first != 2 * len(contents) + 2:
        return False
    reader.stream.seek(first)
    gap = reader.stream.read(second - first)
    return gap[:1] == b"<" and gap[-1:] == b">" and is_well_formed(contents)


def _with_modification(signature: ReadSignature, names: set[str]) -> ReadSignature:
    """The signature with what came after it; `names` are the fields that a signer may show.

    A timestamp shows nothing: anybody can have one made, and its field could cover the paper.
    """
    embedded = signature.embedded
    if embedded is None:
        return signature
    try:
        embedded.compute_integrity_info(appended.REVISIONS)
        allowed = bool(embedded.summarise_integrity_info()["docmdp_ok"])
        modification = _modification(embedded.diff_result, names, allowed=allowed)
    except Exception as error:
        pass_on(error)
        modification = Modification.OTHER
    return ReadSignature(
        field=signature.field,
        embedded=embedded,
        is_timestamp=signature.is_timestamp,
        intact=signature.intact,
        covered=signature.covered,
        reaches=signature.reaches,
        digest=signature.digest,
        modification=modification,
    )


def _modification(result: object, signature_fields: set[str], *, allowed: bool) -> Modification:
    if not isinstance(result, DiffResult) or not allowed:
        return Modification.OTHER
    level = result.modification_level
    if level == ModificationLevel.NONE:
        return Modification.NONE
    if level == ModificationLevel.LTA_UPDATES:
        return Modification.VALIDATION_DATA
    changed = set(result.changed_form_fields)
    if level == ModificationLevel.FORM_FILLING and changed and changed <= signature_fields:
        return Modification.SIGNATURES
    return Modification.OTHER
