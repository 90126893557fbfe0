"""CPU of the same dossiers through a Prefect flow and through the local chain, in one run.

Each of `--dossiers` PDFs of twenty form pages (300 dpi), twice from nothing:

- local: `sohoa ingest A.pdf B.pdf …`, one process;
- flow: `sohoa ingest --queue A.pdf B.pdf …` (reception and submission) and the process of the one
  run that a worker would start for them, against a server that runs.

Children are counted; what the server itself spends meanwhile is shown apart, since it runs on
another machine. `--record` writes the result to `benchmarks/RESULTS.md`.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.chain import cost
from benchmarks.factory import form_pages
from benchmarks.factory.batches import write_batch
from benchmarks.factory.scanning import age
from benchmarks.prefect_office import PrefectOffice
from benchmarks.results import record
from flows.environment import environment
from pipeline.settings import load_settings

_PAGES = 20
_RUN = """
import sys
from flows.digitise import digitise
state = digitise(sys.argv[1:], return_state=True)
print(state.message)
"""
_NOTES = """
Dossiers of 20 form pages, 300 dpi JPEG, all of one run. `share` = (reception + run - local) /
local, CPU seconds with children. Goal: at most 0.05. `server_cpu_s`: the Prefect server (SQLite)
in the same time, idling included.
"""


def papers(folder: Path, dossiers: int, seed: int) -> list[Path]:
    """Dossiers of twenty pages."""
    found = []
    for number in range(dossiers):
        rng = np.random.default_rng(seed + number)
        images = [age(page.image, rng) for page in form_pages(_PAGES, seed + number)]
        found.append(folder / f"ho-so-{number}.pdf")
        write_batch(found[-1], images, dpi=300)
    return found


def server_seconds(office: PrefectOffice) -> float:
    """CPU seconds that the server has used."""
    stat = Path(f"/proc/{office.processes['server'].pid}/stat").read_text()
    user, system = stat.rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def compare(folder: Path, dossiers: int, seed: int) -> dict[str, float | int]:
    """The same dossiers both ways."""
    sources = papers(folder, dossiers, seed)
    terms = ("--as", "V_KET_QUA_XAC_MINH", "--json")
    sohoa = (sys.executable, "-m", "app", "ingest")
    office = PrefectOffice(folder)
    try:
        office.start_server()
        office.sohoa("flows", "deploy")
        local_home = {**office.environ, "SOHOA_HOME": str(folder / "local")}
        local = cost([*sohoa, *sources, *terms], local_home)
        before = server_seconds(office)
        reception = cost([*sohoa, "--queue", *sources, *terms], office.environ)
        batches = [json.loads(line)["batch_id"] for line in reception.output.splitlines()]
        variables = environment(load_settings(office.environ), office.environ)
        run = cost([sys.executable, "-c", _RUN, *batches], variables)
        server = server_seconds(office) - before
    finally:
        office.stop()
    states = [json.loads(line)["state"] for line in local.output.splitlines()]
    if states != ["ARCHIVED"] * dossiers or run.output.strip() != f"ARCHIVED {dossiers}":
        raise RuntimeError(f"not all is archived: {states}, {run.output}")
    return {
        "dossiers": dossiers,
        "pages": dossiers * _PAGES,
        "local_cpu_s": round(local.cpu_seconds, 1),
        "reception_cpu_s": round(reception.cpu_seconds, 1),
        "run_cpu_s": round(run.cpu_seconds, 1),
        "share": round(
            (reception.cpu_seconds + run.cpu_seconds - local.cpu_seconds) / local.cpu_seconds, 3
        ),
        "server_cpu_s": round(server, 1),
    }


def main() -> None:
    """Print one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dossiers", type=int, default=10)
    parser.add_argument("--seed", type=int, default=17)
    parser.add_argument("--record", action="store_true", help="write benchmarks/RESULTS.md")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sohoa-orchestration-") as place:
        row = compare(Path(place), chosen.dossiers, chosen.seed)
    print(json.dumps(row), flush=True)
    if chosen.record:
        command = "python -m benchmarks.orchestration"
        record("A Prefect run against the local chain", command, [row], _NOTES)


if __name__ == "__main__":
    main()
