"""Commands on a run: train, show, evaluate, export."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from kerasae import Run, load_model, registry
from kerasae.cli._options import argument_of
from kerasae.cli._output import print_table
from kerasae.workflows import Evaluation, Outcome, apply, evaluate


@pytest.mark.parametrize(
    "arguments", [["--help"], ["train", "--help"], ["compare", "--help"], ["show"], ["--version"]]
)
def test_help_does_not_import_tensorflow(arguments, run_python):
    script = (
        "import sys; from kerasae.cli import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit as e: assert e.code == 0, e.code\n"
        "assert not {'tensorflow', 'keras', 'sklearn', 'matplotlib'} & set(sys.modules)"
    )
    assert run_python(script, *arguments, cold=True).strip()


def test_what_is_not_there_is_refused_before_tensorflow_is_imported(run_python, tmp_path):
    (tmp_path / "manifest.json").touch()
    new, none, rows = (str(tmp_path / name) for name in ("new", "none", "none.csv"))
    run, bundle = "Expected a finished run (", "Expected an export bundle ("
    expected = {
        ("train", rows, "--out", new): f"Expected data at {rows}",
        ("train", "digitz", "--out", new): "Unknown source 'digitz'; did you mean 'digits'?",
        ("train", "digits", "--from", none, "--out", new): run,
        ("tune", rows, "--out", new): f"Expected data at {rows}",
        ("compare", rows, "--out", new): f"Expected data at {rows}",
        ("evaluate", none): run,
        ("export", none, "--out", new): run,
        ("apply", "anomaly", none, "--out", new): run,
        ("monitor", none, rows, "--out", new): f"or an export bundle (manifest.json) in {none}",
        ("monitor", str(tmp_path), "digits", "--out", "s3://bucket/watch"): "of this machine for --out",
        ("tune", "digits", "--out", "s3://bucket/search"): "of this machine for --out",
        ("compare", "digits", "--out", "s3://bucket/all"): "of this machine for --out",
        ("calibrate", none, rows): f"or an export bundle (manifest.json) in {none}",
        ("verify", none): bundle,
    }
    script = (
        "import sys, json; from kerasae.cli import main\n"
        "for arguments in json.loads(sys.argv[1]):\n"
        "    try: main(arguments)\n"
        "    except SystemExit as end: print(end.code, file=sys.stderr)\n"
        "assert not {'tensorflow', 'keras'} & set(sys.modules)"
    )
    done = run_python(script, json.dumps([*expected]), cold=True, check=False)
    assert done.returncode == 0 and not done.stdout, done.stderr
    lines = done.stderr.splitlines()
    assert lines[1::2] == ["2"] * len(expected)
    for (arguments, sentence), line in zip(expected.items(), lines[::2], strict=True):
        assert line.startswith("kerasae: ") and sentence in line, (arguments, line)


COMMANDS = [
    *([name] for name in registry.names("command")),
    *(["apply", name] for name in registry.names("application")),
]


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_help_shows_types_choices_and_defaults(words, kerasae):
    status, text, _ = kerasae(*words, "--help")
    assert status == 0
    assert "None]" not in text and " VALUE " not in text
    options = re.findall(r"^  (--[\w-]+)(?: (\S+))?", text, re.MULTILINE)
    if words == ["train"]:
        assert {("--epochs", "INTEGER"), ("--learning-rate", "FLOAT")} <= {*options}
        assert re.search(r"--epochs INTEGER .*?\[default: \d+\]\s+--batch", text, re.DOTALL)
        (families,) = [kind for flag, kind in options if flag == "--model"]
        assert families == f"[{'|'.join(registry.names('model'))}]"
    if words == ["apply", "clustering"]:
        assert {("--method", "[kmeans|mixture]"), ("--refine", "[true|false]")} <= {*options}
        assert re.search(r"--method \[kmeans\|mixture\] .*?\[default: kmeans\]", text, re.DOTALL)


@pytest.mark.slow
def test_a_workflow_prints_nothing_and_returns_what_the_command_prints(run, capsys):
    evaluation = evaluate(run)
    assert evaluation.to_dict() == json.loads((run / "metrics.json").read_text())
    (pca, model) = evaluation.figures["entries"]
    assert evaluation.headings == ["", "pca", "variational"]
    errors = [f"{entry['seeds'][0]['error']:.5f}" for entry in (pca, model)]
    assert evaluation.table()[0] == ["test error", *errors]
    assert evaluation.sentences == [*evaluation.figures["verdicts"], *evaluation.figures["remarks"]]
    with pytest.raises(FileExistsError, match="does not exist yet"):
        apply("reduction", run, run)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(("rows", "words"), [(1, "1 {}row"), (1200, "1,200 {}rows")])
def test_titles_count_rows_in_words(rows, words):
    assert Evaluation({"data": "new", "test_rows": rows}).title == f"new, {words.format('test ')}"
    outcome = Outcome("multiple_imputation", "new", rows, {}, {}, Path())
    assert outcome.title == f"Multiple imputation: new, {words.format('')}"


def test_a_run_holds_what_it_promises(run, digits):
    opened = Run.open(run)
    for path in (
        opened.recipe_path,
        opened.model_path,
        opened.encoder_path,
        opened.decoder_path,
        opened.history_path,
        opened.metrics_path,
        opened.report_path,
    ):
        assert path.is_file(), path
    assert not list(run.glob("*.new")) + list(run.glob("unfinished*"))
    codes = load_model(run).transform(digits.test.examples)
    assert codes.shape == (359, 8)
    assert len(opened.history_path.read_text().splitlines()) == 4


def test_evaluate_prints_json_that_the_model_confirms(run, kerasae, digits):
    status, out, _ = kerasae("evaluate", run, "--json")
    assert status == 0
    result = json.loads(out)
    error = result["entries"][-1]["seeds"][0]["error"]
    model = load_model(run)
    x = digits.x("test")
    assert error == pytest.approx(np.mean((model.predict(x, verbose=0) - x) ** 2), rel=1e-4)
    assert [entry["name"] for entry in result["entries"]] == ["pca", "variational"]


@pytest.mark.slow
def test_evaluate_says_what_its_nats_are_of(run, kerasae, digits):
    """Three units of one figure: digits are 17 grey levels, and x is a sixteenth of them."""
    found = {}
    for unit in ("x", "raw", "bits"):
        status, out, _ = kerasae("evaluate", run, "--likelihood", unit, "--samples", 2, "--json")
        assert status == 0
        found[unit] = json.loads(out)["likelihood"]
    assert found["x"]["unit"] == "nats of x, the scaled data, per example"
    assert found["x"]["rows"] == 359
    assert found["x"]["nll"] == pytest.approx(load_model(run).nll(digits.test.examples, 2).mean(), rel=1e-5)
    assert found["raw"]["nll"] == pytest.approx(found["x"]["nll"] + 64 * np.log(16), rel=1e-5)
    assert found["bits"]["nll"] == pytest.approx(found["raw"]["nll"] / 64 / np.log(2), rel=1e-5)
    status, out, _ = kerasae("evaluate", run, "--likelihood", "bits", "--samples", 2)
    assert "bits of raw units, per number, at most" in " ".join(out.split())


def test_evaluate_prints_a_table(run, kerasae):
    status, out, _ = kerasae("evaluate", run)
    assert status == 0
    assert "test error" in out
    assert re.search(r"variational (beats|does not beat) PCA", out)
    short = "variational: the validation loss was still falling when the 3 epochs were over; allow more,"
    assert short in " ".join(out.split()) and short in (run / "report.html").read_text()


def test_the_title_of_a_narrow_table_is_one_line(capsys):
    title = "/home/ann/bundles/of_site_12, by 1,234,567 normal rows"
    print_table(["", "threshold"], [["int8", "0.5"]], title)
    assert capsys.readouterr().out.splitlines()[0] == title


def test_a_recipe_repeats_a_run(run, kerasae, tmp_path):
    status, _, err = kerasae("train", "--recipe", run / "recipe.json", "--out", tmp_path / "again")
    assert status == 0, err
    a, b = load_model(run), load_model(tmp_path / "again")
    for one, two in zip(a.get_weights(), b.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)


def test_show_prints_signature_and_docstring(kerasae):
    status, out, _ = kerasae("show", "model", "variational")
    assert status == 0
    assert "beta: float = 1.0" in out
    assert "corruption:" in out, "arguments of the base class are shown too"
    assert "Kingma and Welling" in out
    for room in registry.ROOMS:
        assert kerasae("show", room)[0] == 0


def test_show_prints_the_help_of_a_command(kerasae):
    status, out, _ = kerasae("show", "command", "train")
    assert status == 0 and out.startswith("Usage: kerasae train [OPTIONS]") and "--resume" in out
    assert kerasae("show", "command", "trian")[0] == 2


def test_samples_without_a_likelihood_are_refused(run, kerasae):
    status, out, err = kerasae("evaluate", run, "--samples", "9")
    assert (status, out) == (2, "") and "--samples belongs to --likelihood" in err


@pytest.mark.parametrize(
    ("text", "annotation", "value"),
    [
        ("2024", str | None, "2024"),
        ("null", str, "null"),
        ("3", int, 3),
        ("3", int | str, 3),
        ("[1]", list[str], [1]),
    ],
)
def test_a_text_stays_a_text_where_nothing_else_is_taken(text, annotation, value):
    assert argument_of(text, annotation) == value


def test_a_path_of_digits_is_a_path(run, kerasae, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save("noisy.npy", np.zeros((2, 8, 8), "float32"))
    words = ["apply", "denoising", run, "noisy.npy", "--out", "new", "--no-baselines"]
    status, _, err = kerasae(*words, "--clean", "2024")
    assert status == 2 and "Unknown source '2024'" in err


def test_another_backend_is_refused(run_python):
    done = run_python("import kerasae", check=False, KERAS_BACKEND="jax")
    assert done.returncode == 1
    assert "needs the Keras backend 'tensorflow', received 'jax'" in done.stderr


def test_python_m(run_python):
    environment = dict(os.environ)
    done = subprocess.run(
        [sys.executable, "-m", "kerasae", "--version"],
        capture_output=True,
        text=True,
        env=environment,
        check=True,
    )
    assert done.stdout.startswith("kerasae, version 0.1.0")


@pytest.mark.slow
def test_a_run_is_exported_verified_and_a_changed_byte_noticed(run, kerasae, tmp_path):
    ship = tmp_path / "ship"
    arguments = ["--format", "tflite", "--precision", "float32", "--precision", "int8"]
    status, out, err = kerasae("export", run, "--out", ship, *arguments, "--name", "first")
    assert status == 0, err
    assert "edge/first_int8.tflite" in out
    assert (ship / "edge" / "first_float32.tflite").is_file()
    status, out, _ = kerasae("verify", ship)
    assert (status, out.strip()) == (0, "2 artifacts run: all agree with the model")
    path = ship / "edge" / "first_int8.tflite"
    content = bytearray(path.read_bytes())
    content[-100] ^= 1
    path.write_bytes(content)
    status, out, _ = kerasae("verify", ship)
    assert status == 1
    assert "FAILED  edge/first_int8.tflite: changed since it was exported (checksum)" in out


@pytest.mark.slow
def test_a_default_export_leaves_out_what_fails_with_a_warning(run, kerasae, tmp_path):
    status, out, err = kerasae("export", run, "--out", tmp_path / "ship", "--tolerance", "max_deviation=0.01")
    assert status == 0
    warned = [line for line in err.splitlines() if "was left out" in line]
    assert warned
    assert all(line.startswith("kerasae: warning: edge/") and "max_deviation" in line for line in warned)
    assert "_float32.tflite" in out
    assert "_int8.tflite" not in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["export", "{run}"], "--out"),
        (["export", "{none}", "--out", "{new}"], "Expected a finished run"),
        (["export", "{run}", "--out", "{kept}"], "which is kept as it is"),
        (["export", "{run}", "--out", "{new}", "--format", "tflit"], "'tflit' is not one of"),
        (["export", "{run}", "--out", "{new}", "--precision", "int4"], "'int4' is not one of"),
        (["export", "{run}", "--out", "{new}", "--tolerance", "decisions"], "MEASURE=NUMBER, received"),
        (["export", "{run}", "--out", "{new}", "--tolerance", "decision=1"], "did you mean 'decisions'"),
        (
            ["export", "{run}", "--out", "{new}", "--format", "tflite", "--tolerance", "decisions=2"],
            "does not agree with its model",
        ),
        (["export", "{run}", "--out", "{new}", "--size", "64"], "HEIGHTxWIDTH in pixels, such as 480x640"),
        (["export", "{run}", "--out", "{new}", "--size", "16x16"], "Expected a model whose code is a map"),
        (["verify", "{none}"], "Expected an export bundle"),
    ],
)
def test_exports_that_are_refused_say_why_in_one_line(run, kerasae, tmp_path, arguments, message):
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "mine.txt").write_text("mine")
    places = {"run": run, "none": tmp_path / "none", "new": tmp_path / "new", "kept": tmp_path / "kept"}
    status, out, err = kerasae(*(argument.format(**places) for argument in arguments))
    assert (status, out) == (2, "")
    assert message in err
    assert len(err.strip().splitlines()) == 1
    assert not (tmp_path / "new").exists()
    assert [path.name for path in (tmp_path / "kept").iterdir()] == ["mine.txt"]
