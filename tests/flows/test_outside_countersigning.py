"""The archive's key is elsewhere: a request goes out, a counter-signature comes in."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pytest

from app.progress import Silence
from benchmarks.crash import Killer, in_child, mortal, once_each, warm
from casework.augmenting import Outcome
from casework.clearing import clear, clear_shared
from casework.outside_countersigning import Asked
from casework.revising import Reviser, Settled, Signed
from flows.outside import TakenIn
from flows.services import Services
from pipeline.errors import (
    ArchiveError,
    ArchiveUnavailable,
    ChecksumMismatch,
    ContentConflict,
    SohoaError,
)
from pipeline.models.actors import Role
from pipeline.models.components import SignatureInfo
from pipeline.models.keeping import ArchivedNote, Disposal
from pipeline.models.records import ComponentRecord, DossierRecord
from pipeline.models.signing_requests import OpenRequest
from pipeline.settings import (
    ArchiveSettings,
    DatabaseSettings,
    SearchSettings,
    Settings,
    SigningSettings,
    TsaSettings,
)
from pipeline.sharing import Backing
from pipeline.signatures import Signing
from pipeline.stages.archiving import canonical
from pipeline.workspace import Workspace
from tests.fakes.archived import Papers, archive_batch
from tests.fakes.augmenters import SealingAugmenter
from tests.fakes.backings import MemoryBacking, WatchedBacking
from tests.fakes.certificates import make_officer
from tests.fakes.clocks import StillClock
from tests.fakes.papers import write_paper
from tests.fakes.signers import capture_facts, component_of
from tests.flows.test_main_job import Json, Office
from tests.flows.test_outside_signing import MONTH, NOW, Token, token

ARCHIVE = "kho"
CODE = "DEV-261122-0001"
ROOT = Path(__file__).parents[2]
TOUCHED = ("records", "store", "two_step", "index")
DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class World:
    """A home with two dossiers (two papers and two more), signed by an officer."""

    home: Path
    officer: Token
    archive: Token
    renewed: Token
    """A second certificate of the archive."""
    stranger: Token


def signed(folder: Path, officer: Token) -> tuple[bytes, SignatureInfo]:
    """A paper that the officer signed."""
    pdf = write_paper(folder)
    settings = Settings(
        home=folder / "keys",
        officer="huyen",
        signing=SigningSettings(pkcs12=officer.files.pkcs12, pkcs12_officer="huyen"),
    )
    signing = Signing(settings)
    at = NOW - DAY
    made = signing.signers.of("huyen").sign(component_of(pdf), pdf, capture_facts(), at)
    signing.close()
    return made


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp("world")
    tokens = [
        token(folder / name, spoken)
        for name, spoken in (
            ("officer", "Nguyễn Thị Ngọc Huyền"),
            ("archive", "Trung tâm Lưu trữ"),
            ("renewed", "Trung tâm Lưu trữ"),
            ("stranger", "Trần Văn Bình"),
        )
    ]
    made = World(folder / "home", *tokens)
    services = opened(made, made.home)
    ports = services.ports
    ports.ensure_index()
    for name, dossier in (("first", None), ("second", "DEV-261122-0002")):
        files = tuple(signed(folder, tokens[0]) for _ in range(2))
        archive_batch(
            ports.records, ports.store, Papers(name, dossier=dossier, at=NOW - DAY, signed=files)
        )
    ports.records.close()
    warm()
    return made


def opened(
    world: World,
    home: Path,
    *archive: Token,
    key: Path | None = None,
    level: str = "B-B",
    account: str = ARCHIVE,
) -> Services:
    """A home that knows the archive's certificates, and no key of it unless given."""
    bound = archive or (world.archive, world.renewed)
    signing = SigningSettings(
        officers={
            name: tuple(one.device.fingerprint for one in bound) for name in {ARCHIVE, account}
        },
        archive=account,
        level=level,
        trust=tuple(t.files.root_pem for t in (world.officer, world.archive, world.renewed)),
        pkcs12=key,
        pkcs12_officer=ARCHIVE if key else None,
    )
    return Services(Settings(home=home, signing=signing), Silence())


