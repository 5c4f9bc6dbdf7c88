"""`kerasae tune`: how small a code will do, how deep, how wide."""

import dataclasses
import json
import os
import shlex
import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kerasae.backend import import_tensorflow
from kerasae.cli._options import make_recipe, recipe_options

if TYPE_CHECKING:
    from kerasae.runs import Run
    from kerasae.tuning import Curve, Objective, Settings, Trial


@click.command("tune")
@click.argument("source", required=False)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    help="Folder of the search and of the run that comes of it; one that was interrupted goes on.",
)
@click.option("--trials", type=click.IntRange(min=1), default=30, show_default=True)
@click.option("--latent-dims", help="Code sizes to try, separated by commas; powers of two by default.")
@click.option("--depths", help="Least and most hidden layers, as 1-4.")
@click.option("--widest", help="Least and most nodes of the first hidden layer, as 16-256.")
@click.option("--models", help="Families to choose from, separated by commas.")
@click.option(
    "--search",
    "also",
    help="What else to search, separated by commas: activation, learning_rate, loss, noise, weights.",
)
@click.option(
    "--objective",
    type=click.Choice(["reconstruction", "error", "probe_accuracy", "auroc", "cost"]),
    help="What trials are compared by, on the validation split.",
)
@click.option("--tuner", type=click.Choice(["bayesian", "random"]), default="bayesian", show_default=True)
@click.option("--budget-params", type=int, help="Most parameters.")
@click.option("--budget-bytes", type=int, help="Most bytes of the exported TFLite file.")
@click.option("--budget-latency", type=float, help="Most milliseconds for a row, in LiteRT on this machine.")
@click.option(
    "--budget-precision",
    type=click.Choice(["float32", "float16", "dynamic", "int8"]),
    default="float32",
    show_default=True,
    help="Of the file that the budget is for.",
)
@click.option("--tensorboard", is_flag=True, help="Write TensorBoard's logs, with HParams, into --out.")
@click.option(
    "--jobs",
    type=click.IntRange(min=0),
    help="Trials at a time on this machine; one for each core by default, none beside --chief.",
)
@click.option(
    "--chief",
    metavar="HOST:PORT",
    help="Hand trials to workers on other hosts, from this address; with --worker, where to ask for them. "
    "Neither encrypted nor authenticated.",
)
@click.option("--worker", is_flag=True, help="Run trials for the --chief, which has the settings.")
@click.option("--json", "as_json", is_flag=True, help="Print figures as JSON.")
@recipe_options()
def command(
    source: str | None,
    settings: dict[str, Any],
    recipe_path: Path | None,
    out: Path,
    trials: int,
    latent_dims: str | None,
    depths: str | None,
    widest: str | None,
    models: str | None,
    also: str | None,
    objective: str | None,
    tuner: str,
    budget_params: int | None,
    budget_bytes: int | None,
    budget_latency: float | None,
    budget_precision: str,
    tensorboard: bool,
    jobs: int | None,
    chief: str | None,
    worker: bool,
    as_json: bool,
) -> None:
    """Search code size, depth and node counts on SOURCE, and train the best recipe.

    Trials are spread over the code sizes. The answer is the trade-off curve beside PCA and the code
    size where it bends; the best recipe of that size is trained on the training and the validation
    split, as an ordinary run in --out. The same command goes on with a search that was interrupted.

    \b
    kerasae tune digits --model sparse --trials 30 --out runs/tuned

    On several hosts that share a folder, one command is the chief, the others are workers; the variables
    KERASTUNER_TUNER_ID, KERASTUNER_ORACLE_IP and KERASTUNER_ORACLE_PORT say the same.

    \b
    kerasae tune digits --trials 300 --out /shared/tuned --chief 10.0.0.1:8000
    kerasae tune --worker --chief 10.0.0.1:8000 --out /shared/tuned
    """
    chief, works, name = _role(chief, worker)
    if jobs == 0 and (chief is None or works):
        raise click.UsageError("Expected --jobs of at least 1 without --chief, and on a worker; received 0.")
    if worker and (source is not None or settings or recipe_path is not None):
        raise click.UsageError("A worker has its settings from the chief; expected --chief, --out, --jobs.")
    # The trials have the GPU: each runs in a worker process.
    import_tensorflow(hide_gpus=True)
    from kerasae.tuning import Budget, Settings, Space
    from kerasae.workflows.comparison.families import default_jobs

    if works:
        from kerasae.cli._output import console
        from kerasae.tuning import work

        assert chief is not None
        console().print(f"Worker of the chief at {chief}, folder {out}.", soft_wrap=True)
        work(out, chief, jobs=jobs or default_jobs(), name=name)
        console().print("No trials left.")
        return
    if jobs is None:
        jobs = 0 if chief else default_jobs()
    sizes = _numbers("--latent-dims", latent_dims, ",")
    if "network.latent_dim" in settings and sizes is None:
        sizes = (settings["network.latent_dim"],)
    space = Space(
        latent_dims=sizes,
        depths=_pair("--depths", depths) or Space().depths,
        widest=_pair("--widest", widest),
        families=_names(models),
        also=_names(also),
    )
    recipe = make_recipe(source, settings, recipe_path)
    if recipe.train.get("steps") is not None:
        raise click.UsageError(
            "A search counts epochs: with a preset or a recipe that sets train.steps give --epochs, or --set "
            "train.steps=null."
        )
    wanted = Settings(
        recipe,
        space,
        trials,
        objective,
        tuner,
        Budget(budget_params, budget_bytes, budget_latency, budget_precision),
        tensorboard,
    )
    tune(wanted, out, jobs, chief, as_json)


