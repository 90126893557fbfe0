"""Levels of signatures: what is reached, what is left for later, and what attackers cannot do."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from asn1crypto import tsp
from pyhanko_certvalidator.authority import AuthorityWithCert

from pipeline.errors import CertificateRejected, SignatureInvalid, SohoaError, TimestampError
from pipeline.models.components import SignatureInfo, SignatureLevel
from pipeline.ports.signing import Augmenter
from pipeline.settings import Environment, Settings, SigningSettings, TsaSettings
from pipeline.signatures import Signing, load_trust
from pipeline.signatures.judging import judge
from pipeline.signatures.revocation import Asking, ProvenChain
from pipeline.signatures.store import write_store
from pipeline.signatures.trust import TrustAnchors
from pipeline.signatures.verdicts import Modification, Outcome, Reason, SignatureVerdict
from pipeline.signatures.web import Deadline, Web
from tests.fakes.certificates import TODAY
from tests.fakes.papers import write_paper
from tests.fakes.pki import BRIEF_DAYS, FADING_DAYS, Fault, Pki, Wsgi
from tests.fakes.signers import capture_facts, component_of
from tests.fakes.tampering import (
    add_annotation,
    appended,
    cover_content,
    remove_field,
    swap_image,
)

DAY = dt.timedelta(days=1)
LTA, LT, T, B = (
    SignatureLevel.B_LTA,
    SignatureLevel.B_LT,
    SignatureLevel.B_T,
    SignatureLevel.B_B,
)


@pytest.fixture(scope="module")
def authorities(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pki]:
    made = Pki(tmp_path_factory.mktemp("authorities"))
    yield made
    made.close()


@pytest.fixture
def pki(authorities: Pki) -> Pki:
    """All services work, it is today, and nobody is revoked."""
    authorities.fail()
    authorities.set()
    authorities.asked.clear()
    return authorities


@dataclass
class Desk:
    """Signs and judges with one PKI."""

    pki: Pki
    folder: Path
    settings: Settings
    signing: Signing

    @property
    def augmenter(self) -> Augmenter:
        return self.signing.augmenter

    def sign(self, at: dt.datetime = TODAY) -> tuple[bytes, SignatureInfo]:
        pdf = write_paper(self.folder)
        signer = self.signing.signers.of("huyen.ntn")
        return signer.sign(component_of(pdf), pdf, capture_facts(), at)

    def augment(self, data: bytes, info: SignatureInfo) -> tuple[bytes, SignatureInfo]:
        return self.augmenter.augment(self.written(data), info)

    def judge(
        self, data: bytes, at: dt.datetime = TODAY, *, strict: bool = True
    ) -> SignatureVerdict:
        trust = load_trust(self.settings)
        if strict:
            trust = TrustAnchors(trust.roots, revocation_required=True)
        return judge(self.written(data), trust, at)

    def written(self, data: bytes) -> Path:
        path = self.folder / "held.pdf"
        path.write_bytes(data)
        return path


MakeDesk = Callable[..., Desk]


@pytest.fixture
def make_desk(pki: Pki, tmp_path: Path) -> Iterator[MakeDesk]:
    made: list[Signing] = []

    def make(
        officer: str = "p256",
        level: str = "B-LTA",
        tsa: str = "tsa",
        trust: tuple[str, ...] = ("root",),
        seconds: float = 20.0,
    ) -> Desk:
        settings = Settings(
            home=tmp_path / "home",
            officer="huyen.ntn",
            signing=SigningSettings(
                pkcs12=pki.pkcs12(officer),
                level=level,
                trust=(pki.pem(*trust),) if trust else (),
            ),
            tsa=TsaSettings(url=pki.tsa(tsa), timeout_seconds=seconds),
        )
        made.append(Signing(settings))
        return Desk(pki, tmp_path, settings, made[-1])

    yield make
    for signing in made:
        signing.close()


@pytest.fixture
def desk(make_desk: MakeDesk) -> Desk:
    return make_desk()


# -- faults --------------------------------------------------------------------------------------


def status(code: str, *headers: tuple[str, str]) -> Fault:
    def answer(environ: dict[str, Any], start: Callable[..., Any], app: Wsgi) -> Iterable[bytes]:
        start(code, list(headers))
        return [b""]

    return answer


def body(content: bytes, kind: str = "application/timestamp-reply") -> Fault:
    def answer(environ: dict[str, Any], start: Callable[..., Any], app: Wsgi) -> Iterable[bytes]:
        start("200 OK", [("Content-Type", kind)])
        return [content]

    return answer


def endless(environ: dict[str, Any], start: Callable[..., Any], app: Wsgi) -> Iterable[bytes]:
    start("200 OK", [("Content-Type", "application/pkix-crl")])
    while True:
        yield b"\x30" * 65536


class Stuck:
    """Does not answer before the test is over."""

    def __init__(self) -> None:
        self.over = threading.Event()

    def __call__(
        self, environ: dict[str, Any], start: Callable[..., Any], app: Wsgi
    ) -> Iterable[bytes]:
        self.over.wait(60)
        start("503 Late", [])
        return [b""]


@pytest.fixture
def stuck() -> Iterator[Stuck]:
    made = Stuck()
    yield made
    made.over.set()


class Replayed:
    """Gives the same token to every question."""

    def __init__(self) -> None:
        self.first: list[bytes] | None = None

    def __call__(
        self, environ: dict[str, Any], start: Callable[..., Any], app: Wsgi
    ) -> Iterable[bytes]:
        if self.first is None:
            self.first = list(app(environ, lambda *_: None))
        start("200 OK", [("Content-Type", "application/timestamp-reply")])
        return self.first


def other_hash(environ: dict[str, Any], start: Callable[..., Any], app: Wsgi) -> Iterable[bytes]:
    """A true token with the right nonce, over something else."""
    asked = tsp.TimeStampReq.load(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
    asked["message_imprint"]["hashed_message"] = bytes(32)
    data = asked.dump()
    return app({**environ, "wsgi.input": _Input(data), "CONTENT_LENGTH": str(len(data))}, start)


class _Input:
    def __init__(self, data: bytes) -> None:
        self._data = data

    def read(self, size: int = -1) -> bytes:
        data, self._data = self._data, b""
        return data


def refusal(environ: dict[str, Any], start: Callable[..., Any], app: Wsgi) -> Iterable[bytes]:
    start("200 OK", [("Content-Type", "application/timestamp-reply")])
    return [b"\x30\x05\x30\x03\x02\x01\x02"]


# -- what is reached -----------------------------------------------------------------------------


@pytest.mark.parametrize("officer", ["p256", "rsa2048", "rsa3072"])
def test_it_is_sealed_in_one_go_and_no_byte_follows(make_desk: MakeDesk, officer: str) -> None:
    desk = make_desk(officer)
    data, info = desk.sign()
    assert info.level is LTA
    assert info.sealed_until is not None and info.sealed_until > TODAY + 3000 * DAY
    verdict = desk.judge(data)
    assert verdict.outcome is Outcome.VALID and verdict.reasons == ()
    assert verdict.level is LTA and verdict.timestamped_at == TODAY
    assert verdict.trusted and verdict.covers_whole_file and verdict.stamp_top_left
    assert verdict.modification is Modification.VALIDATION_DATA


@pytest.mark.parametrize(("level", "reached"), [("B-T", T), ("B-LT", LT), ("B-B", B)])
def test_a_lower_level_is_enough_where_it_is_set(
    make_desk: MakeDesk, level: str, reached: SignatureLevel
) -> None:
    desk = make_desk(level=level)
    data, info = desk.sign()
    assert info.level is reached and info.sealed_until is None
    assert not desk.augmenter.due(info, TODAY)
    verdict = desk.judge(data, strict=False)
    assert (verdict.outcome, verdict.level) == (Outcome.VALID, reached)


def test_a_status_is_asked_once_for_many_signatures(desk: Desk) -> None:
    for _ in range(3):
        desk.sign()
    asked = [path.split("/")[2] for path in desk.pki.asked]
    assert asked.count("ocsp") == 1 and asked.count("tsa") == 6


def test_validation_data_stand_in_the_file_once(desk: Desk) -> None:
    data, _ = desk.sign()
    with pikepdf.open(desk.written(data)) as pdf:
        store = pdf.Root.DSS
        assert "/VRI" not in store
        held = [
            bytes(one.read_bytes()) for key in ("/Certs", "/OCSPs", "/CRLs") for one in store[key]
        ]
    assert len(held) == len(set(held)) >= 6


# -- what is left for later ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (status("503 Down"), "TIMESTAMP_UNAVAILABLE"),
        (status("302 Elsewhere", ("Location", "http://127.0.0.1:9/")), "TIMESTAMP_UNAVAILABLE"),
        (body(b""), "TIMESTAMP_UNUSABLE"),
        (body(b"<html>welcome</html>"), "TIMESTAMP_UNUSABLE"),
        (body(b"\x30\x80" * 4000), "TIMESTAMP_UNUSABLE"),
        (body(bytes(200_000)), "TIMESTAMP_UNAVAILABLE"),
        (refusal, "TIMESTAMP_REFUSED"),
        (other_hash, "TIMESTAMP_UNUSABLE"),
        (endless, "TIMESTAMP_UNAVAILABLE"),
    ],
    ids=["down", "redirect", "empty", "html", "deep", "long", "refusal", "other-hash", "endless"],
)
def test_without_a_timestamp_it_is_signed_now_and_raised_later(
    desk: Desk, make_desk: MakeDesk, fault: Fault, code: str
) -> None:
    desk.pki.fail(tsa=fault)
    data, info = desk.sign()
    assert info.level is B and desk.augmenter.due(info, TODAY)
    assert desk.judge(data, strict=False).outcome is Outcome.VALID
    with pytest.raises(TimestampError) as error:
        desk.augment(data, info)
    assert error.value.code == code and error.value.retryable
    desk.pki.fail()
    desk.pki.set(TODAY + 3 * DAY)
    raised, after = make_desk().augment(data, info)
    assert raised.startswith(data) and after.level is LTA
    verdict = desk.judge(raised, TODAY + 3 * DAY)
    assert (verdict.outcome, verdict.level) == (Outcome.VALID, LTA)
    assert verdict.timestamped_at == TODAY + 3 * DAY and verdict.covers_whole_file
    assert after.signed_at == info.signed_at and after.box == info.box


def test_a_token_of_before_is_no_answer(desk: Desk) -> None:
    replay = Replayed()
    desk.pki.fail(tsa=replay)
    _, first = desk.sign()
    assert first.level is T, "the first answer is true, the second is the first again"
    assert desk.sign()[1].level is B


def test_nobody_waits_longer_than_is_set(make_desk: MakeDesk, stuck: Stuck) -> None:
    desk = make_desk(seconds=1.0)
    desk.pki.fail(tsa=stuck, ocsp=stuck, crls=stuck)
    begun = time.monotonic()
    assert desk.sign()[1].level is B
    assert time.monotonic() - begun < 20, "they would answer after a minute"
    asked = len(desk.pki.asked)
    assert desk.sign()[1].level is B
    assert len(desk.pki.asked) == asked, "the next one does not wait at all"


@pytest.mark.parametrize("fault", [status("500 Broken"), body(b"junk"), endless])
def test_without_a_status_it_is_timestamped_at_least(
    desk: Desk, make_desk: MakeDesk, fault: Fault
) -> None:
    desk.pki.fail(ocsp=fault, crls=fault)
    data, info = desk.sign()
    assert info.level is T and desk.augmenter.due(info, TODAY)
    with pytest.raises(TimestampError) as error:
        desk.augment(data, info)
    assert error.value.code == "REVOCATION_UNAVAILABLE"
    desk.pki.fail()
    raised, after = make_desk().augment(data, info)
    assert after.level is LTA and desk.judge(raised).outcome is Outcome.VALID


def test_a_revocation_list_stands_in_for_a_responder(desk: Desk) -> None:
    desk.pki.fail(ocsp=status("503 Down"))
    data, info = desk.sign()
    assert info.level is LTA and desk.judge(data).outcome is Outcome.VALID


def test_what_can_be_had_is_taken_at_once(desk: Desk) -> None:
    desk.pki.fail(tsa=status("503 Down"))
    data, info = desk.sign()
    desk.pki.fail(ocsp=status("503 Down"), crls=status("503 Down"))
    half, between = desk.augment(data, info)
    assert between.level is T and desk.augmenter.due(between, TODAY)
    desk.pki.fail()
    raised, after = desk.augment(half, between)
    assert after.level is LTA and raised.startswith(half) and half.startswith(data)


def test_an_authority_without_a_trusted_root_is_not_taken(make_desk: MakeDesk) -> None:
    desk = make_desk(tsa="stranger-tsa")
    data, info = desk.sign()
    assert info.level is B
    with pytest.raises(TimestampError) as error:
        desk.augment(data, info)
    assert error.value.code == "TIMESTAMP_UNTRUSTED"
    both = make_desk(tsa="stranger-tsa", trust=("root", "stranger-root"))
    assert both.sign()[1].level is LTA


def test_a_signer_without_a_trusted_root_is_signed_but_not_sealed(make_desk: MakeDesk) -> None:
    desk = make_desk(tsa="stranger-tsa", trust=("stranger-root",))
    data, info = desk.sign()
    assert info.level is T
    with pytest.raises(CertificateRejected) as error:
        desk.augment(data, info)
    assert error.value.code == "CERTIFICATE_UNTRUSTED"


# -- revoked and expired -------------------------------------------------------------------------


def test_a_revoked_certificate_does_not_sign(desk: Desk) -> None:
    desk.pki.set(revoked={"p256": TODAY - DAY})
    with pytest.raises(CertificateRejected) as error:
        desk.sign()
    assert error.value.code == "CERTIFICATE_REVOKED"
    assert not any("/tsa/" in path for path in desk.pki.asked)


def test_a_revoked_issuer_does_not_sign_either(desk: Desk) -> None:
    desk.pki.set(revoked={"issuing": TODAY - DAY})
    with pytest.raises(CertificateRejected) as error:
        desk.sign()
    assert error.value.code == "CERTIFICATE_REVOKED"


def test_a_revoked_authority_stamps_nothing_that_lasts(desk: Desk) -> None:
    desk.pki.set(revoked={"tsa": TODAY - DAY})
    _, info = desk.sign()
    assert info.level is T


def test_a_seal_outlives_the_certificate_and_its_revocation(make_desk: MakeDesk, pki: Pki) -> None:
    desk = make_desk("brief")
    data, _ = desk.sign()
    later = TODAY + dt.timedelta(days=BRIEF_DAYS + 400)
    verdict = desk.judge(data, later)
    assert (verdict.outcome, verdict.reasons) == (Outcome.VALID, ())


def test_revoked_after_signing_it_is_raised_and_stays_valid(
    desk: Desk, make_desk: MakeDesk
) -> None:
    desk.pki.fail(ocsp=status("503 Down"), crls=status("503 Down"))
    data, info = desk.sign()
    assert info.level is T
    desk.pki.fail()
    desk.pki.set(TODAY + 9 * DAY, revoked={"p256": TODAY + 4 * DAY})
    raised, after = make_desk().augment(data, info)
    assert after.level is LTA
    verdict = desk.judge(raised, TODAY + 9 * DAY)
    assert (verdict.outcome, verdict.reasons) == (Outcome.VALID, ())


def test_revoked_before_any_proof_of_time_it_is_not_raised(desk: Desk, make_desk: MakeDesk) -> None:
    desk.pki.fail(tsa=status("503 Down"))
    data, info = desk.sign()
    desk.pki.fail()
    desk.pki.set(TODAY + 9 * DAY, revoked={"p256": TODAY + 4 * DAY})
    with pytest.raises(CertificateRejected) as error:
        make_desk().augment(data, info)
    assert error.value.code == "CERTIFICATE_REVOKED"


@pytest.mark.parametrize(
    ("since", "outcome", "reason"),
    [
        (TODAY - DAY, Outcome.INVALID, Reason.REVOKED_BEFORE_SIGNING),
        (TODAY + DAY, Outcome.VALID, None),
    ],
)
def test_a_status_that_comes_later_speaks_for_the_moment_of_signing(
    desk: Desk, since: dt.datetime, outcome: Outcome, reason: Reason | None
) -> None:
    """Nobody answered at signing; somebody adds later what the responder says then."""
    desk.pki.fail(ocsp=status("503 Down"), crls=status("503 Down"))
    data, _ = desk.sign()
    desk.pki.fail()
    desk.pki.set(TODAY + 2 * DAY, revoked={"p256": since})
    issuing, root = desk.pki.certificate("issuing"), desk.pki.certificate("root")
    asking = Asking(Web(), Deadline.within(20))
    asyncio.run(asking.ocsp_about(desk.pki.certificate("p256"), AuthorityWithCert(issuing)))
    asyncio.run(asking.crls_about(desk.pki.certificate("p256")))
    asyncio.run(asking.crls_about(issuing))
    chain = ProvenChain((issuing, root), asking.taken.ocsps, asking.taken.crls)
    verdict = desk.judge(appended(data, lambda w: write_store(w, [chain])), TODAY + 2 * DAY)
    assert verdict.outcome is outcome
    assert set(verdict.reasons) == ({reason} if reason else set())


# -- renewal -------------------------------------------------------------------------------------


def test_a_seal_is_renewed_before_it_fades(make_desk: MakeDesk, pki: Pki) -> None:
    desk = make_desk("brief", tsa="fading-tsa")
    data, info = desk.sign()
    end = TODAY + dt.timedelta(days=FADING_DAYS)
    assert info.level is LTA and info.sealed_until == end
    fresh = make_desk("brief", tsa="tsa").augmenter
    assert fresh.due(info, TODAY), "it has less than a season left"
    assert not fresh.due(info, TODAY - 300 * DAY)
    later = end - 2 * DAY
    pki.set(later)
    renewed, after = make_desk("brief", tsa="tsa").augment(data, info)
    assert renewed.startswith(data) and after.level is LTA
    assert after.sealed_until is not None and after.sealed_until > later + 3000 * DAY
    assert not desk.augmenter.due(after, later)
    years = end + 700 * DAY
    assert desk.judge(data, years).outcome is Outcome.INDETERMINATE
    verdict = desk.judge(renewed, years)
    assert (verdict.outcome, verdict.timestamped_at) == (Outcome.VALID, TODAY)
    assert verdict.covers_whole_file and verdict.level is LTA


def test_a_seal_that_gains_nothing_is_not_renewed(make_desk: MakeDesk) -> None:
    """Otherwise every night would append one more."""
    desk = make_desk(tsa="fading-tsa")
    data, info = desk.sign()
    other = make_desk(tsa="fading-tsa")
    assert other.augmenter.due(info, TODAY)
    with pytest.raises(TimestampError) as error:
        other.augment(data, info)
    assert error.value.code == "TIMESTAMP_NO_NEWER"
    assert not other.augmenter.due(info, TODAY)


def test_renewal_needs_nobody_who_is_gone(make_desk: MakeDesk, pki: Pki) -> None:
    """The issuer's services have ended; what the file holds is enough."""
    desk = make_desk("brief", tsa="fading-tsa")
    data, info = desk.sign()
    pki.set(TODAY + 50 * DAY)
    pki.fail(ocsp=status("410 Gone"))
    renewed, after = make_desk("brief").augment(data, info)
    assert after.level is LTA
    assert desk.judge(renewed, TODAY + 800 * DAY).outcome is Outcome.VALID


