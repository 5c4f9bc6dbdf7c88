"""The share of flagged rows over time."""

from collections.abc import Mapping, Sequence
from typing import Any

from kerasae.report.canvas import Canvas


def rates_over_time(history: Sequence[Mapping[str, Any]]) -> Canvas:
    """Draw the share of flagged rows in each call of a monitor, with its range for normal rows.

    Args:
        history: Lines with `rows`, `flagged`, `flagged_range`, `drift` and `time`, the earliest first.
    """
    figure = Canvas(figsize=(9, 3), dpi=110, layout="constrained")
    place = figure.subplots()
    calls = range(1, len(history) + 1)
    shares = [line["flagged"] / line["rows"] for line in history]
    low, high = ([line["flagged_range"][end] / line["rows"] for line in history] for end in (0, 1))
    place.fill_between(calls, low, high, color="#0072B2", alpha=0.2, label="normal rows")
    place.plot(calls, shares, "o-", color="black", markersize=4, linewidth=1, label="flagged")
    alarms = [call for call, line in zip(calls, history, strict=True) if line["drift"]]
    place.plot(
        alarms, [shares[call - 1] for call in alarms], "o", color="#D55E00", markersize=7, label="drift"
    )
    place.set_xlabel(f"call, from {history[0]['time'][:16]} to {history[-1]['time'][:16]}")
    place.set_ylabel("share of the rows")
    place.set_ylim(bottom=0)
    place.grid(alpha=0.3)
    place.legend(fontsize=8)
    return figure
