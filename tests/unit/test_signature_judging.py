"""Judging signed files: what is sound passes, every way of tampering is named."""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pikepdf
import pytest
from asn1crypto import keys as asn1_keys
from asn1crypto import x509
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import fields, signers
from pyhanko.sign.signers import PdfSignatureMetadata
from pyhanko.sign.timestamps import DummyTimeStamper
from pyhanko.sign.validation.dss import DocumentSecurityStore

from pipeline.settings import Settings, SigningSettings
from pipeline.signatures import build_signer
from pipeline.signatures.choosing import load_trust
from pipeline.signatures.devpki import development_pki
from pipeline.signatures.integrity import MOST_REVISIONS
from pipeline.signatures.judging import PdfSignatureJudge, judge
from pipeline.signatures.preparing import FIELD_NAME
from pipeline.signatures.signer import HeldKeySigner
from pipeline.signatures.trust import TrustAnchors, read_pem
from pipeline.signatures.verdicts import (
    DOUBTFUL,
    INVALIDATING,
    Modification,
    Outcome,
    Reason,
    SignatureVerdict,
    outcome_of,
)
from pipeline.stages.assembly import transfer_note
from tests.fakes.certificates import TODAY, make_officer, make_timestamp_authority
from tests.fakes.papers import write_paper
from tests.fakes.signers import capture_facts, component_of
from tests.fakes.tampering import (
    add_annotation,
    add_empty_field,
    add_orphan,
    add_unseen_field,
    appended,
    cover_content,
    move_stamp,
    page_of,
    remove_field,
    swap_image,
)

YEAR = dt.timedelta(days=365)


@dataclass(frozen=True)
class Office:
    """A signed component, and what is needed to judge and to attack it."""

    home: Path
    signer: HeldKeySigner
    trust: TrustAnchors
    unsigned: bytes
    signed: bytes

    def judged(self, folder: Path, data: bytes, at: dt.datetime = TODAY) -> SignatureVerdict:
        pdf = folder / "judged.pdf"
        pdf.write_bytes(data)
        return judge(pdf, self.trust, at)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    home = tmp_path_factory.mktemp("home")
    of_home = Settings(home=home)
    signer = build_signer(of_home, lambda: TODAY)
    pdf = write_paper(home)
    with pikepdf.open(pdf, allow_overwriting_input=True) as opened:
        transfer_note.stamp(opened, capture_facts(), "Đơn đề nghị")
        opened.save(pdf)
    signed, _ = signer.sign(component_of(pdf), pdf, capture_facts(), TODAY)
    return Office(home, signer, load_trust(of_home), pdf.read_bytes(), signed)


# -- sound files ---------------------------------------------------------------------------------


def test_a_fresh_signature_is_valid_though_its_time_is_unproven(
    office: Office, tmp_path: Path
) -> None:
    verdict = office.judged(tmp_path, office.signed)
    assert verdict.outcome is Outcome.VALID
    assert verdict.level == "PAdES-B-B" and verdict.signer == office.signer.signer
    assert verdict.signed_at == TODAY and verdict.timestamped_at is None
    assert verdict.covers_whole_file and verdict.trusted and verdict.stamp_top_left
    assert verdict.modification is Modification.NONE
    assert set(verdict.reasons) == {
        Reason.TIME_UNPROVEN,
        Reason.REVOCATION_UNKNOWN,
        Reason.DEVELOPMENT_SIGNATURE,
    }
    assert [s.field for s in verdict.signatures] == [FIELD_NAME]


def test_the_port_gives_the_same_in_short(office: Office, tmp_path: Path) -> None:
    pdf = tmp_path / "signed.pdf"
    pdf.write_bytes(office.signed)
    (found,) = PdfSignatureJudge(office.trust, lambda: TODAY).found(pdf)
    assert (found.signer, found.signed_at) == (office.signer.signer, TODAY)
    assert found.intact and found.trusted and found.covers_whole_file
    assert found.digest == "sha256"


def test_an_unknown_root_leaves_it_open(office: Office, tmp_path: Path) -> None:
    pdf = tmp_path / "signed.pdf"
    pdf.write_bytes(office.signed)
    verdict = judge(pdf, TrustAnchors(), TODAY)
    assert verdict.outcome is Outcome.INDETERMINATE and not verdict.trusted
    assert Reason.UNTRUSTED in verdict.reasons and verdict.signatures[0].intact


