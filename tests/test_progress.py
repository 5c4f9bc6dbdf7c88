"""Progress and logs: records of the library, and what a terminal, a log and a pipe show of them."""

import io
import json
import logging
import os
import pty
import sys
import warnings

import pytest
from quick_runs import QUICK

from kerasae.cli import main
from kerasae.cli._logs import flags_first
from kerasae.cli._progress import Bars
from kerasae.cli._time_left import left
from kerasae.progress import each, work
from kerasae.workflows import evaluate


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


def test_a_library_adds_no_handler_and_no_level(run_python):
    script = (
        "import logging, kerasae, kerasae.workflows, kerasae.training\n"
        "from kerasae.progress import work\n"
        "logger = logging.getLogger('kerasae')\n"
        "with work('x') as one: one.step('y')\n"
        "print(logger.handlers, logger.level, logging.getLogger('kerasae.progress').handlers)"
    )
    assert run_python(script).strip().splitlines()[-1] == "[] 0 []"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.2, "about 1 s left"),
        (42, "about 42 s left"),
        (150, "about 2 min left"),
        (3 * 3600, "about 3 h left"),
    ],
)
def test_the_time_left_is_in_words(seconds, words):
    assert left(seconds) == words
    assert left(seconds, at_most=True) == words.replace("about", "at most")


@pytest.fixture
def terminal(monkeypatch):
    """A terminal as the error stream; returns what it has shown."""
    master, slave = pty.openpty()
    monkeypatch.setattr(sys, "stderr", os.fdopen(slave, "w"))
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    yield lambda: os.read(master, 2**20).decode()
    os.close(master)


def test_a_terminal_shows_a_bar_with_the_time_left(terminal):
    bars, logger = Bars(), logging.getLogger("kerasae")
    logger.addHandler(bars)
    before, logger.level = logger.level, logging.DEBUG
    try:
        with work("training", total=100, at_most=True) as training:
            for epoch in range(3):
                training.reached(epoch + 1, f"epoch {epoch + 1}")
                bars._progress.refresh()
    finally:
        logger.removeHandler(bars)
        logger.level = before
        bars.close()
    shown = terminal()
    assert "training" in shown and "epoch 3" in shown and "at most" in shown and "left" in shown
    assert bars._progress is None and sys.stderr.isatty()


def test_options_of_the_whole_command_line_stand_anywhere():
    assert flags_first(["train", "a", "--quiet", "--out", "b"]) == ["--quiet", "train", "a", "--out", "b"]
    assert flags_first(["score", "--", "--quiet"]) == ["score", "--", "--quiet"]


def test_quiet_and_verbose_exclude_each_other(kerasae):
    status, out, err = kerasae("show", "--quiet", "--verbose")
    assert (status, out) == (2, "") and "received both" in err


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run of two epochs on digits."""
    folder = tmp_path_factory.mktemp("runs") / "run"
    with pytest.raises(SystemExit) as ended, warnings.catch_warnings():
        main(["train", "digits", "--epochs", "2", *QUICK[2:], "--quiet", "--out", str(folder)])
    assert ended.value.code == 0
    return folder


def test_verbose_shows_steps_on_the_error_stream(run, kerasae):
    status, out, err = kerasae("evaluate", run, "--json", "--verbose")
    assert status == 0 and "entries" in json.loads(out)
    assert "s: reading the data" in err or "s: evaluating: baselines" in err
    assert all(line.startswith("kerasae: ") for line in err.splitlines())
    assert kerasae("evaluate", run, "--json")[2] == ""


def test_quiet_leaves_results_and_errors(run, kerasae, tmp_path):
    status, out, err = kerasae(
        "train", "digits", "--latent-dim", 100, *QUICK, "--out", tmp_path / "a", "--quiet"
    )
    assert status == 0 and err == "" and "test error" in out
    status, out, err = kerasae("evaluate", tmp_path / "none", "--quiet")
    assert (status, out) == (2, "") and err.startswith("kerasae: Expected")


def test_logging_in_python_tells_the_steps(run, caplog, capsys):
    caplog.set_level(logging.INFO, "kerasae")
    evaluate(run)
    assert any(message.startswith("evaluating: baselines") for message in caplog.messages)
    assert capsys.readouterr() == ("", "")


#: Commands on a run, and whether what they print is JSON.
COMMANDS = [
    (["evaluate", "{run}", "--json"], True),
    (["apply", "anomaly", "{run}", "--out", "{new}/odd", "--no-baselines", "--json"], True),
    (
        ["export", "{run}", "--out", "{new}/ship", "--format", "tflite", "--precision", "float32", "--json"],
        True,
    ),
    (["calibrate", "{new}/ship", "{new}/rows.npy", "--false-alarms", "0.1", "--json"], True),
    (["monitor", "{run}", "{new}/rows.npy", "--out", "{new}/watch", "--json"], True),
    (["score", "{new}/ship", "{new}/rows.npy"], True),
    (["verify", "{new}/ship"], False),
    (["compare", "{run}", "--json"], True),
    (["show", "tracker"], False),
]


def test_nothing_but_results_goes_to_the_standard_output(run, tmp_path, capfd, digits):
    """What a library or C++ code writes to the descriptor is caught, too."""
    import numpy as np

    np.save(tmp_path / "rows.npy", digits.test.examples[:60])
    for words, is_json in COMMANDS:
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended, warnings.catch_warnings():
            main([word.format(run=run, new=tmp_path) for word in words])
        out, err = capfd.readouterr()
        assert ended.value.code in (0, 3), err
        if words[0] == "score":
            assert len([json.loads(line) for line in out.splitlines()]) == 60
        elif is_json:
            json.loads(out)
        elif words[0] == "verify":
            assert out == "1 artifact run: all agree with the model\n"


def test_what_a_library_prints_goes_to_the_error_stream(kerasae, monkeypatch):
    from kerasae import registry

    names = registry.names
    monkeypatch.setattr(registry, "names", lambda room: print("chatter") or names(room))
    status, out, err = kerasae("show", "tracker")
    assert status == 0 and out == "mlflow\nwandb\n" and "chatter" in err


def test_a_closed_pipe_is_no_error(kerasae, monkeypatch):
    class Closed(io.StringIO):
        def write(self, text):
            raise BrokenPipeError

    monkeypatch.setattr(sys, "stdout", Closed())
    with pytest.raises(SystemExit) as ended:
        main(["show", "tracker"])
    assert ended.value.code == 0
