"""What is installed, what is missing, and the command that installs it.

Looks only: nothing is made or changed. Heavy parts (models, signing, archive, records, index) are
asked through callables that the command line hands in, so that a part that fails to load is one
finding and not the end of the report. May not come in: sentences (`app.messages`, `findings`).
"""

from __future__ import annotations

import datetime as dt
import errno
import os
import re
import shutil
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from app.transport import in_the_clear
from pipeline.errors import KeyUnavailable, NotFound, Param, SohoaError, TimestampError
from pipeline.settings import Settings

_PROBE_SECONDS = 10.0
_MIN_PYTHON = (3, 11)
_MIN_TESSERACT = 5
_SCANNING = "scanimage"
_FREE_MB = 1024
"""Megabytes that should be free: some five hundred pages in work and in the archive."""
_VERSION = re.compile(r"\d+(?:\.\d+)+")


class Status(StrEnum):
    """How one part is."""

    OK = "ok"
    WARN = "warn"
    """Works, but somebody should know."""
    MISSING = "missing"
    """Something the work needs is absent or unusable."""


class Finding(BaseModel):
    """One part of the installation."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    """Key of the label `doctor.{name}`."""
    status: Status
    version: str | None = None
    """Version, model name, file name, free space: what is there."""
    code: str | None = None
    """Of the advice (`Messages.finding`), None where all is well."""
    params: dict[str, Param] = {}


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """What is known of the certificate that would sign."""

    development: bool
    not_before: dt.datetime
    not_after: dt.datetime


@dataclass(frozen=True, slots=True)
class TokenFacts:
    """What is known of the keys on the token or HSM."""

    keys: int
    not_after: dt.datetime
    """Of the certificate that ends first."""


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """The recognition model that would be used."""

    name: str
    verified: bool
    calibrated: bool = True
    """True where it was measured how often this engine's values are wrong."""


@dataclass(frozen=True, slots=True)
class PageModelFacts:
    """The weights that tell pages and papers."""

    name: str
    """First letters of their identity."""
    outdated: bool
    """Learned ones are set aside: they rest on others than those that ship."""


@dataclass(frozen=True, slots=True)
class Probes:
    """How to ask the parts; each may raise a `SohoaError`, which becomes its finding."""

    model: Callable[[], ModelFacts]
    font: Callable[[], Path]
    """The font of the stamp."""
    catalogue: Callable[[], str]
    """Version of the component catalogue."""
    immutability: Callable[[], str]
    """`enforced` or `advisory`."""
    records_versions: Callable[[], tuple[str, str]]
    """Schema version found, and the one wanted."""
    indexed: Callable[[], int]
    """Number of components in the index."""
    certificate: Callable[[], CertificateFacts]
    token: Callable[[], TokenFacts]
    """Opens every key of the token of the settings."""
    timestamps: Callable[[], dt.datetime]
    """Asks the timestamp authority of the settings; the end of its certificate."""
    now: Callable[[], dt.datetime]
    run: Callable[[Sequence[str]], str | None]
    """Output of a program, None where it fails; see `program_output`."""
    library: Callable[[], str | None]
    """Version of the Tesseract that reads within the process, None where there is none."""
    page_models: Callable[[], PageModelFacts] | None = None
    """The weights that tell pages; None: not asked."""
    scanners: Callable[[], Sequence[str]] | None = None
    """Identities of the scanners that answer; None: not asked, for they take their time."""


