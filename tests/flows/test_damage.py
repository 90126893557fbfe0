"""Bytes that change or vanish under a batch in work: never archived as if nothing had happened."""

from __future__ import annotations

import io
import shutil
import tempfile
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pikepdf
import pytest

from app.progress import Silence
from benchmarks.crash import Bench, Killer, findings, in_child, make_bench, mortal, once_each
from casework.reporting import DossierView
from flows.services import Services
from pipeline.errors import ChecksumMismatch, ConfigError
from pipeline.models.batch import BatchState, IngestTerms
from pipeline.models.review import Answer, AnswerKind, ReviewItem, ReviewKind
from pipeline.run.work import Work
from pipeline.settings import ImagingSettings
from pipeline.stages.archiving import packed, sidecar_key, unpacked

Damage = Callable[[Path], None]


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0x55
    path.write_bytes(data)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return make_bench(tmp_path_factory.mktemp("bench"))


@pytest.fixture
def folder(bench: Bench, tmp_path: Path) -> Path:
    """A source that is held: one of its files cannot be read."""
    folder = tmp_path / "ho-so"
    folder.mkdir()
    shutil.copy(bench.source, folder / "1.pdf")
    (folder / "2.pdf").write_bytes(b"")
    return folder


def _ingest(services: Services, source: Path) -> DossierView:
    (view,) = services.batches.ingest(source, IngestTerms(), services.actor()).views
    return view


def _accept(services: Services) -> DossierView:
    (question,) = [r for r in services.reviews() if r.item.blocking]
    at = services.ports.clock.now()
    outcome = services.batches.resolve(
        question.item.review_id,
        Answer(kind=AnswerKind.ACCEPT, actor="dev", at=at),
        services.actor(),
    )
    assert outcome is not None
    return outcome.views[0]


def _blob(services: Services, sha256: str) -> Path:
    return services.ports.home / "work" / "blobs" / sha256[:2] / sha256


def _work(services: Services) -> Work:
    (record,) = services.ports.records.batches()
    return Work(tools=services.ports, batch=record.batch)


@pytest.mark.parametrize("damage", [_flip, Path.unlink])
def test_a_damaged_page_is_taken_out_of_its_source_anew(
    bench: Bench, folder: Path, tmp_path: Path, damage: Damage
) -> None:
    services = bench.services(tmp_path / "home")
    _ingest(services, folder)
    page = _work(services).pages()[1].file
    whole = _blob(services, page.sha256).read_bytes()
    damage(_blob(services, page.sha256))
    done = _accept(services)
    assert done.state is BatchState.ARCHIVED
    component = services.ports.records.component(done.components[1].component_id)
    assert component.current is not None
    with services.ports.store.open(component.current.object_key) as stream:
        assert whole in stream.read()


@pytest.mark.parametrize("damage", [_flip, Path.unlink])
def test_a_damaged_source_waits_until_it_is_handed_in_again(
    bench: Bench, folder: Path, tmp_path: Path, damage: Damage
) -> None:
    services = bench.services(tmp_path / "home")
    _ingest(services, folder)
    damage(_blob(services, _work(services).batch.sources[0].file.sha256))
    waiting = _accept(services)
    assert waiting.state is BatchState.PENDING
    assert not list(services.ports.store.list("dossiers/"))
    assert _ingest(services, folder).state is BatchState.ARCHIVED
    assert findings(services) == []


# -- answers about fields -------------------------------------------------------------------


@pytest.fixture
def archived(bench: Bench, tmp_path: Path) -> Services:
    """A home with one archived batch."""
    services = bench.services(tmp_path / "home")
    assert _ingest(services, bench.source).state is BatchState.ARCHIVED
    return services


def _field_question(services: Services) -> ReviewItem:
    return next(r.item for r in services.reviews() if r.item.kind is ReviewKind.FIELD)


