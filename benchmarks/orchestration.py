"""CPU of the same dossiers through a Prefect flow and through the local chain, in one run.

Each of `--dossiers` PDFs of twenty form pages (300 dpi), from nothing, twice each way:

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
from collections import defaultdict
from collections.abc import Sequence
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
_TERMS = ("--as", "V_KET_QUA_XAC_MINH", "--json")
_INGEST = (sys.executable, "-m", "app", "ingest")
_RUN = """
import sys
from flows.digitise import digitise
state = digitise(sys.argv[1:], return_state=True)
print(state.message)
"""
_NOTES = """
Dossiers of 20 form pages, 300 dpi JPEG, all of one run; in the order local, flow, flow, local, mean
of two. `share` = (reception + run - local) / local, CPU seconds with children. Goal: at most
0.05. `server_cpu_s`: the Prefect server (SQLite) in the same time, idling included.
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
    """The same dossiers twice each way, in an order that gives neither the quieter half."""
    sources = papers(folder, dossiers, seed)
    office = PrefectOffice(folder)
    spent: dict[str, float] = defaultdict(float)
    try:
        office.start_server()
        office.sohoa("flows", "deploy")
        for number, way in enumerate((_local, _flow, _flow, _local)):
            environ = {**office.environ, "SOHOA_HOME": str(folder / f"home-{number}")}
            before = server_seconds(office)
            for part, seconds in way(sources, environ).items():
                spent[part] += seconds
            if way is _flow:
                spent["server"] += server_seconds(office) - before
    finally:
        office.stop()
    extra = spent["reception"] + spent["run"] - spent["local"]
    return {
        "dossiers": dossiers,
        "pages": dossiers * _PAGES,
        **{f"{part}_cpu_s": round(seconds / 2, 1) for part, seconds in spent.items()},
        "share": round(extra / spent["local"], 3),
    }


def _local(sources: Sequence[Path], environ: dict[str, str]) -> dict[str, float]:
    """CPU seconds of one process that does all."""
    done = cost([*_INGEST, *sources, *_TERMS], environ)
    states = [json.loads(line)["state"] for line in done.output.splitlines()]
    if states != ["ARCHIVED"] * len(sources):
        raise RuntimeError(f"not all is archived: {states}")
    return {"local": done.cpu_seconds}


def _flow(sources: Sequence[Path], environ: dict[str, str]) -> dict[str, float]:
    """CPU seconds of the reception and of the run."""
    reception = cost([*_INGEST, "--queue", *sources, *_TERMS], environ)
    batches = [json.loads(line)["batch_id"] for line in reception.output.splitlines()]
    variables = environment(load_settings(environ), environ)
    run = cost([sys.executable, "-c", _RUN, *batches], variables)
    if run.output.strip() != f"ARCHIVED {len(sources)}":
        raise RuntimeError(f"not all is archived: {run.output}")
    return {"reception": reception.cpu_seconds, "run": run.cpu_seconds}


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
