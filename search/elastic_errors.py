"""What a server's refusals mean: the one place where they are mapped. No client in here."""

from __future__ import annotations

from pipeline.errors import ConfigError, SearchUnavailable, SohoaError

DAMAGED = "INDEX_DAMAGED"
GONE = frozenset({"index_not_found_exception", "index_closed_exception"})
TAKEN = "resource_already_exists_exception"
OVERTAKEN = "version_conflict_engine_exception"

_DENIED = (401, 403)
_BUSY = 429
_AWAY = (502, 503, 504)
_DRIFT = frozenset(
    {
        "strict_dynamic_mapping_exception",
        "document_parsing_exception",
        "mapper_parsing_exception",
        "illegal_argument_exception",
        "search_phase_execution_exception",
        "query_shard_exception",
    }
)
"""An index that was not made by this program, or not for it."""

_NEVER = 400


def is_for_good(status: int, kind: str) -> bool:
    """True where an item was refused for what it is: the same will be refused again."""
    return status == _NEVER and kind in _DRIFT


def refusal(status: int, kind: str, reason: str) -> SohoaError:
    """The error of the tree that a refusal means.

    Args:
        status: HTTP status, of the answer or of one item in it.
        kind: the server's name of the error, e.g. `security_exception`.
        reason: the server's sentence; it may quote a document and goes no further than this.
    """
    if "flood-stage" in reason or "read-only-allow-delete" in reason:
        return SearchUnavailable("INDEX_DISK_FULL")
    if status in _AWAY:
        return SearchUnavailable("INDEX_UNREACHABLE")
    if kind == "cluster_block_exception":
        return SearchUnavailable("INDEX_BUSY")
    if status in _DENIED:
        return ConfigError("INDEX_DENIED", status=status)
    if kind in GONE:
        return SearchUnavailable(DAMAGED)
    if kind == "invalid_alias_name_exception":
        return ConfigError("INDEX_NAME_TAKEN")
    if status == _BUSY:
        return SearchUnavailable("INDEX_BUSY")
    if kind in _DRIFT:
        return SearchUnavailable(DAMAGED)
    return SearchUnavailable(engine_error=kind or str(status))
