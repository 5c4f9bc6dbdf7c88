"""ColumnEmbedding: a row of numbers and codes as numbers alone."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops


@keras.saving.register_keras_serializable(package="kerasae")
class ColumnEmbedding(keras.layers.Layer):
    """Numbers as they are, categories as learned vectors, and a mark for each missing entry.

    Args:
        widths: one for each column: 0 for a number or a boolean, otherwise the number of codes of a
            category.
        untaught: Columns of categories whose code 0, of other values, stands in no training row. It counts
            as missing here, as its own vector would stay as it was drawn. Defaults to none.
        stand_ins: One for each column: the `x` that a missing entry is taken for, without a mark, or `None`
            to mark it. A mark that no training saw has the weights that it was drawn with, and disturbs
            what is said of all columns. Defaults to `None` for all.

    Call arguments:
        inputs: `x`, `(batch, columns)`: numbers, or codes of categories counted from 0; NaN where an
            entry is missing.

    Returns:
        `(batch, features)`: numbers with 0 for marked ones, vectors, then a mark for each column, 1
        where it is missing. A category of n codes has a vector of `min(50, 1.6 n^0.56)` numbers.

    Reference: Guo and Berkhahn 2016, *Entity Embeddings of Categorical Variables*; the rule for the
    size is fastai's.
    """

    #: What stands behind it is a smooth function of what it gives; see `models/_embedding.py`.
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
        """Mark missing entries of all columns, for a training that makes some itself."""
        self._marked = np.ones(len(self.widths), bool)

    def _size(self, column: int) -> int:
        return min(50, round(1.6 * self.widths[column] ** 0.56))

    def build(self, input_shape: Any) -> None:
        # One row more for a missing entry.
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
        """A model of Keras's own layers that computes the same, with a copy of the weights."""
        inputs = keras.Input((len(self.widths),))
        found = [keras.layers.Embedding(*table.shape) for table in self.tables]
        model = keras.Model(inputs, self._embed(inputs, found))
        for layer, table in zip(found, self.tables, strict=True):
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
        stand_ins = np.where(self._marked, 0.0, [one or 0.0 for one in self.stand_ins])
        values = ops.where(ops.isnan(inputs), stand_ins.astype("float32"), inputs)
        parts = [ops.take(values, self._numbers, axis=1)] if len(self._numbers) else []
        for column, lookup in zip(self._categories, lookups, strict=True):
            # Of what is missing: the row behind all codes, or that of its stand-in.
            own = float(self.widths[column]) if self._marked[column] else self.stand_ins[column]
            code = ops.where(missing[:, column], ops.full_like(values[:, column], own), values[:, column])
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
