"""compare: codecs side by side, with the baselines of their kind among them."""

import dataclasses
import math
import statistics
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from kerasae.baselines import Baseline, fit_baselines
from kerasae.codec import Codec
from kerasae.data import Data
from kerasae.kinds import kind_of
from kerasae.metrics._measures import Figure, codes_of, reconstruct
from kerasae.metrics._rows import Difference, RowSums, difference
from kerasae.metrics.evaluation import evaluate_rows, measures

#: Percentage above which a sentence gives the two figures and not their difference.
_TELLING = 1000
#: Columns that every kind has after its own.
_COMMON = (
    Figure("probe_accuracy", "probe accuracy", False, 3),
    Figure("seconds", "seconds", None, 1),
    Figure("parameters", "parameters", None, 0),
)


def columns(data: Data) -> tuple[Figure, ...]:
    """Return the columns of a table for these data, in order."""
    return (*measures(data).headline, *_COMMON)


@dataclasses.dataclass
class Entry:
    """Row of a comparison: figures of a codec over seeds, and pictures of the first seed.

    Attributes:
        name: Name of the row.
        figures: Figures as `evaluate` returns them, with `seconds` and `seed`, for each seed.
        histories: List of epochs for each seed; empty for a baseline.
        codes: Codes of a sample of at most 5,000 test rows, from the first seed, `(rows, latent_dim)`.
        reconstructions: Reconstructions of the rows of `shown_rows`, from the first seed: `x` if it is an
            array of numbers, otherwise raw examples.
        baseline: Whether the entry is a baseline of the others.
        rows: Contribution of each test row to the figures that decide, for each seed.
        title: Name in sentences. Defaults to the name.
    """

    name: str
    figures: list[dict[str, Any]]
    histories: list[list[dict[str, float]]]
    codes: np.ndarray
    reconstructions: Any
    baseline: bool = False
    rows: list[dict[str, RowSums]] = dataclasses.field(default_factory=list)
    title: str = ""

    def __post_init__(self) -> None:
        self.title = self.title or self.name

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


def baseline_entries(latent_dim: int, data: Data, suffix: str = "") -> list[Entry]:
    """Return the entries of the baselines of this code size."""
    return [
        measure(
            name + suffix,
            codec,
            data,
            baseline=True,
            title=codec.title + suffix,
            seconds=0.0,
            seed=None,
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


def verdicts(entries: Sequence[Entry], data: Data) -> list[tuple[bool, str]]:
    """Return a sentence for each entry and judged figure, and whether it is good news.

    It tells whether the entry beats the best baseline, and by how much. An entry does if the difference is
    more than two standard errors, over test rows and over seeds.
    """
    kind = measures(data)
    shown = {figure.key: figure for figure in kind.headline}
    sentences = []
    for key in kind.judged:
        best = best_baseline(entries, shown[key])
        if best is None:
            continue
        if kind.exact(best.figures[0], key):
            phrase = shown[key].phrase or shown[key].heading
            advice = (
                "; to reduce or compress, take a smaller code" if best.figures[0]["latent_dim"] > 1 else ""
            )
            sentences.append(
                (
                    False,
                    f"{best.title} is exact at this code size ({phrase}): there is nothing left to "
                    f"beat{advice}.",
                )
            )
            continue
        for entry in entries:
            if not entry.baseline and entry.mean(key) is not None:
                good, sentence = _verdict(entry, best, shown[key])
                doubt = kind.doubt(entry.mean, best.mean, key)
                sentences.append((good and not doubt, sentence + doubt))
    return sentences


def best_baseline(entries: Sequence[Entry], figure: Figure) -> Entry | None:
    """Return the best baseline in a figure; `None` if no baseline has it."""
    held = [entry for entry in entries if entry.baseline and entry.mean(figure.key) is not None]
    choose = min if figure.lower else max
    return choose(held, key=lambda entry: entry.mean(figure.key) or 0.0) if held else None


def _verdict(entry: Entry, baseline: Entry, figure: Figure) -> tuple[bool, str]:
    ours, theirs = entry.mean(figure.key), baseline.mean(figure.key)
    assert ours is not None and theirs is not None
    gap = entry.difference(baseline, figure.key)
    rival, phrase = baseline.title, figure.phrase or figure.heading
    if not gap.value:
        same = f"{entry.title} is no better and no worse than {rival}"
        return False, f"{same}: the {phrase} of both is {ours:.3g}."
    known = math.isfinite(gap.error)
    share = 100 * abs(gap.value) / theirs if theirs > 0 else math.inf
    if figure.lower and share < _TELLING:
        side = "below" if gap.value < 0 else "above"
        doubt = f" ± {_percent(100 * gap.error / theirs)}" if known else ""
        words = f"its {phrase} is {_percent(share)}{doubt} % {side} that of {rival} at the same code size"
    else:
        doubt = f", a difference of {abs(gap.value):.2g} ± {gap.error:.2g}" if known else ""
        words = f"its {phrase} is {ours:.3g} against {theirs:.3g}{doubt}"
    if not gap.shown:
        rows, seeds = len(entry.rows[0][figure.key].totals), len(entry.rows)
        sampled = _counted(rows, "test row") + (f" and {seeds} seeds" if seeds > 1 else "")
        show = "shows" if rows == seeds == 1 else "show"
        within = ", within two standard errors" if known else ""
        return False, f"{entry.title}: {sampled} {show} no difference from {rival}; {words}{within}."
    better = (gap.value < 0) == bool(figure.lower)
    return better, f"{entry.title} {'beats' if better else 'does not beat'} {rival}: {words}."


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'s' * (count != 1)}"


def _percent(share: float) -> str:
    """Format a share with one decimal, or with as many as it needs to differ from 0."""
    return f"{share:.1f}" if share >= 0.1 or not share else f"{share:.1g}"


def _against(entry: Entry, entries: Sequence[Entry], figure: Figure) -> dict[str, Any] | None:
    """Return the difference from the best baseline as JSON types; `None` for a baseline."""
    best = best_baseline(entries, figure)
    if entry.baseline or best is None or entry.mean(figure.key) is None:
        return None
    gap = entry.difference(best, figure.key)
    error = gap.error if math.isfinite(gap.error) else None
    return {"baseline": best.name, "difference": gap.value, "standard_error": error}


def merge(entries: Sequence[Entry]) -> Entry:
    """Merge the entries of several seeds with the same name; pictures are those of the first seed."""
    first = entries[0]
    return dataclasses.replace(
        first,
        figures=[figure for entry in entries for figure in entry.figures],
        histories=[history for entry in entries for history in entry.histories],
        rows=[rows for entry in entries for rows in entry.rows],
    )


def to_json(entries: Sequence[Entry], data: Data) -> dict[str, Any]:
    """Return the comparison as JSON types: figures by seed, their mean and spread, and the verdicts."""
    keys = [figure.key for figure in columns(data)]
    judged = [figure for figure in measures(data).headline if figure.key in measures(data).judged]
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
                "against": {figure.key: _against(entry, entries, figure) for figure in judged},
            }
            for entry in entries
        ],
        "verdicts": [sentence for _, sentence in verdicts(entries, data)],
    }
