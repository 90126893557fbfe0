"""Small scan files of every accepted format, and hostile variants of them, made on the spot."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Literal

import numpy as np
import pikepdf
from pikepdf import Array, Dictionary, Name, Stream, String
from PIL import Image, ImageDraw

A4 = (595.32, 841.92)
"""Points."""


def picture(
    mode: Literal["1", "L", "RGB", "CMYK"] = "L", size: tuple[int, int] = (827, 1169), mark: int = 0
) -> Image.Image:
    """A page-like picture at 100 dpi; `mark` makes it distinct."""
    values = np.full((size[1], size[0]), 240, np.uint8)
    values[100 : 140 + mark, 80:400] = 10
    values[::40, 100:700] = 60
    image = Image.fromarray(values)
    ImageDraw.Draw(image).text((500, 200), f"page {mark}", fill=0)
    return image.convert(mode)


def jpeg(
    image: Image.Image | None = None, dpi: int | tuple[int, int] = 100, orientation: int = 0
) -> bytes:
    """A JPEG file; its two resolutions may differ."""
    exif = Image.Exif()
    if orientation:
        exif[0x0112] = orientation
    out = io.BytesIO()
    both = dpi if isinstance(dpi, tuple) else (dpi, dpi)
    (image or picture()).save(out, "JPEG", quality=90, dpi=both, exif=exif)
    return out.getvalue()


def png(image: Image.Image | None = None, dpi: int = 100) -> bytes:
    """A PNG file."""
    out = io.BytesIO()
    (image or picture()).save(out, "PNG", dpi=(dpi, dpi))
    return out.getvalue()


def several(image: Image.Image, form: Literal["MPO", "PNG"]) -> bytes:
    """A picture with two more behind it: of a stereo camera, or moving."""
    out = io.BytesIO()
    others = [image.point(lambda v: v // 2), image.point(lambda v: v // 3)]
    image.save(out, form, save_all=True, append_images=others)
    return out.getvalue()


def tiff(
    compression: str, images: list[Image.Image], strip_size: int = 65536, orientation: int = 1
) -> bytes:
    """A TIFF file of one or more frames at 100 dpi."""
    out = io.BytesIO()
    images[0].save(
        out,
        "TIFF",
        save_all=True,
        append_images=images[1:],
        compression=compression,
        dpi=(100, 100),
        strip_size=strip_size,
        tiffinfo={274: orientation},
    )
    return out.getvalue()


def plain_tiff(
    samples: bytes, size: tuple[int, int], bits: int, order: str = "<", channels: int = 1
) -> bytes:
    """An uncompressed TIFF of one strip, black 0."""
    at = 8 + 2 + 12 * 10 + 4
    depths = struct.pack(order + "HHH", *([bits] * 3))
    fields = (
        (256, 4, 1, size[0]),
        (257, 4, 1, size[1]),
        (258, 3, channels, bits if channels == 1 else at),
        (259, 3, 1, 1),
        (262, 3, 1, 1 if channels == 1 else 2),
        (273, 4, 1, at + len(depths)),
        (277, 3, 1, channels),
        (278, 4, 1, size[1]),
        (279, 4, 1, len(samples)),
        (339, 3, 1, 1),
    )
    out = [b"II" if order == "<" else b"MM", struct.pack(order + "HIH", 42, 8, len(fields))]
    for tag, kind, count, value in fields:
        form = order + "HHI" + ("H2x" if kind == 3 and count == 1 else "I")
        out.append(struct.pack(form, tag, kind, count, value))
    return b"".join((*out, bytes(4), depths, samples))


def retagged(tiff: bytes, values: dict[int, int], order: str = "<") -> bytes:
    """A TIFF with other values in tags of its first directory."""
    data = bytearray(tiff)
    (start,) = struct.unpack_from(order + "I", data, 4)
    (count,) = struct.unpack_from(order + "H", data, start)
    for at in range(start + 2, start + 2 + 12 * count, 12):
        tag, kind = struct.unpack_from(order + "HH", data, at)
        if tag in values:
            struct.pack_into(order + ("H" if kind == 3 else "I"), data, at + 8, values[tag])
    return bytes(data)


def directories(tiff: bytes) -> list[int]:
    """Where the offset of each directory of a little-endian TIFF stands, the closing 0 last."""
    found = [4]
    while (start := struct.unpack_from("<I", tiff, found[-1])[0]) != 0:
        found.append(start + 2 + 12 * struct.unpack_from("<H", tiff, start)[0])
    return found


def g4_strip(image: Image.Image) -> bytes:
    """T.6 data in which black runs are black."""
    inverted = Image.frombytes("1", image.size, image.tobytes(), "raw", "1;I")
    with Image.open(io.BytesIO(tiff("group4", [inverted], 1 << 30))) as coded:
        offset, size = coded.tag_v2[273][0], coded.tag_v2[279][0]  # type: ignore[attr-defined]
        whole = coded.fp
        assert whole is not None
        whole.seek(offset)
        return bytes(whole.read(size))


class PdfBuilder:
    """A PDF put together page by page."""

    def __init__(self) -> None:
        self.pdf = pikepdf.new()

    def page(
        self, content: bytes, image: Stream | None = None, *, media: tuple[float, float] = A4
    ) -> pikepdf.Page:
        """Add a page; the image is `/Im`, Helvetica is `/F1`."""
        font = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
        resources = Dictionary(Font=Dictionary(F1=font))
        if image is not None:
            resources.XObject = Dictionary(Im=image)
        page = self.pdf.make_indirect(
            Dictionary(
                Type=Name.Page,
                MediaBox=Array([0, 0, *(round(v, 2) for v in media)]),
                Resources=resources,
                Contents=Stream(self.pdf, content),
            )
        )
        self.pdf.pages.append(pikepdf.Page(page))
        return self.pdf.pages[-1]

    def scan(self, image: Stream, *, turned: int = 0, extra: bytes = b"") -> pikepdf.Page:
        """Add a page that is one image."""
        w, h = A4
        matrix = {
            0: (w, 0, 0, h, 0, 0),
            90: (0, w, -h, 0, h, 0),
            180: (-w, 0, 0, -h, w, h),
            270: (0, -w, h, 0, 0, w),
        }[turned]
        media = A4 if turned in (0, 180) else (h, w)
        placed = " ".join(f"{v:.2f}" for v in matrix)
        return self.page(f"q {placed} cm /Im Do Q\n".encode() + extra, image, media=media)

    def image(self, data: bytes, image: Image.Image, **entries: object) -> Stream:
        """An image XObject; colour space from the picture unless given."""
        space = {"1": Name.DeviceGray, "L": Name.DeviceGray, "CMYK": Name.DeviceCMYK}
        about = {
            "/Type": Name.XObject,
            "/Subtype": Name.Image,
            "/Width": image.width,
            "/Height": image.height,
            "/ColorSpace": space.get(image.mode, Name.DeviceRGB),
            "/BitsPerComponent": 1 if image.mode == "1" else 8,
        }
        about |= {f"/{key}": value for key, value in entries.items()}
        return Stream(self.pdf, data, Dictionary(about))

    def jpeg_image(self, image: Image.Image | None = None) -> tuple[Stream, bytes]:
        """A DCT image and its data."""
        image = image or picture()
        data = jpeg(image)
        return self.image(data, image, Filter=Name.DCTDecode), data

    def bytes(self, *, objects_in_streams: bool = False) -> bytes:
        """The file."""
        out = io.BytesIO()
        mode = pikepdf.ObjectStreamMode
        self.pdf.save(
            out,
            object_stream_mode=mode.generate if objects_in_streams else mode.disable,
            compress_streams=False,
            fix_metadata_version=False,
        )
        return out.getvalue()


def scanned_pdf(pages: int = 1) -> bytes:
    """A PDF whose pages are one JPEG each."""
    builder = PdfBuilder()
    for mark in range(pages):
        stream, _ = builder.jpeg_image(picture(mark=mark))
        builder.scan(stream)
    return builder.bytes()


def written_pdf(pages: int = 1) -> bytes:
    """A born-digital PDF."""
    builder = PdfBuilder()
    for number in range(pages):
        builder.page(f"BT /F1 24 Tf 72 700 Td (page {number}) Tj ET".encode())
    return builder.bytes()


def signed_pdf() -> bytes:
    """A PDF with a filled signature field (the signature itself is no more than a shape)."""
    builder = PdfBuilder()
    stream, _ = builder.jpeg_image()
    page = builder.scan(stream)
    signature = Dictionary(
        Type=Name.Sig,
        Filter=Name("/Adobe.PPKLite"),
        SubFilter=Name("/adbe.pkcs7.detached"),
        ByteRange=Array([0, 10, 20, 10]),
        Contents=String(b"\0" * 16),
    )
    parent = builder.pdf.make_indirect(Dictionary(FT=Name.Sig, T=String("s"), Kids=Array([])))
    widget = builder.pdf.make_indirect(
        Dictionary(
            Subtype=Name.Widget,
            Rect=Array([0, 0, 0, 0]),
            Parent=parent,
            V=builder.pdf.make_indirect(signature),
        )
    )
    parent.Kids.append(widget)
    page.obj.Annots = Array([widget])
    builder.pdf.Root.AcroForm = Dictionary(Fields=Array([parent]), SigFlags=3)
    return builder.bytes()


def encrypted_pdf(user: str) -> bytes:
    """A PDF protected with a user password (maybe empty)."""
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(scanned_pdf())) as pdf:
        pdf.save(out, encryption=pikepdf.Encryption(user=user, owner="owner"))
    return out.getvalue()


def _chunk(kind: bytes, data: bytes) -> bytes:
    crc = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", crc)


def png_of(rows: bytes | None) -> bytes:
    """A PNG of 90 x 60 grey pixels by its header, with these rows; None: with broken data."""
    header = struct.pack(">IIBBBBB", 90, 60, 8, 0, 0, 0, 0)
    packed = b"\x78\x9c" + bytes(50) if rows is None else zlib.compress(rows)
    parts = _chunk(b"IHDR", header), _chunk(b"IDAT", packed), _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def interlaced_png(image: Image.Image) -> bytes:
    """A grey picture in the seven passes of Adam7."""
    values, steps = np.asarray(image), ((8, 8), (8, 8), (8, 4), (4, 4), (4, 2), (2, 2), (2, 1))
    starts = ((0, 0), (0, 4), (4, 0), (0, 2), (2, 0), (0, 1), (1, 0))
    rows = b""
    for (y, x), (every_y, every_x) in zip(starts, steps, strict=True):
        for row in values[y::every_y, x::every_x]:
            rows += b"\0" + row.tobytes() if row.size else b""
    header = struct.pack(">IIBBBBB", image.width, image.height, 8, 0, 0, 0, 1)
    parts = _chunk(b"IHDR", header), _chunk(b"IDAT", zlib.compress(rows)), _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def huge_png(width: int = 25_000, height: int = 20_000, *, transparent: bool = False) -> bytes:
    """A small file whose header, truthfully, announces an enormous page of white."""
    row = b"\0" + b"\xff" * -(-width // 8)
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 1, 3 if transparent else 0, 0, 0, 0)
    colours = _chunk(b"PLTE", bytes(3) + b"\xff" * 3) + _chunk(b"tRNS", b"\0")
    parts = [_chunk(b"IHDR", header), _chunk(b"IDAT", packed), _chunk(b"IEND", b"")]
    if transparent:
        parts.insert(1, colours)
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)
