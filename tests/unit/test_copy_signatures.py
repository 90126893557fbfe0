"""An electronic copy of paper carries the agency's words at the top right (NĐ 30/2020)."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pikepdf
import pytest

from pipeline.errors import AlreadySigned
from pipeline.models.base import Box
from pipeline.settings import Settings, SigningSettings
from pipeline.signatures import build_judge, build_signer
from pipeline.signatures.profiles import ELECTRONIC_COPY, PROFILES, CopyKind, copy_lines
from pipeline.signatures.signer import HeldKeySigner
from pipeline.signatures.verdicts import Outcome
from tests.fakes.certificates import TODAY, make_officer
from tests.fakes.papers import PAPERS, Paper, write_paper
from tests.fakes.rendering import RENDERERS, rendered
from tests.fakes.signers import capture_facts, component_of


@pytest.fixture(scope="module")
def agency(tmp_path_factory: pytest.TempPathFactory) -> HeldKeySigner:
    folder = tmp_path_factory.mktemp("agency")
    key = make_officer(folder)
    return build_signer(Settings(home=folder, signing=SigningSettings(pkcs12=key.pkcs12)))


def test_every_profile_has_a_field_of_its_own() -> None:
    assert len({one.field for one in PROFILES}) == len(PROFILES)


def test_it_says_kind_agency_and_moment_with_its_zone() -> None:
    assert copy_lines(CopyKind.TRUE_COPY, "Bảo hiểm xã hội Việt Nam", TODAY) == (
        "SAO Y",
        "Bảo hiểm xã hội Việt Nam",
        "2026-11-22T10:00:00+07:00",
    )


@pytest.mark.skipif(not RENDERERS, reason="neither poppler-utils nor mupdf-tools is installed")
@pytest.mark.parametrize("name", ["a4", "a5", "turned_90", "cropped_270", "shifted"])
def test_black_text_at_the_top_right_and_no_frame(
    name: str, agency: HeldKeySigner, tmp_path: Path
) -> None:
    paper = next(one for one in PAPERS if one.name == name)
    pdf = write_paper(tmp_path, Paper(**{**vars(paper), "shade": 255}))
    before = rendered(pdf, RENDERERS[0], 100)
    data, _ = agency.sign_copy(component_of(pdf), pdf, CopyKind.TRUE_COPY, TODAY)
    pdf.write_bytes(data)
    ink = before - rendered(pdf, RENDERERS[0], 100)
    rows, columns = np.nonzero(ink.max(axis=2) > 8)
    assert columns.min() > ink.shape[1] * 0.4 and rows.max() < ink.shape[0] * 0.2
    assert np.ptp(ink, axis=2).max() <= 4, "black"
    assert (columns.max() - columns.min()) / 100 * 25.4 < 70, "no frame"
    verdict = build_judge(Settings(home=tmp_path), now=lambda: TODAY).judge(pdf)
    assert verdict.outcome is not Outcome.INVALID and verdict.signatures[0].intact
    assert verdict.signatures[0].field == ELECTRONIC_COPY.field


def test_it_is_no_picture_and_leaves_a_code_free(agency: HeldKeySigner, tmp_path: Path) -> None:
    pdf = write_paper(tmp_path)
    code = Box(x0=500, y0=760, x1=590, y1=838)
    component = component_of(pdf).model_copy(update={"keep_clear": (code,)})
    data, info = agency.sign_copy(component, pdf, CopyKind.EXTRACT, TODAY)
    assert info.box.x1 <= code.x0 or info.box.y1 <= code.y0
    pdf.write_bytes(data)
    with pikepdf.open(pdf) as opened:
        field = opened.Root.AcroForm.Fields[0]
        assert "/XObject" not in field.AP.N.Resources and "/Font" in field.AP.N.Resources


def test_a_paper_is_signed_once_as_scan_or_as_copy(agency: HeldKeySigner, tmp_path: Path) -> None:
    pdf = write_paper(tmp_path)
    data, _ = agency.sign(component_of(pdf), pdf, capture_facts(), TODAY)
    pdf.write_bytes(data)
    with pytest.raises(AlreadySigned):
        agency.sign_copy(component_of(pdf), pdf, CopyKind.TRUE_COPY, TODAY)


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="poppler-utils is not installed")
def test_the_archive_counter_signs_a_copy_too(agency: HeldKeySigner, tmp_path: Path) -> None:
    pdf = write_paper(tmp_path)
    data, info = agency.sign_copy(component_of(pdf), pdf, CopyKind.DUPLICATE, TODAY)
    pdf.write_bytes(data)
    both, after = agency.countersign(pdf, info, TODAY)
    assert both.startswith(data) and after.counter is not None
    pdf.write_bytes(both)
    said = subprocess.run(
        ["pdfsig", "-nocert", str(pdf)], check=True, capture_output=True, text=True
    ).stdout
    assert said.count("Signature is Valid") == 2
