"""The command line as a user meets it: real processes, and what bad input gets."""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from kerasae import Run, load_model, registry
from kerasae.cli import main
from kerasae.cli._options import outline
from kerasae.recipe import Recipe
from kerasae.runs import new_folder, run_recipe
from kerasae.workflows import apply, compare_families, evaluate
from kerasae.workflows.comparison.folder import ComparisonFolder

QUICK = ["--epochs", "3", "--set", "network.widths=[16]"]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "vae"
    with pytest.raises(SystemExit) as exit_:
        main(["train", "digits", "--model", "variational", "--out", str(folder), *QUICK])
    assert exit_.value.code == 0
    return folder


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
    assert run_python(script, *arguments).strip()


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


def test_a_workflow_prints_nothing_and_returns_what_the_command_prints(run, capsys):
    evaluation = evaluate(run)
    assert evaluation.to_dict() == json.loads((run / "metrics.json").read_text())
    (pca, model) = evaluation.figures["entries"]
    assert evaluation.headings == ["", "pca", "variational"]
    errors = [f"{entry['seeds'][0]['error']:.5f}" for entry in (pca, model)]
    assert evaluation.table()[0] == ["test error", *errors]
    assert evaluation.sentences == evaluation.figures["verdicts"]
    with pytest.raises(FileExistsError, match="does not exist yet"):
        apply("reduction", run, run)
    assert capsys.readouterr().out == ""


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


def test_a_recipe_repeats_a_run(run, kerasae, tmp_path):
    status, _, err = kerasae("train", "--recipe", run / "recipe.json", "--out", tmp_path / "again")
    assert status == 0, err
    a, b = load_model(run), load_model(tmp_path / "again")
    for one, two in zip(a.get_weights(), b.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)


def test_compare_runs_on_the_same_data(run, kerasae, tmp_path):
    kerasae("train", "digits", "--model", "sparse", "--out", tmp_path / "b", *QUICK)
    status, out, err = kerasae("compare", run, tmp_path / "b", "--json", "--out", tmp_path / "page")
    assert status == 0, err
    names = [entry["name"] for entry in json.loads(out)["entries"]]
    assert names == ["pca", str(run), str(tmp_path / "b")]
    assert (tmp_path / "page" / "report.html").is_file()
    kerasae("train", "digits", "--set", "data.seed=5", "--out", tmp_path / "c", *QUICK)
    status, _, err = kerasae("compare", run, tmp_path / "c")
    assert status == 2
    assert "Expected runs on the same data" in err


def test_data_are_read_once(kerasae, tmp_path, monkeypatch):
    # Reading is much of the time of a large table, and two copies of its splits much of the memory.
    read, load = [], Recipe.load
    monkeypatch.setattr(Recipe, "load", lambda self, *a: read.append(self.data["name"]) or load(self, *a))
    for name in ("a", "b"):
        assert kerasae("train", "digits", "--out", tmp_path / name, *QUICK)[0] == 0
    assert read == ["digits", "digits"]
    assert kerasae("compare", tmp_path / "a", tmp_path / "b")[0] == 0
    assert read == ["digits"] * 3


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.links, self.images, self.text = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        for key, value in attrs:
            if key in ("src", "href"):
                (self.images if tag == "img" else self.links).append(value)

    def handle_data(self, data):
        self.text.append(data)


@pytest.mark.slow
def test_compare_trains_every_family_and_writes_a_page(kerasae, tmp_path):
    out = tmp_path / "first"
    status, text, err = kerasae("compare", "digits", "--out", out, "--seeds", 2, *QUICK)
    assert status == 0, err
    for family in ["pca", *registry.names("model")]:
        assert family in text
    result = json.loads((out / "metrics.json").read_text())
    assert all(len(entry["seeds"]) == 2 for entry in result["entries"] if entry["name"] != "pca")
    errors = [seed["error"] for entry in result["entries"][1:] for seed in entry["seeds"]]
    assert len(set(errors)) == len(errors), "seeds must differ"
    page = Page((out / "report.html").read_text())
    assert not page.links
    assert len(page.images) == 3
    assert all(image.startswith("data:image/png;base64,") for image in page.images)
    # Three epochs beat nothing, and the page says so.
    assert "does not beat PCA" in " ".join(page.text)
    assert load_model(out / "variational").latent_dim == 8


