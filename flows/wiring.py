"""Which adapter stands behind which port, decided by the settings; each made on first use.

Production refuses what only development may use: an advisory archive, the development PKI.
"""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from ocr_models.calibration import load_calibration
from ocr_models.page_registry import ChosenModels, LearnedModels
from pipeline.adapters.file_claims import FileClaims
from pipeline.catalogue import Catalogue, load_catalogue
from pipeline.catalogue.papers import PaperModel
from pipeline.errors import ConfigError
from pipeline.models.batch import BatchState
from pipeline.ports.archive import ObjectStore
from pipeline.ports.custody import LockProbe
from pipeline.ports.reading import Decoder, OcrEngine, SourceReader, SymbolReader
from pipeline.ports.runtime import Claims, Clock, Progress
from pipeline.ports.scanning import Capture, Scanner
from pipeline.settings import ArchiveSettings, Settings
from pipeline.sharing import Backing
from pipeline.stages.extraction.trust import Calibration
from pipeline.stages.separation import StartModel
from pipeline.workspace import Workspace
from search.port import ComponentIndex
from search.sqlite_index import SqliteIndex
from storage.folder_store import FolderStore
from storage.records import SqlRecords, open_records, sqlite_url

if TYPE_CHECKING:
    from ocr_models import InstalledModel
    from pipeline.ports.signing import (
        Augmenter,
        CopySigner,
        SignerBook,
        Timestamps,
        TwoStepSigner,
    )
    from pipeline.signatures import Signing
    from pipeline.signatures.bounded import BoundedJudge
    from pipeline.signatures.judging import PdfSignatureJudge
    from pipeline.stages.recognition import Corrector


_OWNER_ONLY = 0o700
_PREPARED = frozenset({"sohoa.toml", "keys", "models"})
"""What may lie in a home before its first use."""


class SystemClock:
    """Port `Clock` over the system's clock."""

    def now(self) -> dt.datetime:
        """Now, UTC."""
        return dt.datetime.now(dt.UTC)


