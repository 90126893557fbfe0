"""What `deploy/` promises: files that their own programs accept, closed by default."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.settings import load_settings

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
PINNED = re.compile(r":[A-Za-z]*\.?\d[\w.-]*$")
ONCE = ("minio-prepared", "flows-deployed")
OF_THE_OFFICE = {
    "SOHOA_SIGNING__PKCS11__MODULE": "/usr/lib/vendor/libpkcs11.so",
    "SOHOA_SIGNING__PKCS11__TOKEN": "SOHOA",
}
"""What `sohoa.toml` says beside the variables."""
SECRETS = (
    *("minio-root", "archive-secret-key", "archive-reader-secret-key", "postgres-root"),
    *("database-password", "prefect-database-password", "search-password", "pkcs11-pin"),
    "flows-password",
)


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    """As `docker-compose` reads it with the variables of the example."""
    if shutil.which("docker-compose") is None:
        pytest.skip("docker-compose is not installed")
    places = ("-f", DEPLOY / "compose.yaml", "--env-file", DEPLOY / "office.env.example")
    done = subprocess.run(
        ["docker-compose", *places, "config"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "WARN" not in done.stderr
    read: dict[str, Any] = yaml.safe_load(done.stdout)
    return read


def test_the_compose_file_is_accepted(compose: dict[str, Any]) -> None:
    servers = {"minio", "postgresql", "elasticsearch", "prefect-server", "worker", "dispatcher"}
    assert set(compose["services"]) == servers | set(ONCE)
    assert set(compose["volumes"]) >= {"archive", "records", "index", "sohoa-home"}


def test_nothing_is_published_beyond_loopback(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        for port in service.get("ports", ()):
            assert str(port).startswith("127.0.0.1:"), name


def test_services_say_how_they_are_and_wait_for_what_they_need(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        if name in ONCE:
            assert service["restart"] == "no"
        else:
            assert service["healthcheck"]["test"], name
            assert service["restart"] == "unless-stopped"
    assert set(compose["services"]["worker"]["depends_on"]) == {
        *ONCE,
        "postgresql",
        "elasticsearch",
    }


def test_images_are_pinned(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        assert PINNED.search(service["image"]), name
    base = re.search(r"^ARG BASE=(\S+)$", (DEPLOY / "Containerfile").read_text(), re.MULTILINE)
    assert base is not None
    assert PINNED.search(base[1])


def test_the_images_other_than_sohoas_can_be_chosen() -> None:
    text = (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
    images = re.findall(r"^ *image: (.*)$", text, re.MULTILINE)
    assert all(re.fullmatch(r"\$\{[A-Z]+_IMAGE:-\S+\}", image) for image in images)


def test_sohoa_runs_without_rights_and_without_secrets_in_its_environment(
    compose: dict[str, Any],
) -> None:
    for name in ("worker", "dispatcher", "prefect-server", *ONCE):
        service = compose["services"][name]
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
    for name, service in compose["services"].items():
        for variable, value in (service.get("environment") or {}).items():
            if re.search(r"PASSWORD|SECRET_KEY", variable):
                assert variable.endswith("_FILE"), (name, variable)
                assert str(value).startswith("/run/secrets/"), (name, variable)


def test_secrets_are_files_that_somebody_reads(compose: dict[str, Any]) -> None:
    assert set(compose["secrets"]) == set(SECRETS)
    used = {
        secret["source"]
        for service in compose["services"].values()
        for secret in service.get("secrets", ())
    }
    assert used == set(SECRETS)
    told = (DEPLOY / "office.env.example").read_text(encoding="utf-8")
    assert all(secret in told for secret in SECRETS)


def settings_of(environ: dict[str, str], folder: Path, *, signs: bool) -> None:
    """Every variable is a setting; files of secrets are given."""
    given = {"SOHOA_HOME": str(folder / "home"), "SOHOA_UNIT": "07900"}
    for name, value in environ.items():
        if name.startswith("SOHOA_") and name != "SOHOA_CONFIG":
            given[name] = str(folder / "secret") if name.endswith("_FILE") else str(value)
    (folder / "secret").write_text("hidden\n", encoding="utf-8")
    settings = load_settings(given)
    assert settings.production
    pin = settings.signing.pkcs11.pin if settings.signing.pkcs11 else None
    assert (pin is not None) is signs
    given_secrets = [settings.archive.secret_key, settings.archive.reader_secret_key]
    for secret in [*given_secrets, *([pin] if signs else [])]:
        assert secret is not None
        assert secret.get_secret_value() == "hidden"
    assert settings.archive.url.startswith("s3:")
    assert settings.search.url.startswith("http")
    assert settings.database.url.startswith("postgresql+psycopg:")
    assert settings.flows.api_url is not None
    assert settings.flows.password is not None


def test_the_containers_are_given_settings_that_exist(
    compose: dict[str, Any], tmp_path: Path
) -> None:
    for name in ("worker", "dispatcher", "flows-deployed"):
        environ = compose["services"][name]["environment"] | OF_THE_OFFICE
        settings_of(environ, tmp_path, signs=name == "worker")


def test_the_services_are_given_settings_that_exist(tmp_path: Path) -> None:
    lines = (DEPLOY / "systemd" / "sohoa.env.example").read_text(encoding="utf-8").splitlines()
    environ = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    unit = (DEPLOY / "systemd" / "sohoa-worker.service").read_text(encoding="utf-8")
    for name, value in environ.items():
        if name.endswith("__URL"):
            assert "https:" in value or "sslmode=verify-full" in value, name
    credentials = dict(re.findall(r"^Environment=(SOHOA_\w+_FILE)=(\S+)$", unit, re.MULTILINE))
    assert all(place.startswith("%d/") for place in credentials.values())
    loaded = re.findall(r"^LoadCredential=(\S+?):/etc/sohoa/secrets/(\S+)$", unit, re.MULTILINE)
    assert {name for name, _ in loaded} == {place[3:] for place in credentials.values()}
    assert all(name == file for name, file in loaded)
    settings_of(environ | credentials | OF_THE_OFFICE, tmp_path, signs=True)


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_accepts_the_units_and_finds_them_closed(unit: Path, tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    text = unit.read_text(encoding="utf-8")
    assert "Restart=always" in text
    program = re.search(r"^ExecStart=(\S+)", text, re.MULTILINE)
    assert program is not None
    assert program[1].startswith("/opt/sohoa/.venv/bin/")
    placed = tmp_path / unit.name.replace("@", "@one-stop")
    for path in {tmp_path / unit.name, placed}:
        path.write_text(text.replace(program[1], "/bin/true"), encoding="utf-8")
    verified = _analyze("verify", "--man=no", str(placed))
    assert (verified.returncode, verified.stdout + verified.stderr) == (0, "")
    closed = _analyze("security", "--offline=true", "--no-pager", "--threshold=20", str(placed))
    assert closed.returncode == 0, closed.stdout.splitlines()[-1]


def test_the_administrators_command_has_the_services_settings(tmp_path: Path) -> None:
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    for name in SECRETS:
        (secrets / name).write_text("hidden\n", encoding="utf-8")
    example = (DEPLOY / "systemd" / "sohoa.env.example").read_text(encoding="utf-8")
    (tmp_path / "sohoa.env").write_text(example + 'WORKER_OPTIONS="--limit 1"\n', encoding="utf-8")
    program = tmp_path / "program"
    program.write_text('#!/bin/sh\nenv\necho "asked=$*"\n', encoding="utf-8")
    program.chmod(0o755)
    done = subprocess.run(
        [DEPLOY / "systemd" / "sohoa-office", "search", "a b"],
        env={"PATH": "/usr/bin:/bin", "OFFICE_ETC": str(tmp_path), "OFFICE_PROGRAM": str(program)},
        capture_output=True,
        text=True,
        check=True,
    )
    told = dict(line.split("=", 1) for line in done.stdout.splitlines())
    assert told["asked"] == "search a b"
    assert told["SOHOA_HOME"] == "/var/lib/sohoa"
    unit = (DEPLOY / "systemd" / "sohoa-worker.service").read_text(encoding="utf-8")
    for name, credential in re.findall(r"^Environment=(SOHOA_\w+)=%d/(\S+)$", unit, re.MULTILINE):
        assert told[name] == str(secrets / credential)
    assert told["SOHOA_SEARCH__USER"] == "sohoa"


def test_only_the_worker_among_containers_is_given_the_pin(compose: dict[str, Any]) -> None:
    given = {
        name
        for name, service in compose["services"].items()
        if "pkcs11-pin" in {secret["source"] for secret in service.get("secrets", ())}
        or "PKCS11__PIN" in str(service.get("environment"))
    }
    assert given == {"worker"}


def test_only_workers_are_given_the_pin() -> None:
    given = {unit.name for unit in UNITS if "pkcs11-pin" in unit.read_text(encoding="utf-8")}
    assert given == {"sohoa-worker.service"}


def _analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["systemd-analyze", *arguments], capture_output=True, text=True, check=False
    )


def test_the_writer_deletes_in_work_only_the_reader_nothing_the_remover_puts_nothing() -> None:
    allowed: dict[str, dict[str, set[str]]] = {}
    for name in ("writer", "reader", "remover"):
        policy = json.loads((DEPLOY / "minio" / f"{name}.json").read_text())
        allowed[name] = {}
        for statement in policy["Statement"]:
            assert statement["Effect"] == "Allow"
            for action in statement["Action"]:
                allowed[name].setdefault(action, set()).update(statement["Resource"])
    assert allowed["writer"]["s3:DeleteObject"] == {"arn:aws:s3:::sohoa-work/*"}
    assert not [
        a for a in allowed["writer"] if re.search(r"\*|Bypass|DeleteObjectVersion|Put.*B", a)
    ]
    assert not [a for a in allowed["reader"] if re.search(r"\*|Put|Delete|Bypass|Abort", a)]
    assert set(allowed["reader"]) < set(allowed["writer"])
    assert not [r for where in allowed["reader"].values() for r in where if "sohoa-work" in r]
    assert not [a for a in allowed["remover"] if re.search(r"\*|Put|Bypass", a)]
    removed = allowed["remover"]["s3:DeleteObjectVersion"]
    assert allowed["remover"]["s3:DeleteObject"] == removed  # MinIO asks for both
    assert not [r for r in removed if not re.search(r"archive/(dossiers|raw|text|canary)/\*$", r)]


def test_the_remover_names_the_version_that_it_removes() -> None:
    """A deletion without one would lay a delete marker, locked or not."""
    policy = json.loads((DEPLOY / "minio" / "remover.json").read_text())
    (delete,) = (s for s in policy["Statement"] if "s3:DeleteObject" in s["Action"])
    assert delete["Condition"] == {"StringLike": {"s3:versionid": ["?*"]}}


def test_the_search_role_sees_sohoas_indices_only() -> None:
    roles = yaml.safe_load((DEPLOY / "elasticsearch" / "roles.yml").read_text())
    assert set(roles) == {"sohoa"}
    assert roles["sohoa"]["cluster"] == ["monitor"]
    assert [index["names"] for index in roles["sohoa"]["indices"]] == [["sohoa-*"]]


def test_roles_of_the_database_are_owners_and_no_more() -> None:
    text = (DEPLOY / "postgresql" / "roles.sql").read_text(encoding="utf-8")
    made = re.findall(r"^CREATE ROLE (\w+) (.*?) PASSWORD", text, re.MULTILINE)
    assert [name for name, _ in made] == ["sohoa", "prefect"]
    for _, rights in made:
        assert rights.split() == [
            *("LOGIN", "NOSUPERUSER", "NOCREATEDB", "NOCREATEROLE", "NOREPLICATION")
        ]


def test_passwords_of_the_database_reach_no_argument_and_no_log(tmp_path: Path) -> None:
    (tmp_path / "database-password").write_text("o'ne\\two\n", encoding="utf-8")
    (tmp_path / "prefect-database-password").write_text("three\n", encoding="utf-8")
    psql = tmp_path / "psql"
    psql.write_text('#!/bin/sh\necho "asked=$*"\ncat\n', encoding="utf-8")
    psql.chmod(0o755)
    roles = DEPLOY / "postgresql" / "roles.sql"
    done = subprocess.run(
        ["sh", DEPLOY / "postgresql" / "10-roles.sh"],
        env={
            "PATH": "/usr/bin:/bin",
            "PSQL": str(psql),
            "SECRETS": str(tmp_path),
            "ROLES": str(roles),
        },
        capture_output=True,
        text=True,
        check=True,
    )
    asked, sohoa, prefect, *rest = done.stdout.splitlines()
    assert asked == "asked=-X -q -v ON_ERROR_STOP=1"
    assert sohoa == r"\set sohoa_password 'o\'ne\\two'"
    assert prefect == r"\set prefect_password 'three'"
    assert rest == roles.read_text(encoding="utf-8").splitlines()
    quiet = rest.index("SET log_min_error_statement = 'panic';")
    assert quiet < next(n for n, line in enumerate(rest) if "PASSWORD" in line)


def test_the_search_servers_password_is_no_argument(compose: dict[str, Any]) -> None:
    search = compose["services"]["elasticsearch"]
    told = [*search["command"], *search["healthcheck"]["test"]]
    told.append((ROOT / "docs" / "operations.md").read_text(encoding="utf-8"))
    for text in told:
        assert not re.search(r"elasticsearch-users[^|\n]*\s-p\b", text)
        assert not re.search(r"-u\s+\S*\$", text)


def test_the_password_is_given_as_the_servers_own_tool_asks_for_it(
    compose: dict[str, Any], tmp_path: Path
) -> None:
    """The account is made, or where it is there given the password, twice on the input."""
    (script,) = compose["services"]["elasticsearch"]["command"]
    script = script.replace("$$", "$").replace("/run/secrets", str(tmp_path))
    script = script.replace("exec /bin/tini", "exec echo")
    (tmp_path / "search-password").write_text("o'ne two\n", encoding="utf-8")
    (tmp_path / "bin").mkdir()
    tool = tmp_path / "bin" / "elasticsearch-users"
    tool.write_text('#!/bin/sh\necho "asked=$*"\ncat\n[ "$1" = passwd ]\n', encoding="utf-8")
    tool.chmod(0o755)
    done = subprocess.run(
        ["/bin/bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    *said, _ = done.stdout.splitlines()
    twice = ["o'ne two"] * 2
    assert said == ["asked=useradd sohoa -r sohoa", *twice, "asked=passwd sohoa", *twice]


def test_the_image_is_made_of_what_is_there() -> None:
    text = (DEPLOY / "Containerfile").read_text(encoding="utf-8")
    copied = [
        source
        for line in re.findall(r"^COPY (.*)$", text, re.MULTILINE)
        for source in line.split()[:-1]
    ]
    assert {"pyproject.toml", "prefect.yaml", "pipeline", "bin/setup"} <= set(copied)
    assert not [source for source in copied if not (ROOT / source).exists()]
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert packages - {"tests", "benchmarks", "deploy"} <= set(copied)


def test_the_locks_name_no_place_of_packages() -> None:
    for lock in (DEPLOY / "locks").glob("*.txt"):
        lines = lock.read_text(encoding="utf-8").splitlines()
        assert not [line for line in lines if line.startswith("-")], lock.name
