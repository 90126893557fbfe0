"""Signing with a key that is elsewhere: the digest goes out, the signature comes in."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import core, x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature

from pipeline.errors import (
    AlreadySigned,
    CertificateRejected,
    ChecksumMismatch,
    SignatureInvalid,
    SohoaError,
)
from pipeline.models.components import SignatureInfo, SignatureLevel
from pipeline.models.signing import PreparedSignature
from pipeline.settings import Environment, Settings, SigningSettings, TsaSettings
from pipeline.signatures import Signing, load_trust
from pipeline.signatures.devpki import ensure_development_pki
from pipeline.signatures.judging import judge
from pipeline.signatures.keys import open_pkcs12
from pipeline.signatures.verdicts import Outcome
from tests.fakes.certificates import TODAY, make_officer
from tests.fakes.papers import write_paper
from tests.fakes.pki import Pki, PrivateKey
from tests.fakes.signers import capture_facts, component_of


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pki]:
    made = Pki(tmp_path_factory.mktemp("authorities"))
    yield made
    made.close()


@pytest.fixture
def signing(pki: Pki, tmp_path: Path) -> Iterator[Signing]:
    """A production without any key."""
    pki.set()
    pki.fail()
    made = Signing(office(pki, tmp_path))
    yield made
    made.close()


def office(pki: Pki, home: Path) -> Settings:
    return Settings(
        home=home,
        environment=Environment.PRODUCTION,
        unit="BHXH01",
        signing=SigningSettings(trust=(pki.pem("root"),)),
        tsa=TsaSettings(url=pki.tsa()),
    )


def chain(pki: Pki, officer: str) -> list[bytes]:
    return [pki.certificate(name).dump() for name in (officer, "issuing")]


def device(key: PrivateKey, prepared: PreparedSignature) -> bytes:
    """What an officer's device makes of the digest."""
    digest = bytes.fromhex(prepared.digest)
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(digest, padding.PKCS1v15(), Prehashed(hashes.SHA256()))
    return key.sign(digest, ec.ECDSA(Prehashed(hashes.SHA256())))


def prepare(
    signing: Signing, folder: Path, certificates: list[bytes]
) -> tuple[Path, PreparedSignature]:
    pdf = write_paper(folder)
    document, prepared = signing.two_step.prepare(
        component_of(pdf), pdf, capture_facts(), TODAY, certificates
    )
    path = folder / "prepared.pdf"
    path.write_bytes(document)
    return path, PreparedSignature.model_validate_json(prepared.model_dump_json())


@pytest.mark.parametrize("officer", ["rsa2048", "rsa3072", "p256"])
def test_digest_out_signature_in(pki: Pki, signing: Signing, tmp_path: Path, officer: str) -> None:
    document, prepared = prepare(signing, tmp_path, chain(pki, officer))
    assert prepared.digest == hashlib.sha256(prepared.to_be_signed).hexdigest()
    before = document.read_bytes()
    data, info = signing.two_step.finish(
        prepared, document, device(pki.key(officer), prepared), TODAY
    )
    assert document.read_bytes() == before
    start, end = prepared.gap
    assert data[: start + 1] == before[: start + 1] and data.startswith(before[end - 1 :], end - 1)
    assert info.level is SignatureLevel.B_LTA and not info.development
    assert (info.signer, info.signed_at, info.box) == (prepared.signer, TODAY, prepared.box)
    document.write_bytes(data)
    verdict = judge(document, load_trust(office(pki, tmp_path)), TODAY)
    assert (verdict.outcome, verdict.reasons) == (Outcome.VALID, ())
    assert verdict.signer == prepared.signer


def test_it_may_be_kept_in_between_and_finished_by_another_process(
    pki: Pki, signing: Signing, tmp_path: Path
) -> None:
    document, prepared = prepare(signing, tmp_path, chain(pki, "p256"))
    kept = PreparedSignature.model_validate(prepared.model_dump(mode="json"))
    assert kept == prepared
    other = Signing(office(pki, tmp_path))
    _, info = other.two_step.finish(kept, document, device(pki.key("p256"), kept), TODAY)
    other.close()
    assert info.level is SignatureLevel.B_LTA


def test_ecdsa_may_come_as_r_and_s(pki: Pki, signing: Signing, tmp_path: Path) -> None:
    document, prepared = prepare(signing, tmp_path, chain(pki, "p256"))
    r, s = decode_dss_signature(device(pki.key("p256"), prepared))
    plain = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    _, info = signing.two_step.finish(prepared, document, plain, TODAY)
    assert info.level is SignatureLevel.B_LTA


