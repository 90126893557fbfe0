"""Weights that tell pages and papers: whole, verified, small, quick, and explained."""

from __future__ import annotations

import functools
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from ocr_models.pages import PageModels, data_folder, load_models, read_manifest, write_models
from pipeline.catalogue import OTHER, load_catalogue
from pipeline.catalogue.matching import Matcher
from pipeline.catalogue.papers import PaperModel, hashed
from pipeline.errors import ConfigError
from pipeline.models.files import FileRef
from pipeline.models.pages import BlankStatus, PageLook, PageSheet, RawPage
from pipeline.settings import SplitSettings
from pipeline.stages.separation import PageEvidence
from pipeline.stages.separation.examples import examples, seen_on
from pipeline.stages.separation.shape import shape
from pipeline.stages.separation.starts import WHY, Seen, Situation, StartModel, Tree, facts
from tests.fakes.texts import page_text

MOTTO = ("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Độc lập - Tự do - Hạnh phúc")
DISCHARGE = (
    "SỞ Y TẾ TỈNH A || CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
    "BỆNH VIỆN ĐA KHOA || Độc lập - Tự do - Hạnh phúc",
    "GIẤY RA VIỆN",
    "Họ tên người bệnh: NGUYỄN VĂN A",
    "Vào viện lúc: 08 giờ 00 phút, ngày 01 tháng 02 năm 2024",
    "Ra viện lúc: 09 giờ 00 phút, ngày 08 tháng 02 năm 2024",
    "Chẩn đoán: Viêm phổi",
    "Phương pháp điều trị: Nội khoa",
    "Ghi chú: khám lại sau một tuần",
)
BODY = ("tiếp tục nội dung ở trang trước, cá nhân và đơn vị có trách nhiệm", "thi hành;")


@functools.cache
def models() -> PageModels:
    return load_models()


def situation(lines: tuple[str, ...], before: tuple[str, ...], ruled: float = 0.5) -> Situation:
    matcher = Matcher(load_catalogue())

    def seen(printed: tuple[str, ...]) -> Seen:
        text = page_text(printed)
        return Seen(shape(text), matcher.read(text), models().papers.likenesses(text))

    return Situation(
        page=seen(lines),
        previous=seen(before),
        next=None,
        first=seen(before),
        component=None,
        count=1,
        number=None,
        skipped=0,
        same_size=True,
        ruled=ruled,
    )


def test_the_weights_that_ship_are_what_the_manifest_says() -> None:
    manifest = read_manifest()
    assert models().starts.version == models().papers.version == manifest.version
    files = [data_folder() / name for name in manifest.sha256]
    assert sum(f.stat().st_size for f in files) <= 1_000_000
    assert manifest.figures["boundary_f1"] >= manifest.rules_alone["boundary_f1"]
    assert manifest.figures["right_type"] >= manifest.rules_alone["right_type"]


def test_every_paper_of_the_catalogue_is_known_to_the_weights() -> None:
    catalogue = load_catalogue()
    known = set(models().papers.codes)
    assert OTHER in known
    assert {c.code for c in catalogue.components.values() if c.titles} <= known


