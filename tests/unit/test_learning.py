"""Learning from people: right answers are learned, wrong ones refused, the same give the same."""

from __future__ import annotations

import functools
import io
import json
import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from casework.learning import Retrained, retrain
from casework.learning.examples import held_out, read_again
from casework.learning.judging import judge
from casework.learning.retraining import GOLDEN, OWN
from ocr_models.page_registry import (
    LearnedModels,
    Provenance,
    shipped_models,
    write_provenance,
)
from ocr_models.pages import write_models
from ocr_models.refitting import PageExample, StartExample, refit_papers, refit_starts
from ocr_models.trials import Golden, Trial, golden_path, load_golden, packed
from pipeline.catalogue import Catalogue, load_catalogue
from pipeline.errors import ConfigError, LearningRefused
from pipeline.ids import digest
from pipeline.settings import SplitSettings
from pipeline.stages.archiving import sidecar_page
from tests.fakes.taught import INQUIRY, examples_of, inquiry, taught
from tests.fakes.texts import page_text

CATALOGUE: Catalogue = load_catalogue()


@functools.cache
def golden() -> Golden:
    """A part of those that ship, for speed."""
    whole = load_golden()
    return Golden(whole.rehearsed[:8], whole.judged[:8])


def learned(batches: int = 12, seed: int = 1) -> Retrained:
    shipped = shipped_models()
    office = taught(batches, seed=seed)
    return retrain(office, shipped, shipped, golden(), CATALOGUE, SplitSettings())


@functools.cache
def once() -> Retrained:
    return learned()


def mislabelled(trials: tuple[Trial, ...]) -> list[Trial]:
    """Good pages that somebody gave the names of other papers."""
    codes = sorted({code for trial in trials for code in trial.codes.values()})
    other = {code: codes[(at + 7) % len(codes)] for at, code in enumerate(codes)}
    return [
        replace(
            trial,
            origin=digest("wrong", trial.origin),
            codes={page: other[code] for page, code in trial.codes.items()},
        )
        for trial in trials
    ]


# -- the gate -----------------------------------------------------------------------------------


def test_what_people_corrected_is_done_right_on_pages_that_were_not_learned() -> None:
    """Beside all golden pages: with a part of them, the trees are held by too little."""
    shipped = shipped_models()
    office = taught(12)
    made = retrain(office, shipped, shipped, load_golden(), CATALOGUE, SplitSettings())
    before, after = made.provenance.before[OWN], made.provenance.after[OWN]
    assert after["likeness_wrong"] == after["boundaries_wrong"] == after["types_wrong"] == 0
    assert sum(before.values()) > sum(after.values())
    assert after["surprise_papers"] < before["surprise_papers"] / 4


def test_nothing_that_was_known_is_forgotten() -> None:
    before, after = once().provenance.before[GOLDEN], once().provenance.after[GOLDEN]
    assert all(after[measure] <= known for measure, known in before.items())


def test_wrong_answers_are_refused_and_the_measures_named() -> None:
    shipped = shipped_models()
    wrong = examples_of(mislabelled(golden().rehearsed))
    with pytest.raises(LearningRefused) as refused:
        retrain(wrong, shipped, shipped, golden(), CATALOGUE, SplitSettings())
    assert refused.value.code == "LEARN_WORSE"
    assert "golden." in str(refused.value.params["measures"])


def test_too_few_answers_teach_nothing() -> None:
    shipped = shipped_models()
    with pytest.raises(LearningRefused) as refused:
        retrain(taught(1), shipped, shipped, golden(), CATALOGUE, SplitSettings())
    assert refused.value.code == "LEARN_TOO_FEW"


def test_what_is_known_already_is_no_gain() -> None:
    shipped = shipped_models()
    used = replace(shipped, models=once().models)
    with pytest.raises(LearningRefused) as refused:
        retrain(taught(12), shipped, used, golden(), CATALOGUE, SplitSettings())
    assert refused.value.code == "LEARN_NOTHING_GAINED"


def test_the_same_answers_give_the_same_bytes(tmp_path: Path) -> None:
    found = []
    for number, made in enumerate((once(), learned())):
        folder = tmp_path / str(number)
        folder.mkdir()
        found.append(written(made, folder))
    assert found[0] == found[1]


def written(made: Retrained, folder: Path) -> dict[str, bytes]:
    write_models(
        made.models,
        folder,
        trained_on="tests",
        measured_on="tests",
        figures=made.provenance.after[GOLDEN],
        rules_alone={},
        thresholds={},
    )
    write_provenance(made.provenance, folder)
    return {file.name: file.read_bytes() for file in folder.iterdir()}


# -- what is learned ----------------------------------------------------------------------------


def test_what_stands_on_one_persons_papers_alone_is_not_learned() -> None:
    base = shipped_models().models.papers
    page = page_text(["Ông PHƯƠNG THUÝ LOAN", "gửi lời chào"])
    alone = [PageExample(page, INQUIRY, "one batch") for _ in range(20)]
    assert refit_papers(base, alone, []) is base


def test_a_paper_of_an_own_catalogue_is_added() -> None:
    base = shipped_models().models.papers
    rows = [
        PageExample(page, "Q_OWN", f"batch {number}")
        for number in range(6)
        for page in inquiry(random.Random(number))
    ]
    model = refit_papers(base, rows, [text for t in golden().rehearsed for text in t.texts])
    assert model.codes[-1] == "Q_OWN"
    assert model.weights.dtype == np.int8
    assert model.likenesses(rows[0].page)[0].code == "Q_OWN"


def test_rehearsed_pages_alone_change_nothing() -> None:
    models = shipped_models().models
    pages = [text for trial in golden().rehearsed for text in trial.texts]
    assert refit_papers(models.papers, [], pages) is models.papers
    assert refit_starts(models.starts, [], []) is models.starts


