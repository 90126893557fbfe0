"""The first tables: work, ledger, outbox."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None


_LETTERS = sa.String().with_variant(sa.String(collation="C"), "postgresql")
_RISING = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_DOCUMENT = sa.JSON().with_variant(postgresql.JSONB, "postgresql")


def _ordinal() -> sa.Column[int]:
    return sa.Column("row_id", _RISING, sa.Identity(), primary_key=True)


def _text(name: str, *, null: bool = False) -> sa.Column[str]:
    return sa.Column(name, _LETTERS, nullable=null)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, nullable=False)


def _json(name: str, *, null: bool = False) -> sa.Column[object]:
    return sa.Column(name, _DOCUMENT, nullable=null)


def _moment(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False)


def _dossier_key(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["unit", "dossier_code"],
        ["dossiers.unit", "dossiers.code"],
        name=f"fk_{table}_unit_dossier_code",
    )


def _batch_key(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["batch_id"], ["batches.batch_id"], name=f"fk_{table}_batch_id")


def _component_key(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["component_id"], ["components.component_id"], name=f"fk_{table}_component_id"
    )


def _primary(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(*columns, name=f"pk_{table}")


def _unique(table: str, *columns: str) -> sa.UniqueConstraint:
    return sa.UniqueConstraint(*columns, name=f"uq_{table}_{'_'.join(columns)}")


def _index(table: str, *columns: str) -> None:
    op.create_index(f"ix_{table}_{'_'.join(columns)}", table, list(columns))


def upgrade() -> None:
    """Make all tables."""
    _work()
    _archive()
    _deliveries()


def _work() -> None:
    op.create_table(
        "counters",
        _text("unit"),
        _text("name"),
        _number("value"),
        _primary("counters", "unit", "name"),
    )
    op.create_table(
        "batches",
        _ordinal(),
        _text("batch_id"),
        _text("unit"),
        _text("sources_digest"),
        _text("state"),
        _moment("updated_at"),
        _json("document"),
        _json("problem", null=True),
        _json("counts"),
        _unique("batches", "batch_id"),
        sqlite_autoincrement=True,
    )
    _index("batches", "state")
    _index("batches", "unit", "sources_digest")
    op.create_table(
        "dossiers",
        _ordinal(),
        _text("unit"),
        _text("code"),
        _number("year"),
        _text("procedure", null=True),
        _text("case_code", null=True),
        _text("channel"),
        _text("stage"),
        _moment("created_at"),
        _unique("dossiers", "unit", "code"),
        sqlite_autoincrement=True,
    )
    _index("dossiers", "code")
    op.create_table(
        "batch_dossiers",
        _ordinal(),
        _text("batch_id"),
        _number("slot"),
        _text("unit"),
        _text("dossier_code"),
        _batch_key("batch_dossiers"),
        _dossier_key("batch_dossiers"),
        _unique("batch_dossiers", "batch_id", "slot"),
        sqlite_autoincrement=True,
    )
    _index("batch_dossiers", "unit", "dossier_code")
    op.create_table(
        "reviews",
        _ordinal(),
        _text("review_id"),
        _text("batch_id"),
        _text("unit"),
        _text("kind"),
        _number("withdrawn"),
        _json("item"),
        _json("answer", null=True),
        _batch_key("reviews"),
        _unique("reviews", "review_id"),
        sqlite_autoincrement=True,
    )
    _index("reviews", "batch_id")


def _archive() -> None:
    op.create_table(
        "components",
        _text("component_id"),
        _text("batch_id"),
        _text("unit"),
        _text("dossier_code"),
        _number("nn"),
        _text("code"),
        _json("pages"),
        sa.Column("confidence", sa.Float, nullable=False),
        _text("digitisation_code", null=True),
        _text("sidecar_sha256", null=True),
        _batch_key("components"),
        _dossier_key("components"),
        _primary("components", "component_id"),
        _unique("components", "digitisation_code"),
        _unique("components", "unit", "dossier_code", "nn"),
    )
    _index("components", "batch_id")
    op.create_table(
        "revisions",
        _text("component_id"),
        _number("rev"),
        _text("unit"),
        _text("sha256"),
        sa.Column("size", sa.BigInteger, nullable=False),
        _text("object_key"),
        _text("version_id", null=True),
        _json("signature", null=True),
        _json("found"),
        _component_key("revisions"),
        _primary("revisions", "component_id", "rev"),
        _unique("revisions", "object_key"),
    )
    _index("revisions", "sha256")
    op.create_table(
        "manifests",
        _text("unit"),
        _text("dossier_code"),
        _number("seq"),
        _text("batch_id"),
        _text("object_key"),
        _text("sha256", null=True),
        sa.Column("size", sa.BigInteger),
        _text("version_id", null=True),
        _batch_key("manifests"),
        _dossier_key("manifests"),
        _primary("manifests", "unit", "dossier_code", "seq"),
        _unique("manifests", "object_key"),
    )
    _index("manifests", "batch_id", "unit", "dossier_code")


def _deliveries() -> None:
    op.create_table(
        "outbox",
        _ordinal(),
        _text("unit"),
        _text("component_id"),
        _component_key("outbox"),
        sqlite_autoincrement=True,
    )
    _index("outbox", "component_id")
    op.create_table(
        "events",
        _ordinal(),
        _text("event_id"),
        _text("unit"),
        _text("action"),
        _json("document"),
        sa.Column("seq", _RISING),
        _text("prev_hash", null=True),
        _text("hash", null=True),
        _unique("events", "event_id"),
        _unique("events", "seq"),
        sqlite_autoincrement=True,
    )
