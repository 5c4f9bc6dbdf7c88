"""The same measurements of several codecs: families trained side by side, or finished runs."""

import contextlib
import multiprocessing
import os
import queue
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, wait
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from kerasae.data import Data, Source
from kerasae.evaluation.compare import Entry, baseline_entries, measure, merge
from kerasae.recipe import Recipe
from kerasae.runs import Run, raise_again
from kerasae.training import train
from kerasae.workers import start_worker
from kerasae.workflows.comparison.folder import ComparisonFolder


def compare_families(
    recipe: Recipe,
    families: Sequence[str],
    seeds: Sequence[int],
    *,
    folder: ComparisonFolder | None = None,
    jobs: int | None = None,
    progress: Callable[[str, int, int, float], None] | None = None,
    on_data: Callable[[Data], None] | None = None,
) -> tuple[list[Entry], Data]:
    """Trains every family with every seed on the same data, at the same code size.

    Trainings share nothing, so several run at a time, each in a process of one thread: small
    networks leave a second core idle, and no graph of a former training stays in memory.

    Args:
        recipe: what all share; its section `model` is replaced.
        families: members of `kerasae.models`.
        seeds: of the weights and the order of the examples; the split is the recipe's.
        folder: Folder into which each finished training goes, and from which those of an interrupted
            comparison are taken. Defaults to none.
        jobs: trainings at a time; `None` takes one for each core, at most 4, and 1 on a GPU.
        progress: called after each epoch with the family, the seed, the epoch from 1 (0 once the
            training has ended) and the validation loss.
        on_data: Called with the data once they are read. Defaults to nothing.

    Returns:
        The baselines' entries and one for each family, and the data.

    Raises:
        FileExistsError: if the folder holds something else than an interrupted comparison.
        ValueError: if that comparison has another recipe. Of a training that fails also its own error.
    """
    # Whatever is wrong with the input shows here, before a process is started.
    data = recipe.load(None if folder is None else folder.check(recipe))
    for family in families:
        recipe.override({"model.name": family}).build(data)
    jobs = default_jobs() if jobs is None else jobs
    context = multiprocessing.get_context("spawn")
    if on_data is not None:
        on_data(data)
    if folder is not None:
        folder.begin(recipe, data.source)
    tasks = {
        (family, seed): None if folder is None else folder.run(family, seed)
        for seed in seeds
        for family in families
    }
    done = {key: run for key, run in tasks.items() if run is not None and run.model_path.is_file()}
    found = {}
    with (
        context.Manager() as manager,
        ProcessPoolExecutor(jobs, context, start_worker, (jobs,)) as pool,
    ):
        events = manager.Queue()
        futures = {
            pool.submit(_train_one, _of(recipe, *key), run, data.source, events): key
            for key, run in tasks.items()
            if key not in done
        }
        try:
            for (family, seed), run in done.items():
                found[family, seed] = _finished(run, family, seed, data)
                if progress:
                    progress(family, seed, 0, float("nan"))
            latent_dim = recipe.override({"model.name": families[0]}).build(data).latent_dim
            entries = baseline_entries(latent_dim, data)
            waiting = set(futures)
            while waiting:
                with contextlib.suppress(queue.Empty):
                    while True:
                        event = events.get(timeout=0.2)
                        if progress:
                            progress(*event)
                finished, waiting = wait(waiting, timeout=0)
                for future in finished:
                    found[futures[future]] = _result(future, *futures[future])
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for process in multiprocessing.active_children():
                process.terminate()
            raise
    entries += [merge([found[family, seed] for seed in seeds]) for family in families]
    return entries, data


def _of(recipe: Recipe, family: str, seed: int) -> Recipe:
    return recipe.override({"model.name": family, "train.seed": seed})


def _finished(run: Run, family: str, seed: int, data: Data) -> Entry:
    """The entry of a training that was finished before the comparison was interrupted."""
    entry = measure(family, run.model, data, seconds=run.training["seconds"], seed=seed)
    entry.histories.append(read_history(run))
    return entry


