"""The tamper set: no attack is VALID, no sound file is INVALID, and each is told for what it is."""

from __future__ import annotations

import datetime as dt
import io
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pikepdf
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields, signers
from pyhanko.sign.signers import PdfSignatureMetadata
from pyhanko.sign.timestamps import HTTPTimeStamper

from pipeline.models.components import SignatureLevel
from pipeline.settings import Settings, SigningSettings, TsaSettings
from pipeline.signatures import Signing
from pipeline.signatures.judging import judge
from pipeline.signatures.revocation import Asking
from pipeline.signatures.trust import TrustAnchors, read_pem
from pipeline.signatures.verdicts import (
    Outcome,
    Reason,
    SignatureVerdict,
    conclusion_of,
    outcome_of,
)
from pipeline.signatures.web import Deadline, Web
from pipeline.stages.assembly import transfer_note
from tests.fakes import tampering
from tests.fakes.certificates import TODAY, make_officer
from tests.fakes.papers import write_paper
from tests.fakes.pki import BRIEF_DAYS, FADING_DAYS, Pki
from tests.fakes.signers import capture_facts, component_of
from tests.fakes.tampering import ATTACKS, SHADOWS, Attack, Shadow, appended

DAY = dt.timedelta(days=1)
_STRIDE = 211
"""Digits between those that a run changes; the first is drawn."""
SEEN = tuple(attack for attack in ATTACKS if not attack.unseen)
UPDATES = tuple(
    change
    for change in vars(tampering).values()
    if getattr(change, "__annotations__", {}).get("writer") == "IncrementalPdfFileWriter"
    and not change.__name__.startswith("_")
    and change.__name__ not in ("page_of", "drop_store", "add_orphan", "add_unseen_field")
)
"""Revisions that a stranger may append; a seal over them must not help."""


@dataclass(frozen=True)
class Office:
    """Signs with any officer at any level, and judges as in production."""

    pki: Pki
    folder: Path
    paper: bytes
    signed: dict[tuple[object, ...], bytes] = field(default_factory=dict)

    def sign(
        self,
        level: str = "B-LTA",
        officer: str = "p256",
        paper: bytes | None = None,
        at: dt.datetime = TODAY,
        tsa: str = "tsa",
    ) -> bytes:
        wish = (level, officer, paper, at, tsa)
        if wish not in self.signed:
            self.signed[wish] = self._sign(level, officer, paper or self.paper, at, tsa)
        return self.signed[wish]

    def _sign(self, level: str, officer: str, paper: bytes, at: dt.datetime, tsa: str) -> bytes:
        settings = Settings(
            home=self.folder / "home",
            officer="o",
            signing=SigningSettings(
                pkcs12=self.pki.pkcs12(officer), trust=(self.pki.pem("root"),), level=level
            ),
            tsa=TsaSettings(url=self.pki.tsa(tsa)),
        )
        signing = Signing(settings)
        pdf = self.folder / "paper.pdf"
        pdf.write_bytes(paper)
        self.pki.set(at)
        data, info = signing.signers.of("o").sign(component_of(pdf), pdf, capture_facts(), at)
        signing.close()
        assert info.level == f"PAdES-{level}"
        return data

    def judge(
        self, data: bytes, at: dt.datetime = TODAY, *, strict: bool = True
    ) -> SignatureVerdict:
        pdf = self.folder / "judged.pdf"
        pdf.write_bytes(data)
        roots = (self.pki.certificate("root"),)
        return judge(pdf, TrustAnchors(roots, revocation_required=strict), at)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder = tmp_path_factory.mktemp("office")
    pki = Pki(folder / "authorities")
    pdf = write_paper(folder)
    with pikepdf.open(pdf, allow_overwriting_input=True) as opened:
        transfer_note.stamp(opened, capture_facts(), "Đơn đề nghị")
        opened.save(pdf)
    yield Office(pki, folder, pdf.read_bytes())
    pki.close()


@pytest.fixture(scope="module")
def sealed(office: Office) -> bytes:
    return office.sign()


# -- sound files ---------------------------------------------------------------------------------


