"""Port `Timestamps`: RFC 3161 over HTTP, and the fake of the tests."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import TimestampError
from pipeline.ports.signing import Timestamps
from pipeline.settings import Settings, SigningSettings, TsaSettings
from pipeline.signatures import Signing
from tests.fakes.certificates import TODAY
from tests.fakes.pki import Pki
from tests.fakes.timestamps import PlainTimestamps

DATA = hashlib.sha256(b"a seal").hexdigest()
OTHER = hashlib.sha256(b"another seal").hexdigest()


def down(_: Any, start: Callable[..., Any], __: Any) -> Iterable[bytes]:
    start("503 Service Unavailable", [])
    return [b""]


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pki]:
    made = Pki(tmp_path_factory.mktemp("authorities"))
    made.set(TODAY)
    yield made
    made.close()


def remote(pki: Pki, home: Path, tsa: str | None) -> Signing:
    return Signing(
        Settings(
            home=home,
            signing=SigningSettings(trust=(pki.pem("root"),), level="B-B"),
            tsa=TsaSettings(url=tsa),
        )
    )


@pytest.fixture(params=["remote", "plain"])
def timestamps(request: pytest.FixtureRequest, pki: Pki, tmp_path: Path) -> Iterator[Timestamps]:
    if request.param == "plain":
        yield PlainTimestamps(TODAY)
        return
    signing = remote(pki, tmp_path, pki.tsa())
    yield signing.timestamps
    signing.close()


@pytest.fixture(params=["remote", "plain"])
def unset(request: pytest.FixtureRequest, pki: Pki, tmp_path: Path) -> Timestamps:
    if request.param == "plain":
        return PlainTimestamps(TODAY, available=False)
    return remote(pki, tmp_path, None).timestamps


def test_an_authority_that_was_not_revoked_stood(timestamps: Timestamps) -> None:
    response = timestamps.stamp(DATA)
    timestamps.ensure_stood(response, DATA)
    for wrong, sha256 in ((response, OTHER), (b"", DATA)):
        with pytest.raises(TimestampError) as refused:
            timestamps.ensure_stood(wrong, sha256)
        assert refused.value.code == "TIMESTAMP_UNUSABLE"


@pytest.mark.parametrize(
    ("since", "code"), [(-1, "TIMESTAMP_REVOKED"), (1, None), (None, "REVOCATION_UNAVAILABLE")]
)
def test_whether_an_authority_stood_is_asked_of_its_issuer(
    pki: Pki, tmp_path: Path, since: int | None, code: str | None
) -> None:
    """Revoked before it stamped, afterwards; nobody answers."""
    asking, later = (remote(pki, tmp_path, pki.tsa()) for _ in range(2))
    response = asking.timestamps.stamp(DATA)
    week = dt.timedelta(days=7)
    try:
        if since is None:
            pki.fail(crls=down)
        else:
            pki.set(TODAY + 2 * week, {"tsa": TODAY + since * week})
        if code is None:
            later.timestamps.ensure_stood(response, DATA)
        else:
            with pytest.raises(TimestampError) as raised:
                later.timestamps.ensure_stood(response, DATA)
            assert raised.value.code == code
    finally:
        pki.fail()
        pki.set(TODAY)
        asking.close()
        later.close()


def test_an_authority_whose_certificate_has_ended_is_not_spoken_of(
    pki: Pki, tmp_path: Path
) -> None:
    signing = remote(pki, tmp_path, pki.tsa())
    response = signing.timestamps.stamp(DATA)
    signing.close()
    late = Signing(signing._settings, now=lambda: TODAY + dt.timedelta(days=365 * 30))
    with pytest.raises(TimestampError) as unknown:
        late.timestamps.ensure_stood(response, DATA)
    assert unknown.value.code == "REVOCATION_UNAVAILABLE"


def test_what_was_stamped_is_read(timestamps: Timestamps) -> None:
    assert timestamps.available
    response = timestamps.stamp(DATA)
    assert len(response) < 64 * 1024
    assert timestamps.read(response, DATA) == TODAY


def test_a_response_is_over_its_own_data_only(timestamps: Timestamps) -> None:
    with pytest.raises(TimestampError) as refused:
        timestamps.read(timestamps.stamp(DATA), OTHER)
    assert refused.value.code == "TIMESTAMP_UNUSABLE"


@pytest.mark.parametrize("response", [b"", b"\x30\x03\x02\x01\x00", b"\xff" * 99, b"0\x80"])
def test_bytes_that_are_no_response(timestamps: Timestamps, response: bytes) -> None:
    with pytest.raises(TimestampError) as refused:
        timestamps.read(response, DATA)
    assert refused.value.code == "TIMESTAMP_UNUSABLE"


def test_no_authority_is_set(unset: Timestamps) -> None:
    assert not unset.available
    with pytest.raises(TimestampError) as refused:
        unset.stamp(DATA)
    assert refused.value.code == "TIMESTAMP_NOT_SET"


def test_a_response_is_read_where_no_authority_is_set(pki: Pki, tmp_path: Path) -> None:
    asking, reading = remote(pki, tmp_path, pki.tsa()), remote(pki, tmp_path, None)
    response = asking.timestamps.stamp(DATA)
    asking.close()
    assert reading.timestamps.read(response, DATA) == TODAY


def test_a_stranger_is_refused_when_asked_and_when_read(pki: Pki, tmp_path: Path) -> None:
    stranger = remote(pki, tmp_path, pki.tsa("stranger-tsa"))
    trusting = Signing(
        Settings(
            home=tmp_path,
            signing=SigningSettings(trust=(pki.pem("stranger-root"),)),
            tsa=TsaSettings(url=pki.tsa("stranger-tsa")),
        )
    )
    with pytest.raises(TimestampError) as refused:
        stranger.timestamps.stamp(DATA)
    assert refused.value.code == "TIMESTAMP_UNTRUSTED"
    response = trusting.timestamps.stamp(DATA)
    with pytest.raises(TimestampError) as read:
        stranger.timestamps.read(response, DATA)
    assert read.value.code == "TIMESTAMP_UNTRUSTED"
    for signing in (stranger, trusting):
        signing.close()
