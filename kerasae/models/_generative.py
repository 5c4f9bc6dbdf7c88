"""Families that can draw: new examples from a prior on the codes, codes from a posterior of each example."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from kerasae.models._base import Autoencoder
from kerasae.preprocessing import slices


class WithPrior(Autoencoder):
    """Family whose codes follow N(0, I), so that decoded draws of it are new examples. Abstract.

    Exports of such a model offer `sample`.
    """

    def sample(self, count: int, seed: int) -> np.ndarray:
        """Generate `count` raw examples, `(count, ...)`, from codes `z ~ N(0, I)`, drawn with `seed`.

        Vectors and rows of tables are drawn from `p(x|z)`. Images and texts are its mean.
        """
        codes = keras.random.normal((count, self.latent_dim), seed=seed)
        return self.realise(ops.convert_to_numpy(codes), seed)


class WithPosterior(Autoencoder):
    """Family with a distribution of the code of each example, `q(z|x)`, in place of one code. Abstract.

    Exports of such a model offer `sample_posterior` if it has a prior too.
    """

    def posterior(self, x: Any, training: bool = False) -> tuple[Any, Any]:
        """Return the mean and the log-variance of `q(z|x)`, each `(batch, latent_dim)`."""
        raise NotImplementedError(f"{type(self).__name__} must write `posterior`.")

    def draw_code(self, described: dict[str, Any], eps: Any) -> Any:
        """Draw a code from each posterior, `(batch, latent_dim)`.

        Args:
            described: Result of `describe`.
            eps: Noise from N(0, I), `(batch, latent_dim)`.
        """
        raise NotImplementedError(f"{type(self).__name__} must write `draw_code`.")

    def sample_codes(self, raw: Any, seed: int, *, batch_size: int = 1024) -> np.ndarray:
        """Draw one code from `q(z|x)` for each raw example, `(rows, latent_dim)`.

        Args:
            raw: Raw examples, `(rows, ...)`.
            seed: Seed of the draws.
            batch_size: Number of rows in a batch. The draws do not depend on it. Defaults to 1024.
        """
        nest = self._tensors(raw)
        rows = len(tf.nest.flatten(nest)[0])
        eps = keras.random.normal((rows, self.latent_dim), seed=seed)
        codes = [
            self.draw_code(self.describe(self._to_x(part)), eps[start : start + batch_size])
            for start, part in zip(range(0, rows, batch_size), slices(nest, batch_size), strict=True)
        ]
        return np.concatenate([ops.convert_to_numpy(z) for z in codes])

    def sample_posterior(self, raw: np.ndarray, seed: int, *, batch_size: int = 1024) -> np.ndarray:
        """Reconstruct each raw example, `(rows, ...)`, from one draw of `q(z|x)`.

        Args:
            raw: Raw examples, `(rows, ...)`.
            seed: Seed of the draws.
            batch_size: Number of rows in a batch. The draws do not depend on it. Defaults to 1024.
        """
        return self.inverse_transform(self.sample_codes(raw, seed, batch_size=batch_size))
