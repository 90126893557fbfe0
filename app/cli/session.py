"""One command run: settings, services, messages, and where output goes."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from typing import Annotated

import typer

from app.messages import Messages
from app.presenting import Json, worst
from app.progress import Bars, Silence, watched
from flows.services import Services
from pipeline.errors import SohoaError
from pipeline.settings import load_settings
from pipeline.textnorm import printable

AsJson = Annotated[bool, typer.Option("--json", help="NDJSON: một đối tượng mỗi dòng.")]


@dataclass(frozen=True, slots=True)
class Session:
    """What a command works with."""

    services: Services
    messages: Messages
    as_json: bool
    progress: Bars | Silence

    def give(self, document: Json, lines: Iterable[str]) -> None:
        """One result: an NDJSON line, or text."""
        self.progress.clear()
        if self.as_json:
            print(json.dumps(document, ensure_ascii=False, separators=(",", ":")), flush=True)
            return
        for line in lines:
            print(line, flush=True)

    def fail(self, error: SohoaError, about: str | None = None) -> int:
        """Say on stderr what went wrong, with what, and what helps; gives the exit code."""
        self.progress.clear()
        if about is not None:
            print(f"{about}:", file=sys.stderr)
        rendered = self.messages.error(error)
        for line in (rendered.message, rendered.cause, rendered.advice):
            if line:
                print(line, file=sys.stderr)
        return int(error.exit_code)

    def each(
        self,
        items: Sequence[str],
        act: Callable[[str], int],
        failed: Callable[[str, SohoaError, Messages], Json],
    ) -> None:
        """Act on every item, a failed one does not stop the others; exits with the worst code.

        Args:
            items: what is asked for.
            act: does it for one; gives its exit code.
            failed: the object of an item that failed.

        Raises:
            typer.Exit: always.
        """
        codes = []
        for item in items:
            try:
                codes.append(act(item))
            except SohoaError as error:
                codes.append(self.failed(item, error, failed, named=len(items) > 1))
        raise typer.Exit(worst(codes))

    def failed(
        self,
        item: str,
        error: SohoaError,
        failed: Callable[[str, SohoaError, Messages], Json],
        *,
        named: bool = True,
    ) -> int:
        """Say that an item failed, also as a result; gives the exit code.

        Args:
            item: what was asked for.
            error: why not.
            failed: its object.
            named: on stderr too, where it may be one of several.
        """
        item = printable(item)
        self.give(failed(item, error, self.messages), ())
        return self.fail(error, about=item if named else None)


@contextmanager
def session(as_json: bool = False, *, looks_only: bool = False) -> Iterator[Session]:
    """A session in a home that is there; its progress bars end with it.

    Args:
        as_json: results are NDJSON.
        looks_only: a home that cannot be used is something to report, not the end.

    Raises:
        ConfigError: the settings or the home cannot be used.
    """
    settings = load_settings()
    messages = Messages(settings.language)
    with Bars(messages) if watched() and not as_json else nullcontext(Silence()) as progress:
        services = Services(settings, progress)
        with suppress(SohoaError) if looks_only else nullcontext():
            services.ports.open_home()
        try:
            yield Session(services, messages, as_json, progress)
        finally:
            progress.clear()
            _tell_endings(services, messages)


def _tell_endings(services: Services, messages: Messages) -> None:
    """On stderr: an officer must renew a certificate before it can sign no more."""
    for until, days in services.certificate_endings():
        told = messages.finding("CERTIFICATE_ENDING", {"until": until.isoformat(), "days": days})
        print(f"{told.message} {told.advice}", file=sys.stderr)