@pytest.mark.slow
def test_compare_is_the_same_at_any_number_of_jobs(kerasae, tmp_path):
    found = []
    for jobs in (1, 2):
        status, out, _ = kerasae(
            "compare", "digits", "--models", "undercomplete", "--seeds", 2, "--jobs", jobs, "--json", *QUICK
        )
        assert status == 0
        found.append([seed["error"] for seed in json.loads(out)["entries"][1]["seeds"]])
    # Sums are taken in another order by another number of threads.
    np.testing.assert_allclose(*found, rtol=1e-3)


@pytest.fixture
def small_table(tmp_path):
    """A CSV file of two columns."""
    values = np.random.default_rng(0).normal(size=(120, 2))
    pd.DataFrame(values, columns=["width", "height"]).to_csv(tmp_path / "sizes.csv", index=False)
    return tmp_path / "sizes.csv"


@pytest.mark.slow
def test_a_comparison_goes_on_after_a_training_that_failed(kerasae, small_table, tmp_path):
    """Where all that was finished went with the one that failed."""
    out = tmp_path / "compared"
    arguments = ["compare", small_table, "--models", "undercomplete,sparse", "--jobs", 1, "--epochs", 2]
    settings = {"network.latent_dim": 1, "train.epochs": 2}
    recipe = Recipe.of(source=str(small_table)).override(settings)

    def stand_in_the_way(family, seed, epoch, loss):
        if epoch == 0:
            (out / "sparse").write_text("A file where the next run goes.")

    with pytest.raises(OSError, match=r"exists: .*sparse.*This ended the training of 'sparse' with seed 0"):
        compare_families(recipe, ["undercomplete", "sparse"], 2, out=out, jobs=1, progress=stand_in_the_way)
    finished = (out / "undercomplete" / "model.keras").read_bytes()
    arguments += ["--latent-dim", 1, "--out", out, "--seeds", 2]
    status, _, err = kerasae(*arguments)
    assert status == 2 and "exists" in err
    assert f"Kept 1 finished training in {out}; the same command goes on" in err
    status, _, err = kerasae(*arguments, "--seed", 3)
    assert status == 2 and "the interrupted comparison" in err and err.count("\n") == 1
    (out / "sparse").unlink()
    status, text, err = kerasae(*arguments)
    assert status == 0, err
    assert "Columns of sizes" in text and text.count("Columns of") == 1
    assert (out / "undercomplete" / "model.keras").read_bytes() == finished
    entries = json.loads((out / "metrics.json").read_text())["entries"]
    assert [len(entry["seeds"]) for entry in entries] == [1, 2, 2]
    names = {path.name for path in out.iterdir()}
    assert names == {"metrics.json", "report.html", "undercomplete", "sparse"}
    # All seeds of an uninterrupted comparison, but for seconds.
    status, whole, _ = kerasae(*arguments[:-4], "--seeds", 2, "--json")
    for entry, again in zip(entries, json.loads(whole)["entries"], strict=True):
        for one, other in zip(entry["seeds"], again["seeds"], strict=True):
            assert one["error"] == pytest.approx(other["error"], rel=1e-5)


def test_tune_says_how_columns_were_read(kerasae, small_table, tmp_path):
    """Once, and before anything is trained."""
    arguments = ["tune", small_table, "--objective", "auroc", "--out", tmp_path / "tuned"]
    status, out, err = kerasae(*arguments)
    assert status == 2 and "label" in err
    assert out.count("Columns of sizes") == 1 and "width" in out
    assert kerasae(*arguments, "--json")[1] == ""


