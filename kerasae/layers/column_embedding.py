"""ColumnEmbedding: turns the row of a table into a vector of numbers."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from kerasae.keras_classes import Layer


@keras.saving.register_keras_serializable(package="kerasae")
class ColumnEmbedding(Layer):
    """Embeds the columns of a table, and marks missing entries.

    A number passes unchanged. A category becomes a learned vector; one with n codes has
    `min(50, 1.6 n^0.56)` numbers. A mark for each column tells whether its entry is missing.

    Args:
        widths: Number of codes of each column: 0 for a number or a boolean, otherwise the number of
            codes of the category.
        untaught: Indices of the category columns whose code 0, which stands for unknown values, occurs
            in no training row. This code is treated as missing, because its vector would keep its random
            initial values. Defaults to `()`.
        stand_ins: Values of `x` that replace missing entries without a mark, one for each column, or
            `None` for a column whose missing entries are marked. A mark that never occurred in training
            has random initial weights, which would disturb the reconstruction of all columns. Defaults to
            `None`, marks for all columns.

    Call arguments:
        inputs: `x` of shape `(batch, columns)`: numbers, and codes of categories counted from 0. A
            missing entry is NaN.

    Returns:
        A tensor of shape `(batch, features)`: first the numbers, with 0 for a marked entry, then the
        vectors of the categories, then one mark for each column, which is 1 if the entry is missing.

    Reference: Guo and Berkhahn 2016, *Entity Embeddings of Categorical Variables*; the rule for the
    size is that of fastai.
    """

    #: The layers after an embedding are a smooth function of its output; see `models/_embedding.py`.
    is_embedding = True

    def __init__(
        self,
        widths: Sequence[int],
        *,
        untaught: Sequence[int] = (),
        stand_ins: Sequence[float | None] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.widths = [int(width) for width in widths]
        self.untaught = [int(column) for column in untaught]
        self.stand_ins = [None] * len(self.widths) if stand_ins is None else [*stand_ins]
        self._marked = np.array([value is None for value in self.stand_ins])
        self._untaught = np.isin(np.arange(len(self.widths)), self.untaught)
        self._numbers = np.array([i for i, width in enumerate(self.widths) if not width], "int32")
        self._categories = [i for i, width in enumerate(self.widths) if width]

    def mark_all(self) -> None:
        """Mark the missing entries of all columns, for a training that creates missing entries itself."""
        self._marked = np.ones(len(self.widths), bool)

    def _size(self, column: int) -> int:
        return min(50, round(1.6 * self.widths[column] ** 0.56))

    def build(self, input_shape: Any) -> None:
        # Each table has one more row, for a missing entry.
        self.tables = [
            self.add_weight(
                shape=(self.widths[column] + 1, self._size(column)),
                initializer=keras.initializers.RandomNormal(stddev=0.3),
                name=f"table_{column}",
            )
            for column in self._categories
        ]
        super().build(input_shape)

    def plain(self) -> keras.Model:
        """Return an equivalent model made only of Keras's layers, with a copy of the weights."""
        inputs = keras.Input((len(self.widths),))
        embeddings = [keras.layers.Embedding(*table.shape) for table in self.tables]
        model = keras.Model(inputs, self._embed(inputs, embeddings))
        for layer, table in zip(embeddings, self.tables, strict=True):
            layer.set_weights([table])
        return model

    def call(self, inputs: Any) -> Any:
        def taking(table: Any) -> Any:
            return lambda code: ops.take(table, code, axis=0)

        return self._embed(inputs, [taking(table) for table in self.tables])

    def _embed(self, inputs: Any, lookups: Sequence[Any]) -> Any:
        missing = ops.isnan(inputs)
        if self.untaught:
            missing = ops.logical_or(missing, ops.logical_and(self._untaught, ops.equal(inputs, 0.0)))
        stand_ins = np.where(self._marked, 0.0, [value or 0.0 for value in self.stand_ins])
        values = ops.where(ops.isnan(inputs), stand_ins.astype("float32"), inputs)
        parts = [ops.take(values, self._numbers, axis=1)] if len(self._numbers) else []
        for column, lookup in zip(self._categories, lookups, strict=True):
            # A missing entry takes the row after all codes, or that of its stand-in.
            missing_code = float(self.widths[column]) if self._marked[column] else self.stand_ins[column]
            code = ops.where(
                missing[:, column], ops.full_like(values[:, column], missing_code), values[:, column]
            )
            vector = lookup(ops.cast(code, "int32"))
            parts.append(ops.cast(vector, inputs.dtype))
        marks = ops.cast(missing, inputs.dtype)
        if not self._marked.all():
            marks = marks * self._marked.astype("float32")
        return ops.concatenate([*parts, marks], axis=-1)

    def compute_output_shape(self, input_shape: Any) -> Any:
        features = len(self._numbers) + sum(map(self._size, self._categories)) + len(self.widths)
        return (*input_shape[:-1], features)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "widths": self.widths,
            "untaught": self.untaught,
            "stand_ins": self.stand_ins,
        }
