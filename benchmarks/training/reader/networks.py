"""A network of Tesseract that was stored in whole numbers, stored with floats, to train it on.

Shipped networks hold bytes and a scale for each row of weights, and `lstmtraining` goes on from
floats only; weight = byte * scale is what the engine itself reckons with. The layout of the file
follows `src/lstm/{network,plumbing,weightmatrix,lstm,lstmrecognizer}.cpp` of Tesseract 5
(Apache-2.0): little endian, lengths as 32 bits. May not come in: character sets, training.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import numpy as np

_WHOLE: Final = 1
_ADAM: Final = 4
_DOUBLE: Final = 128
"""Flags of a matrix."""
_OWN_RATES: Final = 64
"""Flag of a layer that holds others: their learning rates follow."""
_MODEL_WHOLE: Final = 1
"""Flag of the model."""
_GATES: Final = 4
_GATES_2D: Final = 5
_HOLDERS: Final = frozenset({"Series", "Parallel", "RTLReversed", "TTBReversed", "XYTranspose"})
_FIXED: Final = {"Convolve": 8, "Maxpool": 8, "Reconfig": 8, "Input": 20}
"""Layers without weights, and how many bytes describe them."""
_FULL: Final = frozenset(
    {"Tanh", "Softmax", "SoftmaxNoCTC", "Logistic", "Relu", "Linear", "PosClip", "SymClip"}
)
_LSTM: Final = frozenset({"LSTM", "SummLSTM"})


class NetworkFormatError(ValueError):
    """Bytes that are no network of whole numbers as written by Tesseract 4 or 5."""


def with_floats(network: bytes) -> bytes:
    """The same network, its weights as doubles.

    Args:
        network: the component `lstm` of a `.traineddata` file.

    Raises:
        NetworkFormatError: it holds floats already, or what this does not know.
    """
    copy = _Copy(network)
    try:
        _layer(copy)
        _model(copy)
    except struct.error as error:
        raise NetworkFormatError("too short") from error
    return bytes(copy.out)


@dataclass
class _Copy:
    """Reads on from `at` and writes to `out`."""

    data: bytes
    at: int = 0
    out: bytearray = field(default_factory=bytearray)

    def peek(self, form: str) -> tuple[int, ...]:
        """What comes next, left where it is."""
        return struct.unpack_from(f"<{form}", self.data, self.at)

    def skip(self, form: str) -> tuple[int, ...]:
        """What comes next, not written."""
        values = self.peek(form)
        self.at += struct.calcsize(f"<{form}")
        return values

    def keep(self, form: str) -> tuple[int, ...]:
        """What comes next, written as it is."""
        values = self.skip(form)
        self.out += struct.pack(f"<{form}", *values)
        return values

    def keep_bytes(self, count: int) -> bytes:
        """So many bytes, written as they are."""
        taken = self.take(count)
        self.out += taken
        return taken

    def take(self, count: int) -> bytes:
        """So many bytes, not written."""
        taken = self.data[self.at : self.at + count]
        if len(taken) != count:
            raise NetworkFormatError("too short")
        self.at += count
        return taken

    def keep_text(self) -> str:
        """A text with its length, written as it is."""
        (length,) = self.keep("I")
        return self.keep_bytes(length).decode("utf-8")


def _layer(copy: _Copy) -> None:
    if copy.keep("b") != (0,):
        raise NetworkFormatError("a layer without its name")
    kind = copy.keep_text()
    copy.keep("bb")
    flags, inputs, _, _ = copy.keep("iiii")
    copy.keep_text()
    if kind in _HOLDERS:
        (count,) = copy.keep("I")
        for _ in range(count):
            _layer(copy)
        if flags & _OWN_RATES:
            (rates,) = copy.keep("I")
            copy.keep_bytes(4 * rates)
    elif kind in _FIXED:
        copy.keep_bytes(_FIXED[kind])
    elif kind in _FULL:
        _matrix(copy)
    elif kind in _LSTM:
        (summed,) = copy.keep("i")
        states = copy.peek("BI")[1]
        for _ in range(_GATES_2D if summed == inputs + 2 * states else _GATES):
            _matrix(copy)
    else:
        raise NetworkFormatError(kind)


def _matrix(copy: _Copy) -> None:
    (flags,) = copy.skip("B")
    if not flags & _WHOLE or not flags & _DOUBLE:
        raise NetworkFormatError(f"weights of kind {flags}")
    rows, columns = copy.skip("II")
    copy.skip("b")  # what an empty cell holds
    whole = np.frombuffer(copy.take(rows * columns), np.int8).reshape(rows, columns)
    (count,) = copy.skip("I")
    if count < rows:
        raise NetworkFormatError("rows without a scale")
    scales = np.frombuffer(copy.take(8 * count), "<f8")[:rows, None]
    copy.out += struct.pack("<BIId", _DOUBLE | flags & _ADAM, rows, columns, 0.0)
    copy.out += (whole * scales).astype("<f8").tobytes()


def _model(copy: _Copy) -> None:
    copy.keep_text()
    (flags,) = copy.skip("i")
    copy.out += struct.pack("<i", flags & ~_MODEL_WHOLE)
    keep: Callable[[str], object] = copy.keep
    keep("iiifff")  # iterations, samples, the code of nothing; momentum and rates
    if copy.at != len(copy.data):
        raise NetworkFormatError("more than a network")
