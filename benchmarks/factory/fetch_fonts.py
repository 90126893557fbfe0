"""Fetch the faces of pens and of other offices: `python -m benchmarks.factory.fetch_fonts`.

The faces are free (SIL Open Font License 1.1) and come as packages of `npm`, each pinned by
version and SHA-256. A package holds a face in subsets; the Latin and the Vietnamese one are
merged here, and a face that lacks a Vietnamese letter is refused. They are kept in the user's
cache and never come into the repository.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fontTools.merge import Merger
from fontTools.ttLib import TTFont

from benchmarks.factory.fonts import FETCHED, Face

_VOWELS: Final = "aăâeêioôơuưy"
_TONES: Final = ("", "\u0300", "\u0309", "\u0303", "\u0301", "\u0323")
LETTERS: Final = "".join(
    letter + letter.upper()
    for letter in (
        *(unicodedata.normalize("NFC", vowel + tone) for vowel in _VOWELS for tone in _TONES),
        *"đbcdghklmnpqrstvxfjwz",
    )
)
"""Every letter of Vietnamese papers, small and capital."""
_SUBSETS: Final = ("latin", "vietnamese")
_DROPPED: Final = ("GSUB", "GPOS", "GDEF", "STAT", "DSIG", "BASE", "vhea", "vmtx")
"""Tables that subsets of one face hold twice and that drawing plain letters does not need."""


@dataclass(frozen=True, slots=True)
class Package:
    """A package of `npm` and the faces to take from it."""

    name: str
    version: str
    sha256: str
    faces: tuple[tuple[str, str], ...]
    """Name of its file here, a `Face` of the factory or not; weight and slant in the package."""


PACKAGES: Final = (
    Package(
        "patrick-hand",
        "5.3.0",
        "c3428d02610c7b8fa92b044cf766f8c30b88bb32a47460b4ac42fa14e0bcdcc0",
        ((Face.PEN_PATRICK, "400-normal"),),
    ),
    Package(
        "mali",
        "5.3.0",
        "391b86c08e567a8537c0cf6aad7298f5e4c54e0ab7652d046b44678f01f7fbd0",
        ((Face.PEN_MALI, "400-italic"),),
    ),
    Package(
        "sriracha",
        "5.3.0",
        "934c3629d255c4f86f66b218cdefef90d6328727be5036fc28f953ac53a7b6f4",
        ((Face.PEN_SRIRACHA, "400-normal"),),
    ),
    Package(
        "pangolin",
        "5.3.0",
        "0b7bd4f9ad33a18fc9de29e28dfb23fc4281635cc153df856443106c94f0e0b3",
        ((Face.PEN_PANGOLIN, "400-normal"),),
    ),
    Package(
        "itim",
        "5.3.0",
        "2b6f41d05eae237d51e51e69099993e2864d9c61a0015cb908b73850000f1e2e",
        ((Face.PEN_ITIM, "400-normal"),),
    ),
    Package(
        "charm",
        "5.2.7",
        "fda8d2a1a071c85ba8efde59365efb8945c6bd23382b76ac287bce9416d6807e",
        ((Face.PEN_CHARM, "400-normal"),),
    ),
    Package(
        "dancing-script",
        "5.3.0",
        "e392efa74afec672f1c97f8699a16bb8439c8aca1a367ddb5cd035f11e70e31a",
        ((Face.PEN_DANCING, "400-normal"),),
    ),
    Package(
        "playpen-sans",
        "5.3.0",
        "cc638f6c358ee318701ff65788540db3019aab408267b5b5d81c2a84226e4706",
        ((Face.PEN_PLAYPEN, "400-normal"),),
    ),
    Package(
        "noto-serif",
        "5.3.0",
        "846d219c2c9c668ebe2b5ca0e76c403a35f847d83c4c441c107f9bdc152830df",
        (
            (Face.NOTO_SERIF, "400-normal"),
            (Face.NOTO_SERIF_BOLD, "700-normal"),
            (Face.NOTO_SERIF_ITALIC, "400-italic"),
        ),
    ),
    Package(
        "source-serif-4",
        "5.3.1",
        "54b7898afa20cf4b2d807bbf2b5a2f865e28a83db8a5fcc563dafce5ecb5e7c8",
        (
            (Face.SOURCE_SERIF, "400-normal"),
            (Face.SOURCE_SERIF_BOLD, "700-normal"),
            (Face.SOURCE_SERIF_ITALIC, "400-italic"),
        ),
    ),
    Package(
        "be-vietnam-pro",
        "5.3.0",
        "f9e048a263d92f46fbf417aeb41e18bc3c22b3d85365f9347b06eebd3fc1f3ac",
        (
            (Face.BE_VIETNAM, "400-normal"),
            (Face.BE_VIETNAM_BOLD, "700-normal"),
            (Face.BE_VIETNAM_ITALIC, "400-italic"),
        ),
    ),
)


def fetch(packages: Sequence[Package] = PACKAGES) -> tuple[Path, ...]:
    """Make the faces that are not there yet.

    Returns:
        The files made.

    Raises:
        RuntimeError: no `npm` here, a package that is not the pinned one, or a face without a
            Vietnamese letter.
    """
    folder = FETCHED.expanduser()
    folder.mkdir(parents=True, exist_ok=True)
    made: list[Path] = []
    for package in packages:
        wanted = [face for face in package.faces if not (folder / face[0]).is_file()]
        if wanted:
            with tempfile.TemporaryDirectory() as name:
                unpacked = _unpacked(package, Path(name))
                made += [_merged(package, unpacked, *face, folder) for face in wanted]
    return tuple(made)


def lacking(path: Path) -> str:
    """The Vietnamese letters and digits that a font file has no glyph for."""
    with TTFont(path) as font:
        known = font.getBestCmap()
    return "".join(char for char in f"{LETTERS}0123456789/-.,:()%" if ord(char) not in known)


def _unpacked(package: Package, folder: Path) -> Path:
    npm = shutil.which("npm")
    if npm is None:
        raise RuntimeError("npm is not installed; it fetches the fonts of the factory")
    source = f"@fontsource/{package.name}@{package.version}"
    subprocess.run([npm, "pack", "--silent", source], cwd=folder, check=True, capture_output=True)
    archive = folder / f"fontsource-{package.name}-{package.version}.tgz"
    found = hashlib.sha256(archive.read_bytes()).hexdigest()
    if found != package.sha256:
        raise RuntimeError(f"{source} has SHA-256 {found}, pinned is {package.sha256}")
    with tarfile.open(archive) as opened:
        opened.extractall(folder, filter="data")
    return folder / "package" / "files"


def _merged(package: Package, files: Path, face: str, cut: str, folder: Path) -> Path:
    """One TrueType file of the face, complete or not there at all."""
    parts: list[str] = []
    for subset in _SUBSETS:
        with TTFont(files / f"{package.name}-{subset}-{cut}.woff") as font:
            font.flavor = None
            for table in _DROPPED:
                if table in font:
                    del font[table]
            parts.append(str(files / f"{subset}-{cut}.ttf"))
            font.save(parts[-1])
    whole = files / face
    Merger().merge(parts).save(str(whole))
    if letters := lacking(whole):
        raise RuntimeError(f"{package.name} lacks {letters}")
    partial = folder / f".{face}.partial"
    shutil.copyfile(whole, partial)
    return partial.replace(folder / face)


if __name__ == "__main__":
    for file in fetch():
        sys.stdout.write(f"{file}\n")
