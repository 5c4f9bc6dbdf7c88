"""CodecVerbs: codes and back on raw arrays, in batches."""

import math
from typing import Any, Self

import keras
import numpy as np
from keras import ops

from kerasae.kinds import kind_of
from kerasae.losses import ReconstructionLoss
from kerasae.models._codec.graphs import Graphs, in_batches
from kerasae.models._codec.plain import plain_decoder, plain_encoder
from kerasae.models._codec.precision import in_float32
from kerasae.models._examples import check_examples
from kerasae.preprocessing import Preprocessor, slices
from kerasae.spec import Spec


class CodecVerbs:
    """Verbs of a codec for `Autoencoder`, which has the parts that are used here."""

    encoder: keras.Model
    decoder: keras.Model
    reconstruction_loss: ReconstructionLoss
    preprocessor: Preprocessor | None
    _graphs: Graphs

    @property
    def latent_dim(self) -> int:
        """Code size: the number of entries of a code."""
        return int(self.decoder.input_shape[-1])

    @property
    def code_shape(self) -> tuple[int, ...]:
        """Shape of a code: rows, columns and channels of one that is a map, otherwise the code size.

        `codes.reshape(-1, *model.code_shape)` are the maps of codes `(rows, latent_dim)`.
        """
        rows_and_columns = tuple(int(size) for size in self.encoder.output_shape[1:-1])
        if not rows_and_columns:
            return (self.latent_dim,)
        return (*rows_and_columns, self.latent_dim // math.prod(rows_and_columns))

    @property
    def spec(self) -> Spec:
        """Spec of the raw examples."""
        if self.preprocessor is not None:
            return self.preprocessor.spec
        return Spec("vector", tuple(self.encoder.input_shape[1:]))

    def transform(self, raw: Any, batch_size: int = 1024) -> np.ndarray:
        """Encode raw examples as codes.

        Args:
            raw: Raw examples, `(rows, ...)`.
            batch_size: Number of rows in a batch. Defaults to 1024.

        Returns:
            NumPy array of codes, `(rows, latent_dim)`.
        """
        return in_batches(self._graphs.encode, self._tensors(raw), batch_size)

    def inverse_transform(self, codes: np.ndarray, batch_size: int = 1024) -> Any:
        """Decode codes to raw examples.

        Args:
            codes: Codes, `(rows, latent_dim)`.
            batch_size: Number of rows in a batch. Defaults to 1024.

        Returns:
            Raw examples of the original type: a NumPy array, or a data frame for a table.
        """
        codes = np.asarray(codes, "float32")
        if codes.ndim != 2 or codes.shape[1] != self.latent_dim:
            raise ValueError(
                f"Expected codes of shape (rows, {self.latent_dim}), received shape {codes.shape}."
            )
        x = in_batches(self._graphs.decode, codes, batch_size)
        return x if self.preprocessor is None else self.preprocessor.restore(x)

    def draw(self, codes: np.ndarray, seed: int, batch_size: int = 1024) -> np.ndarray:
        """Draw `x` from the likelihood `p(x|z)` of each code.

        A loss that is no density returns its mean: squared and absolute errors, grey levels, tokens.

        Args:
            codes: Codes, `(rows, latent_dim)`.
            seed: Seed of the random numbers.
            batch_size: Number of rows in a batch. Defaults to 1024.

        Returns:
            NumPy array of `x`, `(rows, ...)`.
        """
        loss, uniform = self.reconstruction_loss, np.random.default_rng(seed)
        parts = []
        for part in slices(np.asarray(codes, "float32"), batch_size):
            params = self.decoder(part)
            levels = uniform.random((len(part), *self.spec.shape), "float32")
            parts.append(ops.convert_to_numpy(loss.draw(params, levels)))
        return np.concatenate(parts)

    def realise(self, codes: np.ndarray, seed: int) -> Any:
        """Turn new codes into raw examples.

        Vectors and rows of tables are drawn from `p(x|z)`. Images and texts are the mean, as for
        `inverse_transform`.
        """
        if not kind_of(self.spec).is_measured:
            return self.inverse_transform(codes)
        x = self.draw(codes, seed)
        return x if self.preprocessor is None else self.preprocessor.restore(x)

    def accounts(self, raw: Any, batch_size: int = 2048) -> dict[str, np.ndarray]:
        """Return the `account` of raw examples as NumPy arrays, in batches of `batch_size` rows."""
        parts = [self._graphs.account(part) for part in slices(self._tensors(raw), batch_size)]
        return {key: np.concatenate([part[key].numpy() for part in parts]) for key in parts[0]}

    def _tensors(self, raw: Any) -> Any:
        if self.preprocessor is not None:
            return self.preprocessor.together(self.preprocessor.tensors(raw))
        raw = np.asarray(raw)
        check_examples(raw, self.encoder.input_shape)
        return raw

    def _to_x(self, raw: Any) -> Any:
        return ops.cast(raw, "float32") if self.preprocessor is None else self.preprocessor(raw)

    def plain_encoder(self) -> keras.Model:
        """Return a functional model from raw examples to codes, made only of Keras's layers."""
        return plain_encoder(self)

    def plain_decoder(self) -> keras.Model:
        """Return a functional model from codes to raw units, made only of Keras's layers."""
        return plain_decoder(self)

    def in_float32(self) -> Self:
        """Return a model with the same weights that computes in float32; this one if it already does."""
        model: Self = in_float32(self)
        return model
