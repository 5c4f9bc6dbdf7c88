"""Runs in Weights & Biases."""

import contextlib
import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from kerasae.trackers._base import Outcome, Tracked, Tracker, TrackingError

_EXIT_CODES: dict[Outcome, int] = {"finished": 0, "failed": 1, "killed": 255}


class WandbTracker(Tracker):
    """Weights & Biases, with its usual variables such as `WANDB_API_KEY`, `WANDB_PROJECT` and `WANDB_MODE`.

    Parameters are the config of the run, curves its history, and figures its summary. The page is shown as a
    panel. The bundle is an artifact of type `model`. With `WANDB_MODE=offline` everything is written to the
    disk, and `wandb sync` sends it later.

    Args:
        project: Name of the project. Defaults to `None`: that in `WANDB_PROJECT`, or `"kerasae"`.
        entity: Name of the user or team. Defaults to `None`: that in `WANDB_ENTITY`, or the default of the
            user.
    """

    requires = ("wandb",)
    extra = "wandb"

    def __init__(self, *, project: str | None = None, entity: str | None = None) -> None:
        self.project = project
        self.entity = entity

    def check(self) -> None:
        """Check that there is a key, unless nothing is sent. In a terminal, wandb asks for one."""
        import wandb

        with _errors():
            if wandb.setup().settings.mode not in ("offline", "dryrun", "disabled"):
                wandb.login()

    def begin(
        self,
        name: str,
        *,
        tags: Mapping[str, str],
        parent: Mapping[str, Any] | None = None,
        identity: Mapping[str, Any] | None = None,
    ) -> "_WandbRun":
        import wandb

        with _errors():
            run = wandb.init(
                project=self.project or os.environ.get("WANDB_PROJECT") or "kerasae",
                entity=self.entity,
                name=name,
                id=None if identity is None else identity["id"],
                resume=None if identity is None else "allow",
                group=None if parent is None else parent["group"],
                job_type=None if parent is None else "part",
                notes=", ".join(f"{key}: {value}" for key, value in tags.items()),
                reinit="create_new",
                # The command line shows what there is to see, and no library writes to its streams.
                settings=wandb.Settings(console="off", silent=True),
            )
        return _WandbRun(run, name)


class _WandbRun(Tracked):
    """Run in Weights & Biases.

    Args:
        run: Run of wandb.
        name: Name of the run.
    """

    def __init__(self, run: Any, name: str) -> None:
        self._run = run
        # A group holds a search or a comparison with its parts.
        self.identity = {"id": run.id, "group": f"{name}-{run.id}"}
        # Without a server, wandb would warn that there is no address.
        self.place: str = str(Path(run.dir).parent) if run.offline else run.url

    def parameters(self, values: Mapping[str, Any]) -> None:
        with _errors():
            self._run.config.update(dict(values), allow_val_change=True)

    def epochs(self, rows: Sequence[tuple[int, Mapping[str, float]]]) -> None:
        with _errors():
            for number, terms in rows:
                self._run.log(dict(terms), step=number)

    def figures(self, values: Mapping[str, float]) -> None:
        with _errors():
            self._run.summary.update(dict(values))

    def files(self, paths: Sequence[Path]) -> None:
        import wandb

        with _errors():
            for path in paths:
                # A copy, because wandb would link to a file that may change or go before it is sent.
                copy = Path(shutil.copy(path, self._run.dir))
                self._run.save(str(copy), base_path=self._run.dir, policy="now")
                if path.suffix == ".html":
                    self._run.log({path.stem: wandb.Html(path.read_text(encoding="utf-8"))})

    def bundle(self, folder: Path) -> None:
        import wandb

        with _errors():
            # Other characters are not allowed in its name.
            name = re.sub(r"[^A-Za-z0-9_.-]", "-", folder.resolve().name)
            artifact = wandb.Artifact(f"{name}-{self._run.id}", type="model")
            artifact.add_dir(str(folder))
            self._run.log_artifact(artifact)

    def end(self, outcome: Outcome) -> None:
        with _errors():
            self._run.finish(exit_code=_EXIT_CODES[outcome])


@contextlib.contextmanager
def _errors() -> Iterator[None]:
    """Raise errors of wandb as a TrackingError in one line."""
    import wandb

    try:
        yield
    except (wandb.Error, OSError, ValueError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise TrackingError(
            f"Expected Weights & Biases to take the run, received: {reason:.300}; log in with `wandb login`, "
            "or set WANDB_MODE=offline."
        ) from error
