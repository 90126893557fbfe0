"""How well the chain recognises: text, boundaries, types, fields, doubts; and what that costs.

Made-up batches with known truth (`benchmarks.factory`) go through the product's chain up to their
fields, and are held against the truth. A held batch is answered as by somebody who knows, and goes
on. Batches with even seeds hold known papers alone. Final figures are of part `test`; whatever is
tuned or trained may see the other parts alone.

    python -m benchmarks.recognition --out DIR --level mid hard --seeds 1-20
    python -m benchmarks.recognition --out DIR --part tune --seeds 1-2 --pages 12 --keep
    python -m benchmarks.recognition --out DIR --real-scans FOLDER

`DIR` gets `report.json`, `report.html` and one file a batch; a run that was killed goes on where it
was. `--record` writes the figures to `benchmarks/RESULTS.md`. Real scans (PDFs, each with a
transcription `NAME_p1.gt.txt` of its first page) are reported apart.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.factory.truth import Level, Part
from benchmarks.measuring.figures import figures
from benchmarks.measuring.outcomes import Outcome
from benchmarks.measuring.page import page
from benchmarks.measuring.real_scans import RealScan, measure, scan_rows
from benchmarks.measuring.report import report, rows, shown, shown_goal
from benchmarks.measuring.running import Wanted, Yardstick, code_digest
from benchmarks.results import conditions, record

_SHEETS = {"both": (False, True), "with": (True,), "without": (False,)}
_NOTES = """
Made-up batches of {pages} pages each, part `{part}`, seeds {seeds}; {batches} batches. Separation
and types are judged as proposed, before anybody is asked; fields as read after the answers, with
the types that stood then. CPU is of the chain up to the fields, programs included. Batches with odd
seeds hold papers that the catalogue does not know, or that come as files only; "held, all known" is
of the others.
"""
_SCAN_NOTES = """
First pages of real official letters, transcribed by eye, handwriting in their heads included; every
printed line against the nearest text, so reading order is not counted. Beside it `tesseract` alone
on the same page at 300 dpi. Goal: at most 1.0 %.
"""


def main() -> None:
    """Measure, write the report, say what fell short."""
    chosen = _arguments()
    seeds = _seeds(chosen.seeds)
    wanted = [
        Wanted(Level(level), Part(chosen.part), seed, sheets, chosen.pages)
        for level in chosen.level
        for seed in seeds
        for sheets in _SHEETS[chosen.sheets]
    ]
    yardstick = Yardstick(chosen.out, whole=chosen.whole, keep=chosen.keep)
    outcomes: list[Outcome] = []
    for outcome in yardstick.outcomes(wanted):
        outcomes.append(outcome)
        print(_said(outcome), file=sys.stderr, flush=True)
    scans = measure(chosen.real_scans) if chosen.real_scans else ()
    write(chosen.out, outcomes, scans)
    _print(outcomes, scans)
    if chosen.record:
        _record(chosen, seeds, outcomes, scans)


def write(folder: Path, outcomes: Sequence[Outcome], scans: Sequence[RealScan]) -> None:
    """Write `report.json` and `report.html`."""
    folder.mkdir(parents=True, exist_ok=True)
    facts = {"conditions": conditions(), "code": code_digest()}
    found = report(facts, outcomes) | {"real_scans": scan_rows(scans)}
    text = json.dumps(found, ensure_ascii=False, indent=1)
    (folder / "report.json").write_text(text + "\n", encoding="utf-8")
    (folder / "report.html").write_text(page(found, outcomes), encoding="utf-8")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, required=True, help="folder of outcomes and report")
    parser.add_argument("--level", nargs="*", default=["mid"], choices=[str(v) for v in Level])
    parser.add_argument("--part", default=str(Part.TEST), choices=[str(v) for v in Part])
    parser.add_argument("--seeds", default="1-2", help="e.g. 1-20 or 3,5,8")
    parser.add_argument("--pages", type=int, default=40, help="of a batch, about")
    parser.add_argument("--sheets", default="both", choices=sorted(_SHEETS))
    parser.add_argument("--whole", action="store_true", help="sign and archive, too")
    parser.add_argument("--keep", action="store_true", help="keep batches and findings")
    real = os.environ.get("REAL_SCANS")
    parser.add_argument(
        "--real-scans",
        type=Path,
        default=Path(real) if real else None,
        help="folder of real scans; default: the environment's REAL_SCANS",
    )
    parser.add_argument("--record", action="store_true", help="write benchmarks/RESULTS.md")
    return parser.parse_args()


def _seeds(text: str) -> list[int]:
    seeds: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        seeds += range(int(first), int(last or first) + 1)
    return seeds


def _said(outcome: Outcome) -> str:
    sheets = "sheets" if outcome.sheets else "plain"
    held = f", held: {' '.join(sorted(set(outcome.asked)))}" if outcome.held else ""
    return f"{outcome.level} {sheets} seed {outcome.seed}: {outcome.pages} pages{held}"


def _print(outcomes: Sequence[Outcome], scans: Sequence[RealScan]) -> None:
    for level in Level:
        own = [o for o in outcomes if o.level is level]
        for figure in figures(level, own) if own else ():
            line = f"{level:5} {figure.name:34} {shown(figure):>10} of {figure.of:>7,}"
            print(f"{line}  {shown_goal(figure):16} {figure.verdict}".rstrip())
    for row in scan_rows(scans):
        print(" ".join(f"{k}={v}" for k, v in row.items()))


def _record(
    chosen: argparse.Namespace,
    seeds: Sequence[int],
    outcomes: Sequence[Outcome],
    scans: Sequence[RealScan],
) -> None:
    command = "python -m benchmarks.recognition"
    if outcomes:
        told = f"{command} --level {' '.join(chosen.level)} --part {chosen.part}"
        told += f" --seeds {chosen.seeds} --pages {chosen.pages} --sheets {chosen.sheets}"
        notes = _NOTES.format(
            pages=chosen.pages,
            part=chosen.part,
            seeds=f"{min(seeds)} to {max(seeds)}",
            batches=len(outcomes),
        )
        record("Recognition of made-up batches", told, rows(outcomes), notes)
    if scans:
        record(
            "Recognition of real scans",
            f"{command} --level --real-scans FOLDER",
            scan_rows(scans),
            _SCAN_NOTES,
        )


if __name__ == "__main__":
    main()
