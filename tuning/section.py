"""write_section: the result of a search as a section of the page of a run."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from kerasae.tuning.curve import Curve
from kerasae.tuning.objectives import Objective
from kerasae.tuning.sentences import recommendation
from kerasae.tuning.trials import Trial

from kerasae.report import Best, page, search_figures


def write_section(folder: Path, trials: Sequence[Trial], curve: Curve, aim: Objective) -> None:
    """Write the section of a search into a run. Every page of the run includes it.

    Args:
        folder: Folder of the run.
        trials: Trials of the search.
        curve: Trade-off curve of the search.
        aim: Objective by which trials are compared.
    """
    completed = [trial for trial in trials if trial.completed]
    failed = [trial for trial in trials if not trial.completed]
    values = [trial.figures[aim.key] for trial in completed]
    key = aim.key.removeprefix("val_").replace("_", " ")
    names = list(dict.fromkeys(name for point in curve.points for name in point.baselines))
    columns = _columns(completed)
    numbers = {
        name: drawn
        for name, drawn in columns.items()
        if name in ("code size", "depth", "width") and None not in drawn
    }
    pictures = [
        page.Picture(
            "Error by code size",
            "The best trial of each code size on the validation split, and the baselines of the same size, "
            "which are fitted on the training split.",
            search_figures.trade_off(
                [point.latent_dim for point in curve.points],
                [point.value for point in curve.points],
                {name: [point.baselines.get(name, np.nan) for point in curve.points] for name in names},
                curve.heading,
                curve.recommended(),
            ),
        ),
        page.Picture(
            "Trials by code size, depth and width",
            "Each point is a trial, coloured by code size. The width is that of the first hidden layer.",
            search_figures.against_each(numbers, values, f"validation {key}"),
        ),
        page.Picture(
            "Hyperparameters",
            "Each line is a trial, from its hyperparameters to its value on the right.",
            search_figures.parallel(columns, values, f"validation {key}"),
        ),
    ]
    by_number = {trial.number: trial for trial in trials}
    listings = []
    if failed:
        listings.append(
            page.Listing(
                "Trials without figures",
                f"{len(failed)} of {len(trials)}.",
                ["trial", "code size", "network", "reason"],
                [[str(t.number + 1), str(t.latent_dim), t.described, t.reason or t.status] for t in failed],
            )
        )
    html = page.render_section(
        f"Search: {len(trials)} trials",
        ["code size", curve.heading, *names, "network", "parameters"],
        [
            [
                (Best if point.latent_dim == curve.recommended() else str)(point.latent_dim),
                f"{point.value:.5f}",
                *(f"{point.baselines[name]:.5f}" if name in point.baselines else "–" for name in names),
                by_number[point.trial].described,
                f"{by_number[point.trial].figures['parameters']:,.0f}",
            ]
            for point in curve.points
        ],
        recommendation(curve),
        pictures,
        listings=listings,
    )
    (folder / "sections").mkdir(exist_ok=True)
    page.write(folder / "sections" / "search.html", html)


def _columns(trials: Sequence[Trial]) -> dict[str, list[Any]]:
    """Return the values of each hyperparameter over the trials."""
    columns: dict[str, list[Any]] = {"code size": [trial.latent_dim for trial in trials]}
    for name in ("depth", "width", "blocks", "hidden"):
        if any(name in trial.values for trial in trials):
            columns[name] = [trial.values.get(name) for trial in trials]
    for name in dict.fromkeys(key for trial in trials for key in trial.others()):
        columns[name] = [trial.others().get(name) for trial in trials]
    return columns
