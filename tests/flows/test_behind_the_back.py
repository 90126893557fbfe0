"""Files put into the store behind Sohoa's back: what `verify CODE` says of what lies there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from app.progress import Silence
from benchmarks.factory.batches import write_batch
from benchmarks.factory.components import render_component
from benchmarks.factory.person import make_person
from casework.verification import Verdict
from flows.services import Services
from pipeline.models.batch import BatchState, IngestTerms
from pipeline.models.components import SignatureLevel
from pipeline.settings import OcrSettings, Settings, SigningSettings, TsaSettings
from pipeline.signatures import Signing, build_judge
from pipeline.signatures.judging import PdfSignatureJudge
from pipeline.signatures.verdicts import Outcome, Reason
from tests.fakes.certificates import TODAY
from tests.fakes.clocks import StillClock
from tests.fakes.pki import Pki
from tests.fakes.signers import capture_facts, component_of
from tests.fakes.tampering import ATTACKS, Attack, nameless, revisions


@dataclass(frozen=True)
class Archive:
    """One archived dossier, sealed at B-LTA; its first component is what forgers want."""

    services: Services
    pki: Pki
    code: str
    component_id: str
    places: tuple[Path, ...]
    sealed: bytes

    def put(self, data: bytes | None) -> None:
        """In the place of the archived file, under all of its names; None: nothing."""
        for name in self.places:
            name.unlink(missing_ok=True)
            if data is not None:
                name.write_bytes(data)

    def verify(self) -> tuple[Verdict, ...]:
        """Of the component, then of all others."""
        verdicts = self.services.verify(self.code, (), self.services.actor())
        return tuple(sorted(verdicts, key=lambda v: v.file != self.component_id))

    def signed_by(self, officer: str, level: str, paper: bytes, folder: Path) -> bytes:
        """The paper with a valid signature of another officer of the same authority."""
        settings = Settings(
            home=folder,
            officer="o",
            signing=SigningSettings(
                pkcs12=self.pki.pkcs12(officer), trust=(self.pki.pem("root"),), level=level
            ),
            tsa=TsaSettings(url=self.pki.tsa()),
        )
        signing = Signing(settings)
        pdf = folder / "paper.pdf"
        pdf.write_bytes(paper)
        data, _ = signing.signers.of("o").sign(component_of(pdf), pdf, capture_facts(), TODAY)
        signing.close()
        return data


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    folder = tmp_path_factory.mktemp("behind")
    pki = Pki(folder / "pki")
    try:
        yield from _archived(folder, pki)
    finally:
        pki.close()


def _archived(folder: Path, pki: Pki) -> Iterator[Archive]:
    settings = Settings(
        home=folder / "home",
        ocr=OcrSettings(workers=1),
        signing=SigningSettings(
            trust=(pki.pem("root"),), pkcs12=pki.pkcs12("p256"), pkcs12_officer="dev"
        ),
        tsa=TsaSettings(url=pki.tsa()),
    )
    services, clock = Services(settings, Silence()), StillClock(TODAY)

    def judge(further: Sequence[Path], *, deep: bool = False) -> PdfSignatureJudge:
        return build_judge(settings, further, clock.now, deep=deep)

    services.ports.clock = clock
    services.ports.judge_trusting = judge  # type: ignore[method-assign]
    services.ports.__dict__["signing"] = Signing(settings, clock.now)
    rng = np.random.default_rng(7)
    person = make_person(rng)
    for code in ("R_07B_HSB", "R_04_HSB"):
        source = folder / f"{code}.pdf"
        page = render_component(code, person, rng, dpi=100)[0]
        write_batch(source, [page.image], dpi=100)
        terms = IngestTerms(as_code=code, dossier="BEHIND-1")
        (view,) = services.batches.ingest(source, terms, services.actor()).views
        assert view.state is BatchState.ARCHIVED
    component = services.ports.records.components()[0]
    assert component.current is not None
    store, key = folder / "home" / "archive", component.current.object_key
    visible = store / key
    places = (visible, *(p for p in store.rglob("*") if p.is_file() and p.samefile(visible)))
    yield Archive(
        services,
        pki,
        component.dossier_code,
        component.component_id,
        tuple(dict.fromkeys(places)),
        visible.read_bytes(),
    )
    services.ports.signing.close()
    services.ports.records.close()


@pytest.fixture(autouse=True)
def restored(archive: Archive) -> Iterator[None]:
    yield
    archive.put(archive.sealed)


def test_what_was_archived_is_valid(archive: Archive) -> None:
    verdict, *others = archive.verify()
    assert others and (verdict.verdict, verdict.level) == (Outcome.VALID, SignatureLevel.B_LTA)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda a: a.name)
def test_every_attack_is_seen_in_its_place(archive: Archive, attack: Attack) -> None:
    """Also those that leave a sound earlier file, or one of nobody."""
    archive.put(attack.forge(archive.sealed))
    verdict, *others = archive.verify()
    assert (verdict.verdict, verdict.fixity) == (Outcome.INVALID, "changed")
    assert Reason.FIXITY_CHANGED in verdict.reasons
    assert {v.verdict for v in others} == {Outcome.VALID}


@pytest.mark.parametrize("level", ["B-B", "B-LTA"])
@pytest.mark.parametrize("officer", ["p256", "rsa2048"])
def test_signed_anew_by_whomever_it_is_not_what_was_archived(
    archive: Archive, tmp_path: Path, officer: str, level: str
) -> None:
    paper = archive.sealed[: revisions(archive.sealed)[0]]
    forged = archive.signed_by(officer, level, paper, tmp_path)
    archive.put(forged)
    verdict = archive.verify()[0]
    assert (verdict.verdict, verdict.fixity) == (Outcome.INVALID, "changed")
    given = tmp_path / "given.pdf"
    given.write_bytes(forged)
    (of_file,) = archive.services.verify(str(given), (), archive.services.actor())
    assert of_file.verdict is Outcome.INVALID
    assert Reason.UNKNOWN_REVISION in of_file.reasons


def test_without_its_id_and_signed_anew_only_the_place_tells(
    archive: Archive, tmp_path: Path
) -> None:
    """As a file it is somebody's sound paper; in the archive it is not what was there."""
    forged = archive.signed_by("rsa2048", "B-LTA", nameless(archive.sealed), tmp_path)
    given = tmp_path / "given.pdf"
    given.write_bytes(forged)
    (of_file,) = archive.services.verify(str(given), (), archive.services.actor())
    assert of_file.fixity is None and of_file.rev is None
    archive.put(forged)
    assert archive.verify()[0].verdict is Outcome.INVALID


def test_the_file_of_another_component_is_not_it(archive: Archive) -> None:
    other = next(
        c.current
        for c in archive.services.ports.records.components()
        if c.component_id != archive.component_id
    )
    assert other is not None
    with archive.services.ports.store.open(other.object_key, other.version_id) as stored:
        archive.put(stored.read())
    verdict = archive.verify()[0]
    assert (verdict.verdict, verdict.fixity) == (Outcome.INVALID, "changed")


def test_what_is_gone_is_lost(archive: Archive) -> None:
    archive.put(None)
    verdict = archive.verify()[0]
    assert (verdict.verdict, verdict.fixity) == (Outcome.INVALID, "lost")
