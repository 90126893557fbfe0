"""Batches made, run through the chain and compared, one after another; a killed run goes on.

Each batch has its own process and its own home, both gone after it. Its outcome is kept as a file
named by everything it hangs on, the code's own digest among it: an outcome of other code is not
taken for one of this.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from benchmarks.factory.layouts import variants
from benchmarks.factory.mixing import make_batch
from benchmarks.factory.truth import Level, Part
from benchmarks.factory.truth_file import truth_path
from benchmarks.measuring.comparing import comes_scanned, compare
from benchmarks.measuring.found import Findings
from benchmarks.measuring.outcomes import Outcome
from pipeline.catalogue import Catalogue, load_catalogue
from pipeline.workspace import write_atomically

_ROOT: Final = Path(__file__).parents[2]
_CODE: Final = ("pipeline", "ocr_models", "storage", "casework", "flows", "benchmarks")
_KINDS: Final = frozenset({".py", ".yaml", ".toml", ".json", ".npz"})


@dataclass(frozen=True, slots=True)
class Wanted:
    """One batch to measure."""

    level: Level
    part: Part
    seed: int
    sheets: bool
    pages: int

    def codes(self, catalogue: Catalogue) -> tuple[str, ...] | None:
        """Kinds to draw from: with an even seed known papers alone, with an odd one all, as they
        come."""
        kinds = tuple(code for code in variants(self.part) if comes_scanned(code, catalogue))
        return None if self.seed % 2 else kinds

    @property
    def name(self) -> str:
        """For files."""
        sheets = "sheets" if self.sheets else "plain"
        return f"{self.part}-{self.level}-{sheets}-{self.seed:04d}-{self.pages}"


class Yardstick:
    """Measures batches; outcomes are kept in a folder."""

    def __init__(self, folder: Path, *, whole: bool = False, keep: bool = False) -> None:
        """Bind to a folder.

        Args:
            folder: of outcomes; made where it is missing.
            whole: sign and archive too.
            keep: leave batches, truths and findings there to look at.
        """
        self._folder = folder
        self._whole = whole
        self._keep = keep
        self._code = code_digest()[:10]
        folder.mkdir(parents=True, exist_ok=True)

    def outcomes(self, wanted: Iterable[Wanted]) -> Iterator[Outcome]:
        """Outcomes in the order asked for, each measured unless it was before.

        Raises:
            RuntimeError: the chain failed on a batch.
        """
        for batch in wanted:
            yield self._known(batch) or self._measured(batch)

    def _file(self, batch: Wanted) -> Path:
        whole = "-whole" if self._whole else ""
        return self._folder / f"{batch.name}{whole}-{self._code}.json"

    def _known(self, batch: Wanted) -> Outcome | None:
        file = self._file(batch)
        return Outcome.model_validate_json(file.read_bytes()) if file.exists() else None

    def _measured(self, batch: Wanted) -> Outcome:
        with tempfile.TemporaryDirectory(prefix="sohoa-measured-") as place:
            folder = self._folder / batch.name if self._keep else Path(place)
            folder.mkdir(exist_ok=True)
            truth = make_batch(
                folder,
                batch.seed,
                level=batch.level,
                part=batch.part,
                sheets=batch.sheets,
                pages=batch.pages,
                codes=batch.codes(self._catalogue),
            )
            file = truth_path(truth.path)
            found = run_chain(truth.path, Path(place) / "home", file, whole=self._whole)
            if self._keep:
                (folder / "found.json").write_text(found.model_dump_json(), encoding="utf-8")
        outcome = compare(truth, found, self._catalogue)
        write_atomically(self._file(batch), outcome.model_dump_json(indent=1).encode())
        return outcome

    @cached_property
    def _catalogue(self) -> Catalogue:
        return load_catalogue()


def run_chain(
    source: Path,
    home: Path,
    truth: Path | None = None,
    *,
    whole: bool = False,
    as_code: str | None = None,
) -> Findings:
    """The chain on one source, in a process of its own.

    Args:
        source: a file that the product takes in.
        home: of its own, new.
        truth: file with the truth of the batch, to answer questions.
        whole: sign and archive too.
        as_code: declares the source.

    Raises:
        RuntimeError: it failed.
    """
    command = [sys.executable, "-m", "benchmarks.measuring.chain", str(source), "--home", str(home)]
    if truth is not None:
        command += ["--truth", str(truth)]
    command += ["--whole"] if whole else []
    command += ["--as", as_code] if as_code else []
    environ = {"OMP_THREAD_LIMIT": "1", **os.environ, "PYTHONPATH": str(_ROOT)}
    done = subprocess.run(command, env=environ, capture_output=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{source.name}: {done.stderr.decode(errors='replace')[-2000:]}")
    return Findings.model_validate_json(done.stdout.splitlines()[-1])


def code_digest() -> str:
    """SHA-256 over the code and data that a measurement hangs on."""
    whole = hashlib.sha256()
    files = (p for top in _CODE for p in (_ROOT / top).rglob("*") if p.suffix in _KINDS)
    for path in sorted(files):
        whole.update(str(path.relative_to(_ROOT)).encode())
        whole.update(hashlib.sha256(path.read_bytes()).digest())
    return whole.hexdigest()
