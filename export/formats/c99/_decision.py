"""write_decision: threshold and calibration of a detector in C, which a new calibration replaces."""

import re
from pathlib import Path

import numpy as np
from kerasae.export.decision import Decision
from kerasae.export.formats.c99.templates import render

import kerasae
from kerasae.scores import Detector


def numbers_of(detector: Detector) -> dict[str, np.ndarray]:
    """Return threshold and calibration of a detector by name, float32."""
    names = ("threshold", "calibration", "calibration_counts")
    return {name: np.asarray(getattr(detector, name), "float32") for name in names}


def write_decision(folder: Path, name: str, numbers: dict[str, np.ndarray], scores: np.ndarray) -> None:
    """Write the header of a decision, and what it makes of the scores of the examples of the test.

    Args:
        folder: Folder of the library.
        name: Name of the library in C.
        numbers: Threshold and calibration by name, as in `Decision.numbers`.
        scores: Scores of the examples, `(rows,)`, float32.
    """
    used = numbers["calibration_counts"] > 0
    # C has no empty arrays: without a calibration there is one score of no row.
    used[0] |= not used.any()
    kept, counts = numbers["calibration"][used], numbers["calibration_counts"][used]
    above = np.array([counts[kept >= score].sum() for score in scores], "float32")
    golden = {
        "p_value": ((1 + above) / (1 + counts.sum(dtype="float32"))).astype("float32"),
        "anomalous": (scores > numbers["threshold"]).astype("int32"),
    }
    values = {
        "name": name,
        "upper": name.upper(),
        "version": kerasae.__version__,
        "threshold": numbers["threshold"],
        "scores": kept,
        "counts": counts,
        "golden": golden,
    }
    places = {"decision.h": f"src/{name}_decision.h", "golden_decision.h": "test/golden_decision.h"}
    for template, place in places.items():
        (folder / place).write_text(render(template, values), encoding="utf-8")


def replace_decision(folder: Path, decision: Decision) -> None:
    """Write a new decision into a library that has one.

    Raises:
        ValueError: If the folder has no decision.
    """
    found = [*(folder / "src").glob("*_decision.h")]
    text = (folder / "test" / "golden.h").read_text(encoding="utf-8")
    stored = re.search(r"golden_detect_out_score\[\d+\] = \{([^}]*)\}", text)
    if not found or stored is None:
        raise ValueError(f"Expected a library with a detector in {folder}, found none.")
    scores = np.array([int(word) for word in stored[1].split(",")], "uint32").view("float32")
    name = found[0].name.removesuffix("_decision.h")
    write_decision(folder, name, decision.numbers, scores)
