"""`bin/services`: what it starts is guarded as an office's systems are, and fails loudly."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from asn1crypto import pem, x509
from minio import Minio, S3Error
from minio.commonconfig import COMPLIANCE
from minio.retention import Retention
from pyhanko.sign.timestamps import HTTPTimeStamper
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.errors import RevokedError
from pyhanko_certvalidator.fetchers.requests_fetchers import RequestsFetcherBackend

from deploy.local import builds
from deploy.local.__main__ import NAMES
from deploy.local.state import State
from deploy.local.supervisor import alive
from tests.services import (
    BIN,
    ElasticServer,
    MinioServer,
    OwnServices,
    Pki,
    PostgresServer,
    PrefectServer,
)


def ask(
    url: str, login: tuple[str, str] | None = None, method: str = "GET", body: object = None
) -> int:
    """HTTP status of an answer."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, method=method, data=data)
    request.add_header("Content-Type", "application/json")
    if login is not None:
        secret = base64.b64encode(":".join(login).encode()).decode()
        request.add_header("Authorization", f"Basic {secret}")
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


def refused(call: Callable[..., Any], *args: Any, **named: Any) -> str:
    """S3 code of a refusal."""
    with pytest.raises(S3Error) as error:
        call(*args, **named)
    return str(error.value.code)


@pytest.fixture
def writer(minio_service: MinioServer) -> Minio:
    server = minio_service
    return Minio(server.endpoint, server.access_key, server.secret_key, secure=False)


@pytest.fixture
def reader(minio_service: MinioServer) -> Minio:
    server = minio_service
    return Minio(server.endpoint, server.reader_access_key, server.reader_secret_key, secure=False)


@pytest.fixture
def certificates(pki_service: Pki) -> dict[str, x509.Certificate]:
    return {
        name: x509.Certificate.load(pem.unarmor(pki_service.certificate(name).read_bytes())[2])
        for name in ("root", "ca", "tsa", *pki_service.officers)
    }


class TestMinio:
    def test_no_identity_deletes_a_locked_version(
        self, minio_service: MinioServer, writer: Minio, reader: Minio
    ) -> None:
        bucket = minio_service.fresh_bucket()
        lock = Retention(COMPLIANCE, datetime.now(UTC) + timedelta(minutes=5))
        version = writer.put_object(bucket, "a", io.BytesIO(b"x"), 1, retention=lock).version_id
        assert version
        for client in (writer, reader):
            assert refused(client.remove_object, bucket, "a", version_id=version) == "AccessDenied"
            assert refused(client.remove_object, bucket, "a") == "AccessDenied"
        worm = refused(minio_service.root().remove_object, bucket, "a", version_id=version)
        assert worm == "InvalidRequest"
        sooner = Retention(COMPLIANCE, datetime.now(UTC) + timedelta(minutes=1))
        for client in (writer, minio_service.root()):
            refused(client.set_object_retention, bucket, "a", sooner, version_id=version)
        later = Retention(COMPLIANCE, datetime.now(UTC) + timedelta(minutes=6))
        writer.set_object_retention(bucket, "a", later, version_id=version)

    def test_the_reader_reads_and_does_not_write(
        self, minio_service: MinioServer, writer: Minio, reader: Minio
    ) -> None:
        bucket = minio_service.fresh_bucket()
        writer.put_object(bucket, "a", io.BytesIO(b"x"), 1)
        answer = reader.get_object(bucket, "a")
        assert answer.read() == b"x"
        answer.close()
        assert [item.object_name for item in reader.list_objects(bucket)] == ["a"]
        assert refused(reader.put_object, bucket, "b", io.BytesIO(b"x"), 1) == "AccessDenied"

    def test_the_work_bucket_is_open_and_the_archive_versioned(
        self, minio_service: MinioServer, writer: Minio
    ) -> None:
        assert writer.get_bucket_versioning(minio_service.bucket).status == "Enabled"
        work = minio_service.fresh_bucket(locked=False)
        writer.put_object(work, "a", io.BytesIO(b"x"), 1)
        writer.remove_object(work, "a")
        assert list(writer.list_objects(work)) == []


