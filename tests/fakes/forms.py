"""Forms of the domain about synthetic people, each with the values that stand on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.fakes.pages import PrintedPage

_DATA = Path(__file__).parents[1] / "resources" / "forms.yaml"


@dataclass(frozen=True)
class Form:
    """One printed form: component code, size in mm with dpi, lines as `x y size text`."""

    code: str
    size: tuple[float, float, int]
    lines: tuple[str, ...]
    values: Mapping[str, str]
    """What a careful reader takes down, by field; tables left out."""

    def page(self) -> PrintedPage:
        """The form as printed."""
        page = PrintedPage(*self.size)
        for line in self.lines:
            x, y, size, text = line.split(" ", 3)
            page.put(float(x), float(y), text, float(size.rstrip("b")), size.endswith("b"))
        return page


def forms() -> tuple[Form, ...]:
    """All of them."""
    return tuple(
        Form(entry["code"], tuple(entry["size"]), tuple(entry["lines"]), entry["values"])
        for entry in yaml.safe_load(_DATA.read_text(encoding="utf-8"))
    )


def form(code: str) -> Form:
    """One of them."""
    return next(form for form in forms() if form.code == code)