def _role(chief: str | None, worker: bool) -> tuple[str | None, bool, str]:
    """Address of the chief, whether this is a worker, and its name: by flag, or by KerasTuner's variables."""
    name = os.environ.get("KERASTUNER_TUNER_ID", "")
    if chief is None and "KERASTUNER_ORACLE_IP" in os.environ:
        missing = [key for key in ("KERASTUNER_TUNER_ID", "KERASTUNER_ORACLE_PORT") if key not in os.environ]
        if missing:
            raise click.UsageError(
                f"KERASTUNER_ORACLE_IP is set; expected {' and '.join(missing)} beside it, found none."
            )
        chief = f"{os.environ['KERASTUNER_ORACLE_IP']}:{os.environ['KERASTUNER_ORACLE_PORT']}"
        worker = worker or "chief" not in name
    if chief is None:
        if worker:
            raise click.UsageError("Expected --chief HOST:PORT beside --worker, or KerasTuner's variables.")
        return None, False, name
    host, _, port = chief.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise click.UsageError(f"Expected --chief HOST:PORT, as 10.0.0.1:8000, received {chief!r}.")
    return chief, worker, name


def _numbers(flag: str, text: str | None, separator: str) -> tuple[int, ...] | None:
    if text is None:
        return None
    try:
        return tuple(int(part) for part in text.split(separator))
    except ValueError:
        raise click.UsageError(
            f"Expected {flag} as whole numbers with {separator!r} between, received {text!r}."
        ) from None


def _pair(flag: str, text: str | None) -> tuple[int, int] | None:
    found = _numbers(flag, text, "-")
    if found is not None and len(found) > 2:
        raise click.UsageError(f"Expected {flag} as LEAST-MOST, received {text!r}.")
    return None if found is None else (found[0], found[-1])


def _names(text: str | None) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",")) if text else ()


