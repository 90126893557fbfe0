"""The truth of a batch as a JSON file."""

from __future__ import annotations

from pathlib import Path

from pydantic import TypeAdapter

from benchmarks.factory.truth import TruthBatch


def write_truth(truth: TruthBatch, target: Path) -> None:
    """Write it; `read_truth` gives it back."""
    target.write_bytes(TypeAdapter(TruthBatch).dump_json(truth, indent=1))


def read_truth(source: Path) -> TruthBatch:
    """Read what `write_truth` wrote.

    Raises:
        ValueError: it is none.
    """
    return TypeAdapter(TruthBatch).validate_json(source.read_bytes())
