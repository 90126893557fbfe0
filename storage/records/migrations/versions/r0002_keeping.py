"""How long a dossier is kept, and what holds it: a document beside its stage; NULL says nothing."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"

_DOCUMENT = sa.JSON().with_variant(postgresql.JSONB, "postgresql")


def upgrade() -> None:
    """Add the column."""
    op.add_column("dossiers", sa.Column("keeping", _DOCUMENT, nullable=True))
