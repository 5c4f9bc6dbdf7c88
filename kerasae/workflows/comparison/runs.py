"""compare_runs: finished runs beside each other and PCA, on the test rows that they share."""

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kerasae.codec import Codec
from kerasae.data import Data, path_arguments
from kerasae.files import check_new, new_folder
from kerasae.metrics.comparison import Entry, baseline_entries
from kerasae.progress import work
from kerasae.remote import origin
from kerasae.runs import Run
from kerasae.workflows.comparison.detecting import detecting_entries, detection_of
from kerasae.workflows.comparison.entry import entry_of
from kerasae.workflows.comparison.page import write_report
from kerasae.workflows.comparison.result import Comparison


def compare_runs(runs: Sequence[Run | str | Path], out: str | Path | None = None) -> Comparison:
    """Compare finished runs on the same test rows, with PCA of each code size.

    Args:
        runs: Runs, or their folders or addresses.
        out: Folder for the page, which must not exist. Without it nothing is written. Defaults to none.

    Raises:
        FileExistsError: If `out` exists.
        FileNotFoundError: If a folder holds no finished run.
        ValueError: If the runs do not share their data.
    """
    if out is not None:
        check_new(out)
    opened = [run if isinstance(run, Run) else Run.open(run) for run in runs]
    entries, data = entries_of(opened, detection=True)
    if out is not None:
        with new_folder(Path(out)) as folder:
            write_report(folder, entries, data, f"Runs on {data.name}")
    return Comparison(entries, data, None if out is None else Path(out))


def entries_of(runs: Sequence[Run], *, detection: bool = False) -> tuple[list[Entry], Data]:
    """Return the entries of finished runs with PCA of each code size, and the data, which are read once.

    Args:
        runs: Finished runs on the same data.
        detection: Whether to compare how well labelled anomalies are detected too, with the score of each
            run. Defaults to False.

    Raises:
        ValueError: If the runs do not share their data.
    """
    first = runs[0].recipe.data
    for run in runs[1:]:
        _check_same_content(runs[0], run)
        second = run.recipe.data
        # The same file may be named in several ways; its content was compared.
        same = path_arguments(first["name"]) if runs[0].source and run.source else ()
        keys = [key for key in {**first, **second} if key not in same]
        differing = next((key for key in keys if first.get(key) != second.get(key)), None)
        if differing is not None:
            raise ValueError(
                f"Expected runs on the same data, received data.{differing}={first.get(differing)!r} in "
                f"{runs[0].folder} and {second.get(differing)!r} in {run.folder}."
            )
    data = runs[0].data
    rows = data.test.drawn(100).examples
    for run in runs[1:]:
        one, other = (
            dataclasses.replace(data, preprocessor=model.preprocessor).to_x(rows)
            for model in (run.model, runs[0].model)
        )
        if one.shape != other.shape or not np.allclose(one, other, atol=1e-6, equal_nan=True):
            raise ValueError(
                f"Expected runs whose x is the same, but {run.folder} scales its input otherwise than "
                f"{runs[0].folder}: their errors have no common unit."
            )
    entries: list[Entry] = []
    settings = runs[0].recipe.apply.get("anomaly", {})

    def figures_of(codec: Codec, settings: dict[str, Any] = settings) -> dict[str, Any]:
        return detection_of(codec, data, settings) if detection else {}

    sizes = sorted({run.model.latent_dim for run in runs})
    with work("evaluating", total=len(sizes) + len(runs)) as evaluating:
        for size in sizes:
            evaluating.step(f"baselines with a code of {size}")
            entries += baseline_entries(size, data, "" if len(sizes) == 1 else f"-{size}", figures_of)
        if detection:
            entries += detecting_entries(data, settings)
        for run in runs:
            evaluating.step(str(run.folder))
            entries.append(_entry(run, data, figures_of))
    return entries, data


def _entry(run: Run, data: Data, figures_of: Callable[..., dict[str, Any]]) -> Entry:
    model = run.model
    figures = figures_of(model, run.recipe.apply.get("anomaly", {}))
    seconds = run.training["seconds"]
    return entry_of(
        origin(run.folder) or str(run.folder), model, data, run.recipe, run.epochs(), seconds, **figures
    )


def _check_same_content(one: Run, other: Run) -> None:
    """Refuses runs that read a file before and after it changed."""
    if one.source and other.source and not one.source.same_files(other.source):
        raise ValueError(
            f"Expected runs on the same data, received {one.folder} and {other.folder}, between whose "
            "trainings the files changed; train one of them again."
        )
