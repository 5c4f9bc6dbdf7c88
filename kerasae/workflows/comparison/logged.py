"""log_comparison: a comparison in trackers, one run for the whole and one for each training."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kerasae.data import Data
from kerasae.metrics import Entry
from kerasae.recipe import Recipe
from kerasae.trackers import Record, Tracker, held_out_figures, log_together

#: Files of a comparison that are logged.
_FILES = ("metrics.json", "report.html")


def log_comparison(
    trackers: Sequence[Tracker], recipe: Recipe, entries: Sequence[Entry], data: Data, folder: Path | None
) -> Mapping[str, str]:
    """Log a comparison of families.

    Args:
        trackers: Trackers; nothing is done without any.
        recipe: Recipe that all trainings share.
        entries: Entries of the comparison, the baselines first.
        data: Data on whose test split they are compared.
        folder: Folder of the page; `None` if there is none.

    Returns:
        Where a user finds the comparison in each tracker, by its name.

    Raises:
        TrackingError: If a tracker cannot be reached.
    """
    figures: dict[str, Any] = {}
    parts = []
    for entry in entries:
        if entry.baseline:
            figures |= held_out_figures(entry.figures[0], entry.name)
            continue
        for seed, (measured, history) in enumerate(zip(entry.figures, entry.histories, strict=True)):
            number = measured.get("seed", seed)
            settings = {"model.name": entry.name, "train.seed": number}
            parts.append(
                Record(
                    f"{entry.name}, seed {number}",
                    recipe.override(settings).fill(data).to_dict(),
                    history,
                    held_out_figures(measured),
                )
            )
    whole = Record(
        f"comparison on {data.name}" if folder is None else folder.resolve().name,
        {"data": recipe.data},
        figures=figures,
        files=[] if folder is None else [folder / name for name in _FILES],
    )
    return log_together(trackers, whole, parts)
