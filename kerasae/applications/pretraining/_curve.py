"""LabelCurve: the accuracy by number of labels."""

import dataclasses
from collections.abc import Mapping

import numpy as np
import pandas as pd

from kerasae.metrics import Metric, RowSums
from kerasae.report.page import Listing
from kerasae.report.paired import Paired


@dataclasses.dataclass(frozen=True)
class LabelCurve:
    """Rows that are classified correctly, by way of training and number of labels.

    Args:
        hits: Whether rows are classified correctly, `(draws, rows)`, bool, by way and number of labels.
        choosing: Number of further labels that choose the settings.
    """

    hits: Mapping[str, Mapping[int, np.ndarray]]
    choosing: int

    @property
    def accuracies(self) -> dict[str, dict[int, list[float]]]:
        """Accuracy of each draw, by way and number of labels."""
        return {
            way: {count: [float(draw.mean()) for draw in draws] for count, draws in points.items()}
            for way, points in self.hits.items()
        }

    def metrics(self, mode: str) -> list[Metric]:
        """Return the accuracy of a way of training for each number of labels, the mean over the draws."""
        return [
            Metric(
                f"accuracy_{count}",
                f"accuracy, {count:,} + {self.choosing:,} labels",
                float(draws.mean()),
                lower=False,
                rows=_by_draw(draws),
            )
            for count, draws in self.hits[mode].items()
        ]

    def frame(self) -> pd.DataFrame:
        """Return a row for each way, number of labels and draw."""
        rows = [
            {
                "mode": way,
                "labels": count,
                "choosing_labels": self.choosing,
                "draw": draw,
                "accuracy": accuracy,
            }
            for way, points in self.accuracies.items()
            for count, accuracies in points.items()
            for draw, accuracy in enumerate(accuracies)
        ]
        return pd.DataFrame(rows)

    def listing(self) -> Listing:
        """Return a row for each number of labels, and a column for each way."""
        curve = self.accuracies
        cells = [
            [f"{count:,} + {self.choosing:,}", *(_cell(points[count]) for points in curve.values())]
            for count in next(iter(curve.values()))
        ]
        caption = (
            "Accuracy, mean and deviation over the draws of the labels; behind the plus sign the labels that "
            "choose the settings."
        )
        return Listing("Accuracy by number of labels", caption, ["labels", *curve], cells)

    def beside_scratch(self, mode: str) -> list[tuple[bool, str]]:
        """Compare the accuracy of a way with that of training from scratch, for each number of labels."""
        sentences = []
        for count, draws in self.hits[mode].items():
            scratch = self.hits["scratch"][count]
            paired = Paired.of(_by_draw(draws), _by_draw(scratch), lower=False)
            assert paired is not None
            words = paired.words("the same network from scratch", "{:.4f}".format)
            labels = f"{count:,} labels to learn from and {self.choosing:,} to choose by"
            sentences.append((paired.better, f"{labels}: accuracy {mode} {words}."))
        return sentences


def _by_draw(hits: np.ndarray) -> list[RowSums]:
    """Return the contribution of each row to the accuracy of each draw, from hits, `(draws, rows)`, bool."""
    return [RowSums(draw.astype("float64"), np.ones(len(draw))) for draw in hits]


def _cell(accuracies: list[float]) -> str:
    spread = f" ± {np.std(accuracies):.4f}" if len(accuracies) > 1 else ""
    return f"{np.mean(accuracies):.4f}{spread}"
