"""compare: families side by side, with PCA of the same size among them."""

import dataclasses
import statistics
from collections.abc import Sequence
from typing import Any

import numpy as np

from kerasae.codec import Codec
from kerasae.data import Data
from kerasae.evaluation.metrics import evaluate, reconstruct

#: What a table shows, in order: key, heading, whether lower is better.
COLUMNS = (
    ("error", "test error", True),
    ("explained_variance", "explained variance", False),
    ("probe_accuracy", "probe accuracy", False),
    ("seconds", "seconds", True),
    ("parameters", "parameters", True),
)


@dataclasses.dataclass
class Entry:
    """One row of a comparison: the figures of a codec over seeds, and pictures of the first.

    Attributes:
        name: of the row.
        figures: one dict a seed, as `evaluate` gives it, with `seconds` and `seed`.
        histories: one list of epochs a seed; empty for PCA.
        codes: of the test rows, from the first seed, `(rows, latent_dim)`.
        reconstructions: of the first test rows in `x`, from the first seed.
    """

    name: str
    figures: list[dict[str, Any]]
    histories: list[list[dict[str, float]]]
    codes: np.ndarray
    reconstructions: np.ndarray

    def mean(self, key: str) -> float | None:
        """Mean of a figure over seeds, or `None` where it has none."""
        values = [figure[key] for figure in self.figures]
        return None if None in values else statistics.fmean(values)

    def spread(self, key: str) -> float | None:
        """Standard deviation of a figure over seeds, or `None` for fewer than two."""
        values = [figure[key] for figure in self.figures]
        return None if None in values or len(values) < 2 else statistics.stdev(values)


def measure(name: str, codec: Codec, data: Data, **more: Any) -> Entry:
    """The entry of one codec; `more` joins its figures (`seconds`, `seed`)."""
    shown = data.test.examples[: shown_rows()]
    return Entry(
        name,
        [{**evaluate(codec, data), **more}],
        [],
        codec.transform(data.test.examples),
        reconstruct(codec, shown),
    )


def shown_rows() -> int:
    """How many test rows are shown with their reconstructions."""
    return 12


def compare(codecs: dict[str, Codec], data: Data, seconds: dict[str, float] | None = None) -> list[Entry]:
    """An entry for each codec, on the same test rows.

    Args:
        codecs: by name: `{"vae": model, "pca": PCA(8).fit(data)}`.
        data: with test rows that none of them has seen.
        seconds: training time by name, where it is known.
    """
    return [
        measure(name, codec, data, seconds=(seconds or {}).get(name), seed=None)
        for name, codec in codecs.items()
    ]


def against_pca(entries: Sequence[Entry]) -> list[str]:
    """A sentence for each entry on whether its test error beats that of PCA, and by how much."""
    pca = next((entry for entry in entries if entry.name == "pca"), None)
    baseline = pca.mean("error") if pca else None
    if pca is None or baseline is None:
        return []
    # What is left then is rounding, and a share of it says nothing.
    if 1 - (pca.mean("explained_variance") or 0.0) < 1e-6:
        return ["PCA is exact at this code size: there is nothing left to beat; take a smaller code."]
    return [_verdict(entry, baseline) for entry in entries if entry.name != "pca"]


def _verdict(entry: Entry, baseline: float) -> str:
    error = entry.mean("error")
    assert error is not None
    gain = 100 * (1 - error / baseline)
    spread = entry.spread("error") or 0.0
    if gain <= 0:
        return (
            f"{entry.name} does not beat PCA: its test error is {-gain:.1f} % above that of PCA at the "
            "same code size."
        )
    doubt = " The difference is within the spread over seeds." if baseline - error < spread else ""
    return f"{entry.name} beats PCA: its test error is {gain:.1f} % below.{doubt}"


def merge(entries: Sequence[Entry]) -> Entry:
    """One entry from several seeds of the same name; pictures are those of the first."""
    first = entries[0]
    return Entry(
        first.name,
        [figure for entry in entries for figure in entry.figures],
        [history for entry in entries for history in entry.histories],
        first.codes,
        first.reconstructions,
    )


def to_json(entries: Sequence[Entry], data: Data) -> dict[str, Any]:
    """The comparison for machines: figures by seed, their mean and spread, and the verdicts."""
    return {
        "data": data.name,
        "test_rows": len(data.test),
        "error_unit": "mean squared error per feature, in squared units of x",
        "entries": [
            {
                "name": entry.name,
                "mean": {key: entry.mean(key) for key, _, _ in COLUMNS},
                "spread": {key: entry.spread(key) for key, _, _ in COLUMNS},
                "seeds": entry.figures,
            }
            for entry in entries
        ],
        "against_pca": against_pca(entries),
    }
