"""The stamp's font: found, cut down to the stamp's characters, scaled, cached.

Embedding demands 1000 units per em (other fonts get wrong widths, ISO 19005-2, 6.2.11.5), and a
small subset makes signing fast. The cache is a folder that the caller owns; its files are named
by the digest of font bytes and characters. May not come in: what the stamp says.
"""

from __future__ import annotations

import hashlib
import io
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path

from fontTools import subset, ttLib
from fontTools.ttLib.scaleUpem import scale_upem

from pipeline.errors import MissingToolError
from pipeline.workspace import write_atomically

FONT_FOLDERS = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"))
FONT_NAMES = (
    "Tinos-Regular.ttf",
    "Arimo-Regular.ttf",
    "NotoSans-Regular.ttf",
    "NotoSerif-Regular.ttf",
    "DejaVuSans.ttf",
    "DejaVuSerif.ttf",
)
"""In order of preference; Debian: fonts-croscore, fonts-noto-core, fonts-dejavu-core."""

UNITS_PER_EM = 1000
REPLACEMENT = "?"
"""Stands for characters that the font lacks: a missing glyph would break PDF/A."""

_TONES = "\u0300\u0301\u0303\u0309\u0323"
_VOWELS = "aăâeêioôơuưy"
_SCHEMA = "stamp-font/1"
_MAX_FONT_BYTES = 64 * 1024 * 1024


def vietnamese_letters() -> frozenset[str]:
    """Every letter of Vietnamese that ASCII lacks, upper and lower case, precomposed."""
    toned = {unicodedata.normalize("NFC", v + tone) for v in _VOWELS for tone in _TONES}
    lower = {letter for letter in toned | set(_VOWELS) | {"đ"} if ord(letter) > 127}
    return frozenset(lower | {letter.upper() for letter in lower})


def find_font(configured: Path | None = None, folders: Sequence[Path] = FONT_FOLDERS) -> Path:
    """A TrueType font with all Vietnamese letters.

    Args:
        configured: the font of the settings; it is taken or refused, never replaced.
        folders: where to look otherwise.

    Raises:
        MissingToolError: `FONT_MISSING`.
    """
    if configured is not None:
        if configured.is_file() and _writes_vietnamese(configured):
            return configured
        raise MissingToolError("FONT_MISSING", font=configured.name)
    installed = {
        path.name: path
        for folder in folders
        if folder.is_dir()
        for path in sorted(folder.rglob("*.ttf"), reverse=True)
        if path.name in FONT_NAMES
    }
    for name in FONT_NAMES:
        if name in installed and _writes_vietnamese(installed[name]):
            return installed[name]
    raise MissingToolError("FONT_MISSING", font=FONT_NAMES[0])


class StampFonts:
    """Subsets of one font, made once per set of characters, and its widths."""

    def __init__(self, font: Path, cache: Path) -> None:
        """Bind to a font file and a cache folder, which is made on first use (mode 0700)."""
        self._data = font.read_bytes()
        self._cache = cache
        with ttLib.TTFont(io.BytesIO(self._data), lazy=True) as opened:
            self._known = frozenset(map(chr, opened.getBestCmap() or {}))

    def writable(self, text: str) -> str:
        """The text with `?` for every character that the font lacks."""
        return "".join(c if c in self._known else REPLACEMENT for c in text)

    def width_em(self, text: str) -> float:
        """How wide a line is, in sizes of its letters, without kerning; what lacks counts not."""
        with ttLib.TTFont(io.BytesIO(self._data), lazy=True) as opened:
            glyphs, widths = opened.getBestCmap() or {}, opened["hmtx"].metrics
            total = sum(widths[glyphs[ord(c)]][0] for c in text if ord(c) in glyphs)
            return float(total) / float(opened["head"].unitsPerEm)

    def subset_for(self, characters: Iterable[str]) -> bytes:
        """A TrueType font of 1000 units per em with these characters, from the cache if there.

        Raises:
            ArchiveUnavailable: `DISK_FULL`.
        """
        wanted = "".join(sorted(set(characters) & self._known))
        key = hashlib.sha256(self._data + f"\0{_SCHEMA}\0{wanted}".encode()).hexdigest()
        target = self._cache / f"{key}.ttf"
        if not target.is_file():
            self._cache.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_atomically(target, _cut(self._data, wanted))
        return target.read_bytes()


def _cut(data: bytes, characters: str) -> bytes:
    font = ttLib.TTFont(io.BytesIO(data), recalcTimestamp=False)
    options = subset.Options(hinting=False, layout_features=["kern"], notdef_outline=True)
    subsetter = subset.Subsetter(options)
    subsetter.populate(text=characters)
    subsetter.subset(font)
    if font["head"].unitsPerEm != UNITS_PER_EM:
        scale_upem(font, UNITS_PER_EM)
    out = io.BytesIO()
    font.save(out)
    return out.getvalue()


def _writes_vietnamese(path: Path) -> bool:
    try:
        if path.stat().st_size > _MAX_FONT_BYTES:
            return False
        with path.open("rb") as file, ttLib.TTFont(file, lazy=True) as font:
            if "glyf" not in font:
                return False
            known = font.getBestCmap() or {}
    except (OSError, ttLib.TTLibError):
        return False
    return all(ord(letter) in known for letter in vietnamese_letters())
