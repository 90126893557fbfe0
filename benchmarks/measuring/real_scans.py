"""Real scanned letters with a transcription of page one: the chain beside bare Tesseract.

The scans lie outside of the repository: they are not its to give on.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.measuring.running import run_chain
from benchmarks.reading_errors import Errors, line_errors, total

_TRANSCRIBED: Final = "_p1.gt.txt"
_DPI: Final = 300
_DECLARED: Final = "V_KET_QUA_XAC_MINH"
"""An official letter: declared, so that nobody need be asked."""


@dataclass(frozen=True, slots=True)
class RealScan:
    """Page one of a letter."""

    name: str
    chain: Errors
    tesseract: Errors
    cpu_seconds: float
    """Of the chain, for page one up to its fields."""


def measure(folder: Path) -> tuple[RealScan, ...]:
    """Read page one of every letter that is transcribed, as a scanner gives it.

    Raises:
        RuntimeError: the chain failed.
    """
    return tuple(_measured(truth) for truth in sorted(folder.glob(f"*{_TRANSCRIBED}")))


def scan_rows(scans: Sequence[RealScan]) -> list[dict[str, str]]:
    """A row a letter, and one of all."""
    if not scans:
        return []
    every = total(s.chain for s in scans), total(s.tesseract for s in scans)
    rows = [_row(s.name, s.chain, s.tesseract) for s in scans]
    return [*rows, _row("all", *every)]


def _row(name: str, chain: Errors, tesseract: Errors) -> dict[str, str]:
    return {
        "letter": name,
        "characters": str(chain.characters),
        "line CER": f"{chain.cer:.2%}",
        "WER": f"{chain.wer:.2%}",
        "tesseract: line CER": f"{tesseract.cer:.2%}",
        "tesseract: WER": f"{tesseract.wer:.2%}",
    }


def _measured(truth: Path) -> RealScan:
    name = truth.name.removesuffix(_TRANSCRIBED)
    lines = truth.read_text(encoding="utf-8").splitlines()
    with tempfile.TemporaryDirectory(prefix="sohoa-real-") as place:
        folder = Path(place)
        page = folder / f"{name}.jpg"
        subprocess.run(
            [
                *("pdftoppm", "-r", str(_DPI), "-f", "1", "-l", "1", "-jpeg", "-singlefile"),
                *(truth.with_name(f"{name}.pdf"), page.with_suffix("")),
            ],
            check=True,
            stderr=subprocess.DEVNULL,
        )
        found = run_chain(page, folder / "home", as_code=_DECLARED)
        read = "\n".join(p.text.text for p in found.pages if p.text is not None)
        bare = _bare(page)
    return RealScan(name, line_errors(lines, read), line_errors(lines, bare), found.cpu_seconds)


def _bare(page: Path) -> str:
    done = subprocess.run(
        ["tesseract", page, "stdout", "-l", "vie"], capture_output=True, text=True, check=True
    )
    return done.stdout