def test_production_demands_revocation_data(office: Office, tmp_path: Path) -> None:
    pdf = tmp_path / "signed.pdf"
    pdf.write_bytes(office.signed)
    verdict = judge(pdf, TrustAnchors(office.trust.roots, revocation_required=True), TODAY)
    assert verdict.outcome is Outcome.INDETERMINATE
    assert Reason.REVOCATION_REQUIRED in verdict.reasons


@pytest.mark.parametrize(
    ("at", "reason"),
    [
        (TODAY + 3 * YEAR, Reason.CERTIFICATE_EXPIRED),
        (TODAY - YEAR, Reason.CERTIFICATE_NOT_YET_VALID),
    ],
)
def test_outside_of_the_certificates_life_the_time_must_be_proven(
    office: Office, tmp_path: Path, at: dt.datetime, reason: Reason
) -> None:
    verdict = office.judged(tmp_path, office.signed, at)
    assert verdict.outcome is Outcome.INDETERMINATE and reason in verdict.reasons


# -- tampering -----------------------------------------------------------------------------------


def leave_metadata(writer: IncrementalPdfFileWriter) -> None:
    """Keep the library from putting right what a forger wrote."""
    setattr(writer, "_update_meta", lambda: None)  # noqa: B010


def rewrite_note(writer: IncrementalPdfFileWriter, change: Callable[[bytes], bytes]) -> None:
    """XMP in the place of XMP."""
    leave_metadata(writer)
    reference = writer.root.get_value_as_reference("/Metadata")
    held = reference.get_object()
    assert isinstance(held, generic.StreamObject)
    told = held.data
    assert change(told) != told
    packet = generic.StreamObject(
        {pdf_name("/Type"): pdf_name("/Metadata"), pdf_name("/Subtype"): pdf_name("/XML")},
        stream_data=change(told),
    )
    writer.objects[(reference.generation, reference.idnum)] = packet


def forge_note(writer: IncrementalPdfFileWriter) -> None:
    rewrite_note(writer, lambda told: told.replace(b"c" * 64, b"d" * 64))


def empty_note(writer: IncrementalPdfFileWriter) -> None:
    empty = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="%s"/></x:xmpmeta>'
    rewrite_note(writer, lambda _: empty % b"http://www.w3.org/1999/02/22-rdf-syntax-ns#")


def drop_note(writer: IncrementalPdfFileWriter) -> None:
    leave_metadata(writer)
    del writer.root["/Metadata"]
    writer.update_root()


def retitle(writer: IncrementalPdfFileWriter) -> None:
    told = writer.prev.trailer["/Info"]
    assert isinstance(told, generic.DictionaryObject)
    other = generic.DictionaryObject({key: told.raw_get(key) for key in told})
    other["/Title"] = generic.pdf_string("Another paper")
    writer.set_info(other)


def store_payload(writer: IncrementalPdfFileWriter) -> None:
    payload = writer.add_object(generic.StreamObject(stream_data=b"PK\x03\x04 hidden" * 99))
    writer.root["/DSS"] = generic.DictionaryObject(
        {pdf_name("/Certs"): generic.ArrayObject([payload])}
    )
    writer.update_root()


@pytest.mark.parametrize(
    ("change", "reasons"),
    [
        (forge_note, {Reason.MODIFIED_AFTER_SIGNING, Reason.UNSIGNED_TAIL}),
        (empty_note, {Reason.MODIFIED_AFTER_SIGNING, Reason.UNSIGNED_TAIL}),
        (drop_note, {Reason.MODIFIED_AFTER_SIGNING, Reason.UNSIGNED_TAIL}),
        (retitle, {Reason.MODIFIED_AFTER_SIGNING, Reason.UNSIGNED_TAIL}),
        (store_payload, {Reason.MODIFIED_AFTER_SIGNING, Reason.UNSIGNED_TAIL}),
        (add_unseen_field, {Reason.UNSIGNED_TAIL}),
        (add_annotation, {Reason.MODIFIED_AFTER_SIGNING, Reason.UNSIGNED_TAIL}),
        (cover_content, {Reason.MODIFIED_AFTER_SIGNING, Reason.UNSIGNED_TAIL}),
        (swap_image, {Reason.MODIFIED_AFTER_SIGNING, Reason.UNSIGNED_TAIL}),
        (move_stamp, {Reason.MODIFIED_AFTER_SIGNING, Reason.UNSIGNED_TAIL}),
        (add_empty_field, {Reason.MODIFIED_AFTER_SIGNING, Reason.UNSIGNED_TAIL}),
        (add_orphan, {Reason.UNSIGNED_TAIL}),
        (remove_field, {Reason.SIGNATURE_REMOVED}),
    ],
)
def test_a_revision_appended_by_a_stranger(
    office: Office,
    tmp_path: Path,
    change: Callable[[IncrementalPdfFileWriter], None],
    reasons: set[Reason],
) -> None:
    verdict = office.judged(tmp_path, appended(office.signed, change))
    assert verdict.outcome is Outcome.INVALID
    assert reasons <= set(verdict.reasons)
    assert not verdict.covers_whole_file


