"""Records on PostgreSQL when the server is down, slow, full, killed, or its answer is lost."""

from __future__ import annotations

import contextlib
import multiprocessing
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import make_url, text

from pipeline.errors import ArchiveUnavailable, ConfigError, MissingToolError, SohoaError
from pipeline.ids import component_id
from pipeline.models.batch import BatchState, DossierStage
from pipeline.models.events import Event
from pipeline.models.records import Revision
from pipeline.models.review import Answer, AnswerKind, ReviewItem, ReviewKind
from pipeline.models.split import PageCounts
from pipeline.ports.records import DossierWish
from storage.ledger import verify_chain
from storage.records import SqlRecords, look, needs_upgrade, open_records, postgresql, upgrade
from storage.records.schema import HEAD, metadata
from tests.fakes.archived import ACTOR, SIGNATURE, START, Papers, batch_of
from tests.fakes.clocks import StillClock
from tests.fakes.clusters import Cluster, cluster
from tests.fakes.databases import Place, empty_database, server
from tests.fakes.fault_proxy import FaultProxy

GRANTS = Path(__file__).parents[2] / "deploy" / "postgresql" / "grants.sql"
WISH = DossierWish(None, "P1", "C1", START, "{unit}-{yymmdd}-{n:04d}")
BATCH = batch_of(Papers("a"))
COMPONENT = component_id(BATCH.batch_id, [0])
REVISION = Revision(
    rev=0, sha256="a" * 64, size=1, signature=SIGNATURE, object_key="dossiers/a.pdf"
)
QUESTION = ReviewItem(
    review_id=COMPONENT, batch_id=BATCH.batch_id, kind=ReviewKind.FIELD, reason="A"
)
ANSWER = Answer(kind=AnswerKind.ACCEPT, actor="dev", at=START)


def said(name: str) -> Event:
    return Event(event_id=name, at=START, actor=ACTOR, action="batch.received")


@pytest.fixture
def proxy(database: Place) -> Iterator[FaultProxy]:
    url = make_url(database.url)
    with FaultProxy(url.host or "", url.port or 5432) as proxy:
        yield proxy
    database.clear()


@pytest.fixture
def records(proxy: FaultProxy, database: Place) -> Iterator[SqlRecords]:
    records = database.through(proxy.host, proxy.port).open(StillClock(START))
    yield records
    records.close()


# -- the answer is lost ---------------------------------------------------------------------

CALLS: list[Callable[[SqlRecords], Any]] = [
    lambda r: r.register_batch(BATCH, [said("e1")]),
    lambda r: r.open_dossier(BATCH.batch_id, 0, WISH, [said("e2")]),
    lambda r: r.put_counts(BATCH.batch_id, [PageCounts(in_=4, kept=3, blank=1)]),
    lambda r: r.allocate_component(COMPONENT, BATCH.batch_id, 0, "Z_OTHER", [0], 0.5),
    lambda r: r.put_reviews(BATCH.batch_id, [QUESTION], [ReviewKind.FIELD.value]),
    lambda r: r.answer(QUESTION.review_id, ANSWER, [said("e3")]),
    lambda r: r.commit_revision(COMPONENT, REVISION, [said("e4")]),
    lambda r: r.allocate_digitisation_code(COMPONENT, START.date()),
    lambda r: r.commit_stored(COMPONENT, 0, "v1", "b" * 64, [said("e5")]),
    lambda r: r.allocate_manifest(BATCH.batch_id, "DEV", "DEV-261122-0001"),
    lambda r: r.set_state(BATCH.batch_id, BatchState.PENDING, [said("e6")]),
    lambda r: r.append([said("e7")]),
    lambda r: r.finish_batch(BATCH.batch_id, [said("e8")]),
    lambda r: r.chain_events(),
]
"""One batch's way, each step ready for the next."""


def everything(place: Place) -> list[tuple[object, ...]]:
    """All rows but for the values of their counters of rows."""
    return [
        (table, *row)
        for table in sorted(metadata.tables)
        for row in place.run(f"SELECT to_jsonb(t) - 'row_id' FROM {table} t ORDER BY 1")
    ]


def test_a_step_whose_answer_was_lost_is_repeated_with_the_same_effect(
    records: SqlRecords, proxy: FaultProxy, database: Place
) -> None:
    for call in CALLS:
        call(records)
    expected = everything(database)
    database.clear()
    for call in CALLS:
        proxy.lose_answer(to=b"COMMIT")
        with pytest.raises(ArchiveUnavailable) as lost:
            call(records)
        assert (lost.value.code, lost.value.retryable) == ("RECORDS_UNAVAILABLE", True)
        call(records)
    assert proxy.hits == len(CALLS)
    assert everything(database) == expected


