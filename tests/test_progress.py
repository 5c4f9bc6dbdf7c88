"""Progress and logs: records of the library, and what a terminal, a log and a pipe show of them."""

import contextlib
import io
import json
import logging
import os
import pty
import re
import select
import subprocess
import sys
import warnings
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from kerasae import registry, workflows
from kerasae.cli import main
from kerasae.cli._logs import Lines, flags_first, shown_logs
from kerasae.cli._messages import one_line_each
from kerasae.cli._progress import Bars
from kerasae.cli._streams import NOTE, note
from kerasae.cli._time_left import left
from kerasae.progress import each, work


@pytest.fixture
def told(caplog):
    """The records of progress, in their order."""
    caplog.set_level(logging.DEBUG, "kerasae")
    return lambda: [record.progress for record in caplog.records if hasattr(record, "progress")]


def test_work_tells_its_begin_its_steps_and_its_end(told):
    with work("reading", total=2) as reading:
        reading.step("a")
        reading.step("b")
    assert [(one.done, one.state, one.ended) for one in told()] == [
        (0, "", False),
        (0, "a", False),
        (1, "b", False),
        (1, "b", True),
    ]
    assert {(one.name, one.total) for one in told()} == {("reading", 2)}
    assert told()[2].sentence == "reading: b (1 of 2 done)"


def test_work_that_fails_is_over(told):
    with pytest.raises(OSError, match="gone"), work("reading"):
        raise OSError("gone")
    assert told()[-1].ended


def test_each_counts_what_it_yields(told):
    assert [*each("items", [3, 4])] == [3, 4]
    assert [(one.done, one.state) for one in told() if one.state] == [(0, "3"), (1, "4"), (1, "4")]


def test_a_library_logs_and_leaves_handlers_and_levels_to_programs():
    root = Path(__file__).parents[1]
    files = [path for folder in ("kerasae", "tuning", "export") for path in (root / folder).rglob("*.py")]
    calls = {
        (path.relative_to(root).as_posix(), call)
        for path in files
        for call in re.findall(r"^ +\S*\b(addHandler|basicConfig|setLevel)\(", path.read_text(), re.MULTILINE)
    }
    # That of TensorFlow, for a command, that of MLflow during a call, and the example in a docstring.
    assert {call for call in calls if not call[0].startswith("kerasae/cli/")} == {
        ("kerasae/backend.py", "setLevel"),
        ("kerasae/progress/__init__.py", "addHandler"),
        ("kerasae/progress/__init__.py", "setLevel"),
        ("kerasae/trackers/mlflow/_calls.py", "setLevel"),
    }


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.2, "about 1 s left"),
        (42, "about 42 s left"),
        (170, "about 3 min left"),
        (3 * 3600, "about 3 h left"),
    ],
)
def test_the_time_left_is_in_words(seconds, words):
    assert left(seconds) == words
    assert left(seconds, at_most=True) == words.replace("about", "at most")


def _all_of(master: int) -> str:
    """What a terminal was sent: one read may give a part of it."""
    parts = []
    while select.select([master], [], [], 0.5)[0]:
        parts.append(os.read(master, 2**20))
    return b"".join(parts).decode()


def test_a_terminal_shows_a_bar_with_the_time_left(monkeypatch):
    master, slave = pty.openpty()
    logger = logging.getLogger("kerasae")
    with os.fdopen(slave, "w") as terminal, monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", terminal)
        patch.setattr(logger, "level", logging.DEBUG)
        patch.setenv("TERM", "xterm")
        bars = Bars()
        patch.setattr(logger, "handlers", [bars, Lines(NOTE)])
        with work("training", total=100, at_most=True) as training:
            for epoch in range(3):
                training.reached(epoch + 1, f"epoch {epoch + 1}")
                bars._progress.refresh()
            note("a note")
        assert bars._progress is None, "it is gone when the work is done"
        terminal.flush()
        shown = _all_of(master)
    os.close(master)
    assert "training" in shown and "epoch 3" in shown and "at most" in shown and "left" in shown
    assert "a note" in shown


def test_options_of_the_whole_command_line_stand_anywhere():
    assert flags_first(["train", "a", "--quiet", "--out", "b"]) == ["--quiet", "train", "a", "--out", "b"]
    assert flags_first(["score", "--", "--quiet"]) == ["score", "--", "--quiet"]


def test_quiet_and_verbose_exclude_each_other(kerasae):
    status, out, err = kerasae("show", "--quiet", "--verbose")
    assert (status, out) == (2, "") and "received both" in err


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    """A file of rows of four numbers."""
    path = tmp_path_factory.mktemp("data") / "rows.npy"
    np.save(path, np.random.default_rng(0).normal(size=(300, 4)).astype("float32"))
    return path


