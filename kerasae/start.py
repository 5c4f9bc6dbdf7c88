"""The run whose weights and preprocessing a training begins with."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kerasae.models import Autoencoder, load_model
from kerasae.preprocessing import Preprocessor
from kerasae.remote import copied


def start_folder(start: str) -> Path:
    """Return the folder of a run, or of the copy of one at an address. The errors are those of `fetched`."""
    return copied(start)


def start_model(start: str) -> Autoencoder:
    """Return the model of a run.

    Args:
        start: Folder or address of the run.

    Raises:
        FileNotFoundError: If there is no finished run.
    """
    path = start_folder(start) / "model.keras"
    if not path.is_file():
        raise FileNotFoundError(f"Expected a finished run to begin with, found no {path}.")
    model: Autoencoder = load_model(path)
    return model


def start_preprocessor(folder: str) -> Preprocessor:
    """Return the fitted preprocessor of the model of a run. The errors are those of `start_model`."""
    preprocessor = start_model(folder).preprocessor
    if preprocessor is None:
        raise ValueError(f"Expected a run whose model has a preprocessor, received {folder}.")
    return preprocessor


def check_same_model(folder: str, here: Mapping[str, Any], there: Mapping[str, Any]) -> None:
    """Check that two complete recipes differ only in their data, their training and their use.

    Args:
        folder: Folder of the run, for the error message.
        here: Sections of the recipe that begins with the run.
        there: Sections of the recipe of the run.

    Raises:
        ValueError: If another section differs, or the training does not use the weights at its start.
    """
    if here["train"].get("solver") == "closed_form":
        raise ValueError(
            "Expected `train.solver` 'gradient' for a training that begins with the weights of a run, "
            "received 'closed_form', which does not depend on them; leave --from out."
        )
    for section, values in there.items():
        if section in ("data", "train", "apply", "start"):
            continue
        other = here[section]
        for key in {**values, **other}:
            # Lists and tuples are equal.
            if json.dumps(values.get(key)) != json.dumps(other.get(key)):
                raise ValueError(
                    f"Expected `{section}.{key}` as in {folder}, {values.get(key)!r}, because the training "
                    f"begins with its weights, received {other.get(key)!r}; leave it out, or train from the "
                    "beginning."
                )