def test_a_step_that_was_cut_off_left_nothing(
    records: SqlRecords, proxy: FaultProxy, database: Place
) -> None:
    for call in CALLS[:2]:
        call(records)
    before = everything(database)
    for marker in (b"pg_advisory_xact_lock", b"INSERT INTO counters", b"COMMIT"):
        proxy.cut_request(at=marker, after=0)
        with contextlib.suppress(ArchiveUnavailable):
            records.allocate_component(COMPONENT, BATCH.batch_id, 0, "Z_OTHER", [0], 0.5)
        proxy.calm()
    records.discard_components(BATCH.batch_id, [])
    found = [row for row in everything(database) if row[0] != "counters"]
    assert found == [row for row in before if row[0] != "counters"]


# -- down, slow, crowded --------------------------------------------------------------------


def test_a_server_that_was_down_is_used_again_without_a_restart(
    records: SqlRecords, proxy: FaultProxy
) -> None:
    records.register_batch(BATCH, [])
    proxy.down()
    for call in (lambda: records.register_batch(BATCH, []), lambda: list(records.batches())):
        with pytest.raises(ArchiveUnavailable) as down:
            call()
        assert (down.value.code, int(down.value.exit_code)) == ("RECORDS_UNAVAILABLE", 5)
    proxy.up()
    assert records.batch(BATCH.batch_id).batch == BATCH
    proxy.reset()
    assert records.batch(BATCH.batch_id).batch == BATCH


def test_a_server_that_does_not_answer_is_given_up(
    proxy: FaultProxy, database: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgresql, "_CONNECT_SECONDS", 2)
    silent = database.through(proxy.host, proxy.port)
    proxy.hold()
    begin = time.monotonic()
    with pytest.raises(ArchiveUnavailable) as slow:
        silent.open(StillClock(START))
    assert slow.value.code == "RECORDS_UNAVAILABLE"
    assert time.monotonic() - begin < 30
    proxy.release()


def test_a_statement_that_takes_too_long_is_given_up(
    database: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgresql.engine_of, "__kwdefaults__", {"statement_ms": 50, "pool": None})
    records = database.open(StillClock(START))
    with (
        pytest.raises(ArchiveUnavailable) as slow,
        records._database.read() as connection,
    ):
        connection.execute(text("SELECT pg_sleep(5)"))
    assert slow.value.code == "RECORDS_UNAVAILABLE"
    records.close()


class Refused(Exception):
    """What psycopg raises, with the state alone."""

    def __init__(self, state: str) -> None:
        self.sqlstate = state


@pytest.mark.parametrize(
    ("state", "error", "code"),
    [
        ("53100", ArchiveUnavailable, "DISK_FULL"),
        ("53300", ArchiveUnavailable, "RECORDS_CROWDED"),
        ("25006", ArchiveUnavailable, "RECORDS_READ_ONLY"),
        ("40001", ArchiveUnavailable, "RECORDS_UNAVAILABLE"),
        ("40P01", ArchiveUnavailable, "RECORDS_UNAVAILABLE"),
        ("55P03", ArchiveUnavailable, "RECORDS_UNAVAILABLE"),
        ("57014", ArchiveUnavailable, "RECORDS_UNAVAILABLE"),
        ("57P01", ArchiveUnavailable, "RECORDS_UNAVAILABLE"),
        ("58030", ArchiveUnavailable, "RECORDS_UNAVAILABLE"),
        ("28P01", ConfigError, "RECORDS_REFUSED"),
        ("42501", ConfigError, "RECORDS_REFUSED"),
        ("XX001", ConfigError, "RECORDS_CORRUPT"),
        ("42P01", ConfigError, "RECORDS_CORRUPT"),
    ],
)
def test_states_have_their_meaning(state: str, error: type[SohoaError], code: str) -> None:
    found = postgresql.known(Refused(state))
    assert type(found) is error
    assert found.code == code


def test_our_own_mistakes_are_no_failures_of_the_server() -> None:
    assert postgresql.known(Refused("23505")) is None
    assert postgresql.known(ValueError()) is None


# -- what is set wrong ----------------------------------------------------------------------


def refused(place: Place) -> SohoaError:
    with pytest.raises(SohoaError) as caught:
        look(place.url, place.password)
    return caught.value


