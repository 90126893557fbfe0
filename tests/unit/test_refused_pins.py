"""The memory of refused PINs, without a token."""

from __future__ import annotations

from pathlib import Path

from pipeline.signatures.refused_pins import RefusedPins


def test_what_was_refused_is_known(tmp_path: Path) -> None:
    pins = RefusedPins(tmp_path / "pins")
    with pins.one_at_a_time():
        assert not pins.knows("token", "1234")
        pins.remember("token", "1234")
    assert RefusedPins(tmp_path / "pins").knows("token", "1234")
    assert not pins.knows("token", "4321") and not pins.knows("other", "1234")


def test_a_memory_that_cannot_be_looked_at_knows_nothing(tmp_path: Path) -> None:
    pins = RefusedPins(tmp_path / ("x" * 300))
    with pins.one_at_a_time():
        pins.remember("token", "1234")
        assert not pins.knows("token", "1234")
