"""`benchmarks/RESULTS.md`: one section a measurement, replaced whole by the command it names."""

from __future__ import annotations

import datetime as dt
import platform
import re
import subprocess
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path

from pipeline.ids import LEGAL_ZONE

RESULTS = Path(__file__).with_name("RESULTS.md")
_HEAD = """# Measured

Each section is written by the command that it names, on the machine and day it names. Times are
noisy: CPU seconds and ratios within one run compare, wall times do not.
"""


def record(title: str, command: str, rows: Sequence[Mapping[str, object]], notes: str) -> None:
    """Write a section: its conditions, a table of `rows` (same keys each), and what it means."""
    keys = list(rows[0])
    table = [
        " | ".join(("", *keys, "")).strip(),
        "|".join(("", *("---" for _ in keys), "")),
        *(" | ".join(("", *(str(row[k]) for k in keys), "")).strip() for row in rows),
    ]
    section = "\n".join(
        (f"## {title}", "", f"`{command}` · {conditions()}", "", *table, "", notes.strip(), "")
    )
    text = RESULTS.read_text(encoding="utf-8") if RESULTS.exists() else _HEAD
    RESULTS.write_text(_replaced(text, title, section), encoding="utf-8")


def _replaced(text: str, title: str, section: str) -> str:
    """The text with the section of that title exchanged, or added at the end."""
    parts = re.split(r"(?m)^(?=## )", text)
    own = f"## {title}\n"
    if any(part.startswith(own) for part in parts):
        parts = [section + "\n" if part.startswith(own) else part for part in parts]
    else:
        parts = [*(part.rstrip("\n") + "\n\n" for part in parts), section]
    return "".join(parts).rstrip("\n") + "\n"


def conditions() -> str:
    """Day, machine and versions that a measurement was made with."""
    today = dt.datetime.now(LEGAL_ZONE).date().isoformat()
    packages = ("pikepdf", "pyHanko", "pytesseract", "tesserocr", "opencv-python-headless")
    versions = [f"{name} {metadata.version(name)}" for name in ("sohoa", *packages)]
    return ", ".join((today, _machine(), f"Python {platform.python_version()}", _tesseract())) + (
        ", " + ", ".join(versions)
    )


def _machine() -> str:
    names = re.findall(r"(?m)^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text())
    return f"{len(names)} × {names[0]}" if names else platform.machine()


def _tesseract() -> str:
    done = subprocess.run(["tesseract", "--version"], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[0]
