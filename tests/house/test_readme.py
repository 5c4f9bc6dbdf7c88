"""Every block of the README and of the guides runs."""

import itertools
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import yaml
from warm_processes import run_kerasae

from kerasae.cli import main
from kerasae.cli.tune import command

ROOT = Path(__file__).parents[2]
GUIDES = sorted((ROOT / "docs" / "guides").glob("*.md"))


def blocks_of(path):
    """Return the kind and the text of each block of a Markdown file."""
    return re.findall(r"^```(\w+)\n(.*?)^```", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


BLOCKS = blocks_of(ROOT / "README.md")
#: Programs that a block of a guide may call, and where they come from.
TOOLS = {
    "cc": "gcc",
    "make": "make",
    "arm-none-eabi-gcc": "gcc-arm-none-eabi libnewlib-arm-none-eabi",
    "qemu-system-arm": "qemu-system-arm",
}


def test_there_are_no_blocks_of_another_kind():
    assert {kind for kind, _ in BLOCKS} == {"sh", "python", "yaml"}


@pytest.mark.parametrize("number", range(sum(kind == "python" for kind, _ in BLOCKS)))
def test_python_blocks_run(number, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code = [code for kind, code in BLOCKS if kind == "python"][number]
    exec(compile(code, f"README block {number}", "exec"), {})


@pytest.mark.slow
def test_command_lines_run(tmp_path, monkeypatch):
    """The commands of the README, in order, with few epochs and trials; CI runs the first as it stands."""
    monkeypatch.chdir(tmp_path)
    commands = [
        line.split("&& ")[-1].replace(".venv/bin/", "")
        for kind, block in BLOCKS
        if kind == "sh"
        for line in block.strip().splitlines()
    ]
    ours = [shlex.split(line)[1:] for line in commands if line.startswith("kerasae ")]
    # Those for several hosts are run on loopback, by `test_a_chief_and_workers_on_a_network...` and
    # `tests/training/test_distribution.py`.
    ours = [arguments for arguments in ours if not {"--chief", "--strategy"} & {*arguments}]
    assert len(ours) >= 8
    for arguments in ours:
        if arguments[0] == "train" or "digits" in arguments:
            if "--epochs" in arguments:
                arguments[arguments.index("--epochs") + 1] = "2"
            else:
                arguments += ["--epochs", "2"]
        if "--trials" in arguments:
            arguments[arguments.index("--trials") + 1] = "4"
        with pytest.raises(SystemExit) as exit_:
            main(arguments)
        assert exit_.value.code == 0, arguments


def test_the_test_command_is_the_one_that_ci_runs():
    command = next(line for kind, block in BLOCKS for line in block.splitlines() if "pytest" in line)
    script = (ROOT / ".ci" / "run").read_text()
    assert command.split("&& ")[-1].replace(".venv/bin/", "") in script.replace('"$venv"/bin/', "")


def test_commands_for_several_hosts_are_understood():
    found = [
        shlex.split(line)
        for kind, block in BLOCKS
        if kind == "sh"
        for line in block.splitlines()
        if "--chief" in line
    ]
    documents = [
        document for kind, block in BLOCKS if kind == "yaml" for document in yaml.safe_load_all(block)
    ]
    service, *jobs = documents
    pods = [job["spec"]["template"]["spec"] for job in jobs]
    found += [container["command"] for pod in pods for container in pod["containers"]]
    assert len(found) == 4
    ports = set()
    for program, name, *arguments in found:
        assert (program, name) == ("kerasae", "tune")
        context = command.make_context("tune", list(arguments))
        assert ("--worker" in arguments) == context.params["worker"]
        ports.add(context.params["chief"].split(":")[1])
        assert str(context.params["out"]).startswith("/shared")
    assert ports == {str(port["port"]) for port in service["spec"]["ports"]}
    for pod in pods:
        names = {mount["name"] for one in pod["containers"] for mount in one["volumeMounts"]}
        assert names == {volume["name"] for volume in pod["volumes"]}
    assert service["spec"]["selector"]["job-name"] == jobs[0]["metadata"]["name"]
    assert jobs[1]["spec"]["template"]["spec"]["containers"][0]["command"][4].startswith(
        service["metadata"]["name"] + ":"
    )


# Guides ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.stem)
def test_a_guide_is_short_and_its_links_lead_somewhere(guide):
    text = guide.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)", text):
        assert target.startswith("https://") or (guide.parent / target).exists(), target
    assert len(text.splitlines()) <= 200
    assert {kind for kind, _ in blocks_of(guide)} <= {"sh", "python", "c"}


def run_guide(guide, folder):
    """Run the blocks of a guide in order, in one folder; skip what lacks a tool, with the reason."""
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    for kind, block in blocks_of(guide):
        if kind == "c":
            (folder / "main.c").write_text(block)
            continue
        needed = {*re.findall(r"[\w-]+", block)} & {*TOOLS} if kind == "sh" else set()
        if "make" in needed and re.search(r"\bqemu|\bsize", block):
            needed |= {"arm-none-eabi-gcc", "qemu-system-arm"}
        for tool in sorted(needed):
            if shutil.which(tool, path=environment["PATH"]) is None:
                pytest.skip(f"from here on the guide needs apt-get install {TOOLS[tool]}")
        for part in parts_of(block) if kind == "sh" else [block]:
            words = shlex.split(part) if kind == "sh" and not set(part) & set("|<>&$;`*\n") else [""]
            if words[0] == "kerasae":
                # As the command, but for the time to import TensorFlow.
                done = run_kerasae(folder, *words[1:])
            else:
                program = ["bash", "-euo", "pipefail", "-c"] if kind == "sh" else [sys.executable, "-c"]
                done = subprocess.run(
                    [*program, part], cwd=folder, env=environment, capture_output=True, text=True
                )
            assert done.returncode == 0, f"{part}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"


def parts_of(block):
    """Return the lines of a block of shell commands, or the whole block if they hang together."""
    lines = block.strip().splitlines()
    together = any(
        line.endswith("\\") or line.startswith((" ", "for ", "if ")) or "<<" in line for line in lines
    )
    return [block] if together else [line for line in lines if line.split("#")[0].strip()]


@pytest.mark.slow
def test_the_guide_leads_from_a_csv_to_a_decision_on_a_microcontroller(tmp_path):
    run_guide(ROOT / "docs" / "guides" / "from_csv_to_decision.md", tmp_path)
    oddest = (tmp_path / "odd" / "scores.csv").read_text().splitlines()[1:5]
    columns = {"3": "torque_nm", "17": "bearing_c", "42": "coolant_l_min", "99": "tool"}
    assert {line.split(",")[1]: line.split(",")[5] for line in oddest} == columns
    # The C code finds the same rows, here and under QEMU; the last bits of the scores may differ.
    for name in ("host.txt", "board.txt"):
        lines = (tmp_path / name).read_text().splitlines()
        flagged = {
            line.split()[1].rstrip(":"): below.split()[0]
            for line, below in itertools.pairwise(lines)
            if line.startswith("row")
        }
        assert columns.items() <= flagged.items()


@pytest.mark.slow
def test_the_guide_leads_from_a_log_to_alarms(tmp_path):
    run_guide(ROOT / "docs" / "guides" / "from_log_to_alarms.md", tmp_path)
    alarms = pd.read_csv(tmp_path / "week" / "alarms.csv", parse_dates=["start", "end"])
    for channel, first, last in (("pressure", "08:16:40", "08:17:40"), ("flow", "08:41:40", "08:43:20")):
        begin, end = (pd.Timestamp(f"2026-03-09 {time}") for time in (first, last))
        found = alarms[(alarms["start"] <= end) & (alarms["end"] >= begin)]
        assert channel in set(found["channel_1"]), alarms
    smooth = pd.read_csv(tmp_path / "smooth" / "clean.csv")
    assert list(smooth.columns) == ["time", "flow", "pressure", "current"]


@pytest.mark.slow
def test_the_guide_leads_from_a_log_to_a_microcontroller(tmp_path):
    run_guide(ROOT / "docs" / "guides" / "from_log_to_microcontroller.md", tmp_path)
    printed = (tmp_path / "board.txt").read_text()
    begins = [(int(row), name) for row, name in re.findall(r"row (\d+): alarm.*, (\w+) is", printed)]
    for channel, first, last in (("pressure", 400, 460), ("flow", 800, 880)):
        assert any(name == channel and first <= row <= last for row, name in begins), printed
    assert len(begins) <= 5, printed
    ours = pd.read_csv(tmp_path / "c.csv", names=["row", "score", "alarm"], index_col="row")
    theirs = pd.read_csv(tmp_path / "python.csv", index_col="row")[["score", "alarm"]].dropna()
    assert list(ours.index) == list(theirs.index) and len(ours) == 1181
    assert list(ours["alarm"]) == list(theirs["alarm"])
    assert (ours["score"] / theirs["score"] - 1).abs().max() < 0.03


def test_every_guide_is_run():
    assert [guide.stem for guide in GUIDES] == [
        "from_csv_to_decision",
        "from_log_to_alarms",
        "from_log_to_microcontroller",
    ]