def test_what_is_set_wrong_is_said(database: Place) -> None:
    stranger = make_url(database.url).set(username="stranger")
    cases = {
        "database": database.named("no_such_database"),
        "password": Place(database.url, SecretStr("wrong-s3cret")),
        "user": Place(stranger.render_as_string(hide_password=False), database.password),
    }
    for what, place in cases.items():
        error = refused(place)
        assert (type(error), error.code) == (ConfigError, "RECORDS_REFUSED"), what
    nobody = database.through("127.0.0.1", 1)
    assert refused(nobody).code == "RECORDS_UNAVAILABLE"


def test_a_password_is_shown_nowhere(database: Place) -> None:
    secret = "wrong-s3cret"
    with pytest.raises(ConfigError) as caught:
        open_records(database.url, StillClock(START), password=SecretStr(secret))
    assert secret not in "".join(traceback.format_exception(caught.value))
    assert secret not in f"{caught.value!r} {caught.value.__cause__!r}"
    records = database.open(StillClock(START))
    product = records._database._product
    shown = f"{vars(records)} {vars(records._database)} {vars(product)} {product.writer.url!r}"
    assert database.password is None or database.password.get_secret_value() not in shown.replace(
        database.url, ""
    )
    records.close()
    url = make_url(database.url).set(password=secret).render_as_string(hide_password=False)
    with pytest.raises(ConfigError) as typed:
        open_records(url, StillClock(START))
    assert typed.value.code == "RECORDS_URL_PASSWORD"
    assert secret not in f"{typed.value} {typed.value.params}"


def test_values_do_not_stand_in_errors(database: Place) -> None:
    records = database.open(StillClock(START))
    with (
        pytest.raises(Exception, match="does not exist") as caught,
        records._database.read() as connection,
    ):
        connection.execute(text("SELECT no_such(:name)"), {"name": "Nguyễn Văn A"})
    assert "Nguyễn" not in str(caught.value)
    records.close()


def test_a_database_that_cannot_hold_vietnamese_is_refused(
    request: pytest.FixtureRequest,
) -> None:
    options = "ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"
    with empty_database(server(request), options) as place:
        with pytest.raises(ConfigError) as unfit:
            upgrade(place.url, place.password)
        assert (unfit.value.code, unfit.value.params) == (
            "RECORDS_ENCODING",
            {"found": "SQL_ASCII"},
        )
        assert look(place.url, place.password).revision is None


def test_a_missing_driver_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(*_: object, **__: object) -> None:
        raise ModuleNotFoundError("psycopg")

    monkeypatch.setattr(postgresql, "create_engine", absent)
    with pytest.raises(MissingToolError) as missing:
        open_records("postgresql+psycopg://u@127.0.0.1/x", StillClock(START))
    assert missing.value.code == "RECORDS_DRIVER_MISSING"


# -- migrations -----------------------------------------------------------------------------


def _open(place: Place, start: Any) -> None:
    start.wait()
    records = place.open(StillClock(START))
    assert list(records.batches()) == []
    records.close()


