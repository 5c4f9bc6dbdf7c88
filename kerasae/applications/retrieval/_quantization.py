"""Iterative quantization: codes of numbers become codes of bits."""

import numpy as np


class IterativeQuantization:
    """`min |B - (z - mean) W R|^2` over bits `B` in {-1, 1} and a rotation `R`.

    `W` holds the leading principal directions of the codes, one for each bit. Signs of principal components
    waste bits, because the first components hold most of the variance; the rotation spreads it. `B` and `R`
    are updated in turns: `B` is the signs, and `R` for given `B` solves a Procrustes problem by an SVD. If
    there are more bits than numbers, the codes are padded with zeros, which the rotation fills: every bit is
    then a separate direction in a smaller space.

    Args:
        bits: Number of bits per code. Defaults to `None`, the code size.
        iterations: Number of iterations. Defaults to 50, as in the paper.
        seed: Seed of the initial rotation. Defaults to 0.

    Attributes:
        mean_: Mean of the codes, `(latent_dim,)`.
        rotation_: `W R`, `(latent_dim, bits)`.
        errors_: Mean squared distance of the rotated codes to their signs, by iteration; it never rises.

    Reference: Gong and Lazebnik 2011, CVPR.
    """

    def __init__(self, bits: int | None = None, *, iterations: int = 50, seed: int = 0) -> None:
        self.bits = bits
        self.iterations = iterations
        self.seed = seed

    def fit(self, codes: np.ndarray) -> "IterativeQuantization":
        """Fit directions and rotation to codes, `(rows, latent_dim)`."""
        size = codes.shape[1]
        bits = size if self.bits is None else self.bits
        self.mean_ = codes.mean(axis=0, dtype="float64")
        centred = codes - self.mean_
        _, directions = np.linalg.eigh(centred.T @ centred)
        directions = np.pad(directions[:, ::-1][:, :bits], [(0, 0), (0, max(bits - size, 0))])
        points = centred @ directions
        # The scaled codes are as far from 0 as the signs are.
        points /= max(float(np.sqrt(np.square(points).mean())), 1e-12)
        rotation = np.linalg.qr(np.random.default_rng(self.seed).normal(size=(bits, bits)))[0]
        self.errors_: list[float] = []
        for _ in range(self.iterations):
            rotated = points @ rotation
            signs = np.where(rotated > 0, 1.0, -1.0)
            self.errors_.append(float(np.square(signs - rotated).mean()))
            left, _, right = np.linalg.svd(points.T @ signs)
            rotation = left @ right
        self.rotation_ = directions @ rotation
        return self

    def transform(self, codes: np.ndarray) -> np.ndarray:
        """Turn codes, `(rows, latent_dim)`, into bits, eight per byte, `(rows, ceil(bits / 8))`, uint8."""
        return np.packbits((codes - self.mean_) @ self.rotation_ > 0, axis=1)


def hamming(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return the number of different bits of packed bits, `(rows of first, rows of second)`."""
    total = np.zeros((len(first), len(second)), "uint16")
    for byte in range(first.shape[1]):
        total += np.bitwise_count(first[:, byte, None] ^ second[None, :, byte])
    return total
