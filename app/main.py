"""Entry point of `sohoa`: the table of commands, and the one place where errors end.

Whatever happens, a person gets a sentence and an exit code, never a traceback.
"""

from __future__ import annotations

import io
import os
import sys
import traceback
from collections.abc import Callable

import typer

from app.cli import (
    custody,
    intake,
    keeping,
    learning,
    looking,
    models,
    orchestrating,
    packaging,
    retaining,
    reviewing,
    scanning,
    signing,
)
from app.messages import Messages
from app.messages.rendering import Language
from pipeline.errors import ExitCode, SohoaError
from pipeline.settings import default_home, load_settings
from pipeline.workspace import write_atomically

_INTERRUPTED = 130


def build() -> typer.Typer:
    """The commands, in the order of a day's work."""
    app = typer.Typer(
        name="sohoa",
        help="Số hoá hồ sơ bảo hiểm xã hội và lưu trữ tập trung.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    day: tuple[Callable[..., None], ...] = (
        intake.ingest,
        scanning.scan,
        intake.watch,
        looking.search,
        looking.show,
        looking.get,
        looking.text,
        looking.verify,
    )
    for command in day:
        app.command()(command)
    app.add_typer(reviewing.review, name="review")
    app.add_typer(signing.sign, name="sign")
    upkeep: tuple[Callable[..., None], ...] = (
        intake.slip,
        retaining.waive,
        retaining.truecopy,
        retaining.transfer,
        keeping.augment,
        keeping.audit,
        custody.canary,
        custody.fixity,
        keeping.rebuild,
        packaging.evidence,
        packaging.export,
        keeping.doctor,
    )
    for command in upkeep:
        app.command()(command)
    app.add_typer(retaining.hold, name="hold")
    app.add_typer(retaining.destroy, name="destroy")
    app.add_typer(models.models, name="models")
    app.add_typer(learning.learn, name="learn")
    app.add_typer(keeping.db, name="db")
    app.command()(orchestrating.dispatch)
    app.add_typer(orchestrating.flows, name="flows")
    return app


def main() -> None:
    """Run one command and exit with its code."""
    _speak_utf8()
    try:
        build()()
    except SohoaError as error:
        sys.exit(_told(error))
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(ExitCode.INTERNAL)
    except Exception as error:
        sys.exit(_told(SohoaError("INTERNAL", kind=_logged(error))))


def _speak_utf8() -> None:
    """Vietnamese and NDJSON are UTF-8 whatever the locale; what is no text is escaped, as in JSON.

    A file name may hold any bytes, and a result that cannot be printed would be lost.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def _language() -> Language:
    """As set; the settings themselves may be what is wrong."""
    try:
        return load_settings().language
    except (SohoaError, OSError):
        return "en" if os.environ.get("SOHOA_LANGUAGE") == "en" else "vi"


def _told(error: SohoaError) -> int:
    rendered = Messages(_language()).error(error)
    for line in (rendered.message, rendered.cause, rendered.advice):
        if line:
            print(line, file=sys.stderr)
    return int(error.exit_code)


def _logged(error: Exception) -> str:
    """Frames of an unexpected error to `log/last-error.txt`, without its message or values."""
    kind = type(error).__name__
    frames = "".join(traceback.format_tb(error.__traceback__))
    home = default_home(os.environ)
    folder = home / "log"
    try:
        for made in (home, folder):
            made.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_atomically(folder / "last-error.txt", f"{frames}{kind}\n".encode())
    except (OSError, SohoaError):
        return kind
    return kind
