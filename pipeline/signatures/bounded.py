"""Judges strangers' files in a process of its own, bounded in time and memory.

A file of a few kilobytes can ask a reader for gigabytes or hours. Such a file gets a verdict too:
`TOO_COSTLY`. The parent speaks one JSON object to the child and reads one back. May not come in:
how signatures are judged.
"""

from __future__ import annotations

import base64
import datetime as dt
import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from asn1crypto import x509

from pipeline.signatures.judging import judge
from pipeline.signatures.revocation import Asking
from pipeline.signatures.trust import TrustAnchors
from pipeline.signatures.verdicts import Reason, SignatureVerdict, conclusion_of, outcome_of
from pipeline.signatures.web import Deadline, Web

SECONDS: Final = 60
"""CPU, and half of the wall time, of one file; the largest sound ones take a tenth."""
MEMORY_BYTES: Final = 1536 * 1024 * 1024
"""Address space of the child."""


class BoundedJudge:
    """As `PdfSignatureJudge.judge`, for files of anybody."""

    def __init__(
        self,
        trust: TrustAnchors,
        now: Callable[[], dt.datetime],
        asking_seconds: float | None = None,
        seconds: int = SECONDS,
        memory_bytes: int = MEMORY_BYTES,
    ) -> None:
        """Bind; with `asking_seconds` authorities are asked for that long, too."""
        self._trust = trust
        self._now = now
        self._asking_seconds = asking_seconds
        self._seconds = seconds
        self._memory_bytes = memory_bytes

    def judge(self, pdf: Path) -> SignatureVerdict:
        """The verdict on a file's bytes, now; never raises for what the file holds."""
        request = {
            "path": str(pdf.absolute()),
            "at": self._now().isoformat(),
            "roots": _told(self._trust.roots),
            "development": _told(self._trust.development),
            "revocation_required": self._trust.revocation_required,
            "asking_seconds": self._asking_seconds,
            "seconds": self._seconds,
            "memory_bytes": self._memory_bytes,
        }
        try:
            done = subprocess.run(
                [sys.executable, "-m", __name__],
                input=json.dumps(request).encode(),
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                timeout=2 * self._seconds + (self._asking_seconds or 0),
                env=_environment(),
                check=True,
            )
            return SignatureVerdict.model_validate_json(done.stdout)
        except (subprocess.SubprocessError, ValueError):
            reasons = (Reason.TOO_COSTLY,)
            return SignatureVerdict(
                outcome=outcome_of(reasons), reasons=reasons, etsi=conclusion_of(reasons)
            )


def main() -> None:
    """The child: bound itself, judge one file, say what it found."""
    request = json.loads(sys.stdin.buffer.read())
    seconds = int(request["seconds"])
    memory = int(request["memory_bytes"])
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    trust = TrustAnchors(
        roots=_read(request["roots"]),
        development=_read(request["development"]),
        revocation_required=bool(request["revocation_required"]),
    )
    patience = request["asking_seconds"]
    asking = Asking(Web(), Deadline.within(float(patience))) if patience is not None else None
    at = dt.datetime.fromisoformat(request["at"])
    verdict = judge(Path(request["path"]), trust, at, asking)
    sys.stdout.buffer.write(verdict.model_dump_json().encode())


def _told(certificates: Sequence[x509.Certificate]) -> list[str]:
    return [base64.b64encode(one.dump()).decode() for one in certificates]


def _read(told: Sequence[str]) -> tuple[x509.Certificate, ...]:
    return tuple(x509.Certificate.load(base64.b64decode(one)) for one in told)


def _environment() -> dict[str, str]:
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "PYTHONPATH": os.pathsep.join(os.path.abspath(p) for p in sys.path),  # noqa: PTH100
        "PYTHONSAFEPATH": "1",
        "LC_ALL": "C.UTF-8",
    }


if __name__ == "__main__":
    main()
