"""Elasticsearch: one node, security on, a user for Sohoa that sees `sohoa-*` and nothing else."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path

import yaml

from deploy.local import builds
from deploy.local.service import Service, ServiceError, ask, environment
from deploy.local.state import LOOPBACK
from deploy.local.supervisor import Account, Launch

SOHOA = "sohoa"
ADMIN = "services-admin"
HEAP = "512m"
TRANSPORT = "elastic-transport"
"""Name of the port between nodes: there is one node."""
_ROUNDS = 10_000
_ROLES = Path(__file__).parent.parent / "elasticsearch" / "roles.yml"
"""What an office grants."""


class ElasticService(Service):
    """The component index."""

    name = "elastic"
    deadline = 180

    def lacking(self) -> str | None:
        """A JDK, and what fetches the program unless it was fetched before."""
        return builds.elastic_lacking(self.place.cache)

    def prepare(self) -> Launch:
        """Program, configuration and data where the unprivileged account reaches them."""
        java = builds.jdk()
        if java is None:
            raise ServiceError(builds.NO_JDK)
        home = self.place.reachable("elastic")
        account = self.place.account
        program = builds.elastic(self.place.cache, self.place.cancelled)
        if account is not None:
            program = _copy_for(account, program, home / "program")
        config = home / "config"
        if not config.is_dir():
            shutil.copytree(program / "config", config)
        for name, text in self._files(home).items():
            (config / name).write_text(text, encoding="utf-8")
            (config / name).chmod(0o600)
        for folder in ("data", "logs", "tmp"):
            (home / folder).mkdir(mode=0o700, exist_ok=True)
        if account is not None:
            _hand_over(account, config, home / "data", home / "logs", home / "tmp")
        return Launch(
            (str(program / "bin" / "elasticsearch"),),
            environment(
                home,
                ES_PATH_CONF=str(config),
                ES_JAVA_HOME=str(java),
                ES_JAVA_OPTS=f"-Xms{HEAP} -Xmx{HEAP}",
                ES_TMPDIR=str(home / "tmp"),
            ),
            home,
            account,
        )

    def _files(self, home: Path) -> dict[str, str]:
        """Settings, roles and the file realm's users."""
        return {
            "elasticsearch.yml": yaml.safe_dump(
                {
                    "cluster.name": "sohoa-services",
                    "node.name": "one",
                    "discovery.type": "single-node",
                    "http.host": LOOPBACK,
                    "http.port": self.port,
                    "transport.host": LOOPBACK,
                    "transport.port": self.state.port(TRANSPORT),
                    "path.data": str(home / "data"),
                    "path.logs": str(home / "logs"),
                    "xpack.security.enabled": True,
                    "xpack.security.enrollment.enabled": False,
                    "cluster.routing.allocation.disk.threshold_enabled": False,
                }
            ),
            "roles.yml": _ROLES.read_text(encoding="utf-8"),
            "users": "".join(
                f"{user}:{_hashed(self.state.secret(f'elastic-{user}'))}\n"
                for user in (SOHOA, ADMIN)
            ),
            "users_roles": f"{SOHOA}:{SOHOA}\nsuperuser:{ADMIN}\n",
        }

    def healthy(self) -> bool:
        """Sohoa's user gets an answer about a cluster that takes writes."""
        health = ask(
            f"http://{self.address}/_cluster/health", (SOHOA, self.state.secret(f"elastic-{SOHOA}"))
        )
        return isinstance(health, dict) and health.get("status") in ("green", "yellow")

    def exports(self) -> Mapping[str, str]:
        """Sohoa's user, and an administrator for tests."""
        return {
            "SOHOA_SEARCH__URL": f"http://{self.address}",
            "SOHOA_SEARCH__USER": SOHOA,
            "SOHOA_SEARCH__PASSWORD": self.state.secret(f"elastic-{SOHOA}"),
            "SERVICES_ELASTIC_ADMIN_USER": ADMIN,
            "SERVICES_ELASTIC_ADMIN_PASSWORD": self.state.secret(f"elastic-{ADMIN}"),
        }


def _hashed(password: str) -> str:
    """A password as the file realm keeps it: its own tool would start a JVM for each."""
    salt = os.urandom(32)
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, _ROUNDS, dklen=32)
    return f"{{PBKDF2}}{_ROUNDS}${b64encode(salt).decode()}${b64encode(digest).decode()}"


def _copy_for(account: Account, program: Path, target: Path) -> Path:
    """The program where the account reaches it: links where the file system allows, else copies."""
    if not target.is_dir():
        fresh = target.with_name(f"{target.name}.new")
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.copytree(program, fresh, copy_function=_link_or_copy)
        _hand_over_folders(account, fresh)
        fresh.rename(target)
    return target


def _link_or_copy(source: str, target: str) -> None:
    with contextlib.suppress(OSError):
        os.link(source, target)
        return
    shutil.copy2(source, target)


def _hand_over_folders(account: Account, folder: Path) -> None:
    """Folders only: linked files stay root's, readable by all."""
    for inner, _, _ in os.walk(folder):
        os.chown(inner, account.uid, account.gid)


def _hand_over(account: Account, *folders: Path) -> None:
    for folder in folders:
        for inner, _, names in os.walk(folder):
            os.chown(inner, account.uid, account.gid)
            for name in names:
                os.chown(Path(inner) / name, account.uid, account.gid, follow_symlinks=False)
