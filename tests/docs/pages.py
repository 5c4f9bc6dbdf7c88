"""Pages of the documentation: their blocks, and how a test runs them.

The blocks of a page run in their order, in one folder, which is empty at first.
"""

import itertools
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from warm_processes import run_function, run_kerasae

ROOT = Path(__file__).parents[2]
PAGES = sorted(path for path in (ROOT / "docs").rglob("*.md") if "gallery" not in path.parts)
#: Programs that a block may call, and the Debian packages that they come from.
TOOLS = {
    "cc": "gcc",
    "make": "make",
    "arm-none-eabi-gcc": "gcc-arm-none-eabi libnewlib-arm-none-eabi",
    "qemu-system-arm": "qemu-system-arm",
}


def blocks_of(path: Path) -> list[tuple[str, str]]:
    """Return the kind and the text of each block of a Markdown file."""
    return re.findall(r"^```(\w+)\n(.*?)^```", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def run_page(page: Path, folder: Path, epochs: int | None = None) -> None:
    """Run the blocks of a page in their order; skip what lacks a tool, with the reason.

    Args:
        page: Markdown file.
        folder: Empty folder, in which they run.
        epochs: Number of epochs of each training of a command, two trials of a search, and one training at
            a time. Defaults to `None`, as the page says.
    """
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    for kind, block in blocks_of(page):
        if kind == "c":
            (folder / "main.c").write_text(block)
        if kind == "python":
            _check(_run_python(block, folder), block)
        if kind != "sh":
            continue
        _need_tools(block, environment["PATH"])
        for part in _parts_of(block):
            plain = not set(part) & set("|<>&$;`*\n")
            words = shlex.split(part, comments=True) if plain else [""]
            given = dict(word.split("=", 1) for word in itertools.takewhile(_sets_variable, words))
            words = words[len(given) :]
            if words[:1] == ["kerasae"]:
                # As the command, but for the time to import TensorFlow.
                arguments = words[1:] if epochs is None else shorter(words[1:], epochs)
                done = run_kerasae(folder, *arguments, environment=given)
            else:
                command = ["bash", "-euo", "pipefail", "-c", part]
                done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
            _check(done, part)


def shorter(words: list[str], epochs: int) -> list[str]:
    """Return the arguments of a command with few epochs and trials in place of what they say."""
    changed = [*words]
    goes_on = (
        "--resume" in words or "--worker" in words or any(word.startswith("runs/") for word in words[1:2])
    )
    if words[0] in ("train", "compare", "tune") and not goes_on:
        _set_option(changed, "--epochs", epochs)
    if words[0] == "tune" and not goes_on:
        _set_option(changed, "--trials", 2)
    if words[0] in ("compare", "tune") and not goes_on and "--jobs" not in words:
        # A second process would need longer to start than for its trainings.
        changed += ["--jobs", "1"]
    return changed


def _set_option(words: list[str], option: str, value: int) -> None:
    if option in words:
        words[words.index(option) + 1] = str(value)
    else:
        words += [option, str(value)]


def _sets_variable(word: str) -> bool:
    return re.match(r"[A-Z_]+=", word) is not None


def _run_python(block: str, folder: Path) -> subprocess.CompletedProcess[str]:
    if "sys.modules" not in block:
        return run_function(folder, _execute, block)
    # It looks at what is imported, so it needs a process that has imported nothing.
    return subprocess.run([sys.executable, "-c", block], cwd=folder, capture_output=True, text=True)


def _execute(code: str) -> None:
    exec(compile(code, "a block", "exec"), {"__name__": "__main__"})


def _check(done: subprocess.CompletedProcess[str], part: str) -> None:
    assert done.returncode == 0, f"{part}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"


def _need_tools(block: str, path: str) -> None:
    needed = {*re.findall(r"[\w-]+", block)} & {*TOOLS}
    if "make" in needed and re.search(r"\bqemu|\bsize", block):
        needed |= {"arm-none-eabi-gcc", "qemu-system-arm"}
    for tool in sorted(needed):
        if shutil.which(tool, path=path) is None:
            pytest.skip(f"from here on the page needs apt-get install {TOOLS[tool]}")


def _parts_of(block: str) -> list[str]:
    """Return the lines of a block of shell commands, or the whole block if they hang together."""
    lines = block.strip().splitlines()
    together = any(
        line.endswith("\\") or line.startswith((" ", "for ", "if ")) or "<<" in line for line in lines
    )
    return [block] if together else [line for line in lines if line.split("#")[0].strip()]