@pytest.fixture
def home(world: World, tmp_path: Path) -> Path:
    return shutil.copytree(world.home, tmp_path / "home")


@pytest.fixture
def office(world: World, home: Path) -> Iterator[Services]:
    services = opened(world, home)
    yield services
    services.ports.records.close()


def codes(services: Services) -> list[str]:
    return [dossier.code for dossier in services.ports.records.dossiers()]


def asked(services: Services, archive: Token, *whose: str, limit: int | None = None) -> list[Asked]:
    actor = services.actor(role=Role.ARCHIVE_CENTRE)
    return list(services.outside.export_counter(archive.pem, actor, codes=whose, limit=limit))


def requests(services: Services, archive: Token, *whose: str) -> list[Json]:
    found = asked(services, archive, *whose)
    assert all(one.export is not None for one in found), found
    return [json.loads(canonical(one.export.request)) for one in found if one.export is not None]


def files(services: Services, documents: list[Json]) -> list[Path]:
    folder = services.ports.home.parent
    made = []
    for number, document in enumerate(documents):
        made.append(folder / f"answer-{number}.json")
        made[-1].write_text(json.dumps(document))
    return made


def answer(services: Services, document: Json) -> TakenIn:
    (file,) = files(services, [document])
    return services.outside.take_in(file, services.actor("anybody"))


def refused(services: Services, document: Json) -> str:
    with pytest.raises(SohoaError) as found:
        answer(services, document)
    return found.value.code


def components(services: Services, code: str | None = None) -> list[ComponentRecord]:
    found = services.ports.records.components()
    return [c for c in found if code in (None, c.dossier_code)]


def revisions(services: Services) -> list[int]:
    return [len(c.revisions) for c in components(services)]


def manifests(services: Services, code: str) -> int:
    return len(services.ports.records.manifests("DEV", code))


def told(services: Services, action: str) -> list[dict[str, str]]:
    services.ports.records.chain_events()
    events = (link.event for link in services.ports.records.ledger())
    return [{**e.subjects, **e.hashes} for e in events if e.action == action]


def digest_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def kept(services: Services) -> list[Path]:
    work = services.ports.home / "work"
    return [p for part in ("blobs", "stages") for p in (work / part).rglob("*") if p.is_file()]


# -- the whole way --------------------------------------------------------------------------


@pytest.mark.timeout(1800)
def test_the_whole_way_through_the_command_line(world: World, home: Path, tmp_path: Path) -> None:
    office = Office(home)
    office.environ["SOHOA_SIGNING__OFFICERS__KHO"] = world.archive.device.fingerprint
    refusal = office.run("sign", "counter", "--all", "-o", tmp_path / "x", "--json", code=2)
    assert refusal == []
    office.environ["SOHOA_SIGNING__ARCHIVE"] = ARCHIVE
    out = tmp_path / "carried"
    more = ("--certificate", world.archive.pem, "-o", out, "--json")
    made = office.run("sign", "counter", "--all", *more)
    assert [(one["again"], one["officer"], one["error"]) for one in made] == [
        (False, ARCHIVE, None)
    ] * 4
    listed = office.run("sign", "list", "--json")
    assert {(one["profile"], one["request_id"]) for one in listed} == {
        ("archive", one["request_id"]) for one in made
    }
    program = str(ROOT / "tests" / "fakes" / "outside.py")
    given = [str(one["file"]) for one in made]
    subprocess.run(
        [sys.executable, program, world.archive.files.pkcs12, *given, "-o", out], check=True
    )
    done = office.run("sign", "import", out, "--json")
    assert [(one["outcome"], one["rev"], one["error"]) for one in done] == [
        ("COUNTERSIGNED", 1, None)
    ] * 4
    assert office.run("sign", "list", "--json") == []
    office.run("sign", "counter", done[0]["dossier_code"], *more, code=2)
    trust = [a for t in (world.officer, world.archive) for a in ("--trust", t.files.root_pem)]
    for code in {one["dossier_code"] for one in done}:
        verdicts = office.run("verify", code, *trust, "--json")
        assert [(v["verdict"], len(v["signatures"]), v["rev"]) for v in verdicts] == [
            ("VALID", 2, 1)
        ] * 2, verdicts
    assert office.one("audit")["ok"] is True


