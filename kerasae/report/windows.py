"""windows: windows of a sensor log, channel by channel."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kerasae.report.canvas import Canvas, legend_label
from kerasae.report.figures import colours

#: Largest number of columns and of channels in a picture.
MOST_COLUMNS, MOST_CHANNELS = 6, 8


def windows(columns: Sequence[tuple[str, Mapping[str, np.ndarray]]], channels: Sequence[str]) -> Canvas:
    """Draw windows over their steps: a line of panels for each channel, and a column for each group.

    Panels of a channel have one scale. A missing reading is a hole. Further columns and channels than the
    largest numbers of a picture are not drawn.

    Args:
        columns: Title of each column and its windows by name, in raw units, `(steps, channels)` each, or
            `(windows, steps, channels)` for several of one name. The first is drawn thick and black.
        channels: Names of the channels.
    """
    shown, names = columns[:MOST_COLUMNS], channels[:MOST_CHANNELS]
    width = 1.0 + max(1.6 * len(shown), 5.0)
    figure = Canvas(figsize=(width, 0.7 + 1.15 * len(names)), dpi=110, layout="constrained")
    axes = figure.subplots(len(names), len(shown), squeeze=False, sharex=True, sharey="row")
    hues = colours(list(dict.fromkeys(name for _, group in shown for name in list(group)[1:])))
    for line, channel in enumerate(names):
        for place, (_, group) in zip(axes[line], shown, strict=True):
            for number, (name, drawn) in enumerate(group.items()):
                style = {"color": "black", "linewidth": 1.8} if number == 0 else {"color": hues[name]}
                _draw(place, np.asarray(drawn, "float64")[..., line], legend_label(name), style)
            place.tick_params(labelsize=7)
            place.grid(alpha=0.3)
        axes[line, 0].set_ylabel(channel, rotation=0, ha="right", va="center", fontsize=9)
    for place, (title, _) in zip(axes[0], shown, strict=True):
        place.set_title(title, fontsize=9)
    for place in axes[-1]:
        place.set_xlabel("steps before the last", fontsize=8)
    handles = {
        label: handle
        for place in axes[0]
        for handle, label in zip(*place.get_legend_handles_labels(), strict=True)
    }
    if len(handles) > 1:
        ncols = min(len(handles), 6)
        figure.legend([*handles.values()], [*handles], loc="outside lower center", fontsize=8, ncols=ncols)
    return figure


def _draw(place: Any, lines: np.ndarray, label: str, style: Mapping[str, Any]) -> None:
    """Draw readings of a channel, `(steps,)` or `(windows, steps)`."""
    several = lines.reshape(-1, lines.shape[-1])
    steps = np.arange(lines.shape[-1]) - (lines.shape[-1] - 1)
    # Many lines of one name lie below the others.
    crowd = {"alpha": 0.9} if len(several) == 1 else {"alpha": 0.6, "zorder": 1.5}
    for number, line in enumerate(several):
        # A reading between two missing ones is a point.
        before, after = np.append(np.nan, line[:-1]), np.append(line[1:], np.nan)
        alone = np.isfinite(line) & np.isnan(before) & np.isnan(after)
        place.plot(
            steps,
            line,
            label=None if number else label,
            marker=".",
            markersize=4,
            markevery=np.flatnonzero(alone).tolist(),
            **{"linewidth": 1.0, **crowd, **style},
        )
