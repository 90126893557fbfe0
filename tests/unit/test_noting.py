"""What a stranger's file notes is read without taking the machine's memory."""

from __future__ import annotations

import resource
import zlib
from pathlib import Path

import pikepdf
import pytest

from casework.noting import Noted, noted_in
from casework.verification import Evidence, verify_file
from pipeline.signatures.bounded import ChildEnded
from pipeline.signatures.judging import PdfSignatureJudge
from pipeline.signatures.trust import TrustAnchors
from pipeline.stages.assembly.transfer_note import (
    read_component_id,
    read_transfer_note,
    stamp,
    xmp_packet,
)
from tests.fakes.certificates import TODAY
from tests.fakes.papers import write_paper
from tests.fakes.signers import capture_facts

COMPONENT_ID = "c" * 64
FACTS = capture_facts(component_id=COMPONENT_ID)


class KnowsNothing:
    """Records, store and ledger of an archive without papers."""

    def revision_of(self, sha256: str) -> None:
        return None


def noting(folder: Path, padding: int, *, times: int) -> Path:
    """A paper whose packet is flated so many times, after so many megabytes of nothing."""
    packer = zlib.compressobj(9)
    packed = packer.compress(xmp_packet(FACTS, "A"))
    packed += b"".join(packer.compress(b" " * (1 << 20)) for _ in range(padding))
    packed += packer.flush()
    for _ in range(times - 1):
        packed = zlib.compress(packed, 9)
    assert len(packed) < 1 << 20
    objects = [
        b"<</Type/Catalog/Pages 2 0 R/Metadata 4 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 100 100]>>",
        b"<</Type/Metadata/Subtype/XML/Filter[%s]/Length %d>>stream\n%s\nendstream"
        % (b"/FlateDecode" * times, len(packed), packed),
    ]
    out, table = b"%PDF-1.7\n", b"0000000000 65535 f \n"
    for number, content in enumerate(objects, 1):
        table += b"%010d 00000 n \n" % len(out)
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    tail = b"xref\n0 5\n%strailer<</Size 5/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n"
    pdf = folder / "noting.pdf"
    pdf.write_bytes(out + tail % (table, len(out)))
    return pdf


@pytest.mark.parametrize("times", [1, 2])
def test_a_packet_is_read_up_to_its_decoded_size(tmp_path: Path, times: int) -> None:
    assert read_transfer_note(noting(tmp_path, 1, times=times)) == FACTS
    large = noting(tmp_path, 5, times=times)
    assert (read_transfer_note(large), read_component_id(large)) == (None, None)


def test_verifying_a_bomb_leaves_the_parent_small(tmp_path: Path) -> None:
    pdf = noting(tmp_path, 400, times=2)
    nothing = KnowsNothing()
    judge = PdfSignatureJudge(TrustAnchors(), lambda: TODAY)
    evidence = Evidence(judge, nothing, nothing, lambda _: None)  # type: ignore[arg-type]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert verify_file(pdf, "bomb.pdf", evidence).reasons
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100 << 10


def test_the_note_is_read_in_a_bounded_process(tmp_path: Path) -> None:
    pdf = write_paper(tmp_path)
    assert noted_in(pdf) == Noted()
    with pikepdf.open(pdf, allow_overwriting_input=True) as opened:
        stamp(opened, FACTS.model_copy(update={"channel": "portal"}), "A")
        opened.save(pdf)
    assert noted_in(pdf) == Noted(component_id=COMPONENT_ID, wrapped=True)
    with pytest.raises(ChildEnded):
        noted_in(pdf, seconds=0)
    with pytest.raises(FileNotFoundError):
        noted_in(tmp_path / "gone.pdf")
