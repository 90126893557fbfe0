"""Kills the process before and after every port call and rename of one batch, one after another.

After each kill the same command is run again, and everything must be as if nothing had happened:
counts balance, every page's digest is in the archive's raw index once, one object per key, `audit`
finds nothing. `python -m benchmarks.crash` does all of it, plus kills at random moments; the test
suite does it once per distinct port method and rename.

Each run is a fork of one warmed process, so that a kill costs a second and not a start-up. The
text of the pages is recognised once and replayed: what is tried here is custody, not reading.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from app.progress import Silence
from benchmarks.factory.batches import write_batch
from benchmarks.factory.components import render_component
from benchmarks.factory.person import make_person
from benchmarks.factory.scanning import age
from benchmarks.results import record
from flows.services import Services
from pipeline.ids import digest
from pipeline.models.batch import BatchState, IngestTerms
from pipeline.models.manifest import RawIndex
from pipeline.models.text import EngineIdentity, Line
from pipeline.ports.reading import Gray, OcrEngine
from pipeline.settings import OcrSettings, Settings

PORTS = ("records", "store", "reader", "engine", "signers", "judge", "index")
_RENAMES = ("replace", "rename")
_LOADED_LATE = (
    "casework.audit",
    "casework.reception",
    "pipeline.adapters.pixels",
    "pipeline.adapters.sources",
    "pipeline.adapters.symbols",
    "pipeline.adapters.tesseract",
    "pipeline.adapters.tesseract_engines",
    "pipeline.adapters.tesseract_inside",
    "pipeline.run.steps",
    "pipeline.signatures",
    "storage.rebuild",
)
_NOTES = """
SIGKILL before and after every port call and rename of one batch of three pages, then at random
instants; after each the same command runs again. Bad = counts do not balance, a page is missing or
doubled, an object too many or too few, `audit` finds something, or the index differs.
"""


# -- dying on purpose -----------------------------------------------------------------------


class Killer:
    """Counts moments; at the chosen one the process is gone."""

    def __init__(self, moment: int | None, log: Path | None = None) -> None:
        self.moment = moment
        self.log = log
        self.count = 0

    def tick(self, label: str) -> None:
        self.count += 1
        if self.log is not None:
            with self.log.open("a") as out:
                out.write(f"{label}\n")
        if self.count == self.moment:
            os.kill(os.getpid(), signal.SIGKILL)


class Mortal:
    """A port whose every call is a moment to die before, and one to die after."""

    def __init__(self, port: object, name: str, killer: Killer) -> None:
        self._port = port
        self._name = name
        self._killer = killer

    def __getattr__(self, attribute: str) -> Any:
        value = getattr(self._port, attribute)
        if not callable(value) or attribute.startswith("_"):
            return value

        def call(*args: Any, **kwargs: Any) -> Any:
            self._killer.tick(f"{self._name}.{attribute} before")
            result = value(*args, **kwargs)
            self._killer.tick(f"{self._name}.{attribute} after")
            return Mortal(result, "signer", self._killer) if attribute == "of" else result

        return call


def mortal(services: Services, killer: Killer, names: Sequence[str] = PORTS) -> None:
    """Put ports of some services, and every rename, under the killer."""
    ports = services.ports
    for name in names:
        ports.__dict__[name] = Mortal(getattr(ports, name), name, killer)
    for name in _RENAMES:
        setattr(os, name, _mortal_rename(getattr(os, name), name, killer))


def _mortal_rename(rename: Callable[..., None], name: str, killer: Killer) -> Callable[..., None]:
    def call(*args: Any, **kwargs: Any) -> None:
        kind = _kind(Path(os.fsdecode(args[1])))
        killer.tick(f"os.{name} {kind} before")
        rename(*args, **kwargs)
        killer.tick(f"os.{name} {kind} after")

    return call


def _kind(target: Path) -> str:
    """What is renamed into place: the nearest folder with a stable name."""
    for part in reversed(target.parent.parts):
        if part in ("blobs", "stages", "archive", "quarantine", "cache", "pki", "text", "raw"):
            return part
        if part in ("manifest", "source", "dossiers"):
            return part
    return "temporary"


# -- replayed reading -----------------------------------------------------------------------


class Recorder:
    """An engine that remembers what another one read."""

    def __init__(self, engine: OcrEngine, file: Path) -> None:
        self._engine = engine
        self._file = file
        self._pages: dict[str, Any] = {}

    @property
    def identity(self) -> EngineIdentity:
        return self._engine.identity

    def read(self, gray: Gray, dpi: int) -> tuple[Line, ...]:
        lines = self._engine.read(gray, dpi)
        self._pages[_picture(gray, dpi)] = [line.model_dump(mode="json") for line in lines]
        memory = {"identity": self.identity.model_dump(mode="json"), "pages": self._pages}
        self._file.write_text(json.dumps(memory))
        return lines


class Replayer:
    """An engine that reads from memory."""

    def __init__(self, file: Path) -> None:
        memory = json.loads(file.read_text())
        self.identity = EngineIdentity.model_validate(memory["identity"])
        self._pages = {
            key: tuple(Line.model_validate(line) for line in lines)
            for key, lines in memory["pages"].items()
        }

    def read(self, gray: Gray, dpi: int) -> tuple[Line, ...]:
        return self._pages[_picture(gray, dpi)]


def _picture(gray: Gray, dpi: int) -> str:
    return digest(gray.shape, dpi, gray.tobytes().hex())


# -- one trial ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Bench:
    """What every trial shares."""

    source: Path
    memory: Path
    folder: Path

    def settings(self, home: Path) -> Settings:
        return Settings(home=home, ocr=OcrSettings(workers=1))

    def services(self, home: Path) -> Services:
        services = Services(self.settings(home), Silence())
        services.ports.__dict__["engine"] = Replayer(self.memory)
        return services

    def ingest(self, services: Services) -> None:
        services.batches.ingest(self.source, IngestTerms(), services.actor())


def in_child(act: Callable[[], None]) -> int:
    """Run in a fork; its wait status."""
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child == 0:
        code = 0
        try:
            act()
        except BaseException:
            traceback.print_exc()
            code = 1
        finally:
            sys.stderr.flush()
            os._exit(code)
    return os.waitpid(child, 0)[1]


def moments(bench: Bench) -> list[str]:
    """Labels of every moment of an undisturbed run, in order."""
    log = bench.folder / "moments.txt"
    home = bench.folder / "whole"

    def run() -> None:
        services = bench.services(home)
        mortal(services, Killer(None, log))
        bench.ingest(services)

    status = in_child(run)
    if status != 0:
        raise RuntimeError("the undisturbed run failed")
    shutil.rmtree(home)
    return log.read_text().splitlines()


def trial(bench: Bench, moment: int) -> str | None:
    """Die at a moment, run again, look; what is wrong, or None."""
    home = bench.folder / f"home-{moment}"

    def die() -> None:
        services = bench.services(home)
        mortal(services, Killer(moment))
        bench.ingest(services)

    status = in_child(die)
    died = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    problem = aftermath(bench, home) if died else f"was not killed (status {status})"
    if problem is None:
        shutil.rmtree(home, ignore_errors=True)
    return problem


def aftermath(bench: Bench, home: Path) -> str | None:
    """Run the same command again and look at everything."""
    report = bench.folder / f"{home.name}.txt"

    def look() -> None:
        services = bench.services(home)
        bench.ingest(services)
        report.write_text("\n".join(findings(services)))

    if in_child(look) != 0:
        return "the second run failed"
    return report.read_text() or None


def findings(services: Services) -> list[str]:
    """Everything that is not as it should be after a second run."""
    ports = services.ports
    wrong = []
    batches = list(ports.records.batches())
    if [b.state for b in batches] != [BatchState.ARCHIVED]:
        wrong.append(f"states {[b.state.value for b in batches]}")
        return wrong
    batch_id = batches[0].batch.batch_id
    counts = [d.counts for d in ports.records.batch_dossiers(batch_id)]
    if not all(c.balanced for c in counts):
        wrong.append(f"unbalanced {counts}")
    with ports.store.open(f"raw/{batch_id}/index.json") as stream:
        pages = RawIndex.model_validate_json(stream.read()).pages
    if len({p.sha256 for p in pages}) != sum(c.in_ for c in counts) or len(pages) != len(
        {p.index for p in pages}
    ):
        wrong.append("a page is missing or doubled in the raw index")
    components = ports.records.components(batch_id=batch_id)
    keys = [o.key for o in ports.store.list("dossiers/") if "/manifest/" not in o.key]
    wanted = sorted(r.object_key for c in components for r in c.revisions)
    if sorted(keys) != wanted:
        wrong.append(f"objects {sorted(keys)} instead of {wanted}")
    report = services.audit()
    wrong += [f"audit {f.code} {f.subjects}" for f in report.findings if f.failure]
    if services.ports.index.count() != len(components):
        wrong.append("the index differs")
    return wrong


def random_kill(bench: Bench, number: int, seconds: float, rng: random.Random) -> str | None:
    """Die at a random instant instead of a counted one."""
    home = bench.folder / f"random-{number}"
    child = os.fork()
    if child == 0:
        try:
            bench.ingest(bench.services(home))
        finally:
            os._exit(0)
    time.sleep(rng.uniform(0.0, seconds))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    problem = aftermath(bench, home)
    if problem is None:
        shutil.rmtree(home, ignore_errors=True)
    return problem


# -- the bench ------------------------------------------------------------------------------


def warm() -> None:
    """Load now what a use case would load when first asked for: forks then need not."""
    cv2.setNumThreads(1)
    for module in _LOADED_LATE:
        importlib.import_module(module)


def make_bench(folder: Path) -> Bench:
    """A batch of three pages (two components), read once."""
    warm()
    rng = np.random.default_rng(7)
    person = make_person(rng)
    pages = [
        age(page.image, rng)
        for code in ("R_07B_HSB", "R_04_HSB")
        for page in render_component(code, person, rng, dpi=150)
    ]
    source = folder / "lo.pdf"
    write_batch(source, pages, dpi=150)
    bench = Bench(source=source, memory=folder / "memory.json", folder=folder)

    def record() -> None:
        services = Services(bench.settings(folder / "record"), Silence())
        services.ports.__dict__["engine"] = Recorder(services.ports.engine, bench.memory)
        bench.ingest(services)

    if in_child(record) != 0:
        raise RuntimeError("the recording run failed")
    return bench


def once_each(labels: Sequence[str]) -> list[int]:
    """1-based moments: the first of each distinct label."""
    first: dict[str, int] = {}
    for moment, label in enumerate(labels, start=1):
        first.setdefault(label, moment)
    return sorted(first.values())


def main() -> None:
    """All moments, then random ones; exit 1 where anything was wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--random", type=int, default=20, help="kills at random instants")
    parser.add_argument("--distinct", action="store_true", help="each label once")
    parser.add_argument("--record", action="store_true", help="write benchmarks/RESULTS.md")
    chosen = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="sohoa-crash-"))
    bench = make_bench(folder)
    start = time.monotonic()
    labels = moments(bench)
    seconds = time.monotonic() - start
    numbers = once_each(labels) if chosen.distinct else list(range(1, len(labels) + 1))
    print(
        f"{len(labels)} moments, {len(set(labels))} distinct; one run {seconds:.1f} s", flush=True
    )
    bad = 0
    for done, moment in enumerate(numbers, start=1):
        problem = trial(bench, moment)
        if problem:
            bad += 1
            print(f"moment {moment} ({labels[moment - 1]}): {problem}", flush=True)
        if done % 20 == 0:
            print(f"{done} of {len(numbers)} kills, {bad} bad", flush=True)
    rng = random.Random(20)
    for number in range(chosen.random):
        problem = random_kill(bench, number, seconds, rng)
        if problem:
            bad += 1
            print(f"random {number}: {problem}", flush=True)
    print(f"{len(numbers)} counted and {chosen.random} random kills: {bad} bad", flush=True)
    if chosen.record:
        row = {"counted kills": len(numbers), "random kills": chosen.random, "bad": bad}
        record("Killed at every step", "python -m benchmarks.crash", [row], _NOTES)
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
