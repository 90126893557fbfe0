"""Signed, sealed and raised files before an independent judge of PDF/A-2b."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.models.components import SignatureLevel
from pipeline.settings import Settings, SigningSettings, TsaSettings
from pipeline.signatures import Signing
from tests.fakes.certificates import TODAY
from tests.fakes.papers import write_paper
from tests.fakes.pki import Pki
from tests.fakes.signers import capture_facts, component_of
from tests.live import verapdf


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pki]:
    made = Pki(tmp_path_factory.mktemp("authorities"))
    yield made
    made.close()


def settings(pki: Pki, home: Path, level: str, tsa: str) -> Settings:
    return Settings(
        home=home,
        officer="o",
        signing=SigningSettings(pkcs12=pki.pkcs12("p256"), trust=(pki.pem("root"),), level=level),
        tsa=TsaSettings(url=pki.tsa(tsa)),
    )


def test_every_level_conforms_to_pdf_a_2b(pki: Pki, tmp_path: Path) -> None:
    if (reason := verapdf.missing()) is not None:
        pytest.skip(f"veraPDF {reason}")
    files = []
    pdf = write_paper(tmp_path)
    for level in ("B-B", "B-T", "B-LT", "B-LTA"):
        signing = Signing(settings(pki, tmp_path, level, "fading-tsa"))
        data, info = signing.signers.of("o").sign(component_of(pdf), pdf, capture_facts(), TODAY)
        signing.close()
        assert info.level == f"PAdES-{level}"
        files.append(tmp_path / f"{level}.pdf")
        files[-1].write_bytes(data)
        raising = Signing(settings(pki, tmp_path, "B-LTA", "tsa"))
        data, info = raising.augmenter.augment(files[-1], info)
        raising.close()
        assert info.level is SignatureLevel.B_LTA
        files.append(tmp_path / f"{level}-raised.pdf")
        files[-1].write_bytes(data)
    assert verapdf.failures(verapdf.fetch(), files, "2b") == {file.name: [] for file in files}
