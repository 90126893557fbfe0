"""Documents from sidecars, and from the archive alone."""

from __future__ import annotations

import datetime as dt
import gzip
import hashlib
import io
from collections.abc import Iterator
from typing import IO

import pytest

from pipeline.catalogue import load_catalogue
from pipeline.errors import ArchiveUnavailable, NotFound, SohoaError
from pipeline.models.batch import Channel, DossierStage
from pipeline.models.files import FileRef
from pipeline.models.manifest import (
    Manifest,
    ManifestBatch,
    ManifestComponent,
    Sidecar,
    SidecarField,
    SidecarPage,
)
from pipeline.models.split import PageCounts
from pipeline.ports.archive import Immutability, ObjectLock, StoredObject
from pipeline.stages.archiving import canonical, packed, sidecar_key
from search.documents import ComponentFacts, Document, document_of
from search.rebuild import documents_from_archive

CATALOGUE = load_catalogue()
RECEIVED = dt.datetime(2026, 11, 20, 3, 0, tzinfo=dt.UTC)
ZEROS = "0" * 64


class Store:
    """Objects in memory, newest version only."""

    immutability: Immutability = "advisory"

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def put(self, key: str, ref: FileRef, data: IO[bytes], *, locked: bool) -> StoredObject:
        self.objects[key] = data.read()
        return self._stored(key)

    def head(self, key: str) -> StoredObject | None:
        return self._stored(key) if key in self.objects else None

    def open(self, key: str, version_id: str | None = None) -> IO[bytes]:
        if key not in self.objects:
            raise NotFound("OBJECT_MISSING", key=key)
        return io.BytesIO(self.objects[key])

    def list(self, prefix: str) -> Iterator[StoredObject]:
        yield from (self._stored(key) for key in sorted(self.objects) if key.startswith(prefix))

    def versions(self, prefix: str) -> Iterator[tuple[str, str]]:
        return ((stored.key, stored.version_id) for stored in self.list(prefix))

    def hidden(self, prefix: str) -> Iterator[tuple[str, str]]:
        raise NotImplementedError

    def restore(self, key: str, ref: FileRef, data: IO[bytes], *, locked: bool) -> StoredObject:
        raise NotImplementedError

    def renew(self, key: str, version_id: str, *, before: dt.datetime, until: dt.datetime) -> bool:
        return False

    def lock(self, key: str, version_id: str) -> ObjectLock:
        return ObjectLock()

    def hold(self, key: str, version_id: str, *, on: bool) -> bool:
        return False

    def remove(self, key: str, version_id: str) -> bool:
        return self.objects.pop(key, None) is not None

    def _stored(self, key: str) -> StoredObject:
        data = self.objects[key]
        sha256 = hashlib.sha256(data).hexdigest()
        return StoredObject(key=key, version_id=sha256, sha256=sha256, size=len(data))


def field(name: str, value: str, status: str = "accepted") -> SidecarField:
    return SidecarField(name=name, value=value, confidence=0.9, status=status)


def sidecar(*fields: SidecarField, code: str = "F_14_HSB", texts: tuple[str, ...] = ()) -> Sidecar:
    pages = tuple(
        SidecarPage(page=n, width=595, height=842, text=text, words=())
        for n, text in enumerate(texts)
    )
    return Sidecar(
        component_id="a" * 64,
        code=code,
        unit="DEV",
        dossier_code="D1",
        pages=pages,
        fields=fields,
        catalogue_version=CATALOGUE.version,
        catalogue_sha256=CATALOGUE.sha256,
    )


def facts(code: str = "F_14_HSB") -> ComponentFacts:
    return ComponentFacts(
        component_id="a" * 64,
        code=code,
        digitisation_code="DEV.F_14_HSB.20261122.000001",
        unit="DEV",
        dossier_code="D1",
        procedure="BHXH1L",
        received_at=RECEIVED,
    )


def test_names_and_numbers_are_told_by_the_catalogue() -> None:
    document = document_of(
        facts(),
        sidecar(
            field("account_holder", "TRẦN MAI"),
            field("full_name", "Nguyễn Văn Đức"),
            field("bhxh_code", "0123456789", "review"),
            field("id_number", ""),
            field("address", "12 Lý Thường Kiệt"),
            texts=("trang một", "trang hai"),
        ),
        CATALOGUE,
    )
    assert document.names == ("Nguyễn Văn Đức", "TRẦN MAI")
    assert document.full_name == "Nguyễn Văn Đức"
    assert document.numbers == ("0123456789",)
    assert document.values == ("12 Lý Thường Kiệt",)
    assert document.unverified == ("bhxh_code",)
    assert document.text == "trang một\ntrang hai"


def test_numbers_are_told_by_name_where_the_catalogue_says_text() -> None:
    document = document_of(facts("Z_OTHER"), sidecar(field("doc_number", "12/CV")), CATALOGUE)
    assert document.numbers == ("12/CV",)


