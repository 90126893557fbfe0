"""The relational records: the truth about work (architecture §5), on SQLAlchemy Core.

One module per noun, composed by `store.SqlRecords`; tables in `schema`, everything that knows a
database product in `database`. May not come in: rules of casework, objects.
"""

from storage.records.sqlite import sqlite_url
from storage.records.store import SqlRecords
from storage.records.upgrade import Look, look, needs_upgrade, open_records, upgrade

__all__ = [
    "Look",
    "SqlRecords",
    "look",
    "needs_upgrade",
    "open_records",
    "sqlite_url",
    "upgrade",
]
