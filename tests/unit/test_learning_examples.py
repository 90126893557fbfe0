"""Examples from what was archived: which pages teach what, and which teach nothing."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casework.learning.examples import Decisions, FiledBatch, read_again
from ocr_models.trials import Trial
from pipeline.ids import component_id, review_id
from pipeline.models.batch import Batch
from pipeline.models.files import SourceKind
from pipeline.models.manifest import RawIndex, RawPageEntry, Sidecar, SidecarField
from pipeline.models.records import ComponentRecord, Revision
from pipeline.models.review import Answer, AnswerKind, ReviewItem, ReviewKind
from pipeline.stages.archiving import sidecar_page
from tests.fakes.archived import FOUND, SIGNATURE, START, Papers, batch_of
from tests.fakes.texts import page_text

BATCH = batch_of(Papers("lo"))
ID = BATCH.batch_id


def component(
    pages: tuple[int, ...], code: str = "C_KHAI_TU", *, kept: bool = False
) -> ComponentRecord:
    revision = Revision(
        rev=0,
        sha256="a" * 64,
        size=1,
        signature=None if kept else SIGNATURE,
        found=(FOUND,) if kept else (),
        object_key="x",
        version_id="1",
    )
    return ComponentRecord(
        component_id=component_id(ID, pages),
        batch_id=ID,
        unit="DEV",
        dossier_code="1",
        nn=pages[0] + 1,
        code=code,
        pages=pages,
        confidence=0.9,
        revisions=(revision,),
    )


def filed(
    components: Sequence[ComponentRecord],
    fates: str,
    *,
    files: Sequence[int] = (),
    batch: Batch = BATCH,
) -> FiledBatch:
    """A batch whose pages are kept (k), blank (b) or separators (s); a file begins at `files`."""
    names = {"k": "kept", "b": "blank", "s": "separator"}
    entries = []
    source = at = 0
    for index, fate in enumerate(fates):
        if index in files:
            source, at = source + 1, 0
        entries.append(
            RawPageEntry(
                index=index,
                source=source,
                source_page=at,
                sha256="0" * 64,
                fate=names[fate],
                object_key=None,
            )
        )
        at += 1
    sources = tuple(batch.sources[0] for _ in range(source + 1))
    raw = RawIndex(batch_id=ID, unit="DEV", sources=(), pages=tuple(entries))
    sidecars = {
        c.component_id: Sidecar(
            component_id=c.component_id,
            code=c.code,
            unit="DEV",
            dossier_code="1",
            pages=tuple(
                sidecar_page(n, page_text([f"Trang số {page}", "nội dung"]))
                for n, page in enumerate(c.pages)
            ),
            fields=(
                SidecarField(
                    name="ho_ten", value="Nguyễn Văn A", confidence=1.0, status="accepted"
                ),
            ),
            catalogue_version="1",
            catalogue_sha256="0" * 64,
        )
        for c in components
    }
    whole = batch.model_copy(update={"sources": sources})
    return FiledBatch(whole, components, sidecars, raw)


def decided(
    components: Sequence[ComponentRecord], *answers: tuple[ReviewKind, int | str, AnswerKind]
) -> Decisions:
    """Answers about a page (boundaries) or a component (all others)."""
    found = []
    for kind, place, verb in answers:
        item = ReviewItem(
            review_id=review_id(ID, kind.value, place),
            batch_id=ID,
            kind=kind,
            reason="X",
            page=place if isinstance(place, int) else None,
            component_id=place if isinstance(place, str) else None,
            field="ho_ten" if kind is ReviewKind.FIELD else None,
        )
        value = "Nguyễn Văn Á" if verb is AnswerKind.VALUE else None
        found.append((item, Answer(kind=verb, value=value, actor="dev", at=START)))
    return Decisions.of(found, components)


def only(found: list[tuple[int, Trial]]) -> Trial:
    ((_, trial),) = found
    return trial


def test_a_confirmed_boundary_teaches_that_page_alone() -> None:
    parts = [component((0, 1)), component((2,))]
    said = decided(parts, (ReviewKind.PAGE_BOUNDARY, 1, AnswerKind.ACCEPT))
    trial = only(filed(parts, "kkk").trials(said))
    assert trial.starts == {1}
    assert not trial.types
    assert dict(trial.codes) == {0: "C_KHAI_TU", 2: "C_KHAI_TU"}
    assert [page.text.split("\n")[0] for page in trial.paper(0)] == ["Trang số 0", "Trang số 1"]


def test_named_starts_teach_every_page() -> None:
    parts = [component((0, 1)), component((3,))]
    said = decided(parts, (ReviewKind.PAGE_BOUNDARY, 1, AnswerKind.SPLIT))
    trial = only(filed(parts, "kkbk").trials(said))
    assert trial.starts == {0, 1, 3}
    assert [text.index for text in trial.texts] == [0, 1, 3]  # a blank back between


def test_a_type_teaches_the_paper_that_has_it_now() -> None:
    parts = [component((0, 1), "F_14_HSB"), component((2,))]
    gone = component_id(ID, (0,))
    said = decided(
        parts,
        (ReviewKind.COMPONENT_TYPE, parts[0].component_id, AnswerKind.TYPE),
        (ReviewKind.COMPONENT_TYPE, gone, AnswerKind.ACCEPT),
    )
    trial = only(filed(parts, "kkk").trials(said))
    assert trial.types == {0}
    assert trial.codes[0] == "F_14_HSB"


def test_behind_a_sheet_types_teach_and_boundaries_do_not() -> None:
    parts = [component((1, 2)), component((4,))]
    said = decided(
        parts,
        (ReviewKind.PAGE_BOUNDARY, 2, AnswerKind.SPLIT),
        (ReviewKind.COMPONENT_TYPE, parts[1].component_id, AnswerKind.ACCEPT),
    )
    ((offset, trial),) = filed(parts, "skksk").trials(said)
    assert (offset, len(trial.starts)) == (4, 0)
    assert trial.types == {0}


@pytest.mark.parametrize(("kind", "stretches"), [(SourceKind.PDF_IMAGES, 2), (SourceKind.JPEG, 1)])
def test_a_file_of_pages_starts_a_paper_without_being_asked(
    kind: SourceKind, stretches: int
) -> None:
    parts = [component((0, 1)), component((2,))]
    source = BATCH.sources[0].model_copy(update={"kind": kind})
    batch = BATCH.model_copy(update={"sources": (source,)})
    said = decided(parts, (ReviewKind.SHEET_COUNT, 0, AnswerKind.SPLIT))
    assert len(filed(parts, "kkk", files=[2], batch=batch).trials(said)) == stretches


def test_a_file_that_keeps_its_bytes_teaches_nothing() -> None:
    parts = [component((0,)), component((1, 2), kept=True), component((3,))]
    said = decided(
        parts,
        (ReviewKind.SHEET_COUNT, 0, AnswerKind.SPLIT),
        (ReviewKind.COMPONENT_TYPE, parts[1].component_id, AnswerKind.TYPE),
    )
    found = filed(parts, "kkkk").trials(said)
    assert [(offset, len(trial.texts)) for offset, trial in found] == [(0, 1), (3, 1)]


def test_nothing_decided_teaches_nothing() -> None:
    parts = [component((0, 1))]
    assert filed(parts, "kk").trials(decided(parts)) == []


def test_the_last_word_about_a_field_counts() -> None:
    parts = [component((0,))]
    place = parts[0].component_id
    said = decided(
        parts,
        (ReviewKind.FIELD, place, AnswerKind.ACCEPT),
        (ReviewKind.FIELD, place, AnswerKind.VALUE),
    )
    (field,) = filed(parts, "k").fields(said)
    assert (field.field, field.value, field.corrected) == ("ho_ten", "Nguyễn Văn Á", True)


def test_every_decision_is_named_by_its_question() -> None:
    parts = [component((0, 1)), component((2,))]
    said = decided(
        parts,
        (ReviewKind.PAGE_BOUNDARY, 2, AnswerKind.ACCEPT),
        (ReviewKind.COMPONENT_TYPE, parts[0].component_id, AnswerKind.ACCEPT),
    )
    batch = filed(parts, "kkk")
    ((offset, trial),) = batch.trials(said)
    found = {(s.kind, s.review) for s in batch.sources(offset, trial, said)}
    assert found == {
        ("boundary", review_id(ID, "PAGE_BOUNDARY", 2)),
        ("type", review_id(ID, "COMPONENT_TYPE", parts[0].component_id)),
    }


WORDS = st.text(alphabet="aăâbcđ1.:/", min_size=1, max_size=6)


@given(st.lists(st.lists(WORDS, min_size=1, max_size=5), min_size=1, max_size=8))
def test_lines_are_read_again_as_they_were(lines: list[list[str]]) -> None:
    page = page_text([" ".join(words) for words in lines])
    again = read_again(sidecar_page(0, page))
    assert [[w.text for w in line.words] for line in again.lines] == lines


@given(st.lists(st.lists(WORDS, min_size=1, max_size=5), min_size=1, max_size=8), st.data())
def test_words_of_a_page_drawn_smaller_lie_where_they_were_read(
    lines: list[list[str]], data: st.DataObject
) -> None:
    scale = data.draw(st.floats(0.7, 1.0))
    page = page_text([" ".join(words) for words in lines]).model_copy(update={"scale": scale})
    again = read_again(sidecar_page(0, page))
    pixels = 300 / page.dpi
    for was, now in zip(page.lines, again.lines, strict=True):
        for word, read in zip(was.words, now.words, strict=True):
            for edge in ("x0", "y0", "x1", "y1"):
                wanted = getattr(word.box, edge) * pixels
                assert getattr(read.box, edge) == pytest.approx(wanted, abs=0.2)