@pytest.mark.parametrize("officer", ["p256", "rsa2048", "rsa3072", "brief"])
@pytest.mark.parametrize("level", ["B-B", "B-T", "B-LT", "B-LTA"])
def test_what_sohoa_signs_is_sound(office: Office, officer: str, level: str) -> None:
    verdict = office.judge(office.sign(level, officer), strict=False)
    assert (verdict.outcome, verdict.level) == (Outcome.VALID, SignatureLevel(f"PAdES-{level}"))


def stranger(office: Office, data: bytes, **options: object) -> bytes:
    """Signed by an agency's own program, as approval signature."""
    held = signers.SimpleSigner.load_pkcs12(str(office.pki.pkcs12("rsa2048")))
    metadata = PdfSignatureMetadata(**{"field_name": "Agency", "md_algorithm": "sha256", **options})  # type: ignore[arg-type]
    out = signers.sign_pdf(IncrementalPdfFileWriter(io.BytesIO(data), strict=False), metadata, held)
    return bytes(out.getvalue())


def saved(data: bytes, **options: object) -> bytes:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(data)) as pdf:
        pdf.save(out, **options)  # type: ignore[arg-type]
    return out.getvalue()


@pytest.mark.parametrize(
    "build",
    [
        tampering.as_hybrid,
        lambda data: saved(data, linearize=True),
        lambda data: saved(data, object_stream_mode=pikepdf.ObjectStreamMode.generate),
        lambda data: saved(data, qdf=True),
        lambda data: data.replace(b"%PDF-1.7", b"%PDF-1.4"),
    ],
    ids=["hybrid", "linearized", "object-streams", "qdf", "old"],
)
def test_what_others_build_and_sign_is_never_invalid(
    office: Office, build: Callable[[bytes], bytes]
) -> None:
    verdict = office.judge(stranger(office, build(office.paper)), strict=False)
    assert verdict.outcome is Outcome.VALID, verdict.reasons


@pytest.mark.parametrize("permitted", list(fields.MDPPerm))
def test_a_certified_paper_is_sound(office: Office, permitted: fields.MDPPerm) -> None:
    data = stranger(office, office.paper, certify=True, docmdp_permissions=permitted)
    assert office.judge(data, strict=False).outcome is Outcome.VALID


def test_a_second_signature_of_the_archive_is_sound(office: Office, sealed: bytes) -> None:
    verdict = office.judge(stranger(office, sealed), strict=False)
    assert verdict.outcome is Outcome.VALID and len(verdict.signatures) == 2
    assert verdict.level is SignatureLevel.B_LTA, "the officer's speaks for the file"


def test_a_field_that_waits_since_before_is_no_change(office: Office) -> None:
    writer = IncrementalPdfFileWriter(io.BytesIO(office.paper))
    fields.append_signature_field(writer, fields.SigFieldSpec("Agency", on_page=0))
    out = io.BytesIO()
    writer.write(out)
    first = stranger(
        office, out.getvalue(), field_name="First", certify=True,
        docmdp_permissions=fields.MDPPerm.FILL_FORMS,
    )  # fmt: skip
    assert office.judge(stranger(office, first), strict=False).outcome is Outcome.VALID


# -- attacks -------------------------------------------------------------------------------------


@pytest.mark.parametrize("attack", SEEN, ids=lambda a: a.name)
def test_an_attack_is_invalid_and_told(office: Office, sealed: bytes, attack: Attack) -> None:
    forged = attack.forge(sealed)
    assert forged != sealed
    for strict in (True, False):
        verdict = office.judge(forged, strict=strict)
        assert verdict.outcome is Outcome.INVALID
        assert not attack.reasons or attack.reasons & set(verdict.reasons)


@pytest.mark.parametrize("level", ["B-B", "B-T", "B-LT"])
@pytest.mark.parametrize(
    "attack",
    [a for a in SEEN if a.name not in ("flip_timestamp", "store_removed")],
    ids=lambda a: a.name,
)
def test_below_a_seal_it_is_invalid_too(office: Office, level: str, attack: Attack) -> None:
    assert office.judge(attack.forge(office.sign(level)), strict=False).outcome is Outcome.INVALID


