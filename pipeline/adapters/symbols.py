"""QR symbols: found on scans with zxing-cpp, then OpenCV; drawn for printing with zxing-cpp.

The only owner of zxing-cpp. May not come in: what a symbol's text means.
"""

from __future__ import annotations

import cv2
import numpy as np
import zxingcpp
from cv2.typing import MatLike
from numpy.typing import NDArray

from pipeline.models.pages import Symbol, SymbolFormat, Turn
from pipeline.ports.reading import Gray, ReadSymbol

_TURNS: tuple[Turn, Turn, Turn, Turn] = (0, 90, 180, 270)
_LONGEST_TEXT = 4096
_MOST_SYMBOLS = 16
_SMALLEST_PX = 21
"""The smallest QR symbol has so many modules."""
_THUMB_PX = 960
"""Longest side of the image that the search for finder patterns runs on."""
_FINDERS = 2
"""So many of the three finder patterns are enough to look closer."""
_FINDER_SHARE = (0.008, 0.12)
"""Smallest and largest side of a finder pattern, as a share of the page's longest side."""
_MISSED_PX = 12_000_000
"""The fallback looks at no more pixels than this."""


class ZxingSymbolReader:
    """Reads QR symbols any way up.

    zxing-cpp first, as scanned and smoothed (halftone, speckle); OpenCV is asked only where both
    find nothing although finder patterns can be seen.
    """

    def read(self, gray: Gray) -> tuple[ReadSymbol, ...]:
        """All QR symbols of an image; coordinates in its pixels."""
        if min(gray.shape) < _SMALLEST_PX:
            return ()
        image = np.ascontiguousarray(gray)
        if found := _zxing(image):
            return found
        if not looks_like_qr(image):
            return ()
        if found := _zxing(np.asarray(cv2.GaussianBlur(image, (0, 0), 1.4), np.uint8)):
            return found
        return _opencv(image) if image.size <= _MISSED_PX else ()


def draw_qr(text: str, *, level: str = "Q") -> NDArray[np.uint8]:
    """A QR symbol, one pixel per module, 0 ink and 255 paper, without quiet zone.

    Args:
        text: content, ASCII.
        level: error correction L, M, Q or H (ISO/IEC 18004).
    """
    symbol = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level=level)
    return np.array(symbol.to_image(scale=1, add_quiet_zones=False), dtype=np.uint8)


def _zxing(image: Gray) -> tuple[ReadSymbol, ...]:
    formats = zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.QRCode])
    codes = zxingcpp.read_barcodes(image, formats=formats, try_invert=False)
    out = []
    for code in codes[:_MOST_SYMBOLS]:
        place = code.position
        corners = (place.top_left, place.top_right, place.bottom_right, place.bottom_left)
        points = [(float(p.x), float(p.y)) for p in corners]
        out.append(_symbol(code.text, points, -code.orientation))
    return tuple(out)


def _opencv(image: Gray) -> tuple[ReadSymbol, ...]:
    try:
        text, corners, _ = cv2.QRCodeDetector().detectAndDecode(image)
    except (cv2.error, UnicodeDecodeError):
        return ()
    if not text or corners is None:
        return ()
    points = [(float(x), float(y)) for x, y in np.asarray(corners).reshape(-1, 2)[:4]]
    (x0, y0), (x1, y1) = points[0], points[1]
    clockwise = float(np.degrees(np.arctan2(y1 - y0, x1 - x0)))
    return (_symbol(text, points, -clockwise),)


def _symbol(text: str, points: list[tuple[float, float]], degrees: float) -> ReadSymbol:
    x = sum(p[0] for p in points) / len(points)
    y = sum(p[1] for p in points) / len(points)
    side = max(max(at) - min(at) for at in zip(*points, strict=True))
    symbol = Symbol(format=SymbolFormat.QR, text=text[:_LONGEST_TEXT], x=x, y=y, side=side)
    return ReadSymbol(symbol, _TURNS[round(degrees / 90) % 4])


def looks_like_qr(image: Gray) -> bool:
    """Cheap look for the nested squares of a QR symbol, on a small copy."""
    scale = min(1.0, _THUMB_PX / max(image.shape))
    size = [max(1, round(side * scale)) for side in image.shape[::-1]]
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    _, ink = cv2.threshold(
        cv2.GaussianBlur(small, (3, 3), 0), 0, 255, cv2.THRESH_BINARY_INV | cv2.THRESH_OTSU
    )
    contours, tree = cv2.findContours(ink, cv2.RETR_TREE, cv2.CHAIN_APPROX_SIMPLE)
    if tree is None:
        return False
    low, high = (share * max(small.shape) for share in _FINDER_SHARE)
    seen = 0
    for contour, (_, _, hole, _) in zip(contours, tree[0], strict=True):
        if hole < 0 or tree[0][hole][2] < 0:
            continue
        outer, inner = _side(contour, low, high), _side(contours[tree[0][hole][2]], 0.0, high)
        seen += outer is not None and inner is not None and 1.5 < outer / inner < 3.5
    return seen >= _FINDERS


def _side(contour: MatLike, low: float, high: float) -> float | None:
    """Side of a roughly square contour in pixels, None where it is none or out of bounds."""
    _, (width, height), _ = cv2.minAreaRect(contour)
    if min(width, height) <= 1 or not low <= max(width, height) <= high:
        return None
    return float(max(width, height)) if max(width, height) < 1.6 * min(width, height) else None