def bad_inputs(folder):
    """Arguments and what the one line must say."""
    good = np.random.default_rng(0).normal(size=(50, 4)).astype("float32")

    def file(name, array, **more):
        np.save(folder / name, array, **more)
        return folder / name

    spoiled, constant = good.copy(), good.copy()
    spoiled[3, 1] = np.nan
    constant[:] = 1
    (folder / "text.npy").write_text("hello")
    (folder / "broken.json").write_text("{")
    (folder / "kept").mkdir()
    (folder / "kept" / "a.txt").write_text("mine")
    out = ["--out", folder / "new"]
    train = ["train", "digits", *out]
    return [
        (["tarin"], "did you mean 'train'"),
        (["train", "digit", *out], "did you mean 'digits'"),
        ([*train, "--model", "variatonal"], "did you mean 'variational'"),
        ([*train, "--network", "dens"], "did you mean 'dense'"),
        ([*train, "--set", "network.drop\nout=1"], r"`network.drop\nout`; did you mean 'dropout'"),
        ([*train, "--loss", "bernouli"], "did you mean 'bernoulli'"),
        ([*train, "--loss", "gausian", "--model", "variational"], "did you mean 'gaussian'"),
        ([*train, "--set", "model.betta=1", "--model", "variational"], "did you mean 'beta'"),
        ([*train, "--set", "modle.beta=1"], "section"),
        ([*train, "--set", "nonsense"], "section.name=value"),
        (
            [*train, "--model", "variational", "--set", "model.beta=high"],
            "must be of type float",
        ),
        ([*train, "--set", "network.widths=wide"], "of type list[int] | None, received"),
        ([*train, "--model", "sparse", "--set", "model.penalty=l2"], "of type 'l1' | 'kl' | None"),
        ([*train, "--model", "variational", "--set", "model.beta=-1"], "`beta` must be non-negative"),
        ([*train, "--set", "train.seed=true"], "`train.seed` must be of type int"),
        ([*train, "--latent-dim", "0"], "`latent_dim` must be a positive integer"),
        ([*train, "--latent-dim", "many"], "'many' is not a valid integer"),
        ([*train, "--epochs", "0"], "`epochs` must be a positive integer"),
        ([*train, "--learning-rate", "-1"], "`learning_rate` must be positive"),
        ([*train, "--batch-size", "0"], "`batch_size` must be a positive integer"),
        ([*train, "--labels", "y"], "--labels has no meaning for the source 'digits'"),
        ([*train, "--set", "network.activation=rellu"], "did you mean 'relu'"),
        ([*train, "--set", "network.dropout=1.5"], "`dropout` must be in [0, 1)"),
        ([*train, "--set", "train.optimizer=adm"], "did you mean 'adam'"),
        ([*train, "--model", "denoising", "--set", "model.corruption=masked"], "did you mean 'masking'"),
        ([*train, "--model", "denoising", "--set", "model.level=-1"], "`level` must be non-negative"),
        (
            [*train, "--model", "sparse", "--set", "model.penalty=kl", "--set", "model.code_activation=relu"],
            "[0, 1]",
        ),
        ([*train, "--model", "sparse", "--set", "model.k=99"], "`k` must not exceed the code size 8"),
        ([*train, "--model", "contractive", "--set", "network.normalization=batch"], "without normalisation"),
        ([*train, "--set", "model.encoder=1"], "supplied by the recipe"),
        ([*train, "--recipe", folder / "none.json"], "Expected a recipe file"),
        ([*train, "--recipe", folder / "broken.json"], "Expected a recipe in JSON"),
        ([*train, "--no-such-flag"], "No such option"),
        (["train", "digits"], "--out"),
        (["train", *out], "Expected a source"),
        (["train", folder / "missing.npy", *out], "found none at"),
        (["train", folder / "text.npy", *out], "cannot be read as one: no NumPy header"),
        (["train", file("complex.npy", good + 1j), *out], "Expected real numbers"),
        (["train", file("objects.npy", np.array([[{}]]), allow_pickle=True), *out], "never unpickled"),
        (["train", file("empty.npy", good[:0]), *out], "at least 2 rows"),
        (["train", file("one.npy", good[:1]), *out], "at least 2 rows"),
        (["train", file("nan.npy", spoiled), *out], "1 NaN or infinite values, the first at row 3, column 1"),
        (["train", file("constant.npy", constant), "--batch-size", "8", *out], "a feature that varies"),
        (
            [
                "train",
                file("range.npy", good),
                "--loss",
                "bernoulli",
                "--batch-size",
                "8",
                "--latent-dim",
                "2",
                *out,
            ],
            "needs x in [0, 1]",
        ),
        (["train", "digits", "--out", folder / "kept"], "does not exist yet"),
        (["compare", "digits", "--out", folder / "kept"], "does not exist yet"),
        (["train", "digits", "--out", folder / "text.npy" / "a"], "can be written for --out"),
        (["compare", "digits", "--out", "/proc/a/b"], "can be written for --out"),
        (["compare", "digits", "--models", "sparse,dense"], "Unknown model 'dense'"),
        (["compare", "digits", "elsewhere"], "no finished run"),
        (["compare", "digits", "--seeds", "0"], "--seeds"),
        (["evaluate", folder / "none"], "Expected a finished run"),
        (["show", "modle"], "did you mean 'model'"),
        (["show", "model", "vae"], "Unknown model 'vae'"),
        (["train", "tfds:mnist", "--set", f"data.data_dir={folder}", *out], "has not prepared"),
        (["train", "tfds:", *out], "NAME:VERSION of a TFDS data set, received ''"),
        (["train", "tfds:mnist:9.9.9", *out], "cannot be loaded at version 9.9.9, only: 3.0.1."),
        (["train", "tfds:mnist/no", *out], "BuilderConfig no not found"),
    ]