@pytest.mark.parametrize("count", [100, 3000])
def test_a_removed_signature_is_not_forgotten_behind_many_revisions(
    office: Office, tmp_path: Path, count: int
) -> None:
    data = bytearray(appended(office.signed, remove_field))
    reader = PdfFileReader(io.BytesIO(data))
    root, previous = reader.root_ref.idnum, reader.last_startxref
    for _ in range(count):
        place = len(data)
        data += f"xref\n0 0\ntrailer\n<</Size 99/Root {root} 0 R/Prev {previous}>>\n".encode()
        data += f"startxref\n{place}\n%%EOF\n".encode()
        previous = place
    verdict = office.judged(tmp_path, bytes(data))
    if count < MOST_REVISIONS:
        assert verdict.outcome is Outcome.INVALID
        assert Reason.SIGNATURE_REMOVED in verdict.reasons
    else:
        assert verdict.outcome is Outcome.INDETERMINATE
        assert verdict.reasons == (Reason.TOO_MANY_REVISIONS,)


def flipped(data: bytes, place: int, to: bytes) -> bytes:
    changed = bytearray(data)
    assert changed[place : place + 1] != to
    changed[place : place + 1] = to
    return bytes(changed)


def test_one_bit_of_the_image(office: Office, tmp_path: Path) -> None:
    place = office.signed.index(b"stream", office.signed.index(b"/Im0")) + 20
    changed = flipped(office.signed, place, bytes([office.signed[place] ^ 1]))
    verdict = office.judged(tmp_path, changed)
    assert verdict.outcome is Outcome.INVALID and not verdict.signatures[0].intact


@pytest.mark.parametrize("share", [0.0, 0.02, 0.3, 0.45, 0.6, 0.68, 0.9, 0.99])
def test_one_digit_of_the_signature(office: Office, tmp_path: Path, share: float) -> None:
    start = office.signed.index(b"/Contents <") + len(b"/Contents <")
    used = len(office.signed[start : office.signed.index(b">", start)].rstrip(b"0"))
    place = start + int(used * share)
    digit = b"0" if office.signed[place : place + 1] != b"0" else b"7"
    verdict = office.judged(tmp_path, flipped(office.signed, place, digit))
    assert verdict.outcome is Outcome.INVALID


def test_the_gap_holds_nothing_but_the_signature(office: Office, tmp_path: Path) -> None:
    start = office.signed.index(b"/Contents <")
    place = office.signed.index(b">", start) - 2
    verdict = office.judged(tmp_path, flipped(office.signed, place, b"7"))
    assert verdict.outcome is Outcome.INVALID
    assert Reason.COVERAGE_BROKEN in verdict.reasons


@pytest.mark.parametrize("tail", [b"\n", b"junk", b"\n% junk\n" * 10, b"\n%%EOF\n", b"\0" * 4000])
def test_bytes_behind_the_end(office: Office, tmp_path: Path, tail: bytes) -> None:
    verdict = office.judged(tmp_path, office.signed + tail)
    assert verdict.outcome is Outcome.INVALID and not verdict.covers_whole_file


@pytest.mark.parametrize("share", [0.999, 0.97, 0.8, 0.5, 0.1])
def test_a_file_cut_short(office: Office, tmp_path: Path, share: float) -> None:
    cut = office.signed[: int(len(office.signed) * share)]
    verdict = office.judged(tmp_path, cut)
    assert verdict.outcome is not Outcome.VALID and not verdict.trusted