@pytest.mark.parametrize("change", UPDATES, ids=lambda c: c.__name__)
def test_a_true_timestamp_over_an_attack_does_not_heal_it(
    office: Office, sealed: bytes, change: tampering.Change
) -> None:
    """Anybody can have one made; the authority never saw the paper."""
    assert len(UPDATES) > 8
    office.pki.set()
    writer = IncrementalPdfFileWriter(io.BytesIO(appended(sealed, change)))
    stamper = signers.PdfTimeStamper(HTTPTimeStamper(office.pki.tsa()))
    healed = bytes(stamper.timestamp_pdf(writer, "sha256").getvalue())
    verdict = office.judge(healed)
    assert verdict.outcome is Outcome.INVALID and verdict.covers_whole_file
    assert {Reason.MODIFIED_AFTER_SIGNING, Reason.SIGNATURE_REMOVED} & set(verdict.reasons)


@pytest.mark.parametrize("shadow", SHADOWS, ids=lambda s: s.name)
@pytest.mark.parametrize("level", ["B-B", "B-LTA"])
def test_a_shadow_is_sound_until_it_is_played_out(
    office: Office, shadow: Shadow, level: str
) -> None:
    signed = office.sign(level, paper=shadow.prepare(office.paper))
    before = office.judge(signed, strict=False)
    seen = level != "B-B" and not shadow.sealable
    assert before.outcome is (Outcome.INVALID if seen else Outcome.VALID), before.reasons
    after = office.judge(shadow.forge(signed), strict=False)
    assert after.outcome is Outcome.INVALID
    assert {Reason.MODIFIED_AFTER_SIGNING, Reason.SIGNATURE_REMOVED} & set(after.reasons)


@pytest.mark.parametrize("attack", [a for a in ATTACKS if a.unseen], ids=lambda a: a.name)
def test_what_only_records_can_tell_keeps_less_than_it_had(
    office: Office, sealed: bytes, attack: Attack
) -> None:
    """A sound earlier file, or nobody's: it is judged behind the archive's back elsewhere."""
    verdict = office.judge(attack.forge(sealed))
    assert verdict.outcome is Outcome.INDETERMINATE
    assert verdict.level is not SignatureLevel.B_LTA


@pytest.mark.parametrize("permitted", list(fields.MDPPerm))
def test_a_new_field_in_a_certified_paper(
    office: Office, permitted: fields.MDPPerm, monkeypatch: pytest.MonkeyPatch
) -> None:
    certified = stranger(office, office.paper, certify=True, docmdp_permissions=permitted)
    monkeypatch.setattr(signers.PdfSigner, "_enforce_certification_constraints", lambda *_: None)
    forged = stranger(office, certified, field_name="Later")
    verdict = office.judge(forged, strict=False)
    if permitted is fields.MDPPerm.NO_CHANGES:
        assert verdict.outcome is Outcome.INVALID
        assert Reason.MODIFIED_AFTER_SIGNING in verdict.reasons
    annotated = appended(certified, tampering.add_annotation)
    assert office.judge(annotated, strict=False).outcome is Outcome.INVALID


@pytest.mark.parametrize("level", ["B-B", "B-T", "B-LT", "B-LTA"])
def test_no_digit_of_the_signature_may_change(office: Office, level: str) -> None:
    """Also what a signature carries along unsigned: certificates, timestamps, versions.

    Below a seal a timestamp can be made unknown, as it can be taken out: then the level is lost.
    """
    data = office.sign(level)
    find = data.rindex if level == "B-LTA" else data.index
    start = find(b"/Contents <") + len(b"/Contents <")
    used = len(data[start : data.index(b">", start)].rstrip(b"0"))
    for place in range(start + secrets.randbelow(_STRIDE), start + used, _STRIDE):
        forged = (
            data[:place] + (b"0" if data[place : place + 1] != b"0" else b"7") + data[place + 1 :]
        )
        verdict = office.judge(forged, strict=False)
        as_good = (verdict.outcome, verdict.level) == (Outcome.VALID, f"PAdES-{level}")
        assert not as_good, place - start