@pytest.mark.parametrize(
    "wrong",
    [
        lambda good: b"",
        lambda good: bytes(len(good)),
        lambda good: good[:-1] + bytes([good[-1] ^ 1]),
        lambda good: good + b"\0",
        lambda good: good * 200,
        lambda good: bytes(64),
    ],
    ids=["none", "zeros", "bit", "longer", "much-longer", "plain-zeros"],
)
@pytest.mark.parametrize("officer", ["p256", "rsa2048"])
def test_a_signature_that_does_not_fit_is_not_taken(
    pki: Pki, signing: Signing, tmp_path: Path, wrong: Any, officer: str
) -> None:
    document, prepared = prepare(signing, tmp_path, chain(pki, officer))
    good = device(pki.key(officer), prepared)
    asked = len(pki.asked)
    with pytest.raises(SignatureInvalid) as error:
        signing.two_step.finish(prepared, document, wrong(good), TODAY)
    assert error.value.code == "OUTSIDE_SIGNATURE_WRONG"
    assert len(pki.asked) == asked, "nobody is asked on behalf of a wrong one"
    signing.two_step.finish(prepared, document, good, TODAY)


def test_another_officers_signature_is_not_taken(
    pki: Pki, signing: Signing, tmp_path: Path
) -> None:
    document, prepared = prepare(signing, tmp_path, chain(pki, "rsa2048"))
    with pytest.raises(SignatureInvalid):
        signing.two_step.finish(prepared, document, device(pki.key("rsa3072"), prepared), TODAY)


def test_a_signature_over_another_paper_is_not_taken(
    pki: Pki, signing: Signing, tmp_path: Path
) -> None:
    document, prepared = prepare(signing, tmp_path, chain(pki, "p256"))
    other = prepared.model_copy(
        update={
            "to_be_signed": (moved := prepared.to_be_signed[:-1] + b"x"),
            "digest": hashlib.sha256(moved).hexdigest(),
        }
    )
    with pytest.raises(SohoaError):
        signing.two_step.finish(other, document, device(pki.key("p256"), other), TODAY)


def test_another_document_is_not_finished(pki: Pki, signing: Signing, tmp_path: Path) -> None:
    document, prepared = prepare(signing, tmp_path, chain(pki, "p256"))
    document.write_bytes(document.read_bytes() + b"\n")
    with pytest.raises(ChecksumMismatch):
        signing.two_step.finish(prepared, document, device(pki.key("p256"), prepared), TODAY)


def test_revoked_while_it_waited(pki: Pki, signing: Signing, tmp_path: Path) -> None:
    document, prepared = prepare(signing, tmp_path, chain(pki, "p256"))
    pki.set(revoked={"p256": TODAY})
    later = Signing(office(pki, tmp_path))
    with pytest.raises(CertificateRejected) as error:
        later.two_step.finish(prepared, document, device(pki.key("p256"), prepared), TODAY)
    later.close()
    assert error.value.code == "CERTIFICATE_REVOKED"


@pytest.mark.parametrize(
    "certificates",
    [[], [b""], [b"no certificate"], [b"\x30\x82\xff\xff"], [bytes(40_000)], [b"\x30\x00"] * 99],
)
def test_certificates_that_are_none(
    signing: Signing, tmp_path: Path, certificates: list[bytes]
) -> None:
    with pytest.raises(CertificateRejected) as error:
        prepare(signing, tmp_path, certificates)
    assert error.value.code == "CERTIFICATE_UNREADABLE"


def test_the_development_pki_is_refused_in_production(signing: Signing, tmp_path: Path) -> None:
    key = open_pkcs12(ensure_development_pki(tmp_path / "dev", TODAY).officer_p12, None)
    with pytest.raises(CertificateRejected) as error:
        prepare(signing, tmp_path, [key.certificate.dump()])
    assert error.value.code == "DEVELOPMENT_PKI_IN_PRODUCTION"


def test_a_strangers_certificate_is_refused_in_production(signing: Signing, tmp_path: Path) -> None:
    _, certificate = make_officer(tmp_path / "o").held()
    with pytest.raises(CertificateRejected) as error:
        prepare(signing, tmp_path, [certificate])
    assert error.value.code == "CERTIFICATE_UNTRUSTED"


def test_an_address_that_no_authority_signed_is_never_asked(
    pki: Pki, signing: Signing, tmp_path: Path
) -> None:
    """It says that a true authority issued it, and where its status is asked."""
    true = pki.certificate("p256")
    forged = x509.Certificate.load(true.dump())
    for extension in forged["tbs_certificate"]["extensions"]:
        if extension["extn_id"].native == "crl_distribution_points":
            points = extension["extn_value"].parsed.dump().replace(b"/crls/", b"/evil/")
            extension["extn_value"] = core.ParsableOctetString(points)
    assert b"/evil/" in forged.dump()
    signing.two_step._production = False
    pki.asked.clear()
    prepare(signing, tmp_path, [forged.dump(), pki.certificate("issuing").dump()])
    assert pki.asked and not any("evil" in path or "ocsp" in path for path in pki.asked)


def test_a_certificate_that_may_not_sign(signing: Signing, tmp_path: Path) -> None:
    _, certificate = make_officer(tmp_path / "o", may_sign=False).held()
    with pytest.raises(CertificateRejected) as error:
        prepare(signing, tmp_path, [certificate])
    assert error.value.code == "CERTIFICATE_USAGE"


