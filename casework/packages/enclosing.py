"""The schemas that a submission package encloses: other people's files, from an office's folder.

TT 05/2025/TT-BNV and CSIP 2.1 (CSIP113) ask for them; Sohoa ships none. May not come in: what they
say, packages.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Final

from pipeline.errors import ConfigError

_NAME: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*\.xsd")
_MOST: Final = 64
"""Files."""
_LONGEST: Final = 4 * 1024 * 1024
"""Bytes of one file."""
_KEY: Final = "packages.schemas"


def schemas_of(folder: Path | None) -> Mapping[str, bytes]:
    """Schemas by name, in order; other files of the folder are left alone.

    Args:
        folder: of `*.xsd`; None: nothing is enclosed.

    Raises:
        ConfigError: `PACKAGE_SCHEMAS`: the folder cannot be read, has no schema or too many, or one
            of a name that is not safe on every system, or too long.
    """
    if folder is None:
        return {}
    try:
        paths = sorted(islice(folder.glob("*.xsd"), _MOST + 1))
        sound = 0 < len(paths) <= _MOST and all(_sound(p) for p in paths)
        if not sound or len({p.name.lower() for p in paths}) != len(paths):
            raise ConfigError("PACKAGE_SCHEMAS", key=_KEY)
        return {p.name: p.read_bytes() for p in paths}
    except OSError as error:
        raise ConfigError("PACKAGE_SCHEMAS", key=_KEY) from error


def _sound(path: Path) -> bool:
    plain = _NAME.fullmatch(path.name) is not None and path.is_file()
    return plain and path.stat().st_size <= _LONGEST
