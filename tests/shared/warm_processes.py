"""Processes of their own that have imported TensorFlow when they start, so that a test need not wait for it.

`multiprocessing` keeps a server that has imported the libraries and done nothing else; each process is forked
from it. TensorFlow may be forked before its first operation, not after it, so the server runs none.
"""

import functools
import multiprocessing
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

#: What takes seconds to import; nothing of kerasae, as a process of a test should find its faults by itself.
_IMPORTED = [
    *("tensorflow", "keras", "pandas", "jinja2", "matplotlib.backends.backend_agg", "scipy.stats"),
    *(f"sklearn.{name}" for name in ("ensemble", "manifold", "mixture", "neighbors")),
]


@functools.cache
def _server() -> Any:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_IMPORTED)
    return context


def run_function(
    home: Path,
    function: Callable[..., Any],
    *arguments: Any,
    environment: dict[str, str] | None = None,
    timeout: float = 300,
) -> CompletedProcess[str]:
    """Run a function of a module in a new process with `home` as its working folder.

    The process has the environment of this one, with those variables. Its status is 0, a number that the
    function exits with, or less than 0 for a signal.
    """
    with tempfile.TemporaryDirectory() as temporary:
        streams = [Path(temporary) / name for name in ("stdout", "stderr")]
        changed = {**os.environ, **(environment or {})}
        call = (str(home), changed, [str(path) for path in streams], function, arguments)
        process = _server().Process(target=_run, args=call)
        process.start()
        process.join(timeout)
        if process.exitcode is None:
            process.kill()
            raise TimeoutError(f"{function.__name__}{arguments} took longer than {timeout} s.")
        texts = [path.read_text() if path.exists() else "" for path in streams]
    return CompletedProcess([function.__name__, *map(str, arguments)], process.exitcode, *texts)


def run_kerasae(
    home: Path, *arguments: Any, environment: dict[str, str] | None = None, timeout: float = 300
) -> CompletedProcess[str]:
    """Run the command `kerasae` in a new process with `home` as its working folder."""
    return run_function(home, command, *map(str, arguments), environment=environment, timeout=timeout)


def run_script(home: Path, script: str, *arguments: Any) -> CompletedProcess[str]:
    """Run a script in a new process with `home` as its working folder."""
    return run_function(home, execute, script, *map(str, arguments))


def execute(script: str, *arguments: str) -> None:
    """Run a script in this process."""
    sys.argv = ["-c", *arguments]
    exec(compile(script, "<script>", "exec"), {"__name__": "__main__"})


def command(*arguments: str) -> None:
    """Run the command `kerasae` in this process, to its exit."""
    from kerasae.cli import main

    sys.argv = ["kerasae", *arguments]
    main(list(arguments))


def _run(
    home: str, environment: dict[str, str], streams: list[str], function: Callable[..., Any], arguments: Any
) -> None:
    os.chdir(home)
    os.environ.clear()
    os.environ.update(environment)
    for number, path in enumerate(streams, start=1):
        with open(path, "w") as file:  # noqa: PTH123
            os.dup2(file.fileno(), number)
    function(*arguments)