@pytest.mark.skipif(shutil.which("pdfsig") is None, reason="poppler-utils is not installed")
def test_poppler_finds_both_signatures_valid(
    office: Services, world: World, tmp_path: Path
) -> None:
    for request in requests(office, world.archive, codes(office)[0]):
        answer(office, world.archive.device.answer(request))
    for component in components(office, codes(office)[0]):
        before, now = component.revisions
        with office.ports.store.open(before.object_key, before.version_id) as stream:
            first = stream.read()
        with office.ports.store.open(now.object_key, now.version_id) as stream:
            data = stream.read()
        assert data.startswith(first)
        (tmp_path / "both.pdf").write_bytes(data)
        command = ["pdfsig", "-nocert", str(tmp_path / "both.pdf")]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        assert said.count("Signature is Valid") == 2 and "Invalid" not in said


def test_what_came_in_for_a_dossier_makes_one_manifest_and_is_told_once(
    office: Services, world: World
) -> None:
    first, second = codes(office)
    made = requests(office, world.archive)
    answers = files(office, [world.archive.device.answer(request) for request in made])
    taken = list(office.outside.take_in_each(answers, office.actor()))
    assert [
        one.counter.outcome for _, one in taken if isinstance(one, TakenIn) and one.counter
    ] == [Outcome.COUNTERSIGNED] * 4
    assert (manifests(office, first), manifests(office, second)) == (2, 2)
    asked_for, came, done = (
        told(office, action)
        for action in ("signature.requested", "signature.received", "component.countersigned")
    )
    ids = {request["request_id"] for request in made}
    assert {e["request_id"] for e in asked_for} == {e["request_id"] for e in came} == ids
    assert (len(asked_for), len(came), len(done)) == (4, 4, 4)
    before = {c.component_id: c.revisions[0].sha256 for c in components(office)}
    assert {e["component_id"]: e["previous"] for e in asked_for} == before
    assert {e["certificate"] for e in came} == {world.archive.device.fingerprint}
    by = {c.component_id: c.revisions[1].signature for c in components(office)}
    assert {s and s.counter and s.counter.signer for s in by.values()} == {"Trung tâm Lưu trữ"}
    assert kept(office) == [], "nothing is left in the workspace"
    assert office.audit().ok


# -- requests out ---------------------------------------------------------------------------


def test_a_request_that_still_holds_is_given_again(
    office: Services, world: World, home: Path
) -> None:
    first = asked(office, world.archive)
    later = opened(world, home)
    again = asked(later, world.archive)
    later.ports.records.close()
    assert [one.export and one.export.again for one in first + again] == [False] * 4 + [True] * 4
    assert [one.export and one.export.request for one in first] == [
        one.export and one.export.request for one in again
    ]
    assert len(told(office, "signature.requested")) == 4


def test_only_what_is_appended_is_kept(office: Services, world: World) -> None:
    asked(office, world.archive)
    sizes = [r.size for c in components(office) for r in c.revisions]
    tails = list(office.ports.workspace.results("request", OpenRequest))
    assert all(one.tail is not None for one in tails)
    for one in tails:
        assert one.tail is not None
        assert one.prepared.document.size - one.tail.size in sizes
        assert not office.ports.workspace.has(one.prepared.document.sha256)


def test_another_certificate_makes_a_new_request(office: Services, world: World) -> None:
    old, *_ = requests(office, world.archive)
    new, *_ = requests(office, world.renewed)
    assert refused(office, world.archive.device.answer(old)) == "SIGNING_REQUEST_OUTDATED"
    assert answer(office, world.renewed.device.answer(new)).counter is not None


def test_no_more_than_asked_for_and_only_of_that_dossier(office: Services, world: World) -> None:
    first, second = codes(office)
    assert len(asked(office, world.archive, limit=3)) == 3
    assert {one.component.dossier_code for one in asked(office, world.archive, second)} == {second}
    answer(office, world.archive.device.answer(requests(office, world.archive, first)[0]))
    assert len(asked(office, world.archive, first)) == 1


