"""An electronic copy of paper carries the agency's words at the top right (NĐ 30/2020)."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pikepdf
import pytest

from pipeline.errors import AlreadySigned, ConfigError, SignatureInvalid
from pipeline.models.base import Box
from pipeline.models.copies import CopyKind
from pipeline.settings import Environment, Settings, SigningSettings
from pipeline.signatures import Signing, build_judge, build_signer
from pipeline.signatures.profiles import (
    ELECTRONIC_COPY,
    INTAKE,
    PROFILES,
    copy_lines,
)
from pipeline.signatures.signer import HeldKeySigner
from pipeline.signatures.verdicts import Modification, Outcome
from pipeline.stages.assembly import find_right
from tests.fakes.certificates import TODAY, make_officer
from tests.fakes.papers import PAPERS, Paper, write_paper
from tests.fakes.rendering import RENDERERS, rendered
from tests.fakes.signers import capture_facts, component_of
from tests.fakes.tampering import add_annotation, appended

A4 = (595.0, 842.0)


@pytest.fixture(scope="module")
def agency(tmp_path_factory: pytest.TempPathFactory) -> HeldKeySigner:
    folder = tmp_path_factory.mktemp("agency")
    key = make_officer(folder)
    return build_signer(Settings(home=folder, signing=SigningSettings(pkcs12=key.pkcs12)))


def scanned(agency: HeldKeySigner, folder: Path, paper: Paper = PAPERS[0]) -> Path:
    """A paper that an officer signed."""
    pdf = write_paper(folder, paper)
    data, _ = agency.sign(component_of(pdf), pdf, capture_facts(), TODAY)
    pdf.write_bytes(data)
    return pdf


def test_every_profile_has_a_field_of_its_own() -> None:
    assert len({one.field for one in PROFILES}) == len(PROFILES)


def test_it_says_kind_agency_and_moment_with_its_zone() -> None:
    assert copy_lines(CopyKind.TRUE_COPY, "Bảo hiểm xã hội Việt Nam", TODAY) == (
        "SAO Y",
        "Bảo hiểm xã hội Việt Nam",
        "2026-11-22T10:00:00+07:00",
    )
    assert copy_lines(CopyKind.DUPLICATE, "x", TODAY)[0] == "SAO LỤC"


@pytest.mark.skipif(not RENDERERS, reason="neither poppler-utils nor mupdf-tools is installed")
@pytest.mark.parametrize("name", ["a4", "a5", "turned_90", "cropped_270", "shifted"])
def test_black_text_at_the_top_right_and_no_frame(
    name: str, agency: HeldKeySigner, tmp_path: Path
) -> None:
    paper = next(one for one in PAPERS if one.name == name)
    pdf = scanned(agency, tmp_path, Paper(**{**vars(paper), "shade": 255}))
    before = rendered(pdf, RENDERERS[0], 100)
    data, _ = agency.sign_copy(pdf, CopyKind.TRUE_COPY, TODAY, None)
    pdf.write_bytes(data)
    ink = before - rendered(pdf, RENDERERS[0], 100)
    rows, columns = np.nonzero(ink.max(axis=2) > 8)
    assert columns.min() > ink.shape[1] * 0.4 and rows.max() < ink.shape[0] * 0.2
    assert np.ptp(ink, axis=2).max() <= 4, "black"
    assert (columns.max() - columns.min()) / 100 * 25.4 < 60, "no frame"
    edge = agency.copy_size(CopyKind.TRUE_COPY, TODAY).margin_mm + 3
    assert (ink.shape[1] - columns.max()) / 100 * 25.4 < edge, "beside the right edge"
    verdict = build_judge(Settings(home=tmp_path), now=lambda: TODAY).judge(pdf)
    assert verdict.outcome is not Outcome.INVALID
    assert [(s.field, s.intact) for s in verdict.signatures] == [
        (INTAKE.field, True),
        (ELECTRONIC_COPY.field, True),
    ]
    assert verdict.signatures[0].modification is Modification.SIGNATURES


def test_the_scan_with_its_signature_stays_as_it_was(agency: HeldKeySigner, tmp_path: Path) -> None:
    pdf = scanned(agency, tmp_path)
    before = pdf.read_bytes()
    data, info = agency.sign_copy(pdf, CopyKind.TRUE_COPY, TODAY, None)
    assert data.startswith(before) and pdf.read_bytes() == before
    assert info.signer == agency.signer and info.box.x0 > A4[0] / 2


def test_it_stands_where_room_was_found_and_is_no_picture(
    agency: HeldKeySigner, tmp_path: Path
) -> None:
    pdf = scanned(agency, tmp_path)
    size = agency.copy_size(CopyKind.TRUE_COPY, TODAY)
    ink = np.zeros((842, 595), dtype=np.bool_)
    ink[:30, 400:] = True
    code = Box(x0=500, y0=700, x1=590, y1=780)
    room = find_right(ink, 72.0, A4, size, [code])
    assert room is not None
    assert room.y1 < 842 - 30 or room.x1 < 400
    assert room.x1 <= code.x0 or room.y0 >= code.y1
    data, info = agency.sign_copy(pdf, CopyKind.TRUE_COPY, TODAY, room)
    assert info.box == room
    pdf.write_bytes(data)
    with pikepdf.open(pdf) as opened:
        field = next(f for f in opened.Root.AcroForm.Fields if str(f.T) == ELECTRONIC_COPY.field)
        assert "/XObject" not in field.AP.N.Resources and "/Font" in field.AP.N.Resources


def test_a_full_corner_has_no_room(agency: HeldKeySigner) -> None:
    ink = np.zeros((842, 595), dtype=np.bool_)
    size = agency.copy_size(CopyKind.TRUE_COPY, TODAY)
    free = find_right(ink, 72.0, A4, size)
    assert free is not None and free.x1 == pytest.approx(595 - size.margin_mm * 72 / 25.4)
    ink[::10, ::40] = True
    assert find_right(ink, 72.0, A4, size) is None


def test_what_no_officer_signed_and_what_changed_is_not_certified(
    agency: HeldKeySigner, tmp_path: Path
) -> None:
    pdf = write_paper(tmp_path)
    with pytest.raises(SignatureInvalid):
        agency.sign_copy(pdf, CopyKind.TRUE_COPY, TODAY, None)
    pdf = scanned(agency, tmp_path)
    pdf.write_bytes(appended(pdf.read_bytes(), add_annotation))
    with pytest.raises(SignatureInvalid):
        agency.sign_copy(pdf, CopyKind.TRUE_COPY, TODAY, None)


def test_a_copy_is_signed_once(agency: HeldKeySigner, tmp_path: Path) -> None:
    pdf = scanned(agency, tmp_path)
    data, _ = agency.sign_copy(pdf, CopyKind.TRUE_COPY, TODAY, None)
    pdf.write_bytes(data)
    with pytest.raises(AlreadySigned):
        agency.sign_copy(pdf, CopyKind.TRUE_COPY, TODAY, None)


@pytest.mark.skipif(shutil.which("pdfsig") is None, reason="poppler-utils is not installed")
def test_what_the_archive_signed_is_copied_too(agency: HeldKeySigner, tmp_path: Path) -> None:
    pdf = write_paper(tmp_path)
    data, info = agency.sign(component_of(pdf), pdf, capture_facts(), TODAY)
    pdf.write_bytes(data)
    both, _ = agency.countersign(pdf, info, TODAY)
    pdf.write_bytes(both)
    copy, _ = agency.sign_copy(pdf, CopyKind.DUPLICATE, TODAY, None)
    assert copy.startswith(both)
    pdf.write_bytes(copy)
    said = subprocess.run(
        ["pdfsig", "-nocert", str(pdf)], check=True, capture_output=True, text=True
    ).stdout
    assert said.count("Signature is Valid") == 3


def test_production_wants_to_know_whose_key_it_is(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, unit="07900", environment=Environment.PRODUCTION)
    with pytest.raises(ConfigError) as error:
        _ = Signing(settings).copy_signer
    assert error.value.code == "COPY_KEY_NOT_SET"
