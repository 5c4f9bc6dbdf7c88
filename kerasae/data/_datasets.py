"""from_dataset: the examples of a tf.data dataset, or of any sequence of examples, as data."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import tensorflow as tf

from kerasae.data._array_data import array_spec, check_examples, make_data
from kerasae.data._data import Data


def from_dataset(
    dataset: "tf.data.Dataset[Any] | Iterable[Any]",
    *,
    name: str = "dataset",
    batched: bool = False,
    validation: float = 0.1,
    calibration: float = 0.1,
    test: float = 0.2,
    seed: int = 0,
) -> Data:
    """Read all examples of a dataset into memory, and return them as data.

    An element is an example, or a tuple of an example and its label. The splits are drawn by the numbers of
    the examples, so a dataset that shuffles gives other splits each time it is read.

    Args:
        dataset: A finite `tf.data.Dataset`, or anything that can be indexed or iterated, such as a data
            source of Grain, a dataset of PyTorch, or a list.
        name: Name of the data. Defaults to `"dataset"`.
        batched: Whether an element is a batch of examples, `(rows, ...)`, with a batch of labels. Defaults to
            `False`.
        validation: Share of the validation split in the rows that the test split leaves. Defaults to 0.1.
        calibration: Share of the calibration split in the rows that the test split leaves. Defaults to 0.1.
        test: Share of the test split in all rows. Defaults to 0.2.
        seed: Seed of the splits. Defaults to 0.

    Raises:
        TypeError: if an element is no array of numbers, or no tuple of such an array and a label.
        ValueError: if a dataset is infinite, if its examples have several shapes, or if there are too few.

    Example:
        >>> import numpy as np
        >>> import tensorflow as tf
        >>> images = np.random.default_rng(0).random((40, 8, 8, 1), "float32")
        >>> labels = np.arange(40) % 2
        >>> data = from_dataset(tf.data.Dataset.from_tensor_slices((images, labels)), name="faces")
    """
    pairs = [_pair(element) for element in _elements(dataset)]
    if not pairs:
        raise ValueError("Expected examples in the dataset, received none.")
    if len({label is None for _, label in pairs}) > 1:
        raise ValueError("Expected a label for each example of the dataset, or for none, received some.")
    shapes = {example.shape[int(batched) :] for example, _ in pairs}
    if len(shapes) > 1:
        raise ValueError(
            f"Expected examples of one shape in the dataset, received {len(shapes)} shapes, "
            f"{sorted(shapes)[:3]} among them; make them equal, or pass batched=True for batches."
        )
    join: Any = np.concatenate if batched else np.stack
    examples = join([example for example, _ in pairs])
    labels = None if pairs[0][1] is None else np.asarray(join([label for _, label in pairs]))
    if examples.ndim == 1:
        examples = examples[:, None]
    spec = array_spec(check_examples(examples, "the dataset"))
    return make_data(
        name,
        spec,
        examples.reshape(-1, *spec.shape),
        labels,
        validation=validation,
        calibration=calibration,
        test=test,
        seed=seed,
    )


def _elements(dataset: Any) -> Iterator[Any]:
    if isinstance(dataset, tf.data.Dataset):
        if dataset.cardinality() == tf.data.INFINITE_CARDINALITY:
            raise ValueError("Expected a finite dataset, received an infinite one; limit it with `take`.")
        yield from dataset.as_numpy_iterator()
    elif hasattr(dataset, "__len__") and hasattr(dataset, "__getitem__"):
        # A source that is indexed may end a loop with another error than IndexError.
        for number in range(len(dataset)):
            yield dataset[number]
    else:
        yield from dataset


def _pair(element: Any) -> tuple[np.ndarray, Any]:
    """Return the example and the label of an element."""
    example, label = element, None
    if isinstance(element, tuple):
        example, label = element if len(element) == 2 else (None, None)
    array = None if isinstance(example, dict) else np.asarray(example)
    if array is None or array.dtype.kind not in "biuf":
        received = f"a tuple of {len(element)}" if isinstance(element, tuple) else type(element).__name__
        raise TypeError(
            "Expected elements that are arrays of numbers, or tuples of one and a label, received "
            f"{received}; choose the parts with `map`."
        )
    return array, label
