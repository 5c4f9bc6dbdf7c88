"""Program that runs trials or a training: `python -m kerasae.tuning.cluster._process`.

It ends when the process that started it has ended for any reason.
"""

import os
import sys
import threading
import time
from pathlib import Path


def main(arguments: list[str]) -> None:
    """Run trials for a chief, or train a recipe.

    Args:
        arguments: Arguments of the command line, `trials FOLDER ADDRESS NAME JOBS PATIENCE PARENT` or
            `train RECIPE OUT DATA PARENT`. PARENT is the number of the process that started this one.
    """
    kind, *rest = arguments
    threading.Thread(target=_end_with, args=(int(rest[-1]),), daemon=True).start()
    from kerasae.training.workers import start_worker

    if kind == "trials":
        folder, address, name, jobs, patience, _ = rest
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
        recipe, out, data, _ = rest
        start_worker(1)
        from kerasae.data import Source
        from kerasae.recipe import Recipe
        from kerasae.runs import Unfinished, run_recipe

        resume = Unfinished(out).exists()
        run_recipe(Recipe.read(recipe), out, resume=resume, source=Source.read(Path(data)))


def _end_with(parent: int) -> None:
    """End this process when its parent has ended for any reason."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


if __name__ == "__main__":
    main(sys.argv[1:])
