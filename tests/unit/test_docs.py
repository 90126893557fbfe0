"""What README, guides and messages name is there: files, commands, options, settings."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import typer

from app.main import build
from pipeline.settings import Settings

ROOT = Path(__file__).parents[2]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
TOLD = (*PAGES, ROOT / "CHANGELOG.md", *sorted((ROOT / "app" / "messages").glob("*.toml")))
ELSEWHERE = frozenset({"benchmarks/RESULTS.md"})
"""Written by the measurements."""
_LINK = re.compile(r"\]\(([^)#]+?)(?:#([^)]*))?\)")
_PLACE = re.compile(
    r"`((?:app|flows|casework|storage|search|pipeline|docs|bin|benchmarks|tests)/\S*?)`"
)
_COMMAND = re.compile(r"sohoa(?:-office)? ((?:[a-z]+ ?){1,2})([^`”“\n|;]*)")
_OPTION = re.compile(r"--[a-z-]+")


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def anchors(page: Path) -> set[str]:
    """Anchors of a page's headings, as forges make them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {
        re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in headings
    }


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_and_places_are_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    missing = []
    for to, anchor in _LINK.findall(text):
        if "://" in to:
            continue
        there = page.parent / to
        if not there.exists() or (anchor and anchor not in anchors(there)):
            missing.append(f"{to}#{anchor}")
    places = {place for place in _PLACE.findall(text) if "{" not in place and "*" not in place}
    missing += [place for place in sorted(places - ELSEWHERE) if not (ROOT / place).exists()]
    assert not missing


def commands() -> dict[str, set[str]]:
    """Every command with its options, `review list` as two words."""
    found: dict[str, set[str]] = {}

    def walk(command: Any, words: tuple[str, ...]) -> None:
        subcommands = getattr(command, "commands", None)
        for word, inner in (subcommands or {}).items():
            walk(inner, (*words, word))
        options = {flag for p in command.params for flag in p.opts if flag.startswith("--")}
        found[" ".join(words)] = options | {"--help"}

    walk(typer.main.get_command(build()), ())
    return found


def named(text: str) -> Iterator[tuple[str, set[str]]]:
    known = commands()
    for words, rest in _COMMAND.findall(text):
        first, *more = words.split()
        whole = f"{first} {more[0]}" if more else first
        yield (whole if whole in known else first), set(_OPTION.findall(rest))


@pytest.mark.parametrize("page", TOLD, ids=name)
def test_commands_and_options_exist(page: Path) -> None:
    known = commands()
    text = page.read_text(encoding="utf-8")
    wrong = [
        (command, sorted(options - known.get(command, set())))
        for command, options in named(text)
        if command not in known or not options <= known[command]
    ]
    assert not wrong


def test_commands_are_looked_for() -> None:
    asked = dict(named("`sohoa review resolve ID --accept --nonsense`, `sohoa nonsense -x`"))
    assert asked == {"review resolve": {"--accept", "--nonsense"}, "nonsense": set()}
    assert len(list(named(PAGES[0].read_text(encoding="utf-8")))) > 10


def test_every_setting_of_the_table_exists() -> None:
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    table = text.split("| key | default | meaning |")[1].split("\n\n")[0]
    unknown = []
    for row in table.splitlines()[2:]:
        group = ""
        for key in re.findall(r"`([a-z_.*0-9]+)`", row.split("|")[1]):
            group = key.rpartition(".")[0] or group
            last = key.rpartition(".")[2]
            if last != "*" and last not in _settings_of(group):
                unknown.append(key)
    assert not unknown


def _settings_of(group: str) -> Container[str]:
    """Names of the settings in a group, `archive` or `archive.second`."""
    model: Any = Settings
    for part in group.split(".") if group else ():
        asked = model.model_fields[part].annotation
        model = next((one for one in get_args(asked) if one is not type(None)), asked)
    fields: Container[str] = getattr(model, "model_fields", {})
    return fields
