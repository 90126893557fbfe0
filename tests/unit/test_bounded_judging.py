"""Hostile files end in a verdict, in time and without the machine's memory."""

from __future__ import annotations

import resource
import time
import zlib
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from pipeline.signatures.bounded import BoundedJudge
from pipeline.signatures.judging import judge
from pipeline.signatures.trust import TrustAnchors, read_pem
from pipeline.signatures.verdicts import Outcome, Reason, SignatureVerdict
from tests.fakes.certificates import TODAY, make_officer
from tests.fakes.papers import write_paper

MEMORY = 640 << 20


def bomb() -> bytes:
    """More memory of cross-references than there is, in a few megabytes."""
    packer = zlib.compressobj(1)
    zeros = bytes(1 << 24)
    packed = b"".join(packer.compress(zeros) for _ in range(MEMORY >> 24)) + packer.flush()
    head = b"%PDF-1.7\n"
    stream = (
        b"1 0 obj\n<</Type/XRef/Size 9/W[1 4 1]/Root 2 0 R/Filter/FlateDecode/Length %d>>\n"
        b"stream\n" % len(packed)
    )
    return head + stream + packed + b"\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n" % len(head)


def circle() -> bytes:
    """A cross-reference that comes after itself."""
    head = b"%PDF-1.7\n"
    table = b"xref\n0 0\ntrailer\n<</Size 9/Root 1 0 R/Prev %d>>\n" % len(head)
    return head + table + b"startxref\n%d\n%%%%EOF\n" % len(head)


def nested() -> bytes:
    head = b"%PDF-1.7\n"
    deep = b"1 0 obj\n" + b"[" * 200_000 + b"]" * 200_000 + b"\nendobj\n"
    table = b"xref\n0 2\n0000000000 65535 f \n%010d 00000 n \n" % len(head)
    tail = b"trailer\n<</Size 2/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(head) + len(deep))
    return head + deep + table + tail


@pytest.mark.parametrize("make", [bomb, circle, nested], ids=lambda m: m.__name__)
def test_a_hostile_file_ends_in_a_verdict(tmp_path: Path, make: object) -> None:
    assert callable(make)
    pdf = tmp_path / "hostile.pdf"
    pdf.write_bytes(make())
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as alone:
        verdict, peak = alone.submit(judged_alone, pdf).result(120)
    assert verdict.outcome is not Outcome.VALID and verdict.reasons
    assert peak <= MEMORY


def judged_alone(pdf: Path) -> tuple[SignatureVerdict, int]:
    """A verdict, and the most memory of the child, bytes; for a process that has no others."""
    bounded = BoundedJudge(TrustAnchors(), lambda: TODAY, seconds=15, memory_bytes=MEMORY)
    verdict = bounded.judge(pdf)
    return verdict, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024


def test_what_takes_too_long_is_said_to_be_too_costly(tmp_path: Path) -> None:
    """No second of CPU is enough for anything: the child is ended, the verdict stays open."""
    pdf = write_paper(tmp_path)
    begun = time.monotonic()
    verdict = BoundedJudge(TrustAnchors(), lambda: TODAY, seconds=0).judge(pdf)
    assert time.monotonic() - begun < 60
    assert (verdict.outcome, verdict.reasons) == (Outcome.INDETERMINATE, (Reason.TOO_COSTLY,))


def test_a_plain_file_is_judged_as_anywhere(tmp_path: Path) -> None:
    trust = TrustAnchors(read_pem(make_officer(tmp_path / "officer").root_pem))
    verdict = BoundedJudge(trust, lambda: TODAY).judge(write_paper(tmp_path))
    assert verdict.reasons == (Reason.NO_SIGNATURE,)


def test_a_file_that_cannot_be_read_is_no_verdict(tmp_path: Path) -> None:
    """A folder opens as no file at all: nothing is known of any bytes."""
    with pytest.raises(IsADirectoryError):
        judge(tmp_path, TrustAnchors(), TODAY)
    with pytest.raises(IsADirectoryError):
        BoundedJudge(TrustAnchors(), lambda: TODAY).judge(tmp_path)
    with pytest.raises(FileNotFoundError):
        BoundedJudge(TrustAnchors(), lambda: TODAY).judge(tmp_path / "gone.pdf")
