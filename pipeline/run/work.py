"""What every step is given: the tools, the batch, and what earlier steps published."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Protocol, cast

from pipeline.catalogue import Catalogue
from pipeline.catalogue.papers import PaperModel
from pipeline.errors import WorkflowError
from pipeline.ids import digest
from pipeline.models.actors import Actor
from pipeline.models.base import Model, Sha256
from pipeline.models.batch import Batch
from pipeline.models.components import Classified, ComponentPdf
from pipeline.models.events import Event
from pipeline.models.fields import FieldSet
from pipeline.models.pages import PageLook, PageSheet, RawPage
from pipeline.models.review import ResolvedReview
from pipeline.models.signing_requests import OpenRequest
from pipeline.models.split import SplitPlan
from pipeline.models.text import PageText
from pipeline.ports.archive import ObjectStore
from pipeline.ports.reading import Decoder, OcrEngine, SourceReader, SymbolReader
from pipeline.ports.records import Records
from pipeline.ports.runtime import Claims, Clock, Progress
from pipeline.ports.signing import SignatureJudge, SignerBook
from pipeline.provenance import STAGE_VERSIONS, software
from pipeline.settings import Settings
from pipeline.stages.extraction.trust import Calibration
from pipeline.stages.separation import StartModel
from pipeline.workspace import Workspace

if TYPE_CHECKING:
    from pipeline.stages.recognition import Corrector


class Tools(Protocol):
    """Everything the steps need; the composition root makes each on first use."""

    @property
    def settings(self) -> Settings:
        """What is set."""
        ...

    @property
    def catalogue(self) -> Catalogue:
        """What papers there are."""
        ...

    @property
    def papers(self) -> PaperModel:
        """Says what a page reads like."""
        ...

    @property
    def starts(self) -> StartModel:
        """Says where papers start."""
        ...

    @property
    def page_models_identity(self) -> str:
        """Digest that names the weights of both."""
        ...

    @property
    def calibration(self) -> Calibration:
        """Says how often readings are wrong."""
        ...

    @property
    def workspace(self) -> Workspace:
        """Files in work."""
        ...

    @property
    def records(self) -> Records:
        """The truth about work."""
        ...

    @property
    def store(self) -> ObjectStore:
        """The archive."""
        ...

    @property
    def reader(self) -> SourceReader:
        """Opens input files."""
        ...

    @property
    def decoder(self) -> Decoder:
        """Pixels of page images."""
        ...

    @property
    def symbols(self) -> SymbolReader:
        """Finds QR codes."""
        ...

    @property
    def engine(self) -> OcrEngine:
        """Reads text."""
        ...

    @property
    def corrector(self) -> Corrector:
        """Mends words that were read."""
        ...

    @property
    def signers(self) -> SignerBook:
        """Stamp and sign, each officer with their own key."""
        ...

    @property
    def judge(self) -> SignatureJudge:
        """Judges signatures that came with a file."""
        ...

    @property
    def claims(self) -> Claims:
        """Who works on what."""
        ...

    @property
    def clock(self) -> Clock:
        """The time."""
        ...

    @property
    def progress(self) -> Progress:
        """For a bar."""
        ...


class PageSet(Model):
    """Result of unpacking: the raw pages of a batch."""

    pages: tuple[RawPage, ...]


class Seen(Model):
    """Result of imaging one page: its look, and the sheet it may be."""

    look: PageLook
    sheet: PageSheet


class Split(Model):
    """Result of separation and classification."""

    plan: SplitPlan
    components: tuple[Classified, ...]
    page_models: Sha256 | None = None
    """Weights that told papers and their starts; None where that was not kept."""


class Extracted(Model):
    """Result of extraction for one component."""

    fields: FieldSet


@dataclass(frozen=True, slots=True)
class BatchFiles:
    """What the workspace holds for a batch."""

    blobs: frozenset[str]
    """SHA-256."""
    results: frozenset[tuple[str, str]]
    """(stage, key)"""


class _BatchTools:
    """The tools, with the workspace as one batch has it."""

    def __init__(self, tools: Tools, batch_id: str) -> None:
        self.bare = tools
        self._batch_id = batch_id

    @cached_property
    def workspace(self) -> Workspace:
        return self.bare.workspace.of(self._batch_id)

    def __getattr__(self, name: str) -> object:
        return getattr(self.bare, name)


@dataclass(frozen=True, slots=True)
class Work:
    """One batch in work.

    Its tools' workspace is the batch's own: what is put there is shared with other hosts, where
    hosts share. A new `Work` sees what they have shared so far.
    """

    tools: Tools
    batch: Batch
    shared: bool = True
    """False: looks at the local folder only."""

    def __post_init__(self) -> None:
        """Give the steps the batch's workspace."""
        bare = self.tools.bare if isinstance(self.tools, _BatchTools) else self.tools
        tools = cast("Tools", _BatchTools(bare, self.batch.batch_id)) if self.shared else bare
        object.__setattr__(self, "tools", tools)

    @property
    def batch_id(self) -> str:
        """Id of the batch."""
        return self.batch.batch_id

    def pages_key(self) -> str:
        """Digest that names the unpacked pages."""
        dpi = self.tools.settings.intake.render_dpi
        return digest("pages", STAGE_VERSIONS["intake"], self.batch_id, dpi)

    def pages(self) -> tuple[RawPage, ...]:
        """Raw pages of the batch, in order.

        Raises:
            WorkflowError: `STEP_MISSING` before unpacking.
        """
        found = self.tools.workspace.result("pages", self.pages_key(), PageSet)
        if found is None:
            raise WorkflowError("STEP_MISSING", step="unpack")
        return found.pages

    def seen_key(self, page: RawPage) -> str:
        """Digest that names what imaging saw: content and options, not the place in the batch."""
        return digest(
            "seen",
            STAGE_VERSIONS["imaging"],
            STAGE_VERSIONS["sheets"],
            page.file.sha256,
            page.turn_hint,
            page.dpi,
            self.tools.settings.imaging.model_dump(mode="json"),
        )

    def seen(self, page: RawPage) -> Seen:
        """What imaging saw on a page.

        Raises:
            WorkflowError: `STEP_MISSING` before imaging.
        """
        found = self.tools.workspace.result("seen", self.seen_key(page), Seen)
        if found is None:
            raise WorkflowError("STEP_MISSING", step="imaging")
        return Seen(
            look=found.look.model_copy(update={"index": page.index}),
            sheet=found.sheet.model_copy(update={"index": page.index}),
        )

    def text_key(self, page: RawPage, seen: Seen) -> str:
        """Digest that names the text of a page: image, turn, tilt, engine, language, options."""
        ocr = self.tools.settings.ocr.model_dump(
            mode="json", exclude={"workers", "page_timeout_seconds"}
        )
        return digest(
            "text",
            STAGE_VERSIONS["recognition"],
            page.file.sha256,
            seen.look.turn,
            seen.look.turn_certain,
            seen.look.skew_deg,
            seen.sheet.turn,
            self.tools.engine.identity.model_dump(mode="json"),
            self.tools.corrector.identity if self.tools.settings.ocr.correct else None,
            ocr,
        )

    def text(self, page: RawPage) -> PageText | None:
        """The text of a page, None where it was not read (blank, sheet, not yet)."""
        seen = self.seen(page)
        found = self.tools.workspace.result("text", self.text_key(page, seen), PageText)
        return found.model_copy(update={"index": page.index}) if found else None

    def split_key(self) -> str:
        """Digest that names the settled split: once settled it never changes."""
        return digest("split", self.batch_id)

    def split(self) -> Split | None:
        """The settled split, None while the batch is held or not yet split."""
        return self.tools.workspace.result("split", self.split_key(), Split)

    def provisional(self) -> Split | None:
        """The settled split, or the proposal that waits for answers."""
        return self.split() or self.tools.workspace.result(
            "proposal", self.split_key(), Split, changes=True
        )

    def settled(self) -> Split:
        """The settled split.

        Raises:
            WorkflowError: `STEP_MISSING` while the batch is held.
        """
        split = self.split()
        if split is None:
            raise WorkflowError("STEP_MISSING", step="splitting")
        return split

    def texts_of(self, component: Classified) -> tuple[PageText, ...]:
        """Texts of a component's pages in order; a page without text has an empty one.

        Page one tells how its content was scaled in assembly, once that is done.
        """
        by_index = {p.index: p for p in self.pages()}
        texts = tuple(self._text_or_empty(by_index[index]) for index in component.pages)
        made = self.tools.workspace.result("component", self.component_key(component), ComponentPdf)
        if made is None or made.room is None or made.room.scale == 1.0:
            return texts
        return (texts[0].model_copy(update={"scale": made.room.scale}), *texts[1:])

    def _text_or_empty(self, page: RawPage) -> PageText:
        found = self.text(page)
        if found is not None:
            return found
        turn = self.seen(page).look.turn
        sideways = turn in (90, 270)
        return PageText(
            index=page.index,
            turn=turn,
            width_px=page.height_px if sideways else page.width_px,
            height_px=page.width_px if sideways else page.height_px,
            dpi=page.dpi,
        )

    def answers(self) -> tuple[ResolvedReview, ...]:
        """Questions of the batch that a person has answered."""
        return tuple(
            r for r in self.tools.records.reviews(batch_id=self.batch_id) if r.answer is not None
        )

    def fields_key(self, component: Classified) -> str:
        """Digest that names the fields of a component; other papers of its dossier confirm them."""
        pages = {p.index: p for p in self.pages()}
        split = self.split()
        return digest(
            "fields",
            STAGE_VERSIONS["extraction"],
            [
                (other.component_id, other.code)
                for other in (split.components if split else ())
                if other.dossier == component.dossier
            ],
            component.component_id,
            component.code,
            [self.text_key(pages[i], self.seen(pages[i])) for i in component.pages],
            self.tools.catalogue.sha256,
            self.tools.settings.fields.model_dump(mode="json"),
            self.tools.calibration.digest,
        )

    def component_key(self, component: Classified) -> str:
        """Digest that names the assembled, unsigned file of a component."""
        pages = {p.index: p for p in self.pages()}
        return digest(
            "component",
            STAGE_VERSIONS["assembly"],
            component.component_id,
            component.code,
            [self.text_key(pages[i], self.seen(pages[i])) for i in component.pages],
            self.batch.received_at.isoformat(),
            software(),
            self._stamp_size(),
        )

    def _stamp_size(self) -> list[float]:
        signing = self.tools.settings.signing
        return [signing.stamp_width_mm, signing.stamp_height_mm, signing.stamp_margin_mm]

    def request_key(self, component_id: str) -> str:
        """Digest that names what was handed out for signing outside; the newest replaces."""
        return digest("signing-request", component_id)

    def open_request(self, component_id: str, *, surely: bool = False) -> OpenRequest | None:
        """What was handed out last for a component, None where nothing was.

        Args:
            component_id: of the batch.
            surely: see `Workspace.result`.
        """
        key = self.request_key(component_id)
        workspace = self.tools.workspace
        return workspace.result("request", key, OpenRequest, changes=True, surely=surely)

    def fields_of(self, component: Classified) -> FieldSet | None:
        """Extracted fields of a component, None before extraction."""
        found = self.tools.workspace.result("fields", self.fields_key(component), Extracted)
        return found.fields if found else None

    def files(self) -> BatchFiles:
        """Everything the workspace must keep for this batch, as far as it got; never raises.

        What was made under other settings is left out: it will be made again.
        """
        workspace = self.tools.workspace
        found = workspace.result("pages", self.pages_key(), PageSet)
        pages = found.pages if found else ()
        blobs = {s.file.sha256 for s in self.batch.sources} | {p.file.sha256 for p in pages}
        for record in self.tools.records.components(batch_id=self.batch_id):
            blobs |= {r.sha256 for r in record.revisions}
        results = {("proposal", self.split_key()), ("split", self.split_key())}
        results |= {("pages", self.pages_key())} | {("seen", self.seen_key(p)) for p in pages}
        seen = {p.index: workspace.result("seen", self.seen_key(p), Seen) for p in pages}
        for page in pages:
            if (look := seen[page.index]) is not None:
                results.add(("text", self.text_key(page, look)))
        split = self.split()
        for component in split.components if split else ():
            if (handed_out := self.open_request(component.component_id)) is not None:
                blobs.add(handed_out.kept.sha256)
                results.add(("request", self.request_key(component.component_id)))
            if all(seen.get(index) is not None for index in component.pages):
                key = self.component_key(component)
                made = workspace.result("component", key, ComponentPdf)
                blobs |= {made.file.sha256} if made else set()
                results |= {("component", key), ("fields", self.fields_key(component))}
        for dossier in self.tools.records.batch_dossiers(self.batch_id):
            unit, code = dossier.dossier.unit, dossier.dossier.code
            blobs |= {m.sha256 for m in self.tools.records.manifests(unit, code) if m.sha256}
        return BatchFiles(frozenset(blobs), frozenset(results))

    def share(self) -> None:
        """Put on the batch's shelf what only this host holds, for instance from before it shared.

        Raises:
            ArchiveUnavailable: the shelf cannot be reached.
        """
        if self.tools.workspace.shared:
            here = Work(tools=self.tools, batch=self.batch, shared=False).files()
            self.tools.workspace.share(here.blobs, here.results)

    def event(
        self,
        action: str,
        *,
        subjects: dict[str, str] | None = None,
        hashes: dict[str, str] | None = None,
        actor: Actor | None = None,
    ) -> Event:
        """A ledger event about this batch; the same fact twice has the same id."""
        subjects = {"batch_id": self.batch_id, **(subjects or {})}
        return Event(
            event_id=digest("event", action, subjects, hashes or {}),
            at=self.tools.clock.now(),
            actor=actor or self.batch.actor,
            action=action,
            subjects=subjects,
            hashes=hashes or {},
        )
