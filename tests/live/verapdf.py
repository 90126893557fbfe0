"""veraPDF, fetched once into the user's cache by Maven and asked through its command line."""

from __future__ import annotations

import os
import shutil
import subprocess
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from pathlib import Path

POM = Path(__file__).parent / "validators" / "verapdf-pom.xml"
_CLASS = "org.verapdf.apps.GreenfieldCliWrapper"


def missing() -> str | None:
    """What veraPDF needs and this machine lacks, None where all is there."""
    lacking = [program for program in ("java", "mvn") if shutil.which(program) is None]
    return f"needs {' and '.join(lacking)}" if lacking else None


def fetch() -> Path:
    """Folder with veraPDF's libraries."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "sohoa-tests" / "verapdf-1.30.2"
    if not (folder / "complete").exists():
        subprocess.run(
            [
                "mvn",
                "-q",
                "-B",
                "-f",
                POM,
                "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies",
                f"-DoutputDirectory={folder}",
            ],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        (folder / "complete").touch()
    return folder


def failures(folder: Path, files: Sequence[Path], flavour: str = "2u") -> dict[str, list[str]]:
    """Failed clauses of PDF/A by file name; an empty list where a file conforms."""
    done = subprocess.run(
        [
            "java",
            "-Xmx512m",
            "-cp",
            f"{folder}/*",
            _CLASS,
            "--flavour",
            flavour,
            "--format",
            "xml",
            *files,
        ],
        capture_output=True,
        check=False,
    )
    found: dict[str, list[str]] = {}
    for job in ET.fromstring(done.stdout).iter("job"):
        name = Path(job.findtext("item/name", "")).name
        report = job.find("validationReport")
        if report is None:
            found[name] = [job.findtext("taskException/exceptionMessage", "no report")]
            continue
        found[name] = [
            f"{rule.get('clause')} {rule.findtext('description', '')}"
            for rule in report.iter("rule")
            if rule.get("status") == "failed"
        ]
    return found
