"""Tables of the records. `unit` is NOT NULL on every row (architecture §11).

Whole values are JSON documents of the models; what is looked up or must be unique has a column.
A change here needs a revision in `storage/records/migrations/versions` and a new `HEAD`.
May not come in: queries.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    TypeDecorator,
    UniqueConstraint,
)

from pipeline.models.batch import Batch, Problem
from pipeline.models.components import FoundSignature, SignatureInfo
from pipeline.models.events import Event
from pipeline.models.review import Answer, ReviewItem
from pipeline.models.split import PageCounts

HEAD = "0001"
"""Newest revision of the migrations."""


class Document(TypeDecorator[Any]):
    """A value of the models, kept as JSON and validated when it is read."""

    impl = JSON(none_as_null=True)
    cache_ok = True

    def __init__(self, kind: Any) -> None:
        """Bind to a model or a tuple of models."""
        super().__init__()
        self.kind = kind
        self._adapter: TypeAdapter[Any] = TypeAdapter(kind)

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        """To JSON."""
        return None if value is None else self._adapter.dump_python(value, mode="json")

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        """From JSON."""
        return None if value is None else self._adapter.validate_python(value)


class Moment(TypeDecorator[dt.datetime]):
    """An aware instant, kept in UTC also where the database knows no zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> Any:
        """In UTC."""
        return None if value is None else value.astimezone(dt.UTC)

    def process_result_value(self, value: Any, dialect: Dialect) -> dt.datetime | None:
        """Aware."""
        if value is None:
            return None
        moment: dt.datetime = value
        return moment.replace(tzinfo=dt.UTC) if moment.tzinfo is None else moment


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _ordinal() -> Column[int]:
    return Column("row_id", Integer, primary_key=True, autoincrement=True)


def _unit() -> Column[str]:
    return Column("unit", String, nullable=False)


counters = Table(
    "counters",
    metadata,
    Column("unit", String, primary_key=True),
    Column("name", String, primary_key=True),
    Column("value", Integer, nullable=False),
)

batches = Table(
    "batches",
    metadata,
    _ordinal(),
    Column("batch_id", String, nullable=False, unique=True),
    _unit(),
    Column("sources_digest", String, nullable=False),
    Column("state", String, nullable=False, index=True),
    Column("updated_at", Moment(), nullable=False),
    Column("document", Document(Batch), nullable=False),
    Column("problem", Document(Problem)),
    Column("counts", Document(tuple[PageCounts, ...]), nullable=False),
    Index(None, "unit", "sources_digest"),
    sqlite_autoincrement=True,
)

dossiers = Table(
    "dossiers",
    metadata,
    _ordinal(),
    _unit(),
    Column("code", String, nullable=False, index=True),
    Column("year", Integer, nullable=False),
    Column("procedure", String),
    Column("case_code", String),
    Column("channel", String, nullable=False),
    Column("stage", String, nullable=False),
    Column("created_at", Moment(), nullable=False),
    UniqueConstraint("unit", "code"),
    sqlite_autoincrement=True,
)

batch_dossiers = Table(
    "batch_dossiers",
    metadata,
    _ordinal(),
    Column("batch_id", String, ForeignKey("batches.batch_id"), nullable=False),
    Column("slot", Integer, nullable=False),
    _unit(),
    Column("dossier_code", String, nullable=False),
    ForeignKeyConstraint(["unit", "dossier_code"], ["dossiers.unit", "dossiers.code"]),
    UniqueConstraint("batch_id", "slot"),
    Index(None, "unit", "dossier_code"),
    sqlite_autoincrement=True,
)

components = Table(
    "components",
    metadata,
    Column("component_id", String, primary_key=True),
    Column("batch_id", String, ForeignKey("batches.batch_id"), nullable=False, index=True),
    _unit(),
    Column("dossier_code", String, nullable=False),
    Column("nn", Integer, nullable=False),
    Column("code", String, nullable=False),
    Column("pages", Document(tuple[int, ...]), nullable=False),
    Column("confidence", Float, nullable=False),
    Column("digitisation_code", String, unique=True),
    Column("sidecar_sha256", String),
    ForeignKeyConstraint(["unit", "dossier_code"], ["dossiers.unit", "dossiers.code"]),
    UniqueConstraint("unit", "dossier_code", "nn"),
)

revisions = Table(
    "revisions",
    metadata,
    Column("component_id", String, ForeignKey("components.component_id"), primary_key=True),
    Column("rev", Integer, primary_key=True, autoincrement=False),
    _unit(),
    Column("sha256", String, nullable=False, index=True),
    Column("size", BigInteger, nullable=False),
    Column("object_key", String, nullable=False, unique=True),
    Column("version_id", String),
    Column("signature", Document(SignatureInfo)),
    Column("found", Document(tuple[FoundSignature, ...]), nullable=False),
)

reviews = Table(
    "reviews",
    metadata,
    _ordinal(),
    Column("review_id", String, nullable=False, unique=True),
    Column("batch_id", String, ForeignKey("batches.batch_id"), nullable=False, index=True),
    _unit(),
    Column("kind", String, nullable=False),
    Column("withdrawn", Integer, nullable=False),
    Column("item", Document(ReviewItem), nullable=False),
    Column("answer", Document(Answer)),
    sqlite_autoincrement=True,
)

manifests = Table(
    "manifests",
    metadata,
    Column("unit", String, primary_key=True),
    Column("dossier_code", String, primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("batch_id", String, ForeignKey("batches.batch_id"), nullable=False),
    Column("object_key", String, nullable=False, unique=True),
    Column("sha256", String),
    Column("size", BigInteger),
    Column("version_id", String),
    ForeignKeyConstraint(["unit", "dossier_code"], ["dossiers.unit", "dossiers.code"]),
    Index(None, "batch_id", "unit", "dossier_code"),
)

outbox = Table(
    "outbox",
    metadata,
    _ordinal(),
    _unit(),
    Column(
        "component_id",
        String,
        ForeignKey("components.component_id"),
        nullable=False,
        index=True,
    ),
    sqlite_autoincrement=True,
)

events = Table(
    "events",
    metadata,
    _ordinal(),
    Column("event_id", String, nullable=False, unique=True),
    _unit(),
    Column("action", String, nullable=False),
    Column("document", Document(Event), nullable=False),
    Column("seq", Integer, unique=True),
    Column("prev_hash", String),
    Column("hash", String),
    sqlite_autoincrement=True,
)
