"""PostgreSQL: one cluster, a database and role for Sohoa and for Prefect, passwords by SCRAM."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from signal import SIGINT

import psycopg
from psycopg import sql

from deploy.local.service import Service, ServiceError, environment
from deploy.local.state import LOOPBACK
from deploy.local.supervisor import Launch, run

ADMIN = "services_admin"
SOHOA = "sohoa"
PREFECT = "prefect"
AT_LEAST = 15
NO_SERVER = "the package postgresql (15 or newer) is missing"
_ROOT = Path("/usr/lib/postgresql")


def programs() -> Path | None:
    """Folder with the newest server's programs; None where there is none."""
    found = sorted(
        (int(folder.name), folder / "bin")
        for folder in (_ROOT.iterdir() if _ROOT.is_dir() else ())
        if folder.name.isdigit() and (folder / "bin" / "initdb").is_file()
    )
    if found and found[-1][0] >= AT_LEAST:
        return found[-1][1]
    on_path = shutil.which("initdb")
    return Path(on_path).resolve().parent if on_path else None


class PostgresService(Service):
    """The relational records, and Prefect's history."""

    name = "postgres"
    stop_signal = SIGINT
    """Fast shutdown: open sessions are cut off."""
    attempts = 5
    """After a SIGKILL the old backends may take a moment to notice and hold the memory."""

    def lacking(self) -> str | None:
        """The server's programs."""
        return None if programs() else NO_SERVER

    def prepare(self) -> Launch:
        """A cluster that listens on the loopback port and on no socket file."""
        found = programs()
        if found is None:
            raise ServiceError(NO_SERVER)
        home = self.place.reachable("postgres")
        data = home / "data"
        account = self.place.account
        environ = environment(home)
        if not (data / "PG_VERSION").exists():
            self._make_cluster(found, home, data)
        settings = {
            "listen_addresses": LOOPBACK,
            "port": str(self.port),
            "unix_socket_directories": "",
            "max_connections": "200",
            "password_encryption": "scram-sha-256",
        }
        options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        return Launch((str(found / "postgres"), "-D", str(data), *options), environ, home, account)

    def _make_cluster(self, found: Path, home: Path, data: Path) -> None:
        """Made beside its place, so that a cluster is whole or absent."""
        account = self.place.account
        fresh = home / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        password = home / "password"
        password.touch(mode=0o600)
        password.write_text(self.state.secret("postgres-admin"))
        if account is not None:
            shutil.chown(password, account.uid, account.gid)
        try:
            run(
                Launch(
                    (
                        str(found / "initdb"),
                        "-D",
                        str(fresh),
                        "-U",
                        ADMIN,
                        "--pwfile",
                        str(password),
                        "--auth=scram-sha-256",
                        "-E",
                        "UTF8",
                        "--locale=C.UTF-8",
                    ),
                    environment(home),
                    home,
                    account,
                )
            )
        finally:
            password.unlink()
        fresh.rename(data)

    def _connect(self, database: str = "postgres") -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(
            host=LOOPBACK,
            port=self.port,
            user=ADMIN,
            dbname=database,
            connect_timeout=5,
            password=self.state.secret("postgres-admin"),
            autocommit=True,
        )

    def healthy(self) -> bool:
        """It takes the administrator's password and answers."""
        try:
            with self._connect() as connection:
                connection.execute("SELECT 1")
        except psycopg.Error:
            return False
        return True

    def settle(self) -> None:
        """A role without rights beyond its own database, for Sohoa and for Prefect."""
        with self._connect() as connection:
            for name in (SOHOA, PREFECT):
                role = sql.Identifier(name)
                known = connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [name])
                if known.fetchone() is None:
                    connection.execute(
                        sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(
                            role, sql.Literal(self.state.secret(f"postgres-{name}"))
                        )
                    )
                made = connection.execute("SELECT FROM pg_database WHERE datname = %s", [name])
                if made.fetchone() is None:
                    connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(role, role))
                connection.execute(
                    sql.SQL("REVOKE CONNECT ON DATABASE {} FROM PUBLIC").format(role)
                )

    def prefect_url(self) -> str:
        """Address of Prefect's database, password included."""
        password = self.state.secret(f"postgres-{PREFECT}")
        return f"postgresql+asyncpg://{PREFECT}:{password}@{self.address}/{PREFECT}"

    def exports(self) -> Mapping[str, str]:
        """Sohoa's database, and the administrator's address for tests that make their own."""
        admin = self.state.secret("postgres-admin")
        return {
            "SOHOA_DATABASE__URL": f"postgresql+psycopg://{SOHOA}@{self.address}/{SOHOA}",
            "SOHOA_DATABASE__PASSWORD": self.state.secret(f"postgres-{SOHOA}"),
            "SERVICES_POSTGRES_ADMIN_URL": f"postgresql://{ADMIN}:{admin}@{self.address}/postgres",
        }
