"""tune: a search for code size, depth and node counts, and a run of the best recipe."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from kerasae.data import Data
from kerasae.files import alone, check_new
from kerasae.progress import work
from kerasae.runs import Run
from kerasae.trackers import Record, RunLog, Tracker, check_trackers
from kerasae.training.workers import default_jobs
from kerasae.tuning import (
    Curve,
    Objective,
    Settings,
    Trial,
    baseline_values,
    best_of,
    recommendation,
    search,
    trade_off,
)
from kerasae.tuning.cluster import Draws, check_address
from kerasae.tuning.refit import refit, winning_recipe
from kerasae.tuning.section import write_section
from kerasae.tuning.windows import each_reading_once, of_window
from kerasae.workflows.evaluation import Evaluation, evaluate
from kerasae.workflows.recipes import with_callbacks
from kerasae.workflows.tracking import said_how_to_log


@dataclasses.dataclass(frozen=True)
class Tuned:
    """Result of a search.

    Args:
        trials: All trials, in order.
        curve: Best trial of each code size, with the baselines of the same size.
        run: Run of the best recipe.
        evaluation: Figures of the run on the test split.
        logged: Where a user finds the run in each tracker, by its name. Defaults to none.
    """

    trials: Sequence[Trial]
    curve: Curve
    run: Run
    evaluation: Evaluation
    logged: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def failed(self) -> list[Trial]:
        """Trials that have no figures."""
        return [trial for trial in self.trials if not trial.completed]

    @property
    def headings(self) -> list[str]:
        """Headings of the columns of the table."""
        return ["code size", self.curve.heading, *self._baselines, "network"]

    def table(self) -> list[list[str]]:
        """Return the best trial of each code size as rows of text."""
        by_number = {trial.number: trial for trial in self.trials}
        return [
            [
                str(point.latent_dim),
                f"{point.value:.5f}",
                *(f"{point.baselines[name]:.5f}" for name in self._baselines),
                by_number[point.trial].described,
            ]
            for point in self.curve.points
        ]

    @property
    def sentences(self) -> list[tuple[bool, str]]:
        """Sentences of the recommendation, each with whether it is good news."""
        return recommendation(self.curve)

    def to_dict(self) -> dict[str, Any]:
        """Return all figures as plain values, for machines."""
        return {
            "run": str(self.run.folder),
            "recommended": self.curve.recommended(),
            "knee": self.curve.knee(),
            "curve": [dataclasses.asdict(point) for point in self.curve.points],
            "heading": self.curve.heading,
            "words": [sentence for _, sentence in recommendation(self.curve)],
            "trials": [dataclasses.asdict(trial) for trial in self.trials],
            "evaluation": self.evaluation.to_dict(),
        }

    @property
    def _baselines(self) -> list[str]:
        return [*self.curve.points[0].baselines]


def tune(
    settings: Settings,
    out: str | Path,
    *,
    jobs: int | None = None,
    chief: str | None = None,
    callbacks: Sequence[str] = (),
    log_to: Sequence[str | Tracker] = (),
    on_data: Callable[[Data], None] | None = None,
    on_start: Callable[[Objective], None] | None = None,
    progress: Callable[[list[Trial]], None] | None = None,
    on_refit: Callable[[], None] | None = None,
) -> Tuned:
    """Search code size, depth and node counts, and train the best recipe.

    Trials are spread over the code sizes. The result is a curve of the error over the code size, with the
    baselines for comparison, and the code size at which the curve bends. The best recipe of that size is
    trained on the training and the validation split, as an ordinary run in `out`. To go on with an
    interrupted search, repeat the call.

    Args:
        settings: Definition of the search.
        out: Folder of the search and of the run.
        jobs: Number of trials at a time on this machine. Defaults to `None`: one for each core, at most 4
            and one with a GPU, or none with a `chief`.
        chief: Address to listen at for workers on other hosts, `HOST:PORT`. Messages are neither encrypted
            nor authenticated. Defaults to `None`: all trials run on this machine.
        callbacks: Import paths of callbacks of Keras, such as `"my.logs:Every(seconds=5)"`, in addition to
            those of the recipe. Each trial makes its own, and so does the last training. Defaults to `()`.
        log_to: Trackers into which the best recipe is logged as a run, with the trials as runs below it, as
            for `train`. Defaults to `()`.
        on_data: Function called with the data when they are read. Defaults to `None`.
        on_start: Function called with the objective after all checks, before the first trial. Defaults to
            `None`.
        progress: Function called with all trials whenever one has ended. Defaults to `None`.
        on_refit: Function called before the best recipe is trained. Defaults to `None`.

    Raises:
        FileExistsError: If `out` contains something else, or the search is running already.
        ValueError: If `out` contains a search with other settings, no trial is completed, or an import path
            leads nowhere.
        ImportError: If a tracker is not installed.
        OSError: If `out` cannot be written, `chief` is no address of this host, or a tracker cannot be
            reached. If this is so after the search, the run is kept.

    Example:
        >>> from kerasae import Recipe
        >>> from kerasae.tuning import Settings
        >>> from kerasae.workflows import tune
        >>> tuned = tune(Settings(Recipe.of("sparse"), trials=10), "runs/tuned")
        >>> tuned.curve.recommended()
    """
    out = Path(out)
    if settings.recipe.train.get("steps") is not None:
        raise ValueError(
            "A search counts epochs: with a preset or a recipe that sets train.steps give --epochs, or --set "
            "train.steps=null."
        )
    if settings.recipe.train.get("solver") == "closed_form":
        raise ValueError(
            "A search trains by the gradient; expected `train.solver` 'gradient', received 'closed_form'; "
            "add --set train.solver=gradient."
        )
    trackers = check_trackers(log_to)
    settings = dataclasses.replace(settings, recipe=with_callbacks(settings.recipe, callbacks))
    if out.exists():
        _check_same(settings, out)
    else:
        check_new(out)
    data = settings.load(out)
    if on_data is not None:
        on_data(data)
    objective = settings.objective_for(data)
    # A space that cannot be drawn raises an error here, before there is a folder.
    Draws.of(settings, data)
    if chief is not None:
        check_address(chief)
    out.mkdir(parents=True, exist_ok=True)
    if on_start is not None:
        on_start(objective)
    if jobs is None:
        jobs = default_jobs() if chief is None else 0
    trials = search(out, settings, data, jobs=jobs, address=chief or "127.0.0.1:0", progress=progress)
    held_out = each_reading_once(data) if settings.space.windows else data
    baselines = baseline_values(settings.space.sizes(settings.recipe, data.spec), objective, held_out)
    length = settings.recipe.complete().train
    limit = length["epochs"] if length["schedule"] == "plateau" else None
    curve = trade_off(trials, objective, baselines, out / "search", epochs=limit)
    if on_refit is not None:
        on_refit()
    best = best_of(trials, objective, curve.recommended())
    assert best is not None
    recipe = winning_recipe(settings, best)
    # The search is over, and another command may go on with it meanwhile.
    with alone(out / "search" / "refit.lock", out):
        with work("training the best recipe"):
            run = refit(out, recipe, of_window(recipe, data).source if settings.space.windows else None)
        write_section(out, trials, curve, objective)
        evaluation = evaluate(run)
    if not trackers:
        return Tuned(trials, curve, run, evaluation)
    log = RunLog(trackers, run.folder, anew=True)
    with said_how_to_log(run.folder, trackers):
        log.finish(run, [_record(trial) for trial in trials])
    return Tuned(trials, curve, run, evaluation, log.places)


def _record(trial: Trial) -> Record:
    """Return what trackers keep of a trial."""
    return Record(
        f"trial {trial.number + 1}",
        trial.settings,
        figures={**trial.figures, "trial_seconds": trial.seconds},
        outcome="finished" if trial.completed else "failed",
    )


def _check_same(settings: Settings, out: Path) -> None:
    """Raise an error if a folder contains something else, or a search with other settings."""
    # The search was killed before it wrote anything.
    begun = {path.name for path in out.iterdir()} == {"search"} if out.is_dir() else False
    if begun and not list(out.glob("search/trial_*")):
        return
    if not (out / "tuning.json").is_file():
        raise FileExistsError(
            f"Expected a folder that does not exist yet, or a search, for --out, received {out}, which is "
            "kept as it is; choose another."
        )
    old, new = Settings.read(out / "tuning.json").to_dict(), settings.to_dict()
    for key in new:
        if key != "trials" and old[key] != new[key]:
            raise ValueError(
                f"Expected the settings of the search in {out}, which differ in `{key}`; repeat the command "
                "as it was, with as many --trials as you like, or choose another --out."
            )
