"""Review: which answers fit which question, and what an answer changes.

An answer to a blocking question is stored; the batch then walks on from its first step with the
answer among its inputs. An answer about a field of an archived component is carried out when the
component is next delivered to the index: it replaces the sidecar.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from pipeline.catalogue import Catalogue
from pipeline.errors import ChecksumMismatch, ConfigError, NotFound, WorkflowError
from pipeline.ids import digest
from pipeline.models.actors import Actor, Role
from pipeline.models.batch import BatchState
from pipeline.models.events import Event
from pipeline.models.manifest import Sidecar
from pipeline.models.records import ComponentRecord
from pipeline.models.review import (
    Answer,
    AnswerKind,
    ResolvedReview,
    ReviewItem,
    ReviewKind,
    in_time,
)
from pipeline.ports.archive import ObjectStore
from pipeline.ports.records import Records
from pipeline.run.work import Tools
from pipeline.stages.archiving import packed, put_blob, sidecar_key, unpacked
from pipeline.textnorm import has_control_characters, nfc
from pipeline.workspace import Workspace

_GZIP = "application/gzip"
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


def checked(item: ReviewItem, answer: Answer, pages: int, catalogue: Catalogue) -> Answer:
    """The answer as it is stored (NFC), where it fits its question.

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
    if answer.value is None:
        return answer
    if has_control_characters(answer.value.replace("\n", " ")):
        raise ConfigError("VALUE_INVALID")
    return answer.model_copy(update={"value": nfc(answer.value)})


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


def carried_out(component: ComponentRecord, tools: Tools) -> Sidecar:
    """The sidecar of an archived component, after what people said of its fields.

    A new sidecar's digest is committed before it is put, as for signed bytes: what the archive
    holds is trusted only with the digest that the records expect, so a changed one is never
    taken over. Killed in between, the bytes wait in the workspace for the next delivery.

    Raises:
        NotFound: the sidecar is gone.
        ChecksumMismatch: it is not the one that was archived.
        ArchiveUnavailable: the store cannot be reached; the answers are kept.
    """
    records, store = tools.records, tools.store
    workspace = tools.workspace.of(component.batch_id)
    before = _expected(component, store, workspace)
    if not _changes(before, _answers(component, records)):
        return before
    with workspace.working(), tools.claims.claim(component.batch_id, wait=True):
        component = records.component(component.component_id)
        before = _expected(component, store, workspace)
        changes = _changes(before, _answers(component, records))
        return _publish(component, before, changes, records, store, workspace)


def _answers(component: ComponentRecord, records: Records) -> tuple[tuple[ReviewItem, Answer], ...]:
    return in_time(
        r
        for r in records.reviews(batch_id=component.batch_id)
        if r.item.component_id == component.component_id and r.item.field is not None
    )


def _expected(component: ComponentRecord, store: ObjectStore, workspace: Workspace) -> Sidecar:
    """The sidecar that the records expect, put anew where a killed process did not get to it."""
    key = sidecar_key(component.unit, component.dossier_code, component.component_id)
    with store.open(key) as stream:
        data = stream.read()
    expected = component.sidecar_sha256
    if hashlib.sha256(data).hexdigest() == expected:
        return unpacked(data)
    if expected is None or not workspace.sound(expected):
        raise ChecksumMismatch(key=key)
    ref = workspace.kept(expected, _GZIP)
    put_blob(key, ref, workspace, store, locked=False)
    return unpacked(workspace.read(ref))


def _changes(
    before: Sidecar, answers: Sequence[tuple[ReviewItem, Answer]]
) -> list[tuple[ReviewItem, Answer, Sidecar]]:
    """Answers that are not in the sidecar yet, each with the sidecar after it."""
    after = before
    for item, answer in answers:
        after = _confirmed(after, str(item.field), answer.value)
    if after == before:
        return []
    changed = {f.name for f, old in zip(after.fields, before.fields, strict=True) if f != old}
    return [(item, answer, after) for item, answer in answers if item.field in changed]


def _publish(
    component: ComponentRecord,
    before: Sidecar,
    changes: Sequence[tuple[ReviewItem, Answer, Sidecar]],
    records: Records,
    store: ObjectStore,
    workspace: Workspace,
) -> Sidecar:
    revision = component.current
    if not changes or revision is None or revision.version_id is None:
        return before
    after = changes[-1][2]
    ref = workspace.put(packed(after), _GZIP)
    events = [_field_event(item, answer, component, ref.sha256) for item, answer, _ in changes]
    records.commit_stored(
        component.component_id, revision.rev, revision.version_id, ref.sha256, events
    )
    key = sidecar_key(component.unit, component.dossier_code, component.component_id)
    put_blob(key, ref, workspace, store, locked=False)
    return after


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


def _field_event(item: ReviewItem, answer: Answer, component: ComponentRecord, sha: str) -> Event:
    subjects = {
        "batch_id": item.batch_id,
        "component_id": component.component_id,
        "field": item.field or "",
    }
    return Event(
        event_id=digest("event", "field.confirmed", subjects, sha, answer.at.isoformat()),
        at=answer.at,
        actor=Actor(id=answer.actor, role=role_of(item.kind), unit=component.unit),
        action="field.confirmed",
        subjects=subjects,
        hashes={"sidecar": sha},
    )
