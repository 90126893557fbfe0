"""Examples: what people decided, put together with the pages they decided about.

Derived from records and archive whenever it is asked for, and written nowhere: an answer given
later, or a person's right to have papers erased, leaves nothing behind here. Only what a person
confirmed or corrected counts; what the machine decided alone teaches nothing. May not come in:
learning, judging.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ocr_models.page_registry import Source
from ocr_models.trials import Trial, line_of, page_of
from pipeline.errors import ChecksumMismatch, NotFound
from pipeline.ids import digest
from pipeline.models.base import Box
from pipeline.models.batch import Batch, BatchState
from pipeline.models.files import SourceKind
from pipeline.models.manifest import RawIndex, RawPageEntry, Sidecar, SidecarPage
from pipeline.models.records import ComponentRecord
from pipeline.models.review import Answer, AnswerKind, ReviewItem, ReviewKind, in_time
from pipeline.models.split import Fate
from pipeline.models.stamps import unfitted
from pipeline.models.text import Line, PageText, Word
from pipeline.ports.archive import ObjectStore
from pipeline.ports.records import Records
from pipeline.stages.archiving import raw_index_key, sidecar_key, unpacked

_SCALE = 300 / 72
"""Pixels of a read page per point of an archived one."""
_SINGLE = (SourceKind.JPEG, SourceKind.PNG)
"""Files of one page: a folder of them is one stack."""


@dataclass(frozen=True, slots=True)
class FieldExample:
    """A field value that a person confirmed or corrected."""

    review: str
    """Of the question."""
    code: str
    """Of the paper."""
    field: str
    value: str
    """What is right."""
    corrected: bool
    """False: the value that was read was right."""


@dataclass(frozen=True, slots=True)
class Examples:
    """All that people taught so far; personal data, to be kept in memory only."""

    trials: tuple[Trial, ...]
    fields: tuple[FieldExample, ...]
    sources: tuple[Source, ...]
    """What each decision about a boundary or a type is, without what stands on the page."""
    unreadable: int
    """Batches whose text is not in the archive as it was put there."""

    def counts(self) -> dict[str, int]:
        """Numbers by kind, `boundary`, `type`, `field_confirmed`, `field_corrected`."""
        corrected = sum(field.corrected for field in self.fields)
        return {
            "boundary": sum(len(trial.starts) for trial in self.trials),
            "type": sum(len(trial.types) for trial in self.trials),
            "field_confirmed": len(self.fields) - corrected,
            "field_corrected": corrected,
            "batches": len({trial.origin for trial in self.trials}),
        }

    def codes(self) -> dict[str, int]:
        """Number of examples by type, most frequent first."""
        found = Counter(trial.codes[page] for trial in self.trials for page in trial.types)
        return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def gather(records: Records, store: ObjectStore) -> Examples:
    """Everything that people decided about archived batches.

    Args:
        records: questions and answers.
        store: the archive.

    Raises:
        ArchiveUnavailable: the archive cannot be reached.
    """
    by_batch: dict[str, list[tuple[ReviewItem, Answer]]] = defaultdict(list)
    for item, answer in in_time(records.reviews()):
        by_batch[item.batch_id].append((item, answer))
    trials: list[Trial] = []
    fields: list[FieldExample] = []
    sources: list[Source] = []
    unreadable = 0
    for batch_id in sorted(by_batch):
        record = records.batch(batch_id)
        if record.state is not BatchState.ARCHIVED:
            continue
        components = records.components(batch_id=batch_id)
        try:
            filed = FiledBatch.read(record.batch, components, store)
        except (NotFound, ChecksumMismatch):
            unreadable += 1
            continue
        decided = Decisions.of(by_batch[batch_id], components)
        for offset, trial in filed.trials(decided):
            trials.append(trial)
            sources += filed.sources(offset, trial, decided)
        fields += filed.fields(decided)
    return Examples(tuple(trials), tuple(fields), tuple(sources), unreadable)


def held_out(origin: str) -> bool:
    """True for a quarter of all batches: judged by, never learned, however many there will be."""
    return digest("held-out", origin)[0] in "0123"


# -- what was decided ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Decisions:
    """What people said about one batch."""

    boundaries: Mapping[int, str]
    """Question by page."""
    whole: str | None
    """The question whose answer named all starts."""
    types: Mapping[str, str]
    """Question by component."""
    fields: Mapping[tuple[str, str], tuple[str, Answer]]
    """(question, newest answer) by component and field."""

    @classmethod
    def of(
        cls,
        answers: Sequence[tuple[ReviewItem, Answer]],
        components: Sequence[ComponentRecord],
    ) -> Decisions:
        """Sort the answers; those about components that are no more are left out."""
        there = {component.component_id for component in components}
        boundaries: dict[int, str] = {}
        types: dict[str, str] = {}
        fields: dict[tuple[str, str], tuple[str, Answer]] = {}
        whole = None
        for item, answer in answers:
            told = answer.kind in (AnswerKind.ACCEPT, AnswerKind.TYPE)
            component = item.component_id
            if answer.kind is AnswerKind.SPLIT:
                whole = item.review_id
            elif item.kind is ReviewKind.PAGE_BOUNDARY and item.page is not None:
                boundaries[item.page] = item.review_id
            elif component not in there:
                continue
            elif item.kind in (ReviewKind.COMPONENT_TYPE, ReviewKind.PHYSICAL_ONLY) and told:
                types[component] = item.review_id
            elif item.kind is ReviewKind.FIELD and item.field is not None:
                fields[component, item.field] = (item.review_id, answer)
        return cls(boundaries, whole, types, fields)


# -- what was archived --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Pages between sheets, file ends and kept files."""

    pages: list[int]
    sheeted: bool
    """A sheet opened it: where its papers start was said, not seen."""


