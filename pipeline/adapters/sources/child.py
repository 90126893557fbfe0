"""The sandboxed process: opens hostile files one request after the other.

Speaks with `sandbox` over standard input and output: one JSON line per request; answers are JSON
lines, each followed by as many raw bytes as its `bytes` says. Bounded in address space from the
start, and in time by an alarm that ends the process even where a library hangs.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, Final

from PIL import Image, ImageOps

from pipeline.adapters.sources.facts import ImageFacts, is_square, settled_dpi
from pipeline.adapters.sources.jpeg import is_jpeg, read_jpeg
from pipeline.adapters.sources.pdf import PdfBounds, pdf_pages, probe_pdf
from pipeline.adapters.sources.png import read_png
from pipeline.adapters.sources.recode import squared, to_png
from pipeline.adapters.sources.tiff import probe_tiff, tiff_pages
from pipeline.errors import SohoaError, UnreadableScan, UnsafeInput
from pipeline.models.files import SourceKind
from pipeline.ports.reading import ExtractedPage, SourceReport

_GRACE_SECONDS: Final = 10


def serve(requests: IO[bytes], answers: IO[bytes]) -> None:
    """Answer requests until the input ends."""
    for line in requests:
        request = json.loads(line)
        signal.alarm(int(request["seconds"]) + _GRACE_SECONDS)
        try:
            _answer(request, answers)
        except SohoaError as error:
            kind = type(error).__name__
            _send(
                answers, {"is": "error", "kind": kind, "code": error.code, "params": error.params}
            )
        except (MemoryError, RecursionError):
            _send(
                answers,
                {
                    "is": "error",
                    "kind": UnsafeInput.__name__,
                    "code": "READ_OUT_OF_MEMORY",
                    "params": {},
                },
            )
        except Exception:
            _send(
                answers,
                {
                    "is": "error",
                    "kind": UnreadableScan.__name__,
                    "code": "SCAN_UNREADABLE",
                    "params": {},
                },
            )
        signal.alarm(0)


def _answer(request: dict[str, Any], answers: IO[bytes]) -> None:
    path = Path(request["path"])
    if request["do"] == "probe":
        report = _probe(path, request, lambda: _step(request, answers))
        _send(
            answers,
            {
                "is": "report",
                "kind": report.kind,
                "pages": report.pages,
                "warnings": list(report.warnings),
            },
        )
        return
    for page in _pages(path, request):
        facts = {
            "is": "page",
            "media_type": page.media_type,
            "width": page.width_px,
            "height": page.height_px,
            "dpi": page.dpi,
            "turn": page.turn_hint,
            "lossless": page.lossless,
        }
        _send(answers, facts, page.data)
        signal.alarm(int(request["seconds"]) + _GRACE_SECONDS)
    _send(answers, {"is": "end"})


def _step(request: dict[str, Any], answers: IO[bytes]) -> None:
    """A sign of progress."""
    _send(answers, {"is": "step"})
    signal.alarm(int(request["seconds"]) + _GRACE_SECONDS)


def _probe(path: Path, request: dict[str, Any], step: Callable[[], None]) -> SourceReport:
    if request["kind"] == SourceKind.TIFF:
        return probe_tiff(path, request["max_pages"], request["max_pixels"])
    return probe_pdf(path, _bounds(request), keep_unsigned=request["keep_unsigned"], step=step)


def _pages(path: Path, request: dict[str, Any]) -> Iterator[ExtractedPage]:
    kind = SourceKind(request["kind"])
    if kind is SourceKind.TIFF:
        yield from tiff_pages(path, request["max_pixels"])
    elif kind in (SourceKind.JPEG, SourceKind.PNG):
        yield _recoded(path, request["max_pixels"])
    else:
        yield from pdf_pages(path, kind, _bounds(request), Path(request["scratch"]))


def _bounds(request: dict[str, Any]) -> PdfBounds:
    return PdfBounds(request["max_pages"], request["max_pixels"], request["render_dpi"])


def _recoded(path: Path, max_pixels: int) -> ExtractedPage:
    """A CMYK, mirrored or squashed JPEG, or a transparent PNG, as it can be archived."""
    raw = path.read_bytes()
    facts = read_jpeg(raw) if is_jpeg(raw) else read_png(raw)
    try:
        with Image.open(path, formats=["JPEG", "PNG"]) as stored:
            image = _upright(stored, facts, max_pixels)
            data, _ = to_png(image)
    except (OSError, ValueError, SyntaxError) as error:
        raise UnreadableScan("SCAN_UNREADABLE") from error
    turn = 0 if facts.mirrored else facts.turn
    dpi = settled_dpi(max(facts.dpi), *image.size)
    return ExtractedPage(data, "image/png", *image.size, dpi, turn, lossless=False)


def _upright(image: Image.Image, facts: ImageFacts, max_pixels: int) -> Image.Image:
    """With square pixels; a mirror image set right, one that is only turned left as it is."""
    if not is_square(facts.dpi):
        image = squared(image, facts.dpi, max_pixels)
    return ImageOps.exif_transpose(image) if facts.mirrored else image


def _send(answers: IO[bytes], facts: dict[str, Any], data: bytes = b"") -> None:
    answers.write(json.dumps({**facts, "bytes": len(data)}).encode() + b"\n")
    answers.write(data)
    answers.flush()


def main(memory_bytes: int) -> None:
    """Bound this process, then serve."""
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = memory_bytes if hard == resource.RLIM_INFINITY else min(memory_bytes, hard)
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    warnings.simplefilter("ignore")
    Image.MAX_IMAGE_PIXELS = None
    answers = os.fdopen(os.dup(1), "wb")
    with Path(os.devnull).open("wb") as nothing:
        os.dup2(nothing.fileno(), 1)
    serve(sys.stdin.buffer, answers)


if __name__ == "__main__":
    main(int(sys.argv[1]))
