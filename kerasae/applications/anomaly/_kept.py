"""Storage of a fitted anomaly detector in its run."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np

from kerasae.codec import Codec, fingerprint
from kerasae.files import checksum, read_arrays, read_sealed, write_sealed
from kerasae.models import load_model
from kerasae.runs import Run
from kerasae.scores import Detector

#: Settings that decide what is fitted; the others may change between uses.
FITTED = ("score", "threshold", "false_alarms", "normal")


@dataclasses.dataclass(frozen=True)
class Kept:
    """Fitted detector as it is stored in a run.

    `detector.keras` holds the score and the threshold; exports read it. `applications/anomaly/` holds two
    more files: `calibration.npz` with the scores of the calibration rows, and `fitted.json` with the settings
    and the checksums of the other two files. `fitted.json` is written last.

    Args:
        settings: Arguments of the application that decide what is fitted.
        detector: Score and threshold.
        scores: Scores of the calibration rows, `(rows,)`.
        labels: Whether these rows are anomalous, `(rows,)`; `None` if the threshold does not use labels.
        doubts: Sentences on the calibration rows, each with whether it is good news.
    """

    settings: Mapping[str, Any]
    detector: Detector
    scores: np.ndarray
    labels: np.ndarray | None
    doubts: list[tuple[bool, str]]

    def save(self, run: Run, codec: Codec) -> None:
        """Write the detector into a run, in place of an earlier one."""
        folder = _folder(run)
        folder.mkdir(parents=True, exist_ok=True)
        parts: dict[str, Any] = {"scores": self.scores}
        if self.labels is not None:
            parts["labels"] = self.labels
        calibration, new = folder / "calibration.npz", run.folder / "new_detector.keras"
        try:
            np.savez(folder / "new.npz", **parts)
            self.detector.save(new)
            (folder / "new.npz").replace(calibration)
            new.replace(run.detector_path)
        finally:
            new.unlink(missing_ok=True)
            (folder / "new.npz").unlink(missing_ok=True)
        write_sealed(
            folder / "fitted.json",
            {
                "settings": dict(self.settings),
                "doubts": self.doubts,
                "model": fingerprint(codec),
                "detector_sha256": checksum(run.detector_path),
                "calibration_sha256": checksum(calibration),
            },
        )

    @classmethod
    def read(cls, run: Run, codec: Codec) -> Self | None:
        """Return the detector of a run, or `None`.

        Raises:
            ValueError: If it is damaged, or was fitted for another model.
        """
        folder = _folder(run)
        if not (folder / "fitted.json").is_file():
            return None
        try:
            values = read_sealed(folder / "fitted.json")
            paths = {"detector": run.detector_path, "calibration": folder / "calibration.npz"}
            for name, path in paths.items():
                if checksum(path) != values[f"{name}_sha256"]:
                    raise ValueError(f"Expected {path} as it was written: its checksum differs.")
            detector = load_model(run.detector_path)
        except (ValueError, OSError) as error:
            raise ValueError(
                f"Expected the stored detector of {run.folder}, received a damaged one ({error}); fit it "
                "again with --refit."
            ) from None
        if values["model"] != fingerprint(codec):
            raise ValueError(
                f"Expected a detector for the model in {run.folder}, received one that was fitted for an "
                "earlier model; fit it again with --refit."
            )
        parts = read_arrays(paths["calibration"])
        doubts = [(good, sentence) for good, sentence in values["doubts"]]
        return cls(values["settings"], detector, parts["scores"], parts.get("labels"), doubts)

    def check(self, run: Run, given: Mapping[str, Any]) -> None:
        """Raise ValueError if the user asks for settings that would give another detector.

        Args:
            run: Run of the detector, for the message.
            given: Settings of the user. All other settings are those that were stored.

        Raises:
            ValueError: If a setting differs.
        """
        for key in FITTED:
            stored = self.settings[key]
            if key in given and _plain(given[key]) != _plain(stored):
                raise ValueError(
                    f"Expected the settings of the detector that is stored in {run.folder} "
                    f"({key}: {_words(stored)}), received {key}: {_words(given[key])}; leave it out to use "
                    "the stored detector, or add --refit to fit another one on the training data."
                )


def _folder(run: Run) -> Path:
    return run.folder / "applications" / "anomaly"


def _plain(value: Any) -> Any:
    """Return a setting in the form in which it is compared: a name equals a dict with only a name."""
    if isinstance(value, dict):
        return value["name"] if {*value} == {"name"} else {key: _plain(part) for key, part in value.items()}
    return value if isinstance(value, int | float) and not isinstance(value, bool) else str(value)


def _words(value: Any) -> str:
    return str(value) if value is not None else "none"