def _say(services: Services, item: ReviewItem, value: str) -> None:
    answer = Answer(
        kind=AnswerKind.VALUE, value=value, actor="can-bo", at=services.ports.clock.now()
    )
    services.batches.resolve(item.review_id, answer, services.actor())


def _value(services: Services, item: ReviewItem) -> str:
    component = services.ports.records.component(str(item.component_id))
    (view,) = services.show(component.dossier_code, services.actor())
    (fields,) = (c.fields for c in view.components if c.component_id == component.component_id)
    return str(next(f.value for f in fields if f.name == item.field))


def test_a_killed_answer_is_open_or_carried_out_by_the_next_command(
    bench: Bench, archived: Services, tmp_path: Path
) -> None:
    item = _field_question(archived)
    before = _value(archived, item)
    archived.ports.records.close()
    log = tmp_path / "moments.txt"

    def answer(home: Path, killer: Killer) -> int:
        def act() -> None:
            services = bench.services(home)
            mortal(services, killer)
            _say(services, item, "đã sửa")

        return in_child(act)

    def copied(name: str) -> Path:
        return shutil.copytree(tmp_path / "home", tmp_path / name)

    assert answer(copied("whole"), Killer(None, log)) == 0
    labels = log.read_text().splitlines()
    assert {"records.answer after", "records.commit_stored after", "store.put after"} <= set(labels)
    for moment in once_each(labels):
        home = copied(f"home-{moment}")
        assert answer(home, Killer(moment)) != 0
        services = bench.services(home)
        assert [f for f in services.audit().findings if f.failure] == [], labels[moment - 1]
        answered = services.review(item.review_id).answer is not None
        assert _value(services, item) == ("đã sửa" if answered else before), labels[moment - 1]
        assert services.ports.records.outbox() == ()
        services.ports.records.close()
        shutil.rmtree(home)


def test_an_answer_does_not_bless_a_changed_sidecar(archived: Services) -> None:
    item = _field_question(archived)
    component = archived.ports.records.component(str(item.component_id))
    key = sidecar_key(component.unit, component.dossier_code, component.component_id)
    path = archived.ports.home / "archive" / key
    forged = unpacked(path.read_bytes()).model_copy(update={"fields": ()})
    path.chmod(0o600)
    path.write_bytes(packed(forged))
    _say(archived, item, "đã sửa")
    found = {f.code for f in archived.audit().findings if f.failure}
    assert "SIDECAR_CHANGED" in found


@pytest.mark.parametrize("damage", [_flip, lambda path: path.write_bytes(b"")])
def test_text_that_changed_in_the_archive_is_not_shown(archived: Services, damage: Damage) -> None:
    item = _field_question(archived)
    component = archived.ports.records.component(str(item.component_id))
    key = sidecar_key(component.unit, component.dossier_code, component.component_id)
    path = archived.ports.home / "archive" / key
    path.chmod(0o600)
    damage(path)
    (view,) = archived.show(component.dossier_code, archived.actor())
    (shown,) = (c for c in view.components if c.component_id == component.component_id)
    assert shown.fields == ()
    with pytest.raises(ChecksumMismatch):
        archived.text(component.dossier_code, component.component_id, archived.actor())