def test_cut_back_to_before_signing_it_is_an_unsigned_file(office: Office, tmp_path: Path) -> None:
    verdict = office.judged(tmp_path, office.signed[: len(office.unsigned)])
    assert verdict.outcome is Outcome.INDETERMINATE
    assert verdict.reasons == (Reason.NO_SIGNATURE,)


def test_rewritten_by_another_program(office: Office, tmp_path: Path) -> None:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(office.signed)) as pdf:
        pdf.save(out)
    verdict = office.judged(tmp_path, out.getvalue())
    assert verdict.outcome is Outcome.INVALID


# -- further signatures --------------------------------------------------------------------------


def countersigned(
    data: bytes,
    folder: Path,
    *,
    field: str = "Archive",
    certify: bool = False,
    digest: str = "",
    may_sign: bool = True,
) -> tuple[bytes, Path]:
    """The file signed once more, by another officer of another authority."""
    other = make_officer(folder, "Trần Văn Bình", may_sign=may_sign)
    metadata = PdfSignatureMetadata(
        field_name=field,
        md_algorithm=digest or "sha256",
        subfilter=fields.SigSeedSubFilter.PADES,
        certify=certify,
        docmdp_permissions=fields.MDPPerm.NO_CHANGES,
    )
    out = signers.sign_pdf(
        IncrementalPdfFileWriter(io.BytesIO(data)),
        metadata,
        signers.SimpleSigner.load_pkcs12(str(other.pkcs12)),
        in_place=True,
    )
    return bytes(out.getvalue()), other.root_pem


def test_a_countersignature_leaves_the_first_one_standing(office: Office, tmp_path: Path) -> None:
    data, root = countersigned(office.signed, tmp_path / "other")
    both = TrustAnchors((*office.trust.roots, *read_pem(root)))
    pdf = tmp_path / "both.pdf"
    pdf.write_bytes(data)
    verdict = judge(pdf, both, TODAY)
    assert verdict.outcome is Outcome.VALID
    assert verdict.signer == office.signer.signer, "the capture signature speaks for the file"
    assert [s.modification for s in verdict.signatures] == [
        Modification.SIGNATURES,
        Modification.NONE,
    ]
    assert verdict.covers_whole_file


def test_a_strangers_countersignature_leaves_it_open(office: Office, tmp_path: Path) -> None:
    data, _ = countersigned(office.signed, tmp_path / "other")
    verdict = office.judged(tmp_path, data)
    assert verdict.outcome is Outcome.INDETERMINATE and not verdict.trusted
    assert len(verdict.signatures) == 2