def test_bad_input_gets_one_line_and_status_2(kerasae, tmp_path):
    wrong = []
    for arguments, expected in bad_inputs(tmp_path):
        before = sorted(tmp_path.rglob("*"))
        status, _, err = kerasae(*arguments)
        problems = []
        if status != 2:
            problems.append(f"status {status}")
        if not re.fullmatch(r"kerasae: [^\n]+\n", err):
            problems.append(f"expected one line, received {err!r}")
        if expected not in err:
            problems.append(f"expected {expected!r} in {err!r}")
        if "Traceback" in err:
            problems.append("a traceback")
        if sorted(tmp_path.rglob("*")) != before:
            problems.append("files were left behind")
        if problems:
            wrong.append((" ".join(map(str, arguments)), problems))
    assert not wrong
    assert (tmp_path / "kept" / "a.txt").read_text() == "mine"


def test_debug_shows_the_traceback(kerasae):
    with pytest.raises(ValueError, match="Unknown source"):
        main(["--debug", "train", "digit", "--out", "x"])


def test_a_wide_code_is_warned_of(tmp_path, kerasae):
    out = tmp_path / "a"
    status, printed, err = kerasae("train", "digits", "--latent-dim", "100", "--out", out, *QUICK)
    assert status == 0
    assert "PCA is exact at this code size" in printed
    warned = [line for line in err.splitlines() if "may learn the identity" in line]
    assert len(warned) == 1
    assert warned[0].startswith("kerasae: warning: ")
    # PCA has no more components than features.
    sizes = [e["seeds"][0]["latent_dim"] for e in json.loads((out / "metrics.json").read_text())["entries"]]
    assert sizes == [64, 100]


def test_a_training_that_fails_leaves_nothing(tmp_path, kerasae):
    status, _, err = kerasae(
        "train", "digits", "--learning-rate", "1e30", "--set", "train.optimizer=sgd", "--out", tmp_path / "a"
    )
    assert status == 2
    assert "The loss became" in err
    assert not (tmp_path / "a").exists()


