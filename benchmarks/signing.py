"""Signing and verifying: how many, how much CPU, how many bytes.

`python -m benchmarks.signing` signs with two processes at B-B and at B-LTA (timestamp authority,
OCSP and CRLs answer in a process of their own), then verifies in one warm process, and writes
`benchmarks/RESULTS.md`. CPU seconds compare between machines under load, wall times do not.
"""

from __future__ import annotations

import argparse
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

from benchmarks.results import record
from pipeline.settings import Settings, SigningSettings, TsaSettings
from pipeline.signatures import Signing, build_judge
from pipeline.signatures.judging import PdfSignatureJudge
from pipeline.signatures.verdicts import Outcome
from tests.fakes.certificates import TODAY
from tests.fakes.papers import write_paper
from tests.fakes.pki import Pki
from tests.fakes.signers import capture_facts, component_of

PROCESSES: Final = 2
PAGES: Final = (1, 20)
_COMMAND: Final = "python -m benchmarks.signing"


@dataclass(frozen=True, slots=True)
class Told:
    """Where the authorities are, and the officer's key."""

    url: str
    pkcs12: Path
    root: Path

    def settings(self, home: Path, level: str) -> Settings:
        return Settings(
            home=home,
            officer="o",
            signing=SigningSettings(pkcs12=self.pkcs12, trust=(self.root,), level=level),
            tsa=TsaSettings(url=self.url),
        )


@dataclass(frozen=True, slots=True)
class Share:
    """What one process did."""

    cpu: float
    """Seconds of CPU for all signatures."""
    added: tuple[int, ...]
    """Bytes that each signature added."""


def _answer(folder: Path, kind: str, told: Connection) -> None:
    pki = Pki(folder)
    told.send(Told(pki.tsa(), pki.pkcs12(kind), pki.pem("root")))
    told.recv()
    pki.close()


@contextmanager
def authorities(folder: Path, kind: str) -> Iterator[Told]:
    """Authorities in a process of their own, so that their CPU is not the signer's."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_answer, args=(folder, kind, there))
    process.start()
    try:
        yield here.recv()
    finally:
        here.send(None)
        process.join()


def _sign(told: Told, folder: Path, level: str, count: int, go: Connection) -> None:
    folder.mkdir()
    signing = Signing(told.settings(folder / "home", level))
    pdf = write_paper(folder)
    component, before = component_of(pdf), pdf.stat().st_size
    signer = signing.signers.of("o")
    signer.sign(component, pdf, capture_facts(), TODAY)
    go.send(None)
    go.recv()
    begun, added = time.process_time(), []
    for _ in range(count):
        data, info = signer.sign(component, pdf, capture_facts(), TODAY)
        if info.level != f"PAdES-{level}":
            raise RuntimeError(info.level)
        added.append(len(data) - before)
    go.send(Share(time.process_time() - begun, tuple(added)))
    signing.close()


def sign(told: Told, folder: Path, level: str, count: int) -> dict[str, object]:
    """Sign `count` papers in each of two warm processes."""
    context = multiprocessing.get_context("spawn")
    pipes = [context.Pipe() for _ in range(PROCESSES)]
    processes = [
        context.Process(target=_sign, args=(told, folder / f"{level}-{n}", level, count, there))
        for n, (_, there) in enumerate(pipes)
    ]
    for process in processes:
        process.start()
    for here, _ in pipes:
        here.recv()
    begun = time.perf_counter()
    for here, _ in pipes:
        here.send(None)
    shares: list[Share] = [here.recv() for here, _ in pipes]
    wall = time.perf_counter() - begun
    for process in processes:
        process.join()
    each = sum(share.cpu for share in shares) / (count * PROCESSES)
    return {
        "what": f"sign {level}",
        "n": count * PROCESSES,
        "per second, wall": f"{count * PROCESSES / wall:.1f}",
        "per second, 2 cores by CPU": f"{PROCESSES / each:.1f}",
        "CPU ms p50 (mean)": f"{each * 1000:.0f}",
        "CPU ms p95": "–",
        "wall ms p50 / p95": "–",
        "KB added": f"{statistics.median(b for s in shares for b in s.added) / 1024:.1f}",
    }


def verify(judge: PdfSignatureJudge, pdf: Path, what: str, count: int) -> dict[str, object]:
    """Judge one file again and again in this process."""
    judge.judge(pdf)
    cpu, wall = [], []
    for _ in range(count):
        begun, since = time.process_time(), time.perf_counter()
        verdict = judge.judge(pdf)
        cpu.append(1000 * (time.process_time() - begun))
        wall.append(1000 * (time.perf_counter() - since))
        if verdict.outcome is not Outcome.VALID:
            raise RuntimeError(str(verdict.reasons))
    return {
        "what": what,
        "n": count,
        "per second, wall": "–",
        "per second, 2 cores by CPU": f"{PROCESSES * 1000 / statistics.mean(cpu):.0f}",
        "CPU ms p50 (mean)": f"{_share(cpu, 50):.0f} ({statistics.mean(cpu):.0f})",
        "CPU ms p95": f"{_share(cpu, 95):.0f}",
        "wall ms p50 / p95": f"{_share(wall, 50):.0f} / {_share(wall, 95):.0f}",
        "KB added": "–",
    }


def _share(values: Sequence[float], percent: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


def _verifications(told: Told, folder: Path, count: int) -> Iterator[dict[str, object]]:
    for level in ("B-B", "B-LTA"):
        settings = told.settings(folder / "verify", level)
        signing = Signing(settings)
        quick, deep = (build_judge(settings, (), lambda: TODAY, deep=d) for d in (False, True))
        for pages in PAGES:
            pdf = write_paper(folder, pages=pages)
            data, _ = signing.signers.of("o").sign(component_of(pdf), pdf, capture_facts(), TODAY)
            signed = folder / "signed.pdf"
            signed.write_bytes(data)
            yield verify(quick, signed, f"verify {level}, {pages} p.", count)
        yield verify(deep, signed, f"verify --deep {level}, {pages} p.", max(count // 3, 5))
        signing.close()


def main() -> None:
    """Measure and record."""
    parser = argparse.ArgumentParser(prog="benchmarks.signing", description=__doc__)
    parser.add_argument("--count", type=int, default=60, help="signatures of each process")
    parser.add_argument("--key", default="p256", choices=("p256", "rsa2048", "rsa3072"))
    options = parser.parse_args()
    measure: Callable[[Told, Path], list[dict[str, object]]] = lambda told, folder: [  # noqa: E731
        *(sign(told, folder, level, options.count) for level in ("B-B", "B-LTA")),
        *_verifications(told, folder, options.count),
    ]
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        with authorities(folder / "pki", options.key) as told:
            rows = measure(told, folder)
    record(
        "Signing and verifying",
        f"{_COMMAND} --count {options.count} --key {options.key}",
        rows,
        f"Key: {options.key} in a PKCS#12 file, chain of three, OCSP and CRL; two processes sign, "
        "authorities answer in a third (their CPU is not counted). `verify` looks at every "
        "revision and every byte; `--deep` asks OCSP and CRLs as well. Where other work shares "
        "the cores, wall times say nothing: goals (B-B ≥ 20 a second on two cores, ≤ 20 KB, "
        "verification p95 ≤ 300 ms) are judged by CPU.",
    )


if __name__ == "__main__":
    main()