def test_a_copy_that_is_verified_lies_in_the_home(
    archived: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    code = archived.ports.records.components()[0].dossier_code
    verdicts = archived.verify(code, (), archived.actor())
    assert {v.fixity for v in verdicts} == {"ok"}


def test_an_answer_given_while_the_archive_is_away_is_carried_out_later(
    bench: Bench, archived: Services
) -> None:
    item = _field_question(archived)
    archive = archived.ports.home / "archive"
    archive.rename(archive.with_name("away"))
    archive.write_bytes(b"")
    _say(archived, item, "đã sửa")
    archive.unlink()
    archive.with_name("away").rename(archive)
    later = bench.services(archived.ports.home)
    assert later.audit().ok
    assert _value(later, item) == "đã sửa"


def test_of_two_questions_about_a_field_the_value_said_stands(bench: Bench, tmp_path: Path) -> None:
    services = bench.services(tmp_path / "home")
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "archive").write_bytes(b"")
    waiting = _ingest(services, bench.source)
    assert waiting.state is BatchState.PENDING
    item = _field_question(services)
    doubt = item.model_copy(
        update={"review_id": "0" * 64, "kind": ReviewKind.IDENTITY_MISMATCH, "reason": "X"}
    )
    services.ports.records.put_reviews(item.batch_id, [doubt], [doubt.kind.value])
    _say(services, item, "đã sửa")
    agreed = Answer(kind=AnswerKind.ACCEPT, actor="can-bo", at=services.ports.clock.now())
    services.batches.resolve(doubt.review_id, agreed, services.actor())
    (tmp_path / "home" / "archive").unlink()
    assert _ingest(services, bench.source).state is BatchState.ARCHIVED
    assert _value(services, item) == "đã sửa"


def test_a_damaged_seal_does_not_keep_papers_from_being_found(bench: Bench, tmp_path: Path) -> None:
    home = tmp_path / "home"
    seal = home / "archive" / "ledger" / "2026-01-01.json"
    seal.parent.mkdir(parents=True)
    seal.write_bytes(b"{}")
    assert _ingest(bench.services(home), bench.source).indexed


def test_a_batch_that_was_read_under_other_settings_still_shows(
    bench: Bench, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "archive").write_bytes(b"")
    waiting = _ingest(bench.services(home), bench.source)
    assert waiting.dossier is not None
    imaging = ImagingSettings(blank_above=0.97)
    settings = bench.settings(home).model_copy(update={"imaging": imaging})
    later = Services(settings, Silence())
    (shown,) = later.show(waiting.dossier.code, later.actor())
    assert [c.component_id for c in shown.components] == [
        c.component_id for c in waiting.components
    ]


# -- the same papers again ------------------------------------------------------------------


def test_papers_whose_cover_went_over_the_command_are_still_the_same_papers(
    bench: Bench, tmp_path: Path
) -> None:
    services = bench.services(tmp_path / "home")
    slip = services.slip("CHUYEN_NOI_HUONG", "CN1_TRANSFER", "HS-BIA")
    source = tmp_path / "co-bia.pdf"
    with pikepdf.new() as whole, pikepdf.open(io.BytesIO(slip)) as cover:
        whole.pages.append(cover.pages[0])
        with pikepdf.open(bench.source) as papers:
            whole.pages.extend(papers.pages)
        whole.save(source)
    terms = IngestTerms(dossier="HS-LENH")

    def ingest() -> DossierView:
        (view,) = services.batches.ingest(source, terms, services.actor()).views
        return view

    held = ingest()
    assert held.dossier is not None
    assert (held.state, held.dossier.code) == (BatchState.NEEDS_REVIEW, "HS-BIA")
    assert ingest().duplicate
    for question in [r.item for r in services.reviews() if r.item.blocking]:
        at = services.ports.clock.now()
        agreed = Answer(kind=AnswerKind.ACCEPT, actor="dev", at=at)
        services.batches.resolve(question.review_id, agreed, services.actor())
    again = ingest()
    assert (again.state, again.duplicate) == (BatchState.ARCHIVED, True)
    assert len(services.ports.records.components()) == len(held.components)


