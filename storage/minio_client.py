"""The way to an S3 server: address, identity, timeouts, and its errors in our words.

Of the S3 dialect only what another server has too: versions, object lock, checksums; what MinIO
adds is used where it answers and done without where it does not. Nothing is sent before the first
use. May not come in: keys and what they mean, how a store works (`minio_store`, `minio_work`).
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import parse_qs, urlsplit

import urllib3
from minio import Minio
from minio.error import InvalidResponseError, MinioException, S3Error, ServerError
from urllib3.exceptions import HTTPError, MaxRetryError, SSLError
from urllib3.response import BaseHTTPResponse
from urllib3.util import Retry, Timeout

from pipeline.errors import (
    ArchiveError,
    ArchiveUnavailable,
    ChecksumMismatch,
    ConfigError,
    ContentConflict,
)
from pipeline.settings import ArchiveSettings

Made = TypeVar("Made", bound=Minio)

SCHEME: Final = "s3:"

_CONNECT_SECONDS: Final = 5.0
_CONNECTIONS: Final = 16
_LONGEST_WAIT: Final = 1.0
_RETRIES: Final = Retry(
    total=2,
    backoff_factor=0.1,
    backoff_max=_LONGEST_WAIT,
    status_forcelist=(500, 502, 503, 504),
    allowed_methods=("GET", "HEAD"),
    raise_on_status=False,
    respect_retry_after_header=False,
)
"""Reading again is harmless. A write whose answer was lost may have been done: done again it
would make a second version, so the store looks first."""

_FULL: Final = frozenset(
    {"XMinioStorageFull", "XMinioAdminBucketQuotaExceeded", "QuotaExceeded", "InsufficientStorage"}
)
_DENIED: Final = frozenset(
    {"AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "AccountProblem"}
)
_CHANGED: Final = frozenset(
    {
        "BadDigest",
        "InvalidDigest",
        "XAmzContentChecksumMismatch",
        "XAmzContentSHA256Mismatch",
        "IncompleteBody",
    }
)
_BUSY: Final = frozenset(
    {
        "ConditionalRequestConflict",
        "OperationAborted",
        "RequestTimeout",
        "ServiceUnavailable",
        "SlowDown",
    }
)


@dataclass(frozen=True, slots=True)
class Place:
    """A bucket on a server."""

    endpoint: str
    """`HOST:PORT`."""
    secure: bool
    """TLS."""
    bucket: str


@dataclass(frozen=True, slots=True)
class Identity:
    """Who asks."""

    access_key: str
    secret_key: str

    def __repr__(self) -> str:
        """Without the secret."""
        return f"Identity({self.access_key!r})"


def place_of(url: str) -> Place:
    """The bucket that `s3:http(s)://HOST:PORT/BUCKET` names.

    Raises:
        ConfigError: `ARCHIVE_URL_INVALID`.
    """
    try:
        parts = urlsplit(url.removeprefix(SCHEME))
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise ConfigError("ARCHIVE_URL_INVALID") from error
    bucket = parts.path.strip("/")
    odd = parts.query or parts.fragment or parts.username or parts.password or "/" in bucket
    if parts.scheme not in ("http", "https") or not host or not bucket or odd:
        raise ConfigError("ARCHIVE_URL_INVALID")
    return Place(endpoint=parts.netloc, secure=parts.scheme == "https", bucket=bucket)


class Client(Minio):
    """The client, with a twin that puts nothing over what is there."""

    only_new: Minio
    """Its puts are refused (RFC 9110 §13.1.2) where a key has a version. A server without
    conditional writes overlooks the wish."""


def client_of(settings: ArchiveSettings, ca: Path | None, *, reading: bool) -> Client:
    """A client of the archive's server, as the identity for the task.

    Args:
        settings: the archive's.
        ca: `settings.ca`, made absolute.
        reading: nothing will be written: the identity that cannot.

    Raises:
        ConfigError: `ARCHIVE_URL_INVALID`; `ARCHIVE_KEY_MISSING` where no identity is set.
    """
    name, secret = settings.access_key, settings.secret_key
    if reading and settings.reader_access_key:
        name, secret = settings.reader_access_key, settings.reader_secret_key
    if not name or secret is None:
        raise ConfigError("ARCHIVE_KEY_MISSING")
    return connect(
        place_of(settings.url),
        Identity(name, secret.get_secret_value()),
        region=settings.region,
        ca=ca,
        timeout_seconds=settings.timeout_seconds,
    )


def connect(
    place: Place,
    identity: Identity,
    *,
    region: str,
    ca: Path | None = None,
    timeout_seconds: float = 20.0,
) -> Client:
    """A client with bounded waiting; nothing is sent yet.

    Args:
        place: server and bucket.
        identity: who asks.
        region: of the bucket.
        ca: PEM file of the authority that issued the server's certificate; None: the system's.
        timeout_seconds: longest silence of the server.
    """

    def made(kind: type[Made], pool: type[urllib3.PoolManager]) -> Made:
        return kind(
            place.endpoint,
            access_key=identity.access_key,
            secret_key=identity.secret_key,
            secure=place.secure,
            region=region,
            http_client=pool(
                maxsize=_CONNECTIONS,
                timeout=Timeout(
                    connect=min(_CONNECT_SECONDS, timeout_seconds), read=timeout_seconds
                ),
                retries=_RETRIES,
                cert_reqs="CERT_REQUIRED",
                ca_certs=str(ca) if ca else None,
            ),
        )

    client = made(Client, urllib3.PoolManager)
    client.only_new = made(Minio, _OnlyNew)
    return client


class _OnlyNew(urllib3.PoolManager):
    """Asks for what minio-py has no way to ask: a put only where nothing is."""

    def urlopen(self, method: str, url: str, *how: Any, **more: Any) -> BaseHTTPResponse:
        """See `urllib3.PoolManager`. Parts of an object are not conditional, the whole is."""
        query = parse_qs(urlsplit(url).query, keep_blank_values=True)
        if (method == "PUT" and not query) or (method == "POST" and "uploadId" in query):
            headers = urllib3.HTTPHeaderDict(more.pop("headers", None))
            headers["If-None-Match"] = "*"
            more["headers"] = headers
        return super().urlopen(method, url, *how, **more)


@contextlib.contextmanager
def mapped() -> Iterator[None]:
    """What the client and the network raise, as what a caller can act on.

    Raises:
        ArchiveUnavailable: `ARCHIVE_UNAVAILABLE` (down, silent, busy), `ARCHIVE_FULL`.
        ConfigError: `ARCHIVE_ACCESS_DENIED`, `ARCHIVE_BUCKET_MISSING`, `ARCHIVE_CLOCK_SKEWED`,
            `ARCHIVE_CERTIFICATE_UNTRUSTED`.
        ChecksumMismatch: bytes changed on the way.
        ContentConflict: what only a new key may take is there.
        ArchiveError: `ARCHIVE_REFUSED`, with the server's own code.
    """
    try:
        yield
    except S3Error as error:
        raise _refusal(error) from error
    except ServerError as error:
        raise _failure(error.status_code) from error
    except InvalidResponseError as error:  # no S3 server's words: a proxy's, or half an answer
        raise ArchiveUnavailable from error
    except MinioException as error:
        raise ArchiveError("ARCHIVE_REFUSED", problem=type(error).__name__) from error
    except (HTTPError, OSError) as error:
        reason = error.reason if isinstance(error, MaxRetryError) else error
        if isinstance(reason, SSLError):
            raise ConfigError("ARCHIVE_CERTIFICATE_UNTRUSTED") from error
        raise ArchiveUnavailable from error


def code_of(error: S3Error) -> str:
    """The server's code: an answer to HEAD has no body, MinIO repeats the code in a header."""
    return str(error.response.headers.get("x-minio-error-code") or error.code or "")


