"""Tells what the machine failed at from what a file holds.

A reader of hostile files turns whatever is raised into a finding about the file. What a disk did
not give, or memory that there was not, says nothing about it. May not come in: PDF, verdicts.
"""

from __future__ import annotations

import errno
from typing import Final

_OF_THE_FILE: Final = frozenset({None, errno.EINVAL, errno.EOVERFLOW})
"""What a written offset beyond all bounds makes of seeking and reading."""


def pass_on(error: Exception) -> None:
    """Raise again what the file has no part in: to be called first in every broad `except`.

    Raises:
        MemoryError: there was too little.
        OSError: the file cannot be read.
    """
    if isinstance(error, MemoryError):
        raise error
    if isinstance(error, OSError) and error.errno == errno.ENOMEM:
        raise MemoryError from error
    if isinstance(error, OSError) and error.errno not in _OF_THE_FILE:
        raise error
