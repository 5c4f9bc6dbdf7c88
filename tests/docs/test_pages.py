"""Every page of the documentation is short, and its blocks run."""

import pytest
from pages import PAGES, ROOT, blocks_of, run_page, shorter

from kerasae.cli import kerasae

#: Kinds of blocks. `sh` and `python` run; the others are shown.
KINDS = {"sh", "python", "text", "console", "yaml", "json", "c", "kotlin", "swift", "javascript", "matlab"}
#: Pages whose blocks `test_guides.py` runs.
GUIDES = ("from_csv_to_decision", "from_log_to_alarms", "from_log_to_microcontroller")


def name_of(page):
    return str(page.relative_to(ROOT / "docs").with_suffix(""))


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_a_page_is_short_and_has_blocks_of_known_kinds(page):
    lines = page.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 200
    assert {kind for kind, _ in blocks_of(page)} <= KINDS


@pytest.mark.slow
@pytest.mark.parametrize(
    "page",
    [
        page
        for page in PAGES
        if page.stem not in GUIDES and {"sh", "python"} & {k for k, _ in blocks_of(page)}
    ],
    ids=name_of,
)
def test_the_blocks_of_a_page_run(page, tmp_path):
    run_page(page, tmp_path, epochs=2)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_commands_that_are_only_shown_are_understood(page, monkeypatch):
    """Those of blocks that no test runs: for a server, or for several hosts."""
    for check in ("check_there", "check_run", "check_bundle", "check_run_or_bundle"):
        monkeypatch.setattr(f"kerasae.files.{check}", lambda *_: None)
    for kind, block in blocks_of(page):
        for line in block.replace("\\\n", " ").splitlines() if kind == "console" else []:
            words = line.removeprefix("$ ").split("#")[0].split()
            if words[:1] != ["kerasae"] or words[1].startswith("-"):
                continue
            command = kerasae.get_command(None, words[1])
            assert command is not None, line
            command.make_context(words[1], words[2:], resilient_parsing=False)


def test_few_epochs_take_the_place_of_what_a_page_says():
    assert shorter(["train", "digits"], 2) == ["train", "digits", "--epochs", "2"]
    assert shorter(["train", "digits", "--epochs", "50"], 2) == ["train", "digits", "--epochs", "2"]
    assert shorter(["train", "--resume", "--out", "runs/a"], 2) == ["train", "--resume", "--out", "runs/a"]
    assert shorter(["tune", "x.csv"], 2) == [
        *("tune", "x.csv", "--epochs", "2", "--trials", "2", "--jobs", "1")
    ]
    assert shorter(["compare", "runs/a", "runs/b"], 2) == ["compare", "runs/a", "runs/b"]
