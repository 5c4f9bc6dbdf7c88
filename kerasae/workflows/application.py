"""apply: a run put to use, with its model or with an artifact of it."""

from pathlib import Path
from typing import Any

from kerasae import applications
from kerasae.applications import Outcome
from kerasae.runs import Run, check_new


def apply(
    name: str,
    run: Run | str | Path,
    out: str | Path,
    *,
    source: str | None = None,
    artifact: str | Path | None = None,
    baselines: bool = True,
    refit: bool = False,
    **settings: Any,
) -> Outcome:
    """Use a run for an application: find anomalies, search, fill gaps, compress, and more.

    Writes the application's files and a page into `out`, and a section into the page of the run.

    Args:
        name: Name of the application, such as `anomaly`.
        run: A run, or its folder.
        out: Folder for the files. It must not exist.
        source: The examples: a path, or a name. Defaults to the test split of the run.
        artifact: An exported artifact of the run, used in place of its model: a `.tflite` file, or a folder
            `server/NAME/1`. Defaults to none.
        baselines: Whether the baselines of this code size are measured beside it. Defaults to yes.
        refit: Whether to fit on the training data again where the run holds a fitted application of an
            earlier use. Defaults to no.
        **settings: Arguments of the application's own.

    Raises:
        FileExistsError: If `out` exists.
        FileNotFoundError: If there is no run.
        ValueError: For an unknown name or argument, examples of another kind, or a model that cannot be used
            for this.
    """
    run = run if isinstance(run, Run) else _opened(Path(run))
    check_new(out)
    codec = None
    if artifact is not None:
        # Only an artifact needs its runtime.
        from kerasae.export import load

        codec = load(artifact, run.folder)
    return applications.apply(
        name, run, out, source=source, codec=codec, baselines=baselines, refit=refit, **settings
    )


def _opened(folder: Path) -> Run:
    if not folder.is_dir():
        raise FileNotFoundError(f"Expected the folder of a run, found none at {folder}.")
    return Run.open(folder)
