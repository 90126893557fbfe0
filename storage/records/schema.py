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
    Identity,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    TypeDecorator,
    UniqueConstraint,
)
from sqlalchemy.types import TypeEngine

from pipeline.models.batch import Batch, Problem
from pipeline.models.components import FoundSignature, SignatureInfo
from pipeline.models.events import Event
from pipeline.models.keeping import Keeping
from pipeline.models.review import Answer, ReviewItem
from pipeline.models.split import PageCounts

HEAD = "0003"
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

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """JSONB where there is such a type: it can be asked by hand."""
        if dialect.name != "postgresql":
            return super().load_dialect_impl(dialect)
        from sqlalchemy.dialects.postgresql import JSONB  # noqa: PLC0415

        return dialect.type_descriptor(JSONB(none_as_null=True))

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
        """Aware, UTC."""
        if value is None:
            return None
        moment: dt.datetime = value
        if moment.tzinfo is None:
            return moment.replace(tzinfo=dt.UTC)
        return moment.astimezone(dt.UTC)


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


_LETTERS = String().with_variant(String(collation="C"), "postgresql")
"""Compared by code point on every product, whatever a server's language is."""

_RISING = BigInteger().with_variant(Integer, "sqlite")
"""SQLite counts rows in INTEGER only."""


def _ordinal() -> Column[int]:
    return Column("row_id", _RISING, Identity(), primary_key=True)


def _unit() -> Column[str]:
    return Column("unit", _LETTERS, nullable=False)


counters = Table(
    "counters",
    metadata,
    Column("unit", _LETTERS, primary_key=True),
    Column("name", _LETTERS, primary_key=True),
    Column("value", Integer, nullable=False),
)

batches = Table(
    "batches",
    metadata,
    _ordinal(),
    Column("batch_id", _LETTERS, nullable=False, unique=True),
    _unit(),
    Column("sources_digest", _LETTERS, nullable=False),
    Column("state", _LETTERS, nullable=False, index=True),
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
    Column("code", _LETTERS, nullable=False, index=True),
    Column("year", Integer, nullable=False),
    Column("procedure", _LETTERS),
    Column("case_code", _LETTERS),
    Column("channel", _LETTERS, nullable=False),
    Column("stage", _LETTERS, nullable=False),
    Column("created_at", Moment(), nullable=False),
    Column("keeping", Document(Keeping)),
    UniqueConstraint("unit", "code"),
    sqlite_autoincrement=True,
)

batch_dossiers = Table(
    "batch_dossiers",
    metadata,
    _ordinal(),
    Column("batch_id", _LETTERS, ForeignKey("batches.batch_id"), nullable=False),
    Column("slot", Integer, nullable=False),
    _unit(),
    Column("dossier_code", _LETTERS, nullable=False),
    ForeignKeyConstraint(["unit", "dossier_code"], ["dossiers.unit", "dossiers.code"]),
    UniqueConstraint("batch_id", "slot"),
    Index(None, "unit", "dossier_code"),
    sqlite_autoincrement=True,
)

components = Table(
    "components",
    metadata,
    Column("component_id", _LETTERS, primary_key=True),
    Column("batch_id", _LETTERS, ForeignKey("batches.batch_id"), nullable=False, index=True),
    _unit(),
    Column("dossier_code", _LETTERS, nullable=False),
    Column("nn", Integer, nullable=False),
    Column("code", _LETTERS, nullable=False),
    Column("pages", Document(tuple[int, ...]), nullable=False),
    Column("confidence", Float, nullable=False),
    Column("digitisation_code", _LETTERS, unique=True),
    Column("sidecar_sha256", _LETTERS),
    ForeignKeyConstraint(["unit", "dossier_code"], ["dossiers.unit", "dossiers.code"]),
    UniqueConstraint("unit", "dossier_code", "nn"),
)

revisions = Table(
    "revisions",
    metadata,
    Column("component_id", _LETTERS, ForeignKey("components.component_id"), primary_key=True),
    Column("rev", Integer, primary_key=True, autoincrement=False),
    _unit(),
    Column("sha256", _LETTERS, nullable=False, index=True),
    Column("size", BigInteger, nullable=False),
    Column("object_key", _LETTERS, nullable=False, unique=True),
    Column("version_id", _LETTERS),
    Column("signature", Document(SignatureInfo)),
    Column("found", Document(tuple[FoundSignature, ...]), nullable=False),
)

reviews = Table(
    "reviews",
    metadata,
    _ordinal(),
    Column("review_id", _LETTERS, nullable=False, unique=True),
    Column("batch_id", _LETTERS, ForeignKey("batches.batch_id"), nullable=False, index=True),
    _unit(),
    Column("kind", _LETTERS, nullable=False),
    Column("withdrawn", Integer, nullable=False),
    Column("item", Document(ReviewItem), nullable=False),
    Column("answer", Document(Answer)),
    sqlite_autoincrement=True,
)

manifests = Table(
    "manifests",
    metadata,
    Column("unit", _LETTERS, primary_key=True),
    Column("dossier_code", _LETTERS, primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("batch_id", _LETTERS, ForeignKey("batches.batch_id"), nullable=False),
    Column("object_key", _LETTERS, nullable=False, unique=True),
    Column("sha256", _LETTERS),
    Column("size", BigInteger),
    Column("version_id", _LETTERS),
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
        _LETTERS,
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
    Column("event_id", _LETTERS, nullable=False, unique=True),
    _unit(),
    Column("action", _LETTERS, nullable=False),
    Column("document", Document(Event), nullable=False),
    Column("seq", _RISING, unique=True),
    Column("prev_hash", _LETTERS),
    Column("hash", _LETTERS),
    Index(None, "action", "row_id"),
    Index(None, "hash"),
    sqlite_autoincrement=True,
)