def test_papers_of_a_batch_that_the_records_lost_are_not_cleared(
    bench: Bench, folder: Path, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    services = bench.services(home)
    _ingest(services, folder)
    source = _work(services).batch.sources[0].file
    services.ports.records.close()
    for file in home.glob("records.sqlite*"):
        file.unlink()
    services = bench.services(home)
    assert _ingest(services, bench.source).state is BatchState.ARCHIVED
    assert services.ports.workspace.sound(source.sha256)
    assert _ingest(services, folder).state is BatchState.NEEDS_REVIEW
    assert _accept(services).state is BatchState.ARCHIVED
    assert [p for p in (home / "work" / "blobs").rglob("*") if p.is_file()] == []
    assert not list((home / "work" / "stages").rglob("*.json"))


def test_blank_records_beside_a_full_archive_are_refused(bench: Bench, archived: Services) -> None:
    home = archived.ports.home
    archived.ports.records.close()
    for file in home.glob("records.sqlite*"):
        file.unlink()
    services = bench.services(home)
    with pytest.raises(ConfigError) as refused:
        _ingest(services, bench.source)
    assert refused.value.code == "RECORDS_BLANK"
    assert services.rebuild_records(services.actor()).ok
    again = _ingest(services, bench.source)
    assert (again.state, again.duplicate) == (BatchState.ARCHIVED, True)


@pytest.mark.parametrize("value", ["\udcff", "a\x00b", "\u202e123"])
def test_a_value_that_is_no_text_is_refused(archived: Services, value: str) -> None:
    item = _field_question(archived)
    with pytest.raises(ConfigError) as refused:
        _say(archived, item, value)
    assert refused.value.code == "VALUE_INVALID"
    assert archived.review(item.review_id).answer is None


def test_a_value_is_kept_in_composed_letters(archived: Services) -> None:
    item = _field_question(archived)
    _say(archived, item, unicodedata.normalize("NFD", "Nguyễn Thế"))
    assert _value(archived, item) == "Nguyễn Thế"


def test_the_last_answer_given_again_after_a_kill_lets_the_batch_go_on(
    bench: Bench, folder: Path, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    services = bench.services(home)
    _ingest(services, folder)
    (question,) = [r.item for r in services.reviews() if r.item.blocking]
    agreed = Answer(kind=AnswerKind.ACCEPT, actor="dev", at=services.ports.clock.now())
    services.ports.records.close()

    def resolve(services: Services) -> DossierView:
        outcome = services.batches.resolve(question.review_id, agreed, services.actor())
        assert outcome is not None
        return outcome.views[0]

    log = tmp_path / "moments.txt"
    whole = shutil.copytree(home, tmp_path / "whole")

    def run(home: Path, killer: Killer) -> int:
        def act() -> None:
            services = bench.services(home)
            mortal(services, killer)
            resolve(services)

        return in_child(act)

    assert run(whole, Killer(None, log)) == 0
    released = log.read_text().splitlines().index("records.set_state after") + 1
    assert run(home, Killer(released)) != 0
    assert resolve(bench.services(home)).state is BatchState.ARCHIVED


def test_what_waits_for_the_archive_is_told_of_in_a_dossier_that_is_there_already(
    bench: Bench, archived: Services, tmp_path: Path
) -> None:
    dossier = archived.ports.records.components()[0].dossier_code
    more = tmp_path / "more.pdf"
    with pikepdf.open(bench.source) as pdf:
        del pdf.pages[1:]
        pdf.save(more)
    archive = archived.ports.home / "archive"
    archive.rename(archive.with_name("away"))
    later = bench.services(archived.ports.home)
    terms = IngestTerms(dossier=dossier, as_code="C_KHAI_TU")
    (view,) = later.batches.ingest(more, terms, later.actor()).views
    assert (view.state, view.dossier and view.dossier.code) == (BatchState.PENDING, dossier)
    archive.with_name("away").rename(archive)
    (done,) = later.batches.resume(view.batch.batch_id)
    assert done.state is BatchState.ARCHIVED


def test_a_changed_manifest_is_not_believed(archived: Services) -> None:
    component = archived.ports.records.components()[0]
    (written,) = archived.ports.records.manifests(component.unit, component.dossier_code)
    path = archived.ports.home / "archive" / written.object_key
    path.chmod(0o600)
    path.write_bytes(path.read_bytes().replace(b'"physical":[]', b'"physical":["B_SO_BHXH"]'))
    (view,) = archived.show(component.dossier_code, archived.actor())
    assert view.physical == ()
