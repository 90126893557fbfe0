"""EU DSS, the European Commission's judge of signatures, with a strict policy.

Fetched once into the user's cache by Maven. By hand, exit 1 unless all signatures pass:
`python -m tests.live.dss --trust ROOT.pem FILE…`.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.local import builds

VERSION = "6.4"
PLACE = Path(__file__).parent / "validators"
STRICT = (
    "ByteRangeCollision",
    "PdfAnnotationOverlap",
    "PdfVisualDifference",
    "DocMDP",
    "FieldMDP",
    "SigFieldLock",
    "UndefinedChanges",
)
"""The default policy only warns of a file that was changed after signing; here these fail."""
_NS = {"s": "http://dss.esig.europa.eu/validation/simple-report"}


@dataclass(frozen=True, slots=True)
class Judged:
    """What DSS says of one signature."""

    level: str
    """`PAdES-BASELINE-LTA` …"""
    indication: str
    """`TOTAL_PASSED`, `TOTAL_FAILED`, `INDETERMINATE`."""
    signed_by: str
    problems: tuple[str, ...]
    """Sub-indication and errors."""

    @property
    def passed(self) -> bool:
        """Without reserve."""
        return self.indication == "TOTAL_PASSED"


def missing() -> str | None:
    """What DSS needs and this machine lacks, None where all is there."""
    if builds.jdk() is None:
        return f"needs a JDK {builds.JDK_AT_LEAST} or newer"
    return None if shutil.which("mvn") or _folder().is_dir() else "needs mvn"


def fetch() -> Path:
    """Folder with DSS's libraries and the strict policy."""
    return builds.kept(_folder(), _fill)


def judge(
    folder: Path, files: Sequence[Path], trust: Sequence[Path]
) -> dict[Path, tuple[Judged, ...]]:
    """Every signature of every file; a file without any has an empty tuple.

    Raises:
        RuntimeError: DSS did not come to an end.
    """
    java = builds.jdk()
    assert java is not None
    with tempfile.TemporaryDirectory() as made:
        done = subprocess.run(
            [
                java / "bin" / "java",
                "-Xmx512m",
                "-cp",
                f"{folder}/*",
                PLACE / "Judge.java",
                folder / "policy.xml",
                made,
                *trust,
                "--",
                *files,
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        reports = [Path(made) / f"{n}.xml" for n in range(len(files))]
        if done.returncode not in (0, 1) or not all(report.exists() for report in reports):
            raise RuntimeError(f"DSS failed:\n{done.stderr[-2000:]}")
        found = {file: _read(report) for file, report in zip(files, reports, strict=True)}
    if (done.returncode == 0) != all(_sound(signatures) for signatures in found.values()):
        raise RuntimeError("DSS's reports and its exit code differ")
    return found


def failures(files: Sequence[Path], trust: Sequence[Path]) -> dict[str, list[str]]:
    """Why a file does not pass, by its name; an empty list where it does."""
    return {
        file.name: [
            f"{one.signed_by}: {one.indication} {'; '.join(one.problems)}".strip()
            for one in signatures
            if not one.passed
        ]
        or ([] if signatures else ["no signature"])
        for file, signatures in judge(fetch(), files, trust).items()
    }


def _folder() -> Path:
    return builds.cache_folder().with_name("sohoa-tests") / f"dss-{VERSION}"


def _fill(folder: Path) -> None:
    subprocess.run(
        [
            "mvn",
            "-q",
            "-B",
            "-f",
            PLACE / "dss-pom.xml",
            "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies",
            f"-DoutputDirectory={folder}",
        ],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    with zipfile.ZipFile(folder / f"dss-policy-jaxb-{VERSION}.jar") as jar:
        policy = jar.read("policy/constraint.xml").decode()
    for rule in STRICT:
        policy, count = re.subn(rf'<{rule} Level="WARN"', f'<{rule} Level="FAIL"', policy)
        if not count:
            raise RuntimeError(f"DSS's policy has no {rule} that warns")
    (folder / "policy.xml").write_text(policy, encoding="utf-8")


def _read(report: Path) -> tuple[Judged, ...]:
    return tuple(
        Judged(
            level=one.get("SignatureFormat", ""),
            indication=one.findtext("s:Indication", "", _NS),
            signed_by=one.findtext("s:SignedBy", "", _NS),
            problems=tuple(
                text
                for text in (
                    one.findtext("s:SubIndication", None, _NS),
                    *(e.text for e in one.findall("s:AdESValidationDetails/s:Error", _NS)),
                )
                if text
            ),
        )
        for one in ET.parse(report).getroot().findall("s:Signature", _NS)
    )


def _sound(signatures: Sequence[Judged]) -> bool:
    return bool(signatures) and all(one.passed for one in signatures)


def main() -> int:
    """The judge on the command line."""
    parser = argparse.ArgumentParser(prog="dss", description="EU DSS with a strict policy.")
    parser.add_argument("--trust", type=Path, action="append", default=[], metavar="ROOT.pem")
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE")
    options = parser.parse_args()
    found = judge(fetch(), options.files, options.trust)
    for file, signatures in found.items():
        for one in signatures:
            print(file, one.indication, one.level, one.signed_by, *one.problems, sep="  ")
        if not signatures:
            print(file, "no signature", sep="  ")
    return 0 if all(_sound(signatures) for signatures in found.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
