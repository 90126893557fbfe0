"""Review: which answers fit which question, and what an answer changes.

An answer to a blocking question is stored; the batch then walks on from its first step with the
answer among its inputs. An answer about a field of an archived component replaces the sidecar.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from pipeline.catalogue import Catalogue
from pipeline.errors import ConfigError, NotFound, WorkflowError
from pipeline.ids import digest
from pipeline.models.actors import Actor, Role
from pipeline.models.batch import BatchState
from pipeline.models.events import Event
from pipeline.models.manifest import Sidecar
from pipeline.models.review import Answer, AnswerKind, ResolvedReview, ReviewItem, ReviewKind
from pipeline.ports.archive import ObjectStore
from pipeline.ports.records import Records
from pipeline.stages.archiving import packed, put_blob, sidecar_key, unpacked
from pipeline.textnorm import is_text
from pipeline.workspace import Workspace

_FITTING: Mapping[ReviewKind, frozenset[AnswerKind]] = {
    ReviewKind.PAGE_BOUNDARY: frozenset({AnswerKind.ACCEPT, AnswerKind.SPLIT}),
    ReviewKind.COMPONENT_TYPE: frozenset({AnswerKind.ACCEPT, AnswerKind.TYPE, AnswerKind.SPLIT}),
    ReviewKind.BLANK_UNCERTAIN: frozenset({AnswerKind.BLANK}),
    ReviewKind.SHEET_COUNT: frozenset({AnswerKind.ACCEPT, AnswerKind.SPLIT}),
    ReviewKind.UNREADABLE_PAGE: frozenset({AnswerKind.ACCEPT}),
    ReviewKind.PHYSICAL_ONLY: frozenset({AnswerKind.ACCEPT, AnswerKind.TYPE}),
    ReviewKind.SOURCE_INCOMPLETE: frozenset({AnswerKind.ACCEPT}),
    ReviewKind.FIELD: frozenset({AnswerKind.ACCEPT, AnswerKind.VALUE}),
    ReviewKind.IDENTITY_MISMATCH: frozenset({AnswerKind.ACCEPT}),
    ReviewKind.QUALITY: frozenset({AnswerKind.ACCEPT}),
    ReviewKind.E_COPY: frozenset({AnswerKind.ACCEPT}),
}


def role_of(kind: ReviewKind) -> Role:
    """Whose question it is (R-1333-17, R-1333-27).

    Boundaries and types are the scanning officer's, values the case officer's.
    """
    return Role.RECEPTION_OFFICER if kind.blocking else Role.CASE_OFFICER


def check(item: ReviewItem, answer: Answer, pages: int, catalogue: Catalogue) -> None:
    """Whether an answer fits its question.

    Args:
        item: the question.
        answer: what the person says.
        pages: pages of the whole source, bound of `--split`.
        catalogue: must know a `--type`.

    Raises:
        WorkflowError: `ANSWER_NOT_FITTING`.
        ConfigError: `TERM_UNKNOWN`, `SPLIT_OUT_OF_RANGE`, `VALUE_INVALID`.
    """
    if answer.kind not in _FITTING[item.kind]:
        fitting = ", ".join(sorted(f"--{k.value}" for k in _FITTING[item.kind]))
        raise WorkflowError("ANSWER_NOT_FITTING", kind=item.kind.value, fitting=fitting)
    if answer.component_code is not None:
        try:
            catalogue.component(answer.component_code)
        except NotFound as error:
            raise ConfigError("TERM_UNKNOWN", component=answer.component_code) from error
    if answer.starts is not None and not all(0 <= s < pages for s in answer.starts):
        raise ConfigError("SPLIT_OUT_OF_RANGE", last=pages - 1)
    if answer.value is not None and not is_text(answer.value):
        raise ConfigError("VALUE_INVALID")


def store_answer(
    review: ResolvedReview, answer: Answer, actor: Actor, records: Records, *, settled: bool
) -> BatchState:
    """Store an answer with its event.

    Returns:
        State of the batch the question belongs to.

    Raises:
        WorkflowError: `BATCH_CLOSED` for a blocking question of a batch that is past it.

    Args:
        review: the question.
        answer: what the person says.
        actor: the person.
        records: where it is stored.
        settled: the split of the batch is settled: components hang on it.
    """
    item = review.item
    state = records.batch(item.batch_id).state
    if item.blocking and (settled or state in (BatchState.ARCHIVED, BatchState.SUPERSEDED)):
        raise WorkflowError("BATCH_CLOSED", state=state.value)
    subjects = {"batch_id": item.batch_id, "review_id": item.review_id, "answer": answer.kind.value}
    event = Event(
        event_id=digest("event", "review.answered", subjects, answer.at.isoformat()),
        at=answer.at,
        actor=actor,
        action="review.answered",
        subjects=subjects,
    )
    records.answer(item.review_id, answer, [event])
    return state


def correct_field(
    item: ReviewItem,
    answer: Answer,
    actor: Actor,
    records: Records,
    store: ObjectStore,
    workspace: Workspace,
) -> None:
    """Publish the sidecar of an archived component with a confirmed field, and owe the index.

    Raises:
        NotFound: the component or its sidecar is gone.
        ArchiveUnavailable: the store cannot be reached; the answer is kept and may be repeated.
    """
    if item.component_id is None or item.field is None:
        return
    component = records.component(item.component_id)
    revision = component.current
    if revision is None or revision.version_id is None or component.sidecar_sha256 is None:
        return
    key = sidecar_key(component.unit, component.dossier_code, component.component_id)
    with store.open(key) as stream:
        before = unpacked(stream.read())
    after = _confirmed(before, item.field, answer.value)
    ref = workspace.put(packed(after), "application/gzip")
    put_blob(key, ref, workspace, store, locked=False)
    event = _field_event(item, actor, answer.at, before, ref.sha256)
    records.commit_stored(
        component.component_id, revision.rev, revision.version_id, ref.sha256, [event]
    )
    records.owe([component.component_id])


def _confirmed(sidecar: Sidecar, name: str, value: str | None) -> Sidecar:
    changed = tuple(
        f.model_copy(
            update={
                "value": f.value if value is None else value,
                "confidence": 1.0,
                "status": "accepted",
                "reasons": (),
            }
        )
        if f.name == name
        else f
        for f in sidecar.fields
    )
    return sidecar.model_copy(update={"fields": changed})


def _field_event(
    item: ReviewItem, actor: Actor, at: dt.datetime, before: Sidecar, sha256: str
) -> Event:
    subjects = {
        "batch_id": item.batch_id,
        "component_id": before.component_id,
        "field": item.field or "",
    }
    return Event(
        event_id=digest("event", "field.confirmed", subjects, sha256, at.isoformat()),
        at=at,
        actor=actor,
        action="field.confirmed",
        subjects=subjects,
        hashes={"sidecar": sha256},
    )
