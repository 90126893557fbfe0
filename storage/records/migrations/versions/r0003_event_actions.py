"""The newest event of an action is looked for at every command: an index, in order of writing."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the index."""
    op.create_index("ix_events_action_row_id", "events", ["action", "row_id"])
