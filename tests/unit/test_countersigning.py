"""The archive's counter-signature never invalidates the officer's, whatever comes after it."""

from __future__ import annotations

import datetime as dt
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pikepdf
import pytest
from pydantic import SecretStr

from pipeline.errors import AlreadySigned, CertificateRejected, ConfigError, SignatureInvalid
from pipeline.models.base import Box
from pipeline.models.components import SignatureInfo, SignatureLevel
from pipeline.settings import Environment, Settings, SigningSettings, TsaSettings
from pipeline.signatures import Signing, load_trust
from pipeline.signatures.judging import judge
from pipeline.signatures.profiles import ARCHIVE, INTAKE
from pipeline.signatures.trust import TrustAnchors
from pipeline.signatures.verdicts import Modification, Outcome, Reason, SignatureVerdict
from tests.fakes.certificates import TODAY
from tests.fakes.papers import write_paper
from tests.fakes.pki import Pki
from tests.fakes.signers import capture_facts, component_of
from tests.fakes.tampering import add_annotation, appended

LATER = TODAY
LTA, B = SignatureLevel.B_LTA, SignatureLevel.B_B
OFFICERS = ("p256", "rsa2048")


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pki]:
    made = Pki(tmp_path_factory.mktemp("authorities"))
    yield made
    made.close()


@pytest.fixture(autouse=True)
def working(pki: Pki) -> None:
    pki.fail()
    pki.set()


def signing(
    pki: Pki, folder: Path, officer: str, *, level: str = "B-LTA", tsa: str | None = None
) -> Signing:
    settings = Settings(
        home=folder / "home",
        officer=officer,
        signing=SigningSettings(
            pkcs12=pki.pkcs12(officer), level=level, trust=(pki.pem("root"),), archive=officer
        ),
        tsa=TsaSettings(url=tsa or pki.tsa(), timeout_seconds=20),
    )
    return Signing(settings, lambda: LATER)


def captured(pki: Pki, folder: Path, *, level: str = "B-LTA") -> tuple[Path, SignatureInfo]:
    """A paper that an officer signed."""
    pdf = write_paper(folder)
    signer = signing(pki, folder, OFFICERS[0], level=level).signers.of(OFFICERS[0])
    data, info = signer.sign(component_of(pdf), pdf, capture_facts(), TODAY)
    pdf.write_bytes(data)
    return pdf, info


def judged(pki: Pki, data: bytes, folder: Path, at: dt.datetime = LATER) -> SignatureVerdict:
    path = folder / "judged.pdf"
    path.write_bytes(data)
    roots = load_trust(
        Settings(home=folder / "none", signing=SigningSettings(trust=(pki.pem("root"),)))
    ).roots
    return judge(path, TrustAnchors(roots, revocation_required=True), at)


@pytest.mark.parametrize("before", ["B-LTA", "B-B"])
def test_both_signatures_hold_and_reach_the_level(before: str, pki: Pki, tmp_path: Path) -> None:
    pdf, info = captured(pki, tmp_path, level=before)
    first = pdf.read_bytes()

    archive = signing(pki, tmp_path, OFFICERS[1])
    assert archive.counter_signer.due(info, LATER)
    data, both = archive.counter_signer.augment(pdf, info)

    assert data.startswith(first) and pdf.read_bytes() == first
    assert both.counter is not None and (both.level, both.counter.level) == (LTA, LTA)
    assert (both.signer, both.box, both.signed_at) == (info.signer, info.box, info.signed_at)
    assert both.counter.signer != info.signer and both.counter.signed_at == LATER
    assert not archive.counter_signer.due(both, LATER) and not archive.augmenter.due(both, LATER)
    verdict = judged(pki, data, tmp_path)
    assert verdict.outcome is Outcome.VALID and not verdict.reasons
    assert [(s.field, s.level, s.intact, s.trusted) for s in verdict.signatures] == [
        (INTAKE.field, LTA, True, True),
        (ARCHIVE.field, LTA, True, True),
    ]
    assert verdict.signatures[0].modification is Modification.SIGNATURES
    assert verdict.stamp_top_left and verdict.signer == info.signer


def test_it_shows_nothing_and_certifies_nothing(pki: Pki, tmp_path: Path) -> None:
    pdf, info = captured(pki, tmp_path)
    data, _ = signing(pki, tmp_path, OFFICERS[1]).counter_signer.augment(pdf, info)
    pdf.write_bytes(data)
    with pikepdf.open(pdf) as opened:
        field = next(f for f in opened.Root.AcroForm.Fields if str(f.T) == ARCHIVE.field)
        assert [float(v) for v in field.Rect] == [0, 0, 0, 0]
        assert "/Reference" not in field.V and "/Perms" not in opened.Root
        assert str(field.V.Reason) == ARCHIVE.reason


