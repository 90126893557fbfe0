"""The real servers of an office, as fixtures. A plugin of every test run.

`bin/test` starts them with `bin/services run`; by hand: `eval "$(bin/services start)"`. Their
variables are taken out of the environment as the run begins, so that every test that does not ask
for a server works embedded, whatever the shell holds. A test hands a server's `exports` to the
process or to `load_settings` that is to use it. Servers that are absent leave the test out with
the reason. A test that kills servers has an office of its own (`own_services`).
"""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import subprocess
import urllib.request
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from minio import Minio
from psycopg import sql

ROOT = Path(__file__).parents[1]
BIN = ROOT / "bin" / "services"
TAKEN = pytest.StashKey[Mapping[str, str]]()
_GROUPS = ("ARCHIVE", "DATABASE", "SEARCH", "SIGNING", "TSA", "FLOWS")
_PREFIXES = (*(f"SOHOA_{group}__" for group in _GROUPS), "SERVICES_", "SOFTHSM2_CONF")


@dataclass(frozen=True, slots=True)
class MinioServer:
    """The object store. Names of buckets begin with `sohoa-archive` or `sohoa-work`."""

    endpoint: str
    """`HOST:PORT`, without TLS."""
    access_key: str
    secret_key: str
    reader_access_key: str
    reader_secret_key: str
    bucket: str
    """Versioned, locked."""
    work_bucket: str
    root_user: str
    root_password: str
    exports: Mapping[str, str] = field(repr=False)

    def root(self) -> Minio:
        """A client that may do everything but lift a COMPLIANCE lock."""
        return Minio(self.endpoint, self.root_user, self.root_password, secure=False)

    def fresh_bucket(self, *, locked: bool = True) -> str:
        """An empty bucket that writer and reader may use. It stays: locked objects cannot go."""
        kind = "archive" if locked else "work"
        name = f"sohoa-{kind}-{uuid4().hex[:12]}"
        self.root().make_bucket(name, object_lock=locked)
        return name

    def settings(self, bucket: str) -> dict[str, str]:
        """`exports`, pointing at another bucket."""
        return {**self.exports, "SOHOA_ARCHIVE__URL": f"s3:http://{self.endpoint}/{bucket}"}


@dataclass(frozen=True, slots=True)
class Database:
    """An empty database of a test."""

    url: str
    """`postgresql+psycopg://…`, without the password."""
    password: str

    @property
    def exports(self) -> dict[str, str]:
        """The variables that point Sohoa at it."""
        return {"SOHOA_DATABASE__URL": self.url, "SOHOA_DATABASE__PASSWORD": self.password}


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """The database server."""

    url: str
    """Sohoa's database, shared by all: tests use `fresh_database`."""
    password: str
    admin_url: str
    """`postgresql://…`, password included: may create databases."""
    exports: Mapping[str, str] = field(repr=False)

    @contextlib.contextmanager
    def fresh_database(self) -> Iterator[Database]:
        """An empty database of Sohoa's role; dropped afterwards, open sessions or not."""
        name = f"test_{uuid4().hex[:12]}"
        with psycopg.connect(self.admin_url, autocommit=True) as admin:
            admin.execute(sql.SQL("CREATE DATABASE {} OWNER sohoa").format(sql.Identifier(name)))
            try:
                yield Database(f"{self.url.rpartition('/')[0]}/{name}", self.password)
            finally:
                admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@dataclass(frozen=True, slots=True)
class ElasticServer:
    """The search server."""

    url: str
    user: str
    """May use indices named `sohoa-…` only."""
    password: str
    admin_user: str
    admin_password: str
    exports: Mapping[str, str] = field(repr=False)

    @contextlib.contextmanager
    def fresh_index(self) -> Iterator[str]:
        """A name that no index has; indices whose name begins with it are deleted afterwards."""
        name = f"sohoa-test-{uuid4().hex[:12]}"
        try:
            yield name
        finally:
            for index in self.ask("GET", f"/_cat/indices/{name}*?format=json&h=index") or ():
                self.ask("DELETE", f"/{index['index']}")

    def ask(self, method: str, path: str) -> Any:
        """The parsed answer to the administrator."""
        login = b64encode(f"{self.admin_user}:{self.admin_password}".encode()).decode()
        request = urllib.request.Request(
            self.url + path, method=method, headers={"Authorization": f"Basic {login}"}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read())