@settings(max_examples=25, deadline=None)
@given(st.lists(st.booleans(), min_size=4, max_size=40), st.integers(0, 2**16))
def test_further_trees_never_raise_the_surprise_about_what_they_learned(
    truths: list[bool], seed: int
) -> None:
    base = shipped_models().models.starts
    chance = np.random.default_rng(seed)
    rows = [
        StartExample({name: float(chance.integers(-1, 4)) for name in base.names}, truth)
        for truth in truths
    ]
    more = refit_starts(base, rows, [])
    assert more.trees[: len(base.trees)] == base.trees

    def surprise(model: object) -> float:
        given = [model.of_facts(row.facts).probability for row in rows]  # type: ignore[attr-defined]
        return -sum(
            float(np.log(max(p if row.start else 1 - p, 1e-12)))
            for p, row in zip(given, rows, strict=True)
        )

    assert surprise(more) <= surprise(base) + 1e-6


@given(st.text(min_size=1))
def test_a_batch_stays_on_its_side(origin: str) -> None:
    assert held_out(origin) is held_out(origin)


def test_a_quarter_of_the_batches_is_held_out() -> None:
    share = np.mean([held_out(digest("batch", number)) for number in range(4000)])
    assert 0.22 < share < 0.28


# -- what is kept -------------------------------------------------------------------------------


def test_the_golden_pages_survive_packing() -> None:
    whole = load_golden()
    data = packed(whole)
    assert data == packed(whole)
    with np.load(io.BytesIO(data)) as arrays:
        assert set(arrays.files) >= {"batches", "words"}
    assert golden_path().stat().st_size < 500_000
    assert {trial.origin for trial in whole.rehearsed}.isdisjoint(t.origin for t in whole.judged)
    known = {code for trial in whole.judged for code in trial.codes.values()}
    assert {c.code for c in CATALOGUE.components.values() if c.titles} <= known


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04", b"nothing"])
def test_damaged_golden_pages_are_refused(tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / "golden.npz"
    path.write_bytes(damage)
    with pytest.raises(ConfigError, match="PAGE_MODEL_INVALID"):
        load_golden(path)


def test_an_archived_page_is_read_again_as_it_was() -> None:
    page = page_text(["CỘNG HÒA XÃ HỘI || Số: 12/QĐ", "Độc lập", "Họ tên: Nguyễn Văn A"])
    again = read_again(sidecar_page(0, page))
    assert [line.text for line in again.lines] == [line.text for line in page.lines]
    scale = again.dpi / page.dpi
    for line, old in zip(again.lines, page.lines, strict=True):
        assert line.box.as_list() == pytest.approx([x * scale for x in old.box.as_list()], abs=0.1)


def test_learned_weights_are_installed_and_taken_back(tmp_path: Path) -> None:
    made, folder = tmp_path / "made", LearnedModels(tmp_path / "home" / "pages")
    made.mkdir()
    written(once(), made)
    assert folder.in_use().provenance is None
    installed = folder.install(made)
    assert folder.install(made).identity == installed.identity  # twice is once
    used = folder.in_use()
    assert used.identity == installed.identity != shipped_models().identity
    assert used.provenance is not None
    assert {s.judged for s in used.provenance.examples} == {True, False}
    assert folder.revert().identity == shipped_models().identity
    with pytest.raises(ConfigError, match="PAGE_MODEL_NONE_LEARNED"):
        folder.revert()


def test_what_was_learned_from_holds_ids_and_no_words(tmp_path: Path) -> None:
    written(once(), tmp_path)
    text = (tmp_path / "provenance.json").read_text(encoding="utf-8")
    assert Provenance.model_validate_json(text) == once().provenance
    pages = inquiry(random.Random(1))
    words = {word.text for page in pages for line in page.lines for word in line.words}
    assert not [word for word in words if len(word) > 3 and word in json.loads(text)]
    assert not any(len(word) > 6 and word in text for word in words)


@pytest.mark.parametrize("name", ["page-papers.npz", "page-starts.json", "provenance.json"])
def test_damaged_learned_weights_are_refused(tmp_path: Path, name: str) -> None:
    made, home = tmp_path / "made", tmp_path / "pages"
    made.mkdir()
    written(once(), made)
    identity = LearnedModels(home).install(made).identity
    (home / identity / name).write_bytes(b"{}")
    with pytest.raises(ConfigError, match="PAGE_MODEL_INVALID"):
        LearnedModels(home).in_use()


def test_weights_that_rest_on_others_are_left_aside(tmp_path: Path) -> None:
    made, home = tmp_path / "made", tmp_path / "pages"
    made.mkdir()
    written(once(), made)
    identity = LearnedModels(home).install(made).identity
    older = once().provenance.model_copy(update={"base": "1" * 64})
    write_provenance(older, home / identity)
    used = LearnedModels(home).in_use()
    assert used.outdated
    assert used.identity == shipped_models().identity
    write_provenance(older, made)
    with pytest.raises(ConfigError, match="PAGE_MODEL_OUTDATED"):
        LearnedModels(tmp_path / "other").install(made)


def test_the_gate_counts_what_is_wrong() -> None:
    """Against truths that are turned round, everything that was right is wrong."""
    models = shipped_models().models
    trials = golden().judged[:3]
    right, _ = judge(models, trials, CATALOGUE, SplitSettings())
    wrong, _ = judge(models, mislabelled(trials), CATALOGUE, SplitSettings())
    papers = sum(len(trial.types) for trial in trials)
    assert right.types_wrong < papers / 2 < wrong.types_wrong <= papers
