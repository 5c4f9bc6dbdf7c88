"""compare: families side by side, with the baselines of their kind among them."""

import dataclasses
import math
import statistics
from collections.abc import Sequence
from typing import Any

import numpy as np

from kerasae.codec import Codec
from kerasae.data import Data
from kerasae.evaluation._measures import Figure, codes_of, reconstruct
from kerasae.evaluation._rows import Difference, RowSums, difference
from kerasae.evaluation.metrics import evaluate_rows, measures
from kerasae.kinds import kind_of

#: A difference of more percent says less than the two figures do.
_TELLING = 1000
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
        rows: one dict a seed: what each test row adds to the figures that decide.
    """

    name: str
    figures: list[dict[str, Any]]
    histories: list[list[dict[str, float]]]
    codes: np.ndarray
    reconstructions: Any
    baseline: bool = False
    rows: list[dict[str, RowSums]] = dataclasses.field(default_factory=list)

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

    def difference(self, other: "Entry", key: str) -> Difference:
        """How much a figure that decides is above that of another entry, and how sure that is."""
        return difference([one[key] for one in self.rows], [one[key] for one in other.rows])


def measure(name: str, codec: Codec, data: Data, *, baseline: bool = False, **more: Any) -> Entry:
    """The entry of one codec; `more` joins its figures (`seconds`, `seed`)."""
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


def verdicts(entries: Sequence[Entry], data: Data) -> list[tuple[bool, str]]:
    """A sentence for each entry and judged figure, and whether it is good news.

    It says whether the entry beats the best baseline, and by how much. It does where the difference is
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
                    f"{_title(best.name)} is exact at this code size ({phrase}): there is nothing left to "
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
    """The baseline to beat in a figure; `None` where no baseline has it."""
    held = [entry for entry in entries if entry.baseline and entry.mean(figure.key) is not None]
    choose = min if figure.lower else max
    return choose(held, key=lambda entry: entry.mean(figure.key) or 0.0) if held else None


def _title(name: str) -> str:
    return name.replace("pca", "PCA")


def _verdict(entry: Entry, baseline: Entry, figure: Figure) -> tuple[bool, str]:
    ours, theirs = entry.mean(figure.key), baseline.mean(figure.key)
    assert ours is not None and theirs is not None
    found = entry.difference(baseline, figure.key)
    rival, phrase = _title(baseline.name), figure.phrase or figure.heading
    if not found.value:
        same = f"{entry.name} is no better and no worse than {rival}"
        return False, f"{same}: the {phrase} of both is {ours:.3g}."
    known = math.isfinite(found.error)
    share = 100 * abs(found.value) / theirs if theirs > 0 else math.inf
    if figure.lower and share < _TELLING:
        side = "below" if found.value < 0 else "above"
        doubt = f" ± {_percent(100 * found.error / theirs)}" if known else ""
        words = f"its {phrase} is {_percent(share)}{doubt} % {side} that of {rival} at the same code size"
    else:
        doubt = f", a difference of {abs(found.value):.2g} ± {found.error:.2g}" if known else ""
        words = f"its {phrase} is {ours:.3g} against {theirs:.3g}{doubt}"
    if not found.shown:
        rows, seeds = len(entry.rows[0][figure.key].totals), len(entry.rows)
        sampled = _counted(rows, "test row") + (f" and {seeds} seeds" if seeds > 1 else "")
        show = "shows" if rows == seeds == 1 else "show"
        within = ", within two standard errors" if known else ""
        return False, f"{entry.name}: {sampled} {show} no difference from {rival}; {words}{within}."
    better = (found.value < 0) == bool(figure.lower)
    return better, f"{entry.name} {'beats' if better else 'does not beat'} {rival}: {words}."


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'s' * (count != 1)}"


def _percent(share: float) -> str:
    """A share with a decimal, or with as many as it takes to differ from 0."""
    return f"{share:.1f}" if share >= 0.1 or not share else f"{share:.1g}"


def _against(entry: Entry, entries: Sequence[Entry], figure: Figure) -> dict[str, Any] | None:
    """The difference from the best baseline, for machines; `None` for a baseline."""
    best = best_baseline(entries, figure)
    if entry.baseline or best is None or entry.mean(figure.key) is None:
        return None
    found = entry.difference(best, figure.key)
    error = found.error if math.isfinite(found.error) else None
    return {"baseline": best.name, "difference": found.value, "standard_error": error}


def merge(entries: Sequence[Entry]) -> Entry:
    """One entry from several seeds of the same name; pictures are those of the first."""
    first = entries[0]
    return dataclasses.replace(
        first,
        figures=[figure for entry in entries for figure in entry.figures],
        histories=[history for entry in entries for history in entry.histories],
        rows=[rows for entry in entries for rows in entry.rows],
    )


def to_json(entries: Sequence[Entry], data: Data) -> dict[str, Any]:
    """The comparison for machines: figures by seed, their mean and spread, and the verdicts."""
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
