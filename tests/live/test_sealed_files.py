"""Signed, sealed and raised files before an independent judge of PDF/A-2b."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks import sealed
from pipeline.models.components import SignatureLevel
from pipeline.models.copies import CopyKind
from pipeline.settings import Settings, SigningSettings, TsaSettings
from pipeline.signatures import Signing
from tests.fakes.certificates import TODAY
from tests.fakes.papers import write_paper
from tests.fakes.pki import Pki
from tests.fakes.signers import capture_facts, component_of
from tests.live import dss, verapdf


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pki]:
    made = Pki(tmp_path_factory.mktemp("authorities"))
    yield made
    made.close()


def settings(pki: Pki, home: Path, level: str, tsa: str, key: str = "p256") -> Settings:
    return Settings(
        home=home,
        officer="o",
        signing=SigningSettings(pkcs12=pki.pkcs12(key), trust=(pki.pem("root"),), level=level),
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


def by_all(files: list[Path], root: Path, folder: Path) -> dict[str, set[Path]]:
    """What each judge that is here calls sound, by its name."""
    said = {"Sohoa": sealed.by_sohoa(files, root, folder)}
    if dss.missing() is None:
        said["EU DSS"] = sealed.by_dss(files, root)
    if verapdf.missing() is None:
        failed = verapdf.failures(verapdf.fetch(), files, "2b")
        said["veraPDF"] = {file for file in files if failed[file.name] == []}
    if shutil.which("pdfsig"):
        command = ["pdfsig", "-nocert"]
        said["pdfsig"] = sealed.by_program(command, files, "Signature is Valid", "Invalid")
    if shutil.which("mutool"):
        command = ["mutool", "sign", "-v"]
        said["mutool"] = sealed.by_program(command, files, "The signature is valid", "Digest error")
    assert len(said) > 1, "no judge but Sohoa itself is here"
    return said


def test_counter_signed_files_and_copies_pass_every_judge(pki: Pki, tmp_path: Path) -> None:
    pdf = write_paper(tmp_path)
    officer, archive, agency = (
        Signing(settings(pki, tmp_path, "B-LTA", "tsa", key), lambda: TODAY)
        for key in ("p256", "rsa3072", "rsa2048")
    )
    data, info = officer.signers.of("o").sign(component_of(pdf), pdf, capture_facts(), TODAY)
    pdf.write_bytes(data)
    both, _ = archive.counter_signer.augment(pdf, info)
    files = []
    for name, made in (("scan", data), ("counter", both)):
        files.append(tmp_path / f"{name}.pdf")
        files[-1].write_bytes(made)
        copy, own = agency.copy_signer.sign_copy(files[-1], CopyKind.TRUE_COPY, TODAY, None)
        assert own.level is SignatureLevel.B_LTA
        files.append(tmp_path / f"{name}-copy.pdf")
        files[-1].write_bytes(copy)
    for one in (officer, archive, agency):
        one.close()
    said = by_all(files, pki.pem("root"), tmp_path)
    assert said == {name: set(files) for name in said}


def test_a_share_of_the_sealed_files_passes_every_judge(pki: Pki, tmp_path: Path) -> None:
    """One file of every kind of key; `benchmarks.sealed` makes a hundred."""
    made = sealed.make(pki, tmp_path, 5)
    files = [file for kind in made.values() for file in kind]
    assert len(files) == 5
    said = by_all(files, pki.pem("root"), tmp_path)
    assert said == {name: set(files) for name in said}
