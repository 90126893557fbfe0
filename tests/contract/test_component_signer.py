"""Every `ComponentSigner`: stamps, signs, and leaves what it was given untouched."""

from __future__ import annotations

import datetime as dt
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pikepdf
import pytest
from PIL import Image
from pydantic import SecretStr

from pipeline.errors import (
    AlreadySigned,
    CertificateRejected,
    ConfigError,
    KeyUnavailable,
    MissingToolError,
    SigningError,
)
from pipeline.models.base import Box
from pipeline.ports.signing import ComponentSigner
from pipeline.settings import Pkcs11Settings, Settings, SigningSettings
from pipeline.signatures import Signing, build_signer
from pipeline.signatures.preparing import FIELD_NAME
from pipeline.signatures.signer import HeldKeySigner
from pipeline.signatures.stamp import DEVELOPMENT_LINE, StampText
from tests.fakes import tokens
from tests.fakes.certificates import TODAY, Officer, make_officer
from tests.fakes.papers import PAPERS, Paper, write_paper
from tests.fakes.signers import MarkingSigner, SignerWithoutKey, capture_facts, component_of


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def officer(tmp_path_factory: pytest.TempPathFactory) -> Officer:
    return make_officer(tmp_path_factory.mktemp("officer"), password="mật khẩu")


@pytest.fixture(scope="module")
def development_signer(home: Path) -> HeldKeySigner:
    return build_signer(Settings(home=home), lambda: TODAY)


def settings_for(home: Path, officer: Officer, password: str | None = None) -> Settings:
    secret = password if password is not None else officer.password
    signing = SigningSettings(
        pkcs12=officer.pkcs12, password=SecretStr(secret) if secret is not None else None
    )
    return Settings(home=home, signing=signing)


@pytest.fixture(scope="module")
def officer_signer(home: Path, officer: Officer) -> HeldKeySigner:
    return build_signer(settings_for(home, officer))


KINDS = ("rsa2048", "rsa3072", "p256")


@pytest.fixture(scope="module")
def token_signers(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Mapping[str, HeldKeySigner]]:
    """One token with a key of every kind, as an office has them."""
    if (reason := tokens.missing()) is not None:
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("token")
    officers = {kind: make_officer(folder / kind, kind=kind) for kind in KINDS}
    held = {kind: officer.held() for kind, officer in officers.items()}
    token = tokens.make_token(
        folder / "token",
        "Contract",
        {kind: key for kind, (key, _) in held.items()},
        {kind: certificate for kind, (_, certificate) in held.items()},
    )
    pkcs11 = Pkcs11Settings(
        module=tokens.MODULE,
        token=token.label,
        pin=SecretStr(tokens.PIN),
        keys={f"officer.{kind}": kind for kind in KINDS},
    )
    with tokens.plugged_in(token):
        signing = Signing(Settings(home=folder, signing=SigningSettings(pkcs11=pkcs11)))
        yield {kind: signing.signers.of(f"officer.{kind}") for kind in KINDS}
        signing.close()


@pytest.fixture(params=["development", "officer", "marking", *KINDS])
def signer(request: pytest.FixtureRequest) -> ComponentSigner:
    """By the name of the parameter."""
    kind = str(request.param)
    if kind == "marking":
        return MarkingSigner()
    if kind in KINDS:
        held: ComponentSigner = request.getfixturevalue("token_signers")[kind]
        return held
    made: ComponentSigner = request.getfixturevalue(f"{kind}_signer")
    return made


# -- every signer --------------------------------------------------------------------------------


def test_the_signed_file_begins_with_the_unsigned_one(
    signer: ComponentSigner, tmp_path: Path
) -> None:
    pdf = write_paper(tmp_path)
    before = pdf.read_bytes()
    signed, info = signer.sign(component_of(pdf), pdf, capture_facts(), TODAY)
    assert pdf.read_bytes() == before
    assert signed.startswith(before) and len(signed) > len(before)
    assert (info.signer, info.development) == (signer.signer, signer.development)
    assert (info.signed_at, info.page) == (TODAY, 0)
    assert info.box.x0 < 200 and info.box.y1 > 700