def test_sensitive_papers_are_marked_and_unknown_kinds_taken_as_such() -> None:
    sensitive = next(c.code for c in CATALOGUE.components.values() if c.sensitive)
    open_kind = next(c.code for c in CATALOGUE.components.values() if not c.sensitive)
    assert document_of(facts(sensitive), None, CATALOGUE).sensitive
    assert not document_of(facts(open_kind), None, CATALOGUE).sensitive
    assert document_of(facts("NOT_IN_THIS_CATALOGUE"), None, CATALOGUE).sensitive


def test_a_component_without_a_sidecar_keeps_its_codes() -> None:
    document = document_of(facts(), None, CATALOGUE)
    assert (document.dossier_code, document.names, document.text) == ("D1", (), "")


def test_a_document_survives_its_json() -> None:
    document = document_of(facts(), sidecar(field("full_name", "Ý")), CATALOGUE)
    written = document.model_dump_json(by_alias=True)
    assert '"schema":"sohoa.index-document/1"' in written
    assert Document.model_validate_json(written) == document


def archive(store: Store, dossier: str, seq: int, *components: str) -> None:
    manifest = Manifest(
        unit="DEV",
        dossier_code=dossier,
        year=2026,
        seq=seq,
        written_at=RECEIVED + dt.timedelta(days=seq),
        procedure="BHXH1L",
        case=None,
        stage=DossierStage.RECEIVED,
        channel=Channel.DESK,
        batches=(
            ManifestBatch(
                batch_id=ZEROS,
                slot=0,
                source="scan.pdf",
                received_at=RECEIVED,
                counts=PageCounts(),
                raw_index_key="raw/x/index.json",
                raw_index_sha256=ZEROS,
            ),
        ),
        components=tuple(
            ManifestComponent(
                component_id=component,
                nn=nn,
                code="F_14_HSB",
                digitisation_code=f"DEV.F_14_HSB.20261122.{nn:06}",
                batch_id=ZEROS,
                pages=(0,),
                confidence=0.9,
                revisions=(),
                sidecar_key=sidecar_key("DEV", dossier, component),
                sidecar_sha256=ZEROS,
            )
            for nn, component in enumerate(components, 1)
        ),
        catalogue_version=CATALOGUE.version,
        catalogue_sha256=CATALOGUE.sha256,
        ledger_head=ZEROS,
        software="Sohoa 0",
    )
    folder = f"dossiers/DEV/2026/{dossier}"
    store.objects[f"{folder}/manifest/{seq:06}.json"] = canonical(manifest)
    for component in components:
        store.objects[f"{folder}/001.0.F_14_HSB.pdf"] = b"%PDF"
        text = sidecar(field("full_name", f"Người {component}"), texts=(f"văn bản {component}",))
        store.objects[sidecar_key("DEV", dossier, component)] = packed(text)


@pytest.fixture
def store() -> Store:
    made = Store()
    archive(made, "D1", 1, "a1")
    archive(made, "D1", 2, "a1", "a2")
    archive(made, "D2", 1, "b1")
    return made


def rebuilt(store: Store) -> tuple[list[Document], list[SohoaError]]:
    faults: list[SohoaError] = []
    return list(documents_from_archive(store, CATALOGUE, faults.append)), faults


def test_the_newest_manifest_of_every_dossier_counts(store: Store) -> None:
    documents, faults = rebuilt(store)
    assert [d.component_id for d in documents] == ["a1", "a2", "b1"]
    assert [d.dossier_code for d in documents] == ["D1", "D1", "D2"]
    assert documents[1].names == ("Người a2",)
    assert documents[1].text == "văn bản a2"
    assert documents[1].received_at == RECEIVED
    assert faults == []


def test_an_empty_archive_gives_nothing() -> None:
    assert rebuilt(Store()) == ([], [])


def test_a_damaged_manifest_is_reported_and_the_one_before_used(store: Store) -> None:
    store.objects["dossiers/DEV/2026/D1/manifest/000002.json"] = b'{"torn'
    documents, faults = rebuilt(store)
    assert [d.component_id for d in documents] == ["a1", "b1"]
    assert [f.code for f in faults] == ["MANIFEST_UNREADABLE"]


@pytest.mark.parametrize(
    "damage",
    [b"", b"no gzip", gzip.compress(b"no json"), None],
    ids=["empty", "no gzip", "no json", "lost"],
)
def test_a_component_with_a_damaged_sidecar_is_kept_by_its_codes(
    store: Store, damage: bytes | None
) -> None:
    key = sidecar_key("DEV", "D1", "a1")
    if damage is None:
        del store.objects[key]
    else:
        store.objects[key] = damage
    documents, faults = rebuilt(store)
    assert [d.component_id for d in documents] == ["a1", "a2", "b1"]
    assert documents[0].text == ""
    assert [f.code for f in faults] == ["SIDECAR_UNREADABLE"]


def test_an_archive_that_is_down_stops_the_rebuild(store: Store) -> None:
    class Down(Store):
        def open(self, key: str, version_id: str | None = None) -> IO[bytes]:
            raise ArchiveUnavailable

    down = Down()
    down.objects = store.objects
    with pytest.raises(ArchiveUnavailable):
        rebuilt(down)