def _result(future: Future[Entry], family: str, seed: int) -> Entry:
    """What a worker found; an expected error says which training it ended."""
    try:
        return future.result()
    except (OSError, FloatingPointError, MemoryError, ValueError) as error:
        raise_again(error, f"This ended the training of '{family}' with seed {seed}.")
        raise


def default_jobs() -> int:
    """Trainings at a time: one for each core, at most 4; one where there is a GPU to share."""
    if tf.config.list_physical_devices("GPU"):
        return 1
    return max(1, min(4, os.cpu_count() or 1))


def _train_one(recipe: Recipe, run: Run | None, source: Source | None, events: Any) -> Entry:
    """One training in a worker: the entry of its model."""
    family, seed = recipe.model["name"], recipe.train["seed"]

    class Report(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            now = time.monotonic()
            if now - self.sent > 0.2:
                self.sent = now
                events.put((family, seed, epoch + 1, float((logs or {}).get("val_loss", float("nan")))))

        sent = 0.0

    data = recipe.load(source)
    model = recipe.build(data)
    history = train(model, data, **recipe.train, callbacks=[Report()])
    recipe = recipe.fill(data)
    entry = measure(family, model, data, seconds=history.seconds, seed=seed)
    entry.histories.append(history.epochs)
    if run is not None:
        run.write(recipe, model, history, data.source)
    keras.backend.clear_session(free_memory=False)
    events.put((family, seed, 0, float("nan")))
    return entry


def compare_runs(runs: Sequence[Run]) -> tuple[list[Entry], Data]:
    """The entries of finished runs, on the same test rows, with PCA of each code size.

    The data are those of the first run, read once.

    Raises:
        ValueError: if the runs do not share their data.
    """
    first = runs[0].recipe.data
    for run in runs[1:]:
        _check_same_content(runs[0], run)
        second = run.recipe.data
        if second != first:
            differing = next(key for key in {**first, **second} if first.get(key) != second.get(key))
            raise ValueError(
                f"Expected runs on the same data, received data.{differing}={first.get(differing)!r} in "
                f"{runs[0].folder} and {second.get(differing)!r} in {run.folder}."
            )
    data = runs[0].data
    rows = data.test.drawn(100).examples
    for run in runs[1:]:
        one, other = (model.preprocessor.to_x(rows) for model in (run.model, runs[0].model))
        if one.shape != other.shape or not np.allclose(one, other, atol=1e-6, equal_nan=True):
            raise ValueError(
                f"Expected runs whose x is the same, but {run.folder} scales its input otherwise than "
                f"{runs[0].folder}: their errors have no common unit."
            )
    entries = []
    sizes = sorted({run.model.latent_dim for run in runs})
    for size in sizes:
        entries += baseline_entries(size, data, "" if len(sizes) == 1 else f"-{size}")
    for run in runs:
        entry = measure(
            str(run.folder),
            run.model,
            data,
            seconds=run.training["seconds"],
            seed=run.recipe.train.get("seed"),
        )
        entry.histories.append(read_history(run))
        entries.append(entry)
    return entries, data


def _check_same_content(one: Run, other: Run) -> None:
    """Refuses runs that read a file before and after it changed."""
    if one.source and other.source and not one.source.same_files(other.source):
        raise ValueError(
            f"Expected runs on the same data, received {one.folder} and {other.folder}, between whose "
            "trainings the files changed; train one of them again."
        )


def read_history(run: Run) -> list[dict[str, float]]:
    """The epochs of a run, one dict each.

    Raises:
        ValueError: if the file is damaged.
    """
    import csv

    try:
        with run.history_path.open(newline="") as file:
            return [{k: float(v) for k, v in row.items() if k != "epoch"} for row in csv.DictReader(file)]
    except (ValueError, TypeError, csv.Error) as error:
        raise ValueError(
            f"Expected a number in every cell of {run.history_path}, received a damaged file ({error}); "
            "restore it."
        ) from None
