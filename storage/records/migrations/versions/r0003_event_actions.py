"""Events are looked for by action, the newest first at every command, and by hash: two indices."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the indices."""
    op.create_index("ix_events_action_row_id", "events", ["action", "row_id"])
    op.create_index("ix_events_hash", "events", ["hash"])
