"""An officer whose key is elsewhere: the batch waits, a request goes out, a signature comes in."""

from __future__ import annotations

import base64
import datetime as dt
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pikepdf
import pytest

from app.progress import Silence
from benchmarks.crash import (
    Bench,
    Killer,
    Replayer,
    findings,
    in_child,
    make_bench,
    mortal,
    once_each,
)
from casework.outside_signing import take_in
from casework.signing_requests import Export, read_response
from flows.dispatching import Dispatcher
from flows.lanes import Lane
from flows.outside import TakenIn
from flows.runs import Run
from flows.services import Services
from pipeline.errors import ArchiveUnavailable, SohoaError
from pipeline.models.batch import BatchState, IngestTerms
from pipeline.models.signing_requests import OpenRequest
from pipeline.settings import (
    ArchiveSettings,
    DatabaseSettings,
    SearchSettings,
    SigningSettings,
)
from pipeline.stages.archiving import canonical
from pipeline.workspace import Workspace
from tests.fakes.backings import MemoryBacking
from tests.fakes.certificates import Officer, make_officer
from tests.fakes.clocks import StillClock
from tests.fakes.outside import Device
from tests.flows.test_main_job import Json, Office

NOW = dt.datetime.now(dt.UTC)
MONTH = dt.timedelta(days=30)
HUYEN = "huyen"
TOUCHED = ("records", "store", "signers", "two_step", "index")
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Token:
    """What an officer has in their hand, somewhere else."""

    files: Officer
    device: Device
    pem: Path
    """The certificate with its issuer."""


def token(folder: Path, name: str = "Nguyễn Thị Ngọc Huyền") -> Token:
    files = make_officer(folder, name, since=NOW - MONTH, until=NOW + 12 * MONTH)
    device = Device(files.pkcs12)
    return Token(files, device, device.write_certificates(folder / "officer.pem"))


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return make_bench(tmp_path_factory.mktemp("bench"))


@pytest.fixture(scope="module")
def huyen(tmp_path_factory: pytest.TempPathFactory) -> Token:
    return token(tmp_path_factory.mktemp("huyen"))


@pytest.fixture(scope="module")
def renewed(tmp_path_factory: pytest.TempPathFactory) -> Token:
    """A second certificate of the same officer."""
    return token(tmp_path_factory.mktemp("renewed"))


@pytest.fixture(scope="module")
def binh(tmp_path_factory: pytest.TempPathFactory) -> Token:
    """A colleague's, just as good."""
    return token(tmp_path_factory.mktemp("binh"), "Trần Văn Bình")


def opened(bench: Bench, home: Path, *tokens: Token, key: Path | None = None) -> Services:
    """A home that knows the officer's certificates, and no key of theirs unless given."""
    signing = SigningSettings(
        officers={HUYEN: tuple(one.device.fingerprint for one in tokens)},
        pkcs12=key,
        pkcs12_officer=HUYEN if key else None,
    )
    services = Services(bench.settings(home).model_copy(update={"signing": signing}), Silence())
    services.ports.__dict__["engine"] = Replayer(bench.memory)
    return services