def tune(settings: "Settings", out: Path, jobs: int, chief: str | None, as_json: bool) -> None:
    """Runs a search, or what is left of it, shows what came of it, and trains the best recipe."""
    from kerasae.cli._output import console, print_paths, print_readings, progress_bar
    from kerasae.cli.evaluate import evaluate_run, print_evaluation
    from kerasae.runs import check_new
    from kerasae.tuning import baseline_values, search, trade_off
    from kerasae.tuning.cluster import Draws, check_address
    from kerasae.tuning.curve import best_of
    from kerasae.tuning.refit import refit, winning_recipe
    from kerasae.tuning.section import write_section

    if out.exists():
        _check_same(settings, out)
    else:
        check_new(out)
    data = settings.load(out)
    if not as_json:
        print_readings(data)
    aim = settings.objective_for(data)
    # What cannot be drawn shows here, before there is a folder.
    Draws.of(settings, data)
    if chief:
        check_address(chief)
    out.mkdir(parents=True, exist_ok=True)
    terminal = console()
    told: set[int] = set()
    began, first = time.monotonic(), -1
    with progress_bar() as bar:
        if chief:
            host, _, port = chief.rpartition(":")
            host = socket.gethostname() if host in ("0.0.0.0", "[::]") else host
            bar.console.print(
                f"Chief at {chief}; on each worker: kerasae tune --worker --chief {host}:{port} "
                f"--out {shlex.quote(str(out.resolve()))}",
                soft_wrap=True,
            )
        task = bar.add_task("trials", total=settings.trials, state="starting workers")

        def progress(trials: "list[Trial]") -> None:
            nonlocal first
            ended = [trial for trial in trials if trial.ended]
            # Trials of an earlier command say nothing of this one's pace.
            first = len(ended) if first < 0 else first
            left = _left(time.monotonic() - began, len(ended) - first, settings.trials - len(ended))
            new = [trial for trial in ended if trial.number not in told]
            for trial in new:
                told.add(trial.number)
                line = _line(trial, settings.trials, aim) + (left if trial is new[-1] else "")
                bar.console.print(line, soft_wrap=True)
            best = best_of(trials, aim)
            state = f"best {best.figures[aim.key]:.4g} at {best.latent_dim}" if best else ""
            bar.update(task, completed=len(ended), state=state + left)

        try:
            where = chief or "127.0.0.1:0"
            trials = search(out, settings, data, jobs=jobs, address=where, progress=progress)
            rivals = baseline_values(settings.space.sizes(data.spec), aim, data)
            curve = trade_off(trials, aim, rivals, out / "search")
            bar.update(task, state="training the best recipe")
            chosen = best_of(trials, aim, curve.recommended())
            assert chosen is not None
            run = refit(out, winning_recipe(settings, chosen))
        except KeyboardInterrupt:
            bar.console.print("Interrupted; the same command goes on.")
            raise
    failed = [trial for trial in trials if not trial.completed]
    write_section(out, trials, curve, aim)
    result = evaluate_run(run)
    if as_json:
        click.echo(json.dumps(_figures(curve, trials, run, result), indent=2))
        return
    if failed:
        terminal.print(f"{len(failed)} of {len(trials)} trials have no figures, for the reasons above.")
    _show(curve, trials)
    print_evaluation(result)
    print_paths(Run=run.folder, Page=run.report_path)


def _check_same(settings: "Settings", out: Path) -> None:
    """Refuses a folder that holds something else, or a search with other settings."""
    from kerasae.tuning import Settings

    # A search that was killed before it had written anything.
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


def _left(seconds: float, ended: int, remaining: int) -> str:
    """About how long the rest takes, once trials have ended at this pace."""
    if not ended or not remaining:
        return ""
    rest = seconds / ended * remaining
    return f", about {rest:.0f} s left" if rest < 90 else f", about {rest / 60:.0f} min left"


def _figures(curve: "Curve", trials: "list[Trial]", run: "Run", evaluation: dict[str, Any]) -> dict[str, Any]:
    """What `--json` prints."""
    return {
        "run": str(run.folder),
        "recommended": curve.recommended(),
        "knee": curve.knee(),
        "curve": [dataclasses.asdict(point) for point in curve.points],
        "heading": curve.heading,
        "words": [sentence for _, sentence in curve.words()],
        "trials": [dataclasses.asdict(trial) for trial in trials],
        "evaluation": evaluation,
    }


def _line(trial: "Trial", total: int, aim: "Objective") -> str:
    what = f"trial {trial.number + 1}/{total}  code {trial.latent_dim}  {trial.shape()}"
    others = ", ".join(
        f"{key} {value:.3g}" if isinstance(value, float) else f"{key} {value}"
        for key, value in trial.others().items()
    )
    what += f"  {others}" if others else ""
    if not trial.completed:
        return f"{what}  no figures: {trial.reason}"
    return f"{what}  {aim.key.removeprefix('val_')} {trial.figures[aim.key]:.5g}  {trial.seconds:.1f} s"


def _show(curve: "Curve", trials: "list[Trial]") -> None:
    from kerasae.cli._output import console, print_table

    by_number = {trial.number: trial for trial in trials}
    names = list(curve.points[0].baselines)
    rows = [
        [
            str(point.latent_dim),
            f"{point.value:.5f}",
            *(f"{point.baselines[name]:.5f}" for name in names),
            by_number[point.trial].shape(),
        ]
        for point in curve.points
    ]
    print_table(["code size", curve.heading, *names, "network"], rows, "The best of each code size")
    for _, sentence in curve.words():
        console().print(sentence)
