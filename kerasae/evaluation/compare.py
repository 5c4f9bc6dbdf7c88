"""compare: families side by side, with the baselines of their kind among them."""

import dataclasses
import statistics
from collections.abc import Sequence
from typing import Any

import numpy as np

from kerasae.codec import Codec
from kerasae.data import Data
from kerasae.evaluation._measures import Figure, codes_of, reconstruct
from kerasae.evaluation.metrics import evaluate, measures

#: Columns that every kind has, behind its own.
_COMMON = (
    Figure("probe_accuracy", "probe accuracy", False, 3),
    Figure("seconds", "seconds", None, 1),
    Figure("parameters", "parameters", None, 0),
)


def columns(data: Data) -> tuple[Figure, ...]:
    """What a table of these data shows, in order."""
    return (*measures(data).headline, *_COMMON)


@dataclasses.dataclass
class Entry:
    """One row of a comparison: the figures of a codec over seeds, and pictures of the first.

    Attributes:
        name: of the row.
        figures: one dict a seed, as `evaluate` gives it, with `seconds` and `seed`.
        histories: one list of epochs a seed; empty for a baseline.
        codes: of at most 5,000 test rows, drawn, from the first seed, `(rows, latent_dim)`.
        reconstructions: of the rows of `shown_rows`, from the first seed: `x` where it is an array of
            numbers, otherwise raw examples.
        baseline: whether it is what the others are held against.
    """

    name: str
    figures: list[dict[str, Any]]
    histories: list[list[dict[str, float]]]
    codes: np.ndarray
    reconstructions: Any
    baseline: bool = False

    def mean(self, key: str) -> float | None:
        """Mean of a figure over seeds, or `None` where it has none."""
        values = [figure.get(key) for figure in self.figures]
        return None if None in values else statistics.fmean(values)  # type: ignore[arg-type]

    def spread(self, key: str) -> float | None:
        """Standard deviation of a figure over seeds, or `None` for fewer than two."""
        values = [figure.get(key) for figure in self.figures]
        if None in values or len(values) < 2:
            return None
        return statistics.stdev(values)  # type: ignore[type-var]


def measure(name: str, codec: Codec, data: Data, *, baseline: bool = False, **more: Any) -> Entry:
    """The entry of one codec; `more` joins its figures (`seconds`, `seed`)."""
    shown = shown_rows(data)
    numbers = data.spec.kind not in ("table", "text")
    return Entry(
        name,
        [{**evaluate(codec, data), **more}],
        [],
        codes_of(codec, mapped_rows(data), "test"),
        reconstruct(codec, shown) if numbers else codec.inverse_transform(codec.transform(shown)),
        baseline,
    )


def shown_rows(data: Data) -> Any:
    """The raw test examples that are shown with their reconstructions: at most 12, drawn."""
    return data.test.drawn(12).examples


def mapped_rows(data: Data) -> Data:
    """The data with the test rows whose codes a map shows: at most 5,000, drawn."""
    return data.drawn("test", 5000)


def baseline_entries(latent_dim: int, data: Data, suffix: str = "") -> list[Entry]:
    """The entries of the baselines of this code size."""
    found = measures(data).baselines(latent_dim, data)
    return [
        measure(name + suffix, codec, data, baseline=True, seconds=0.0, seed=None)
        for name, codec in found.items()
    ]


def compare(codecs: dict[str, Codec], data: Data, seconds: dict[str, float] | None = None) -> list[Entry]:
    """An entry for each codec, on the same test rows.

    Args:
        codecs: by name: `{"vae": model, "pca": PCA(8).fit(data)}`; a name that begins with `pca` is a
            baseline.
        data: with test rows that none of them has seen.
        seconds: training time by name, where it is known.
    """
    return [
        measure(
            name,
            codec,
            data,
            baseline=name.startswith("pca"),
            seconds=(seconds or {}).get(name),
            seed=None,
        )
        for name, codec in codecs.items()
    ]


def verdicts(entries: Sequence[Entry], data: Data) -> list[str]:
    """A sentence for each entry and judged figure: whether it beats the best baseline, by how much."""
    kind = measures(data)
    shown = {figure.key: figure for figure in kind.headline}
    sentences = []
    for key in kind.judged:
        held = [entry for entry in entries if entry.baseline and entry.mean(key) is not None]
        if not held:
            continue
        lower = bool(shown[key].lower)
        best = (min if lower else max)(held, key=lambda entry: entry.mean(key) or 0.0)
        if kind.exact(best.figures[0], key):
            phrase = shown[key].phrase or shown[key].heading
            advice = (
                "; to reduce or compress, take a smaller code" if best.figures[0]["latent_dim"] > 1 else ""
            )
            sentences.append(
                f"{_title(best.name)} is exact at this code size ({phrase}): there is nothing left to "
                f"beat{advice}."
            )
            continue
        judged = [entry for entry in entries if not entry.baseline and entry.mean(key) is not None]
        sentences += [
            f"{_verdict(entry, best, shown[key])}{kind.doubt(entry.mean, best.mean, key)}" for entry in judged
        ]
    return sentences


def _title(name: str) -> str:
    return name.replace("pca", "PCA")


def _verdict(entry: Entry, baseline: Entry, figure: Figure) -> str:
    ours, theirs = entry.mean(figure.key), baseline.mean(figure.key)
    assert ours is not None and theirs is not None
    rival = _title(baseline.name)
    phrase = figure.phrase or figure.heading
    better = theirs - ours if figure.lower else ours - theirs
    if figure.lower and theirs > 0:
        words = f"its {phrase} is {100 * abs(better) / theirs:.1f} %"
        words += " below" if better > 0 else f" above that of {rival} at the same code size"
    else:
        words = f"its {phrase} is {ours:.3f} against {theirs:.3f}"
    if better <= 0:
        return f"{entry.name} does not beat {rival}: {words}."
    doubt = ""
    if better < (entry.spread(figure.key) or 0.0):
        doubt = " The difference is within the spread over seeds."
    return f"{entry.name} beats {rival}: {words}.{doubt}"


def merge(entries: Sequence[Entry]) -> Entry:
    """One entry from several seeds of the same name; pictures are those of the first."""
    first = entries[0]
    return dataclasses.replace(
        first,
        figures=[figure for entry in entries for figure in entry.figures],
        histories=[history for entry in entries for history in entry.histories],
    )


def to_json(entries: Sequence[Entry], data: Data) -> dict[str, Any]:
    """The comparison for machines: figures by seed, their mean and spread, and the verdicts."""
    keys = [figure.key for figure in columns(data)]
    return {
        "data": data.name,
        "test_rows": len(data.test),
        "columns": {figure.key: figure.heading for figure in columns(data)},
        "notes": list(measures(data).notes),
        "entries": [
            {
                "name": entry.name,
                "baseline": entry.baseline,
                "mean": {key: entry.mean(key) for key in keys},
                "spread": {key: entry.spread(key) for key in keys},
                "seeds": entry.figures,
            }
            for entry in entries
        ],
        "verdicts": verdicts(entries, data),
    }
