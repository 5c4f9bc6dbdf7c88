"""Subject: a model to export, with the examples on which its artifacts are compared with it."""

import dataclasses
import re
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from kerasae.export.sizes import at_size_of, checked_size, images_of, rows_for

from kerasae.data import Data
from kerasae.models import Autoencoder, at_size, load_model
from kerasae.preprocessing import Preprocessor
from kerasae.preprocessing.identity import Identity
from kerasae.runs import Run
from kerasae.scores import Detector
from kerasae.spec import Spec

#: Number of held-out rows, drawn at random, on which an artifact is compared with its model. Large images are
#: fewer; see `rows_for`.
PARITY_ROWS = 500
#: Number of training rows, drawn at random, that set the ranges of int8. From 100 to 500 rows the largest
#: error falls to a third.
CALIBRATION_ROWS = 500

#: Why a detector is left out.
_LEFT_OUT = (
    "Artifacts of {} x {} pixels answer no `detect`: the detector of the run knows images of {} x {} pixels."
)

#: Trained model as a run, the folder of a run, or a built model.
Source = Run | str | Path | Autoencoder


@dataclasses.dataclass(frozen=True)
class Subject:
    """Trained model to export, with raw examples.

    Args:
        model: Model to export.
        preprocessor: Preprocessor of the model; `Identity` if the model has none.
        name: Name of the artifacts.
        held_out: Raw examples that the model was not trained on.
        calibration: Raw examples of the training split, which set the ranges of int8.
        detector: Detector that `kerasae apply anomaly` kept in the run. Defaults to `None`: there is none.
        alarm: Arguments of `kerasae.calibration.AlarmRule` by which a stream of a series gives alarms.
            Defaults to `None`: an alarm lasts as long as scores are above the threshold.
        left_out: Sentence that says why the detector of the run is left out. Defaults to `""`: it is not, or
            the run has none.
        crops: Whether the examples are crops of images of any size. Defaults to False.
    """

    model: Autoencoder
    preprocessor: Preprocessor
    name: str
    held_out: Any
    calibration: Any
    detector: Detector | None = None
    alarm: dict[str, Any] | None = None
    left_out: str = ""
    crops: bool = False

    @classmethod
    def of(
        cls,
        source: Source,
        *,
        data: Data | None = None,
        examples: Any = None,
        calibration: Any = None,
        name: str | None = None,
        size: Sequence[int] | None = None,
    ) -> "Subject":
        """Return the subject of a run or a model.

        Args:
            source: Run, folder of a run, or built model.
            data: Data of the model. A run has its own.
            examples: Held-out raw examples, in place of the test split of `data`.
            calibration: Raw training examples, in place of the training split of `data`. Without both,
                `examples` are used.
            name: Name of the artifacts. Defaults to the name of the run's folder, or of the model.
            size: Height and width in pixels of the images that artifacts take, for a model whose code is a
                map. A detector of images of another size is left out. Defaults to `None`: the size of the
                training.

        Raises:
            ValueError: If the model is not built, there are no examples, `name` cannot be the name of a
                file, or the model does not work at another size.

        Warns:
            UserWarning: If a detector is left out.
        """
        detector, left_out = None, ""
        if isinstance(source, str | Path):
            source = Run.open(source)
        if isinstance(source, Run):
            model, data = source.model, source.data if examples is None else data
            detector = _detector(source)
            name = name or source.folder.resolve().name
        else:
            model, name = source, name or source.name
        if not isinstance(model, Autoencoder):
            raise TypeError(f"Expected a run or an autoencoder of kerasae, received {type(model).__name__}.")
        if not model.built:
            raise ValueError("Expected a built and trained model, received one that was never built.")
        name = re.sub(r"[^A-Za-z0-9._-]+", "_", name).strip("._-")
        if not name:
            raise ValueError("`name` must hold a letter or a digit, received none.")
        if examples is None and data is None:
            raise ValueError(
                "Expected `data`, or `examples` that the model was not trained on: an artifact is "
                "compared with its model before it leaves."
            )
        # A run whose data are not read tells by its recipe whether it was trained on crops.
        section = source.recipe.data if isinstance(source, Run) else {}
        crops = "crop" in section if data is None else hasattr(data.test, "whole")
        # An artifact computes in float32, also after a training in another precision.
        model = model.in_float32()
        if size is not None and checked_size(size) != tuple(model.encoder.input_shape[1:3]):
            if detector is not None:
                left_out = _LEFT_OUT.format(*size, *model.encoder.input_shape[1:3])
                warnings.warn(left_out, stacklevel=2)
                detector = None
            model = at_size(model, *size)
            spec = _preprocessor(model).spec
            examples, calibration = _examples_at(size, spec, data, examples, calibration)
        preprocessor = _preprocessor(model)
        if examples is None and data is not None:
            examples = data.test.drawn(rows_for(preprocessor.spec, PARITY_ROWS)).examples
        if calibration is None:
            # One gross error would widen the range of int8 for all.
            rows = rows_for(preprocessor.spec, CALIBRATION_ROWS)
            calibration = examples if data is None else data.usual_examples("train", rows)
        alarm = None if detector is None else detector.alarm
        return cls(model, preprocessor, name, examples, calibration, detector, alarm, left_out, crops)

    def cached(self, key: str, make: Callable[[], Any]) -> Any:
        """Return the result of `make`, called once for each key: artifacts share their cases."""
        kept = self.__dict__.setdefault("_kept", {})
        if key not in kept:
            kept[key] = make()
        return kept[key]


def _examples_at(
    size: Sequence[int], spec: Spec, data: Data | None, examples: Any, calibration: Any
) -> tuple[np.ndarray, np.ndarray]:
    """Return held-out images and images of the training split in another size; see `Subject.of`."""
    height, width = size
    sides = []
    for given, name, most in (
        (examples, "test", PARITY_ROWS),
        (calibration, "train", CALIBRATION_ROWS),
    ):
        if given is None and data is not None:
            sides.append(images_of(data.split(name), rows_for(spec, most), height, width))
        else:
            images = np.asarray(examples if given is None else given)
            sides.append(at_size_of(images[: rows_for(spec, most)], height, width))
    return sides[0], sides[1]


def _detector(run: Run) -> Detector | None:
    if not run.detector_path.is_file():
        return None
    detector: Detector = load_model(run.detector_path)
    if not detector.score.in_graph:
        raise ValueError(
            f"The detector of {run.folder} has the score {type(detector.score).__name__}, which holds the "
            "training codes and which no artifact carries; run `kerasae apply anomaly` with another "
            f"--score, or remove {run.detector_path}."
        )
    if detector.fold != "last":
        raise ValueError(
            f"Expected a detector with `fold` 'last' in {run.folder}, received '{detector.fold}', which "
            "needs later windows than a live stream has; run `kerasae apply anomaly` with --fold last "
            "--refit."
        )
    return detector


def _preprocessor(model: Autoencoder) -> Preprocessor:
    if model.preprocessor is not None:
        return model.preprocessor
    shape = tuple(model.encoder.input_shape[1:])
    if not str(model.encoder.inputs[0].dtype).startswith("float"):
        raise ValueError(
            "Expected a model with its preprocessor, or one that takes floating point, received one that "
            f"takes {model.encoder.inputs[0].dtype}; pass `preprocessor` to the model."
        )
    return Identity(Spec("image" if len(shape) == 3 else "vector", shape))
