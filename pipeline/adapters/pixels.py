"""`OpenCvDecoder`: pixels of a raw page image.

May not come in: looking at what the pixels show.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.errors import UnreadableScan
from pipeline.models.pages import Turn
from pipeline.ports.reading import Colour, Gray

_JPEG: Final = b"\xff\xd8\xff"
_GRAY: Final[dict[int, int]] = {
    1: cv2.IMREAD_GRAYSCALE,
    2: cv2.IMREAD_REDUCED_GRAYSCALE_2,
    4: cv2.IMREAD_REDUCED_GRAYSCALE_4,
}
_COLOUR: Final[dict[int, int]] = {
    1: cv2.IMREAD_COLOR,
    2: cv2.IMREAD_REDUCED_COLOR_2,
    4: cv2.IMREAD_REDUCED_COLOR_4,
}
_TURNS: Final[dict[Turn, int]] = {
    90: cv2.ROTATE_90_CLOCKWISE,
    180: cv2.ROTATE_180,
    270: cv2.ROTATE_90_COUNTERCLOCKWISE,
}


class OpenCvDecoder:
    """Decodes JPEG, PNG and TIFF with OpenCV (port `Decoder`)."""

    def gray(self, path: Path, *, turn: Turn = 0, reduce: Literal[1, 2, 4] = 1) -> Gray:
        """Decode to grey in the raw frame, then turn clockwise; see `Decoder.gray`.

        A reduced image is the mean of the pixels it stands for; JPEG is reduced while decoding.

        Raises:
            UnreadableScan: `IMAGE_UNDECODABLE`.
        """
        return _decoded(path, turn, reduce, _GRAY)

    def colour(self, path: Path, *, turn: Turn = 0, reduce: Literal[1, 2, 4] = 1) -> Colour:
        """As `gray`, in colour.

        Raises:
            UnreadableScan: `IMAGE_UNDECODABLE`.
        """
        return _decoded(path, turn, reduce, _COLOUR)


def _decoded(
    path: Path, turn: Turn, reduce: Literal[1, 2, 4], flags: dict[int, int]
) -> NDArray[np.uint8]:
    try:
        data = np.fromfile(path, dtype=np.uint8)
        is_jpeg = data[:3].tobytes() == _JPEG
        how = flags[reduce if is_jpeg else 1] | cv2.IMREAD_IGNORE_ORIENTATION
        image = cv2.imdecode(data, how)
        if image is not None and not is_jpeg and reduce > 1:
            size = (-(-image.shape[1] // reduce), -(-image.shape[0] // reduce))
            image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        if image is not None and turn:
            image = cv2.rotate(image, _TURNS[turn])
    except (cv2.error, OSError) as error:
        raise UnreadableScan("IMAGE_UNDECODABLE") from error
    if image is None:
        raise UnreadableScan("IMAGE_UNDECODABLE")
    return np.asarray(image, dtype=np.uint8)