@pytest.mark.parametrize("who", ["officer", "stranger"])
def test_a_certificate_that_is_not_the_archives_is_refused(
    office: Services, world: World, who: str
) -> None:
    with pytest.raises(SohoaError) as found:
        asked(office, getattr(world, who))
    assert found.value.code == "CERTIFICATE_NOT_OF_OFFICER"
    assert kept(office) == []


def test_without_an_account_nothing_is_handed_out(world: World, home: Path) -> None:
    services = Services(Settings(home=home), Silence())
    with pytest.raises(SohoaError) as found:
        asked(services, world.archive)
    assert found.value.code == "ARCHIVE_KEY_NOT_SET"
    services.ports.records.close()


def test_a_paper_that_rotted_holds_up_nobody_else(office: Services, world: World) -> None:
    rotten = components(office)[0]
    for path in (office.ports.home / "archive").rglob("*"):
        if path.is_file() and digest_of(path) == rotten.revisions[0].sha256:
            path.chmod(0o600)
            path.write_bytes(b"rot")
    made = asked(office, world.archive)
    failed = {one.component.component_id: one.problem.code for one in made if one.problem}
    assert failed == {rotten.component_id: "CHECKSUM_MISMATCH"} and len(made) == 4


@pytest.mark.parametrize("error", [ContentConflict, ChecksumMismatch])
def test_a_dossier_that_cannot_be_settled_holds_up_no_other(
    office: Services, world: World, monkeypatch: pytest.MonkeyPatch, error: type[SohoaError]
) -> None:
    stuck, other = codes(office)
    settle = Reviser.settle

    def settled(self: Reviser, dossier: DossierRecord) -> Settled:
        if dossier.code == stuck:
            raise error
        return settle(self, dossier)

    monkeypatch.setattr(Reviser, "settle", settled)
    made = asked(office, world.archive, stuck, other)
    assert [
        (one.component.dossier_code, one.problem and one.problem.code, one.export is not None)
        for one in made
    ] == [(stuck, error.default_code, False)] * 2 + [(other, None, True)] * 2