class Ports:
    """The ports of one home."""

    def __init__(self, settings: Settings, progress: Progress) -> None:
        """Nothing is opened before it is asked for."""
        self.settings = settings
        self.progress = progress
        self.clock: Clock = SystemClock()

    def open_home(self) -> None:
        """Make the home folder on first use.

        Raises:
            ConfigError: `HOME_UNUSABLE`.
        """
        _ = self.home

    @cached_property
    def home(self) -> Path:
        """The home folder, made on first use with mode 0700.

        One that holds nothing but what an administrator puts there first is closed to others, too;
        any other keeps its mode, which `doctor` reports: it may be a folder of something else.

        Raises:
            ConfigError: `HOME_UNUSABLE`.
        """
        home = self.settings.home
        try:
            home.mkdir(parents=True, exist_ok=True, mode=_OWNER_ONLY)
        except OSError as error:
            raise ConfigError("HOME_UNUSABLE", problem=error.strerror or "") from error
        with contextlib.suppress(PermissionError):  # somebody else's to close
            if {path.name for path in home.iterdir()} <= _PREPARED:
                home.chmod(_OWNER_ONLY)
        return home

    @cached_property
    def workspace(self) -> Workspace:
        """Files in work: in the home, and shared with other hosts where a bucket is set for it."""
        return Workspace(self.home / "work", self._backing())

    def _backing(self) -> Backing | None:
        archive = self.settings.archive
        if archive.work_bucket is None:
            return None
        with _extra_of("archive.work_bucket"):
            from storage.minio_work import open_backing

        ca = self.settings.resolve(archive.ca) if archive.ca else None
        return open_backing(archive, ca, archive.work_bucket)

    @cached_property
    def catalogue(self) -> Catalogue:
        """The built-in catalogue, or the one that replaces it."""
        path = self.settings.catalogue
        return load_catalogue(self.settings.resolve(path) if path else None)

    @cached_property
    def page_models(self) -> ChosenModels:
        """The weights that tell pages and papers: learned in this home, or those that ship.

        Raises:
            ConfigError: `PAGE_MODEL_INVALID`.
        """
        return LearnedModels(self.settings.model_folder / "pages").in_use()

    @cached_property
    def calibration(self) -> Calibration:
        """What was measured of readings."""
        return load_calibration()

    @property
    def papers(self) -> PaperModel:
        """Says what a page reads like."""
        return self.page_models.models.papers

    @property
    def starts(self) -> StartModel:
        """Says where papers start."""
        return self.page_models.models.starts

    @property
    def page_models_identity(self) -> str:
        """Names the weights of both."""
        return self.page_models.identity

    @cached_property
    def records(self) -> SqlRecords:
        """The relational records, brought up to date."""
        password = self.settings.database.password
        return open_records(self.database_url, self.clock, password=password)

    @cached_property
    def database_url(self) -> str:
        """URL of the records for SQLAlchemy.

        Raises:
            ConfigError: `URL_UNSUPPORTED` for a kind of database that is not known.
        """
        url = self.settings.database.url
        if url.startswith("postgresql"):
            return url
        path = self._local("database.url", url, "sqlite:")
        if not path.exists():
            with contextlib.suppress(OSError):  # what is wrong is said where it is opened
                path.touch(mode=0o600)
        return sqlite_url(path)

    @cached_property
    def claims(self) -> Claims:
        """Who works on what: of all hosts where they share a server, else of this home."""
        if self.database_url.startswith("postgresql"):
            from storage.records.claims import PostgresqlClaims

            return PostgresqlClaims(self.database_url, self.settings.database.password)
        return FileClaims(self.home / "work" / "claims")

    @cached_property
    def store(self) -> ObjectStore:
        """The archive, as the identity that writes.

        Raises:
            ConfigError: `ARCHIVE_ADVISORY_IN_PRODUCTION`; see `storage.minio_client.client_of`.
        """
        if self.settings.archive.url.startswith("s3:"):
            return self._bucket(reading=False)
        path = self._local("archive.url", self.settings.archive.url, "file:")
        store = FolderStore(path, holds=self._held(), now=self.clock.now)
        if self.settings.production and store.immutability == "advisory":
            raise ConfigError("ARCHIVE_ADVISORY_IN_PRODUCTION")
        return store

    @cached_property
    def store_to_read(self) -> ObjectStore:
        """The archive, for what only reads: showing, verifying, rebuilding.

        Raises:
            ConfigError: as `store`.
        """
        if self.settings.archive.url.startswith("s3:"):
            return self._bucket(reading=True)
        return self.store

    @cached_property
    def second_store(self) -> ObjectStore | None:
        """A second copy of the archive, only read; None where none is set.

        Raises:
            ConfigError: `SECOND_IS_FIRST`; as `store`.
        """
        archive = self.settings.archive
        if archive.second is None:
            return None
        if archive.second.url == archive.url:
            raise ConfigError("SECOND_IS_FIRST", key="archive.second.url")
        if not archive.second.url.startswith("s3:"):
            path = self._local("archive.second.url", archive.second.url, "file:")
            return FolderStore(path, holds=self._held())
        with _extra_of("archive.second.url"):
            from storage.minio_store import open_store

        second = ArchiveSettings(**dict(archive.second))
        ca = self.settings.resolve(second.ca) if second.ca else None
        return open_store(second, ca, reading=True, now=self.clock.now, holds=self._held())

    @cached_property
    def lock_probe(self) -> LockProbe | None:
        """Tries the archive's locks; None for a folder, which has none.

        Raises:
            ConfigError: see `storage.minio_client.client_of`.
        """
        if not self.settings.archive.url.startswith("s3:"):
            return None
        with _extra_of("archive.url"):
            from storage.minio_probe import open_probe

        archive = self.settings.archive
        ca = self.settings.resolve(archive.ca) if archive.ca else None
        return open_probe(archive, ca, now=self.clock.now)

    @cached_property
    def store_to_remove(self) -> ObjectStore:
        """The archive, as the identity that may remove what no lock protects any more.

        Raises:
            ConfigError: `ARCHIVE_REMOVER_MISSING`; as `store`.
        """
        archive = self.settings.archive
        if not archive.url.startswith("s3:"):
            return self.store
        return self._bucket(reading=False, archive=archive.as_remover())

    def _held(self) -> tuple[str, ...]:
        """What the archive must hold, as the records say: else it is not the archive."""
        archived = self.records.batches(state=BatchState.ARCHIVED)
        return () if next(archived, None) is None else ("dossiers", "raw")

    def _bucket(self, *, reading: bool, archive: ArchiveSettings | None = None) -> ObjectStore:
        with _extra_of("archive.url"):
            from storage.minio_store import open_store

        archive = archive or self.settings.archive
        ca = self.settings.resolve(archive.ca) if archive.ca else None
        return open_store(archive, ca, reading=reading, now=self.clock.now, holds=self._held())

    @cached_property
    def index(self) -> ComponentIndex:
        """The component index.

        Raises:
            ConfigError: `URL_UNSUPPORTED`, `EXTRA_MISSING`.
        """
        if self.settings.search.url.startswith(("http://", "https://")):
            with _extra_of("search.url"):
                from search.elastic_index import open_index

            return open_index(self.settings)
        return SqliteIndex(self._local("search.url", self.settings.search.url, "sqlite:"))

    def ensure_index(self) -> None:
        """Make the index of a home that has no batch yet; a lost one must be rebuilt."""
        if next(self.records.batches(), None) is None:
            self.index.create()

    def ensure_records(self) -> None:
        """Blank records beside a full archive would give its numbers a second time.

        Raises:
            ConfigError: `RECORDS_BLANK`.
        """
        blank = next(self.records.batches(), None) is None
        if blank and any("/manifest/" in o.key for o in self.store.list("dossiers/")):
            raise ConfigError("RECORDS_BLANK", key="database.url")

    @cached_property
    def reader(self) -> SourceReader:
        """Opens input files."""
        from pipeline.adapters.sources import FileSourceReader

        return FileSourceReader(self.settings.intake)

    @cached_property
    def engine(self) -> OcrEngine:
        """Tesseract with the best model installed: the library, or else the program."""
        from pipeline.adapters.tesseract_engines import open_engine

        model, settings = self.ocr_model(), self.settings.ocr
        return open_engine(
            model.path,
            name=model.name,
            sha256=model.sha256,
            timeout_seconds=settings.page_timeout_seconds,
            library=settings.engine == "library",
            marks=self.settings.home / "reading",
        )

    @cached_property
    def corrector(self) -> Corrector:
        """Knows the wording of the catalogue's papers."""
        from pipeline.run.correcting import corrector_of

        return corrector_of(self.catalogue)

    @cached_property
    def signing(self) -> Signing:
        """All that signs; shares one session of the token and one connection to authorities."""
        from pipeline.signatures import Signing

        return Signing(self.settings)

    @cached_property
    def signers(self) -> SignerBook:
        """The officers' keys, or the development PKI."""
        return self.signing.signers

    @cached_property
    def augmenter(self) -> Augmenter:
        """Raises signatures later."""
        return self.signing.augmenter

    @property
    def timestamps(self) -> Timestamps:
        """Stamps the ledger's seals."""
        return self.signing.timestamps

    @cached_property
    def counter_signer(self) -> Augmenter:
        """Signs for the archive."""
        return self.signing.counter_signer

    @property
    def copy_signer(self) -> CopySigner:
        """Signs copies for the agency."""
        return self.signing.copy_signer

    @cached_property
    def two_step(self) -> TwoStepSigner:
        """Signs with keys that are elsewhere."""
        return self.signing.two_step

    @cached_property
    def judge(self) -> PdfSignatureJudge:
        """Looks at signatures that came with a file."""
        return self.judge_trusting(())

    def judge_trusting(self, further: Sequence[Path], *, deep: bool = False) -> PdfSignatureJudge:
        """A judge that trusts further roots (PEM files), `deep` one that asks authorities."""
        from pipeline.signatures import build_judge

        return build_judge(self.settings, further, deep=deep)

    def bounded_judge(self, further: Sequence[Path], *, deep: bool = False) -> BoundedJudge:
        """The same in a process of its own, bounded in time and memory."""
        from pipeline.signatures.bounded import BoundedJudge
        from pipeline.signatures.choosing import load_trust

        seconds = self.settings.tsa.timeout_seconds if deep else None
        return BoundedJudge(load_trust(self.settings, further), self.clock.now, seconds)

    @cached_property
    def decoder(self) -> Decoder:
        """Pixels by OpenCV."""
        from pipeline.adapters.pixels import OpenCvDecoder

        return OpenCvDecoder()

    @cached_property
    def symbols(self) -> SymbolReader:
        """QR codes by zxing-cpp, OpenCV where it fails."""
        from pipeline.adapters.symbols import ZxingSymbolReader

        return ZxingSymbolReader()

    @cached_property
    def scanner(self) -> Scanner:
        """Scanners by SANE."""
        from pipeline.adapters.sane import SaneScanner

        return SaneScanner(self.settings.scanner, max_pixels=self.settings.intake.max_page_pixels)

    @cached_property
    def capture(self) -> Capture:
        """Codes what a scanner gives."""
        from pipeline.adapters.capture import PageCapture

        return PageCapture(jpeg_quality=self.settings.scanner.jpeg_quality)

    def stamp_font(self) -> Path:
        """The font of the stamp.

        Raises:
            MissingToolError: `FONT_MISSING`.
        """
        from pipeline.signatures.font import find_font

        font = self.settings.signing.font
        return find_font(self.settings.resolve(font) if font else None)

    def ocr_model(self) -> InstalledModel:
        """The model that reads.

        Raises:
            MissingToolError: `MODEL_MISSING`.
        """
        from ocr_models import model_folders, pick_model

        own = model_folders(own=self.settings.model_folder)
        return pick_model(self.settings.ocr.model, folders=own)

    def _local(self, key: str, url: str, scheme: str) -> Path:
        if not url.startswith(scheme):
            raise ConfigError("URL_UNSUPPORTED", key=key, scheme=scheme)
        return self.home / url.removeprefix(scheme)


@contextlib.contextmanager
def _extra_of(key: str) -> Iterator[None]:
    """Around the import of what only an office has installed.

    Raises:
        ConfigError: `EXTRA_MISSING`.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        raise ConfigError("EXTRA_MISSING", key=key) from error
