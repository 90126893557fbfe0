"""What a flow process works with: one `Services` a process, made when its first flow asks for it.

Flow parameters are ids; everything else a task needs it finds here. May not come in: Prefect.
"""

from __future__ import annotations

from functools import cache

from flows.services import Services
from pipeline.settings import load_settings


class Unwatched:
    """Port `Progress` where nobody looks on: the task runs tell how far the work is."""

    def step(self, name: str, done: int, total: int) -> None:
        """See `pipeline.ports.runtime.Progress`."""


@cache
def services() -> Services:
    """The services of this process, from its settings.

    Raises:
        ConfigError: the settings cannot be used.
    """
    return Services(load_settings(), Unwatched())
