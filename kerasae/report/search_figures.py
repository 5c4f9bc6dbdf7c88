"""Figures of a search, from arrays and dicts. Nothing here depends on a trial."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import LogNorm, Normalize
from matplotlib.ticker import FixedLocator, NullLocator, ScalarFormatter

from kerasae.report.canvas import Canvas, legend_label
from kerasae.report.figures import colours

#: Box behind a number that lines would cross.
_PAPER = {"boxstyle": "square,pad=0.1", "facecolor": "white", "edgecolor": "none", "alpha": 0.8}


def trade_off(
    sizes: Sequence[int],
    found: Sequence[float],
    baselines: Mapping[str, Sequence[float]],
    heading: str,
    chosen: int,
) -> Canvas:
    """Draw the best value for each code size, the baselines, and the chosen size.

    Args:
        sizes: Code sizes, in order.
        found: Best value for each size.
        baselines: Values of baselines for each size, by name. NaN if there is none.
        heading: Name of the values.
        chosen: Chosen size.
    """
    figure = Canvas(figsize=(9, 4), dpi=110, layout="constrained")
    place = figure.subplots()
    hues = colours(["best found", *baselines])
    place.plot(sizes, found, "o-", color=hues["best found"], label="best found", linewidth=2)
    for name, values in baselines.items():
        place.plot(sizes, values, "s--", color=hues[name], label=legend_label(name), markersize=4)
    place.axvline(chosen, color="0.6", linewidth=1, zorder=0)
    place.annotate(
        "chosen",
        (chosen, 1),
        (4, -4),
        xycoords=("data", "axes fraction"),
        textcoords="offset points",
        va="top",
    )
    _whole_numbers(place, sizes)
    place.set_xlabel("numbers in the code")
    place.set_ylabel(heading)
    if np.min([*found, *(v for values in baselines.values() for v in values)]) >= 0:
        place.set_ylim(bottom=0)
    place.grid(alpha=0.3)
    place.legend()
    return figure


def against_each(columns: Mapping[str, Sequence[float]], values: Sequence[float], heading: str) -> Canvas:
    """Draw the values of trials against each hyperparameter, coloured by the first hyperparameter.

    Args:
        columns: Numbers of all trials, by hyperparameter.
        values: Values of all trials.
        heading: Name of the values.
    """
    figure = Canvas(figsize=(3.6 * len(columns), 3.2), dpi=110, layout="constrained")
    first = np.asarray(next(iter(columns.values())), float)
    norm = LogNorm(first.min(), max(first.max(), first.min() * 1.01))
    places = figure.subplots(1, len(columns), sharey=True, squeeze=False)[0]
    for place, (name, numbers) in zip(places, columns.items(), strict=True):
        place.scatter(numbers, values, c=first, cmap="viridis", norm=norm, s=22)
        if min(numbers) > 0 and max(numbers) > 8 * min(numbers):
            _whole_numbers(place, sorted({int(2 ** round(np.log2(number))) for number in numbers}))
        elif len(set(numbers)) < 8:
            place.xaxis.set_major_locator(FixedLocator(sorted(set(numbers))))
        place.set_xlabel(name)
        place.grid(alpha=0.3)
    places[0].set_ylabel(heading)
    return figure


def parallel(columns: Mapping[str, Sequence[Any]], values: Sequence[float], heading: str) -> Canvas:
    """Draw a line for each trial through its hyperparameters to its value on the last axis. Yellow is high.

    Args:
        columns: Numbers or names of all trials, by hyperparameter. `None` if a trial has none.
        values: Values of all trials.
        heading: Name of the values.
    """
    axes = {**columns, heading: values}
    figure = Canvas(figsize=(9, 3.6), dpi=110, layout="constrained")
    place = figure.subplots()
    heights = []
    for position, (_, numbers) in enumerate(axes.items()):
        shares, ticks = _spread(list(numbers))
        heights.append(shares)
        place.axvline(position, color="0.4", linewidth=1)
        for at, text in ticks:
            place.annotate(
                text,
                (position, at),
                (3, 0),
                textcoords="offset points",
                fontsize=7,
                va="center",
                zorder=3,
                bbox=_PAPER,
            )
    norm = Normalize(min(values), max(values))
    colour = colormaps["viridis"]
    for line, value in zip(np.array(heights).T, values, strict=True):
        there = ~np.isnan(line)
        place.plot(np.flatnonzero(there), line[there], color=colour(norm(value)), alpha=0.75)
    place.set_xticks(range(len(axes)), list(axes))
    place.set_xlim(-0.1, len(axes) - 0.6)
    place.set_yticks([])
    place.spines[:].set_visible(False)
    return figure


def _spread(values: list[Any]) -> tuple[np.ndarray, list[tuple[float, str]]]:
    """Return the position of each value on an axis from 0 to 1, and the labels of the axis."""
    known = [value for value in values if value is not None]
    if any(isinstance(value, str) for value in known):
        names = sorted({str(value) for value in known})
        at = {name: i / max(len(names) - 1, 1) for i, name in enumerate(names)}
        stands = [np.nan if value is None else at[str(value)] for value in values]
        return np.array(stands), [(height, name) for name, height in at.items()]
    numbers = np.array([np.nan if value is None else float(value) for value in values])
    low, high = np.nanmin(numbers), np.nanmax(numbers)
    log = low > 0 and high > 8 * low
    scaled = np.log(numbers) if log else numbers
    low, high = np.nanmin(scaled), np.nanmax(scaled)
    few = np.unique(scaled[~np.isnan(scaled)])
    marks = few if len(few) < 8 else np.linspace(low, high, 3)
    shares = (scaled - low) / (high - low) if high > low else np.where(np.isnan(scaled), np.nan, 0.5)
    heights = (marks - low) / (high - low) if high > low else np.array([0.5])
    shown = np.exp(marks) if log else marks
    return shares, [(float(at), f"{value:.3g}") for at, value in zip(heights, shown, strict=True)]


def _whole_numbers(place: Any, marks: Sequence[int]) -> None:
    """Make an axis logarithmic, with plain numbers as its labels."""
    place.set_xscale("log", base=2)
    place.xaxis.set_major_locator(FixedLocator(list(marks)))
    place.xaxis.set_minor_locator(NullLocator())
    place.xaxis.set_major_formatter(ScalarFormatter())