class TestPostgres:
    def test_sohoas_role_owns_its_database_and_reaches_no_other(
        self, postgres_service: PostgresServer
    ) -> None:
        with postgres_service.fresh_database() as database:
            address = database.url.replace("+psycopg", "")
            with psycopg.connect(address, password=database.password) as connection:
                connection.execute("CREATE SCHEMA s")
                connection.execute("CREATE TABLE s.t (x int)")
                role = connection.execute(
                    "SELECT rolsuper, rolcreatedb, rolcreaterole FROM pg_roles"
                    " WHERE rolname = current_user"
                ).fetchone()
            assert role == (False, False, False)
            with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
                psycopg.connect(address, password="wrong")
            with pytest.raises(psycopg.OperationalError, match="permission denied"):
                psycopg.connect(address, password=database.password, dbname="prefect")
        with pytest.raises(psycopg.OperationalError, match="does not exist"):
            psycopg.connect(address, password=database.password)


class TestElastic:
    def test_strangers_are_refused_and_sohoa_sees_its_own_only(
        self, elastic_service: ElasticServer
    ) -> None:
        server = elastic_service
        sohoa = (server.user, server.password)
        assert ask(f"{server.url}/_cluster/health") == 401
        assert ask(f"{server.url}/_cluster/health", (server.user, "wrong")) == 401
        assert ask(f"{server.url}/_cluster/health", sohoa) == 200
        with server.fresh_index() as name:
            one = {"settings": {"number_of_replicas": 0}}
            assert ask(f"{server.url}/{name}-1", sohoa, "PUT", one) == 200
            add = {"actions": [{"add": {"index": f"{name}-1", "alias": name}}]}
            assert ask(f"{server.url}/_aliases", sohoa, "POST", add) == 200
            assert ask(f"{server.url}/{name}/_doc/1?refresh=true", sohoa, "PUT", {"a": 1}) == 201
            assert ask(f"{server.url}/{name}/_search", sohoa) == 200
        assert ask(f"{server.url}/{name}-1", sohoa) == 404
        assert ask(f"{server.url}/another", sohoa, "PUT", one) == 403


class TestPki:
    def validate(self, certificates: Mapping[str, x509.Certificate], name: str) -> None:
        context = ValidationContext(
            trust_roots=[certificates["root"]],
            other_certs=[certificates["ca"]],
            allow_fetching=True,
            fetcher_backend=RequestsFetcherBackend(),
            revocation_mode="require",
        )
        validator = CertificateValidator(certificates[name], validation_context=context)
        asyncio.run(validator.async_validate_usage({"digital_signature", "non_repudiation"}))

    @pytest.mark.parametrize("account", ["dev", "hung", "lan"])
    def test_officers_are_trusted_after_a_look_up_of_revocation(
        self, certificates: Mapping[str, x509.Certificate], account: str
    ) -> None:
        self.validate(certificates, account)

    def test_the_revoked_one_is_not(self, certificates: Mapping[str, x509.Certificate]) -> None:
        with pytest.raises(RevokedError):
            self.validate(certificates, "thu")

    def test_keys_are_of_the_kinds_that_officers_have(
        self, certificates: Mapping[str, x509.Certificate]
    ) -> None:
        kinds = {
            name: (certificates[name].public_key.algorithm, certificates[name].public_key.bit_size)
            for name in ("dev", "hung", "lan")
        }
        assert kinds == {"dev": ("rsa", 2048), "hung": ("rsa", 3072), "lan": ("ec", 256)}

    def test_the_authority_stamps_time(self, pki_service: Pki) -> None:
        stamper = HTTPTimeStamper(pki_service.tsa_url)
        token = asyncio.run(stamper.async_timestamp(bytes(32), "sha256"))
        stamped = token["content"]["encap_content_info"]["content"].parsed
        assert abs(stamped["gen_time"].native - datetime.now(UTC)) < timedelta(minutes=1)


def test_prefect_answers(prefect_service: PrefectServer) -> None:
    assert ask(f"{prefect_service.api_url}/health") == 200


def test_prefect_answers_nobody_without_its_password(prefect_service: PrefectServer) -> None:
    address = f"{prefect_service.api_url}/admin/version"
    login = ("sohoa", prefect_service.exports["SOHOA_FLOWS__PASSWORD"])
    assert ask(address, login) == 200
    assert ask(address, ("sohoa", "guess")) == 401
    assert ask(address) == 401