@pytest.fixture(scope="module")
def run(rows, tmp_path_factory):
    """A run of two epochs, trained in quiet, of which a warning would tell that its code is wide."""
    folder = tmp_path_factory.mktemp("runs") / "run"
    arguments = ["--epochs", "2", "--latent-dim", "4", "--set", "network.widths=[4]", "--out", str(folder)]
    errors = io.StringIO()
    with pytest.raises(SystemExit) as ended, contextlib.redirect_stderr(errors):
        main(["train", str(rows), *arguments, "--quiet"])
    assert ended.value.code == 0 and errors.getvalue() == ""
    return folder


def test_steps_are_logged_and_verbose_shows_them_on_the_error_stream(run, kerasae, caplog, monkeypatch):
    monkeypatch.setattr(logging.getLogger("kerasae"), "handlers", [caplog.handler])
    status, out, err = kerasae("evaluate", run, "--json", "--verbose")
    assert status == 0 and "entries" in json.loads(out)
    assert "s: evaluating: baselines" in err
    assert all(line.startswith("kerasae: ") for line in err.splitlines())
    logged = [record for record in caplog.records if record.levelno == logging.INFO]
    assert any(record.getMessage().startswith("evaluating: baselines") for record in logged)


def test_quiet_leaves_results_and_errors(run, kerasae, capsys):
    for quiet in (False, True):
        with warnings.catch_warnings(), shown_logs(quiet=quiet, verbose=False):
            warnings.showwarning = warnings.showwarning if quiet else one_line_each()
            warnings.warn("a warning", stacklevel=1)
            note("a note")
            logging.getLogger("kerasae").error("an error")
        shown = "" if quiet else "kerasae: warning: a warning\na note\n"
        assert capsys.readouterr() == ("", f"{shown}kerasae: error: an error\n")
    status, out, err = kerasae("evaluate", run / "none", "--quiet")
    assert (status, out) == (2, "") and err.startswith("kerasae: Expected")


#: Commands whose libraries write from C++, and whether what they print is JSON.
COMMANDS = [
    (
        ["export", "{run}", "--out", "{new}/ship", "--format", "tflite", "--precision", "float32", "--json"],
        True,
    ),
    (["score", "{new}/ship", "{rows}"], True),
    (["verify", "{new}/ship"], False),
]


@pytest.mark.slow
def test_nothing_but_results_goes_to_the_standard_output(run, rows, tmp_path, capfd):
    """What a library or C++ code writes to the descriptor is caught, too."""
    for words, is_json in COMMANDS:
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended, warnings.catch_warnings():
            main([word.format(run=run, rows=rows, new=tmp_path) for word in words])
        out, err = capfd.readouterr()
        assert ended.value.code == 0, err
        if words[0] == "score":
            assert len([json.loads(line) for line in out.splitlines()]) == 300
        elif is_json:
            json.loads(out)
        elif words[0] == "verify":
            assert out == "1 artifact run: all agree with the model\n"


def test_what_a_library_prints_goes_to_the_error_stream(kerasae, monkeypatch):
    names = registry.names

    def printing(room):
        if room == "tracker":
            print("chatter")
        return names(room)

    monkeypatch.setattr(registry, "names", printing)
    status, out, err = kerasae("show", "tracker")
    assert status == 0 and out == "mlflow\nwandb\n" and "chatter" in err


class Closed(io.StringIO):
    """A stream whose reader has gone."""

    def write(self, text):
        raise BrokenPipeError


@pytest.mark.parametrize(("drift", "arguments"), [(True, ["--json"]), (True, []), (False, [])])
def test_a_closed_pipe_leaves_a_command_its_own_status(monkeypatch, tmp_path, drift, arguments):
    told = SimpleNamespace(drift=drift, sentences=[(True, "all")], to_dict=dict)
    monkeypatch.setattr(workflows, "monitor", lambda *_, **__: told)
    (tmp_path / "recipe.json").touch()
    (tmp_path / "model.keras").touch()
    monkeypatch.setattr(sys, "stdout", Closed())
    monkeypatch.setattr(sys, "stderr", Closed())
    with pytest.raises(SystemExit) as ended:
        main(["monitor", str(tmp_path), "digits", "--out", str(tmp_path / "out"), *arguments])
    assert ended.value.code == 3 * drift


def test_help_for_a_closed_pipe_is_no_error():
    read, write = os.pipe()
    os.close(read)
    python = subprocess.Popen(
        [sys.executable, "-m", "kerasae", "--help"], stdout=write, stderr=subprocess.PIPE
    )
    os.close(write)
    assert python.communicate() == (None, b"")
    assert python.returncode == 0


def test_another_broken_pipe_is_an_error(kerasae, monkeypatch):
    def broken(room):
        raise BrokenPipeError("a worker has gone")

    monkeypatch.setattr(registry, "names", broken)
    assert kerasae("show", "tracker") == (2, "", "kerasae: a worker has gone\n")