def test_hosts_that_find_an_empty_database_at_once(request: pytest.FixtureRequest) -> None:
    with empty_database(server(request)) as place:
        assert needs_upgrade(place.url, place.password)
        context = multiprocessing.get_context("fork")
        start = context.Barrier(4)
        workers = [context.Process(target=_open, args=(place, start)) for _ in range(4)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(60)
        assert [worker.exitcode for worker in workers] == [0] * 4
        found = look(place.url, place.password)
        assert found.revision == HEAD
        assert found.product.startswith("PostgreSQL ")


# -- killed ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def own() -> Iterator[Cluster]:
    with cluster() as made:
        upgrade(made.place.url)
        yield made


def _surely(call: Callable[[], Any]) -> None:
    """What fails while the server is away is repeated until it is done."""
    end = time.monotonic() + 90
    while True:
        try:
            call()
        except ArchiveUnavailable:
            if time.monotonic() > end:
                raise
            time.sleep(0.02)
        else:
            return


def _walk(records: SqlRecords, name: str) -> None:
    batch = batch_of(Papers(name))
    identity, whole = component_id(batch.batch_id, [0]), batch.batch_id
    revision = REVISION.model_copy(update={"object_key": f"{identity}.pdf"})
    for call in (
        lambda: records.register_batch(batch, [said(f"received {name}")]),
        lambda: records.open_dossier(whole, 0, WISH, []),
        lambda: records.allocate_component(identity, whole, 0, "Z_OTHER", [0], 0.5),
        lambda: records.commit_revision(identity, revision, [said(f"signed {name}")]),
        lambda: records.allocate_digitisation_code(identity, START.date()),
        lambda: records.commit_stored(identity, 0, "v1", "b" * 64, []),
        lambda: records.finish_batch(whole, [said(f"archived {name}")]),
        records.chain_events,
    ):
        _surely(call)


def _keep_writing(place: Place, number: int, ready: Any, done: Any, end: Any) -> None:
    records = place.open(StillClock(START))
    made = 0
    while not end.is_set():
        _walk(records, f"{number} {made}")
        made += 1
        if made == 3:
            ready.wait(60)
    done.put((number, made))
    records.close()


@pytest.mark.timeout(240)
def test_a_killed_server_leaves_nothing_half(own: Cluster) -> None:
    context = multiprocessing.get_context("fork")
    ready, done, end = context.Barrier(4), context.Queue(), context.Event()
    workers = [
        context.Process(target=_keep_writing, args=(own.place, n, ready, done, end), daemon=True)
        for n in range(3)
    ]
    for worker in workers:
        worker.start()
    ready.wait(60)
    for _ in range(3):
        own.kill()
        own.start()
    end.set()
    made = dict(done.get(timeout=100) for _ in workers)
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0] * 3
    names = {f"{number} {n}" for number, count in made.items() for n in range(count)}
    records = own.place.open(StillClock(START))
    records.chain_events()
    links = list(records.ledger())
    assert verify_chain(links) is None
    assert sorted(link.event.event_id for link in links) == sorted(
        f"{what} {name}" for name in names for what in ("received", "signed", "archived")
    )
    batches = list(records.batches())
    assert {b.batch.batch_id for b in batches} == {batch_of(Papers(n)).batch_id for n in names}
    assert all(b.state is BatchState.ARCHIVED for b in batches)
    components = records.components()
    codes = {c.digitisation_code for c in components}
    assert len(components) == len(codes) == len(names)
    assert all(len(c.revisions) == 1 and c.current and c.current.version_id for c in components)
    assert len(list(records.dossiers())) == len(names)
    assert sorted(r.component_id for r in records.outbox(10_000)) == sorted(
        c.component_id for c in components
    )
    records.close()


def test_a_server_that_takes_no_more_says_so(own: Cluster) -> None:
    own.stop()
    own.start("max_connections=4", "superuser_reserved_connections=1")
    held = [own.place.open(StillClock(START)) for _ in range(4)]
    with contextlib.ExitStack() as stack:
        with pytest.raises(ArchiveUnavailable) as crowded:
            for records in held:
                stack.enter_context(records._database.read())
            stack.enter_context(own.place.open(StillClock(START))._database.read())
        assert crowded.value.code == "RECORDS_CROWDED"
    for records in held:
        records.close()
    own.stop()
    own.start()


def test_a_server_that_is_read_only_says_so(own: Cluster) -> None:
    own.place.run("ALTER ROLE office SET default_transaction_read_only = on")
    records = own.place.open(StillClock(START))
    try:
        with pytest.raises(ArchiveUnavailable) as closed:
            records.append([said("too late")])
        assert closed.value.code == "RECORDS_READ_ONLY"
        assert "too late" not in {link.event.event_id for link in records.ledger()}
    finally:
        records.close()
        own.place.run(
            "SET default_transaction_read_only = off",
            "ALTER ROLE office RESET default_transaction_read_only",
        )


def test_the_account_of_the_daily_work_needs_few_rights(own: Cluster) -> None:
    own.place.run("CREATE ROLE sohoa LOGIN")
    with empty_database(own.place) as owned:
        upgrade(owned.url)
        told = "".join(
            line for line in GRANTS.read_text().splitlines(keepends=True) if line[:2] != "--"
        )
        for _ in range(2):
            owned.run(*filter(str.strip, told.split(";")))
        worker = Place(
            make_url(owned.url).set(username="sohoa").render_as_string(hide_password=False)
        )
        records = worker.open(StillClock(START))
        for call in CALLS:
            call(records)
        records.discard_components(BATCH.batch_id, [])
        records.delivered([row.row_id for row in records.outbox()])
        records.set_stage("DEV", "DEV-261122-0001", DossierStage.SETTLED, [])
        assert verify_chain(list(records.ledger())) is None
        for forbidden in (
            "DELETE FROM events",
            "UPDATE events SET document = document",
            "DELETE FROM revisions",
            "UPDATE alembic_version SET version_num = version_num",
            "DROP TABLE outbox",
        ):
            with pytest.raises(ConfigError) as refused, records._database.write("x") as connection:
                connection.execute(text(forbidden))
            assert refused.value.code == "RECORDS_REFUSED", forbidden
        records.close()
    own.place.run("DROP ROLE sohoa")
