"""Images."""

from typing import Any

import numpy as np
import pandas as pd

from kerasae.kinds._base import Kind
from kerasae.spec import Spec

#: Largest number of pixels for which the dense network is the default.
_SMALL = 32 * 32


class Image(Kind):
    """Images of shape `(height, width, channels)`."""

    is_picture = True
    unit = "pixel"

    @classmethod
    def example(cls) -> Spec:
        return Spec("image", (4, 3, 2), "uint8", 0.0, 255.0)

    @property
    def network(self) -> str:
        rows, columns, _ = self.spec.shape
        return "conv" if rows * columns > _SMALL else "dense"

    @property
    def preprocessing(self) -> str:
        return "rescaling"

    @property
    def feature_names(self) -> list[str]:
        rows, columns, channels = self.spec.shape
        return [
            f"pixel {row},{column}" + (f" channel {channel}" if channels > 1 else "")
            for row in range(rows)
            for column in range(columns)
            for channel in range(channels)
        ]

    def watched(self, raw: Any, x: np.ndarray) -> pd.DataFrame:
        """Return brightness, contrast and sharpness of each channel.

        These are the mean of the pixels, their standard deviation, and the mean of the absolute differences
        between neighbours, in raw units.
        """
        pixels = np.asarray(raw, "float64").reshape(len(raw), *self.spec.shape)
        columns = {}
        for channel in range(self.spec.shape[2]):
            plane = pixels[..., channel]
            steps = [np.abs(np.diff(plane, axis=axis)).reshape(len(plane), -1) for axis in (1, 2)]
            after = f" of channel {channel}" if self.spec.shape[2] > 1 else ""
            columns[f"brightness{after}"] = plane.mean(axis=(1, 2))
            columns[f"contrast{after}"] = plane.std(axis=(1, 2))
            columns[f"sharpness{after}"] = np.concatenate(steps, axis=1).mean(axis=1)
        return pd.DataFrame(columns)
