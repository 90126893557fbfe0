"""What a PDF page shows: one full-page image that can be taken out as it is, or something else.

The content stream is interpreted just far enough to know. Invisible text (render mode 3) is
allowed beside the image; any other paint, clip, transparency or visible annotation is not.
Runs inside the sandbox. May not come in: opening files, drawing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import pikepdf

from pipeline.adapters.sources.facts import settled_dpi
from pipeline.adapters.sources.pdf_image import Coding, bounded_bytes, coding_of
from pipeline.errors import UnreadableScan
from pipeline.models.pages import Turn

Matrix: TypeAlias = tuple[float, float, float, float, float, float]
Rect: TypeAlias = tuple[float, float, float, float]

_IDENTITY: Final[Matrix] = (1, 0, 0, 1, 0, 0)
_CONTENT_LIMIT: Final = 1024**2
"""An image with the recognised text of a dense page needs a third of this."""
_CONTENT_WITHOUT_IMAGES: Final = 64 * 1024
"""Without images only so much is looked at, for one that is named and missing."""
_FORM_DEPTH: Final = 4
_TREE_DEPTH: Final = 64
_OVERHANG: Final = 0.03
"""Share of the page by which the image may reach over its edge."""
_COVERAGE: Final = 0.85
"""Share of the page that the image must cover to be the page."""
_STRAIGHT: Final = 0.002
"""Sine of the tilt up to which a placement counts as straight."""
_SQUARE: Final = 0.05
"""Horizontal and vertical resolution may differ by this share."""
_INVISIBLE: Final = 3
_HIDDEN_FLAG: Final = 2
_PAINTS: Final = frozenset(
    ("S", "s", "f", "F", "f*", "B", "B*", "b", "b*", "sh", "d0", "d1", "INLINE IMAGE")
)
_SHOWS_TEXT: Final = frozenset(("Tj", "TJ", "'", '"'))
_UNSEEN_ANNOTATIONS: Final = frozenset(("/Link", "/Popup"))
_ODD: Final = (
    AttributeError,
    IndexError,
    KeyError,
    NotImplementedError,
    OverflowError,
    RuntimeError,
    TypeError,
    ValueError,
    pikepdf.PdfError,
)
"""What reading malformed objects raises."""


@dataclass(frozen=True, slots=True)
class PageImage:
    """The one image that is a page."""

    stream: pikepdf.Stream
    coding: Coding
    width_px: int
    height_px: int
    dpi: float
    turn: Turn
    """Clockwise: content matrix and /Rotate together."""


class _NotOneImage(Exception):
    """The page shows something besides one image."""


@dataclass(slots=True)
class _State:
    """The part of the graphics state that matters."""

    ctm: Matrix = _IDENTITY
    text_mode: int = 0
    type3: bool = False

    def copy(self) -> _State:
        return _State(self.ctm, self.text_mode, self.type3)


def page_image(pdf: pikepdf.Pdf, page: pikepdf.Page) -> PageImage | None:
    """The image the page consists of, None where the page is anything else.

    Raises:
        UnreadableScan: `SCAN_TRUNCATED`, what the page should show is not in the file.
    """
    try:
        if _has_visible_annotations(page):
            return None
        reader = _Content(pdf, page_box(page))
        room = _CONTENT_LIMIT if page.get_images() else _CONTENT_WITHOUT_IMAGES
        reader.run(_contents(page, room), inherited(page, "/Resources"), _State(), depth=0)
        if len(reader.images) != 1:
            return None
        stream, ctm = reader.images[0]
        return _placed(page, stream, ctm)
    except (_NotOneImage, *_ODD):
        return None


def page_box(page: pikepdf.Page) -> Rect:
    """Visible part of the page in points of user space: CropBox within MediaBox."""
    media, crop = _rect(page.mediabox), _rect(page.cropbox)
    box = (
        max(media[0], crop[0]),
        max(media[1], crop[1]),
        min(media[2], crop[2]),
        min(media[3], crop[3]),
    )
    return box if box[2] > box[0] and box[3] > box[1] else media


def inherited(page: pikepdf.Page, key: str) -> pikepdf.Object | None:
    """An inheritable attribute of a page (ISO 32000-1, 7.7.3.4)."""
    node = page.obj
    for _ in range(_TREE_DEPTH):
        if (value := node.get(key)) is not None:
            return value
        parent = node.get("/Parent")
        if not isinstance(parent, pikepdf.Dictionary):
            return None
        node = parent
    return None


def _rect(values: pikepdf.Object) -> Rect:
    x0, y0, x1, y1 = (float(v) for v in list(values)[:4])
    return min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)


def _has_visible_annotations(page: pikepdf.Page) -> bool:
    annotations = page.obj.get("/Annots")
    if not isinstance(annotations, pikepdf.Array):
        return False
    for annotation in annotations:
        hidden = int(annotation.get("/F", 0)) & _HIDDEN_FLAG
        unseen = str(annotation.get("/Subtype")) in _UNSEEN_ANNOTATIONS and "/AP" not in annotation
        if not hidden and not unseen:
            return True
    return False


def _contents(page: pikepdf.Page, room: int) -> bytes:
    contents = page.obj.get("/Contents")
    streams = list(contents) if isinstance(contents, pikepdf.Array) else [contents]
    parts = []
    for stream in streams:
        part = bounded_bytes(stream, room) if isinstance(stream, pikepdf.Stream) else None
        if part is None:
            raise _NotOneImage
        parts.append(part)
        room -= len(part)
    return b"\n".join(parts)


def _multiply(first: Matrix, then: Matrix) -> Matrix:
    a, b, c, d, e, f = first
    p, q, r, s, t, u = then
    return (
        a * p + b * r,
        a * q + b * s,
        c * p + d * r,
        c * q + d * s,
        e * p + f * r + t,
        e * q + f * s + u,
    )


def _matrix(operands: list[pikepdf.Object]) -> Matrix:
    a, b, c, d, e, f = (float(v) for v in operands)
    return a, b, c, d, e, f


class _Content:
    """Walks content streams and gathers the images they place."""

    def __init__(self, pdf: pikepdf.Pdf, box: Rect) -> None:
        self._pdf = pdf
        self._box = box
        self.images: list[tuple[pikepdf.Stream, Matrix]] = []

    def run(
        self, data: bytes, resources: pikepdf.Object | None, state: _State, *, depth: int
    ) -> None:
        if depth > _FORM_DEPTH:
            raise _NotOneImage
        stack: list[_State] = []
        rectangles: list[Sequence[float]] = []
        path, clip = False, False
        for instruction in pikepdf.parse_content_stream(pikepdf.Stream(self._pdf, data)):
            operator, operands = str(instruction.operator), list(instruction.operands)
            if operator in _PAINTS:
                raise _NotOneImage
            if operator in ("q", "Q"):
                state = self._saved(operator, stack, state)
            elif operator == "re":
                rectangles.append([float(v) for v in operands])
            elif operator in ("m", "l", "c", "v", "y"):
                path = True
            elif operator in ("W", "W*"):
                clip = True
            elif operator == "n":
                if clip and (path or not self._keeps_page(rectangles, state.ctm)):
                    raise _NotOneImage
                rectangles, path, clip = [], False, False
            elif operator == "Do":
                self._draw(operands[0], resources, state, depth)
            else:
                self._set(operator, operands, resources, state)

    def _saved(self, operator: str, stack: list[_State], state: _State) -> _State:
        if operator == "q":
            stack.append(state)
            return state.copy()
        return stack.pop() if stack else state

    def _set(
        self,
        operator: str,
        operands: list[pikepdf.Object],
        resources: pikepdf.Object | None,
        state: _State,
    ) -> None:
        if operator == "cm":
            state.ctm = _multiply(_matrix(operands), state.ctm)
        elif operator == "Tr":
            state.text_mode = int(operands[0])
        elif operator == "Tf":
            font = _resource(resources, "/Font", operands[0])
            state.type3 = font is None or str(font.get("/Subtype")) == "/Type3"
        elif operator in _SHOWS_TEXT:
            if state.text_mode != _INVISIBLE or state.type3:
                raise _NotOneImage
        elif operator == "gs":
            _require_plain(_resource(resources, "/ExtGState", operands[0]))
        elif operator == "BDC" and str(operands[0]) == "/OC":
            raise _NotOneImage

    def _draw(
        self,
        name: pikepdf.Object,
        resources: pikepdf.Object | None,
        state: _State,
        depth: int,
    ) -> None:
        thing = _resource(resources, "/XObject", name)
        if thing is None:
            raise UnreadableScan("SCAN_TRUNCATED")
        if not isinstance(thing, pikepdf.Stream) or "/OC" in thing:
            raise _NotOneImage
        if str(thing.get("/Subtype")) == "/Image":
            self.images.append((thing, state.ctm))
            if len(self.images) > 1:
                raise _NotOneImage
            return
        if "/Group" in thing:
            _require_plain(thing)
        inner = state.copy()
        if (matrix := thing.get("/Matrix")) is not None:
            inner.ctm = _multiply(_matrix(list(matrix)), inner.ctm)
        data = bounded_bytes(thing, _CONTENT_LIMIT)
        if data is None:
            raise _NotOneImage
        before, inner_ctm = len(self.images), inner.ctm
        self.run(data, thing.get("/Resources", resources), inner, depth=depth + 1)
        if len(self.images) > before:
            x0, y0, x1, y1 = _rect(thing.BBox)
            if not self._keeps_page([(x0, y0, x1 - x0, y1 - y0)], inner_ctm):
                raise _NotOneImage

    def _keeps_page(self, rectangles: Sequence[Sequence[float]], ctm: Matrix) -> bool:
        """True where a clip is one upright rectangle around the whole page."""
        a, b, c, d, e, f = ctm
        tilt = min(max(abs(b), abs(c)), max(abs(a), abs(d)))
        if len(rectangles) != 1 or tilt > _STRAIGHT * max(map(abs, (a, b, c, d))):
            return False
        x, y, w, h = rectangles[0]
        corners = [(u, v) for u in (x, x + w) for v in (y, y + h)]
        x0, *_, x1 = sorted(u * a + v * c + e for u, v in corners)
        y0, *_, y1 = sorted(u * b + v * d + f for u, v in corners)
        slack_x = _OVERHANG * (self._box[2] - self._box[0])
        slack_y = _OVERHANG * (self._box[3] - self._box[1])
        return (
            x0 <= self._box[0] + slack_x
            and y0 <= self._box[1] + slack_y
            and x1 >= self._box[2] - slack_x
            and y1 >= self._box[3] - slack_y
        )


def _resource(
    resources: pikepdf.Object | None, kind: str, name: pikepdf.Object
) -> pikepdf.Object | None:
    group = None if resources is None else resources.get(kind)
    return None if group is None else group.get(str(name))


def _require_plain(state: pikepdf.Object | None) -> None:
    """No transparency, blending or soft mask."""
    if state is None:
        return
    opaque = all(float(state.get(key, 1)) == 1 for key in ("/ca", "/CA"))
    normal = str(state.get("/BM", "/Normal")) in ("/Normal", "/Compatible")
    if not opaque or not normal or str(state.get("/SMask", "/None")) != "/None":
        raise _NotOneImage


def _placed(page: pikepdf.Page, stream: pikepdf.Stream, ctm: Matrix) -> PageImage | None:
    a, b, c, d, e, f = ctm
    wide, high = math.hypot(a, b), math.hypot(c, d)
    coding = coding_of(stream)
    if coding is None or not wide or not high or a * d - b * c <= 0:
        return None
    if max(abs(b) / wide, abs(c) / high) <= _STRAIGHT:
        lift = 0 if a > 0 else 180
    elif max(abs(a) / wide, abs(d) / high) <= _STRAIGHT:
        lift = 90 if b > 0 else 270
    else:
        return None
    rect = (min(e, e + a + c), min(f, f + b + d), max(e, e + a + c), max(f, f + b + d))
    if not _is_page(rect, page_box(page)):
        return None
    width, height = int(stream.get("/Width", 0)), int(stream.get("/Height", 0))
    unit = float(page.obj.get("/UserUnit", 1)) / 72
    across, along = width / (wide * unit), height / (high * unit)
    if abs(across - along) > _SQUARE * max(across, along):
        return None
    rotate = int(inherited(page, "/Rotate") or 0)
    turns: dict[int, Turn] = {0: 0, 90: 90, 180: 180, 270: 270}
    turn = turns.get((rotate - lift) % 360)
    if turn is None:
        return None
    dpi = settled_dpi(math.sqrt(across * along), width, height)
    return PageImage(stream, coding, width, height, dpi, turn)


def _is_page(rect: Rect, box: Rect) -> bool:
    wide, high = box[2] - box[0], box[3] - box[1]
    over = max(
        (box[0] - rect[0]) / wide,
        (rect[2] - box[2]) / wide,
        (box[1] - rect[1]) / high,
        (rect[3] - box[3]) / high,
    )
    shared_wide = min(rect[2], box[2]) - max(rect[0], box[0])
    shared_high = min(rect[3], box[3]) - max(rect[1], box[1])
    if shared_wide <= 0 or shared_high <= 0:
        return False
    return over <= _OVERHANG and shared_wide * shared_high >= _COVERAGE * wide * high
