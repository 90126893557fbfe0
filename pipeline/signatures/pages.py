"""Reads pages and widgets of any PDF as pyHanko hands them out, whatever their state.

Gives the geometry its plain numbers. May not come in: decisions about place or verdict.
"""

from __future__ import annotations

from collections.abc import Sequence

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.misc import PdfError

from pipeline.models.base import Box
from pipeline.signatures.geometry import PageFrame, page_frame

_DEEPEST = 64


def first_page(root: generic.DictionaryObject) -> generic.DictionaryObject | None:
    """The page dictionary that is shown first, None where the page tree has none.

    Args:
        root: the document catalog of the revision in question.
    """
    pending: list[object] = [_entry(root, "/Pages")]
    for _ in range(_DEEPEST * _DEEPEST):
        if not pending:
            return None
        node = _resolved(pending.pop(0))
        if not isinstance(node, generic.DictionaryObject):
            continue
        kids = _entry(node, "/Kids")
        if not isinstance(kids, generic.ArrayObject):
            return node
        pending[:0] = list(kids)[:_DEEPEST]
    return None


def frame_of(page: generic.DictionaryObject) -> PageFrame:
    """The visible frame of a page, with inherited entries."""
    return page_frame(
        _numbers(_inherited(page, "/MediaBox")),
        _numbers(_inherited(page, "/CropBox")),
        _number(_inherited(page, "/Rotate")),
        _number(_entry(page, "/UserUnit")),
    )


def widget_box(page: generic.DictionaryObject, field: generic.DictionaryObject) -> Box | None:
    """Rectangle (user space) of a signature field's widget on a page; None where it has none."""
    annotations = _entry(page, "/Annots")
    on_page = list(annotations) if isinstance(annotations, generic.ArrayObject) else []
    kids = _entry(field, "/Kids")
    widgets = list(kids) if isinstance(kids, generic.ArrayObject) else [field]
    shown = [_resolved(annotation) for annotation in on_page]
    for widget in map(_resolved, widgets):
        if isinstance(widget, generic.DictionaryObject) and any(widget is a for a in shown):
            rectangle = _numbers(_entry(widget, "/Rect"))
            if rectangle is not None and len(rectangle) == 4:
                x0, y0, x1, y1 = rectangle
                return Box(x0=min(x0, x1), y0=min(y0, y1), x1=max(x0, x1), y1=max(y0, y1))
    return None


def _inherited(page: generic.DictionaryObject, key: str) -> object:
    node: object = page
    for _ in range(_DEEPEST):
        if not isinstance(node, generic.DictionaryObject):
            return None
        value = _entry(node, key)
        if value is not None:
            return value
        node = _entry(node, "/Parent")
    return None


def _entry(holder: generic.DictionaryObject, key: str) -> object:
    try:
        return holder[key]
    except (KeyError, PdfError):
        return None


def _resolved(value: object) -> object:
    try:
        return value.get_object() if isinstance(value, generic.IndirectObject) else value
    except PdfError:
        return None


def _number(value: object) -> float | None:
    plain = _resolved(value)
    return float(plain) if isinstance(plain, int | float | generic.FloatObject) else None


def _numbers(value: object) -> Sequence[float] | None:
    if not isinstance(value, generic.ArrayObject):
        return None
    numbers = [_number(item) for item in list(value)[:5]]
    return [n for n in numbers if n is not None] if None not in numbers else None