def test_a_certified_paper_bears_no_further_signature(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certified, root = countersigned(office.unsigned, tmp_path / "first", certify=True)
    monkeypatch.setattr(signers.PdfSigner, "_enforce_certification_constraints", lambda *_: None)
    data, other = countersigned(certified, tmp_path / "second", field="Later")
    pdf = tmp_path / "both.pdf"
    trust = TrustAnchors((*read_pem(root), *read_pem(other)))
    pdf.write_bytes(certified)
    assert judge(pdf, trust, TODAY).outcome is Outcome.VALID
    pdf.write_bytes(data)
    verdict = judge(pdf, trust, TODAY)
    assert verdict.outcome is Outcome.INVALID
    assert Reason.MODIFIED_AFTER_SIGNING in verdict.reasons


@pytest.mark.parametrize(("gap_from", "end"), [(0, -400), (-24, 0), (-24, -400)])
def test_a_sound_signature_over_a_part_of_the_file(
    office: Office, tmp_path: Path, gap_from: int, end: int
) -> None:
    """The officer's own key signed it, but not all of it."""
    found = re.search(rb"/ByteRange \[0 (\d+) (\d+) (\d+)\]", office.signed)
    assert found is not None
    first, second, length = (int(part) for part in found.groups())
    part = b"/ByteRange [0 %d %d %d]" % (first + gap_from, second, length + end)
    data = bytearray(office.signed.replace(found.group(0), part.ljust(len(found.group(0)))))
    signed_bytes = data[: first + gap_from] + data[second : second + length + end]
    key = signers.SimpleSigner.load_pkcs12(str(development_pki(office.home).officer_p12))
    digest = hashlib.sha256(signed_bytes).digest()
    cms = asyncio.run(key.async_sign(digest, "sha256", use_pades=True)).dump().hex().encode()
    data[first + 1 : second - 1] = cms.ljust(second - first - 2, b"0")
    verdict = office.judged(tmp_path, bytes(data))
    assert verdict.outcome is Outcome.INVALID and not verdict.signatures[0].intact
    assert Reason.COVERAGE_BROKEN in verdict.reasons
    assert Reason.INTEGRITY_BROKEN not in verdict.reasons


def test_a_certificate_that_is_not_for_signing_leaves_it_open(
    office: Office, tmp_path: Path
) -> None:
    data, root = countersigned(office.unsigned, tmp_path / "other", may_sign=False)
    pdf = tmp_path / "usage.pdf"
    pdf.write_bytes(data)
    verdict = judge(pdf, TrustAnchors(read_pem(root)), TODAY)
    assert verdict.outcome is Outcome.INDETERMINATE
    assert Reason.CERTIFICATE_USAGE in verdict.reasons
    assert verdict.signatures[0].intact


def test_what_was_done_between_two_signatures_is_seen(office: Office, tmp_path: Path) -> None:
    data, root = countersigned(appended(office.signed, cover_content), tmp_path / "other")
    pdf = tmp_path / "both.pdf"
    pdf.write_bytes(data)
    verdict = judge(pdf, TrustAnchors((*office.trust.roots, *read_pem(root))), TODAY)
    assert verdict.outcome is Outcome.INVALID
    assert verdict.modification is Modification.OTHER


def test_a_weak_digest_is_named_and_still_judged(office: Office, tmp_path: Path) -> None:
    data, root = countersigned(office.unsigned, tmp_path / "other", digest="sha1")
    pdf = tmp_path / "weak.pdf"
    pdf.write_bytes(data)
    verdict = judge(pdf, TrustAnchors(read_pem(root)), TODAY)
    assert verdict.outcome is Outcome.INDETERMINATE
    assert Reason.WEAK_DIGEST in verdict.reasons
    assert verdict.signatures[0].intact and verdict.signatures[0].digest == "sha1"


# -- timestamps ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Stamped:
    """The signed component, preserved for long by a timestamp authority of tests."""

    lta: bytes
    trust: TrustAnchors
    stamper: DummyTimeStamper


@pytest.fixture(scope="module")
def stamped(office: Office) -> Stamped:
    authority = make_timestamp_authority()
    certificate = x509.Certificate.load(authority.certificate)
    key = asn1_keys.PrivateKeyInfo.load(authority.key)
    stamper = DummyTimeStamper(certificate, key, fixed_dt=TODAY + dt.timedelta(minutes=1))
    writer = IncrementalPdfFileWriter(io.BytesIO(office.signed))
    DocumentSecurityStore.supply_dss_in_writer(writer, None, certs=office.trust.roots)
    with_store = io.BytesIO()
    writer.write(with_store)
    out = signers.PdfTimeStamper(stamper).timestamp_pdf(
        IncrementalPdfFileWriter(with_store), "sha256"
    )
    trust = TrustAnchors((*office.trust.roots, certificate), office.trust.development)
    return Stamped(bytes(out.getvalue()), trust, stamper)


def judged_at(stamped: Stamped, folder: Path, data: bytes, at: dt.datetime) -> SignatureVerdict:
    pdf = folder / "stamped.pdf"
    pdf.write_bytes(data)
    return judge(pdf, stamped.trust, at)


def test_a_trusted_timestamp_proves_the_time(stamped: Stamped, tmp_path: Path) -> None:
    verdict = judged_at(stamped, tmp_path, stamped.lta, TODAY)
    assert verdict.outcome is Outcome.VALID
    assert verdict.level == "PAdES-B-LTA"
    assert verdict.timestamped_at == TODAY + dt.timedelta(minutes=1)
    assert verdict.modification is Modification.VALIDATION_DATA and verdict.covers_whole_file
    assert Reason.TIME_UNPROVEN not in verdict.reasons


def test_it_outlives_the_certificate(stamped: Stamped, tmp_path: Path) -> None:
    later = TODAY + 3 * YEAR
    assert judged_at(stamped, tmp_path, stamped.lta, later).outcome is Outcome.VALID


def test_an_untrusted_timestamp_proves_nothing(
    office: Office, stamped: Stamped, tmp_path: Path
) -> None:
    verdict = office.judged(tmp_path, stamped.lta, TODAY + 3 * YEAR)
    assert verdict.outcome is Outcome.INDETERMINATE
    assert {Reason.TIMESTAMP_UNTRUSTED, Reason.CERTIFICATE_EXPIRED} <= set(verdict.reasons)


def test_a_changed_timestamp_counts_as_damage(stamped: Stamped, tmp_path: Path) -> None:
    place = stamped.lta.rindex(b"/Contents <") + 200
    digit = b"0" if stamped.lta[place : place + 1] != b"0" else b"7"
    verdict = judged_at(stamped, tmp_path, flipped(stamped.lta, place, digit), TODAY)
    assert verdict.outcome is Outcome.INVALID


def test_validation_data_behind_the_last_range_are_a_pure_update(
    office: Office, stamped: Stamped, tmp_path: Path
) -> None:
    def add_store(writer: IncrementalPdfFileWriter) -> None:
        DocumentSecurityStore.supply_dss_in_writer(writer, None, certs=stamped.trust.roots)

    data = appended(office.signed, add_store)
    verdict = office.judged(tmp_path, data)
    assert verdict.outcome is Outcome.VALID and not verdict.covers_whole_file
    assert verdict.modification is Modification.VALIDATION_DATA
    assert office.judged(tmp_path, data + b"\n%junk\n").outcome is Outcome.INVALID


@pytest.mark.parametrize(
    "between",
    [b"% said by nobody\n" * 9, b"PK\x03\x04" + bytes(99) + b"\n", b"99 0 obj\nnull\nendobj\n"],
)
def test_nothing_hides_in_front_of_validation_data(
    office: Office, stamped: Stamped, tmp_path: Path, between: bytes
) -> None:
    def add_store(writer: IncrementalPdfFileWriter) -> None:
        DocumentSecurityStore.supply_dss_in_writer(writer, None, certs=stamped.trust.roots)

    pointer = office.signed[office.signed.rindex(b"startxref") :]
    verdict = office.judged(tmp_path, appended(office.signed + between + pointer, add_store))
    assert verdict.outcome is Outcome.INVALID and Reason.UNSIGNED_TAIL in verdict.reasons


@pytest.mark.parametrize("change", [forge_note, empty_note, drop_note, retitle, store_payload])
def test_a_timestamp_does_not_cover_up_what_was_done_before(
    office: Office,
    stamped: Stamped,
    tmp_path: Path,
    change: Callable[[IncrementalPdfFileWriter], None],
) -> None:
    changed = IncrementalPdfFileWriter(io.BytesIO(appended(office.signed, change)))
    leave_metadata(changed)
    out = signers.PdfTimeStamper(stamped.stamper).timestamp_pdf(changed, "sha256")
    verdict = judged_at(stamped, tmp_path, bytes(out.getvalue()), TODAY)
    assert verdict.outcome is Outcome.INVALID and verdict.covers_whole_file
    assert Reason.MODIFIED_AFTER_SIGNING in verdict.reasons


@pytest.mark.parametrize("change", [add_annotation, cover_content, swap_image, add_orphan])
def test_what_follows_the_last_timestamp(
    stamped: Stamped, tmp_path: Path, change: Callable[[IncrementalPdfFileWriter], None]
) -> None:
    verdict = judged_at(stamped, tmp_path, appended(stamped.lta, change), TODAY)
    assert verdict.outcome is Outcome.INVALID


@pytest.mark.parametrize("trusted", [True, False])
def test_a_timestamp_shows_nothing(
    office: Office, stamped: Stamped, tmp_path: Path, *, trusted: bool
) -> None:
    """Anybody can have one made: its field must not lie over what was signed."""
    writer = IncrementalPdfFileWriter(io.BytesIO(office.signed))
    box = (50, 300, 550, 600)
    fields.append_signature_field(writer, fields.SigFieldSpec("Cover", on_page=0, box=box))
    _, page = page_of(writer)
    sheet = generic.StreamObject(stream_data=b"1 1 1 rg 0 0 500 300 re f")
    sheet["/Type"], sheet["/Subtype"] = pdf_name("/XObject"), pdf_name("/Form")
    sheet["/BBox"] = generic.ArrayObject(map(generic.NumberObject, (0, 0, 500, 300)))
    shown = generic.DictionaryObject({pdf_name("/N"): writer.add_object(sheet)})
    page["/Annots"][-1]["/AP"] = shown
    out = signers.PdfTimeStamper(stamped.stamper, field_name="Cover").timestamp_pdf(
        writer, "sha256"
    )
    pdf = tmp_path / "covered.pdf"
    pdf.write_bytes(out.getvalue())
    verdict = judge(pdf, stamped.trust if trusted else office.trust, TODAY)
    assert verdict.outcome is Outcome.INVALID
    assert Reason.MODIFIED_AFTER_SIGNING in verdict.reasons


# -- files of any kind ---------------------------------------------------------------------------


@pytest.mark.parametrize("data", [b"", b"%PDF-1.7", b"only text\n" * 100, bytes(range(256)) * 40])
def test_what_is_no_pdf_is_said_to_be_so(office: Office, tmp_path: Path, data: bytes) -> None:
    verdict = office.judged(tmp_path, data)
    assert verdict.outcome is Outcome.INVALID
    assert verdict.reasons == (Reason.UNREADABLE_PDF,)


def test_an_unsigned_file_with_a_damaged_table_is_only_unsigned(
    office: Office, tmp_path: Path
) -> None:
    place = office.unsigned.rindex(b"startxref")
    verdict = office.judged(tmp_path, office.unsigned[:place] + b"startxref\n9999999\n%%EOF\n")
    assert verdict.outcome is Outcome.INDETERMINATE
    assert Reason.NO_SIGNATURE in verdict.reasons


def test_an_encrypted_file_is_not_guessed_at(office: Office, tmp_path: Path) -> None:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(office.unsigned)) as pdf:
        pdf.save(out, encryption=pikepdf.Encryption(owner="o", user="u"))
    verdict = office.judged(tmp_path, out.getvalue())
    assert verdict.reasons == (Reason.ENCRYPTED,)
    assert verdict.outcome is Outcome.INDETERMINATE


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.data())
def test_damage_anywhere_never_passes_and_never_raises(
    office: Office, tmp_path: Path, data: st.DataObject
) -> None:
    start = office.signed.index(b"/Contents <")
    gap = range(start, office.signed.index(b">", start) + 1)
    outside = st.integers(0, len(office.signed) - 1).filter(lambda place: place not in gap)
    changed = bytearray(office.signed)
    for place in data.draw(st.lists(outside, min_size=1, max_size=4, unique=True)):
        changed[place] ^= data.draw(st.integers(1, 255))
    assert office.judged(tmp_path, bytes(changed)).outcome is not Outcome.VALID


