"""The C library's heap: few arenas, so that pages read side by side do not scatter over many.

glibc gives threads arenas of their own, up to eight a core, and what one page leaves free in its
arena the next page's thread does not find: with two arenas 500 pages peak 70 MiB lower, for one
per cent more CPU (`benchmarks.pace`). May not come in: what is kept in memory, limits of a process.
"""

from __future__ import annotations

import ctypes
import sys
from typing import Final

_ARENA_MAX: Final = -8
"""`M_ARENA_MAX` of glibc's `mallopt(3)`."""
_ARENAS: Final = 2
"""Pages are read on two cores and more, but allocate seldom: two do not slow them down."""


def few_arenas() -> bool:
    """Keep this process to two arenas from now on; False where its C library has none to set."""
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return mallopt is not None and bool(mallopt(_ARENA_MAX, _ARENAS))