class TestFaults:
    """A service that does not start fails the command, whichever it is."""

    def call(self, office: OwnServices, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [BIN, words[0], "--state", office.state, *words[1:]],
            capture_output=True,
            text=True,
            check=False,
        )

    @pytest.fixture
    def taken(self) -> Iterator[Callable[[int], None]]:
        """Another program on a port."""
        others: list[socket.socket] = []

        def take(port: int) -> None:
            other = socket.socket()
            others.append(other)
            other.bind(("127.0.0.1", port))
            other.listen()

        yield take
        for other in others:
            other.close()

    @pytest.mark.parametrize("name", NAMES)
    def test_a_taken_port_is_named_and_nothing_is_left_running(
        self, own_services: OwnServices, taken: Callable[[int], None], name: str
    ) -> None:
        taken(State(own_services.state).port(name))
        done = self.call(own_services, "start", name)
        assert done.returncode == 1
        assert f"{name}: another program listens" in done.stderr
        assert done.stdout == ""
        assert State(own_services.state).processes() == {}

    def test_a_server_that_ends_at_once_tells_its_last_words(
        self, own_services: OwnServices
    ) -> None:
        own_services.start("pki")
        own_services.stop()
        (own_services.state / "pki" / "certomancer.yml").write_text("keysets: 3\n")
        done = self.call(own_services, "start", "pki")
        assert done.returncode == 1
        assert "pki: it ended at once" in done.stderr
        assert "Traceback" in done.stderr

    def test_a_killed_server_comes_back_with_port_and_data(self, own_services: OwnServices) -> None:
        before = own_services.start("postgres")
        address = before["SERVICES_POSTGRES_ADMIN_URL"]
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 7 AS x")
        own_services.kill("postgres")
        assert self.call(own_services, "status").returncode == 1
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(address)
        assert own_services.start("postgres") == before
        with psycopg.connect(address) as connection:
            assert connection.execute("SELECT x FROM kept").fetchone() == (7,)

    def test_a_further_address_outlives_a_kill_and_learns_of_new_services(
        self, own_services: OwnServices
    ) -> None:
        url = own_services.start("pki", bind="127.0.0.2")["SOHOA_TSA__URL"]
        there = url.replace("127.0.0.1", "127.0.0.2").replace("/tsa/tsa", "/crls/ca/latest.crl")
        assert ask(there) == 200
        own_services.kill("pki")
        with pytest.raises(OSError):
            ask(there)
        own_services.start("pki")
        assert ask(there) == 200
        told = own_services.start("postgres")
        address = told["SERVICES_POSTGRES_ADMIN_URL"].replace("127.0.0.1", "127.0.0.2")
        with psycopg.connect(address) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)

    @pytest.mark.parametrize(("ending", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
    def test_an_interrupted_run_leaves_nothing_behind(
        self, own_services: OwnServices, tmp_path: Path, ending: signal.Signals, code: int
    ) -> None:
        mark = tmp_path / "mark"
        tell = 'echo "$SERVICES_STATE" > "$0.new"; mv "$0.new" "$0"; exec sleep 1000'
        argv: list[str | Path] = [BIN, "run", "--only", "pki", "--", "sh", "-c", tell, mark]
        with subprocess.Popen(argv, start_new_session=True) as running:
            try:
                deadline = time.monotonic() + 120
                while not mark.exists():
                    assert running.poll() is None and time.monotonic() < deadline
                    time.sleep(0.05)
                folder = Path(mark.read_text().strip())
                server = State(folder).process("pki")
                assert server is not None and alive(server)
                if ending == signal.SIGINT:
                    os.killpg(running.pid, ending)  # as a terminal does
                else:
                    running.send_signal(ending)
                assert running.wait(timeout=60) == code
            finally:
                running.kill()
        assert not alive(server)
        assert not folder.exists()

    @pytest.mark.parametrize("broken", ["minio", "elastic"])
    def test_a_command_does_not_run_without_its_services(
        self, own_services: OwnServices, tmp_path: Path, broken: str
    ) -> None:
        """What `bin/test` does with CI=true: the run fails and names the service."""
        real, cache = builds.cache_folder(), tmp_path / "cache" / "sohoa"
        cache.mkdir(parents=True)
        for folder in real.iterdir():
            if folder.name.startswith(("minio-", "elasticsearch-")):
                (cache / folder.name).symlink_to(folder)
        program = {"minio": "minio", "elastic": "bin/elasticsearch"}[broken]
        (place,) = (folder for folder in cache.iterdir() if (folder / program).exists())
        place.unlink()
        (place / program).parent.mkdir(parents=True)
        (place / "config").mkdir()
        (place / program).write_text("#!/bin/sh\necho 'the drive is gone' >&2\nexit 3\n")
        (place / program).chmod(0o755)
        mark = tmp_path / "ran"
        done = subprocess.run(
            [BIN, "run", "--only", broken, "--", "touch", mark],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")},
        )
        assert done.returncode == 1
        assert f"bin/services: {broken}: it ended at once" in done.stderr
        assert "the drive is gone" in done.stderr
        assert not mark.exists()
