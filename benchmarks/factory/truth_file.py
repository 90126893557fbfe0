"""The truth of a batch as JSON beside its PDF, and back.

Boxes are lists of four numbers. May not come in: making a batch.
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any, Final

from benchmarks.factory.truth import (
    Hand,
    Level,
    Part,
    Role,
    TruthBatch,
    TruthComponent,
    TruthField,
    TruthLine,
    TruthPage,
    TruthPart,
)
from pipeline.models.base import Box

SCHEMA: Final = "sohoa.factory-truth/1"
Json = dict[str, Any]


def truth_path(pdf: Path) -> Path:
    """Where the truth of a batch lies."""
    return pdf.with_suffix(".json")


def write_truth(truth: TruthBatch) -> Path:
    """Write the truth beside its batch; gives the file."""
    facts = {"schema": SCHEMA, **_fields(truth), "path": truth.path.name}
    facts["pages"] = [_page(page) for page in truth.pages]
    facts["components"] = [_fields(component) for component in truth.components]
    path = truth_path(truth.path)
    text = json.dumps(facts, ensure_ascii=False, separators=(",", ":"))
    path.write_text(text.replace('{"index"', '\n{"index"') + "\n", encoding="utf-8")
    return path


def read_truth(path: Path) -> TruthBatch:
    """The truth as it was written; the batch is expected beside the file.

    Raises:
        ValueError: not a truth of this version.
    """
    facts: Json = json.loads(path.read_text(encoding="utf-8"))
    if facts.get("schema") != SCHEMA:
        raise ValueError(f"not a {SCHEMA}: {path}")
    return TruthBatch(
        path=path.with_name(facts["path"]),
        seed=facts["seed"],
        level=Level(facts["level"]),
        part=Part(facts["part"]),
        sheets=facts["sheets"],
        pages=tuple(_read_page(page) for page in facts["pages"]),
        components=tuple(
            TruthComponent(each["code"], each["layout"], tuple(each["pages"]))
            for each in facts["components"]
        ),
    )


def _fields(record: Any) -> Json:
    return {field.name: getattr(record, field.name) for field in dataclasses.fields(record)}


def _page(page: TruthPage) -> Json:
    lines = [
        {
            "box": _corners(line.box),
            "hand": line.hand,
            "parts": [_part(part) for part in line.parts],
        }
        for line in page.lines
    ]
    fields = [
        {**_fields(field), "boxes": [_corners(box) for box in field.boxes]} for field in page.fields
    ]
    return {**_fields(page), "lines": lines, "fields": fields}


def _part(part: TruthPart) -> list[object]:
    return [part.text, _corners(part.box), part.hand]


def _corners(box: Box) -> list[float]:
    return [box.x0, box.y0, box.x1, box.y1]


def _read_page(page: Json) -> TruthPage:
    lines = []
    for line in page["lines"]:
        parts = tuple(TruthPart(text, _box(box), Hand(hand)) for text, box, hand in line["parts"])
        text = " ".join(part.text for part in parts)
        lines.append(TruthLine(text, _box(line["box"]), Hand(line["hand"]), parts))
    fields = tuple(
        TruthField(
            each["name"],
            each["value"],
            tuple(_box(box) for box in each["boxes"]),
            Hand(each["hand"]),
        )
        for each in page["fields"]
    )
    return TruthPage(
        **{**page, "role": Role(page["role"]), "lines": tuple(lines), "fields": fields}
    )


def _box(corners: list[float]) -> Box:
    x0, y0, x1, y1 = corners
    return Box(x0=x0, y0=y0, x1=x1, y1=y1)
