"""Program that runs trials or a training: `python -m kerasae.tuning.cluster._process`.

It ends when the process that started it has ended for any reason.
"""

import os
import sys
import threading
from pathlib import Path
from typing import BinaryIO


def main(arguments: list[str]) -> None:
    """Run trials for a chief, or train a recipe.

    Args:
        arguments: Arguments of the command line, `trials FOLDER ADDRESS NAME JOBS PATIENCE` or `train RECIPE
            OUT DATA`.
    """
    kind, *rest = arguments
    threading.Thread(target=_end_with, args=(_taken_input(),), daemon=True).start()
    from kerasae.training.workers import start_worker

    if kind == "trials":
        folder, address, name, jobs, patience = rest
        start_worker(int(jobs))
        from kerasae.tuning.cluster.signs import NO_CHIEF
        from kerasae.tuning.cluster.worker import run_worker

        try:
            run_worker(Path(folder), address, name, float(patience))
        except ConnectionError as error:
            sys.stderr.write(f"{error}\n")
            sys.exit(NO_CHIEF)
        except OSError as error:
            sys.exit(str(error))
    else:
        recipe, out, data = rest
        start_worker(1)
        from kerasae.data import Source
        from kerasae.recipe import Recipe
        from kerasae.runs import Unfinished, run_recipe

        resume = Unfinished(out).exists()
        run_recipe(Recipe.read(recipe), out, resume=resume, source=Source.read(Path(data)))


def _taken_input() -> BinaryIO:
    """Return the standard input, in whose place there is an empty one."""
    taken = os.fdopen(os.dup(0), "rb", buffering=0)
    with Path(os.devnull).open("rb") as empty:
        os.dup2(empty.fileno(), 0)
    return taken


def _end_with(parent: BinaryIO) -> None:
    """End this process when its parent has ended for any reason.

    Args:
        parent: Pipe whose other end the parent holds, and the system closes with it. The number of the parent
            tells less: in a virtual environment of Windows it is that of a launcher.
    """
    while parent.read(1):
        pass
    os._exit(1)


if __name__ == "__main__":
    main(sys.argv[1:])
