"""Figures from arrays and dicts. Nothing here depends on a model."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import to_hex
from matplotlib.ticker import MaxNLocator

from kerasae.report.canvas import Canvas, legend_label
from kerasae.report.image_lines import image_lines

#: Okabe and Ito 2008: told apart by colour-blind readers too.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8C6D31", "#000000")


def colours(names: Sequence[str]) -> dict[str, str]:
    """Return a colour for each name. It is the same in every figure of a page."""
    return {name: _COLOURS[index % len(_COLOURS)] for index, name in enumerate(names)}


def reconstructions(originals: np.ndarray, rebuilt: Mapping[str, np.ndarray]) -> Canvas:
    """Draw originals in the first row, and a row of reconstructions for each name below.

    Args:
        originals: Examples `(rows, height, width, channels)` or `(rows, features)`, in units of `x`.
        rebuilt: Reconstructions of the same shape, by name.
    """
    if originals.ndim == 4:
        return _image_rows(originals, rebuilt)
    return _profiles(originals, rebuilt)


def _image_rows(originals: np.ndarray, rebuilt: Mapping[str, np.ndarray]) -> Canvas:
    lines = [("original", originals), *rebuilt.items()]
    return _lines(lines, float(originals.min()), float(originals.max()))


def _lines(lines: Sequence[tuple[str, np.ndarray | Sequence[np.ndarray]]], low: float, high: float) -> Canvas:
    left, right = 1.6, 0.78 * max(len(images) for _, images in lines)
    figure = Canvas(figsize=(left + right, 0.78 * len(lines)), dpi=110)
    place = figure.add_axes((left / (left + right), 0, right / (left + right), 1))
    image_lines(place, lines, low=low, high=high, fontsize=10)
    return figure


def _profiles(originals: np.ndarray, rebuilt: Mapping[str, np.ndarray]) -> Canvas:
    count = min(4, len(originals))
    figure = Canvas(figsize=(9, 1.9 * count), dpi=110, layout="constrained")
    axes = figure.subplots(count, 1, squeeze=False)[:, 0]
    hues = colours(list(rebuilt))
    for index, place in enumerate(axes):
        place.plot(originals[index].ravel(), color="black", linewidth=2, label="original")
        for name, rows in rebuilt.items():
            place.plot(rows[index].ravel(), color=hues[name], linewidth=1, label=legend_label(name))
        place.set_ylabel(f"row {index}")
        place.grid(alpha=0.3)
    axes[-1].set_xlabel("feature")
    axes[0].legend(fontsize=8, ncols=4, loc="upper right")
    return figure


def code_maps(
    codes: Mapping[str, np.ndarray], labels: np.ndarray | None, axes_are: str | None = None
) -> Canvas:
    """Draw codes in two dimensions, with a panel for each name, coloured by label.

    Codes of more than two numbers are shown on their first two principal components. The labels of the axes
    name them.

    Args:
        codes: Codes `(rows, latent_dim)` by name.
        labels: Labels of the rows, or `None`.
        axes_are: Name of the numbers on the axes, if they are no codes.
    """
    columns = min(3, len(codes))
    lines = -(-len(codes) // columns)
    figure = Canvas(figsize=(3.5 * columns, 3.3 * lines), dpi=110, layout="constrained")
    axes = figure.subplots(lines, columns, squeeze=False).ravel()
    classes = [] if labels is None else list(np.unique(labels))
    if not 1 < len(classes) <= 20:
        classes = []
    hues = class_colours(len(classes))
    for place, (name, values) in zip(axes, codes.items(), strict=False):
        points, axis = two_dimensions(values)
        axis = axes_are or axis
        if labels is None or not classes:
            place.scatter(*points.T, s=6, alpha=0.6, linewidths=0, color=_COLOURS[0])
        for index, label in enumerate(classes):
            chosen = points[labels == label]
            shown = legend_label(str(label))
            place.scatter(*chosen.T, s=7, alpha=0.75, linewidths=0, label=shown, color=hues[index])
        place.set_title(name, fontsize=11)
        place.set_xlabel(f"{axis} 1", fontsize=8)
        place.set_ylabel(f"{axis} 2", fontsize=8)
        place.tick_params(labelsize=7)
    for place in axes[len(codes) :]:
        place.set_visible(False)
    if classes:
        handles, names = axes[0].get_legend_handles_labels()
        figure.legend(handles, names, loc="outside right center", title="label", fontsize=8, markerscale=2)
    return figure


def class_colours(count: int) -> list[str]:
    """Return a colour for each of some classes, in order."""
    chosen = colormaps["tab10" if count <= 10 else "tab20"]
    return [to_hex(chosen(index)) for index in range(count)]


def two_dimensions(values: np.ndarray) -> tuple[np.ndarray, str]:
    """Return codes `(rows, latent_dim)` as points `(rows, 2)`, and the name of their axes."""
    mean, directions, axis = plane(values)
    return (values - mean) @ directions.T, axis


def plane(values: np.ndarray) -> tuple[np.ndarray, np.ndarray, str]:
    """Return the plane on which codes are drawn: an origin, two directions, and the name of the axes.

    The directions are the first two principal components, `(2, latent_dim)`, and the origin is the mean,
    `(latent_dim,)`. A code of one or two numbers is drawn as it is.

    Args:
        values: Codes, `(rows, latent_dim)`.
    """
    size = values.shape[1]
    if size <= 2:
        return np.zeros(size, values.dtype), np.eye(2, size, dtype=values.dtype), "code"
    mean = values.mean(axis=0)
    _, _, directions = np.linalg.svd(values - mean, full_matrices=False)
    # A single row has one direction.
    return mean, np.pad(directions[:2], [(0, 2 - len(directions[:2])), (0, 0)]), "component"


def shares_by_length(shares: Mapping[str, Mapping[str, float]]) -> Canvas:
    """Draw shares in [0, 1] by length, with a line for each name.

    Args:
        shares: Shares by name, then by length.
    """
    figure = Canvas(figsize=(9, 3.2), dpi=110, layout="constrained")
    place = figure.subplots()
    hues = colours(list(shares))
    for name, found in shares.items():
        place.plot(
            [int(length) for length in found],
            list(found.values()),
            "o-",
            markersize=3,
            label=legend_label(name),
            color=hues[name],
        )
    place.set_xlabel("words in the text")
    place.set_ylabel("tokens rebuilt")
    place.set_ylim(0, 1)
    place.grid(alpha=0.3)
    place.legend(fontsize=8, ncols=4)
    return figure


def training_curves(histories: Mapping[str, Sequence[Sequence[Mapping[str, float]]]], unit: str) -> Canvas:
    """Draw the reconstruction loss by epoch, with a panel for each name: training thin, validation thick.

    Args:
        histories: Histories by name, one list of epochs for each seed. An epoch is a dict of terms.
        unit: Unit of the loss, for the axis.
    """
    columns = min(3, len(histories))
    lines = -(-len(histories) // columns)
    figure = Canvas(figsize=(3.5 * columns, 2.7 * lines), dpi=110, layout="constrained")
    axes = figure.subplots(lines, columns, squeeze=False).ravel()
    hues = colours(list(histories))
    for place, (name, seeds) in zip(axes, histories.items(), strict=False):
        for number, epochs in enumerate(seeds):
            span = range(1, len(epochs) + 1)
            for key, width, style, label in (
                ("reconstruction", 0.8, "--", "training"),
                ("val_reconstruction", 1.4, "-", "validation"),
            ):
                if key not in epochs[-1]:
                    # The training had no validation split.
                    continue
                values = [epoch.get(key, float("nan")) for epoch in epochs]
                place.plot(
                    span,
                    values,
                    style,
                    color=hues[name],
                    linewidth=width,
                    alpha=0.8,
                    label=label if number == 0 else None,
                )
        place.set_title(name, fontsize=11)
        place.set_xlabel("epoch", fontsize=8)
        place.xaxis.set_major_locator(MaxNLocator(integer=True))
        place.set_ylabel(f"reconstruction, {unit}" if unit else "reconstruction", fontsize=8)
        place.tick_params(labelsize=7)
        place.grid(alpha=0.3)
        late = [
            epoch[key]
            for epochs in seeds
            for epoch in epochs[len(epochs) // 10 :]
            for key in ("reconstruction", "val_reconstruction")
            if key in epoch
        ]
        if late and min(late) < max(late):
            # The first epochs would flatten the rest of the curve.
            margin = 0.05 * (max(late) - min(late))
            place.set_ylim(min(late) - margin, max(late) + margin)
        place.legend(fontsize=7)
    for place in axes[len(histories) :]:
        place.set_visible(False)
    return figure


def score_histograms(scores: Mapping[str, np.ndarray], threshold: float) -> Canvas:
    """Draw distributions of scores, with the threshold.

    Args:
        scores: Scores by name. The axis is logarithmic if all are positive.
        threshold: Threshold, marked by a line if it is finite.
    """
    figure = Canvas(figsize=(9, 3.2), dpi=110, layout="constrained")
    place = figure.subplots()
    everything = np.concatenate([*scores.values()])
    logarithmic = bool((everything > 0).all())
    low, high = float(everything.min()), float(everything.max())
    if high <= low:
        low, high = low * (0.9 if logarithmic else 1) - (not logarithmic), high * 1.1 + (not logarithmic)
    edges = np.geomspace(low, high, 50) if logarithmic else np.linspace(low, high, 50)
    for name, hue in colours(list(scores)).items():
        values = scores[name]
        weights = np.full(len(values), 1 / max(len(values), 1))
        place.hist(values, edges.tolist(), weights=weights, color=hue, alpha=0.55, label=legend_label(name))
    if np.isfinite(threshold):
        place.axvline(threshold, color="black", linewidth=1.2, linestyle="--", label="threshold")
    if logarithmic:
        place.set_xscale("log")
    place.set_xlabel("score")
    place.set_ylabel("share")
    place.grid(alpha=0.3)
    place.legend(fontsize=8)
    return figure


def heat_rows(originals: np.ndarray, rebuilt: np.ndarray, heat: np.ndarray) -> Canvas:
    """Draw images, their reconstructions, and heat maps in three rows. Each heat map has its own scale.

    Args:
        originals: Images `(rows, height, width, channels)`, in units of `x`.
        rebuilt: Reconstructions of the same shape.
        heat: Heat maps `(rows, height, width, 1)`, not negative.
    """
    low, high = float(originals.min()), float(originals.max())
    # In colours, which are on the scale of the images.
    warm = [low + (high - low) * _magma(values) for values in heat[..., 0]]
    return _lines([("original", originals), ("rebuilt", rebuilt), ("adds", warm)], low, high)


def _magma(values: np.ndarray) -> np.ndarray:
    """Return numbers as colours, `(height, width, 3)`, from 0 to the largest one."""
    return np.asarray(colormaps["magma"](values / max(float(values.max()), 1e-12))[..., :3])


def label_curve(curve: Mapping[str, Mapping[int, Sequence[float]]], choosing: int) -> Canvas:
    """Draw the accuracy against the number of labels, with a line and deviations for each way of learning.

    Args:
        curve: Accuracies by name and number of labels, one for each draw of the labels.
        choosing: Number of further labels, which choose the settings.
    """
    figure = Canvas(figsize=(7, 4.2), dpi=110, layout="constrained")
    place = figure.subplots()
    hues = colours(list(curve))
    for name, points in curve.items():
        counts = list(points)
        place.errorbar(
            counts,
            [float(np.mean(points[count])) for count in counts],
            [float(np.std(points[count])) for count in counts],
            marker="o",
            markersize=4,
            capsize=3,
            linewidth=1.4,
            label=legend_label(name),
            color=hues[name],
        )
    counts = list(next(iter(curve.values())))
    place.set_xscale("log")
    place.set_xticks(counts, [f"{count:,}" for count in counts])
    place.minorticks_off()
    place.set_xlabel(f"labels to learn from (and {choosing:,} to choose by)")
    place.set_ylabel("accuracy")
    place.grid(alpha=0.3)
    place.legend(fontsize=8)
    return figure
