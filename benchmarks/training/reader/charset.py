"""Letters added to what a model of Tesseract can read.

A character set is text, one character to a line (`src/ccutil/unicharset.cpp` of Tesseract 5); the
codes of the network's outputs stand beside it (`unicharcompress.cpp`), one entry for each
character. New ones come last: dictionaries refer to the others by number. May not come in: weights.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Charset:
    """Components `lstm-unicharset` and `lstm-recoder` of a `.traineddata` file."""

    characters: str
    codes: bytes

    def knows(self, character: str) -> bool:
        """Whether it can be read."""
        return any(line.split(" ")[0] == character for line in self._lines())

    def with_pair(self, small: str, capital: str, *, like: tuple[str, str]) -> Charset:
        """With a letter more, small and capital.

        Args:
            small: the letter.
            capital: its capital.
            like: a known letter, small and capital, that they resemble in all but the mark.

        Raises:
            ValueError: the pattern is not known, or the codes are not one to a character.
        """
        lines = self._lines()
        number = len(lines)
        known = {line.split(" ")[0]: line for line in lines}
        if any(letter not in known for letter in like):
            raise ValueError(like)
        added = [
            _line(known[like[0]], small, number, number + 1),
            _line(known[like[1]], capital, number + 1, number),
        ]
        characters = "\n".join([str(number + 2), *lines, *added]) + "\n"
        return Charset(characters, _two_more(self.codes, number))

    def _lines(self) -> list[str]:
        return [line for line in self.characters.split("\n")[1:] if line]


def _line(pattern: str, character: str, number: int, other_case: int) -> str:
    """Fields: character, properties, sizes, script, other case, direction, mirror, normal form."""
    fields = pattern.split("\t")[0].split(" ")
    fields[0] = fields[7] = character
    fields[4], fields[6] = str(other_case), str(number)
    case = "a" if character.islower() else "A"
    return f"{' '.join(fields)}\t# {character} [{ord(character):x} ]{case}"


def _two_more(codes: bytes, characters: int) -> bytes:
    """Entries are a flag and the codes of a character, as many as are said."""
    (count,) = struct.unpack_from("<I", codes)
    at, highest = 4, -1
    for _ in range(count):
        _, length = struct.unpack_from("<bi", codes, at)
        highest = max(highest, *struct.unpack_from(f"<{length}i", codes, at + 5))
        at += 5 + 4 * length
    if count != characters or at != len(codes):
        raise ValueError(count)
    more = b"".join(struct.pack("<bii", 1, 1, highest + step) for step in (1, 2))
    return struct.pack("<I", count + 2) + codes[4:] + more
