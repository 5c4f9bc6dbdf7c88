"""Files, picture and notes of a classifier from few labels."""

from pathlib import Path

import numpy as np
import pandas as pd

from kerasae.applications._base import row_names
from kerasae.applications.pretraining._curve import LabelCurve
from kerasae.data import Data
from kerasae.report import figures
from kerasae.report.page import Picture
from kerasae.report.sheet import write_sheet


def write_predictions(
    out: Path,
    data: Data,
    classes: np.ndarray,
    probabilities: np.ndarray,
    rows: np.ndarray,
    labels: np.ndarray,
) -> None:
    """Write the name, the class, its probability and the known label of each example.

    Args:
        out: Folder of the file.
        data: Data whose test split holds the examples.
        classes: Classes, `(classes,)`.
        probabilities: Probability of each class, `(examples, classes)`.
        rows: Numbers of the examples with a label, `(rows,)`.
        labels: Their labels, `(rows,)`.
    """
    frame = pd.DataFrame(
        {
            "row": row_names(data),
            "class": classes[probabilities.argmax(axis=1)],
            "probability": probabilities.max(axis=1),
        }
    )
    if len(rows):
        frame["label"] = pd.Series(labels, index=rows).reindex(range(len(frame)))
        if labels.dtype.kind in "iu":
            frame["label"] = frame["label"].astype("Int64")
    write_sheet(frame, out / "predictions.csv")


def draw_curve(path: Path, curve: LabelCurve, rows: int, draws: int) -> Picture:
    """Draw the label-efficiency curve, write it as a PNG file, and return it for the page.

    Args:
        path: Path of the file.
        curve: Curve.
        rows: Number of rows on which the accuracy was measured.
        draws: Number of draws of the labels.
    """
    drawn = figures.label_curve(curve.accuracies, curve.choosing)
    drawn.savefig(path, facecolor="white")
    caption = (
        f"Accuracy on {rows:,} rows by number of labels, with {curve.choosing:,} more to choose the settings"
    )
    caption += f"; bars: the deviation over {draws} draws of labels." if draws > 1 else "."
    return Picture("Label efficiency", caption, drawn)


def notes(classes: np.ndarray, choosing: int, judged: bool, stored: bool) -> list[str]:
    """Return notes on how the accuracy is computed.

    Args:
        classes: Classes, `(classes,)`.
        choosing: Number of labels that choose the settings.
        judged: Whether some examples have labels of these classes.
        stored: Whether the classifier is used without the training rows.
    """
    sentences = [
        f"Classes: {', '.join(map(str, classes[:30]))}{' …' * (len(classes) > 30)}. The {choosing:,} labels "
        "of the validation split choose the penalty and the scaling of a frozen encoder's head and the step "
        "whose weights are kept, for every line alike; figures count them behind the plus sign.",
        "Frozen: logistic regression on the codes. Fine-tuned: encoder and a new head together. Staged: that "
        "regression first, then all. Scratch: the same network from new weights, with the same labels and "
        "schedule. Baselines are frozen: they have no encoder to train.",
    ]
    if not judged:
        sentences.append("These rows have no labels of these classes: no accuracy.")
    elif stored:
        sentences.append(
            "The curve by number of labels is left out, because it needs the labels of the training rows; "
            "--refit reads them. The accuracy is that of the stored classifier, from one draw of the labels."
        )
    return sentences