# -- attacks -------------------------------------------------------------------------------------


@pytest.mark.parametrize("change", [add_annotation, cover_content, swap_image, remove_field])
def test_an_update_after_the_seal(desk: Desk, change: Any) -> None:
    data, _ = desk.sign()
    assert desk.judge(appended(data, change)).outcome is Outcome.INVALID


def test_an_update_between_signature_and_seal(desk: Desk, make_desk: MakeDesk) -> None:
    desk.pki.fail(tsa=status("503 Down"))
    data, info = desk.sign()
    desk.pki.fail()
    forged = appended(data, cover_content)
    with pytest.raises(SignatureInvalid):
        make_desk().augment(forged, info)


@pytest.mark.parametrize("tail", [b"\n", b"junk", b"% comment\n" * 99, b"\n%%EOF\n"])
def test_junk_behind_the_seal(desk: Desk, make_desk: MakeDesk, tail: bytes) -> None:
    data, info = desk.sign()
    verdict = desk.judge(data + tail)
    assert verdict.outcome is Outcome.INVALID
    assert {Reason.UNSIGNED_TAIL, Reason.UNREADABLE_PDF} & set(verdict.reasons)
    with pytest.raises(SignatureInvalid):
        desk.augment(data + tail, info)


def test_a_removed_store(desk: Desk) -> None:
    data, _ = desk.sign()

    def drop(writer: Any) -> None:
        del writer.root["/DSS"]
        writer.update_root()

    assert desk.judge(appended(data, drop)).outcome is Outcome.INVALID


