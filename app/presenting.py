"""Views as the JSON contract, and as lines for people. Pure: strings and dicts out."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from app.messages import Messages, Rendered
from casework.reporting import ComponentText, ComponentView, DossierView
from pipeline.errors import ExitCode, SohoaError
from pipeline.ids import LEGAL_ZONE, shown
from pipeline.models.batch import BatchState
from pipeline.models.components import CounterSignature, FoundSignature, SignatureInfo
from pipeline.models.files import RefusedFile
from pipeline.models.manifest import SidecarField
from pipeline.models.records import DossierRecord
from pipeline.models.review import ResolvedReview
from pipeline.models.split import PageCounts
from pipeline.textnorm import printable
from search.port import Hit, Results

if TYPE_CHECKING:
    from casework.reception import Refused
    from casework.verification import Verdict

Json = dict[str, Any]

_ID = re.compile(r"[0-9a-f]{64}")

PRECEDENCE = (1, 2, 8, 5, 7, 6, 3, 4, 0)
"""Exit code of several results: the first present (architecture §8)."""


def worst(codes: Iterable[int]) -> int:
    """One exit code for several results."""
    present = set(codes)
    return next((code for code in PRECEDENCE if code in present), 0)


def instant(moment: dt.datetime) -> str:
    """UTC with `Z`, whole seconds."""
    return moment.astimezone(dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


# -- ingest and show ------------------------------------------------------------------------


def view_json(view: DossierView, seconds: float, messages: Messages) -> Json:
    """One dossier of a batch as the contract of architecture §9."""
    batch, dossier = view.batch, view.dossier
    gone = view.state is BatchState.QUARANTINED
    gaps = view.gaps
    return {
        "source": batch.source,
        "batch_id": batch.batch_id,
        "duplicate": view.duplicate,
        "dossier_code": None if dossier is None or gone else dossier.code,
        "procedure": dossier.procedure if dossier else batch.terms.procedure,
        "case": dossier.case if dossier else batch.terms.case,
        "state": view.state.value,
        "indexed": view.indexed,
        "stage": dossier.stage.value if dossier and not gone else None,
        "channel": batch.terms.channel.value,
        "pages": _counts(view.counts),
        "components": [_flagged(c, dossier) for c in view.components],
        "physical": list(view.physical),
        "waived": list(view.waived),
        "linked": [],
        "missing": None if gaps is None else list(gaps.missing),
        "conditional": [] if gaps is None else [list(pair) for pair in gaps.conditional],
        "review": [review_json(r, messages) for r in view.open_reviews],
        "refused": [refused_json(batch.source, f, messages) for f in batch.refused],
        "seconds": round(seconds, 2),
        "error": None
        if view.problem is None
        else error_json(messages.problem(view.problem), view.problem.code),
    }


def quarantined_json(refused: Refused, seconds: float, messages: Messages) -> Json:
    """A source of which nothing could be taken."""
    first = refused.files[0]
    rendered = messages.code(first.code, first.params, exit_code=int(ExitCode.REFUSED))
    return _nothing(refused.source) | {
        "state": BatchState.QUARANTINED.value,
        "procedure": refused.terms.procedure,
        "case": refused.terms.case,
        "channel": refused.terms.channel.value,
        "refused": [refused_json(refused.source, f, messages) for f in refused.files],
        "seconds": round(seconds, 2),
        "error": error_json(rendered, first.code),
    }


def failed_json(source: str, error: SohoaError, messages: Messages) -> Json:
    """A source that became no batch, or whose batch cannot be told of now: no state, an error."""
    return _nothing(source) | {"error": error_json(messages.error(error), error.code)}


def _nothing(source: str) -> Json:
    """Every key of the contract, for a source without a batch."""
    return {
        "source": source,
        "batch_id": None,
        "duplicate": False,
        "dossier_code": None,
        "procedure": None,
        "case": None,
        "state": None,
        "indexed": False,
        "stage": None,
        "channel": None,
        "pages": _counts(PageCounts()),
        "components": [],
        "physical": [],
        "waived": [],
        "linked": [],
        "missing": None,
        "conditional": [],
        "review": [],
        "refused": [],
        "seconds": 0.0,
        "error": None,
    }


def _flagged(view: ComponentView, dossier: DossierRecord | None) -> Json:
    """One component; of a true copy and its fragile original also the other's id."""
    copies = dossier.keeping.true_copies if dossier else ()
    told = component_json(view)
    for link in copies:
        if link.true_copy == view.component_id:
            told |= {"copy": "true_copy", "linked_to": link.original}
        elif link.original == view.component_id:
            told |= {"copy": "original", "linked_to": link.true_copy}
    return told


