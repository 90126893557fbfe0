"""Two hosts that share nothing but the office's systems work off one backlog.

Each host is a network namespace with a home of its own and copies of what an administrator puts on
a host (the token stands for a network HSM). On its loopback the systems' ports lead over the bridge
to the machine that runs them.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipeline.models.batch import BatchState, Channel, IngestTerms
from pipeline.models.components import SignatureLevel
from tests.live.network import Bridge, bridge
from tests.live.office import Machine, paper, until
from tests.services import OwnServices

pytestmark = pytest.mark.timeout(1500)

DOSSIERS = 40
PAPER = "C_KHAI_TU"
_ARCHIVED = re.compile(r"Completed\('ARCHIVED (\d+)'\)")
_BACKLOG_SECONDS = 1200.0


@dataclass(frozen=True)
class Backlog:
    """What became of the backlog."""

    desk: Machine
    hosts: tuple[Machine, ...]


@pytest.fixture(scope="module")
def backlog(
    own_systems: OwnServices, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Backlog]:
    """Taken in at a desk, then worked off by two hosts at once."""
    folder = tmp_path_factory.mktemp("hosts")
    with bridge(2) as net:
        environ = {
            **own_systems.start(bind=net.address),
            "SOHOA_FLOWS__REQUEUE_SECONDS": "5",
            "SOHOA_FLOWS__BATCHES_PER_RUN": "4",
            "PREFECT_LOGGING_LEVEL": "INFO",
        }
        desk = Machine(folder / "desk", environ)
        hosts = tuple(_host(folder, environ, net, n) for n in range(len(net.machines)))
        try:
            desk.deploy()
            lots = folder / "lots"
            lots.mkdir()
            papers = [paper(lots, f"lo-{n:02d}", PAPER, seed=1000 + n) for n in range(DOSSIERS)]
            batches = desk.take_in(papers, IngestTerms(as_code=PAPER, channel=Channel.BACKFILL))
            for host in hosts:
                host.forward(net.address)
                host.work("--name", host.home.name)
            desk.dispatch()
            until(
                lambda: {desk.state(batch) for batch in batches} == {BatchState.ARCHIVED},
                _BACKLOG_SECONDS,
                "the backlog is ARCHIVED",
            )
            yield Backlog(desk, hosts)
        finally:
            for machine in (desk, *hosts):
                machine.stop()


def _host(folder: Path, environ: Mapping[str, str], net: Bridge, n: int) -> Machine:
    """A machine of its own: home, and the token's files under its own path."""
    home = folder / f"host-{n}"
    token = folder / f"token-{n}"
    conf = Path(environ["SOFTHSM2_CONF"])
    settings = dict(
        line.partition("=")[::2] for line in conf.read_text().splitlines() if "=" in line
    )
    source = Path({k.strip(): v.strip() for k, v in settings.items()}["directories.tokendir"])
    shutil.copytree(source, token)
    own = folder / f"token-{n}.conf"
    own.write_text(conf.read_text().replace(str(source), str(token)))
    return Machine(home, {**environ, "SOFTHSM2_CONF": str(own)}, inside=net.machines[n].command())


def test_every_dossier_is_archived_once(backlog: Backlog) -> None:
    (report,) = backlog.desk.sohoa("audit")
    assert report["ok"], report["findings"]
    assert report["counts"]["dossiers"] == report["counts"]["components"] == DOSSIERS
    assert backlog.desk.levels() == {SignatureLevel.B_LTA}


def test_both_hosts_worked(backlog: Backlog) -> None:
    """Each tells in its own log what it archived; neither knew the other's home."""
    done = [sum(map(int, _ARCHIVED.findall(host.log("work")))) for host in backlog.hosts]
    assert min(done) >= DOSSIERS // 8, done
    assert sum(done) == DOSSIERS, done
