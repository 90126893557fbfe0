"""CPU of the whole main job against bare Tesseract on the same pages.

Sixteen dense and sixteen form pages, 300 dpi JPEG, each in a fresh process, children counted:

- Sohoa: `sohoa ingest BATCH.pdf` (recognition, separation, PDF/A, signature, archive, index);
- Tesseract: `OMP_THREAD_LIMIT=1 tesseract PAGE out -l vie pdf txt` for every page;
- OCRmyPDF, where it is on the PATH: `ocrmypdf -l vie --deskew --rotate-pages` on the same PDF.

Start-up (a run of `sohoa ingest` on nothing to read) is shown apart and taken off. Peak memory is
sampled over the whole process tree. `--record` writes the result to `benchmarks/RESULTS.md`.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.factory import dense_pages, form_pages
from benchmarks.factory.batches import write_batch
from benchmarks.factory.scanning import age
from benchmarks.results import record

_PAGES = 16
_SAMPLE_SECONDS = 0.02
_NOTES = """
16 pages of a kind, 300 dpi JPEG, as one PDF with a declared type. Peer: `OMP_THREAD_LIMIT=1
tesseract PAGE out -l vie pdf txt` on the same JPEGs, one process a page. `ratio` = (whole -
start-up) / peer, CPU seconds with children. Goal: ratio at most 1.0, peak at most 600 MiB.
`ocrmypdf_cpu_s`: `ocrmypdf -l vie --deskew --rotate-pages`, – where it is not installed.
"""


@dataclass(frozen=True)
class Cost:
    """What a command cost, children included."""

    cpu_seconds: float
    peak_mib: float
    output: str


def cost(command: Sequence[str | Path], environ: dict[str, str]) -> Cost:
    """Run a command and account for its process tree."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    process = subprocess.Popen(
        command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    peak = 0.0
    over = threading.Event()

    def sample() -> None:
        nonlocal peak
        while not over.wait(_SAMPLE_SECONDS):
            peak = max(peak, _tree_mib(process.pid))

    sampler = threading.Thread(target=sample)
    sampler.start()
    output, _ = process.communicate()
    over.set()
    sampler.join()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(cpu, peak, output)


def _tree_mib(root: int) -> float:
    """Proportional memory of a process and all below it, MiB."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            parents.setdefault(int(stat[1]), []).append(int(entry.name))
    total, waiting = 0.0, [root]
    while waiting:
        pid = waiting.pop()
        waiting += parents.get(pid, [])
        total += _proportional_mib(pid)
    return total


def _proportional_mib(pid: int) -> float:
    try:
        rollup = (Path("/proc") / str(pid) / "smaps_rollup").read_text()
    except OSError:
        return 0.0
    for line in rollup.splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    return 0.0


def compare(name: str, folder: Path, seed: int) -> dict[str, float | str | int]:
    """Both programs on the same pages of one kind."""
    rng = np.random.default_rng(seed)
    make = dense_pages if name == "dense" else form_pages
    images = [age(page.image, rng) for page in make(_PAGES, seed)]
    batch = folder / f"{name}.pdf"
    write_batch(batch, images, dpi=300)
    subprocess.run(["pdfimages", "-j", batch, folder / name], check=True)
    pages = sorted(folder.glob(f"{name}-*.jpg"))
    environ = {**os.environ, "SOHOA_HOME": str(folder / f"home-{name}"), "OMP_THREAD_LIMIT": "1"}
    program = Path(sys.executable).with_name("sohoa")
    idle = cost([program, "ingest", folder / "nothing.pdf", "--json"], environ)
    whole = cost([program, "ingest", batch, "--as", "V_KET_QUA_XAC_MINH", "--json"], environ)
    result = json.loads(whole.output.splitlines()[-1])
    bare = sum(
        cost(
            ["tesseract", page, folder / f"out-{page.stem}", "-l", "vie", "pdf", "txt"], environ
        ).cpu_seconds
        for page in pages
    )
    other = _ocrmypdf(batch, environ)
    return {
        "pages": name,
        "state": result["state"],
        "sohoa_cpu_s": round(whole.cpu_seconds, 2),
        "start_up_cpu_s": round(idle.cpu_seconds, 2),
        "tesseract_cpu_s": round(bare, 2),
        "ocrmypdf_cpu_s": "–" if other is None else round(other, 2),
        "ratio": round((whole.cpu_seconds - idle.cpu_seconds) / bare, 3),
        "peak_mib": round(whole.peak_mib),
        "count": len(pages),
    }


def _ocrmypdf(batch: Path, environ: dict[str, str]) -> float | None:
    """CPU seconds of the whole program on the whole batch, None where it is not installed."""
    program = shutil.which("ocrmypdf")
    if program is None:
        return None
    out = batch.with_suffix(".ocr.pdf")
    spent = cost(
        [program, "-l", "vie", "--deskew", "--rotate-pages", "-q", batch, out], environ
    ).cpu_seconds
    if not out.exists():
        raise RuntimeError("ocrmypdf made no file")
    return spent


def main() -> None:
    """Print one JSON line per kind of page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--record", action="store_true", help="write benchmarks/RESULTS.md")
    chosen = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory(prefix="sohoa-chain-") as place:
        folder = Path(place)
        (folder / "nothing.pdf").write_bytes(b"")
        for name in ("dense", "form"):
            rows.append(compare(name, folder, chosen.seed))
            print(json.dumps(rows[-1]), flush=True)
    if chosen.record:
        record(
            "The whole main job against bare Tesseract", "python -m benchmarks.chain", rows, _NOTES
        )


if __name__ == "__main__":
    main()