def program_output(command: Sequence[str]) -> str | None:
    """What a program prints (both streams), None where it fails or takes too long."""
    try:
        done = subprocess.run(
            list(command),
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_PROBE_SECONDS,
            stdin=subprocess.DEVNULL,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return None if done.returncode else done.stdout + done.stderr


def examine(settings: Settings, probes: Probes) -> tuple[Finding, ...]:
    """Look at every part; never raises for a part that is not well."""
    parts: tuple[tuple[str, Callable[[], Finding]], ...] = (
        ("environment", lambda: _environment(settings)),
        ("python", _python),
        ("tesseract", lambda: _tesseract(settings, probes)),
        ("ocr_model", lambda: _model(probes)),
        *(_page_models(probes)),
        ("poppler", lambda: _poppler(probes)),
        ("font", lambda: _ok("font", probes.font().name)),
        ("sqlite", _sqlite),
        ("catalogue", lambda: _ok("catalogue", probes.catalogue())),
        ("home", lambda: _home(settings.home)),
        ("disk", lambda: _disk(settings.home)),
        ("archive", lambda: _archive(settings, probes)),
        ("records", lambda: _records(probes)),
        ("index", lambda: _ok("index", str(probes.indexed()))),
        ("signing", lambda: _signing(settings, probes)),
        *(_office_signing(settings, probes)),
        *(_transport(settings)),
    )
    if probes.scanners is not None or shutil.which(_SCANNING) is not None:
        parts = (*parts, ("scanner", lambda: _scanner(probes)))
    return tuple(_guarded(name, look) for name, look in parts)


def healthy(findings: Sequence[Finding]) -> bool:
    """True where nothing the work needs is missing."""
    return all(finding.status is not Status.MISSING for finding in findings)


def _guarded(name: str, look: Callable[[], Finding]) -> Finding:
    try:
        return look()
    except SohoaError as error:
        return Finding(name=name, status=Status.MISSING, code=error.code, params=error.params)
    except Exception as error:  # a report about a broken installation must not break itself
        return _missing(name, "PROBE_FAILED", error=type(error).__name__)


def _environment(settings: Settings) -> Finding:
    name = settings.environment.value
    if settings.production:
        return _ok("environment", name)
    return _warn("environment", "ENVIRONMENT_DEVELOPMENT", name)


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] < _MIN_PYTHON:
        return _missing("python", "PYTHON_OLD", version=version)
    return _ok("python", version)


def _tesseract(settings: Settings, probes: Probes) -> Finding:
    wanted = settings.ocr.engine == "library"
    if wanted and (library := probes.library()) is not None:
        return _ok("tesseract", library)
    package = "tesseract-ocr"
    version = _program(probes, "tesseract", package, "--version")
    if int(version.split(".")[0]) < _MIN_TESSERACT:
        return _missing(
            "tesseract",
            "PROGRAM_OLD",
            program="tesseract",
            version=version,
            wanted=_MIN_TESSERACT,
            package=package,
        )
    if wanted:
        return _warn("tesseract", "TESSERACT_LIBRARY_MISSING", version)
    return _ok("tesseract", version)


def _poppler(probes: Probes) -> Finding:
    return _ok("poppler", _program(probes, "pdftoppm", "poppler-utils", "-v"))


def _program(probes: Probes, program: str, package: str, option: str) -> str:
    """Version of a program.

    Raises:
        NotFound: `PROGRAM_MISSING`, `PROGRAM_SILENT`.
    """
    if shutil.which(program) is None:
        raise NotFound("PROGRAM_MISSING", program=program, package=package)
    match = _VERSION.search(probes.run([program, option]) or "")
    if match is None:
        raise NotFound("PROGRAM_SILENT", program=program, package=package)
    return match[0]


def _model(probes: Probes) -> Finding:
    model = probes.model()
    if model.verified and model.calibrated:
        return _ok("ocr_model", model.name)
    if model.verified:
        return _warn("ocr_model", "MODEL_UNCALIBRATED", model.name, model=model.name)
    return _warn("ocr_model", "MODEL_UNVERIFIED", model.name, model=model.name)


def _page_models(probes: Probes) -> Iterator[tuple[str, Callable[[], Finding]]]:
    ask = probes.page_models
    if ask is None:
        return

    def find() -> Finding:
        facts = ask()
        if facts.outdated:
            return _warn("page_models", "PAGE_MODEL_OUTDATED", facts.name)
        return _ok("page_models", facts.name)

    yield "page_models", find


def _sqlite() -> Finding:
    version = sqlite3.sqlite_version
    connection = sqlite3.connect(":memory:")
    try:
        connection.execute("CREATE VIRTUAL TABLE probe USING fts5 (words)")
    except sqlite3.Error:
        return _missing("sqlite", "FTS5_MISSING", version=version)
    finally:
        connection.close()
    return _ok("sqlite", version)


def _home(home: Path) -> Finding:
    if not home.exists():
        return _warn("home", "HOME_MISSING", str(home))
    if not home.is_dir():
        return _missing("home", "HOME_UNUSABLE", problem=os.strerror(errno.ENOTDIR))
    if not os.access(home, os.W_OK | os.X_OK):
        user = str(os.getuid())
        return _missing("home", "HOME_NOT_WRITABLE", user=user, home=str(home))
    mode = stat.S_IMODE(home.stat().st_mode)
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        return _warn("home", "HOME_OPEN", str(home), mode=f"{mode:04o}", home=str(home))
    return _ok("home", str(home))


