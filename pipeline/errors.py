"""Every error Sohoa raises on purpose, as one tree.

An error carries a stable `code`, the parameters of its message, whether trying again may help
(`retryable`) and the exit code of the command line. It carries no sentence: Vietnamese and
English texts (message, cause, next step) are rendered at the edge from message catalogues.
Parameters never hold personal data: counts, sizes, page numbers, tool names, component codes.

    SohoaError
    ├── ConfigError                settings, catalogue or environment are not usable
    ├── MissingToolError           a program, font or model is not installed
    ├── IntakeError
    │   ├── UnsettledInput       r the file is still being written
    │   ├── UnreadableScan         cannot be read as a scan at all
    │   ├── UnsafeInput            encrypted, oversized, symlink, wrong permissions
    │   └── DuplicateBatch         the same papers are already in work under other terms
    ├── ScannerError               a scanner failed; the good sheets are kept
    │   ├── ScannerUnavailable   r none found, busy, gone, silent
    │   ├── FeederEmpty          r no paper where some was expected
    │   ├── PaperJam             r
    │   ├── DoubleFeed           r two sheets went through as one
    │   └── CoverOpen            r
    ├── SplitError                 a split that loses or doubles a page
    ├── OcrError
    │   ├── OcrTimeout           r
    │   └── OcrCrashed           r
    ├── AssemblyError              the component file could not be made
    ├── SigningError
    │   ├── KeyUnavailable       r
    │   ├── CertificateRejected
    │   ├── AlreadySigned
    │   ├── SignatureInvalid
    │   └── SigningRequestRefused  what comes back from signing elsewhere is not what was asked for
    ├── TimestampError           r
    ├── ArchiveError
    │   ├── ArchiveUnavailable   r
    │   ├── ContentConflict        the key holds other bytes
    │   └── ChecksumMismatch       bytes changed on the way or at rest
    ├── SearchError
    │   └── SearchUnavailable    r
    ├── AuthError
    ├── NotFound                   nothing of this name
    └── WorkflowError              the step is not allowed in this state
        ├── BatchBusy            r another process works on the batch
        ├── RunLost              r the process that worked on the batch died
        ├── HostsUnfit           r no host that was given the batch could do the work
        └── FlowsUnavailable     r the Prefect server cannot be reached

Doubt is not an error: it is a `pipeline.models.review.ReviewItem`.
"""

from __future__ import annotations

from enum import IntEnum
from typing import ClassVar, TypeAlias

Param: TypeAlias = str | int | float
"""A parameter of a message: never personal data."""


class ExitCode(IntEnum):
    """Exit codes of the command line."""

    DONE = 0
    INTERNAL = 1
    USAGE = 2
    REFUSED = 3
    WAITING = 4
    UNAVAILABLE = 5
    VERIFICATION_FAILED = 6
    NOT_FOUND = 7
    NOT_ALLOWED = 8


class SohoaError(Exception):
    """Root of all deliberate failures.

    Args:
        code: stable upper-case identifier, e.g. `PDF_ENCRYPTED`; defaults to the class's own.
        params: values for the message's placeholders; no personal data.
    """

    default_code: ClassVar[str] = "INTERNAL"
    retryable: ClassVar[bool] = False
    exit_code: ClassVar[ExitCode] = ExitCode.INTERNAL

    def __init__(self, code: str | None = None, **params: Param) -> None:
        """Keep the code and parameters; the text is rendered elsewhere."""
        self.code = code or self.default_code
        self.params = params
        super().__init__(self.code)

    def __str__(self) -> str:
        """Code and parameters, for logs."""
        shown = ", ".join(f"{name}={value!r}" for name, value in sorted(self.params.items()))
        return f"{self.code}({shown})" if shown else self.code

    def __reduce__(self) -> tuple[object, ...]:
        """Survive the way back from a worker process."""
        return (_rebuild, (type(self), self.code, self.params))


def _rebuild(cls: type[SohoaError], code: str, params: dict[str, Param]) -> SohoaError:
    return cls(code, **params)


class ConfigError(SohoaError):
    """Settings, catalogue or environment cannot be used."""

    default_code = "CONFIG_INVALID"
    exit_code = ExitCode.USAGE


class LearningRefused(SohoaError):
    """What was learned may not be used; everything stays as it was."""

    default_code = "LEARN_WORSE"
    exit_code = ExitCode.REFUSED


class MissingToolError(SohoaError):
    """A program, font or model is not installed."""

    default_code = "TOOL_MISSING"
    exit_code = ExitCode.USAGE


class IntakeError(SohoaError):
    """The input is refused; its bytes are kept in quarantine."""

    default_code = "INPUT_REFUSED"
    exit_code = ExitCode.REFUSED


class UnsettledInput(IntakeError):
    """The file is still growing or changed while it was read."""

    default_code = "INPUT_UNSETTLED"
    retryable = True


class UnreadableScan(IntakeError):
    """The bytes cannot be read as a scan, not even after repair."""

    default_code = "SCAN_UNREADABLE"


class UnsafeInput(IntakeError):
    """Reading the input would be unsafe: encrypted, oversized, a symlink, not permitted."""

    default_code = "INPUT_UNSAFE"


class DuplicateBatch(IntakeError):
    """The same papers are in work, or archived under other terms."""

    default_code = "BATCH_DUPLICATE"


class ScannerError(SohoaError):
    """Scanning stopped; every sheet that came out whole is kept."""

    default_code = "SCAN_FAILED"
    exit_code = ExitCode.UNAVAILABLE


