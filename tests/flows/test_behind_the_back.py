"""Files put into the store behind Sohoa's back: what `verify CODE` says of what lies there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.progress import Silence
from benchmarks.crash import Replayer, make_bench
from casework.verification import Verdict
from flows.services import Services
from pipeline.models.batch import BatchState, IngestTerms
from pipeline.models.components import SignatureLevel
from pipeline.settings import Settings, SigningSettings, TsaSettings
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
    place: Path
    sealed: bytes

    def put(self, data: bytes | None) -> None:
        """In the place of the archived file; None: nothing."""
        self.place.unlink(missing_ok=True)
        if data is not None:
            self.place.write_bytes(data)

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
    bench, pki = make_bench(folder), Pki(folder / "pki")
    settings = Settings(
        home=folder / "home",
        ocr=bench.settings(folder).ocr,
        signing=SigningSettings(
            trust=(pki.pem("root"),), pkcs12=pki.pkcs12("p256"), pkcs12_officer="dev"
        ),
        tsa=TsaSettings(url=pki.tsa()),
    )
    services, clock = Services(settings, Silence()), StillClock(TODAY)

    def judge(further: Sequence[Path]) -> PdfSignatureJudge:
        return build_judge(settings, further, clock.now)

    services.ports.clock = clock
    services.ports.judge_trusting = judge  # type: ignore[method-assign]
    services.ports.__dict__["engine"] = Replayer(bench.memory)
    services.ports.__dict__["signing"] = Signing(settings, clock.now)
    (view,) = services.batches.ingest(bench.source, IngestTerms(), services.actor()).views
    assert view.state is BatchState.ARCHIVED
    component = services.ports.records.components()[0]
    assert component.current is not None
    place = folder / "home" / "archive" / component.current.object_key
    data = place.read_bytes()
    yield Archive(services, pki, component.dossier_code, component.component_id, place, data)
    services.ports.signing.close()
    services.ports.records.close()
    pki.close()


@pytest.fixture(autouse=True)
def restored(archive: Archive) -> Iterator[None]:
    yield
    archive.put(archive.sealed)
    assert {v.verdict for v in archive.verify()} == {Outcome.VALID}


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
