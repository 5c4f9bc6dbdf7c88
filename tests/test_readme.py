"""Every block of the README runs, and its tables are what the program printed."""

import re
import shlex
from pathlib import Path

import pytest

from kerasae.cli import main

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def test_there_are_no_blocks_of_another_kind():
    assert {kind for kind, _ in BLOCKS} == {"sh", "python"}


@pytest.mark.parametrize("number", range(sum(kind == "python" for kind, _ in BLOCKS)))
def test_python_blocks_run(number, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code = [code for kind, code in BLOCKS if kind == "python"][number]
    exec(compile(code, f"README block {number}", "exec"), {})


@pytest.mark.slow
def test_command_lines_run(tmp_path, monkeypatch):
    """The commands of the README, in order, with few epochs; CI runs the first one as it stands."""
    monkeypatch.chdir(tmp_path)
    commands = [
        line.split("&& ")[-1].replace(".venv/bin/", "")
        for kind, block in BLOCKS
        if kind == "sh"
        for line in block.strip().splitlines()
    ]
    ours = [shlex.split(line)[1:] for line in commands if line.startswith("kerasae ")]
    assert len(ours) >= 8
    for arguments in ours:
        if arguments[0] == "train" or "digits" in arguments:
            if "--epochs" in arguments:
                arguments[arguments.index("--epochs") + 1] = "2"
            else:
                arguments += ["--epochs", "2"]
        with pytest.raises(SystemExit) as exit_:
            main(arguments)
        assert exit_.value.code == 0, arguments


def test_the_test_command_is_the_one_that_ci_runs():
    command = next(line for kind, block in BLOCKS for line in block.splitlines() if "pytest" in line)
    script = (Path(__file__).parent.parent / ".ci" / "run").read_text()
    assert command.split("&& ")[-1].replace(".venv/bin/", "") in script.replace('"$venv"/bin/', "")
