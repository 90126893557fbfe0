"""A fast scanner on one machine: is it kept up with, and does memory stay flat?

Form pages, each with bytes of its own, come in stacks as a scanner leaves them: a folder of JPEG
files that grows by one page a second. One process takes finished stacks in order and walks each to
the archive, signed; questions are answered as by somebody who knows.

    python -m benchmarks.pace                           500 pages, one a second
    python -m benchmarks.pace --pages 2000 --every 0    as fast as it goes: for the memory

Kept up: the last stack is archived before another could have been fed. Memory is the process's own
peak in each window of 100 pages, and the largest program that it started. `--record` writes
`benchmarks/RESULTS.md`.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import queue
import tempfile
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.factory import age, form_pages
from benchmarks.factory.truth import (
    Level,
    Part,
    Role,
    TruthBatch,
    TruthComponent,
    TruthPage,
)
from benchmarks.measuring.chain import answer_open, cpu_seconds, services_at
from benchmarks.measuring.memory import Memory, Peak
from benchmarks.results import record
from flows.services import Services
from pipeline.models.batch import BatchState, IngestTerms

_DPI: Final = 300
_QUALITY: Final = 85
_STOCK: Final = 28
"""Different pages; after them the same again, with other bytes."""
_WINDOW: Final = 100
"""Pages over which the peak of memory is taken."""
_MOST_ROUNDS: Final = 8
_NOTES = """
{pages} form pages (300 dpi JPEG, {stack} a stack), fed every {every:g} s; each stack walks to the
archive, signed, in one process. Lag: from the last page of a stack until the stack is archived.
Kept up: the last stack's lag is at most the time in which a stack is fed.
"""
_MEMORY_NOTES = """
Peak of the process itself and of the largest program that it started, in windows of {window} pages
({pages} in all). Goal: flat, at most 600 MiB a process.
"""


@dataclass(frozen=True, slots=True)
class Stack:
    """Pages that were fed together."""

    number: int
    folder: Path
    truth: TruthBatch


@dataclass(frozen=True, slots=True)
class Done:
    """A stack that went through."""

    number: int
    pages: int
    """Of all stacks so far."""
    waiting: int
    """Pages fed and not yet archived at that moment."""
    lag: float
    """Seconds from its last page to the archive."""
    held: bool


class Feeder(threading.Thread):
    """A scanner: one page every so many seconds, a stack at a time."""

    def __init__(
        self, stock: Sequence[tuple[str, Path]], out: Path, pages: int, stack: int
    ) -> None:
        super().__init__(name="feeder", daemon=True)
        self.stacks: queue.Queue[tuple[Stack, float] | None] = queue.Queue()
        self.fed = 0
        self.every = 0.0
        self.stop = threading.Event()
        self._stock, self._out, self._pages, self._stack = stock, out, pages, stack

    def run(self) -> None:
        """Feed all pages; None ends the queue."""
        start = time.monotonic()
        for number, first in enumerate(range(0, self._pages, self._stack)):
            folder = self._out / f"stack-{number:04d}"
            folder.mkdir()
            codes = []
            for page in range(first, min(first + self._stack, self._pages)):
                due = start + (page + 1) * self.every - time.monotonic()
                if self.every and self.stop.wait(max(due, 0.0)):
                    return
                code, file = self._stock[page % len(self._stock)]
                target = folder / f"page-{page - first:03d}.jpg"
                target.write_bytes(numbered(file.read_bytes(), page))
                codes.append(code)
                self.fed += 1
            stack = Stack(number, folder, _truth(folder, codes))
            self.stacks.put((stack, time.monotonic()))
        self.stacks.put(None)


def numbered(jpeg: bytes, number: int) -> bytes:
    """The same picture with other bytes: a comment with a number, after the start of the file."""
    note = f"page {number}".encode()
    return jpeg[:2] + b"\xff\xfe" + (len(note) + 2).to_bytes(2, "big") + note + jpeg[2:]


def draw_stock(folder: Path, seed: int, count: int) -> list[tuple[str, Path]]:
    """Different form pages as JPEG files, each with its type."""
    rng = np.random.default_rng(seed)
    stock = []
    for number, page in enumerate(form_pages(count, seed, _DPI)):
        file = folder / f"{number:03d}.jpg"
        age(page.image, rng).save(file, "JPEG", quality=_QUALITY, dpi=(_DPI, _DPI))
        stock.append((page.code, file))
    return stock


def _truth(folder: Path, codes: Sequence[str]) -> TruthBatch:
    """Every page is a paper."""
    return TruthBatch(
        path=folder,
        seed=0,
        level=Level.MID,
        part=Part.TUNE,
        sheets=False,
        pages=tuple(
            TruthPage(index=n, role=Role.FIRST, component=n, turn=0, skew_deg=0.0, dpi=_DPI)
            for n in range(len(codes))
        ),
        components=tuple(TruthComponent(code, code, (n,)) for n, code in enumerate(codes)),
    )


def archive(services: Services, stack: Stack) -> bool:
    """Walk a stack to the archive; True where a person was asked.

    Raises:
        RuntimeError: it did not get there.
    """
    outcome = services.batches.ingest(stack.folder, IngestTerms(), services.actor())
    if not outcome.views:
        raise RuntimeError(f"stack {stack.number} was refused")
    batch, views = outcome.views[0].batch, outcome.views
    rounds = 0
    while views[0].state is BatchState.NEEDS_REVIEW and rounds < _MOST_ROUNDS:
        answer_open(services, batch, stack.truth)
        views = services.batches.resume(batch.batch_id)
        rounds += 1
    if views[0].state is not BatchState.ARCHIVED:
        raise RuntimeError(f"stack {stack.number} ended as {views[0].state}: {views[0].problem}")
    return rounds > 0


def run(
    folder: Path, pages: int, stack: int, every: float, seed: int
) -> tuple[list[Done], list[Peak], float]:
    """Feed and archive; stacks, peaks of memory, CPU seconds a page."""
    stock_folder, out = folder / "stock", folder / "stacks"
    stock_folder.mkdir()
    out.mkdir()
    spawned = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawned) as pool:  # its memory is not the product's
        stock = pool.submit(draw_stock, stock_folder, seed, min(_STOCK, pages)).result()
    feeder = Feeder(stock, out, pages, stack)
    feeder.every = every
    services = services_at(folder / "home", os.environ)
    done: list[Done] = []
    through, before = 0, cpu_seconds()
    peaks: list[Peak] = []
    with Memory() as memory:
        feeder.start()
        try:
            while (fed := feeder.stacks.get()) is not None:
                handed, at = fed
                held = archive(services, handed)
                through += len(handed.truth.pages)
                lag = time.monotonic() - at
                done.append(Done(handed.number, through, feeder.fed - through, lag, held))
                print(json.dumps(_shown(done[-1])), flush=True)
                so_far = peaks[-1].pages if peaks else 0
                if through == pages or through - so_far >= _WINDOW:
                    peaks.append(memory.window(through))
        finally:
            feeder.stop.set()
    return done, peaks, (cpu_seconds() - before) / through


def _shown(done: Done) -> dict[str, object]:
    return {
        "stack": done.number,
        "pages": done.pages,
        "waiting": done.waiting,
        "lag_s": round(done.lag, 1),
        "held": done.held,
    }


def summary(done: Sequence[Done], stack: int, every: float, cpu_a_page: float) -> dict[str, object]:
    """One row of figures."""
    half = max(len(done) // 2, 1)
    last = done[-1].lag
    return {
        "pages": done[-1].pages,
        "a page every": f"{every:g} s",
        "CPU a page": f"{cpu_a_page:.2f} s",
        "most waiting, first half": max(d.waiting for d in done[:half]),
        "most waiting, second half": max(d.waiting for d in done[half:] or done),
        "longest lag": f"{max(d.lag for d in done):.1f} s",
        "last lag": f"{last:.1f} s",
        "stacks held": sum(d.held for d in done),
        "kept up": "yes" if last <= stack * every else "no",
    }


def memory_rows(peaks: Sequence[Peak]) -> list[dict[str, object]]:
    """One row a window."""
    return [
        {
            "pages": peak.pages,
            "process MiB": round(peak.own_mib),
            "largest program MiB": round(peak.program_mib),
        }
        for peak in peaks
    ]


def main() -> None:
    """Feed, archive, say whether it was kept up with."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pages", type=int, default=500)
    parser.add_argument("--stack", type=int, default=20, help="pages of a stack")
    parser.add_argument("--every", type=float, default=1.0, help="seconds a page; 0: at once")
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--record", action="store_true", help="write benchmarks/RESULTS.md")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sohoa-pace-") as place:
        done, peaks, cpu = run(Path(place), chosen.pages, chosen.stack, chosen.every, chosen.seed)
    row = summary(done, chosen.stack, chosen.every, cpu)
    memory = memory_rows(peaks)
    print(json.dumps(row))
    for window in memory:
        print(json.dumps(window))
    if chosen.record:
        command = f"python -m benchmarks.pace --pages {chosen.pages} --every {chosen.every:g}"
        notes = {"pages": chosen.pages, "stack": chosen.stack, "every": chosen.every}
        if chosen.every:
            record("The pace of a scanner", command, [row], _NOTES.format(**notes))
        else:
            told = _MEMORY_NOTES.format(window=_WINDOW, pages=chosen.pages)
            record("Memory over many pages", command, memory, told)


if __name__ == "__main__":
    main()
