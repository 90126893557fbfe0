"""The embedded engine: one SQLite file with FTS5, search's own, never attached to the records.

FTS5 gets terms that are already cut and folded (`search.terms`), separated by spaces, and its
`ascii` tokenizer, which changes nothing in them: what is found does not depend on the Unicode
tables SQLite was built with. A private-use character stands between names and between sources of
text; no query can hold it, so no phrase runs across.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from pipeline.errors import SearchUnavailable
from search.documents import Document
from search.forms import forms_of
from search.port import Hit, Rebuilt, Results, Tier, ordered
from search.query import PREFIX_MIN, Parsed, Query, parse
from search.snippets import snippet
from search.sqlite_errors import DAMAGED, mapped

_VERSION = 2
"""Of tables and of the cutting of terms; another one in the file asks for a rebuild."""
_WALL = " \ue000 "
_LAST = "\U0010ffff"
_OWNER_ONLY = 0o600

_TABLES = (
    """CREATE TABLE IF NOT EXISTS documents (
        doc INTEGER PRIMARY KEY,
        component_id TEXT NOT NULL UNIQUE,
        dossier_code TEXT NOT NULL,
        dossier_key TEXT NOT NULL,
        unit TEXT NOT NULL,
        code TEXT NOT NULL,
        procedure TEXT,
        sensitive INTEGER NOT NULL,
        received REAL NOT NULL,
        delivery INTEGER NOT NULL,
        body TEXT NOT NULL)""",
    "CREATE INDEX IF NOT EXISTS documents_by_dossier ON documents (dossier_key)",
    """CREATE TABLE IF NOT EXISTS keys (
        key TEXT NOT NULL,
        doc INTEGER NOT NULL,
        PRIMARY KEY (key, doc)) WITHOUT ROWID""",
    "CREATE INDEX IF NOT EXISTS keys_by_doc ON keys (doc)",
    """CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5 (
        name_exact, name_folded, all_exact, all_folded, tokenize = 'ascii', prefix = '2 3')""",
    f"PRAGMA user_version = {_VERSION}",
)
_DROP = tuple(f"DROP TABLE IF EXISTS {table}" for table in ("words", "keys", "documents"))

_SEARCH = """
WITH found (doc, tier) AS (
    SELECT doc, :tier_id FROM keys WHERE key = :key
    UNION ALL SELECT rowid, :tier_exact FROM words WHERE words MATCH :name_exact
    UNION ALL SELECT rowid, :tier_folded FROM words WHERE words MATCH :name_folded
    UNION ALL SELECT rowid, :tier_text FROM words WHERE words MATCH :everything
    UNION ALL SELECT doc, :tier_text FROM documents
        WHERE :prefix <> '' AND dossier_key >= :prefix AND dossier_key < :prefix_end
), best (doc, tier) AS (SELECT doc, max(tier) FROM found GROUP BY doc)
SELECT d.doc, best.tier, count(*) OVER ()
FROM best JOIN documents AS d ON d.doc = best.doc
WHERE (:procedure IS NULL OR d.procedure = :procedure)
  AND (:component IS NULL OR d.code = :component)
  AND (:since IS NULL OR d.received >= :since)
  AND (:units IS NULL OR d.unit IN (SELECT value FROM json_each(:units)))
  AND (:sensitive IS NULL OR d.sensitive = :sensitive)
