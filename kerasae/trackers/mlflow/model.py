"""A bundle as a model of MLflow, of the flavour `pyfunc`, which answers as `kerasae score` does.

    from kerasae.trackers.mlflow.model import log_model

    uri = log_model("ship").model_uri
    answers = mlflow.pyfunc.load_model(uri).predict(frame)

The model scores with the file for devices of the bundle, through LiteRT. It needs kerasae, but imports
neither TensorFlow nor Keras.
"""

import contextlib
import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerasae import __version__
from kerasae.export.scoring import Scorer, find_file, first_precision
from kerasae.precisions import check_precision
from kerasae.trackers.mlflow._rows import answers_of, columns_of

if TYPE_CHECKING:
    import pandas as pd

#: Module whose function `_load_pyfunc` MLflow calls.
_LOADER = __name__
_VARIABLE = "MLFLOW_TRACKING_URI"
#: Parameters of `predict` that MLflow passes on, with their defaults. A rate of 0 leaves the threshold.
_DEFAULTS: dict[str, Any] = {"precision": "float32", "false_alarms": 0.0}


def log_model(
    bundle: str | Path, name: str = "bundle", *, run_id: str | None = None, tracking_uri: str | None = None
) -> Any:
    """Log a bundle as a model of MLflow.

    Args:
        bundle: Folder that `kerasae export` wrote, with a file for devices.
        name: Name of the model. Defaults to `"bundle"`.
        run_id: Run to log into. Defaults to `None`: the active run, or a new one.
        tracking_uri: Address of the server or the store. Defaults to `None`: that of MLflow.

    Returns:
        MLflow's `ModelInfo`; its `model_uri` is what `mlflow.pyfunc.load_model` takes.

    Raises:
        FileNotFoundError: If there is no bundle, or no file for devices in it.
    """
    import mlflow
    from mlflow.models import Model

    arguments = _arguments(Path(bundle))
    with _at(tracking_uri), _without_advice():
        if run_id is None:
            return mlflow.pyfunc.log_model(name=name, **arguments)
        # Another experiment may be active in Python, into which MLflow would put the model.
        client = mlflow.MlflowClient()
        experiment = client.get_run(run_id).info.experiment_id
        model = client.create_logged_model(experiment, name, source_run_id=run_id)
        return Model.log(None, mlflow.pyfunc, name=name, run_id=run_id, model_id=model.model_id, **arguments)


def save_model(bundle: str | Path, path: str | Path) -> None:
    """Write a bundle as a model of MLflow into a folder.

    Args:
        bundle: Folder that `kerasae export` wrote, with a file for devices.
        path: Folder of the model, which must not exist.

    Raises:
        FileNotFoundError: If there is no bundle, or no file for devices in it.
    """
    import mlflow

    with _without_advice():
        mlflow.pyfunc.save_model(str(path), **_arguments(Path(bundle)))


def is_servable(bundle: Path) -> bool:
    """Return whether a bundle has a file that can score."""
    try:
        find_file(bundle, first_precision(bundle))
    except FileNotFoundError:
        return False
    return True


class BundleModel:
    """What `mlflow.pyfunc.load_model` returns the answers of.

    Args:
        bundle: Folder of the bundle.
    """

    def __init__(self, bundle: Path) -> None:
        self._bundle = bundle
        self._scorers: dict[tuple[str, float | None], Scorer] = {}

    def predict(self, data: Any, params: dict[str, Any] | None = None) -> "pd.DataFrame":
        """Return the answers to rows, one row each: `score`, and those of `kerasae score` beside it.

        Args:
            data: Data frame with the columns of the training, in any order; an array of examples; or a list
                of texts. Rows of a sensor log are readings in the order of time.
            params: `precision` of the file, and `false_alarms`, the share of new normal rows that may be
                flagged, in (0, 1), in place of that of the calibration. Defaults to none.

        Raises:
            ValueError: If a column is missing, or a row cannot be read.
        """
        given = {**_DEFAULTS, **{k: v for k, v in (params or {}).items() if v is not None}}
        precision = check_precision(given["precision"] or first_precision(self._bundle), "precision")
        key = (precision, given["false_alarms"] or None)
        if key not in self._scorers:
            self._scorers[key] = Scorer(find_file(self._bundle, precision), false_alarms=key[1])
        return answers_of(data, self._scorers[key])


def _load_pyfunc(path: str) -> BundleModel:
    """Return the model in a folder, as MLflow asks its loader."""
    return BundleModel(Path(path))


def _arguments(bundle: Path) -> dict[str, Any]:
    """Return the arguments of `save_model` and `log_model` of MLflow's flavour."""
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, DataType, ParamSchema, ParamSpec, Schema
    from mlflow.types.schema import AnyType

    precision = first_precision(bundle)
    scorer = Scorer(find_file(bundle, precision))
    columns = columns_of(scorer)
    # A column may hold numbers, texts or nothing; the model checks and reads them itself.
    inputs = Schema([ColSpec(AnyType(), name, required=False) for name in columns]) if columns else None
    params = ParamSchema(
        [
            ParamSpec("precision", DataType.string, precision),
            ParamSpec("false_alarms", DataType.double, _DEFAULTS["false_alarms"]),
        ]
    )
    return {
        "loader_module": _LOADER,
        "data_path": str(bundle),
        "signature": ModelSignature(inputs=inputs, params=params),
        "pip_requirements": [f"kerasae=={__version__}"],
        "metadata": {"kerasae": __version__},
    }


@contextlib.contextmanager
def _without_advice() -> Iterator[None]:
    """Drop MLflow's warning that there is no example of the input, from which it would guess the types."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*input example")
        yield


@contextlib.contextmanager
def _at(uri: str | None) -> Iterator[None]:
    """Have MLflow use a server or store, and afterwards the former one."""
    import mlflow

    if uri is None:
        yield
        return
    # MLflow notes an address that is set in Python in its variable, too.
    before = os.environ.get(_VARIABLE)
    mlflow.set_tracking_uri(uri)
    try:
        yield
    finally:
        mlflow.set_tracking_uri(None)  # type: ignore[arg-type, unused-ignore]
        if before is not None:
            os.environ[_VARIABLE] = before
