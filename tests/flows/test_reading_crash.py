"""A page on which the reading library kills its process is read by the program next time."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import numpy as np
import pytest

from app.progress import Silence
from benchmarks.crash import findings, in_child, warm
from benchmarks.factory import make_person, render_component, write_batch
from flows.services import Services
from ocr_models import pick_model
from pipeline.adapters.tesseract import TesseractEngine
from pipeline.adapters.tesseract_cautious import CautiousEngine
from pipeline.models.batch import IngestTerms
from pipeline.models.text import EngineIdentity, Line
from pipeline.ports.reading import Gray, OcrEngine
from pipeline.settings import OcrSettings, Settings
from tests.fakes.engines import IDENTITY


class FatalEngine:
    """Takes its process along with the first page that it is given, and reads the others."""

    def __init__(self, survives: Path) -> None:
        self._survives = survives

    @property
    def identity(self) -> EngineIdentity:
        return IDENTITY

    def read(self, gray: Gray, dpi: int, *, row: bool = False) -> tuple[Line, ...]:
        if not row and not self._survives.exists():
            self._survives.touch()
            signal.signal(signal.SIGSEGV, signal.SIG_DFL)  # no report of the test runner
            os.kill(os.getpid(), signal.SIGSEGV)
        return () if row else program().read(gray, dpi)


def program() -> OcrEngine:
    model = pick_model()
    return TesseractEngine(model.path, name=model.name, sha256=model.sha256, timeout_seconds=60)


@pytest.mark.timeout(300)
def test_the_next_run_archives_the_batch(tmp_path: Path) -> None:
    warm()
    rng = np.random.default_rng(7)
    drawn = render_component("R_04_HSB", make_person(rng), rng, dpi=150)
    source = tmp_path / "lo.pdf"
    write_batch(source, [page.image for page in drawn], dpi=150)
    home = tmp_path / "home"
    wrong = tmp_path / "wrong.txt"

    def asked() -> OcrEngine:
        (tmp_path / "asked").touch()
        return program()

    def run() -> None:
        services = Services(Settings(home=home, ocr=OcrSettings(workers=1)), Silence())
        engine = CautiousEngine(FatalEngine(tmp_path / "died"), asked, home / "reading")
        services.ports.__dict__["engine"] = engine
        services.batches.ingest(source, IngestTerms(), services.actor())
        wrong.write_text("\n".join(findings(services)))

    status = in_child(run)
    assert os.WIFSIGNALED(status)
    assert os.WTERMSIG(status) == signal.SIGSEGV
    assert in_child(run) == 0
    assert wrong.read_text() == ""
    assert (tmp_path / "asked").exists()