@pytest.fixture(scope="module")
def held(
    bench: Bench, huyen: Token, renewed: Token, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A home with one batch of two papers that waits."""
    home = tmp_path_factory.mktemp("held") / "home"
    services = opened(bench, home, huyen, renewed)
    (view,) = services.batches.ingest(bench.source, IngestTerms(), services.actor(HUYEN)).views
    assert (view.state, len(view.components)) == (BatchState.AWAITING_SIGNATURE, 2)
    services.ports.records.close()
    return home


@pytest.fixture
def home(held: Path, tmp_path: Path) -> Path:
    return shutil.copytree(held, tmp_path / "home")


@pytest.fixture
def office(bench: Bench, home: Path, huyen: Token, renewed: Token) -> Iterator[Services]:
    services = opened(bench, home, huyen, renewed)
    yield services
    services.ports.records.close()


def batch_id(services: Services) -> str:
    return next(services.ports.records.batches()).batch.batch_id


def state(services: Services) -> BatchState:
    return next(services.ports.records.batches()).state


def asked(services: Services, certificate: Path) -> tuple[Export, ...]:
    return services.outside.export(batch_id(services), certificate, services.actor(HUYEN))


def request_of(one: Export) -> Json:
    document: Json = json.loads(canonical(one.request))
    return document


def answer(services: Services, document: Json) -> TakenIn:
    file = services.ports.home.parent / "answer.json"
    file.write_text(json.dumps(document))
    return services.outside.take_in(file, services.actor(HUYEN))


def refused(services: Services, document: Json) -> str:
    with pytest.raises(SohoaError) as found:
        answer(services, document)
    return found.value.code


# -- through the command line ---------------------------------------------------------------


def test_the_whole_way_through_the_command_line(bench: Bench, huyen: Token, tmp_path: Path) -> None:
    office = Office(tmp_path / "home")
    printed = huyen.device.fingerprint.upper()
    office.environ["SOHOA_SIGNING__OFFICERS__HUYEN"] = ":".join(
        printed[n : n + 2] for n in range(0, 64, 2)
    )
    waiting = office.one("ingest", bench.source, "--officer", HUYEN, code=4)
    assert (waiting["state"], waiting["indexed"]) == ("AWAITING_SIGNATURE", False)
    assert waiting["error"]["code"] == "KEY_OF_OFFICER_MISSING"
    assert [c["signature"] for c in waiting["components"]] == [None, None]
    ids = [c["component_id"] for c in waiting["components"]]
    listed = office.run("sign", "list", "--json")
    assert [(one["component_id"], one["officer"]) for one in listed] == [(i, HUYEN) for i in ids]
    assert {one["request_id"] for one in listed} == {None}

    out = tmp_path / "carried"
    made = office.run(
        *("sign", "export", waiting["batch_id"], "--certificate", huyen.pem, "-o", out, "--json")
    )
    assert [(one["component_id"], one["again"]) for one in made] == [(i, False) for i in ids]
    program = str(ROOT / "tests" / "fakes" / "outside.py")
    requests = [str(one["file"]) for one in made]
    subprocess.run([sys.executable, program, huyen.files.pkcs12, *requests, "-o", out], check=True)
    listed = office.run("sign", "list", "--json")
    assert [one["request_id"] for one in listed] == [one["request_id"] for one in made]

    answers = [Path(one["file"]).with_suffix(".answer.json") for one in made]
    first = office.one("sign", "import", answers[0])
    assert (first["state"], first["waiting"]) == ("AWAITING_SIGNATURE", 1)
    assert [one["component_id"] for one in office.run("sign", "list", "--json")] == ids[1:]
    both = office.run("sign", "import", out, "--json", code=3)
    refused, done = sorted(both, key=lambda one: one["error"] is None)  # files come by their names
    assert refused["error"]["code"] == "SIGNING_REQUEST_USED"
    assert (done["state"], done["indexed"], done["error"]) == ("ARCHIVED", True, None)
    assert {c["signature"]["level"] for c in done["components"]} == {"PAdES-B-B"}
    assert {c["signature"]["signer"] for c in done["components"]} == {"Nguyễn Thị Ngọc Huyền"}
    assert office.run("sign", "list", "--json") == []
    verdicts = office.run("verify", done["dossier_code"], "--trust", huyen.files.root_pem, "--json")
    assert {(v["verdict"], v["stamp_top_left"], v["rev"]) for v in verdicts} == {("VALID", True, 0)}
    assert office.one("audit")["ok"] is True


# -- requests out ---------------------------------------------------------------------------


def test_a_request_that_still_holds_is_given_again(
    office: Services, bench: Bench, huyen: Token, renewed: Token, home: Path
) -> None:
    first = asked(office, huyen.pem)
    later = opened(bench, home, huyen, renewed)
    again = asked(later, huyen.pem)
    assert [one.request for one in again] == [one.request for one in first]
    assert [one.again for one in first + again] == [False, False, True, True]
    later.ports.records.close()


def test_another_certificate_makes_a_new_request(
    office: Services, huyen: Token, renewed: Token
) -> None:
    old, _ = asked(office, huyen.pem)
    new, _ = asked(office, renewed.pem)
    assert old.request.request_id != new.request.request_id
    document = huyen.device.answer(request_of(old))
    assert refused(office, document) == "SIGNING_REQUEST_OUTDATED"
    assert answer(office, renewed.device.answer(request_of(new))).waiting == 1


def test_one_component_may_be_asked_for(office: Services, huyen: Token) -> None:
    one = office.outside.waiting()[1].component.component_id
    (made,) = office.outside.export(one[:10], huyen.pem, office.actor(HUYEN))
    assert made.request.component_id == one


class NoRuns:
    """Port `flows.runs.Runs` of a server that has none, and takes what it is given."""

    def __init__(self) -> None:
        self.given: list[str] = []

    def unfinished(self) -> tuple[Run, ...]:
        return ()

    def dead(self, after: dt.datetime) -> tuple[Run, ...]:
        return ()

    def submit(self, batch_ids: Sequence[str], lane: Lane) -> None:
        self.given += batch_ids

    def bury(self, run_id: str) -> None:
        raise AssertionError(run_id)

    def keep_time(self, now: dt.datetime) -> None:
        pass

    def deploy(self) -> None:
        raise AssertionError


def test_a_batch_goes_on_after_the_last_signature_though_its_taker_was_killed(
    office: Services, huyen: Token
) -> None:
    runs = NoRuns()
    dispatcher = Dispatcher(office.batches, runs)
    first, last = asked(office, huyen.pem)
    dispatcher.round()
    answer(office, huyen.device.answer(request_of(first)))
    dispatcher.round()
    assert runs.given == [], "one signature is still waited for"
    response = read_response(json.dumps(huyen.device.answer(request_of(last))).encode())
    take_in(office.ports, response, office.actor(HUYEN))  # killed here, before the walk
    assert state(office) is BatchState.AWAITING_SIGNATURE
    dispatcher.round()
    assert runs.given == [batch_id(office)]
    assert office.batches.walk(batch_id(office)) is BatchState.ARCHIVED


def test_a_certificate_of_somebody_else_is_refused(office: Services, binh: Token) -> None:
    with pytest.raises(SohoaError) as found:
        asked(office, binh.pem)
    assert found.value.code == "CERTIFICATE_NOT_OF_OFFICER"
    assert all(one.handed_out is None for one in office.outside.waiting())


@pytest.mark.parametrize("data", [b"", b"text", b"-----BEGIN CERTIFICATE-----\n*\n"])
def test_a_file_without_a_certificate_is_refused(
    office: Services, tmp_path: Path, data: bytes
) -> None:
    file = tmp_path / "x.pem"
    file.write_bytes(data)
    with pytest.raises(SohoaError) as found:
        asked(office, file)
    assert found.value.code == "CERTIFICATE_UNREADABLE"


def test_what_does_not_wait_cannot_be_asked_for(office: Services, huyen: Token) -> None:
    for what, code in (("0" * 12, "SIGNING_TARGET_UNKNOWN"), ("", "SIGNING_TARGET_UNKNOWN")):
        with pytest.raises(SohoaError) as found:
            office.outside.export(what, huyen.pem, office.actor(HUYEN))
        assert found.value.code == code
    for one in asked(office, huyen.pem):
        answer(office, huyen.device.answer(request_of(one)))
    with pytest.raises(SohoaError) as found:
        asked(office, huyen.pem)
    assert found.value.code == "NOTHING_TO_SIGN"


# -- signatures in --------------------------------------------------------------------------


def test_days_and_restarts_may_lie_between(
    office: Services, bench: Bench, huyen: Token, renewed: Token, home: Path, tmp_path: Path
) -> None:
    requests = [request_of(one) for one in asked(office, huyen.pem)]
    more = tmp_path / "more.pdf"
    with pikepdf.open(bench.source) as pdf:
        del pdf.pages[1:]
        pdf.save(more)
    terms = IngestTerms(as_code="C_KHAI_TU")
    (other,) = office.batches.ingest(more, terms, office.actor("another")).views
    assert other.state is BatchState.ARCHIVED, "another officer's batch goes on"
    office.ports.records.close()
    later = opened(bench, home, huyen, renewed)
    later.ports.clock = StillClock(NOW + dt.timedelta(days=6))
    taken = [answer(later, huyen.device.answer(request)) for request in requests]
    assert [one.waiting for one in taken] == [1, 0]
    assert taken[1].outcome is not None
    assert taken[1].outcome.views[0].state is BatchState.ARCHIVED
    assert later.audit().ok
    assert [p for p in (home / "work" / "stages").rglob("*.json")] == []
    later.ports.records.close()


def test_a_batch_that_could_not_go_on_after_the_last_signature_waits_for_nobody(
    office: Services, huyen: Token, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, last = [request_of(one) for one in asked(office, huyen.pem)]
    assert answer(office, huyen.device.answer(first)).waiting == 1
    assert state(office) is BatchState.AWAITING_SIGNATURE

    def killed(_: str) -> None:
        raise ArchiveUnavailable

    monkeypatch.setattr(office.batches, "resume", killed)
    assert refused(office, huyen.device.answer(last)) == "ARCHIVE_UNAVAILABLE"
    record = next(office.ports.records.batches())
    assert (record.state, record.problem) == (BatchState.PENDING, None)


def test_an_answer_that_comes_too_late_is_refused(office: Services, huyen: Token) -> None:
    request, _ = asked(office, huyen.pem)
    office.ports.clock = StillClock(NOW + dt.timedelta(days=8))
    document = huyen.device.answer(request_of(request))
    assert refused(office, document) == "SIGNING_REQUEST_EXPIRED"
    new, _ = asked(office, huyen.pem)
    assert not new.again
    assert answer(office, huyen.device.answer(request_of(new))).waiting == 1


def test_a_tampered_request_makes_no_signature(office: Services, huyen: Token) -> None:
    request = request_of(asked(office, huyen.pem)[0])
    other = base64.b64encode(base64.b64decode(request["to_be_signed"]) + b"!").decode()
    document = huyen.device.answer(request | {"to_be_signed": other})
    assert refused(office, document) == "OUTSIDE_SIGNATURE_WRONG"
    assert answer(office, huyen.device.answer(request)).waiting == 1


def test_the_signature_of_another_component_is_refused(office: Services, huyen: Token) -> None:
    one, two = (huyen.device.answer(request_of(r)) for r in asked(office, huyen.pem))
    assert refused(office, one | {"signature": two["signature"]}) == "OUTSIDE_SIGNATURE_WRONG"
    assert refused(office, one | {"request_id": two["request_id"]}) == "SIGNING_REQUEST_OUTDATED"
    assert refused(office, one | {"component_id": "0" * 64}) == "COMPONENT_UNKNOWN"


def test_a_colleague_cannot_answer(office: Services, huyen: Token, binh: Token) -> None:
    request = request_of(asked(office, huyen.pem)[0])
    document = binh.device.answer(request)
    assert refused(office, document) == "CERTIFICATE_NOT_OF_OFFICER"
    document["certificate_sha256"] = huyen.device.fingerprint
    assert refused(office, document) == "OUTSIDE_SIGNATURE_WRONG"


def test_a_certificate_that_is_no_longer_the_officers_is_refused(
    office: Services, bench: Bench, huyen: Token, renewed: Token, home: Path
) -> None:
    document = huyen.device.answer(request_of(asked(office, huyen.pem)[0]))
    later = opened(bench, home, renewed)
    assert refused(later, document) == "CERTIFICATE_NOT_OF_OFFICER"
    later.ports.records.close()


def test_an_answer_counts_once(office: Services, huyen: Token) -> None:
    one, two = (huyen.device.answer(request_of(r)) for r in asked(office, huyen.pem))
    answer(office, one)
    assert refused(office, one) == "SIGNING_REQUEST_USED"
    assert answer(office, two).outcome is not None
    assert state(office) is BatchState.ARCHIVED
    assert {refused(office, document) for document in (one, two)} == {"SIGNING_REQUEST_USED"}


def test_without_a_request_nothing_is_taken(office: Services, huyen: Token) -> None:
    request = request_of(asked(office, huyen.pem)[0])
    shutil.rmtree(office.ports.home / "work" / "stages" / "request")
    assert refused(office, huyen.device.answer(request)) == "SIGNING_REQUEST_UNKNOWN"


def test_prepared_bytes_that_changed_are_not_signed(office: Services, huyen: Token) -> None:
    asked(office, huyen.pem)
    held = next(office.ports.workspace.results("request", OpenRequest))
    digest = held.prepared.document.sha256
    blob = office.ports.home / "work" / "blobs" / digest[:2] / digest
    data = blob.read_bytes()
    blob.write_bytes(data[:-1] + b"!")
    document = huyen.device.answer(json.loads(canonical(held.request)))
    assert refused(office, document) == "CHECKSUM_MISMATCH"
    blob.unlink()
    assert refused(office, document) == "SIGNING_REQUEST_UNKNOWN"


@pytest.mark.parametrize("data", ["", "{}", "[" * 2000, '{"schema": "sohoa.signing-response/2"}'])
def test_what_is_no_answer_is_refused(office: Services, data: str) -> None:
    file = office.ports.home.parent / "answer.json"
    file.write_text(data)
    with pytest.raises(SohoaError) as found:
        office.outside.take_in(file, office.actor(HUYEN))
    assert found.value.code == "SIGNING_RESPONSE_UNREADABLE"
    with pytest.raises(SohoaError) as found:
        office.outside.take_in(file.with_name("nope"), office.actor(HUYEN))
    assert found.value.code == "SIGNING_RESPONSE_MISSING"


# -- the key is there after all -------------------------------------------------------------


def test_a_key_that_appears_lets_the_batch_go_on(
    office: Services, bench: Bench, huyen: Token, renewed: Token, home: Path
) -> None:
    document = huyen.device.answer(request_of(asked(office, huyen.pem)[0]))
    office.ports.records.close()
    later = opened(bench, home, huyen, renewed, key=huyen.files.pkcs12)
    ((_, became),) = later.batches.resume_all()
    assert not isinstance(became, SohoaError)
    assert became.views[0].state is BatchState.ARCHIVED
    assert refused(later, document) == "SIGNING_REQUEST_USED"
    assert findings(later) == []
    later.ports.records.close()


def test_a_key_of_somebody_else_does_not_sign(
    bench: Bench, huyen: Token, renewed: Token, binh: Token, home: Path
) -> None:
    later = opened(bench, home, huyen, renewed, key=binh.files.pkcs12)
    ((_, became),) = later.batches.resume_all()
    assert not isinstance(became, SohoaError)
    problem = became.views[0].problem
    assert problem is not None and problem.code == "CERTIFICATE_NOT_OF_OFFICER"
    assert not list(later.ports.store.list("dossiers/"))
    later.ports.records.close()


# -- several hosts --------------------------------------------------------------------------


def test_the_newest_request_counts_on_every_host(
    bench: Bench, huyen: Token, renewed: Token, tmp_path: Path
) -> None:
    shared = MemoryBacking()

    def host(name: str) -> Services:
        one = opened(bench, tmp_path / name, huyen, renewed)
        settings = one.settings.model_copy(
            update={
                "archive": ArchiveSettings(url=f"file:{tmp_path / 'archive'}"),
                "database": DatabaseSettings(url=f"sqlite:{tmp_path / 'records.sqlite'}"),
                "search": SearchSettings(url=f"sqlite:{tmp_path / 'index.sqlite'}"),
            }
        )
        services = Services(settings, Silence())
        ports = services.ports
        ports.__dict__["engine"] = Replayer(bench.memory)
        ports.__dict__["workspace"] = Workspace(ports.home / "work", shared)
        return services

    lost = host("lost")
    lost.batches.ingest(bench.source, IngestTerms(), lost.actor(HUYEN))
    lost.ports.records.close()
    shutil.rmtree(tmp_path / "lost")
    here, there = host("here"), host("there")
    first, second = asked(here, huyen.pem)
    newer, _ = asked(there, renewed.pem)
    old = huyen.device.answer(request_of(first))
    assert refused(here, old) == "SIGNING_REQUEST_OUTDATED"
    assert answer(here, renewed.device.answer(request_of(newer))).waiting == 1
    again = asked(there, huyen.pem)
    assert [one.request.component_id for one in again] == [second.request.component_id]
    done = answer(here, huyen.device.answer(request_of(again[0]))).outcome
    assert done is not None and done.views[0].state is BatchState.ARCHIVED
    assert findings(there) == []
    for services in (here, there):
        services.ports.records.close()


# -- killed on the way ----------------------------------------------------------------------


@pytest.mark.timeout(900)
def test_an_answer_that_was_killed_is_given_again_or_resumed(
    office: Services, bench: Bench, huyen: Token, renewed: Token, home: Path, tmp_path: Path
) -> None:
    one, two = (huyen.device.answer(request_of(r)) for r in asked(office, huyen.pem))
    answer(office, one)
    office.ports.records.close()
    last = tmp_path / "last.json"
    last.write_text(json.dumps(two))
    log = tmp_path / "moments.txt"

    def take_in(home: Path, killer: Killer) -> int:
        def act() -> None:
            services = opened(bench, home, huyen, renewed)
            mortal(services, killer, TOUCHED)
            services.outside.take_in(last, services.actor(HUYEN))

        return in_child(act)

    assert take_in(shutil.copytree(home, tmp_path / "whole"), Killer(None, log)) == 0
    labels = log.read_text().splitlines()
    ours = labels[: labels.index("records.allocate_component before")]  # the walk has its own test
    assert {"two_step.finish after", "records.commit_revision after"} <= set(ours)
    for moment in once_each(ours):
        label = labels[moment - 1]
        struck = shutil.copytree(home, tmp_path / f"home-{moment}")
        assert take_in(struck, Killer(moment)) != 0
        services = opened(bench, struck, huyen, renewed)
        if state(services) is not BatchState.ARCHIVED:
            services.outside.take_in(last, services.actor(HUYEN))
        assert findings(services) == [], label
        services.ports.records.close()
        shutil.rmtree(struck)


@pytest.mark.timeout(900)
def test_an_export_that_was_killed_is_made_again(
    office: Services, bench: Bench, huyen: Token, renewed: Token, home: Path, tmp_path: Path
) -> None:
    office.ports.records.close()
    log = tmp_path / "moments.txt"

    def export(home: Path, killer: Killer) -> int:
        def act() -> None:
            services = opened(bench, home, huyen, renewed)
            mortal(services, killer, TOUCHED)
            asked(services, huyen.pem)

        return in_child(act)

    assert export(shutil.copytree(home, tmp_path / "whole"), Killer(None, log)) == 0
    labels = log.read_text().splitlines()
    for moment in once_each(labels):
        struck = shutil.copytree(home, tmp_path / f"home-{moment}")
        assert export(struck, Killer(moment)) != 0
        services = opened(bench, struck, huyen, renewed)
        taken = [
            answer(services, huyen.device.answer(request_of(one))).waiting
            for one in asked(services, huyen.pem)[:1]
        ]
        assert taken == [1], labels[moment - 1]
        assert services.audit().ok, labels[moment - 1]
        services.ports.records.close()
        shutil.rmtree(struck)