def test_a_signed_file_is_never_signed_again(signer: ComponentSigner, tmp_path: Path) -> None:
    pdf = write_paper(tmp_path)
    signed, _ = signer.sign(component_of(pdf), pdf, capture_facts(), TODAY)
    pdf.write_bytes(signed)
    with pytest.raises(AlreadySigned):
        signer.sign(component_of(pdf), pdf, capture_facts(), TODAY)
    assert pdf.read_bytes() == signed


def test_an_absent_key_may_be_tried_again(tmp_path: Path) -> None:
    pdf = write_paper(tmp_path)
    with pytest.raises(KeyUnavailable) as error:
        SignerWithoutKey().sign(component_of(pdf), pdf, capture_facts(), TODAY)
    assert error.value.retryable


needs_poppler = pytest.mark.skipif(
    shutil.which("pdftoppm") is None, reason="poppler-utils is not installed"
)


# -- what it looks like --------------------------------------------------------------------------


def rendered(pdf: Path, dpi: int = 72) -> npt.NDArray[np.int16]:
    base = pdf.with_suffix("")
    subprocess.run(
        ["pdftoppm", "-r", str(dpi), "-png", "-singlefile", "-cropbox", str(pdf), str(base)],
        check=True,
        capture_output=True,
    )
    with Image.open(f"{base}.png") as image:
        return np.asarray(image.convert("RGB")).astype(np.int16)


SMALL = Paper("small", (0, 0, 400, 120), shade=255)


def inked(
    signer: HeldKeySigner, pdf: Path, dpi: int, officer: str = "dev"
) -> npt.NDArray[np.int16]:
    """Signs the file; how much darker each pixel of page one became, by channel."""
    plain = rendered(pdf, dpi)
    signed, _ = signer.sign(component_of(pdf), pdf, capture_facts(officer), TODAY)
    pdf.write_bytes(signed)
    stamped = rendered(pdf, dpi)
    assert stamped.shape == plain.shape
    return np.asarray(plain - stamped)


def inside(ink: npt.NDArray[np.int16]) -> npt.NDArray[np.bool_]:
    """Pixels of text within the frame, which is cut off."""
    rows, columns = np.nonzero(ink.max(axis=2) > 8)
    frame = max(3, (rows.max() - rows.min()) // 25)
    dark = ink.max(axis=2) > 60
    return np.asarray(
        dark[
            rows.min() + frame : rows.max() - frame + 1,
            columns.min() + frame : columns.max() - frame + 1,
        ]
    )


@needs_poppler
@pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: paper.name)
def test_the_stamp_is_seen_upright_at_the_top_left(
    paper: Paper, development_signer: HeldKeySigner, tmp_path: Path
) -> None:
    scale = 6 if paper.name == "tiny" else 2
    ink = inked(development_signer, write_paper(tmp_path, paper), 72 * scale)
    height, width, _ = ink.shape
    rows, columns = np.nonzero(ink.max(axis=2) > 8)
    margin = min(3 / 25.4 * 72 / (paper.user_unit or 1) * scale, width / 10, height / 10)
    assert abs(columns.min() - margin) <= 2 * scale and abs(rows.min() - margin) <= 2 * scale
    assert columns.max() < width - margin + 2 * scale and rows.max() < height - margin + 2 * scale
    stamp_width = columns.max() - columns.min() + 1
    stamp_height = rows.max() - rows.min() + 1
    assert stamp_width / stamp_height == pytest.approx(58 / 12, rel=0.12)
    text = inside(ink)
    quarter, third = text.shape[0] // 4, text.shape[1] // 3
    assert text[-quarter:].sum() > 1.3 * text[:quarter].sum(), "the longest line is the last"
    assert text[:, :third].sum() > 1.3 * text[:, -third:].sum(), "lines begin at the left"


