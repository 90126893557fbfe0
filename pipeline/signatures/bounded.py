"""Judges strangers' files in a process of its own, bounded in time and memory.

A file of a few kilobytes can ask a reader for gigabytes or hours. Such a file gets a verdict too:
`TOO_COSTLY`. The parent speaks one JSON object to the child and reads one back. May not come in:
how signatures are judged.
"""

from __future__ import annotations

import base64
import datetime as dt
import errno
import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

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
_UNREAD: Final = 74
"""How the child ends where the file cannot be read."""


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
        """The verdict on a file's bytes, now; never raises for what the file holds.

        Raises:
            OSError: the file cannot be read.
        """
        request = {
            "path": str(pdf.absolute()),
            "at": self._now().isoformat(),
            "roots": _told(self._trust.roots),
            "development": _told(self._trust.development),
            "revocation_required": self._trust.revocation_required,
            "asking_seconds": self._asking_seconds,
        }
        further = self._asking_seconds or 0
        try:
            told = ask_child(__name__, request, self._seconds, self._memory_bytes, further)
            return SignatureVerdict.model_validate_json(told)
        except (ChildEnded, ValueError):
            reasons = (Reason.TOO_COSTLY,)
            return SignatureVerdict(
                outcome=outcome_of(reasons), reasons=reasons, etsi=conclusion_of(reasons)
            )


class ChildEnded(Exception):
    """The child answered nothing: it exceeded its bounds, or died."""


def ask_child(
    module: str,
    request: Mapping[str, object],
    seconds: int = SECONDS,
    memory_bytes: int = MEMORY_BYTES,
    further_seconds: float = 0,
) -> bytes:
    """What a module that calls `answer` says to a request, in a process of its own.

    Args:
        module: by name.
        request: JSON.
        seconds: of CPU, and half of the wall time.
        memory_bytes: address space.
        further_seconds: wall time of waiting for others.

    Raises:
        ChildEnded: it exceeded its bounds.
        OSError: the file that it was asked about cannot be read.
    """
    bounds = {"seconds": seconds, "memory_bytes": memory_bytes}
    try:
        done = subprocess.run(
            [sys.executable, "-m", module],
            input=json.dumps({**request, **bounds}).encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=2 * seconds + further_seconds,
            env=_environment(),
            check=False,
        )
    except subprocess.SubprocessError as error:
        raise ChildEnded from error
    if done.returncode == _UNREAD:
        number = int(done.stdout or b"0") or errno.EIO
        raise OSError(number, os.strerror(number))
    if done.returncode:
        raise ChildEnded
    return done.stdout


def answer(respond: Callable[[Mapping[str, Any]], str]) -> None:
    """The child: bound itself, read one request, say what there is to say."""
    request = json.loads(sys.stdin.buffer.read())
    seconds, memory = int(request["seconds"]), int(request["memory_bytes"])
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        told = respond(request)
    except OSError as error:
        sys.stdout.buffer.write(str(error.errno or 0).encode())
        sys.exit(_UNREAD)
    sys.stdout.buffer.write(told.encode())


def _judged(request: Mapping[str, Any]) -> str:
    trust = TrustAnchors(
        roots=_read(request["roots"]),
        development=_read(request["development"]),
        revocation_required=bool(request["revocation_required"]),
    )
    patience = request["asking_seconds"]
    asking = Asking(Web(), Deadline.within(float(patience))) if patience is not None else None
    at = dt.datetime.fromisoformat(request["at"])
    return judge(Path(request["path"]), trust, at, asking).model_dump_json()


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
    answer(_judged)
