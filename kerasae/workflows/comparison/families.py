"""compare_families: families trained on the same data with several seeds, beside each other and PCA."""

import functools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from kerasae import registry
from kerasae.codec import Codec
from kerasae.data import Data
from kerasae.metrics.comparison import Entry, baseline_entries, merge
from kerasae.recipe import Recipe
from kerasae.runs import Run
from kerasae.trackers import Tracker, check_trackers
from kerasae.training.workers import default_jobs
from kerasae.workflows.comparison.detecting import detecting_entries, detection_of
from kerasae.workflows.comparison.entry import entry_of
from kerasae.workflows.comparison.folder import ComparisonFolder
from kerasae.workflows.comparison.logged import log_comparison
from kerasae.workflows.comparison.page import write_report
from kerasae.workflows.comparison.result import Comparison
from kerasae.workflows.comparison.trainings import Progress, Task, trainings
from kerasae.workflows.recipes import with_callbacks

#: In this order the families of the literature stand in a table; any other comes behind them.
_USUAL = ("undercomplete", "sparse", "contractive", "denoising", "variational")


def all_families() -> list[str]:
    """Return the names of all families, in the order of a table."""
    order = {name: number for number, name in enumerate(_USUAL)}
    return sorted(registry.names("model"), key=lambda name: (order.get(name, len(order)), name))


def compare_families(
    recipe: Recipe,
    families: Sequence[str] | None = None,
    seeds: int = 3,
    *,
    out: str | Path | None = None,
    jobs: int | None = None,
    callbacks: Sequence[str] = (),
    log_to: Sequence[str | Tracker] = (),
    progress: Progress | None = None,
    on_data: Callable[[Data], None] | None = None,
    on_kept: Callable[[int], None] | None = None,
) -> Comparison:
    """Train every family with every seed on the same data, at the same code size, and compare them with PCA.

    Args:
        recipe: What all trainings share; its section `model` is replaced.
        families: Names of families. Defaults to all of them.
        seeds: Number of trainings of each family. Their seeds count from `train.seed` of the recipe, and set
            the weights and the order of the examples; the split is the recipe's. Defaults to 3.
        out: Folder for the page and the runs. Where a comparison was interrupted there, it goes on. Without
            it nothing is written. Defaults to none.
        jobs: Number of trainings at a time. Defaults to one for each core, at most 4, and to 1 on a GPU.
        callbacks: Import paths of callbacks of Keras, such as `"my.logs:Every(seconds=5)"`, in addition to
            those of the recipe. Each training makes its own, in a process of its own. Defaults to none.
        log_to: Trackers into which the comparison is logged as a run, with the trainings as runs below it, as
            for `kerasae.workflows.train`. Defaults to none.
        progress: Function called after each epoch with the family, the seed, the epoch from 1 (0 once the
            training has ended) and the validation loss. Defaults to none.
        on_data: Function called with the data once they are read. Defaults to none.
        on_kept: Function called where the comparison ends early, with the number of finished trainings that
            are kept in `out`; the same call goes on from them. Defaults to none.

    Raises:
        FileExistsError: If `out` holds something else than an interrupted comparison.
        ImportError: If a tracker is not installed.
        OSError: If a tracker cannot be reached. If this is so after the trainings, the comparison is kept.
        ValueError: If that comparison has another recipe, or an import path leads nowhere. A training that
            fails raises its own error.

    Example:
        >>> from kerasae import Recipe
        >>> from kerasae.workflows import compare_families
        >>> compared = compare_families(Recipe.of(train={"epochs": 5}), ["sparse", "variational"], seeds=1)
        >>> compared.table()
    """
    trackers = check_trackers(log_to)
    recipe = with_callbacks(recipe, callbacks)
    families = all_families() if families is None else list(families)
    first = recipe.train.get("seed", 0)
    folder = None if out is None else ComparisonFolder(Path(out), first)
    try:
        numbers = range(first, first + seeds)
        entries, data = _entries(recipe, families, numbers, folder, jobs, progress, on_data)
        if folder is not None:
            names = [entry.title for entry in entries if entry.baseline]
            title = f"Autoencoders beside {', '.join(names)} on {data.name}"
            write_report(folder.path, entries, data, title)
            folder.complete()
    except BaseException:
        if folder is not None and (kept := folder.give_up()) and on_kept is not None:
            on_kept(kept)
        raise
    logged = log_comparison(trackers, recipe, entries, data, None if folder is None else folder.path)
    return Comparison(entries, data, None if folder is None else folder.path, logged)


def _entries(
    recipe: Recipe,
    families: Sequence[str],
    seeds: Sequence[int],
    folder: ComparisonFolder | None,
    jobs: int | None,
    progress: Progress | None,
    on_data: Callable[[Data], None] | None,
) -> tuple[list[Entry], Data]:
    """The entries of the baselines and one for each family, and the data."""
    # Whatever is wrong with the input shows here, before a process is started.
    data = recipe.load(None if folder is None else folder.check(recipe))
    for family in families:
        recipe.override({"model.name": family}).build(data)
    if on_data is not None:
        on_data(data)
    if folder is not None:
        folder.begin(recipe, data.source)
    tasks = [(family, seed) for seed in seeds for family in families]
    runs = {} if folder is None else {task: folder.run(*task) for task in tasks}
    done = {task: run for task, run in runs.items() if run.model_path.is_file()}
    recipes = {task: _recipe_of(recipe, task) for task in tasks if task not in done}
    jobs = default_jobs() if jobs is None else jobs
    with trainings(recipes, runs, data.source, jobs, progress) as entries_of_trainings:
        settings = recipe.apply.get("anomaly", {})
        detection = functools.partial(detection_of, data=data, settings=settings)
        by_task = _finished(done, data, detection, progress)
        latent_dim = recipe.override({"model.name": families[0]}).build(data).latent_dim
        baselines = baseline_entries(latent_dim, data, more=detection)
        baselines += detecting_entries(data, settings)
        by_task |= entries_of_trainings()
    return [*baselines, *(merge([by_task[family, seed] for seed in seeds]) for family in families)], data


def _recipe_of(recipe: Recipe, task: Task) -> Recipe:
    family, seed = task
    return recipe.override({"model.name": family, "train.seed": seed})


def _finished(
    runs: Mapping[Task, Run],
    data: Data,
    detection: Callable[[Codec], dict[str, Any]],
    progress: Progress | None,
) -> dict[Task, Entry]:
    """The entries of trainings that were finished before the comparison was interrupted."""
    entries = {}
    for (family, seed), run in runs.items():
        model = run.model
        seconds = run.training["seconds"]
        entries[family, seed] = entry_of(
            family, model, data, run.recipe, run.epochs(), seconds, **detection(model)
        )
        if progress:
            progress(family, seed, 0, float("nan"))
    return entries