@needs_poppler
@pytest.mark.parametrize("shade", [0, 90, 255])
def test_the_stamp_hides_nothing(
    shade: int, development_signer: HeldKeySigner, tmp_path: Path
) -> None:
    ink = inked(development_signer, write_paper(tmp_path, Paper("ink", shade=shade)), 144)
    assert ink.min() >= -1, "nothing becomes lighter"
    box = ink[round(3 / 25.4 * 144) : round(15 / 25.4 * 144), : round(61 / 25.4 * 144)]
    assert np.median(box) == 0, "the ground stays as it was"


@needs_poppler
@pytest.mark.parametrize("name", ["An", "W" * 60, "Nguyễn Thị Huyền Trang " * 5, "Ậ" * 200])
def test_names_of_any_length_stay_within_the_frame(
    name: str, development_signer: HeldKeySigner, tmp_path: Path
) -> None:
    pdf = write_paper(tmp_path, SMALL)
    text = inside(inked(development_signer, pdf, 288, name))
    edge = round(0.5 / 25.4 * 288)
    assert text.any()
    assert not text[:, :edge].any() and not text[:, -edge:].any()
    assert not text[:2].any() and not text[-2:].any()


@needs_poppler
def test_an_officers_stamp_has_no_line_of_development(
    officer_signer: HeldKeySigner, development_signer: HeldKeySigner, tmp_path: Path
) -> None:
    lines = []
    for signer in (officer_signer, development_signer):
        text = inside(inked(signer, write_paper(tmp_path, SMALL), 288))
        written: npt.NDArray[np.bool_] = np.asarray(text.any(axis=1))
        starts = written & ~np.roll(written, 1)
        tall = [row for row in np.flatnonzero(starts) if written[row : row + 8].all()]
        lines.append(len(tall))
    assert lines[0] < lines[1]


def test_an_officers_stamp_names_them_in_vietnamese_time() -> None:
    lines = StampText("Cơ quan", "Nguyễn Thị Huyền", TODAY, development=False).lines()
    assert lines == (
        "Cơ quan",
        "Người ký: Nguyễn Thị Huyền",
        "Thời gian ký: 22/11/2026 10:00:00 +07:00",
    )


def test_the_development_stamp_says_so() -> None:
    lines = StampText("Cơ quan", "dev", TODAY, development=True).lines()
    assert lines[-1] == DEVELOPMENT_LINE


def test_hostile_names_neither_break_lines_nor_the_font(
    development_signer: HeldKeySigner, tmp_path: Path
) -> None:
    pdf = write_paper(tmp_path)
    name = "dev\n\x00\u202e漢字\U0001f600e\u0302\u0301" + "x" * 500
    signed, _ = development_signer.sign(component_of(pdf), pdf, capture_facts(name), TODAY)
    assert signed
    line = StampText("A", name, TODAY, development=True).lines()[1]
    assert "\n" not in line and len(line) <= 90


def test_the_stamp_leaves_what_must_stay_clear(
    development_signer: HeldKeySigner, tmp_path: Path
) -> None:
    pdf = write_paper(tmp_path)
    component = component_of(pdf).model_copy(
        update={"keep_clear": (Box(x0=20, y0=750, x1=90, y1=820),)}
    )
    _, info = development_signer.sign(component, pdf, capture_facts(), TODAY)
    assert info.box.x0 >= 90


# -- what it is ----------------------------------------------------------------------------------


def test_it_is_a_pades_approval_signature(
    development_signer: HeldKeySigner, tmp_path: Path
) -> None:
    pdf = write_paper(tmp_path)
    signed, _ = development_signer.sign(component_of(pdf), pdf, capture_facts(), TODAY)
    pdf.write_bytes(signed)
    with pikepdf.open(pdf) as opened:
        field = opened.Root.AcroForm.Fields[0]
        assert str(field.T) == FIELD_NAME
        assert str(field.V.SubFilter) == "/ETSI.CAdES.detached"
        assert str(field.V.M) == "D:20261122030000Z"
        assert "/Reference" not in field.V and "/Perms" not in opened.Root
        assert int(field.F) & 4, "printed"