def component_json(view: ComponentView) -> Json:
    """One component."""
    revision = view.revision
    return {
        "component_id": view.component_id,
        "code": view.code,
        "pages": list(view.pages),
        "confidence": round(view.confidence, 3),
        "sha256": revision.sha256 if revision else None,
        "size": revision.size if revision else None,
        "object_key": revision.object_key if revision and revision.version_id else None,
        "version_id": revision.version_id if revision else None,
        "digitisation_code": view.digitisation_code,
        "signature": _signature(revision.signature) if revision and revision.signature else None,
        "signatures": [_found(f) for f in revision.found] if revision else [],
        "fields": [field_json(f) for f in view.fields],
    }


def field_json(field: SidecarField) -> Json:
    """One field value; box in page points."""
    return {
        "name": field.name,
        "value": field.value,
        "confidence": round(field.confidence, 3),
        "status": field.status,
        "reasons": list(field.reasons),
        "page": field.page,
        "box": [round(v, 2) for v in field.box] if field.box else None,
    }


def review_json(review: ResolvedReview, messages: Messages) -> Json:
    """One question."""
    item = review.item
    return {
        "review_id": item.review_id,
        "kind": item.kind.value,
        "blocking": item.blocking,
        "component_id": item.component_id,
        "page": item.page,
        "field": item.field,
        "reason": messages.review(item),
        "code": item.reason,
        "batch_id": item.batch_id,
        "answered": review.answer is not None,
    }


def refused_json(source: str, refused: RefusedFile, messages: Messages) -> Json:
    """One refused file."""
    rendered = messages.code(refused.code, refused.params, exit_code=int(ExitCode.REFUSED))
    name = refused.name if refused.name == source else f"{source}/{refused.name}"
    return {
        "source": name,
        "sha256": refused.sha256,
        "code": refused.code,
        "message": rendered.message,
    }


def exit_code(view: DossierView, *, queued: bool = False) -> int:
    """Exit code that one view asks for; `queued`: a batch may wait for its run."""
    if view.state is BatchState.PENDING and queued and view.problem is None:
        return int(ExitCode.DONE)
    if view.state is BatchState.PENDING:
        asked = view.problem.exit_code if view.problem else 0
        return asked or int(ExitCode.UNAVAILABLE)
    if view.state is BatchState.QUARANTINED:
        return int(ExitCode.REFUSED)
    if view.state in (BatchState.NEEDS_REVIEW, BatchState.AWAITING_SIGNATURE):
        return int(ExitCode.WAITING)
    return int(ExitCode.DONE)


def _counts(counts: PageCounts) -> Json:
    return {
        "in": counts.in_,
        "kept": counts.kept,
        "blank": counts.blank,
        "separator": counts.separator,
        "rejected": counts.rejected,
    }


def _signature(signature: SignatureInfo) -> Json:
    return {
        "level": signature.level.value,
        "signer": signature.signer,
        "signed_at": instant(signature.signed_at),
        "page": signature.page,
        "box": signature.box.as_list(),
        "counter": _counter(signature.counter) if signature.counter else None,
    }


def _counter(signature: CounterSignature) -> Json:
    return {
        "level": signature.level.value,
        "signer": signature.signer,
        "signed_at": instant(signature.signed_at),
    }


def _found(signature: FoundSignature) -> Json:
    return {
        "signer": signature.signer,
        "signed_at": instant(signature.signed_at) if signature.signed_at else None,
        "intact": signature.intact,
        "trusted": signature.trusted,
        "digest": signature.digest,
        "covers_whole_file": signature.covers_whole_file,
    }


