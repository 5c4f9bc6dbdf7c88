"""facts_of: what a client must know of a model to use an artifact of it, as plain JSON values."""

from typing import Any

from kerasae.export.file_formats import FACTS_FORMAT
from kerasae.export.subject import Subject
from kerasae.export.views import View

import kerasae
from kerasae.files import numbered


def facts_of(subject: Subject, view: View) -> dict[str, Any]:
    """Return the facts of a model for the users of its files for devices.

    They are `edge/facts.json` of a bundle, and `facts.json` inside each `.tflite` file. `spec` holds the kind
    of the examples, the columns with their types, categories and notations, the vocabulary, and the range;
    `feed` holds the other arguments of the feed; `crops` is true if the examples are crops of images.

    Args:
        subject: Model that is exported.
        view: Form in which raw examples enter and leave a file for devices.
    """
    facts = {
        "kerasae": kerasae.__version__,
        "name": subject.name,
        "family": type(subject.model).__name__,
        "latent_dim": subject.model.latent_dim,
        "error_unit": subject.model.reconstruction_loss.error_unit,
        "spec": subject.preprocessor.spec.to_dict(),
        "feed": view.feeding.to_dict(),
        **crop_facts(subject),
        "units": view.units("reconstruction").get("reconstruction"),
        "detector": detector_facts(subject),
    }
    return numbered(facts, FACTS_FORMAT)


def crop_facts(subject: Subject) -> dict[str, Any]:
    """Return that the examples are crops of images, if they are: no image of another size is resized."""
    return {"crops": True} if subject.crops else {}


def detector_facts(subject: Subject) -> dict[str, Any] | None:
    """Return score and threshold of the detector; `None` without a detector."""
    detector = subject.detector
    if detector is None:
        return None
    return {
        "score": type(detector.score).__name__,
        "unit": detector.score.unit or subject.model.reconstruction_loss.unit,
        "threshold": float(detector.threshold),
        "false_alarms": detector.false_alarms,
        "calibration_rows": detector.calibration_rows,
        "calibration_block": detector.block,
        # Only windows of a log come as a stream.
        **({"alarm": subject.alarm} if subject.preprocessor.spec.channels else {}),
    }