def test_an_archive_that_is_down_ends_the_run(
    office: Services, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(self: Reviser, dossier: DossierRecord) -> Settled:
        raise ArchiveUnavailable

    monkeypatch.setattr(Reviser, "settle", down)
    with pytest.raises(ArchiveUnavailable):
        asked(office, world.archive)


def test_what_fails_is_told_and_does_not_count(
    office: Services, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, other = components(office, codes(office)[0])
    fetched = Reviser.fetched

    def failing(self: Reviser, one: Signed) -> AbstractContextManager[Path]:
        if one.component.component_id == first.component_id:
            raise ArchiveError
        return fetched(self, one)

    monkeypatch.setattr(Reviser, "fetched", failing)
    made = asked(office, world.archive, first.dossier_code, limit=1)
    assert [(one.component.component_id, one.problem and one.problem.code) for one in made] == [
        (first.component_id, "ARCHIVE_FAILED"),
        (other.component_id, None),
    ]


# -- signatures in --------------------------------------------------------------------------


def test_a_tampered_request_makes_no_signature(office: Services, world: World) -> None:
    request, *_ = requests(office, world.archive)
    other = base64.b64encode(base64.b64decode(request["to_be_signed"]) + b"!").decode()
    device = world.archive.device
    assert refused(office, device.answer(request | {"to_be_signed": other})) == (
        "OUTSIDE_SIGNATURE_WRONG"
    )
    assert revisions(office) == [1] * 4
    assert answer(office, device.answer(request)).counter is not None


def test_the_signature_of_another_component_is_refused(office: Services, world: World) -> None:
    one, two, *_ = (world.archive.device.answer(r) for r in requests(office, world.archive))
    assert refused(office, one | {"signature": two["signature"]}) == "OUTSIDE_SIGNATURE_WRONG"
    assert refused(office, one | {"request_id": two["request_id"]}) == "SIGNING_REQUEST_OUTDATED"
    assert refused(office, one | {"component_id": "0" * 64}) == "COMPONENT_UNKNOWN"
    assert revisions(office) == [1] * 4


def test_nobody_answers_for_the_archive(office: Services, world: World) -> None:
    request, *_ = requests(office, world.archive)
    for who in (world.stranger, world.officer, world.renewed):
        document = who.device.answer(request)
        assert refused(office, document) == "CERTIFICATE_NOT_OF_OFFICER"
        document["certificate_sha256"] = world.archive.device.fingerprint
        assert refused(office, document) == "OUTSIDE_SIGNATURE_WRONG"
    assert revisions(office) == [1] * 4


def test_a_certificate_that_is_no_longer_the_archives_is_refused(
    office: Services, world: World, home: Path
) -> None:
    document = world.archive.device.answer(requests(office, world.archive)[0])
    later = opened(world, home, world.renewed)
    assert refused(later, document) == "CERTIFICATE_NOT_OF_OFFICER"
    later.ports.records.close()


def test_a_request_to_an_account_that_is_no_longer_the_archives_is_overtaken(
    office: Services, world: World, home: Path
) -> None:
    document = world.archive.device.answer(requests(office, world.archive)[0])
    later = opened(world, home, account="kho-moi")
    later.ports.clock = StillClock(dt.datetime.now(dt.UTC) + dt.timedelta(hours=1))
    with later.ports.workspace.working():  # nobody clears meanwhile
        assert refused(later, document) == "SIGNING_REQUEST_OVERTAKEN"
    again = asked(later, world.archive)
    later.ports.records.close()
    assert [one.export and (one.export.again, one.export.request.officer) for one in again] == [
        (False, "kho-moi")
    ] * 4
    assert revisions(office) == [1] * 4


def test_one_that_is_refused_does_not_stop_the_others(office: Services, world: World) -> None:
    good, bad, *_ = requests(office, world.archive, codes(office)[0])
    documents = [world.archive.device.answer(good), world.stranger.device.answer(bad)]
    taken = [
        one for _, one in office.outside.take_in_each(files(office, documents), office.actor())
    ]
    assert sorted(isinstance(one, TakenIn) for one in taken) == [False, True]
    assert [one.code for one in taken if isinstance(one, SohoaError)] == [
        "CERTIFICATE_NOT_OF_OFFICER"
    ]


def test_an_answer_counts_once(office: Services, world: World) -> None:
    document = world.archive.device.answer(requests(office, world.archive)[0])
    answer(office, document)
    assert refused(office, document) == "SIGNING_REQUEST_USED"
    assert sorted(revisions(office)) == [1, 1, 1, 2]
    twice = [document, document]
    other = world.archive.device.answer(requests(office, world.archive)[0])
    taken = [
        one
        for _, one in office.outside.take_in_each(files(office, [*twice, other]), office.actor())
    ]
    assert sum(isinstance(one, TakenIn) for one in taken) == 1


def test_the_same_answer_twice_at_once_signs_once(office: Services, world: World) -> None:
    document = world.archive.device.answer(requests(office, world.archive)[0])
    both = office.outside.take_in_each(files(office, [document, document]), office.actor())
    outcomes = [one.counter for _, one in both if isinstance(one, TakenIn)]
    assert [one and one.outcome for one in outcomes] == [Outcome.COUNTERSIGNED] * 2
    assert sorted(revisions(office)) == [1, 1, 1, 2]


def test_an_answer_that_comes_too_late_is_refused_and_its_request_cleared(
    office: Services, world: World
) -> None:
    request, *_ = requests(office, world.archive)
    office.ports.clock = StillClock(NOW + 6 * DAY)
    clear(office.ports)
    assert len(list(office.outside.awaited())) == 4, "it still holds, and is kept"
    office.ports.clock = StillClock(NOW + 8 * DAY)
    assert list(office.outside.awaited()) == []
    assert refused(office, world.archive.device.answer(request)) == "SIGNING_REQUEST_EXPIRED"
    assert kept(office) == [], "what has run out is cleared"
    assert refused(office, world.archive.device.answer(request)) == "SIGNING_REQUEST_UNKNOWN"
    new, *_ = requests(office, world.archive)
    assert answer(office, world.archive.device.answer(new)).counter is not None


def test_a_certificate_that_ended_meanwhile_signs_no_more(
    world: World, home: Path, tmp_path: Path
) -> None:
    files_ = make_officer(tmp_path / "ending", "Trung tâm", since=NOW - MONTH, until=NOW + 2 * DAY)
    ending = token(tmp_path / "fresh")
    device = type(ending.device)(files_.pkcs12)
    ending = Token(files_, device, device.write_certificates(tmp_path / "ending.pem"))
    services = opened(world, home, ending)
    request, *_ = requests(services, ending)
    services.ports.clock = StillClock(NOW + 3 * DAY)
    assert refused(services, device.answer(request)) == "CERTIFICATE_EXPIRED"
    assert revisions(services) == [1] * 4
    services.ports.records.close()


def test_what_was_kept_and_changed_is_not_signed(office: Services, world: World) -> None:
    request, *_ = requests(office, world.archive)
    held = next(
        one
        for one in office.ports.workspace.results("request", OpenRequest)
        if one.request.request_id == request["request_id"]
    )
    blob = office.ports.home / "work" / "blobs" / held.kept.sha256[:2] / held.kept.sha256
    blob.write_bytes(blob.read_bytes()[:-1] + b"!")
    document = world.archive.device.answer(request)
    assert refused(office, document) == "CHECKSUM_MISMATCH"
    blob.unlink()
    assert refused(office, document) == "SIGNING_REQUEST_UNKNOWN"
    again = asked(office, world.archive)
    assert [one.export and one.export.again for one in again].count(False) == 1, "it is made anew"


def test_without_a_request_nothing_is_taken(office: Services, world: World) -> None:
    document = world.archive.device.answer(requests(office, world.archive)[0])
    shutil.rmtree(office.ports.home / "work" / "stages" / "request")
    assert refused(office, document) == "SIGNING_REQUEST_UNKNOWN"


def test_a_late_answer_of_the_officer_is_known_as_such(office: Services, world: World) -> None:
    (request, *_) = requests(office, world.archive)
    shutil.rmtree(office.ports.home / "work" / "stages" / "request")
    document = world.officer.device.answer(request | {"request_id": "0" * 64})
    assert refused(office, document) == "SIGNING_REQUEST_USED"


# -- what came between ----------------------------------------------------------------------


def test_a_level_that_was_raised_meanwhile_overtakes_the_request(
    office: Services, world: World, home: Path
) -> None:
    request, *_ = requests(office, world.archive)
    settings = office.settings.model_copy(update={"tsa": TsaSettings(url="http://127.0.0.1:9/")})
    raising = Services(settings, Silence())
    raising.ports.__dict__["augmenter"] = SealingAugmenter()
    raising.augment(raising.actor())
    raising.ports.records.close()
    assert list(office.outside.awaited()) == []
    document = world.archive.device.answer(request)
    assert refused(office, document) in ("SIGNING_REQUEST_OVERTAKEN", "SIGNING_REQUEST_UNKNOWN")
    assert set(revisions(office)) == {2}


def test_a_revision_that_came_meanwhile_overtakes_a_request_that_is_still_kept(
    office: Services, world: World, home: Path
) -> None:
    request, *_ = requests(office, world.archive)
    settings = office.settings.model_copy(update={"tsa": TsaSettings(url="http://127.0.0.1:9/")})
    raising = Services(settings, Silence())
    raising.ports.__dict__["augmenter"] = SealingAugmenter()
    with office.ports.workspace.working():  # nobody clears meanwhile
        raising.augment(raising.actor())
    raising.ports.records.close()
    document = world.archive.device.answer(request)
    assert refused(office, document) == "SIGNING_REQUEST_OVERTAKEN"
    assert set(revisions(office)) == {2}


def test_a_key_that_appears_signs_and_late_answers_are_refused(
    office: Services, world: World, home: Path
) -> None:
    request, *_ = requests(office, world.archive)
    later = opened(world, home, key=world.archive.files.pkcs12)
    done = list(later.countersigning(later.actor(role=Role.ARCHIVE_CENTRE)))
    assert {one.outcome for one in done} == {Outcome.COUNTERSIGNED}
    later.ports.records.close()
    assert refused(office, world.archive.device.answer(request)) == "SIGNING_REQUEST_USED"
    assert set(revisions(office)) == {2}
    assert office.audit().ok


def test_no_key_of_somebody_else_stands_in_for_the_archive(world: World, home: Path) -> None:
    for key, code in (
        (world.stranger.files.pkcs12, "CERTIFICATE_NOT_OF_OFFICER"),
        (None, "KEY_OF_OFFICER_MISSING"),
    ):
        services = opened(world, home, key=key)
        done = list(services.countersigning(services.actor(role=Role.ARCHIVE_CENTRE)))
        assert {one.problem and one.problem.code for one in done} == {code}
        assert revisions(services) == [1] * 4
        services.ports.records.close()


def closed(dossier: DossierRecord, services: Services, *, gone: bool) -> None:
    actor = services.actor()
    note = ArchivedNote(object_key="x", version_id="x", sha256="0" * 64)
    disposal = Disposal(
        reason="hết hạn",
        proposed_by=actor,
        proposed_at=NOW,
        decision="1/QĐ",
        approved_by=services.actor("other"),
        approved_at=NOW,
        inventory=note if gone else None,
    )
    keeping = dossier.keeping.model_copy(update={"disposal": disposal})
    services.ports.records.keep(dossier.unit, dossier.code, keeping, dossier.stage, [])


@pytest.mark.parametrize(("gone", "code"), [(False, "DOSSIER_CLOSED"), (True, "DOSSIER_DESTROYED")])
def test_nothing_is_added_to_what_is_to_be_destroyed(
    office: Services, world: World, gone: bool, code: str
) -> None:
    request, *_ = requests(office, world.archive, codes(office)[0])
    closed(office.ports.records.dossier(codes(office)[0]), office, gone=gone)
    assert list(office.outside.awaited()) == []
    assert refused(office, world.archive.device.answer(request)) == code
    assert revisions(office) == [1] * 4
    assert asked(office, world.archive, codes(office)[0]) == []


# -- several hosts --------------------------------------------------------------------------


@dataclass
class Hosts:
    """Hosts of one office: they share its archive, its records, and files in work."""

    world: World
    folder: Path
    shared: MemoryBacking
    clock: StillClock
    opened: list[Services]

    def host(self, name: str, backing: Backing | None = None) -> Services:
        one, office = opened(self.world, self.folder / name), self.folder / "home"
        settings = one.settings.model_copy(
            update={
                "archive": ArchiveSettings(url=f"file:{office / 'archive'}"),
                "database": DatabaseSettings(url=f"sqlite:{office / 'records.sqlite'}"),
                "search": SearchSettings(url=f"sqlite:{office / 'index.sqlite'}"),
            }
        )
        services = Services(settings, Silence())
        services.ports.clock = self.clock
        workspace = Workspace(services.ports.home / "work", backing or self.shared)
        services.ports.__dict__["workspace"] = workspace
        self.opened.append(services)
        return services


@pytest.fixture
def hosts(world: World, home: Path) -> Iterator[Hosts]:
    made = Hosts(world, home.parent, MemoryBacking(), StillClock(NOW), [])
    made.shared.now = made.clock.now
    yield made
    for services in made.opened:
        services.ports.records.close()


class Deaf(WatchedBacking):
    """Lists what is there, and gives none of it."""

    def get(self, name: str) -> IO[bytes]:
        self.calls["get"] += 1
        raise ArchiveUnavailable


def test_a_request_of_one_host_is_answered_on_another(
    world: World, hosts: Hosts, tmp_path: Path
) -> None:
    clock = hosts.clock
    here, there = hosts.host("here"), hosts.host("there")
    made = requests(here, world.archive)
    assert len(list(there.outside.awaited())) == 4
    clock.pass_(5 * DAY)
    clear(there.ports)
    assert clear_shared(there.ports, DAY) == 0, "the archive is still to sign"
    shutil.rmtree(tmp_path / "here")
    for request in made[:3]:
        assert answer(there, world.archive.device.answer(request)).counter is not None
    clock.pass_(3 * DAY)
    assert clear_shared(there.ports, DAY) == 2, "what has run out is cleared"
    assert refused(there, world.archive.device.answer(made[3])) in (
        "SIGNING_REQUEST_EXPIRED",
        "SIGNING_REQUEST_UNKNOWN",
    )


@pytest.mark.parametrize("stale", [False, True])
def test_a_request_that_cannot_be_read_now_keeps_its_shelf(
    world: World, hosts: Hosts, *, stale: bool
) -> None:
    here, deaf = hosts.host("here"), hosts.host("deaf", Deaf(hosts.shared))
    if stale:
        requests(hosts.host("deaf"), world.archive)
        hosts.clock.pass_(8 * DAY)
    made = requests(here, world.archive)
    hosts.clock.pass_(2 * DAY)
    assert clear_shared(deaf.ports, DAY) == 0
    assert len(list(here.outside.awaited())) == 4
    assert answer(here, world.archive.device.answer(made[0])).counter is not None


def test_a_sweep_reads_nothing_that_is_shared(world: World, hosts: Hosts) -> None:
    deaf = Deaf(hosts.shared)
    here = hosts.host("here", deaf)
    requests(here, world.archive)
    before = kept(here)
    deaf.calls.clear()
    clear(here.ports)
    assert deaf.calls["get"] == 0
    assert kept(here) == before, "what the archive is still to sign stays"


# -- killed on the way ----------------------------------------------------------------------


def each_kill(
    world: World, home: Path, tmp_path: Path, act: Callable[[Services], None]
) -> Iterator[tuple[str, Services]]:
    """A home after each kind of moment at which `act` can die."""
    log = tmp_path / "moments.txt"

    def run(home: Path, killer: Killer) -> int:
        def child() -> None:
            services = opened(world, home)
            mortal(services, killer, TOUCHED)
            act(services)

        return in_child(child)

    assert run(shutil.copytree(home, tmp_path / "whole"), Killer(None, log)) == 0
    labels = log.read_text().splitlines()
    for moment in once_each(labels):
        struck = shutil.copytree(home, tmp_path / f"home-{moment}")
        assert run(struck, Killer(moment)) != 0
        services = opened(world, struck)
        yield labels[moment - 1], services
        services.ports.records.close()
        shutil.rmtree(struck)


@pytest.mark.timeout(1800)
def test_an_import_that_was_killed_is_given_again(
    office: Services, world: World, home: Path, tmp_path: Path
) -> None:
    code = codes(office)[0]
    made = requests(office, world.archive, code)
    answers = files(office, [world.archive.device.answer(request) for request in made])
    office.ports.records.close()

    def act(services: Services) -> None:
        list(services.outside.take_in_each(answers, services.actor()))

    seen = set()
    for label, services in each_kill(world, home, tmp_path, act):
        seen.add(label)
        findings = [f.code for f in services.audit().findings if f.failure]
        assert findings == [], label
        again = [one for _, one in services.outside.take_in_each(answers, services.actor())]
        refusals = {one.code for one in again if isinstance(one, SohoaError)}
        assert refusals <= {"SIGNING_REQUEST_USED"}, label
        assert not refusals or all(isinstance(one, SohoaError) for one in again), label
        mine = components(services, code)
        assert [len(c.revisions) for c in mine] == [2, 2], label
        for component in mine:
            current = component.current
            assert current is not None and current.signature is not None
            assert current.signature.counter is not None, label
        assert len(told(services, "signature.received")) == 2, label
        assert len(told(services, "component.countersigned")) == 2, label
        assert manifests(services, code) in (2, 3), label
        assert services.audit().ok and kept(services) == [], label
    assert {
        "two_step.finish_counter after",
        "records.commit_revision after",
        "store.put after",
        "records.commit_stored after",
        "records.commit_manifest after",
    } <= seen


@pytest.mark.timeout(1800)
def test_an_export_that_was_killed_is_made_again(
    office: Services, world: World, home: Path, tmp_path: Path
) -> None:
    code = codes(office)[0]
    office.ports.records.close()

    def act(services: Services) -> None:
        asked(services, world.archive, code)

    seen = set()
    for label, services in each_kill(world, home, tmp_path, act):
        seen.add(label)
        made = requests(services, world.archive, code)
        assert len(made) == 2, label
        events = {e["request_id"] for e in told(services, "signature.requested")}
        assert {request["request_id"] for request in made} <= events, label
        for request in made:
            assert answer(services, world.archive.device.answer(request)).counter, label
        assert services.audit().ok, label
    assert {"two_step.prepare_counter after", "os.replace stages after"} <= seen
