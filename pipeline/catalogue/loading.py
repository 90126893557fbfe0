"""Reads and checks a catalogue file. A file that says something impossible is refused whole."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

from pipeline.catalogue.types import (
    Anchors,
    BenefitCase,
    Catalogue,
    ComponentType,
    FieldType,
    Procedure,
    RetentionClass,
    ScanRule,
)
from pipeline.errors import ConfigError
from pipeline.textnorm import nfc

_PERMANENT = "Vĩnh viễn"
_YEARS = re.compile(r"([1-9][0-9]{0,2}) năm")
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def built_in_path() -> Path:
    """The catalogue that ships with Sohoa."""
    return Path(__file__).parent / "data" / "catalogue.yaml"


def load_catalogue(path: Path | None = None) -> Catalogue:
    """Read a catalogue (default: the built-in one).

    Raises:
        ConfigError: `CATALOGUE_UNREADABLE`, or `CATALOGUE_INVALID` naming the place.
    """
    path = path or built_in_path()
    try:
        raw = path.read_bytes()
        data = yaml.load(nfc(raw.decode("utf-8")), Loader=_LOADER)  # noqa: S506 - a safe loader
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError("CATALOGUE_UNREADABLE", file=path.name) from error
    try:
        return _catalogue(data, hashlib.sha256(raw).hexdigest())
    except (KeyError, TypeError, ValueError, AttributeError, re.error) as error:
        raise ConfigError("CATALOGUE_INVALID", file=path.name, problem=str(error)[:200]) from error


def _catalogue(data: dict[str, Any], sha256: str) -> Catalogue:
    patterns = {name: str(entry["regex"]) for name, entry in data["patterns"].items()}
    for pattern in patterns.values():
        re.compile(pattern)
    components = [_component(entry, patterns) for entry in data["components"]]
    procedures = [_procedure(entry) for entry in data["procedures"]]
    by_code = {c.code: c for c in components}
    if len(by_code) != len(components) or "Z_OTHER" not in by_code:
        raise ValueError("component codes are not unique, or Z_OTHER is missing")
    retention = {str(code): _retention(str(code), str(name)) for code, name in _classes(data)}
    for procedure in procedures:
        _known(by_code, procedure)
        if procedure.retention not in retention:
            raise ValueError(f"{procedure.code}: unknown retention {procedure.retention}")
    pairs = (str(p).split("→") for p in data["ocr_matching"]["observed_dropouts"])
    return Catalogue(
        version=str(data["catalog_version"]),
        sha256=sha256,
        components=MappingProxyType(by_code),
        procedures=MappingProxyType({p.code: p for p in procedures}),
        dropouts=tuple((printed, read) for printed, read in pairs),
        cccd_provinces=MappingProxyType(dict(data["cccd_provinces"])),
        cccd_century_gender=MappingProxyType(
            {digit: (int(v[0]), str(v[1])) for digit, v in data["cccd_century_gender"].items()}
        ),
        dossier_code_patterns=MappingProxyType(
            {name: p for name, p in patterns.items() if name.startswith("DOSSIER_CODE")}
        ),
        retention=MappingProxyType(retention),
    )


def _component(entry: dict[str, Any], patterns: dict[str, str]) -> ComponentType:
    anchors = entry["anchors"]
    pages = entry["pages"]
    if not 1 <= pages["min"] <= pages["max"]:
        raise ValueError(f"{entry['code']}: pages")
    return ComponentType(
        code=entry["code"],
        name_vi=entry["name_vi"],
        name_en=entry["name_en"],
        kind=entry["kind"],
        titles=tuple(entry["titles"]),
        anchors=Anchors(tuple(anchors["all"]), tuple(anchors["any"]), tuple(anchors["none"])),
        pages_min=pages["min"],
        pages_max=pages["max"],
        orientation=entry["orientation"],
        scan=ScanRule(str(entry["scan"])),
        sensitive=bool(entry["sensitive"]),
        multi_person=bool(entry.get("multi_person", False)),
        fields=tuple(_field(f, patterns) for f in entry["fields"]),
    )


def _field(entry: dict[str, Any], patterns: dict[str, str]) -> FieldType:
    pattern = entry.get("pattern")
    return FieldType(
        name=entry["name"],
        labels=tuple(entry["label"]),
        type=entry["type"],
        pattern=patterns[pattern] if pattern else None,
        required=bool(entry["required"]),
        checks=tuple(entry.get("checks", ())),
    )


def _procedure(entry: dict[str, Any]) -> Procedure:
    return Procedure(
        code=entry["code"],
        name_vi=entry["name_vi"],
        application=tuple(entry["application"]["one_of"]),
        always=tuple(entry["always"]),
        results=tuple(entry["results"]),
        retention=str(entry["retention"]),
        cases=tuple(_case(c) for c in entry["cases"]),
    )


def _classes(data: dict[str, Any]) -> Iterable[tuple[Any, Any]]:
    classes: dict[Any, Any] = data["retention_codes"]
    return classes.items()


def _retention(code: str, name: str) -> RetentionClass:
    """Named `Vĩnh viễn`, `N năm`, or a term that the ministry has yet to set."""
    years = _YEARS.fullmatch(name)
    return RetentionClass(
        code=code,
        name_vi=name,
        years=int(years[1]) if years else None,
        permanent=name == _PERMANENT,
    )


def _case(entry: dict[str, Any]) -> BenefitCase:
    return BenefitCase(
        code=entry["code"],
        name_vi=entry["name_vi"],
        required=tuple(entry["required"]),
        one_of=tuple(tuple(group) for group in entry.get("one_of", ())),
        conditional=tuple((c["code"], c["when"]) for c in entry.get("conditional", ())),
    )


def _known(components: dict[str, ComponentType], procedure: Procedure) -> None:
    named = {*procedure.application, *procedure.always, *procedure.results}
    for case in procedure.cases:
        named |= {*case.required, *(c for group in case.one_of for c in group)}
        named |= {code for code, _ in case.conditional}
    if unknown := sorted(named - components.keys()):
        raise ValueError(f"{procedure.code}: unknown component {unknown[0]}")
