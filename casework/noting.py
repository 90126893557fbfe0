"""What a stranger's file says of its origin, read in a process of its own.

Whose paper it is stands in its transfer note, and a file can be made so that opening it takes all
memory. May not come in: signatures, what the records say.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.models.base import Model
from pipeline.models.batch import Channel
from pipeline.signatures.bounded import MEMORY_BYTES, SECONDS, answer, ask_child
from pipeline.signatures.failures import pass_on
from pipeline.stages.assembly.transfer_note import read_component_id, read_transfer_note


class Noted(Model):
    """Of the transfer note of a file."""

    component_id: str | None = None
    wrapped: bool = False
    """It tells of images from the portal, which nobody signs."""


def noted_in(pdf: Path, seconds: int = SECONDS, memory_bytes: int = MEMORY_BYTES) -> Noted:
    """What a file of anybody notes; nothing where there is nothing to be read.

    Raises:
        ChildEnded: reading it takes more time or memory than is given to any file.
        OSError: the file cannot be read.
    """
    request = {"path": str(pdf.absolute())}
    return Noted.model_validate_json(ask_child(__name__, request, seconds, memory_bytes))


def _noted(request: Mapping[str, Any]) -> str:
    pdf = Path(request["path"])
    try:
        component_id = read_component_id(pdf)
    except Exception as error:
        pass_on(error)
        return Noted().model_dump_json()
    note = read_transfer_note(pdf) if component_id is not None else None
    wrapped = note is not None and note.channel == Channel.PORTAL
    return Noted(component_id=component_id, wrapped=wrapped).model_dump_json()


if __name__ == "__main__":
    answer(_noted)
