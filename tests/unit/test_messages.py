"""Every code that the packages can say has its words, in both languages."""

from __future__ import annotations

import ast
import inspect
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import pipeline.errors
from app.doctor import Status
from app.messages import Messages
from app.messages.rendering import Language
from casework.audit_report import AuditCounts
from pipeline.catalogue import load_catalogue
from pipeline.errors import ConfigError, ExitCode, SohoaError, UnsafeInput
from pipeline.models.batch import BatchState, Channel, DossierStage, Problem
from pipeline.models.fields import FieldStatus
from pipeline.models.files import SourceWarning
from pipeline.models.pages import QualityWarning
from pipeline.models.review import ReviewItem, ReviewKind
from pipeline.run.steps import STEPS
from pipeline.signatures.verdicts import Reason

ROOT = Path(__file__).parents[2]
PACKAGES = ("pipeline", "storage", "search", "casework", "flows", "app", "ocr_models")
LANGUAGES: tuple[Language, ...] = ("vi", "en")
PLACEHOLDER = re.compile(r"\{([a-z_][a-z0-9_]*)\}")
CODE = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*")
PROMISED = re.compile(r"`([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)`")
REASON_FOLDERS = ("separation", "classification", "extraction")
NOT_REASONS = frozenset({"NFC", "NFD", "FIELD", "RGB"})
REVIEW_PARAMS = frozenset(
    {"page", "field", "review", "component", "count", "total", "numbers", "what", "proposal"}
    | {"proposed", "hint", "pages", "number"}
)
CLASSES = {
    name: value
    for name, value in vars(pipeline.errors).items()
    if inspect.isclass(value) and issubclass(value, SohoaError)
}
DEFAULTS = {value.default_code for value in CLASSES.values()}


@dataclass(frozen=True, slots=True)
class Site:
    """A place where an error is made."""

    place: str
    code: str
    params: frozenset[str] | None
    """None where they are not spelled out."""


@cache
def modules() -> tuple[tuple[Path, ast.Module], ...]:
    return tuple(
        (path, ast.parse(path.read_text(encoding="utf-8")))
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*.py"))
    )