def _refusal(error: S3Error) -> Exception:
    code = code_of(error)
    status = error.response.status
    if code in _FULL or status == HTTPStatus.INSUFFICIENT_STORAGE:
        return ArchiveUnavailable("ARCHIVE_FULL")
    if code in _DENIED or status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        skewed = code == "RequestTimeTooSkewed"
        return ConfigError("ARCHIVE_CLOCK_SKEWED" if skewed else "ARCHIVE_ACCESS_DENIED")
    if status == HTTPStatus.PRECONDITION_FAILED:
        return ContentConflict()
    if code == "NoSuchBucket":
        return ConfigError("ARCHIVE_BUCKET_MISSING")
    if code in _CHANGED:
        return ChecksumMismatch()
    if code in _BUSY:
        return ArchiveUnavailable()
    return _failure(status, code)


def _failure(status: int, code: str = "") -> Exception:
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.TOO_MANY_REQUESTS:
        return ArchiveUnavailable()
    return ArchiveError("ARCHIVE_REFUSED", problem=code or str(status))


class Content(io.RawIOBase):
    """The body of an answer; gives its connection back when it is closed."""

    def __init__(self, response: BaseHTTPResponse) -> None:
        self._response = response

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int:
        """See `io.RawIOBase`.

        Raises:
            ArchiveUnavailable: the server fell silent, or broke off before the end.
        """
        with mapped():
            piece = self._response.read(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)

    def close(self) -> None:
        """Once read to the end the connection serves again; else it is closed."""
        if not self.closed:
            self._response.close()
            self._response.release_conn()
        super().close()