@pytest.mark.parametrize("name", ["page-papers.npz", "page-starts.json", "page-models.toml"])
def test_damaged_weights_are_refused(tmp_path: Path, name: str) -> None:
    for file in data_folder().glob("page-*"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    path = tmp_path / name
    path.write_bytes(b"[" * 40 + path.read_bytes()[40:])
    with pytest.raises(ConfigError, match="PAGE_MODEL_INVALID"):
        load_models(tmp_path)
    path.unlink()
    with pytest.raises(ConfigError, match="PAGE_MODEL_INVALID"):
        load_models(tmp_path)


def test_weights_are_read_as_they_were_written(tmp_path: Path) -> None:
    write_models(
        models(),
        tmp_path,
        trained_on="“a”",
        measured_on="b",
        figures={"x": 1},
        rules_alone={},
        thresholds={"boundary": 0.5},
    )
    again = load_models(tmp_path)
    assert again.starts == models().starts
    assert np.array_equal(again.papers.weights, models().papers.weights)
    assert read_manifest(tmp_path).trained_on == "“a”"


def test_a_page_reads_like_its_paper_though_vowels_are_lost() -> None:
    whole = models().papers.likenesses(page_text(DISCHARGE))
    assert whole[0].code == "M_GIAY_RA_VIEN"
    lost = tuple(line.translate(str.maketrans("", "", "ấầẩộệ")) for line in DISCHARGE)
    assert models().papers.likenesses(page_text(lost))[0].code == "M_GIAY_RA_VIEN"
    assert sum(like.probability for like in whole) == pytest.approx(1, abs=1e-3)
    assert models().papers.likenesses(page_text(())) == ()


def test_heads_start_papers_and_running_text_goes_on() -> None:
    starts = models().starts
    signed = (*BODY, *("" for _ in range(30)), "GIÁM ĐỐC", "(Ký, đóng dấu)")
    begins = starts.chance(situation(DISCHARGE, signed))
    full = (
        *DISCHARGE,
        *("các bên thống nhất nội dung nêu trên và chịu trách nhiệm" for _ in range(36)),
    )
    goes_on = starts.chance(situation(BODY * 12, full, -0.9))
    assert begins.probability > 0.9 > 0.5 > goes_on.probability
    assert begins.why
    assert set(begins.why) | set(goes_on.why) <= set(WHY)


def test_a_page_of_signatures_closes_a_paper() -> None:
    rest = ("Thanh Hóa, ngày 30 tháng 7 năm 2026", "NGƯỜI LẬP || GIÁM ĐỐC", "(Ký, ghi rõ họ tên)")
    assert shape(page_text(rest)).closes
    assert not shape(page_text((*BODY * 4, *rest))).closes
    assert not shape(page_text(DISCHARGE)).closes


def test_thresholds_are_those_that_the_weights_were_tuned_with() -> None:
    tuned = read_manifest().thresholds
    assert tuned.pop("boundary") == SplitSettings().boundary_confidence
    assert tuned == asdict(models().papers.trust)


def test_every_fact_can_be_told_to_a_person() -> None:
    names = set(facts(situation(DISCHARGE, BODY)))
    assert set(models().starts.names) == names
    for number, name in enumerate(sorted(names)):
        tree = Tree((0, -1, -1), (0.5,) * 3, (1, 0, 0), (2, 0, 0), (0.0, -1.0, 1.0))
        model = StartModel("t", (name,), 0.0, (tree,), 1.0, 0.0)
        assert model.of_facts({name: 1.0}).why, (number, name)


def test_a_page_without_lines_has_a_shape() -> None:
    assert shape(page_text(())).words == 0


def test_judging_a_page_is_quick() -> None:
    """At most 3 ms of processor time for both models and what they look at, with slack for CI."""
    text = page_text(tuple(f"{n}. Người khai cam đoan nội dung trên là đúng" for n in range(45)))
    at = situation(DISCHARGE, BODY)
    start = time.process_time()
    for _ in range(20):
        shape(text)
        models().papers.likenesses(text)
        models().starts.chance(at)
    assert (time.process_time() - start) / 20 < 0.012


def test_weights_can_be_moved_and_packed_again() -> None:
    papers = models().papers
    again = PaperModel.packed(
        "t",
        papers.codes,
        papers.dense,
        papers.biases,
        sharpness=papers.sharpness,
        trust=papers.trust,
    )
    assert np.array_equal(again.weights, papers.weights)
    text = page_text(DISCHARGE)
    buckets, counts = hashed(text, len(papers.weights))
    moved = papers.dense
    moved[buckets, papers.codes.index("C_KHAI_TU")] += 500 * counts
    taught = PaperModel.packed("t", papers.codes, moved, papers.biases)
    assert papers.likenesses(text)[0].code == "M_GIAY_RA_VIEN"
    assert taught.likenesses(text)[0].code == "C_KHAI_TU"


def test_a_new_calibration_moves_the_odds_only() -> None:
    starts = models().starts
    at = situation(DISCHARGE, BODY)
    before = starts.chance(at)
    same, shifted = starts.recalibrated(1, 0, "t"), starts.recalibrated(1, -100, "t")
    assert same.chance(at).probability == before.probability
    assert shifted.chance(at).probability < 1e-6


def test_examples_are_the_pages_that_rules_leave_open() -> None:
    pages = [page_text(lines, index=i) for i, lines in enumerate((DISCHARGE, BODY * 9, DISCHARGE))]
    evidence = [
        PageEvidence(
            raw=RawPage(
                index=text.index,
                source=0,
                source_page=text.index,
                file=FileRef(sha256="0" * 64, size=1, media_type="image/jpeg"),
                width_px=text.width_px,
                height_px=text.height_px,
                dpi=300.0,
            ),
            look=PageLook(
                index=text.index,
                turn=0,
                turn_certain=True,
                skew_deg=0.0,
                blank=BlankStatus.CONTENT,
                blank_score=0.0,
                ink=0.05,
            ),
            sheet=PageSheet(index=text.index, sheet=None),
            text=text,
            kept=False,
        )
        for text in pages
    ]
    catalogue = load_catalogue()
    seen = seen_on(pages, Matcher(catalogue), models().papers)
    made = examples(evidence, frozenset({0, 2}), catalogue, seen)
    assert [(each.page, each.starts) for each in made] == [(1, False), (2, True)]
    assert all(set(each.facts) == set(models().starts.names) for each in made)
