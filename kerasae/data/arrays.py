"""Arrays in files: .npy, .npz, and the idx files of MNIST."""

import gzip
import math
import re
from pathlib import Path
from typing import Any

import numpy as np

from kerasae.data._array_data import array_spec, check_examples, make_data
from kerasae.data._data import Data
from kerasae.data._split import Split
from kerasae.files import ObjectsError, read_npy, read_npz, reason_of
from kerasae.spec import Spec

_X = ("train", "x_train", "X_train", "x", "X", "examples", "data")
_Y = ("y_train", "labels_train", "y", "Y", "labels", "target")
_VALID_X = ("validation", "valid", "val", "x_validation", "x_valid", "x_val", "X_val")
_VALID_Y = ("y_validation", "y_valid", "y_val")
_CALIBRATION_X = ("calibration", "calib", "x_calibration", "x_calib", "x_cal", "X_cal")
_CALIBRATION_Y = ("y_calibration", "y_calib", "y_cal")
_TEST_X = ("test", "x_test", "X_test")
_TEST_Y = ("y_test", "labels_test")

_IDX_TYPES = {8: "u1", 9: "i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}


#: Endings of the names of idx files: `a.idx`, `train-images-idx3-ubyte`, `t10k-labels.idx1-ubyte.gz`.
_IDX_NAME = re.compile(r"([.-]idx[0-9]?|-ubyte)(\.gz)?$")
#: Names of the arguments that name files.
PATHS = ("path", "labels", "test_path", "test_labels")


def accepts(path: Path) -> bool:
    """Return whether this source reads a path, judged by its name."""
    name = path.name.lower()
    return name.endswith((".npy", ".npz")) or bool(_IDX_NAME.search(name))


def arrays(
    path: str,
    *,
    labels: str | None = None,
    test_path: str | None = None,
    test_labels: str | None = None,
    validation: float = 0.1,
    calibration: float = 0.1,
    test: float = 0.2,
    seed: int = 0,
) -> Data:
    """Load the rows of a .npy, .npz, idx or idx.gz file.

    Arrays of two dimensions are vectors, arrays of three are grey images, and arrays of four are images with
    channels. An .npz file may hold `x` and `y`, or splits: `x_train`, `x_test`, `y_train`, `y_test`, `train`,
    `valid`, `calibration`, `test`, and the usual spellings of these. Nothing is ever unpickled.

    Args:
        path: Path of the file of examples.
        labels: Path of a file of their labels, which are used in evaluations only. Defaults to `None`.
        test_path: Path of a file of test examples. Defaults to `None`, which draws them.
        test_labels: Path of a file of the labels of the test examples. Defaults to `None`.
        validation: Share of the validation split in the rows that the test split leaves, in (0, 1), unless
            the file holds that split. Defaults to 0.1.
        calibration: Share of the calibration split in the rows that the test split leaves, in [0, 1), unless
            the file holds that split. No rows if it is 0. Defaults to 0.1.
        test: Share of the test split in all rows, in (0, 1), unless that split is given. Every row if it is
            1. Defaults to 0.2.
        seed: Seed of the splits. Defaults to 0.

    Raises:
        FileNotFoundError: if a file is missing.
        ValueError: if a file holds no array, or numbers that a network cannot be trained on.
        TypeError: if an array holds objects or strings.
    """
    loaded = read_array_file(Path(path))
    examples = _pick(loaded, _X)
    if examples is None:
        raise ValueError(
            f"Expected one array, or one of the keys {', '.join(_X)} in {path}, received the keys "
            f"{', '.join(sorted(loaded)) or 'none'}."
        )
    examples = check_examples(examples, path, 1 if test == 1 else 2)
    spec = array_spec(examples)
    own_labels = _pick(loaded, _Y) if labels is None else _single(labels)
    validation_split = _split(loaded, _VALID_X, _VALID_Y, f"{path} (validation)")
    calibration_split = _split(loaded, _CALIBRATION_X, _CALIBRATION_Y, f"{path} (calibration)")
    test_split = _split(loaded, _TEST_X, _TEST_Y, f"{path} (test)")
    if test_path is not None:
        test_split = Split(
            check_examples(_single(test_path), test_path),
            None if test_labels is None else _labels(_single(test_labels)),
        )
    for part in (validation_split, calibration_split, test_split):
        if part is not None and part.examples.shape[1:] != examples.shape[1:]:
            raise ValueError(
                f"Expected examples of shape {examples.shape[1:]} in every split of {path}, received "
                f"{part.examples.shape[1:]}."
            )
        if part is not None and part.labels is not None and len(part.labels) != len(part):
            raise ValueError(
                f"Expected a label for each of the {len(part)} rows of a split of {path}, received "
                f"{len(part.labels)}."
            )

    def shaped(part: Split | None) -> Split | None:
        return part and Split(part.examples.reshape(-1, *spec.shape), part.labels)

    return make_data(
        Path(path).name.split(".")[0],
        spec,
        examples.reshape(-1, *spec.shape),
        None if own_labels is None else _labels(own_labels),
        validation_examples=shaped(validation_split),
        calibration_examples=shaped(calibration_split),
        test_examples=shaped(test_split),
        validation=validation,
        calibration=calibration,
        test=test,
        seed=seed,
    )


def read_more(arguments: dict[str, Any], spec: Spec) -> Data:
    """Return the rows of a file, by default as the test split. Labels belong to the rows of the training."""
    return arrays(**{"test": 1.0, **arguments, "labels": None})


def read_array_file(path: Path) -> dict[str, np.ndarray]:
    """Return the arrays of a file by name. A single array has the name `x`.

    Nothing is unpickled, and no more memory is allocated than the file has values for.

    Args:
        path: Path of a .npy, .npz, idx or idx.gz file.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if the file cannot be read as arrays.
        TypeError: if an array holds objects.
    """
    if not path.is_file():
        raise FileNotFoundError(f"Expected an array file, found none at {path}.")
    try:
        if path.suffix.lower() == ".npz":
            return read_npz(path)
        if path.suffix.lower() == ".npy":
            with path.open("rb") as file:
                return {"x": read_npy(file, path.stat().st_size)}
        return {"x": _read_idx(path)}
    except ObjectsError:
        raise TypeError(
            f"Expected numbers in {path}, received an array of objects, which is never "
            "unpickled; save it with a numeric dtype."
        ) from None
    # For a damaged file, NumPy, zipfile, zlib and Python's tokenizer raise a dozen types of errors.
    except Exception as error:
        raise ValueError(
            f"Expected an array (.npy, .npz, idx or idx.gz) in {path}, received a file that cannot be "
            f"read as one: {reason_of(error)}."
        ) from None


def _read_idx(path: Path) -> np.ndarray:
    raw = path.read_bytes()
    if raw[:2] == b"\x1f\x8b":
        raw = gzip.decompress(raw)
    if len(raw) < 4 or raw[:2] != b"\0\0" or raw[2] not in _IDX_TYPES:
        raise ValueError("no idx header")
    shape = np.frombuffer(raw, ">i4", count=raw[3], offset=4)
    values = np.frombuffer(raw, _IDX_TYPES[raw[2]], offset=4 + 4 * raw[3])
    if values.size != math.prod(map(int, shape)):
        raise ValueError(f"the header promises shape {tuple(shape)}, the file holds {values.size} values")
    return values.reshape(shape).astype(values.dtype.newbyteorder("="))


def _pick(loaded: dict[str, np.ndarray], keys: tuple[str, ...]) -> np.ndarray | None:
    return next((loaded[key] for key in keys if key in loaded), None)


def _single(path: str) -> np.ndarray:
    loaded = read_array_file(Path(path))
    if len(loaded) != 1:
        raise ValueError(f"Expected one array in {path}, received {len(loaded)}.")
    return next(iter(loaded.values()))


def _labels(array: np.ndarray) -> np.ndarray:
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1:
        raise ValueError(f"Expected one label a row, received labels of shape {array.shape}.")
    return array


def _split(
    loaded: dict[str, np.ndarray], keys: tuple[str, ...], label_keys: tuple[str, ...], where: str
) -> Split | None:
    examples = _pick(loaded, keys)
    if examples is None:
        return None
    labels = _pick(loaded, label_keys)
    return Split(check_examples(examples, where), None if labels is None else _labels(labels))
