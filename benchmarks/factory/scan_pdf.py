"""A PDF of scanned pages, written page after page: no page stays in memory.

One image per page, as scanning programs write it: JPEG (ISO 10918-1), or Group 4 (ITU-T T.6) for
bilevel pages. May not come in: what the pages show.
"""

from __future__ import annotations

import io
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, Self

from PIL import Image, TiffImagePlugin

_POINTS_PER_INCH: Final = 72
_CATALOG, _PAGES = 1, 2
_STRIP_ROWS, _STRIP_AT, _STRIP_BYTES, _PHOTOMETRIC = 278, 273, 279, 262


class ScanPdf:
    """An open file; leaving the `with` block completes it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._places: dict[int, int] = {}
        self._pages: list[int] = []
        self._file: BinaryIO | None = None

    def __enter__(self) -> Self:
        """Begin the file, over one that is there."""
        self._file = self._path.open("wb")
        self._file.write(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Complete the file; after an error it is left as it is."""
        if kind is None:
            self._complete()
        self._open.close()

    @property
    def _open(self) -> BinaryIO:
        if self._file is None:
            raise ValueError("the file is not open")
        return self._file

    def add(self, image: Image.Image, dpi: int, quality: int) -> None:
        """A page.

        Args:
            image: `RGB`, `L` or `1`.
            dpi: of the image; the page gets the size that follows.
            quality: JPEG quality; without meaning for `1`.
        """
        first = _PAGES + 1 + 3 * len(self._pages)
        width, height = (round(side * _POINTS_PER_INCH / dpi, 2) for side in image.size)
        about, data = _bilevel(image) if image.mode == "1" else _jpeg(image, quality, dpi)
        self._pages.append(first)
        self._object(
            first,
            f"<</Type/Page/Parent {_PAGES} 0 R/MediaBox[0 0 {width} {height}]"
            f"/Resources<</XObject<</Im0 {first + 2} 0 R>>>>/Contents {first + 1} 0 R>>".encode(),
        )
        self._stream(first + 1, "", f"q {width} 0 0 {height} 0 0 cm /Im0 Do Q".encode())
        size = f"/Type/XObject/Subtype/Image/Width {image.width}/Height {image.height}"
        self._stream(first + 2, size + about, data)

    def _stream(self, number: int, about: str, data: bytes) -> None:
        head = f"<<{about}/Length {len(data)}>>\nstream\n".encode()
        self._object(number, head + data + b"\nendstream")

    def _object(self, number: int, body: bytes) -> None:
        self._places[number] = self._open.tell()
        self._open.write(b"%d 0 obj\n%b\nendobj\n" % (number, body))

    def _complete(self) -> None:
        kids = " ".join(f"{number} 0 R" for number in self._pages)
        self._object(_PAGES, f"<</Type/Pages/Count {len(self._pages)}/Kids[{kids}]>>".encode())
        self._object(_CATALOG, f"<</Type/Catalog/Pages {_PAGES} 0 R>>".encode())
        start, count = self._open.tell(), len(self._places) + 1
        table = b"".join(b"%010d 00000 n \n" % self._places[each] for each in range(1, count))
        self._open.write(
            b"xref\n0 %d\n0000000000 65535 f \n%btrailer\n<</Size %d/Root %d 0 R>>\n"
            b"startxref\n%d\n%%%%EOF\n" % (count, table, count, _CATALOG, start)
        )


def _jpeg(image: Image.Image, quality: int, dpi: int) -> tuple[str, bytes]:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality, dpi=(dpi, dpi))
    colours = "/DeviceGray" if image.mode == "L" else "/DeviceRGB"
    return f"/ColorSpace{colours}/BitsPerComponent 8/Filter/DCTDecode", out.getvalue()


def _bilevel(image: Image.Image) -> tuple[str, bytes]:
    out = io.BytesIO()
    rows = TiffImagePlugin.ImageFileDirectory_v2()
    rows[_STRIP_ROWS] = image.height
    image.save(out, "TIFF", compression="group4", tiffinfo=rows)
    with Image.open(io.BytesIO(out.getvalue())) as coded:
        if not isinstance(coded, TiffImagePlugin.TiffImageFile):
            raise TypeError("not the TIFF that was written")
        (at,), (length,) = coded.tag_v2[_STRIP_AT], coded.tag_v2[_STRIP_BYTES]
        black_is_1 = "true" if coded.tag_v2[_PHOTOMETRIC] == 1 else "false"
    parameters = f"<</K -1/Columns {image.width}/Rows {image.height}/BlackIs1 {black_is_1}>>"
    about = (
        f"/ColorSpace/DeviceGray/BitsPerComponent 1/Filter/CCITTFaxDecode/DecodeParms{parameters}"
    )
    return about, out.getvalue()[at : at + length]