class FiledBatch:
    """One archived batch."""

    def __init__(
        self,
        batch: Batch,
        components: Sequence[ComponentRecord],
        sidecars: Mapping[str, Sidecar],
        index: RawIndex,
    ) -> None:
        self._batch = batch
        self._components = [c for c in components if not _kept(c)]
        self._sidecars = sidecars
        self._index = index
        self._texts = {
            page: text
            for c in self._components
            for page, text in zip(c.pages, _pages(sidecars[c.component_id]), strict=True)
        }

    @classmethod
    def read(
        cls, batch: Batch, components: Sequence[ComponentRecord], store: ObjectStore
    ) -> FiledBatch:
        """Fetch text and index of a batch.

        Raises:
            NotFound: something is not there.
            ChecksumMismatch: something is not what was put there.
        """
        sidecars = {c.component_id: _sidecar(c, store) for c in components}
        key = raw_index_key(batch.batch_id)
        with store.open(key) as stream:
            data = stream.read()
        try:
            return cls(batch, components, sidecars, RawIndex.model_validate_json(data))
        except ValueError as error:
            raise ChecksumMismatch(key=key) from error

    def trials(self, decided: Decisions) -> list[tuple[int, Trial]]:
        """The stretches in which something was decided, each with its first page in the batch."""
        out = []
        codes = {c.pages[0]: c for c in self._components}
        for stretch in self._stretches():
            offset = stretch.pages[0]
            texts = tuple(
                self._texts[p].model_copy(update={"index": p - offset})
                for p in stretch.pages
                if p in self._texts and self._texts[p].lines
            )
            there = {text.index + offset for text in texts}
            starts = {
                p
                for p in there
                if not stretch.sheeted and (decided.whole is not None or p in decided.boundaries)
            }
            types = {p for p in there if p in codes and codes[p].component_id in decided.types}
            if starts or types:
                trial = Trial(
                    origin=self._batch.batch_id,
                    texts=texts,
                    codes={p - offset: codes[p].code for p in stretch.pages if p in codes},
                    starts=frozenset(p - offset for p in starts),
                    types=frozenset(p - offset for p in types),
                )
                out.append((offset, trial))
        return out

    def sources(self, offset: int, trial: Trial, decided: Decisions) -> list[Source]:
        """What names the decisions behind a trial that begins at page `offset` of the batch."""
        judged = held_out(self._batch.batch_id)
        typed = {c.pages[0]: decided.types.get(c.component_id) for c in self._components}
        out = []
        for text in trial.texts:
            page, sha = text.index + offset, _digest_of(text)
            asked = decided.boundaries.get(page) or decided.whole
            if text.index in trial.starts and asked:
                out.append(Source(review=asked, kind="boundary", page=sha, judged=judged))
            if text.index in trial.types and (question := typed.get(page)):
                out.append(Source(review=question, kind="type", page=sha, judged=judged))
        return out

    def fields(self, decided: Decisions) -> list[FieldExample]:
        """Values that were confirmed or corrected."""
        out = []
        for component in self._components:
            sidecar = self._sidecars[component.component_id]
            for field in sidecar.fields:
                found = decided.fields.get((component.component_id, field.name))
                if found is None:
                    continue
                question, answer = found
                out.append(
                    FieldExample(
                        review=question,
                        code=component.code,
                        field=field.name,
                        value=field.value if answer.value is None else answer.value,
                        corrected=answer.value is not None,
                    )
                )
        return out

    def _stretches(self) -> list[_Stretch]:
        kept = set(self._texts)
        many = Counter(entry.source for entry in self._index.pages)
        out: list[_Stretch] = []
        sheeted = ended = False
        for entry in self._index.pages:
            if entry.fate == Fate.SEPARATOR.value:
                sheeted = ended = True
            elif entry.fate == Fate.BLANK.value:
                continue
            elif entry.index not in kept:  # of a file that keeps its bytes
                sheeted, ended = False, True
            elif out and not ended and not self._opens(entry, many[entry.source]):
                out[-1].pages.append(entry.index)
            else:
                out.append(_Stretch([entry.index], sheeted))
                sheeted = ended = False
        return out

    def _opens(self, entry: RawPageEntry, pages: int) -> bool:
        """True for page one of a file that starts a paper (PDF, TIFF of several pages)."""
        kind = self._batch.sources[entry.source].kind
        single = kind in _SINGLE or (kind is SourceKind.TIFF and pages == 1)
        return entry.source_page == 0 and not single