# -- the rule ------------------------------------------------------------------------------------


@given(st.sets(st.sampled_from(Reason)))
def test_the_worst_reason_decides(reasons: set[Reason]) -> None:
    outcome = outcome_of(reasons)
    if reasons & INVALIDATING:
        assert outcome is Outcome.INVALID
    elif reasons & DOUBTFUL:
        assert outcome is Outcome.INDETERMINATE
    else:
        assert outcome is Outcome.VALID


def test_no_reason_counts_twice() -> None:
    assert not INVALIDATING & DOUBTFUL


def test_an_officers_own_root_may_be_trusted(tmp_path: Path) -> None:
    officer = make_officer(tmp_path / "officer", password="secret")
    signing = SigningSettings(
        pkcs12=officer.pkcs12, password=SecretStr("secret"), trust=(officer.root_pem,)
    )
    of_home = Settings(home=tmp_path, signing=signing)
    pdf = write_paper(tmp_path)
    signed, info = build_signer(of_home).sign(component_of(pdf), pdf, capture_facts(), TODAY)
    pdf.write_bytes(signed)
    verdict = judge(pdf, load_trust(of_home), TODAY)
    assert verdict.outcome is Outcome.VALID
    assert Reason.DEVELOPMENT_SIGNATURE not in verdict.reasons
    assert verdict.signatures[0].certificate_sha256 == info.certificate_sha256
