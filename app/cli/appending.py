"""Commands that append to what is archived (`augment`, `sign counter`): which dossiers, how told.

May not come in: what is appended.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Protocol

import typer

from app.auditing import augmentation_json, augmentation_lines
from app.cli.session import session
from app.presenting import worst
from casework.augmenting import exit_code
from pipeline.errors import ConfigError
from pipeline.models.actors import Actor, Role

if TYPE_CHECKING:
    from casework.augmenting import Augmentation
    from flows.services import Services

Codes = Annotated[list[str] | None, typer.Argument(metavar="[CODE…]", help="Mã hồ sơ.")]
Everything = Annotated[bool, typer.Option("--all", help="Mọi hồ sơ trong kho.")]
Limit = Annotated[int | None, typer.Option(min=1, help="Số thành phần nhiều nhất.")]


class Appending(Protocol):
    """A use case: one component after another."""

    def __call__(
        self, actor: Actor, *, codes: Sequence[str] = (), limit: int | None = None
    ) -> Iterator[Augmentation]:
        """For these dossiers, or for all."""
        ...


def append(
    use_case: Callable[[Services], Appending],
    codes: list[str] | None,
    limit: int | None,
    *,
    everything: bool,
    as_json: bool,
    unclear: str,
) -> None:
    """Run a use case and tell of every component; exits with the worst code.

    Args:
        use_case: of the services.
        codes: dossiers.
        limit: most components.
        everything: all dossiers instead.
        as_json: as NDJSON.
        unclear: code of the error where neither or both are asked for.

    Raises:
        ConfigError: `unclear`.
        typer.Exit: always, else.
    """
    if everything == bool(codes):
        raise ConfigError(unclear)
    with session(as_json) as run:
        actor = run.services.actor(role=Role.ARCHIVE_CENTRE)
        told = []
        for one in use_case(run.services)(actor, codes=codes or (), limit=limit):
            run.give(augmentation_json(one, run.messages), augmentation_lines(one, run.messages))
            told.append(exit_code(one))
        raise typer.Exit(worst(told))