# -- certificates --------------------------------------------------------------------------------


def test_another_officer_is_named(office: Office, sealed: bytes) -> None:
    first = sealed[: tampering.revisions(sealed)[0]]
    mine, other = office.judge(sealed), office.judge(office.sign("B-LTA", "rsa2048", first))
    assert other.outcome is Outcome.VALID and other.signer != mine.signer


def test_another_authority_proves_nothing(office: Office, sealed: bytes, tmp_path: Path) -> None:
    fake = make_officer(tmp_path, "Lê Thị Hoà")
    held = signers.SimpleSigner.load_pkcs12(str(fake.pkcs12))
    first = sealed[: tampering.revisions(sealed)[0]]
    metadata = PdfSignatureMetadata(
        field_name="SohoaCapture",
        md_algorithm="sha256",
        subfilter=fields.SigSeedSubFilter.PADES,
    )
    office.pki.set()
    out = signers.sign_pdf(
        IncrementalPdfFileWriter(io.BytesIO(first)),
        metadata,
        held,
        timestamper=HTTPTimeStamper(office.pki.tsa()),
    )
    verdict = office.judge(bytes(out.getvalue()))
    assert verdict.outcome is Outcome.INDETERMINATE and not verdict.trusted
    assert Reason.UNTRUSTED in verdict.reasons


@pytest.mark.parametrize(
    ("level", "outcome"),
    [
        ("B-B", Outcome.INDETERMINATE),
        ("B-T", Outcome.VALID),
        ("B-LT", Outcome.VALID),
        ("B-LTA", Outcome.VALID),
    ],
)
def test_expired_after_signing_only_proven_time_helps(
    office: Office, level: str, outcome: Outcome
) -> None:
    data = office.sign(level, "brief")
    verdict = office.judge(data, TODAY + (BRIEF_DAYS + 9) * DAY, strict=False)
    assert verdict.outcome is outcome


