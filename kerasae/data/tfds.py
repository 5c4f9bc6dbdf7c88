"""Any data set of TensorFlow Datasets."""

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
    """A prepared TFDS data set by name, `mnist` or `mnist:3.0.1` for example.

    Nothing is downloaded unless it is asked for: without a network TFDS would retry for minutes.

    Args:
        dataset: as TFDS spells it, with config and version where needed.
        feature: which feature to take; the default is `image`, or the first that is numeric.
        label: which feature holds labels; the default is `label` where there is one.
        data_dir: where prepared data lie; the default is TFDS's own.
        download: whether TFDS may download and prepare.
        validation: share drawn from the training rows where there is no validation split.
        calibration: share drawn from them where there is no calibration split; 0 for none.
        test: share drawn from them where there is no test split.
        seed: of the splits.

    Raises:
        FileNotFoundError: if the data are not prepared here, with what was tried and what to do.
        ValueError: for an unknown data set or feature.
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
        # A name that cannot be parsed, a config or a version that there is not: each its own type.
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
    """Without TFDS's warnings: of a folder without data, which is said better here."""
    from absl import logging

    verbosity = logging.get_verbosity()
    logging.set_verbosity(logging.ERROR)
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)


def _read(builder: Any, split: str, feature: str, label: str | None) -> Split:
    """One split in memory, in the order of the files."""
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