def error_json(rendered: Rendered, code: str) -> Json:
    """A failure inside a result."""
    return {"code": code, "message": rendered.message, "advice": rendered.advice}


# -- search and text ------------------------------------------------------------------------


def results_json(query: str, results: Results, milliseconds: float) -> Json:
    """The answer of `search`."""
    return {
        "query": query,
        "total": results.total,
        "took_ms": round(milliseconds, 1),
        "hits": [hit_json(h) for h in results.hits],
    }


def hit_json(hit: Hit) -> Json:
    """One hit."""
    return {
        "dossier_code": hit.dossier_code,
        "component_id": hit.component_id,
        "code": hit.code,
        "full_name": hit.full_name,
        "snippet": hit.snippet,
        "score": hit.score,
        "unverified": list(hit.unverified),
    }


def text_json(found: ComponentText) -> Json:
    """The answer of `text`."""
    return {
        "component_id": found.component_id,
        "pages": [
            {
                "page": page.page,
                "text": page.text,
                "words": [
                    {"text": w.text, "confidence": w.confidence, "box": list(w.box)}
                    for w in page.words
                ],
            }
            for page in found.pages
        ],
    }


def verdict_code(verdict: Verdict) -> int:
    """Exit code that a verdict asks for."""
    if verdict.verdict.value == "VALID":
        return int(ExitCode.DONE)
    if verdict.verdict.value == "INVALID":
        return int(ExitCode.VERIFICATION_FAILED)
    return int(ExitCode.WAITING)


def verdict_json(verdict: Verdict, messages: Messages) -> Json:
    """A verdict; `explained` says each reason in words, with what to do."""
    return verdict.model_dump(mode="json") | {
        "explained": [
            {
                "reason": reason.value,
                "message": messages.label(f"verdict_reason.{reason.value}"),
                "advice": messages.label(f"verdict_advice.{reason.value}"),
            }
            for reason in verdict.reasons
        ]
    }


def unjudged_json(what: str, error: SohoaError, messages: Messages) -> Json:
    """What could not be judged at all: no verdict, an error."""
    return {"file": what, "verdict": None, "error": error_json(messages.error(error), error.code)}


# -- for people -----------------------------------------------------------------------------


def view_lines(view: DossierView, seconds: float, messages: Messages) -> Iterator[str]:
    """A dossier of a batch, as text."""
    code = view.dossier.code if view.dossier else "–"
    state = messages.label(f"state.{view.state.value}")
    yield messages.text("dossier_head", dossier=code, state=state, source=view.batch.source)
    if view.duplicate:
        yield "  " + messages.text("dossier_duplicate")
    counts = view.counts
    yield "  " + messages.text(
        "dossier_pages",
        total=counts.in_,
        kept=counts.kept,
        blank=counts.blank,
        separator=counts.separator,
        rejected=counts.rejected,
    )
    for component in view.components:
        yield from _component_lines(component, messages)
    yield from _paper_lines(view, messages)
    for refused in view.batch.refused:
        rendered = messages.code(refused.code, refused.params, exit_code=int(ExitCode.REFUSED))
        yield "  " + messages.text("file_refused", name=refused.name, message=rendered.message)
    if view.open_reviews:
        blocking = sum(r.item.blocking for r in view.open_reviews)
        yield "  " + messages.text(
            "dossier_reviews", blocking=blocking, other=len(view.open_reviews) - blocking
        )
        for review in view.open_reviews:
            if review.item.blocking:
                yield "    " + _question(review, messages)
    if view.problem is not None:
        rendered = messages.problem(view.problem)
        yield f"  {rendered.message} {rendered.advice}".rstrip()
    if round(seconds, 1):
        yield "  " + messages.text("dossier_time", seconds=round(seconds, 1))


def _paper_lines(view: DossierView, messages: Messages) -> Iterator[str]:
    """Papers that are not files, and those that are not there."""
    if view.physical:
        yield "  " + messages.text("dossier_physical", codes=", ".join(view.physical))
    if view.waived:
        yield "  " + messages.text("dossier_waived", codes=", ".join(view.waived))
    if view.gaps is not None and view.gaps.missing:
        yield "  " + messages.text("dossier_missing", codes=", ".join(view.gaps.missing))
    if view.gaps is not None and view.gaps.conditional:
        codes = ", ".join(dict.fromkeys(code for code, _ in view.gaps.conditional))
        yield "  " + messages.text("dossier_conditional", codes=codes)


