"""Images."""

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