@dataclass(frozen=True, slots=True)
class Pki:
    """Token, officers' certificates, timestamp authority, OCSP and CRL."""

    module: Path
    token: str
    pin: str
    officers: Mapping[str, str]
    """Account → label of key and certificate: `dev` RSA-2048, `hung` RSA-3072, `lan` P-256, `thu`
    RSA-2048 with a revoked certificate."""
    folder: Path
    tsa_url: str
    exports: Mapping[str, str] = field(repr=False)

    @property
    def root(self) -> Path:
        """PEM of the root that issued the authority's and the TSA's certificates."""
        return self.folder / "root.pem"

    @property
    def chain(self) -> Path:
        """PEM of the authority that issued the officers' certificates."""
        return self.folder / "ca.pem"

    def certificate(self, account: str) -> Path:
        """PEM of an officer's certificate."""
        return self.folder / f"{account}.pem"


@dataclass(frozen=True, slots=True)
class PrefectServer:
    """The conductor."""

    api_url: str
    exports: Mapping[str, str] = field(repr=False)


class OwnServices:
    """An office of its own for a test that kills servers: nobody else is disturbed."""

    def __init__(self, state: Path) -> None:
        self.state = state

    def start(self, *names: str, bind: str | None = None) -> dict[str, str]:
        """Start all or the named, again after a kill; the variables of all that run."""
        more = ["--bind", bind] if bind else []
        told = self._call("start", *names, *more)
        words = shlex.split(told)
        return dict(word.split("=", 1) for word in words if word != "export")

    def kill(self, *names: str) -> None:
        """SIGKILL: port and data stay for the next start."""
        self._call("kill", *names)

    def stop(self, *names: str) -> None:
        """End all or the named."""
        self._call("stop", *names)

    def erase(self) -> None:
        """End all and remove their data."""
        self._call("stop", "--erase")

    def _call(self, command: str, *more: str) -> str:
        done = subprocess.run(
            [BIN, command, "--state", self.state, *more],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


def pytest_configure(config: pytest.Config) -> None:
    """Take the servers' variables out of the environment of the process that runs tests."""
    hands_out = config.getoption("dist", "no") != "no" and not hasattr(config, "workerinput")
    if not hands_out:
        config.stash[TAKEN] = take(os.environ)


def take(environ: dict[str, str] | os._Environ[str]) -> dict[str, str]:
    """Remove and return what `bin/services` told; the place of the token stays."""
    taken = {name: value for name, value in environ.items() if name.startswith(_PREFIXES)}
    for name in taken:
        if name != "SOFTHSM2_CONF":
            del environ[name]
    return taken


@pytest.fixture(scope="session")
def services_told(pytestconfig: pytest.Config) -> Mapping[str, str]:
    """All variables that the shell held of running servers."""
    return pytestconfig.stash[TAKEN]


def _need(told: Mapping[str, str], service: str, sign: str) -> None:
    if sign not in told:
        reason = told.get(f"SERVICES_LACKING_{service.upper()}") or "bin/services does not run it"
        pytest.skip(f"{service}: {reason}")


def _some(told: Mapping[str, str], *prefixes: str) -> dict[str, str]:
    return {name: value for name, value in told.items() if name.startswith(prefixes)}


@pytest.fixture(scope="session")
def minio_service(services_told: Mapping[str, str]) -> MinioServer:
    _need(services_told, "minio", "SERVICES_MINIO_ENDPOINT")
    return MinioServer(
        endpoint=services_told["SERVICES_MINIO_ENDPOINT"],
        access_key=services_told["SOHOA_ARCHIVE__ACCESS_KEY"],
        secret_key=services_told["SOHOA_ARCHIVE__SECRET_KEY"],
        reader_access_key=services_told["SOHOA_ARCHIVE__READER_ACCESS_KEY"],
        reader_secret_key=services_told["SOHOA_ARCHIVE__READER_SECRET_KEY"],
        bucket=services_told["SOHOA_ARCHIVE__URL"].rpartition("/")[2],
        work_bucket=services_told["SOHOA_ARCHIVE__WORK_BUCKET"],
        root_user=services_told["SERVICES_MINIO_ROOT_USER"],
        root_password=services_told["SERVICES_MINIO_ROOT_PASSWORD"],
        exports=_some(services_told, "SOHOA_ARCHIVE__"),
    )


@pytest.fixture(scope="session")
def postgres_service(services_told: Mapping[str, str]) -> PostgresServer:
    _need(services_told, "postgres", "SERVICES_POSTGRES_ADMIN_URL")
    return PostgresServer(
        url=services_told["SOHOA_DATABASE__URL"],
        password=services_told["SOHOA_DATABASE__PASSWORD"],
        admin_url=services_told["SERVICES_POSTGRES_ADMIN_URL"],
        exports=_some(services_told, "SOHOA_DATABASE__"),
    )


@pytest.fixture
def postgres_database(postgres_service: PostgresServer) -> Iterator[Database]:
    """An empty database for one test."""
    with postgres_service.fresh_database() as database:
        yield database


@pytest.fixture(scope="session")
def elastic_service(services_told: Mapping[str, str]) -> ElasticServer:
    _need(services_told, "elastic", "SERVICES_ELASTIC_ADMIN_USER")
    return ElasticServer(
        url=services_told["SOHOA_SEARCH__URL"],
        user=services_told["SOHOA_SEARCH__USER"],
        password=services_told["SOHOA_SEARCH__PASSWORD"],
        admin_user=services_told["SERVICES_ELASTIC_ADMIN_USER"],
        admin_password=services_told["SERVICES_ELASTIC_ADMIN_PASSWORD"],
        exports=_some(services_told, "SOHOA_SEARCH__"),
    )


@pytest.fixture(scope="session")
def pki_service(services_told: Mapping[str, str]) -> Pki:
    _need(services_told, "pki", "SERVICES_PKI_FOLDER")
    keys = "SOHOA_SIGNING__PKCS11__KEYS__"
    return Pki(
        module=Path(services_told["SOHOA_SIGNING__PKCS11__MODULE"]),
        token=services_told["SOHOA_SIGNING__PKCS11__TOKEN"],
        pin=services_told["SOHOA_SIGNING__PKCS11__PIN"],
        officers={
            name.removeprefix(keys).lower(): label
            for name, label in services_told.items()
            if name.startswith(keys)
        },
        folder=Path(services_told["SERVICES_PKI_FOLDER"]),
        tsa_url=services_told["SOHOA_TSA__URL"],
        exports=_some(services_told, "SOHOA_SIGNING__", "SOHOA_TSA__", "SOFTHSM2_CONF"),
    )


@pytest.fixture(scope="session")
def prefect_service(services_told: Mapping[str, str]) -> PrefectServer:
    _need(services_told, "prefect", "SOHOA_FLOWS__API_URL")
    return PrefectServer(
        api_url=services_told["SOHOA_FLOWS__API_URL"],
        exports=_some(services_told, "SOHOA_FLOWS__"),
    )


@contextlib.contextmanager
def own_office(told: Mapping[str, str], state: Path) -> Iterator[OwnServices]:
    """A stopped office of its own; what is started in it is gone afterwards."""
    if lacking := [name for name in told if name.startswith("SERVICES_LACKING_")]:
        pytest.skip("; ".join(told[name] for name in lacking))
    if "SERVICES_STATE" not in told:
        pytest.skip("bin/services does not run")
    office = OwnServices(state)
    try:
        yield office
    finally:
        office.erase()


@pytest.fixture
def own_services(tmp_path: Path, services_told: Mapping[str, str]) -> Iterator[OwnServices]:
    """An office for one test; see `own_office`."""
    with own_office(services_told, tmp_path / "services") as office:
        yield office