def _component_lines(component: ComponentView, messages: Messages) -> Iterator[str]:
    pages = ", ".join(str(index + 1) for index in component.pages)
    yield "  " + messages.text(
        "component_head",
        code=component.code,
        pages=pages,
        confidence=round(component.confidence * 100),
        component=shown(component.component_id),
    )
    revision = component.revision
    if revision is not None:
        if revision.signature is not None:
            at = revision.signature.signed_at.astimezone(LEGAL_ZONE)
            yield "      " + messages.text(
                "component_signed",
                signer=revision.signature.signer,
                at=at.strftime("%d/%m/%Y %H:%M:%S"),
                level=revision.signature.level.value,
            )
        if revision.version_id is not None:
            yield "      " + messages.text("component_stored", object=revision.object_key)
    for field in component.fields:
        mark = "" if field.status == "accepted" else messages.text("field_doubtful")
        if field.value or mark:
            value = _one_line(field.value, messages) or "–"
            yield f"      {messages.field(field.name)}: {value}{mark}"


def _one_line(value: str | None, messages: Messages) -> str:
    """The first line, and how many more there are."""
    first, *more = (value or "").splitlines() or [""]
    return f"{first} {messages.text('more_lines', count=len(more))}" if more else first


def review_line(review: ResolvedReview, messages: Messages) -> str:
    """One question in one line, with its batch."""
    batch = messages.text("review_batch", batch=shown(review.item.batch_id))
    return f"{_question(review, messages)} {batch}"


def _question(review: ResolvedReview, messages: Messages) -> str:
    item = review.item
    mark = "✓" if review.answer is not None else "!" if item.blocking else "·"
    return f"{mark} {shown(item.review_id)}  {messages.review_title(item)}: {messages.review(item)}"


def refused_lines(files: Sequence[RefusedFile], messages: Messages) -> Iterator[str]:
    """Refused files, as text."""
    for refused in files:
        rendered = messages.code(refused.code, refused.params, exit_code=int(ExitCode.REFUSED))
        yield messages.text("file_refused", name=refused.name, message=rendered.message)
        yield f"  {rendered.advice}"


def hit_lines(results: Results, messages: Messages) -> Iterator[str]:
    """Hits, as text."""
    yield messages.text("search_total", total=results.total)
    for hit in results.hits:
        doubt = messages.text("field_doubtful") if "full_name" in hit.unverified else ""
        name = f"{hit.full_name or '–'}{doubt}"
        yield f"{hit.dossier_code}  {shown(hit.component_id)}  {hit.code}  {name}"
        if hit.snippet:
            yield f"    {hit.snippet}"


def verdict_lines(verdict: Verdict, messages: Messages) -> Iterator[str]:
    """A verdict, as text."""
    yield f"{short(verdict.file)}: {messages.label(f'verdict.{verdict.verdict.value}')}"
    if verdict.signer is not None:
        at = verdict.signed_at.astimezone(LEGAL_ZONE) if verdict.signed_at else None
        yield "  " + messages.text(
            "component_signed",
            signer=printable(verdict.signer),
            at=at.strftime("%d/%m/%Y %H:%M:%S") if at else "–",
            level=verdict.level.value if verdict.level else "–",
        )
    if verdict.rev is not None:
        yield "  " + messages.text("verdict_rev", rev=verdict.rev)
    for signature in verdict.signatures:
        if signature.weak:
            algorithms = ", ".join(signature.weak)
            yield "  " + messages.text(
                "verdict_weak", signer=printable(signature.signer or "–"), algorithms=algorithms
            )
    for reason in verdict.reasons:
        yield f"  {messages.label(f'verdict_reason.{reason.value}')}"
        yield f"    → {messages.label(f'verdict_advice.{reason.value}')}"


def short(name: str) -> str:
    """A 64-character id shortened, anything else as it is."""
    return shown(name) if _ID.fullmatch(name) else name
