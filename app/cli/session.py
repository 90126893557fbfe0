"""One command run: settings, services, messages, and where output goes."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
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

    def give(self, document: Json, lines: Iterable[str]) -> None:
        """One result: an NDJSON line, or text."""
        if self.as_json:
            print(json.dumps(document, ensure_ascii=False, separators=(",", ":")), flush=True)
            return
        for line in lines:
            print(line)

    def fail(self, error: SohoaError, about: str | None = None) -> int:
        """Say on stderr what went wrong, with what, and what helps; gives the exit code."""
        if about is not None:
            print(f"{about}:", file=sys.stderr)
        rendered = self.messages.error(error)
        for line in (rendered.message, rendered.cause, rendered.advice):
            if line:
                print(line, file=sys.stderr)
        return int(error.exit_code)

    def each(self, items: Iterable[str], act: Callable[[str], int]) -> None:
        """Act on every item, a failed one does not stop the others; exits with the worst code.

        Raises:
            typer.Exit: always.
        """
        codes = []
        for item in items:
            try:
                codes.append(act(item))
            except SohoaError as error:
                codes.append(self.failed(item, error))
        raise typer.Exit(worst(codes))

    def failed(self, item: str, error: SohoaError) -> int:
        """Say of one of several items that it failed, also as a result; gives the exit code."""
        item = printable(item)
        if self.as_json:
            rendered = self.messages.error(error)
            problem = {"code": error.code, "message": rendered.message, "advice": rendered.advice}
            self.give({"source": item, "state": None, "error": problem}, ())
        return self.fail(error, about=item)


@contextmanager
def session(as_json: bool = False) -> Iterator[Session]:
    """A session; its progress bars end with it.

    Raises:
        ConfigError: the settings cannot be used.
    """
    settings = load_settings()
    messages = Messages(settings.language)
    if watched() and not as_json:
        with Bars(messages) as bars:
            yield Session(Services(settings, bars), messages, as_json)
    else:
        yield Session(Services(settings, Silence()), messages, as_json)
