"""Training with Tesseract's own programs: from the shipped model to one that was taught more.

`combine_tessdata` takes a model apart and puts it together, `lstmtraining` trains and packs in
whole numbers again. May not come in: sheets, judging.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.training.reader.charset import Charset
from benchmarks.training.reader.networks import with_floats

_PROGRAMS: Final = ("combine_tessdata", "lstmtraining", "tesseract")
_IMAGES_MB: Final = 4000
_ADDED: Final = (("ỵ", "Ỵ", ("ỳ", "Ỳ")),)
"""Letters that the shipped model cannot read, with the pair they are like."""


@dataclass(frozen=True, slots=True)
class Start:
    """What training begins with."""

    shipped: Path
    """The model whose weights and characters are gone on from."""
    network: Path
    """Its network with floats."""
    model: Path
    """The model with the characters added, whose dictionaries and codes the trained one has."""


class TrainingError(RuntimeError):
    """A program of Tesseract is not here, or failed; the message ends with what it said."""


def prepared(shipped: Path, folder: Path) -> Start:
    """Take the shipped model apart; letters it lacks are added.

    Raises:
        TrainingError: see there.
        NetworkFormatError: the model's network is none of whole numbers.
    """
    folder.mkdir(parents=True, exist_ok=True)
    start = Start(shipped, folder / "start.lstm", folder / "start.traineddata")
    parts = folder / "shipped"
    _run("combine_tessdata", "-u", shipped, f"{parts}.")
    start.network.write_bytes(with_floats(_part(parts, "lstm").read_bytes()))
    charset = Charset(
        _part(parts, "lstm-unicharset").read_text(encoding="utf-8"),
        _part(parts, "lstm-recoder").read_bytes(),
    )
    for small, capital, like in _ADDED:
        if not charset.knows(small):
            charset = charset.with_pair(small, capital, like=like)
    characters, codes = folder / "start.lstm-unicharset", folder / "start.lstm-recoder"
    characters.write_text(charset.characters, encoding="utf-8")
    codes.write_bytes(charset.codes)
    shutil.copyfile(shipped, start.model)
    _run("combine_tessdata", "-o", start.model, characters, codes)
    return start


def trained(
    start: Start, examples: Sequence[Path], folder: Path, rows: int, rate: float, threads: int
) -> Path:
    """Train on so many rows; a run that was stopped goes on from its last checkpoint.

    Args:
        start: see `prepared`.
        examples: `.lstmf` files, drawn from by turns.
        folder: for checkpoints.
        rows: in all.
        rate: of learning.
        threads: of the one process that trains.

    Returns:
        The last checkpoint.

    Raises:
        TrainingError: see there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    names, checkpoint = folder / "examples.txt", folder / "reader_checkpoint"
    names.write_text("".join(f"{path}\n" for path in examples), encoding="utf-8")
    begin = (
        ("--continue_from", checkpoint)
        if checkpoint.is_file()
        else ("--continue_from", start.network, "--old_traineddata", start.shipped)
    )
    _run(
        "lstmtraining",
        *begin,
        *("--traineddata", start.model, "--train_listfile", names),
        *("--model_output", folder / "reader", "--max_image_MB", str(_IMAGES_MB)),
        *("--learning_rate", str(rate), "--reset_learning_rate", "--max_iterations", str(rows)),
        threads=threads,
    )
    return checkpoint


def packed(start: Start, checkpoint: Path, out: Path) -> None:
    """Write a model in whole numbers, as fast to read with as the shipped one.

    Raises:
        TrainingError: see there.
    """
    _run(
        *("lstmtraining", "--stop_training", "--convert_to_int"),
        *("--continue_from", checkpoint, "--traineddata", start.model, "--model_output", out),
    )


def _part(stem: Path, name: str) -> Path:
    return stem.with_name(f"{stem.name}.{name}")


def _run(program: str, *arguments: str | Path, threads: int = 1) -> None:
    if program not in _PROGRAMS or shutil.which(program) is None:
        raise TrainingError(f"{program} is not installed")
    done = subprocess.run(
        [program, *arguments],
        env={**os.environ, "OMP_THREAD_LIMIT": str(threads)},
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode:
        raise TrainingError(f"{program}: {done.stderr[-500:]}")