@pytest.mark.skipif(shutil.which("pdfsig") is None, reason="poppler-utils is not installed")
def test_poppler_finds_every_signature_valid(pki: Pki, tmp_path: Path) -> None:
    pdf, info = captured(pki, tmp_path)
    data, _ = signing(pki, tmp_path, OFFICERS[1]).counter_signer.augment(pdf, info)
    pdf.write_bytes(data)
    said = subprocess.run(
        ["pdfsig", "-nocert", str(pdf)], check=True, capture_output=True, text=True
    ).stdout
    assert said.count("Signature is Valid") == 2 and "Invalid" not in said


def test_without_authorities_it_is_signed_now_and_raised_later(pki: Pki, tmp_path: Path) -> None:
    pdf, info = captured(pki, tmp_path)
    archive = signing(pki, tmp_path, OFFICERS[1])
    down = signing(pki, tmp_path, OFFICERS[1], tsa="http://127.0.0.1:1/none")
    data, both = down.counter_signer.augment(pdf, info)
    assert both.counter is not None and (both.level, both.counter.level) == (LTA, B)
    assert archive.augmenter.due(both, LATER)
    verdict = judged(pki, data, tmp_path)
    assert [s.level for s in verdict.signatures] == [LTA, B], "as recorded"
    assert verdict.outcome is not Outcome.INVALID and Reason.UNTRUSTED not in verdict.reasons

    pdf.write_bytes(data)
    raised, info = archive.augmenter.augment(pdf, both)
    assert raised.startswith(data) and info.counter is not None
    assert (info.level, info.counter.level) == (LTA, LTA) and info.sealed_until is not None
    assert judged(pki, raised, tmp_path).outcome is Outcome.VALID


def test_the_archive_signs_once(pki: Pki, tmp_path: Path) -> None:
    pdf, info = captured(pki, tmp_path)
    archive = signing(pki, tmp_path, OFFICERS[1])
    data, both = archive.counter_signer.augment(pdf, info)
    pdf.write_bytes(data)
    with pytest.raises(AlreadySigned):
        archive.counter_signer.augment(pdf, both)


@pytest.mark.parametrize("harm", ["unsigned", "annotated", "flipped", "empty"])
def test_what_is_not_sound_is_not_signed(harm: str, pki: Pki, tmp_path: Path) -> None:
    pdf, info = captured(pki, tmp_path)
    data = pdf.read_bytes()
    if harm == "unsigned":
        write_paper(tmp_path)
    elif harm == "annotated":
        pdf.write_bytes(appended(data, add_annotation))
    elif harm == "flipped":
        pdf.write_bytes(data[:900] + bytes([data[900] ^ 1]) + data[901:])
    else:
        pdf.write_bytes(b"")
    with pytest.raises(SignatureInvalid):
        signing(pki, tmp_path, OFFICERS[1]).counter_signer.augment(pdf, info)


def test_a_change_behind_it_is_found(pki: Pki, tmp_path: Path) -> None:
    pdf, info = captured(pki, tmp_path)
    data, _ = signing(pki, tmp_path, OFFICERS[1]).counter_signer.augment(pdf, info)
    verdict = judged(pki, appended(data, add_annotation), tmp_path)
    assert verdict.outcome is Outcome.INVALID
    assert Reason.MODIFIED_AFTER_SIGNING in verdict.reasons


def test_a_revoked_archive_does_not_sign(pki: Pki, tmp_path: Path) -> None:
    pdf, info = captured(pki, tmp_path)
    pki.set(revoked={OFFICERS[1]: TODAY - dt.timedelta(days=1)})
    with pytest.raises(CertificateRejected) as error:
        signing(pki, tmp_path, OFFICERS[1]).counter_signer.augment(pdf, info)
    assert error.value.code == "CERTIFICATE_REVOKED"


def test_production_wants_to_know_whose_key_it_is(tmp_path: Path) -> None:
    settings = Settings(
        home=tmp_path,
        unit="07900",
        environment=Environment.PRODUCTION,
        signing=SigningSettings(password=SecretStr("x")),
    )
    info = SignatureInfo(
        level=B,
        signer="An",
        signed_at=TODAY,
        box=Box(x0=0, y0=0, x1=1, y1=1),
        certificate_sha256="0" * 64,
        development=False,
    )
    with pytest.raises(ConfigError) as error:
        Signing(settings).counter_signer.augment(tmp_path / "any.pdf", info)
    assert error.value.code == "ARCHIVE_KEY_NOT_SET"
