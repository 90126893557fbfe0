"""Turns codes and parameters into sentences. Never fails for a missing text."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from importlib import resources
from typing import Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict

from pipeline.errors import ExitCode, Param, SohoaError
from pipeline.ids import shown
from pipeline.models.batch import Problem
from pipeline.models.review import ReviewItem

Language: TypeAlias = Literal["vi", "en"]

_PLACEHOLDER = re.compile(r"\{([a-z_][a-z0-9_]*)\}")
_UNKNOWN = "?"
_TERMS = {
    "case": "CASE_UNKNOWN",
    "procedure": "PROCEDURE_UNKNOWN",
    "component": "COMPONENT_CODE_UNKNOWN",
}
"""What `TERM_UNKNOWN` says of the first parameter that it has."""


class Rendered(BaseModel):
    """What a person is told."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    message: str
    """What happened."""
    cause: str
    """Why, as far as is known."""
    advice: str
    """What to do next, naming the command that helps."""


class Messages:
    """The sentences of one language."""

    def __init__(self, language: Language = "vi") -> None:
        """Read the sentences of a language."""
        path = resources.files("app.messages").joinpath(f"{language}.toml")
        self._texts: Mapping[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))

    def error(self, error: SohoaError) -> Rendered:
        """A failure."""
        return self.code(error.code, error.params, exit_code=int(error.exit_code))

    def problem(self, problem: Problem) -> Rendered:
        """A failure as stored with a batch."""
        return self.code(problem.code, problem.params, exit_code=problem.exit_code)

    def code(
        self, code: str, params: Mapping[str, Param] | None = None, *, exit_code: int = 1
    ) -> Rendered:
        """A failure by its code, e.g. of a refused file.

        An unknown code is explained by what its exit code means, and named. `TERM_UNKNOWN` names
        the term that is not in the catalogue.
        """
        if code == "TERM_UNKNOWN":
            code = next((told for term, told in _TERMS.items() if term in (params or {})), code)
        errors = self._section("errors")
        entry = errors.get(code) or self._section("fallback").get(_exit_name(exit_code), {})
        return self._rendered(entry, {**(params or {}), "code": code})

    def review(self, item: ReviewItem, field_label: str | None = None) -> str:
        """The question behind a doubt, one sentence or two.

        Args:
            item: pages are shown 1-based.
            field_label: printed label of the field; None: `field`.
        """
        params = _review_params(item, field_label or self.field(item.field or ""))
        if "proposal" in params:
            params["proposal"] = self.label(f"proposal.{params['proposal']}")
        text = self._section("reviews").get(item.reason)
        if text is None:
            kind = self._section("review_kinds").get(item.kind.value, {})
            text = str(kind.get("question", item.reason))
        told = _fill(str(text), params)
        if why := params.get("why"):
            words = "; ".join(self.label(f"why.{code}") for code in str(why).split(","))
            told += f" {self.text('review_why', why=words)}"
        return told

    def review_title(self, item: ReviewItem) -> str:
        """The kind of doubt, in a few words."""
        return str(self._asked(item).get("title", item.kind.value))

    def review_action(self, item: ReviewItem) -> str:
        """The command that answers the question."""
        return _fill(str(self._asked(item).get("action", "")), _review_params(item, ""))

    def finding(self, code: str | None, params: Mapping[str, Param] | None = None) -> Rendered:
        """What `doctor` has to say about one part of the installation; None: all is well."""
        if code is None:
            return Rendered(message="", cause="", advice="")
        entry = self._section("findings").get(code)
        if entry is None:
            return self.code(code, params, exit_code=int(ExitCode.USAGE))
        return self._rendered(entry, {**(params or {}), "code": code})

    def label(self, key: str) -> str:
        """A short label by dotted key, e.g. `state.ARCHIVED`; the last part where there is none."""
        section, _, name = key.partition(".")
        labels = self._section("labels").get(section, {})
        return str(labels.get(name) or key.rpartition(".")[2])

    def field(self, name: str) -> str:
        """A field's name for people; its own, in words, where there is none."""
        return self.label(f"field.{name}").replace("_", " ")

    def text(self, key: str, **params: Param) -> str:
        """A sentence of the user interface by key; the key itself where there is none."""
        return _fill(str(self._section("texts").get(key, key)), params)

    def _asked(self, item: ReviewItem) -> Mapping[str, str]:
        """Words of the kind of doubt, unless its reason has its own."""
        kind = self._section("review_kinds").get(item.kind.value, {})
        return {**kind, **self._section("review_reasons").get(item.reason, {})}

    def _section(self, name: str) -> Mapping[str, Any]:
        section: Mapping[str, Any] = self._texts.get(name, {})
        return section

    @staticmethod
    def _rendered(entry: Mapping[str, str], params: Mapping[str, Param]) -> Rendered:
        return Rendered(
            message=_fill(entry.get("message", str(params["code"])), params),
            cause=_fill(entry.get("cause", ""), params),
            advice=_fill(entry.get("advice", ""), params),
        )


def _review_params(item: ReviewItem, field: str) -> dict[str, Param]:
    params: dict[str, Param] = {"review": shown(item.review_id), "field": field, **item.params}
    if item.page is not None:
        params["page"] = item.page + 1
    return params


def _fill(text: str, params: Mapping[str, Param]) -> str:
    """Placeholders by name only; a missing one becomes a question mark."""
    return _PLACEHOLDER.sub(lambda match: str(params.get(match[1], _UNKNOWN)), text)


def _exit_name(exit_code: int) -> str:
    try:
        return ExitCode(exit_code).name
    except ValueError:
        return ExitCode.INTERNAL.name