def _disk(home: Path) -> Finding:
    place = next(folder for folder in (home, *home.parents) if folder.is_dir())
    free_mb = shutil.disk_usage(place).free // 1024**2
    if free_mb < _FREE_MB:
        return _warn("disk", "DISK_LOW", f"{free_mb} MB", free_mb=free_mb, wanted_mb=_FREE_MB)
    return _ok("disk", f"{free_mb} MB")


def _archive(settings: Settings, probes: Probes) -> Finding:
    immutability = probes.immutability()
    if immutability == "enforced":
        return _ok("archive", immutability)
    if settings.production:
        return _missing("archive", "ARCHIVE_ADVISORY_PRODUCTION")
    return _warn("archive", "ARCHIVE_ADVISORY", immutability)


def _records(probes: Probes) -> Finding:
    found, wanted = probes.records_versions()
    if found != wanted:
        return _warn("records", "RECORDS_BEHIND", found, found=found, wanted=wanted)
    return _ok("records", found)


def _office_signing(
    settings: Settings, probes: Probes
) -> Iterator[tuple[str, Callable[[], Finding]]]:
    """Token and timestamp authority, where they are set."""
    if settings.signing.pkcs11 is not None:
        yield "token", lambda: _token(settings, probes)
    if settings.tsa.url is not None:
        yield "timestamps", lambda: _timestamps(settings, probes)


def _transport(settings: Settings) -> Iterator[tuple[str, Callable[[], Finding]]]:
    """Only where something is wrong with it: most homes have no servers."""
    if keys := ", ".join(in_the_clear(settings)):
        yield "transport", lambda: _warn("transport", "TRANSPORT_CLEAR", "", keys=keys)


def _token(settings: Settings, probes: Probes) -> Finding:
    facts, now = probes.token(), probes.now()
    if now > facts.not_after:
        until = facts.not_after.date().isoformat()
        return _missing("token", "CERTIFICATE_EXPIRED", until=until)
    warn = settings.signing.warn_days
    return _lasting("token", str(facts.keys), facts.not_after, now, warn)


def _timestamps(settings: Settings, probes: Probes) -> Finding:
    """Without timestamps work goes on: signatures are raised later."""
    try:
        until = probes.timestamps()
    except TimestampError as error:
        return _warn("timestamps", error.code, "", **error.params)
    day, warn = until.date().isoformat(), settings.signing.warn_days
    return _lasting("timestamps", day, until, probes.now(), warn)


def _lasting(
    name: str, version: str, until: dt.datetime, now: dt.datetime, warn_days: int
) -> Finding:
    days, day = (until - now).days, until.date().isoformat()
    if days < warn_days:
        return _warn(name, "CERTIFICATE_ENDING", version, until=day, days=days)
    return _ok(name, version)


def _signing(settings: Settings, probes: Probes) -> Finding:
    try:
        certificate, now = probes.certificate(), probes.now()
    except KeyUnavailable as error:
        if error.code != "KEY_OF_OFFICER_MISSING":
            raise
        return _warn("signing", "SIGNING_ELSEWHERE", "")
    until = certificate.not_after.date().isoformat()
    if certificate.development and settings.production:
        return _missing("signing", "SIGNING_DEVELOPMENT_PRODUCTION")
    if now > certificate.not_after:
        return _missing("signing", "CERTIFICATE_EXPIRED", until=until)
    if now < certificate.not_before:
        since = certificate.not_before.date().isoformat()
        return _missing("signing", "CERTIFICATE_NOT_YET_VALID", since=since)
    if certificate.development:
        return _warn("signing", "SIGNING_DEVELOPMENT", until)
    return _lasting("signing", until, certificate.not_after, now, settings.signing.warn_days)


def _scanner(probes: Probes) -> Finding:
    """An office without scanners needs none of it, so it is looked at where it is there."""
    version = _program(probes, _SCANNING, "sane-utils", "--version")
    if probes.scanners is None:
        return _ok("scanner", version)
    identities = probes.scanners()
    if not identities:
        return _warn("scanner", "SCANNER_NONE", version)
    return _ok("scanner", f"{version}: {', '.join(identities)}")


def _ok(name: str, version: str) -> Finding:
    return Finding(name=name, status=Status.OK, version=version)


def _warn(name: str, code: str, version: str, **params: Param) -> Finding:
    return Finding(name=name, status=Status.WARN, version=version, code=code, params=params)


def _missing(name: str, code: str, **params: Param) -> Finding:
    return Finding(name=name, status=Status.MISSING, code=code, params=params)
