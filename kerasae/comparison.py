"""Trains families side by side, and lays out what came of it as a page."""

import contextlib
import multiprocessing
import os
import queue
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, wait
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from kerasae.data import Data
from kerasae.evaluation.compare import (
    COLUMNS,
    Entry,
    against_pca,
    measure,
    merge,
    shown_rows,
    to_json,
)
from kerasae.evaluation.pca import PCA
from kerasae.recipe import Recipe
from kerasae.report import figures, page
from kerasae.runs import Run, refuse_existing, write_json
from kerasae.training import train
from kerasae.workers import start_worker


def compare_families(
    recipe: Recipe,
    families: Sequence[str],
    seeds: Sequence[int],
    *,
    folder: Path | None = None,
    jobs: int | None = None,
    progress: Callable[[str, int, int, float], None] | None = None,
) -> tuple[list[Entry], Data]:
    """Trains every family with every seed on the same data, at the same code size.

    Trainings share nothing, so several run at a time, each in a process of one thread: small
    networks leave a second core idle, and no graph of a former training stays in memory.

    Args:
        recipe: what all share; its section `model` is replaced.
        families: members of `kerasae.models`.
        seeds: of the weights and the order of the examples; the split is the recipe's.
        folder: where the run of the first seed of each family goes, or `None`.
        jobs: trainings at a time; `None` takes one for each core, at most 4, and 1 on a GPU.
        progress: called after each epoch with the family, the seed, the epoch from 1 (0 once the
            training has ended) and the validation loss.

    Returns:
        PCA's entry and one for each family, and the data.
    """
    # Whatever is wrong with the input shows here, before a process is started.
    data = recipe.load()
    for family in families:
        recipe.override({"model.name": family}).build(data)
    jobs = default_jobs() if jobs is None else jobs
    context = multiprocessing.get_context("spawn")
    tasks = [
        (recipe.override({"model.name": family, "train.seed": seed}), folder if seed == seeds[0] else None)
        for seed in seeds
        for family in families
    ]
    with (
        context.Manager() as manager,
        ProcessPoolExecutor(jobs, context, start_worker, (jobs,)) as pool,
    ):
        events = manager.Queue()
        futures = [pool.submit(_train_one, one, where, events) for one, where in tasks]
        try:
            latent_dim = recipe.override({"model.name": families[0]}).build(data).latent_dim
            pca = PCA(min(latent_dim, data.spec.size, len(data.train))).fit(data)
            entries = [measure("pca", pca, data, seconds=0.0, seed=None)]
            waiting = set(futures)
            while waiting:
                with contextlib.suppress(queue.Empty):
                    while True:
                        event = events.get(timeout=0.2)
                        if progress:
                            progress(*event)
                finished, waiting = wait(waiting, timeout=0)
                for future in finished:
                    future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for process in multiprocessing.active_children():
                process.terminate()
            raise
        found = [future.result() for future in futures]
    entries += [merge([entry for entry in found if entry.name == family]) for family in families]
    return entries, data


def default_jobs() -> int:
    """Trainings at a time: one for each core, at most 4; one where there is a GPU to share."""
    if tf.config.list_physical_devices("GPU"):
        return 1
    return max(1, min(4, os.cpu_count() or 1))