@pytest.mark.skipif(shutil.which("pdfsig") is None, reason="poppler-utils is not installed")
def test_poppler_finds_it_valid(signer: ComponentSigner, tmp_path: Path) -> None:
    if isinstance(signer, MarkingSigner):
        return  # a mark is no signature
    pdf = write_paper(tmp_path)
    signed, _ = signer.sign(component_of(pdf), pdf, capture_facts(), TODAY)
    pdf.write_bytes(signed)
    said = subprocess.run(
        ["pdfsig", "-nocert", str(pdf)], check=False, capture_output=True, text=True
    ).stdout
    assert "Signature is Valid" in said and "Total document signed" in said
    assert "ETSI.CAdES.detached" in said


# -- what it refuses -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"until": TODAY - dt.timedelta(days=1)}, "CERTIFICATE_EXPIRED"),
        ({"since": TODAY + dt.timedelta(days=1)}, "CERTIFICATE_NOT_YET_VALID"),
        ({"may_sign": None}, "CERTIFICATE_USAGE"),
        ({"may_sign": False}, "CERTIFICATE_USAGE"),
    ],
)
def test_a_certificate_that_may_not_sign(
    given: dict[str, dt.datetime], code: str, home: Path, tmp_path: Path
) -> None:
    refused = build_signer(settings_for(home, make_officer(tmp_path, **given)))  # type: ignore[arg-type]
    pdf = write_paper(tmp_path)
    with pytest.raises(CertificateRejected) as error:
        refused.sign(component_of(pdf), pdf, capture_facts(), TODAY)
    assert error.value.code == code


def test_a_wrong_password_is_not_tried_again(home: Path, officer: Officer) -> None:
    for password in ("wrong", ""):
        with pytest.raises(ConfigError) as error:
            build_signer(settings_for(home, officer, password))
        assert error.value.code == "KEY_PASSWORD_WRONG" and not error.value.retryable


def test_a_missing_key_file_is_a_key_that_is_not_there(home: Path, tmp_path: Path) -> None:
    absent = Officer(tmp_path / "none.p12", None, tmp_path / "none.pem")
    with pytest.raises(KeyUnavailable):
        build_signer(settings_for(home, absent))


@pytest.mark.parametrize("data", [b"", b"no key", b"0\x82\xff\xff\x02"])
def test_a_file_without_a_key(data: bytes, home: Path, tmp_path: Path) -> None:
    (tmp_path / "odd.p12").write_bytes(data)
    odd = Officer(tmp_path / "odd.p12", None, tmp_path / "none.pem")
    with pytest.raises(ConfigError) as error:
        build_signer(settings_for(home, odd))
    assert error.value.code == "KEY_FILE_UNREADABLE"


def test_a_font_without_vietnamese_is_refused(home: Path, tmp_path: Path) -> None:
    (tmp_path / "odd.ttf").write_bytes(b"no font")
    signing = SigningSettings(font=tmp_path / "odd.ttf")
    with pytest.raises(MissingToolError) as error:
        build_signer(Settings(home=home, signing=signing))
    assert error.value.code == "FONT_MISSING"


@pytest.mark.parametrize("data", [b"", b"text", b"%PDF-1.7\n", b"%PDF-1.7\n" + b"x" * 5000])
def test_no_pdf_is_refused(data: bytes, development_signer: HeldKeySigner, tmp_path: Path) -> None:
    pdf = tmp_path / "odd.pdf"
    pdf.write_bytes(data)
    with pytest.raises(SigningError) as error:
        development_signer.sign(component_of(pdf), pdf, capture_facts(), TODAY)
    assert error.value.code == "SIGNING_INPUT_UNREADABLE"
