"""compare: codecs side by side, with the baselines of their kind among them."""

import dataclasses
import statistics
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import numpy as np

from kerasae.baselines import Baseline, fit_baselines
from kerasae.codec import Codec
from kerasae.data import Data
from kerasae.kinds import kind_of
from kerasae.metrics._codes import codes_of, reconstruct
from kerasae.metrics._metric import Metric
from kerasae.metrics._rows import Difference, RowSums, difference
from kerasae.metrics.evaluation import evaluate_rows
from kerasae.metrics.measures import measures_of

#: Columns that every kind has after its own.
_COMMON = (
    Metric("probe_accuracy", "probe accuracy", lower=False, digits=3),
    Metric("seconds", "seconds", digits=1),
    Metric("parameters", "parameters", digits=0),
)


def columns(data: Data) -> tuple[Metric, ...]:
    """Return the columns of a table for these data, in order."""
    return (*measures_of(data.spec).headline, *_COMMON)


@dataclasses.dataclass
class Entry:
    """Row of a comparison: figures of a codec over seeds, and pictures of the first seed.

    Attributes:
        name: Name of the row.
        figures: Figures as `evaluate` returns them, with `seconds` and `seed`, for each seed.
        histories: List of epochs for each seed; empty for a baseline.
        codes: Codes of a sample of at most 5,000 test rows, from the first seed, `(rows, latent_dim)`.
        reconstructions: Reconstructions of the rows of `shown_rows`, from the first seed: `x` if it is an
            array of numbers, otherwise raw examples. `None` for what reconstructs nothing.
        baseline: Whether the entry is a baseline of the others.
        rows: Contribution of each test row to the figures that decide, for each seed.
        title: Name in sentences. Defaults to the name.
    """

    name: str
    figures: list[dict[str, Any]]
    # What is printed are the figures, not thousands of codes.
    histories: list[list[dict[str, float]]] = dataclasses.field(repr=False)
    codes: np.ndarray = dataclasses.field(repr=False)
    reconstructions: Any = dataclasses.field(repr=False)
    baseline: bool = False
    rows: list[dict[str, RowSums]] = dataclasses.field(default_factory=list, repr=False)
    title: str = ""

    def __post_init__(self) -> None:
        self.title = self.title or self.name

    @property
    def code_size(self) -> int:
        """Code size; 0 for what has no code."""
        return int(self.figures[0].get("latent_dim") or 0)

    def mean(self, key: str) -> float | None:
        """Return the mean of a figure over seeds, or `None` if it is undefined."""
        values = [figure.get(key) for figure in self.figures]
        return None if None in values else statistics.fmean(values)  # type: ignore[arg-type]

    def spread(self, key: str) -> float | None:
        """Return the standard deviation of a figure over seeds, or `None` for fewer than two."""
        values = [figure.get(key) for figure in self.figures]
        if None in values or len(values) < 2:
            return None
        return statistics.stdev(values)  # type: ignore[type-var]

    def difference(self, other: "Entry", key: str) -> Difference:
        """Return the difference of a deciding figure from that of another entry, with its standard error."""
        return difference(
            [seed[key] for seed in self.rows],
            [seed[key] for seed in other.rows],
        )


def measure(
    name: str, codec: Codec, data: Data, *, baseline: bool = False, title: str = "", **more: Any
) -> Entry:
    """Measure one codec; `more` is added to its figures (`seconds`, `seed`)."""
    shown = shown_rows(data)
    figures, rows = evaluate_rows(codec, data)
    return Entry(
        name,
        [{**figures, **more}],
        [],
        codes_of(codec, mapped_rows(data), "test"),
        reconstruct(codec, shown)
        if kind_of(data.spec).is_array
        else codec.inverse_transform(codec.transform(shown)),
        baseline,
        [rows],
        title,
    )


def shown_rows(data: Data) -> Any:
    """Return a sample of at most 12 raw test examples, which are shown with their reconstructions."""
    return data.test.drawn(12).examples


def mapped_rows(data: Data) -> Data:
    """Return the data with a sample of at most 5,000 test rows, whose codes a map shows."""
    return data.drawn("test", 5000)


def baseline_entries(
    latent_dim: int,
    data: Data,
    suffix: str = "",
    more: Callable[[Codec], Mapping[str, Any]] = lambda codec: {},
) -> list[Entry]:
    """Return the entries of the baselines of a code size.

    Args:
        latent_dim: Code size.
        data: Data on whose test split they are compared.
        suffix: End of their names. Defaults to none.
        more: Function of a baseline that returns further figures. Defaults to none.
    """
    return [
        measure(
            name + suffix,
            codec,
            data,
            baseline=True,
            title=codec.title + suffix,
            seconds=0.0,
            seed=None,
            **more(codec),
        )
        for name, codec in fit_baselines(latent_dim, data).items()
    ]


def compare(
    codecs: Mapping[str, Codec],
    data: Data,
    seconds: Mapping[str, float] | None = None,
    *,
    baselines: Collection[str] | None = None,
) -> list[Entry]:
    """Compare codecs on the same test rows; the result has an entry for each.

    Args:
        codecs: Codecs by name: `{"vae": model, "pca": PCA(8).fit(data)}`.
        data: Data with test rows that none of the codecs has seen.
        seconds: Training time by name, in seconds, if it is known. Defaults to `None`.
        baselines: Names of the codecs that the others have to beat. Defaults to `None`, all that are a
            `kerasae.baselines.Baseline`.

    Raises:
        ValueError: If a name in `baselines` is not that of a codec.
    """
    if unknown := {*(baselines or ())} - {*codecs}:
        raise ValueError(f"`baselines` must hold names of codecs, received {sorted(unknown)}.")
    entries = []
    for name, codec in codecs.items():
        is_baseline = isinstance(codec, Baseline) if baselines is None else name in baselines
        # A codec that bears a name of its own choice is called by it in sentences too.
        title = codec.title if isinstance(codec, Baseline) and codec.name == name else name
        time = (seconds or {}).get(name)
        entries.append(measure(name, codec, data, baseline=is_baseline, title=title, seconds=time, seed=None))
    return entries


def best_baseline(entries: Sequence[Entry], metric: Metric, code_size: int | None = None) -> Entry | None:
    """Return the best baseline by a metric; `None` if no baseline has it.

    Args:
        entries: Entries of a comparison.
        metric: Metric.
        code_size: Code size of what is compared with it. A baseline with a larger code is left out, unless
            all have one. Defaults to `None`: no baseline is left out.
    """
    held = [entry for entry in entries if entry.baseline and entry.mean(metric.key) is not None]
    if code_size is not None:
        held = [entry for entry in held if entry.code_size <= code_size] or held
    choose = min if metric.lower else max
    return choose(held, key=lambda entry: entry.mean(metric.key) or 0.0) if held else None


def merge(entries: Sequence[Entry]) -> Entry:
    """Merge the entries of several seeds with the same name; pictures are those of the first seed."""
    first = entries[0]
    return dataclasses.replace(
        first,
        figures=[figure for entry in entries for figure in entry.figures],
        histories=[history for entry in entries for history in entry.histories],
        rows=[rows for entry in entries for rows in entry.rows],
    )
