"""The page of a monitor."""

from collections.abc import Mapping, Sequence
from typing import Any

from kerasae.losses import HIGHEST
from kerasae.report import as_text, figures, page
from kerasae.report.page import Listing, Picture
from kerasae.report.rates import rates_over_time
from kerasae.workflows.monitoring._watched import Observed
from kerasae.workflows.monitoring.monitored import Monitored


def page_of(monitored: Monitored, base: Observed, new: Observed, history: Sequence[Mapping[str, Any]]) -> str:
    """Return the page as HTML.

    Args:
        monitored: Result of the comparison.
        base: What was compared of the reference rows.
        new: What was compared of the new rows.
        history: Lines of the history, this one included.
    """
    low, high = monitored.flagged_range
    row = [
        f"{monitored.rows:,}",
        f"{monitored.flagged:,}",
        f"{low:,} to {high:,}",
        "–" if monitored.scores is None else as_text(monitored.scores.distance, 2),
        f"{len(monitored.moved)} of {len(monitored.columns)}",
        "yes" if monitored.drift else "no",
    ]
    judged = {
        name: values[values < HIGHEST].to_numpy()
        for name, values in (("reference rows", base.scores), ("new rows", new.scores))
    }
    pictures = []
    if all(map(len, judged.values())):
        caption = "Share of the rows by score; the line is the threshold."
        pictures.append(Picture("Scores", caption, figures.score_histograms(judged, monitored.threshold)))
    if len(history) > 1:
        caption = "Share of flagged rows in each call, with the range for normal rows (95 % confidence)."
        pictures.append(Picture("History", caption, rates_over_time(history)))
    shown = [
        [
            one.shift.name,
            as_text(one.shift.distance, 2),
            as_text(one.shift.adjusted, 2),
            one.words,
            one.shift.test,
        ]
        for one in monitored.columns
    ]
    listing = Listing(
        "Quantities",
        "The most significant first. The distance is in [0, 1]; p-values are corrected for all tests (Holm).",
        ["quantity", "distance", "p-value", "now", "test"],
        shown,
    )
    verdict = "drift" if monitored.drift else "no drift"
    return page.render(
        f"Monitor: {monitored.title}, {verdict}",
        f"{monitored.rows:,} new rows beside {monitored.reference}, {monitored.time}.",
        ["rows", "flagged", "of normal rows", "score distance", "moved", "drift"],
        [row],
        monitored.sentences,
        pictures,
        (
            f"Drift is a corrected p-value below {monitored.significance:g} and a distance of at least "
            f"{monitored.smallest:g}, or more flagged rows than normal ones explain.",
            "The tests take the rows to be independent.",
        ),
        [listing],
    )
