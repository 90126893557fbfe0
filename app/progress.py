"""Progress bars on stderr, where a person is watching; silence elsewhere."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from app.messages import Messages


class Silence:
    """Port `Progress` that shows nothing."""

    def step(self, name: str, done: int, total: int) -> None:
        """See `pipeline.ports.runtime.Progress`."""

    def clear(self) -> None:
        """See `Bars.clear`."""


class Bars:
    """Port `Progress` as one bar a step.

    The library would lead all of stdout through the bars' console, that is to stderr, cut to the
    width of the screen: results belong on stdout, so it may not, and the bars go before they come.
    """

    def __init__(self, messages: Messages) -> None:
        """Bars appear with the first step."""
        self._messages = messages
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            console=Console(stderr=True),
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        """Nothing is drawn before the first step."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave a clean terminal."""
        self.clear()

    def clear(self) -> None:
        """Take the bars away: something else is about to be printed."""
        self._bars.stop()
        for task in self._tasks.values():
            self._bars.remove_task(task)
        self._tasks.clear()

    def step(self, name: str, done: int, total: int) -> None:
        """See `pipeline.ports.runtime.Progress`."""
        if not self._tasks:
            self._bars.start()
        if name not in self._tasks:
            label = self._messages.label(f"step.{name}")
            self._tasks[name] = self._bars.add_task(label, total=total)
        self._bars.update(self._tasks[name], completed=done, total=total)


def watched() -> bool:
    """True where stderr is a terminal."""
    return sys.stderr.isatty()