def test_of_two_commands_with_one_folder_the_first_has_it(tmp_path):
    recipe = Recipe.of("undercomplete", source="digits", latent_dim=2, train={"epochs": 1})
    out = tmp_path / "run"

    def other_is_first(data):
        out.mkdir()
        (out / "theirs").touch()

    with pytest.raises(FileExistsError, match="a folder that does not exist yet for --out"):
        run_recipe(recipe, out, on_data=other_is_first)
    comparison = ComparisonFolder(tmp_path / "all", 0)
    comparison.check(recipe)
    (tmp_path / "all" / "theirs").mkdir(parents=True)
    with pytest.raises(FileExistsError, match="a folder that does not exist yet for --out"):
        comparison.begin(recipe, None)
    assert comparison.give_up() == 0
    assert [path.name for path in tmp_path.glob("*/*")] == ["theirs", "theirs"]
    # A folder that is being written is left alone; what a killed command left goes.
    killed = tmp_path / ".new.unfinished" / "a"
    killed.mkdir(parents=True)
    with new_folder(tmp_path / "new") as folder:
        (folder / "b").touch()
        with pytest.raises(FileExistsError, match="no other command writes"), new_folder(tmp_path / "new"):
            pass
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["b"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["all", "new", "run"]


def test_show_prints_signature_and_docstring(kerasae):
    status, out, _ = kerasae("show", "model", "variational")
    assert status == 0
    assert "beta: float = 1.0" in out
    assert "corruption:" in out, "arguments of the base class are shown too"
    assert "Kingma and Welling" in out
    for room in registry.ROOMS:
        assert kerasae("show", room)[0] == 0


@pytest.mark.parametrize("how", [pytest.param(signal.SIGINT, marks=pytest.mark.slow), signal.SIGKILL])
def test_an_interrupted_training_resumes_to_the_same_model(tmp_path, kerasae, how):
    """Killed in the middle and resumed, a training ends with the weights of one that was left alone."""
    arguments = ["train", "digits", "--model", "denoising", "--epochs", "150", "--set", "train.patience=150"]
    arguments += ["--set", "network.widths=[16]", "--set", "network.dropout=0.1"]
    arguments += ["--set", "train.checkpoint_seconds=0.2"]
    out = tmp_path / "killed"
    command = [sys.executable, "-m", "kerasae", *arguments, "--out", str(out)]
    for _ in range(5):
        _stop_at_a_checkpoint(command, out, how)
        if not (out / "model.keras").is_file():
            break
        # The training was over before the signal was heard.
        shutil.rmtree(out)
    epoch = json.loads((out / "checkpoint" / "state.json").read_text())["epoch"]
    assert 0 < epoch < 150
    status, _, err = kerasae("train", "--resume", "--out", out)
    assert status == 0, err
    kerasae(*arguments, "--out", tmp_path / "whole")
    one, two = load_model(out), load_model(tmp_path / "whole")
    for a, b in zip(one.get_weights(), two.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    rows = [(folder / "history.csv").read_text().splitlines() for folder in (out, tmp_path / "whole")]
    assert len(rows[0]) == len(rows[1]) == 151
    assert not (out / "checkpoint").exists()


def _stop_at_a_checkpoint(command, out, how):
    """Start a training, wait for its first checkpoint, and send the signal until the process has ended."""
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not (out / "checkpoint" / "state.json").is_file():
        assert process.poll() is None, "it ended before there was a checkpoint"
        assert time.monotonic() < deadline
        time.sleep(0.05)
    # Python drops a KeyboardInterrupt that falls into a destructor; who pressed Ctrl-C presses it again.
    while process.poll() is None:
        process.send_signal(how)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.5)


@pytest.mark.slow
def test_a_command_that_a_scheduler_stops_leaves_nothing(tmp_path):
    arguments = ["compare", "digits", "--models", "undercomplete", "--epochs", "5000", "--jobs", "1"]
    command = [sys.executable, "-m", "kerasae", *arguments, "--out", str(tmp_path / "new")]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not [*tmp_path.iterdir()]:
        assert process.poll() is None, "it ended before it wrote"
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.terminate()
    assert process.wait(60) == 128 + signal.SIGTERM
    assert not [*tmp_path.iterdir()]


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


@pytest.mark.parametrize(
    ("arguments", "variables", "said"),
    [
        (["--worker"], {}, "Expected --chief HOST:PORT beside --worker"),
        (["--worker", "--chief", "h:1", "--seed", "1"], {}, "A worker has its settings from the chief"),
        (["--chief", "8000"], {}, "Expected --chief HOST:PORT, as 10.0.0.1:8000, received '8000'"),
        (["--chief", "h:99999"], {}, "received 'h:99999'"),
        ([], {"KERASTUNER_ORACLE_IP": "h"}, "expected KERASTUNER_TUNER_ID and KERASTUNER_ORACLE_PORT"),
    ],
)
def test_a_host_that_cannot_have_a_part_in_a_search_says_why(
    kerasae, tmp_path, monkeypatch, arguments, variables, said
):
    for key, value in variables.items():
        monkeypatch.setenv(key, value)
    source = [] if "--worker" in arguments else ["digits"]
    code, _, errors = kerasae("tune", *source, "--out", tmp_path / "tuned", *arguments)
    assert code == 2 and said in errors
    assert not (tmp_path / "tuned").exists()


def test_an_address_that_cannot_be_had_is_named_and_leaves_nothing(kerasae, tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        where = f"127.0.0.1:{taken.getsockname()[1]}"
        code, _, errors = kerasae("tune", "digits", "--out", tmp_path / "tuned", "--chief", where)
    assert code == 2 and f"Expected an address of this host to listen at, received {where}" in errors
    assert errors.count("\n") == 1 and not (tmp_path / "tuned").exists()


def test_help_says_what_happens_without_an_option():
    """`None` is a word of Python: no page of help sends a reader to it."""
    for name in registry.names("application"):
        for argument in outline(registry.source_of("application", name))[1]:
            assert "None" not in argument.help, f"{name} --{argument.name}: {argument.help}"
            assert "Defaults to" not in argument.help, f"{name} --{argument.name}: {argument.help}"