def _kept(component: ComponentRecord) -> bool:
    return component.current is None or component.current.signature is None


def _sidecar(component: ComponentRecord, store: ObjectStore) -> Sidecar:
    key = sidecar_key(component.unit, component.dossier_code, component.component_id)
    with store.open(key) as stream:
        data = stream.read()
    if hashlib.sha256(data).hexdigest() != component.sidecar_sha256:
        raise ChecksumMismatch(key=key)
    try:
        return unpacked(data)
    except ValueError as error:
        raise ChecksumMismatch(key=key) from error


def _pages(sidecar: Sidecar) -> list[PageText]:
    return [read_again(page) for page in sidecar.pages]


def read_again(page: SidecarPage) -> PageText:
    """The text of an archived page as it was read: lines, words, boxes, confidences.

    The archive keeps words in reading order and the page's text in lines; layout blocks and what
    the engine had read before a word was corrected are not kept.
    """
    left = list(reversed(page.words))
    lines: list[Line] = []
    for printed in page.text.split("\n"):
        row: list[Word] = []
        while left and len(" ".join(word.text for word in row)) < len(printed):
            word = left.pop()
            box = _box(word.box, page)
            row.append(Word(text=word.text, confidence=word.confidence, box=box))
        if row:
            lines.append(line_of(row))
    return page_of(page.page, round(page.width * _SCALE), round(page.height * _SCALE), lines)


def _box(box: tuple[float, float, float, float], page: SidecarPage) -> Box:
    """Upright pixels of the page as scanned, however small its content was drawn."""
    left, bottom, right, top = box
    archived = Box(x0=left, y0=bottom, x1=right, y1=top)
    scanned = unfitted(archived, page.scale, page.width)
    return Box(
        x0=scanned.x0 * _SCALE,
        y0=(page.height - scanned.y1) * _SCALE,
        x1=scanned.x1 * _SCALE,
        y1=(page.height - scanned.y0) * _SCALE,
    )


def _digest_of(text: PageText) -> str:
    boxes = [(w.text, round(w.box.x0), round(w.box.y0)) for line in text.lines for w in line.words]
    return digest("page-text", boxes)
