"""The trainings of a comparison: several at a time, each in a process of its own."""

import contextlib
import logging
import multiprocessing
import queue
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any, Self

import keras

from kerasae.data import Source
from kerasae.metrics.comparison import Entry
from kerasae.progress import Progress as Told
from kerasae.progress import Work, work
from kerasae.recipe import Recipe
from kerasae.runs import Run, raise_again
from kerasae.training import train
from kerasae.training.workers import start_worker
from kerasae.workflows.comparison.detecting import detection_of
from kerasae.workflows.comparison.entry import entry_of

#: Longest time for events before the trainings are asked whether they have ended, in seconds.
_EVENTS = 1.0
#: A family and a seed.
Task = tuple[str, int]
#: Called with the family, the seed, the epoch from 1 (0 once the training has ended) and the validation loss.
Progress = Callable[[str, int, int, float], None]


@contextlib.contextmanager
def trainings(
    recipes: Mapping[Task, Recipe],
    runs: Mapping[Task, Run],
    source: Source | None,
    jobs: int,
    progress: Progress | None = None,
) -> Iterator[Callable[[], dict[Task, Entry]]]:
    """Begin trainings, and give a function that waits for their entries.

    Trainings share nothing, so several run at a time, each in a process of few threads: small networks leave
    a second core idle, and no graph of a former training stays in memory. The caller can do something else
    before it waits. Whatever ends the context early ends the trainings.

    Args:
        recipes: Recipe of each training.
        runs: Run into which each training goes. Where there is none it is kept nowhere.
        source: What the data were read from.
        jobs: Number of trainings at a time.
        progress: Function called after each epoch, see `Progress`. Defaults to none.
    """
    context = multiprocessing.get_context("spawn")
    with (
        context.Manager() as manager,
        ProcessPoolExecutor(jobs, context, start_worker, (jobs,)) as pool,
    ):
        events = manager.Queue()
        futures = {
            pool.submit(_train_one, recipe, runs.get(task), source, events): task
            for task, recipe in recipes.items()
        }
        try:
            yield lambda: _wait(futures, events, progress)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for process in multiprocessing.active_children():
                process.terminate()
            raise


def _wait(futures: Mapping[Future[Entry], Task], events: Any, progress: Progress | None) -> dict[Task, Entry]:
    entries: dict[Task, Entry] = {}
    waiting = set(futures)
    with work("all trainings", total=len(futures)) as trainings, _Running() as running:
        while waiting:
            # Many quick trainings may leave no pause between their events.
            until = time.monotonic() + _EVENTS
            with contextlib.suppress(queue.Empty):
                while time.monotonic() < until:
                    event = events.get(timeout=0.2)
                    running.tell(*event)
                    if progress:
                        progress(*event)
            finished, waiting = wait(waiting, timeout=0)
            for future in finished:
                entries[futures[future]] = _result(future, *futures[future])
                trainings.reached(len(entries), "{}, seed {}".format(*futures[future]))
    return entries


class _Running:
    """Progress of each training that is running, as far as the processes tell it."""

    def __init__(self) -> None:
        self._works: dict[Task, Work] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for one in self._works.values():
            one.end()

    def tell(self, family: str, seed: int, epoch: int, loss: float) -> None:
        """Take the news of a training, as `Progress` has them."""
        task = family, seed
        if epoch == 0:
            if task in self._works:
                self._works.pop(task).end()
            return
        if task not in self._works:
            self._works[task] = Work(Told(f"{family}, seed {seed}"), logging.DEBUG)
            self._works[task].begin()
        self._works[task].reached(epoch, f"epoch {epoch}, validation loss {loss:.4g}")


def _result(future: Future[Entry], family: str, seed: int) -> Entry:
    """What a worker found; an expected error says which training it ended."""
    try:
        return future.result()
    except (OSError, FloatingPointError, MemoryError, ValueError) as error:
        raise_again(error, f"This ended the training of '{family}' with seed {seed}.")
        raise
    except BrokenProcessPool:
        raise MemoryError(
            f"The process that trained '{family}' with seed {seed}, or one beside it, was ended from "
            "outside. Out of memory is the usual reason: use fewer --jobs."
        ) from None


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
    callbacks = [*recipe.train.get("callbacks", ()), Report()]
    # What a callback prints is no result of the command, whose streams this process shares.
    with contextlib.redirect_stdout(sys.stderr):
        # There is no folder for a log of TensorBoard.
        settings = {**recipe.train, "callbacks": callbacks, "tensorboard": False}
        history = train(model, data, **settings)
    recipe = recipe.fill(data)
    detection = detection_of(model, data, recipe.apply.get("anomaly", {}))
    entry = entry_of(family, model, data, recipe, history.epochs, history.seconds, **detection)
    if run is not None:
        run.write(recipe, model, history, data.source)
    keras.backend.clear_session(free_memory=False)
    events.put((family, seed, 0, float("nan")))
    return entry
