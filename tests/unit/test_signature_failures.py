"""What disk and memory fail at is no finding about a file."""

from __future__ import annotations

import errno
import io
from pathlib import Path

import pytest
from pyhanko.pdf_utils.reader import PdfFileReader

from pipeline.settings import Settings
from pipeline.signatures import build_signer
from pipeline.signatures.bounded import BoundedJudge
from pipeline.signatures.failures import pass_on
from pipeline.signatures.integrity import read_signatures, removed_signatures
from pipeline.signatures.trust import TrustAnchors
from pipeline.signatures.verdicts import Outcome, Reason
from tests.fakes.certificates import TODAY
from tests.fakes.papers import write_paper
from tests.fakes.signers import capture_facts, component_of


class Flaky(io.BytesIO):
    """Bytes on a disk that fails from some moment on."""

    failure: BaseException | None = None

    def read(self, size: int | None = -1, /) -> bytes:
        if self.failure is not None:
            raise self.failure
        return super().read(size)

    def readinto(self, buffer: object, /) -> int:
        if self.failure is not None:
            raise self.failure
        return super().readinto(buffer)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    home = tmp_path_factory.mktemp("home")
    pdf = write_paper(home)
    signer = build_signer(Settings(home=home), lambda: TODAY)
    return signer.sign(component_of(pdf), pdf, capture_facts(), TODAY)[0]


@pytest.mark.parametrize("failure", [OSError(errno.EIO, "disk"), MemoryError()])
def test_a_sound_signature_on_a_flaky_disk_is_not_called_unreadable(
    signed: bytes, failure: BaseException
) -> None:
    stream = Flaky(signed)
    reader = PdfFileReader(stream, strict=False)
    (found,) = read_signatures(reader)
    assert found.sound
    stream.failure = failure
    with pytest.raises(type(failure)):
        read_signatures(reader)


@pytest.mark.parametrize("failure", [OSError(errno.EIO, "disk"), MemoryError()])
def test_what_was_appended_is_not_guessed_at(signed: bytes, failure: BaseException) -> None:
    """An update of a signed file is read when it is compared, or not at all."""
    stream = Flaky(signed)
    reader = PdfFileReader(stream, strict=False)
    stream.failure = failure
    with pytest.raises(type(failure)):
        removed_signatures(reader, frozenset())


def test_an_offset_beyond_all_bounds_is_of_the_file(signed: bytes) -> None:
    stream = Flaky(signed)
    reader = PdfFileReader(stream, strict=False)
    read_signatures(reader)
    stream.failure = OSError(errno.EINVAL, "offset")
    (found,) = read_signatures(reader)
    assert found.problem is Reason.SIGNATURE_UNREADABLE


@pytest.mark.parametrize(
    ("failure", "passed"),
    [
        (MemoryError(), MemoryError),
        (OSError(errno.ENOMEM, "no room to map"), MemoryError),
        (OSError(errno.EIO, "disk"), OSError),
        (PermissionError(errno.EACCES, "locked"), PermissionError),
    ],
)
def test_what_is_passed_on(failure: Exception, passed: type[Exception]) -> None:
    with pytest.raises(passed):
        pass_on(failure)


@pytest.mark.parametrize(
    "failure", [ValueError(), OSError("no number"), OSError(errno.EOVERFLOW, "offset")]
)
def test_what_is_of_the_file(failure: Exception) -> None:
    pass_on(failure)


def test_more_than_memory_holds_is_too_costly(tmp_path: Path) -> None:
    """A file that no child can map, of holes: nothing is known of whether it was signed."""
    pdf = tmp_path / "large.pdf"
    with pdf.open("wb") as file:
        file.truncate(1 << 30)
    verdict = BoundedJudge(TrustAnchors(), lambda: TODAY, memory_bytes=640 << 20).judge(pdf)
    assert (verdict.outcome, verdict.reasons) == (Outcome.INDETERMINATE, (Reason.TOO_COSTLY,))