def test_cut_back_to_an_earlier_revision_it_has_lost_its_level(desk: Desk) -> None:
    """The bytes alone cannot tell that there was more; the records know the level."""
    data, _ = desk.sign()
    end = data.index(b"%%EOF", data.index(b"/ETSI.CAdES.detached")) + len(b"%%EOF\n")
    verdict = desk.judge(data[:end], strict=False)
    assert verdict.level is T and verdict.outcome is not Outcome.INVALID


def test_another_agencys_valid_certificate_shows_its_own_name(make_desk: MakeDesk) -> None:
    ours, theirs = make_desk("p256"), make_desk("rsa2048")
    mine, other = (desk.judge(desk.sign()[0]) for desk in (ours, theirs))
    assert mine.outcome is other.outcome is Outcome.VALID
    assert mine.signer != other.signer


def test_one_bit_of_the_store(desk: Desk) -> None:
    data, _ = desk.sign()
    place = data.rindex(b"stream", 0, data.rindex(b"/DocTimeStamp")) - 200
    changed = bytearray(data)
    changed[place] ^= 1
    assert desk.judge(bytes(changed)).outcome is not Outcome.VALID


# -- production and development ------------------------------------------------------------------


def test_the_development_pki_is_sealed_too(pki: Pki, tmp_path: Path) -> None:
    """Its certificates name no responder, so there is none to ask."""
    settings = Settings(
        home=tmp_path / "home",
        signing=SigningSettings(trust=(pki.pem("root"),)),
        tsa=TsaSettings(url=pki.tsa()),
    )
    signing = Signing(settings, lambda: TODAY)
    pdf = write_paper(tmp_path)
    signer = signing.signers.of("anybody")
    data, info = signer.sign(component_of(pdf), pdf, capture_facts(), TODAY)
    signing.close()
    assert info.development and info.level is LTA
    pdf.write_bytes(data)
    verdict = judge(pdf, load_trust(settings), TODAY)
    assert verdict.outcome is Outcome.VALID
    assert set(verdict.reasons) == {Reason.REVOCATION_UNKNOWN, Reason.DEVELOPMENT_SIGNATURE}


def test_nothing_secret_or_personal_is_logged(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    desk.pki.fail(tsa=status("503 Down"), ocsp=status("503 Down"), crls=status("503 Down"))
    with caplog.at_level(logging.DEBUG):
        desk.sign()
    assert caplog.records
    said = caplog.text
    assert "Hoà" not in said and "huyen" not in said and "127.0.0.1" not in said


def test_without_an_authority_nothing_is_due(tmp_path: Path) -> None:
    signing = Signing(Settings(home=tmp_path))
    pdf = write_paper(tmp_path)
    signer = signing.signers.of("anybody")
    _, info = signer.sign(component_of(pdf), pdf, capture_facts(), dt.datetime.now(dt.UTC))
    assert info.level is B and not signing.augmenter.due(info, TODAY)
    with pytest.raises(TimestampError) as error:
        signing.augmenter.augment(pdf, info)
    assert error.value.code == "TIMESTAMP_NOT_SET"


def test_production_with_no_key_at_all_waits_for_the_officer(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, environment=Environment.PRODUCTION, unit="BHXH01")
    with pytest.raises(SohoaError) as error:
        Signing(settings).signers.of("huyen.ntn")
    assert error.value.code == "KEY_OF_OFFICER_MISSING"
