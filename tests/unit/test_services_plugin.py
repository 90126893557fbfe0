"""The shell's servers do not leak into tests that work embedded."""

from __future__ import annotations

import os

from tests.services import take


def test_what_points_at_servers_is_taken_out_and_nothing_else() -> None:
    environ = {
        "SOHOA_HOME": "/home/x",
        "SOHOA_UNIT": "07900",
        "SOHOA_ARCHIVE__URL": "s3:http://127.0.0.1:1/b",
        "SERVICES_STATE": "/tmp/s",
        "SOFTHSM2_CONF": "/tmp/s/softhsm2.conf",
        "PATH": "/bin",
    }
    taken = take(environ)
    assert set(taken) == {"SOHOA_ARCHIVE__URL", "SERVICES_STATE", "SOFTHSM2_CONF"}
    assert set(environ) == {"SOHOA_HOME", "SOHOA_UNIT", "SOFTHSM2_CONF", "PATH"}


def test_this_very_run_points_at_no_server() -> None:
    assert not [name for name in os.environ if name.startswith(("SOHOA_ARCHIVE__", "SERVICES_"))]