class ScannerUnavailable(ScannerError):
    """No scanner that answers: none there, busy, switched off, too slow."""

    default_code = "SCANNER_UNAVAILABLE"
    retryable = True


class FeederEmpty(ScannerError):
    """The feeder has no paper where some was expected."""

    default_code = "FEEDER_EMPTY"
    retryable = True


class PaperJam(ScannerError):
    """A sheet is stuck."""

    default_code = "PAPER_JAM"
    retryable = True


class DoubleFeed(ScannerError):
    """Two sheets went through as one."""

    default_code = "DOUBLE_FEED"
    retryable = True


class CoverOpen(ScannerError):
    """The cover is open."""

    default_code = "COVER_OPEN"
    retryable = True


class SplitError(SohoaError):
    """A split that does not hold every page exactly once (page conservation)."""

    default_code = "SPLIT_UNBALANCED"


class OcrError(SohoaError):
    """Text recognition failed."""

    default_code = "OCR_FAILED"


class OcrTimeout(OcrError):
    """The engine did not answer in time."""

    default_code = "OCR_TIMEOUT"
    retryable = True
    exit_code = ExitCode.UNAVAILABLE


class OcrCrashed(OcrError):
    """The engine died."""

    default_code = "OCR_CRASHED"
    retryable = True
    exit_code = ExitCode.UNAVAILABLE


class AssemblyError(SohoaError):
    """The component file could not be assembled."""

    default_code = "ASSEMBLY_FAILED"


class SigningError(SohoaError):
    """A signature could not be made or judged."""

    default_code = "SIGNING_FAILED"


class KeyUnavailable(SigningError):
    """The officer's key cannot be reached now."""

    default_code = "KEY_UNAVAILABLE"
    retryable = True
    exit_code = ExitCode.UNAVAILABLE


class CertificateRejected(SigningError):
    """The certificate may not sign: expired, revoked, wrong usage, development in production."""

    default_code = "CERTIFICATE_REJECTED"
    exit_code = ExitCode.USAGE


class AlreadySigned(SigningError):
    """The file carries a signature; touching it would break it."""

    default_code = "ALREADY_SIGNED"


class SignatureInvalid(SigningError):
    """The signature just made does not verify."""

    default_code = "SIGNATURE_INVALID"
    exit_code = ExitCode.VERIFICATION_FAILED


class NothingToCertify(SigningError):
    """The archived file is not sound: no copy of it is given out."""

    default_code = "COPY_OF_UNSOUND"
    exit_code = ExitCode.VERIFICATION_FAILED


class NotYetCertain(SigningError):
    """Whether the archived file is sound cannot be said now."""

    default_code = "COPY_OF_UNSOUND"
    exit_code = ExitCode.WAITING


class SigningRequestRefused(SigningError):
    """The answer to a request to sign elsewhere is too late, used, or of another request."""

    default_code = "SIGNING_REQUEST_REFUSED"
    exit_code = ExitCode.REFUSED


class TimestampError(SohoaError):
    """The timestamp authority did not give a usable token."""

    default_code = "TIMESTAMP_UNAVAILABLE"
    retryable = True
    exit_code = ExitCode.UNAVAILABLE


class ArchiveError(SohoaError):
    """The archive refused or lost something."""

    default_code = "ARCHIVE_FAILED"


class ArchiveUnavailable(ArchiveError):
    """The archive cannot be reached, or is full; work is kept."""

    default_code = "ARCHIVE_UNAVAILABLE"
    retryable = True
    exit_code = ExitCode.UNAVAILABLE


class ContentConflict(ArchiveError):
    """A write-once key already holds other bytes."""

    default_code = "CONTENT_CONFLICT"


class ChecksumMismatch(ArchiveError):
    """Bytes differ from the digest they are known by."""

    default_code = "CHECKSUM_MISMATCH"
    exit_code = ExitCode.VERIFICATION_FAILED


class SearchError(SohoaError):
    """The index refused the query or the document."""

    default_code = "SEARCH_FAILED"
    exit_code = ExitCode.USAGE


class SearchUnavailable(SearchError):
    """The index cannot be reached; what is archived stays archived."""

    default_code = "SEARCH_UNAVAILABLE"
    retryable = True
    exit_code = ExitCode.UNAVAILABLE


class AuthError(SohoaError):
    """The actor may not do this."""

    default_code = "NOT_ALLOWED"
    exit_code = ExitCode.NOT_ALLOWED


class NotFound(SohoaError):
    """No dossier, component, batch or review of this name."""

    default_code = "NOT_FOUND"
    exit_code = ExitCode.NOT_FOUND


class WorkflowError(SohoaError):
    """The step is not allowed in the state things are in."""

    default_code = "STEP_NOT_ALLOWED"
    exit_code = ExitCode.USAGE


class BatchBusy(WorkflowError):
    """A living process works on the batch."""

    default_code = "BATCH_BUSY"
    retryable = True
    exit_code = ExitCode.UNAVAILABLE


class RunLost(WorkflowError):
    """The process that worked on the batch died; what it had done is kept."""

    default_code = "RUN_LOST"
    retryable = True
    exit_code = ExitCode.UNAVAILABLE


class HostsUnfit(WorkflowError):
    """Runs were given the batch on hosts that cannot do the work; the batch is untouched."""

    default_code = "HOSTS_UNFIT"
    retryable = True
    exit_code = ExitCode.UNAVAILABLE


class FlowsUnavailable(WorkflowError):
    """The server that hands out runs cannot be reached; papers taken in are kept."""

    default_code = "FLOWS_UNAVAILABLE"
    retryable = True
    exit_code = ExitCode.UNAVAILABLE