def test_a_certificate_that_ended_before_the_answer_came_signs_no_more(
    pki: Pki, signing: Signing, tmp_path: Path
) -> None:
    document, prepared = prepare(signing, tmp_path, chain(pki, "p256"))
    good = device(pki.key("p256"), prepared)
    ended = pki.certificate("p256").not_valid_after + dt.timedelta(seconds=1)
    with pytest.raises(CertificateRejected) as error:
        signing.two_step.finish(prepared, document, good, ended)
    assert error.value.code == "CERTIFICATE_EXPIRED"
    signing.two_step.finish(prepared, document, good, TODAY)


def test_a_signed_file_is_not_prepared(pki: Pki, signing: Signing, tmp_path: Path) -> None:
    document, prepared = prepare(signing, tmp_path, chain(pki, "p256"))
    data, _ = signing.two_step.finish(prepared, document, device(pki.key("p256"), prepared), TODAY)
    document.write_bytes(data)
    with pytest.raises(AlreadySigned):
        signing.two_step.prepare(
            component_of(document), document, capture_facts(), TODAY, chain(pki, "p256")
        )


# -- the archive's, over what an officer signed ---------------------------------------------


def countered(
    pki: Pki, signing: Signing, folder: Path
) -> tuple[Path, SignatureInfo, Path, PreparedSignature]:
    """An officer's file, its record, and what is prepared over it for the archive."""
    document, prepared = prepare(signing, folder, chain(pki, "p256"))
    data, info = signing.two_step.finish(
        prepared, document, device(pki.key("p256"), prepared), TODAY
    )
    first = folder / "signed.pdf"
    first.write_bytes(data)
    both, made = signing.two_step.prepare_counter(
        ("id", "Z_OTHER"), first, TODAY, chain(pki, "rsa2048")
    )
    second = folder / "both.pdf"
    second.write_bytes(both)
    return first, info, second, PreparedSignature.model_validate_json(made.model_dump_json())


def test_the_archives_signature_comes_in_behind_the_officers(
    pki: Pki, signing: Signing, tmp_path: Path
) -> None:
    first, info, second, prepared = countered(pki, signing, tmp_path)
    assert second.read_bytes().startswith(first.read_bytes())
    assert (prepared.component_id, prepared.code) == ("id", "Z_OTHER")
    signature = device(pki.key("rsa2048"), prepared)
    data, both = signing.two_step.finish_counter(prepared, second, signature, info, TODAY)
    assert data.startswith(first.read_bytes())
    assert both.counter is not None and both.counter.signer == prepared.signer
    assert (both.level, both.counter.level) == (SignatureLevel.B_LTA, SignatureLevel.B_LTA)
    assert (both.signer, both.box, both.signed_at) == (info.signer, info.box, info.signed_at)
    second.write_bytes(data)
    verdict = judge(second, load_trust(office(pki, tmp_path)), TODAY)
    assert (verdict.outcome, verdict.reasons) == (Outcome.VALID, ())
    assert [one.intact for one in verdict.signatures] == [True, True]
    with pytest.raises(AlreadySigned):
        signing.two_step.prepare_counter(("id", "C"), second, TODAY, chain(pki, "rsa2048"))


def test_what_the_archive_did_not_sign_or_not_in_time_is_not_taken(
    pki: Pki, signing: Signing, tmp_path: Path
) -> None:
    first, info, second, prepared = countered(pki, signing, tmp_path)
    signature = device(pki.key("rsa2048"), prepared)

    def code(document: Path, given: bytes, at: dt.datetime) -> str:
        with pytest.raises(SohoaError) as error:
            signing.two_step.finish_counter(prepared, document, given, info, at)
        return error.value.code

    assert code(second, device(pki.key("p256"), prepared), TODAY) == "OUTSIDE_SIGNATURE_WRONG"
    assert code(first, signature, TODAY) == "CHECKSUM_MISMATCH"
    assert code(second, signature, TODAY + dt.timedelta(days=40_000)) == "CERTIFICATE_EXPIRED"
    pki.set(revoked={"rsa2048": TODAY - dt.timedelta(days=1)})
    later = Signing(office(pki, tmp_path))
    with pytest.raises(CertificateRejected) as error:
        later.two_step.finish_counter(prepared, second, signature, info, TODAY)
    assert error.value.code == "CERTIFICATE_REVOKED"
    later.close()


def test_the_archive_is_not_asked_to_sign_what_is_not_sound(
    pki: Pki, signing: Signing, tmp_path: Path
) -> None:
    first, *_ = countered(pki, signing, tmp_path)
    data = first.read_bytes()
    for harmed in (b"", data[:900] + bytes([data[900] ^ 1]) + data[901:]):
        first.write_bytes(harmed)
        with pytest.raises(SignatureInvalid):
            signing.two_step.prepare_counter(("id", "C"), first, TODAY, chain(pki, "rsa2048"))
