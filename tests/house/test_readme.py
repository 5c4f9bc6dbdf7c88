"""Every block of the README runs."""

import shlex

import pytest
import yaml
from pages import ROOT, blocks_of

from kerasae.cli import main
from kerasae.cli.tune import command

BLOCKS = blocks_of(ROOT / "README.md")


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
