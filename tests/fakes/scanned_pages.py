"""Small page images with known words, as files of every kind that assembly takes."""

from __future__ import annotations

import datetime as dt
import hashlib
from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw

from pipeline.models.base import Box
from pipeline.models.components import CaptureFacts
from pipeline.models.files import FileRef
from pipeline.models.pages import RawPage, Turn
from pipeline.models.text import EngineIdentity, Line, PageText, Word
from pipeline.stages.assembly import AssemblyPage

LINES: Final = (
    "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
    "Họ và tên: Nguyễn Thị Ánh Tuyết",
    "Số tiền: 45.678.900 đồng",
    "Đồng Tháp, ngày 05 tháng 3 năm 2023",
)
_COUNTER_CLOCKWISE: Final = {
    90: Image.Transpose.ROTATE_90,
    180: Image.Transpose.ROTATE_180,
    270: Image.Transpose.ROTATE_270,
}
_LETTER_PX: Final = 9


def picture(size: tuple[int, int] = (620, 437), mode: str = "RGB") -> Image.Image:
    """An upright page that looks different from each side: a bar on top, a block at its left."""
    image = Image.new("RGB", size, (250, 248, 240))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, size[0], size[1] // 10), fill=(30, 30, 160))
    draw.rectangle((0, 0, size[0] // 8, size[1] // 3), fill=(200, 30, 30))
    return image.convert(mode)


def raw_image(upright: Image.Image, turn: Turn) -> Image.Image:
    """The raw image that `turn` makes upright."""
    return upright.transpose(_COUNTER_CLOCKWISE[turn]) if turn else upright


def words(texts: tuple[str, ...] = LINES, top: int = 60) -> tuple[Line, ...]:
    """Lines of words set at fixed pitch, upright pixels."""
    lines = []
    for row, text in enumerate(texts):
        x, y, found = 90, top + 30 * row, []
        for token in text.split():
            right = x + _LETTER_PX * len(token)
            found.append(Word(text=token, confidence=0.9, box=Box(x0=x, y0=y, x1=right, y1=y + 18)))
            x = right + _LETTER_PX
        box = Box(x0=90, y0=y, x1=x, y1=y + 18)
        lines.append(Line(words=tuple(found), box=box, block=0))
    return tuple(lines)


def assembly_page(
    path: Path,
    upright: tuple[int, int],
    turn: Turn = 0,
    dpi: float = 150,
    lines: tuple[Line, ...] = (),
    index: int = 0,
) -> AssemblyPage:
    """Describe a raw image file; `upright` is the size after the turn, px."""
    stored = upright if turn in (0, 180) else (upright[1], upright[0])
    data = path.read_bytes()
    raw = RawPage(
        index=index,
        source=0,
        source_page=index,
        file=FileRef(
            sha256=hashlib.sha256(data).hexdigest(), size=len(data), media_type="image/jpeg"
        ),
        width_px=stored[0],
        height_px=stored[1],
        dpi=dpi,
    )
    text = PageText(
        index=index, turn=turn, width_px=upright[0], height_px=upright[1], dpi=dpi, lines=lines
    )
    return AssemblyPage(raw=raw, path=path, text=text)


def capture_facts(*digests: str, station: str | None = "Quầy 1 & 2") -> CaptureFacts:
    """A transfer note whose texts need escaping."""
    return CaptureFacts(
        component_id="c" * 64,
        component_code="F_14_HSB",
        batch_id="b" * 64,
        unit="DEV",
        officer="nguyen<van>an",
        station=station,
        channel="desk",
        captured_at=dt.datetime(2026, 11, 22, 3, 4, 5, 678900, tzinfo=dt.UTC),
        source_count=1,
        pages_in=9,
        pages_kept=len(digests),
        raw_sha256=digests,
        checks=tuple("SKEWED CUT_EDGE" if n % 2 else "passed" for n in range(len(digests))),
        engine=EngineIdentity(
            engine="tesseract", version="5.3.0", model="vie", model_sha256="d" * 64
        ),
        software="Sohoa 0.1.0",
    )
