"""What an encoder is to the rest of the program."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Progress = Callable[[int], None]


class Encoder(Protocol):
    """Turns texts into vectors whose scalar product says how near their meanings are."""

    @property
    def version(self) -> str:
        """Names weights, precision and conventions; only vectors of the same version may be compared."""

    @property
    def dimensions(self) -> int:
        """The length of a vector."""

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> NDArray[np.float32]:
        """Vectors of length 1, fp32, (texts, dimensions), in the order of the texts.

        A text gives the same bits whatever it is encoded with, so that a job killed and run again stores the same.
        `progress` is called with the number of texts done so far. Nothing but the text itself is expected: prefix and
        truncation happen inside.
        """
