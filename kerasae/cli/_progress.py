"""Progress in the terminal: a bar, and what moves it."""

import sys
from typing import Any

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from kerasae.cli._output import console


def progress_bar() -> Progress:
    """Return a bar on the error stream of a terminal, gone when the work is done; nothing in a log."""
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=30),
        TextColumn("{task.fields[state]}", markup=False),
        TimeElapsedColumn(),
        console=console(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
    )


def epoch_callback(progress: Progress, task: Any) -> Any:
    """Return a Keras callback that moves a task of a progress bar once an epoch."""
    import keras

    class Epochs(keras.callbacks.Callback):
        def on_train_begin(self, logs: Any = None) -> None:
            progress.update(task, total=self.params["epochs"])

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            shown = (logs or {}).get("val_loss", (logs or {}).get("loss", float("nan")))
            progress.update(
                task, completed=epoch + 1, state=f"epoch {epoch + 1}, validation loss {shown:.4g}"
            )

    return Epochs()


class TrainingTasks:
    """One task for all trainings of a comparison, and one for each that is running.

    Args:
        bar: Progress bar that shows them.
        total: Number of trainings.
    """

    def __init__(self, bar: Progress, total: int) -> None:
        self._bar, self._total, self._done = bar, total, 0
        self._all = bar.add_task("all trainings", total=total, state="starting")
        self._running: dict[tuple[str, int], Any] = {}

    def __call__(self, family: str, seed: int, epoch: int, loss: float) -> None:
        """Take the news of a training: an epoch from 1, or 0 once it has ended."""
        key = (family, seed)
        if epoch == 0:
            self._done += 1
            state = f"{self._done} of {self._total} done"
            self._bar.update(self._all, completed=self._done, state=state)
            if key in self._running:
                self._bar.remove_task(self._running.pop(key))
            return
        if key not in self._running:
            self._running[key] = self._bar.add_task(f"{family}, seed {seed}", total=None, state="")
        self._bar.update(self._running[key], state=f"epoch {epoch}, validation loss {loss:.4g}")
