"""Iterative quantization: codes of numbers to codes of bits."""

import numpy as np


class IterativeQuantization:
    """`min |B - (z - mean) W R|^2` over bits `B` in {-1, 1} and a rotation `R`.

    `W` are the leading principal directions of the codes, as many as there are bits. Signs of principal
    components waste bits, as the variance is in the first of them; the rotation spreads it. `B` and `R`
    are found in turns: `B` are the signs, and `R` for given `B` is a Procrustes problem, solved by an SVD.
    For more bits than numbers the codes are padded with zeros, which the rotation fills: every bit is
    then a direction of its own in a smaller space.

    Args:
        bits: per code; `None` for as many as the code has numbers.
        iterations: turns; the paper uses 50.
        seed: of the rotation at the start.

    Attributes:
        mean_: of the codes, `(latent_dim,)`.
        rotation_: `W R`, `(latent_dim, bits)`.
        errors_: the mean squared distance of the rotated codes to their signs, by turn; it never rises.

    Reference: Gong and Lazebnik 2011, CVPR.
    """

    def __init__(self, bits: int | None = None, *, iterations: int = 50, seed: int = 0) -> None:
        self.bits = bits
        self.iterations = iterations
        self.seed = seed

    def fit(self, codes: np.ndarray) -> "IterativeQuantization":
        """Finds directions and rotation for codes `(rows, latent_dim)`."""
        size = codes.shape[1]
        bits = size if self.bits is None else self.bits
        self.mean_ = codes.mean(axis=0, dtype="float64")
        centred = codes - self.mean_
        _, directions = np.linalg.eigh(centred.T @ centred)
        directions = np.pad(directions[:, ::-1][:, :bits], [(0, 0), (0, max(bits - size, 0))])
        points = centred @ directions
        # In units in which the signs are as far from 0 as the codes are.
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
        """Codes `(rows, latent_dim)` to bits, eight in a byte, `(rows, ceil(bits / 8))`, uint8."""
        return np.packbits((codes - self.mean_) @ self.rotation_ > 0, axis=1)


def hamming(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Bits that differ, `(rows of one, rows of the other)`, between packed bits of the same length."""
    total = np.zeros((len(one), len(other)), "uint16")
    for byte in range(one.shape[1]):
        total += np.bitwise_count(one[:, byte, None] ^ other[None, :, byte])
    return total