ORDER BY best.tier DESC, d.dossier_code, d.component_id
LIMIT :limit
"""


class SqliteIndex:
    """A `search.port.ComponentIndex` in one file (mode 0600, WAL); safe across processes."""

    def __init__(self, path: Path, *, busy_seconds: float = 5.0) -> None:
        """Bind to a file; nothing is opened yet.

        Args:
            path: the file, absolute.
            busy_seconds: how long a writer waits for another one.
        """
        self._path = path
        self._busy_seconds = busy_seconds

    def create(self) -> None:
        """See `search.port.ComponentIndex.create`."""
        if self._path.exists():
            return
        self._new_file()
        with self._connection(check=False) as connection, _transaction(connection):
            _make_tables(connection)

    def put(self, documents: Sequence[Document], orders: Sequence[int] = ()) -> Mapping[str, str]:
        """See `search.port.ComponentIndex.put`; here all of them or none."""
        with self._connection() as connection, _transaction(connection):
            for document, order in ordered(documents, orders):
                if not _newer_than(connection, document.component_id, order):
                    _forget(connection, document.component_id)
                    _insert(connection, document, order)
        return {}

    def remove(self, component_ids: Iterable[str]) -> None:
        """See `search.port.ComponentIndex.remove`."""
        with self._connection() as connection, _transaction(connection):
            for component_id in component_ids:
                _forget(connection, component_id)

    def search(self, query: Query) -> Results:
        """See `search.port.ComponentIndex.search`."""
        parsed = parse(query)
        with self._connection() as connection, _transaction(connection, "BEGIN"):
            rows = connection.execute(_SEARCH, _arguments(query, parsed)).fetchall()
            hits = [_hit(connection, doc, Tier(tier), parsed) for doc, tier, _ in rows]
        return Results(total=rows[0][2] if rows else 0, hits=tuple(hits))

    def ids(self) -> frozenset[str]:
        """See `search.port.ComponentIndex.ids`."""
        with self._connection() as connection:
            return frozenset(
                row[0] for row in connection.execute("SELECT component_id FROM documents")
            )

    def count(self) -> int:
        """See `search.port.ComponentIndex.count`."""
        with self._connection() as connection:
            return int(connection.execute("SELECT count(*) FROM documents").fetchone()[0])

    def rebuild(self, documents: Iterable[Document]) -> Rebuilt:
        """See `search.port.ComponentIndex.rebuild`.

        One write transaction: readers keep the old content until its end, and what other
        processes want to add meanwhile is refused as busy and stays owed to the index, so that
        nothing put during a rebuild is lost.
        """
        if not self._sound():
            self._discard()
        self._new_file()
        with self._connection(check=False) as connection, _transaction(connection):
            for statement in _DROP:
                connection.execute(statement)
            _make_tables(connection)
            for document in documents:
                _forget(connection, document.component_id)
                _insert(connection, document, 0)
            count = connection.execute("SELECT count(*) FROM documents").fetchone()[0]
            return Rebuilt(int(count))

    # -- inside -----------------------------------------------------------------------------

    @contextlib.contextmanager
    def _connection(self, *, check: bool = True) -> Iterator[sqlite3.Connection]:
        if not self._path.exists():
            raise SearchUnavailable(DAMAGED)
        with (
            mapped(),
            contextlib.closing(
                sqlite3.connect(
                    f"{self._path.absolute().as_uri()}?mode=rw",
                    uri=True,
                    timeout=self._busy_seconds,
                    isolation_level=None,
                )
            ) as connection,
        ):
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            if check:
                _check_version(connection)
            yield connection

    def _new_file(self) -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._path.touch(mode=_OWNER_ONLY)
            self._path.chmod(_OWNER_ONLY)
        except OSError as error:
            raise SearchUnavailable("INDEX_NOT_WRITABLE") from error

    def _sound(self) -> bool:
        """False where the file is missing or damaged; other troubles are raised."""
        try:
            with self._connection(check=False) as connection:
                return bool(connection.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok")
        except SearchUnavailable as error:
            if error.code != DAMAGED:
                raise
            return False

    def _discard(self) -> None:
        for suffix in ("", "-wal", "-shm", "-journal"):
            self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)


@contextlib.contextmanager
def _transaction(connection: sqlite3.Connection, begin: str = "BEGIN IMMEDIATE") -> Iterator[None]:
    connection.execute(begin)
    try:
        yield
    except BaseException:
        with contextlib.suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _make_tables(connection: sqlite3.Connection) -> None:
    for statement in _TABLES:
        connection.execute(statement)


def _check_version(connection: sqlite3.Connection) -> None:
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version == 0:
        raise SearchUnavailable(DAMAGED)
    if version != _VERSION:
        raise SearchUnavailable("INDEX_OUTDATED", found=version, wanted=_VERSION)


def _newer_than(connection: sqlite3.Connection, component_id: str, order: int) -> bool:
    return (
        connection.execute(
            "SELECT 1 FROM documents WHERE component_id = ? AND delivery > ?",
            (component_id, order),
        ).fetchone()
        is not None
    )


def _forget(connection: sqlite3.Connection, component_id: str) -> None:
    row = connection.execute(
        "SELECT doc FROM documents WHERE component_id = ?", (component_id,)
    ).fetchone()
    if row:
        for statement in (
            "DELETE FROM words WHERE rowid = ?",
            "DELETE FROM keys WHERE doc = ?",
            "DELETE FROM documents WHERE doc = ?",
        ):
            connection.execute(statement, row)


def _insert(connection: sqlite3.Connection, document: Document, order: int) -> None:
    forms = forms_of(document)
    doc = connection.execute(
        "INSERT INTO documents (component_id, dossier_code, dossier_key, unit, code, procedure,"
        " sensitive, received, delivery, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            document.component_id,
            document.dossier_code,
            forms.dossier_key,
            document.unit,
            document.code,
            document.procedure,
            document.sensitive,
            document.received_at.timestamp(),
            order,
            document.model_dump_json(by_alias=True),
        ),
    ).lastrowid
    connection.executemany(
        "INSERT INTO keys (key, doc) VALUES (?, ?)", [(key, doc) for key in forms.keys]
    )
    connection.execute(
        "INSERT INTO words (rowid, name_exact, name_folded, all_exact, all_folded)"
        " VALUES (?, ?, ?, ?, ?)",
        (
            doc,
            _walled(form.exact for form in forms.names),
            _walled(form.folded for form in forms.names),
            _walled(form.exact for form in forms.sources),
            _walled([*(form.folded for form in forms.sources), *zip(forms.joined)]),
        ),
    )


def _walled(sources: Iterable[Sequence[str]]) -> str:
    return _WALL.join(" ".join(terms) for terms in sources)


def _arguments(query: Query, parsed: Parsed) -> dict[str, str | int | float | None]:
    prefix = parsed.key if len(parsed.key) >= PREFIX_MIN else ""
    everything = " AND ".join(_conditions(parsed))
    return {
        "tier_id": Tier.EXACT_ID,
        "tier_exact": Tier.EXACT_NAME,
        "tier_folded": Tier.FOLDED_NAME,
        "tier_text": Tier.TEXT,
        "key": parsed.key,
        "name_exact": f"name_exact : {_phrase(parsed.exact)}",
        "name_folded": " AND ".join([f"name_folded : {_phrase(parsed.folded)}", *_quoted(parsed)]),
        "everything": everything,
        "prefix": prefix,
        "prefix_end": prefix + _LAST,
        "procedure": _storable(query.procedure),
        "component": _storable(query.component),
        "since": query.since,
        "units": None if query.units is None else json.dumps(query.units),
        "sensitive": query.sensitive,
        "limit": query.limit,
    }


def _conditions(parsed: Parsed) -> list[str]:
    """FTS5 conditions that the text tier must meet, at least one."""
    last = len(parsed.words) - 1 if parsed.open_ended else -1
    words = [
        f"all_folded : {_phrase([word])}{' *' if number == last else ''}"
        for number, word in enumerate(parsed.words)
    ]
    return words + _quoted(parsed)


def _quoted(parsed: Parsed) -> list[str]:
    return [f"all_exact : {_phrase(phrase)}" for phrase in parsed.phrases]


def _phrase(words: Sequence[str]) -> str:
    """Terms hold letters and digits only: nothing in them can end the string."""
    return '"' + " ".join(words) + '"'


def _storable(text: str | None) -> str | None:
    return None if text is None else text.encode("utf-8", "replace").decode("utf-8")


def _hit(connection: sqlite3.Connection, doc: int, tier: Tier, parsed: Parsed) -> Hit:
    (body,) = connection.execute("SELECT body FROM documents WHERE doc = ?", (doc,)).fetchone()
    document = Document.model_validate_json(body)
    return Hit(
        dossier_code=document.dossier_code,
        component_id=document.component_id,
        code=document.code,
        unit=document.unit,
        procedure=document.procedure,
        full_name=document.full_name,
        snippet=snippet(document, parsed),
        tier=tier,
        sensitive=document.sensitive,
        unverified=document.unverified,
    )