def _train_one(recipe: Recipe, folder: Path | None, events: Any) -> Entry:
    """One training in a worker: the entry of its model."""
    family, seed = recipe.model["name"], recipe.train["seed"]

    class Report(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            now = time.monotonic()
            if now - self.sent > 0.2:
                self.sent = now
                events.put((family, seed, epoch + 1, float((logs or {}).get("val_loss", float("nan")))))

        sent = 0.0

    data = recipe.load()
    model = recipe.build(data)
    history = train(model, data, **recipe.train, callbacks=[Report()])
    entry = measure(family, model, data, seconds=history.seconds, seed=seed)
    entry.histories.append(history.epochs)
    if folder is not None:
        Run(folder / family).write(recipe, model, history)
    keras.backend.clear_session(free_memory=False)
    events.put((family, seed, 0, float("nan")))
    return entry


def compare_runs(folders: Sequence[Path]) -> tuple[list[Entry], Data]:
    """The entries of finished runs, on the same test rows, with PCA of each code size.

    Raises:
        ValueError: if the runs do not share their data.
    """
    runs = [Run.open(folder) for folder in folders]
    for run in runs[1:]:
        if run.recipe.data != runs[0].recipe.data:
            raise ValueError(
                f"Expected runs on the same data, received {runs[0].recipe.data} in "
                f"{runs[0].folder} and {run.recipe.data} in {run.folder}."
            )
    data = runs[0].data
    for run in runs[1:]:
        if not np.allclose(run.data.x("test")[:100], data.x("test")[:100], atol=1e-6):
            raise ValueError(
                f"Expected runs whose x is the same, but {run.folder} scales its input otherwise than "
                f"{runs[0].folder}: their errors have no common unit."
            )
    entries = []
    for size in sorted({run.model.latent_dim for run in runs}):
        name = "pca" if len({run.model.latent_dim for run in runs}) == 1 else f"pca-{size}"
        entries.append(measure(name, PCA(size).fit(data), data, seconds=0.0, seed=None))
    names = [str(folder) for folder in folders]
    for name, run in zip(names, runs, strict=True):
        entry = measure(
            name,
            run.model,
            data,
            seconds=run.training["seconds"],
            seed=run.recipe.train.get("seed"),
        )
        entry.histories.append(read_history(run))
        entries.append(entry)
    return entries, data


def read_history(run: Run) -> list[dict[str, float]]:
    """The epochs of a run, one dict each."""
    import csv

    with run.history_path.open(newline="") as file:
        return [{k: float(v) for k, v in row.items() if k != "epoch"} for row in csv.DictReader(file)]


@contextlib.contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """A folder that appears under its name only when all in it is written.

    Raises:
        FileExistsError: if the folder exists.
    """
    refuse_existing(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    hidden = path.with_name(f".{path.name}.unfinished")
    shutil.rmtree(hidden, ignore_errors=True)
    hidden.mkdir()
    try:
        yield hidden
        hidden.rename(path)
    finally:
        shutil.rmtree(hidden, ignore_errors=True)


def format_cell(entry: Entry, key: str) -> str:
    """A figure as text, with its spread over seeds where there is one."""
    mean, spread = entry.mean(key), entry.spread(key)
    if mean is None:
        return "–"
    if key == "parameters":
        return f"{mean:,.0f}"
    digits = {"error": 5, "explained_variance": 3, "probe_accuracy": 3, "seconds": 1}[key]
    text = f"{mean:.{digits}f}"
    return text if spread is None else f"{text} ± {spread:.{digits}f}"


def table_rows(entries: Sequence[Entry]) -> list[list[str]]:
    """The rows of the table as text; the best of a column begins with `*`."""
    rows = [[entry.name] for entry in entries]
    for key, _, lower in COLUMNS:
        means = [entry.mean(key) for entry in entries]
        known = [mean for mean in means if mean is not None]
        best = (min(known) if lower else max(known)) if known else None
        for row, entry, mean in zip(rows, entries, means, strict=True):
            marked = key in ("error", "explained_variance", "probe_accuracy") and mean == best
            row.append(("*" if marked and mean is not None else "") + format_cell(entry, key))
    return rows


def headings() -> list[str]:
    """Of the table's columns."""
    return ["", *(heading for _, heading, _ in COLUMNS)]


def write_report(folder: Path, entries: Sequence[Entry], data: Data, title: str) -> None:
    """Writes `metrics.json` and `report.html` of a comparison."""
    write_json(folder / "metrics.json", to_json(entries, data))
    trained = {entry.name: entry.histories for entry in entries if entry.histories}
    shown = data.x("test")[: shown_rows()]
    pictures = [
        page.Picture(
            "Originals and reconstructions",
            "The first test examples, and below them what each codec makes of its code.",
            figures.reconstructions(shown, {e.name: e.reconstructions for e in entries}),
        ),
        page.Picture(
            "Code maps",
            "The codes of all test examples. Colours are labels, which no training saw; codes of more "
            "than two numbers are shown on their first two principal components.",
            figures.code_maps({e.name: e.codes for e in entries}, data.test.labels),
        ),
    ]
    if trained:
        pictures.append(
            page.Picture(
                "Training curves",
                "The reconstruction term by epoch, in each family's own unit, a line a seed; the "
                "first tenth of the epochs is cut off. A training loss above the validation loss is "
                "noise that training adds.",
                figures.training_curves(trained, ""),
            )
        )
    sentences = against_pca(entries)
    html = page.render(
        title,
        f"{data.name}: {len(data.train):,} rows to train on, {len(data.validation):,} to choose the "
        f"epoch, {len(data.test):,} to test on; {data.spec.size} numbers in, code of "
        f"{entries[0].codes.shape[1]}.",
        headings(),
        table_rows(entries),
        [("does not" not in sentence, sentence) for sentence in sentences],
        pictures,
        notes(entries),
    )
    page.write(folder / "report.html", html)


def notes(entries: Sequence[Entry]) -> list[str]:
    """How the figures of a table were obtained, in sentences."""
    seeds = max(len(entry.figures) for entry in entries)
    found: list[Any] = [
        "Test error: mean squared error per feature, in squared units of x (images: grey levels "
        "scaled to [0, 1]), the same rows for all.",
        "Explained variance: against predicting the training mean.",
        "Probe accuracy: logistic regression on the codes.",
        "PCA is fitted on the training and the validation rows.",
    ]
    if seeds > 1:
        found.append(f"Mean ± standard deviation over {seeds} seeds.")
    return found
