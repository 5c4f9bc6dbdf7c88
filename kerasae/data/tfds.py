"""Data sets of TensorFlow Datasets (TFDS)."""

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from kerasae.data._array_data import array_spec, check_examples, make_data
from kerasae.data._data import Data
from kerasae.data._drawing import SPLITS
from kerasae.data._split import Split


def tfds(
    dataset: str,
    *,
    feature: str | None = None,
    label: str | None = None,
    data_dir: str | None = None,
    download: bool = False,
    validation: float = 0.1,
    calibration: float = 0.1,
    test: float = 0.2,
    seed: int = 0,
) -> Data:
    """Load a prepared TFDS data set by its name, for example `mnist` or `mnist:3.0.1`.

    Nothing is downloaded by default, because TFDS retries for minutes if there is no network.

    Args:
        dataset: Name of the data set as TFDS spells it, with config and version if needed.
        feature: Name of the feature to load. Defaults to `image`, or to the first numeric feature.
        label: Name of the feature of labels. Defaults to `label` if the data set has it.
        data_dir: Folder of prepared data. Defaults to the folder that TFDS uses.
        download: Whether TFDS may download and prepare the data set. Defaults to `False`.
        validation: Share of the validation split, drawn from the training rows if the data set has no such
            split. Defaults to 0.1.
        calibration: Share of the calibration split, drawn from the training rows if the data set has no such
            split. No rows if it is 0. Defaults to 0.1.
        test: Share of the test split, drawn from the training rows if the data set has no such split.
            Defaults to 0.2.
        seed: Seed of the splits. Defaults to 0.

    Raises:
        FileNotFoundError: if the data set is not prepared here, with the folder and the remedy.
        ValueError: if the data set or the feature does not exist.
    """
    import tensorflow_datasets as library

    try:
        with _quiet():
            builder = library.builder(dataset, data_dir=data_dir, try_gcs=False)
            prepared = builder.is_prepared()
    except library.core.registered.DatasetNotFoundError:
        raise ValueError(
            f"TFDS knows no data set {dataset!r} in {data_dir or 'its default folder'}; see "
            "https://www.tensorflow.org/datasets/catalog for names."
        ) from None
    except (ValueError, TypeError, AssertionError) as error:
        # A name that cannot be parsed, an unknown config and an unknown version raise three types of errors.
        reason = str(error).splitlines()[0].rpartition('": ')[2].split(". ")[0].rstrip(".")
        raise ValueError(
            f"Expected NAME, NAME/CONFIG or NAME:VERSION of a TFDS data set, received {dataset!r}: {reason}."
        ) from None
    if download and not prepared:
        builder.download_and_prepare()
    elif not prepared:
        raise FileNotFoundError(
            f"TFDS has not prepared {dataset!r}: looked in {builder.data_path} and downloaded nothing. "
            f"On a machine with a network run `tfds build {dataset}` and copy the folder here, or use "
            "--set data.download=true."
        )
    numeric = [
        key
        for key, value in builder.info.features.items()
        if value.dtype is not None and np.dtype(value.np_dtype).kind in "biuf"
    ]
    chosen = feature or ("image" if "image" in numeric else next((k for k in numeric if k != "label"), None))
    if chosen is None or chosen not in builder.info.features:
        raise ValueError(f"`feature` must be one of {', '.join(builder.info.features)}, received {chosen!r}.")
    label = label or ("label" if "label" in builder.info.features else None)
    loaded = {split: _read(builder, split, chosen, label) for split in SPLITS if split in builder.info.splits}
    if "train" not in loaded:
        raise ValueError(f"Expected a split 'train' in {dataset!r}, received {list(builder.info.splits)}.")
    spec = array_spec(loaded["train"].examples)

    def shaped(part: Split | None) -> Split | None:
        return part and Split(part.examples.reshape(-1, *spec.shape), part.labels)

    train = loaded["train"]
    return make_data(
        builder.info.name,
        spec,
        train.examples.reshape(-1, *spec.shape),
        train.labels,
        validation_examples=shaped(loaded.get("validation")),
        calibration_examples=shaped(loaded.get("calibration")),
        test_examples=shaped(loaded.get("test")),
        validation=validation,
        calibration=calibration,
        test=test,
        seed=seed,
    )


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Silence the warnings of TFDS. The error raised here describes a folder without data better."""
    from absl import logging

    verbosity = logging.get_verbosity()
    logging.set_verbosity(logging.ERROR)
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)


def _read(builder: Any, split: str, feature: str, label: str | None) -> Split:
    """Return one split in memory, in the order of the files."""
    examples, labels = [], []
    for row in builder.as_dataset(split=split, shuffle_files=False).as_numpy_iterator():
        examples.append(row[feature])
        if label is not None:
            labels.append(row[label])
    shapes = {np.shape(example) for example in examples}
    if len(shapes) > 1:
        raise ValueError(
            f"Expected examples of one shape in split {split!r}, received {len(shapes)} shapes, "
            f"{sorted(shapes)[:3]} among them; sizes are not changed here."
        )
    array = np.stack(examples)
    if array.ndim == 1:
        array = array[:, None]
    return Split(check_examples(array, f"split {split!r}"), np.stack(labels) if labels else None)
