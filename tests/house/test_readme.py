"""The README is short, its links lead somewhere, and its blocks run."""

import re
import shlex

import pandas as pd
import pytest
from pages import ROOT, blocks_of, shorter
from sklearn.datasets import make_blobs

from kerasae.cli import main

README = ROOT / "README.md"
BLOCKS = blocks_of(README)


def test_it_is_short():
    assert len(README.read_text(encoding="utf-8").splitlines()) <= 150
    assert {kind for kind, _ in BLOCKS} == {"sh", "python"}


def test_links_and_pictures_are_there():
    targets = re.findall(r"\]\(([^)#]+)", README.read_text(encoding="utf-8"))
    assert len(targets) > 15
    for target in targets:
        assert target.startswith("https://") or (ROOT / target).exists(), target


@pytest.mark.parametrize("number", range(sum(kind == "python" for kind, _ in BLOCKS)))
def test_python_blocks_run(number, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code = [code for kind, code in BLOCKS if kind == "python"][number]
    exec(compile(code, f"README block {number}", "exec"), {})


@pytest.mark.slow
def test_command_lines_run(tmp_path, monkeypatch):
    """The commands on a user's file, in order, with few epochs; CI runs the first one as it stands."""
    monkeypatch.chdir(tmp_path)
    rows, _ = make_blobs(600, 4, random_state=0)
    for name, part in (("rows.csv", rows[:500]), ("new.csv", rows[500:])):
        pd.DataFrame(part, columns=list("abcd")).to_csv(name, index=False)
    lines = [line for kind, block in BLOCKS if kind == "sh" for line in block.strip().splitlines()]
    ours = [shlex.split(line)[1:] for line in lines if line.startswith("kerasae ")]
    assert [words[0] for words in ours] == ["train", "apply", "export"]
    for words in ours:
        with pytest.raises(SystemExit) as exit_:
            main(shorter(words, 2))
        assert exit_.value.code == 0, words
    assert (tmp_path / "odd" / "scores.csv").is_file() and (tmp_path / "ship" / "manifest.json").is_file()


def test_the_first_and_the_test_command_are_those_that_ci_runs():
    script = (ROOT / ".ci" / "run").read_text().replace('"$venv"/bin/', "")
    lines = [line for kind, block in BLOCKS if kind == "sh" for line in block.splitlines()]
    for word in ("compare", "pytest"):
        line = next(line for line in lines if word in line)
        command = line.split("&& ")[-1].replace(".venv/bin/", "")
        assert command.split(" --out")[0] in script
