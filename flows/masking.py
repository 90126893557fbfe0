"""Errors as Prefect may see them: a code and where it happened, never a message or values.

Prefect logs whatever a task or flow raises, with its causes, and sends that to its server; the
message of a database's or library's error may hold what stands on citizens' papers. No Prefect
in here.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from pipeline.errors import SohoaError


@contextlib.contextmanager
def masked() -> Iterator[None]:
    """Any failure inside comes out as a `SohoaError` without a cause; frames are kept.

    Raises:
        SohoaError: the one that was raised, or `INTERNAL` for any other.
    """
    try:
        yield
    except SohoaError as error:
        raise error.with_traceback(error.__traceback__) from None
    except Exception as error:
        internal = SohoaError("INTERNAL", kind=type(error).__name__)
        raise internal.with_traceback(error.__traceback__) from None