def test_expired_when_it_was_signed_by_the_signers_own_word(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The signer and a trusted timestamp agree: it was after the end of the certificate."""
    late = TODAY + (BRIEF_DAYS + 2) * DAY
    office.pki.set(late)
    held = signers.SimpleSigner.load_pkcs12(str(office.pki.pkcs12("brief")))
    metadata = PdfSignatureMetadata(
        field_name="Late", md_algorithm="sha256", subfilter=fields.SigSeedSubFilter.PADES
    )

    class Late(dt.datetime):
        @classmethod
        def now(cls, tz: dt.tzinfo | None = None) -> Late:
            return cls.fromtimestamp(late.timestamp(), tz)

    monkeypatch.setattr("pyhanko.sign.signers.pdf_signer.datetime", Late)
    out = signers.sign_pdf(
        IncrementalPdfFileWriter(io.BytesIO(office.paper)),
        metadata,
        held,
        timestamper=HTTPTimeStamper(office.pki.tsa()),
    )
    verdict = office.judge(bytes(out.getvalue()), late)
    assert verdict.outcome is Outcome.INVALID
    assert Reason.EXPIRED_BEFORE_SIGNING in verdict.reasons


@pytest.mark.parametrize("days", [FADING_DAYS + 5])
def test_a_seal_that_has_faded_leaves_it_open(office: Office, days: int) -> None:
    data = office.sign(tsa="fading-tsa", officer="brief")
    verdict = office.judge(data, TODAY + days * DAY)
    assert verdict.outcome is Outcome.INDETERMINATE


# -- asking ---------------------------------------------------------------------------------------


def asking() -> Asking:
    return Asking(Web(), Deadline.within(20))


def deeply(office: Office, data: bytes, at: dt.datetime) -> SignatureVerdict:
    pdf = office.folder / "deep.pdf"
    pdf.write_bytes(data)
    trust = TrustAnchors((office.pki.certificate("root"),), revocation_required=True)
    return judge(pdf, trust, at, asking())


def test_asked_now_the_authority_settles_what_the_file_leaves_open(office: Office) -> None:
    data = office.sign("B-B")
    office.pki.set()
    assert Reason.REVOCATION_REQUIRED in office.judge(data).reasons
    verdict = deeply(office, data, TODAY)
    assert (verdict.outcome, verdict.level) == (Outcome.VALID, SignatureLevel.B_B)
    assert verdict.reasons == (Reason.TIME_UNPROVEN,)


def test_asked_now_a_revoked_certificate_is_found(office: Office) -> None:
    data = office.sign("B-B")
    office.pki.set(TODAY + 2 * DAY, revoked={"p256": TODAY + DAY})
    assert office.judge(data, TODAY + 2 * DAY, strict=False).outcome is Outcome.VALID
    verdict = deeply(office, data, TODAY + 2 * DAY)
    assert verdict.outcome is Outcome.INDETERMINATE and Reason.REVOKED in verdict.reasons
    assert verdict.etsi is not None and verdict.etsi.sub_indication == "REVOKED_NO_POE"


def test_asked_now_a_seal_from_before_still_holds(office: Office, sealed: bytes) -> None:
    office.pki.set(TODAY + 2 * DAY, revoked={"p256": TODAY + DAY})
    verdict = deeply(office, sealed, TODAY + 2 * DAY)
    assert (verdict.outcome, verdict.reasons) == (Outcome.VALID, ())


def test_nobodys_silence_is_held_against_a_file(office: Office, sealed: bytes) -> None:
    def silent(*_: object) -> Iterator[bytes]:
        raise OSError("nobody is there")

    office.pki.set()
    office.pki.fail(ocsp=silent, crls=silent)
    try:
        assert deeply(office, sealed, TODAY).outcome is Outcome.VALID
        verdict = deeply(office, office.sign("B-B"), TODAY)
    finally:
        office.pki.fail()
    assert Reason.REVOCATION_REQUIRED in verdict.reasons


# -- for experts ----------------------------------------------------------------------------------


def test_the_standards_words_follow_the_verdict(office: Office, sealed: bytes) -> None:
    sound = office.judge(sealed)
    assert sound.etsi is not None and sound.etsi.indication == "TOTAL-PASSED"
    assert sound.signatures[0].key == "EC-256" and sound.signatures[0].weak == ()
    broken = office.judge(tampering.flip_image(sealed)).etsi
    assert broken is not None
    assert (broken.indication, broken.sub_indication) == ("TOTAL-FAILED", "HASH_FAILURE")
    assert office.judge(office.paper).etsi is None, "nothing was signed"


@given(st.sets(st.sampled_from(Reason)))
def test_the_standards_indication_never_contradicts(reasons: set[Reason]) -> None:
    conclusion, outcome = conclusion_of(reasons), outcome_of(reasons)
    if conclusion is None:
        return
    if conclusion.indication == "TOTAL-FAILED":
        assert outcome is Outcome.INVALID
    if outcome is Outcome.VALID:
        assert conclusion.indication == "TOTAL-PASSED"
    assert (conclusion.sub_indication is None) == (conclusion.indication == "TOTAL-PASSED")


def test_weak_algorithms_are_named(office: Office, tmp_path: Path) -> None:
    weak = make_officer(tmp_path, kind="rsa1024")
    held = signers.SimpleSigner.load_pkcs12(str(weak.pkcs12))
    metadata = PdfSignatureMetadata(field_name="Old", md_algorithm="sha1")
    writer = IncrementalPdfFileWriter(io.BytesIO(office.paper))
    pdf = tmp_path / "weak.pdf"
    pdf.write_bytes(signers.sign_pdf(writer, metadata, held).getvalue())
    verdict = judge(pdf, TrustAnchors(read_pem(weak.root_pem)), TODAY)
    (signature,) = verdict.signatures
    assert signature.intact and signature.weak == ("SHA-1", "RSA-1024")
    assert verdict.outcome is Outcome.INDETERMINATE
    assert {Reason.WEAK_DIGEST, Reason.WEAK_KEY} <= set(verdict.reasons)
    assert verdict.etsi is not None
    assert verdict.etsi.sub_indication == "CRYPTO_CONSTRAINTS_FAILURE_NO_POE"
