"""The commands and the manifest of the guide for several hosts fit together."""

import shlex

import yaml
from pages import ROOT, blocks_of

from kerasae.cli.tune import command

PAGE = ROOT / "docs" / "guides" / "several_hosts.md"


def test_commands_for_several_hosts_are_understood(monkeypatch):
    # The folders of those hosts.
    monkeypatch.setattr("kerasae.files.check_there", lambda _: None)
    blocks = blocks_of(PAGE)
    found = [
        shlex.split(line.removeprefix("$ "))
        for kind, block in blocks
        if kind == "console"
        for line in block.splitlines()
        if "--chief" in line
    ]
    documents = [
        document for kind, block in blocks if kind == "yaml" for document in yaml.safe_load_all(block)
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