def strings(node: ast.AST | None, tree: ast.Module, depth: int = 0) -> Iterator[str]:
    """String values that an expression may have, as far as the module tells."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif node is not None and depth < 5:
        for part in parts(node, tree):
            yield from strings(part, tree, depth + 1)


def parts(node: ast.AST, tree: ast.Module) -> Iterator[ast.AST | None]:
    """Expressions that an expression may take its value from."""
    match node:
        case ast.IfExp(body=body, orelse=other):
            yield from (body, other)
        case ast.Dict(values=values) | ast.BoolOp(values=values):
            yield from values
        case ast.Subscript(value=value):
            yield value
        case ast.Call(func=ast.Attribute(value=value, attr="get"), args=arguments):
            yield from (value, *arguments[1:])
        case ast.Name(id=name):
            for other_node in ast.walk(tree):
                match other_node:
                    case ast.AnnAssign(target=ast.Name(id=target), value=given) if target == name:
                        yield given
                    case (
                        ast.NamedExpr(target=ast.Name(id=target), value=value)
                        | ast.Assign(targets=[ast.Name(id=target)], value=value)
                    ) if target == name:
                        yield value


def called(node: ast.Call) -> str:
    if isinstance(node.func, ast.Name):
        return node.func.id
    return node.func.attr if isinstance(node.func, ast.Attribute) else ""


@cache
def error_sites() -> tuple[Site, ...]:
    return tuple(find_error_sites())


def find_error_sites() -> Iterator[Site]:
    for path, tree in modules():
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call):
                continue
            name, place = called(node), f"{path.relative_to(ROOT)}:{node.lineno}"
            given_params = {k.arg for k in node.keywords}
            params = None if None in given_params else frozenset(filter(None, given_params))
            if name in CLASSES:
                codes = (
                    set(strings(node.args[0], tree)) if node.args else {CLASSES[name].default_code}
                )
            elif name in ("RefusedFile", "Problem"):
                code = next((k.value for k in node.keywords if k.arg == "code"), None)
                codes, params = set(strings(code, tree)), None
            else:
                continue
            yield from (Site(place, code, params) for code in codes if CODE.fullmatch(code))


def promised_codes() -> Iterator[tuple[str, str]]:
    """Codes that docstrings name under `Raises`."""
    for path, tree in modules():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                _, raises, text = (ast.get_docstring(node) or "").partition("Raises")
                if raises:
                    place = f"{path.relative_to(ROOT)}:{node.lineno}"
                    yield from ((place, code) for code in PROMISED.findall(text))


def reasons() -> Iterator[tuple[str, str]]:
    """Reason codes of doubts: `ReviewItem(reason=…)`, and the constants of the doubting stages."""
    catalogue = load_catalogue()
    known = {kind.value for kind in ReviewKind} | set(catalogue.components) | DEFAULTS
    known |= set(catalogue.procedures) | NOT_REASONS | {site.code for site in error_sites()}
    known |= {case.code for p in catalogue.procedures.values() for case in p.cases}
    for path, tree in modules():
        place = str(path.relative_to(ROOT))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and called(node) == "ReviewItem":
                reason = next(k.value for k in node.keywords if k.arg == "reason")
                yield from ((place, text) for text in strings(reason, tree))
        if any(folder in path.parts or path.stem == folder for folder in REASON_FOLDERS):
            for node in ast.walk(tree):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    text = node.value
                    if CODE.fullmatch(text) and len(text) > 3 and text not in known:
                        yield place, text
    yield from (("QualityWarning", f"QUALITY_{warning.value}") for warning in QualityWarning)
    yield from (("SourceWarning", f"SOURCE_{warning.value}") for warning in SourceWarning)


@cache
def raw(language: Language) -> dict[str, Any]:
    path = ROOT / "app" / "messages" / f"{language}.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))


def leaves(tree: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    out: dict[str, str] = {}
    for key, value in tree.items():
        out |= (
            leaves(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key: value}
        )
    return out


def complete(entry: Mapping[str, str] | None) -> bool:
    return entry is not None and all(entry.get(k) for k in ("message", "cause", "advice"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_error_code_has_message_cause_and_advice(language: Language) -> None:
    errors, findings = raw(language)["errors"], raw(language)["findings"]
    places = {site.code: site.place for site in error_sites()}
    places |= {code: place for place, code in promised_codes()} | dict.fromkeys(DEFAULTS, "errors")
    missing = {
        code: place
        for code, place in sorted(places.items())
        if not complete(errors.get(code)) and not complete(findings.get(code))
    }
    assert not missing, "\n".join(f"{code}  ({place})" for code, place in missing.items())


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_of_a_doubt_has_a_sentence(language: Language) -> None:
    known = raw(language)["reviews"]
    missing = {reason: place for place, reason in reasons() if reason not in known}
    assert not missing, "\n".join(f"{code}  ({place})" for code, place in sorted(missing.items()))


@pytest.mark.parametrize("language", LANGUAGES)
def test_placeholders_of_errors_are_given_where_the_error_is_made(language: Language) -> None:
    errors = raw(language)["errors"]
    wrong = []
    for site in error_sites():
        entry = errors.get(site.code)
        if entry is None or site.params is None:
            continue
        wanted = set(PLACEHOLDER.findall(" ".join(entry.values())))
        if not wanted <= site.params:
            wrong.append(f"{site.place} {site.code}: {sorted(wanted - site.params)}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("language", LANGUAGES)
def test_placeholders_of_questions_are_known(language: Language) -> None:
    texts = raw(language)["reviews"] | leaves(raw(language)["review_kinds"])
    texts |= leaves(raw(language)["review_reasons"])
    wrong = {
        key: unknown
        for key, text in texts.items()
        if (unknown := set(PLACEHOLDER.findall(text)) - REVIEW_PARAMS)
    }
    assert not wrong


def test_both_languages_say_the_same_things() -> None:
    vietnamese, english = (leaves(raw(language)) for language in LANGUAGES)
    assert vietnamese.keys() == english.keys()
    different = [
        key
        for key in vietnamese
        if sorted(set(PLACEHOLDER.findall(vietnamese[key])))
        != sorted(set(PLACEHOLDER.findall(english[key])))
    ]
    assert not different


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("section", "values"),
    [
        ("state", BatchState),
        ("stage", DossierStage),
        ("channel", Channel),
        ("kind", ReviewKind),
        ("field_status", FieldStatus),
        ("warning", SourceWarning),
        ("warning", QualityWarning),
        ("finding", Status),
        ("verdict_reason", Reason),
        ("verdict_advice", Reason),
    ],
)
def test_every_value_of_a_vocabulary_has_a_label(
    language: Language, section: str, values: type[StrEnum]
) -> None:
    labels = raw(language)["labels"][section]
    assert [v.value for v in values if not labels.get(v.value)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_step_and_every_field_has_a_label(language: Language) -> None:
    labels = raw(language)["labels"]
    fields = {f.name for kind in load_catalogue().components.values() for f in kind.fields}
    assert labels["field"].keys() == fields
    assert labels["step"].keys() == {step.name for step in STEPS}


def audit_codes() -> Iterator[str]:
    """Codes of findings: what the audit and the rebuild of records can note."""
    for path, tree in modules():
        if path.stem not in ("audit", "audit_ledger", "rebuild"):
            continue
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            said = {code for code in strings(node.args[0], tree) if CODE.fullmatch(code)}
            match called(node), node.args[0]:
                case (
                    ("add" | "_problem"),
                    ast.JoinedStr(values=[ast.Constant(value=str(what)), _]),
                ):
                    yield from (what + state for state in ("CHANGED", "LOST"))
                case (("add" | "_problem"), _):
                    yield from said
                case "_fixity", _:
                    yield from (f"{what}_{state}" for what in said for state in ("CHANGED", "LOST"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_finding_of_an_audit_has_a_label(language: Language) -> None:
    assert raw(language)["labels"]["audit_finding"].keys() == set(audit_codes())
    assert raw(language)["labels"]["audit_count"].keys() == AuditCounts.model_fields.keys()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_exit_code_has_words(language: Language) -> None:
    assert {code.name for code in ExitCode} <= raw(language)["fallback"].keys()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_review_kind_has_title_question_and_action(language: Language) -> None:
    kinds = raw(language)["review_kinds"]
    for kind in ReviewKind:
        assert all(kinds[kind.value].get(part) for part in ("title", "question", "action")), kind


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_the_user_interface_asks_for_exists(language: Language) -> None:
    texts = raw(language)["texts"]
    missing = set()
    for path, tree in modules():
        if path.is_relative_to(ROOT / "app"):
            for node in ast.walk(tree):
                if isinstance(node, ast.Call) and called(node) == "text" and node.args:
                    keys = {k for k in strings(node.args[0], tree) if re.fullmatch(r"[a-z_]+", k)}
                    missing |= {f"{path.name}: {key}" for key in keys if key not in texts}
    assert not missing


def item(**changes: Any) -> ReviewItem:
    values: dict[str, Any] = {
        "review_id": "ab" * 32,
        "batch_id": "0" * 64,
        "kind": ReviewKind.PAGE_BOUNDARY,
        "reason": "UNTITLED_PAGE",
        "params": {"proposal": "start", "confidence": 0.5},
        "page": 3,
    }
    return ReviewItem(**(values | changes))


def test_pages_are_shown_from_one_and_proposals_in_words() -> None:
    shown = Messages("en").review(item())
    assert "Page 4 " in shown
    assert "a new paper starts on this page" in shown


def test_a_reason_without_words_falls_back_to_its_kind() -> None:
    assert Messages("en").review(item(reason="NEVER_HEARD_OF")) == (
        "It is not certain that a paper begins or ends at page 4."
    )


def test_a_reason_may_have_its_own_title_and_action() -> None:
    doubt = item(kind=ReviewKind.FIELD, reason="SIGNATURE", field="digital_signature")
    assert Messages("en").review_title(doubt) == "Signature to confirm"
    assert "--value" not in Messages("en").review_action(doubt)
    other = item(kind=ReviewKind.FIELD, reason="PATTERN", field="phone")
    assert "--value" in Messages("en").review_action(other)


@pytest.mark.parametrize(
    "params",
    [{"component": "F_99"}, {"procedure": "F_99"}, {"case": "F_99", "procedure": "BHXH1L"}],
)
def test_an_unknown_term_is_named(params: dict[str, str]) -> None:
    told = Messages("en").error(ConfigError("TERM_UNKNOWN", **params))
    assert "F_99" in told.message and "catalogue.yaml" in told.advice
    assert "?" not in told.message


def test_the_action_names_the_question() -> None:
    assert "sohoa review resolve abababababab --accept" in Messages("vi").review_action(item())


def test_a_field_is_named_for_people() -> None:
    doubt = item(kind=ReviewKind.FIELD, reason="PATTERN", field="bhxh_code")
    assert "“Số sổ”" in Messages("vi").review(doubt, "Số sổ")
    assert "“Mã số BHXH”" in Messages("vi").review(doubt)
    unknown = item(kind=ReviewKind.FIELD, reason="PATTERN", field="some_new_field")
    assert "“some new field”" in Messages("vi").review(unknown)


def test_an_error_is_rendered_with_its_parameters() -> None:
    rendered = Messages("vi").error(UnsafeInput("TOO_MANY_PAGES", limit=5000))
    assert "5000" in rendered.message
    assert rendered.cause
    assert "?" not in rendered.message


def test_a_stored_problem_reads_like_the_error_it_came_from() -> None:
    error = ConfigError("CONFIG_INVALID", key="unit", problem="x")
    problem = Problem(code=error.code, params=error.params, exit_code=int(error.exit_code))
    assert Messages("vi").problem(problem) == Messages("vi").error(error)


def test_an_unknown_code_is_named_and_explained_by_its_exit_code() -> None:
    rendered = Messages("en").code("BRAND_NEW", exit_code=5)
    assert "BRAND_NEW" in rendered.message
    assert "kept" in rendered.cause


def test_a_parameter_cannot_reach_into_objects() -> None:
    rendered = Messages("en").code("OCR_CRASHED", {"engine": "{code.__class__} {problem}"})
    assert "{code.__class__} {problem}" in rendered.message


ENGLISH = cache(lambda: Messages("en"))


@given(st.text(), st.integers())
def test_rendering_never_fails(code: str, exit_code: int) -> None:
    messages = ENGLISH()
    assert messages.code(code, {"code": 1}, exit_code=exit_code).message
    assert messages.label(f"state.{code}") is not None
    assert messages.finding(code).message


def test_a_missing_label_is_its_last_part() -> None:
    assert Messages("vi").label("state.UNHEARD") == "UNHEARD"
    assert Messages("vi").label("nothing.at.all") == "all"
