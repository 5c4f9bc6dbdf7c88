"""Bad input gets one line and status 2."""

import re
import socket

import numpy as np
import pytest

from kerasae import registry
from kerasae.cli import main
from kerasae.cli._options import outline


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
        (["train", "images", *out], "Expected the path after 'images', as images:PATH"),
        (["train", folder / "missing.npy", *out], "found no such file or folder"),
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
        (["tune", "digits", "--latent-dims", "4", "8", *out], "are written with commas, such as 4,8,16"),
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


def test_a_source_without_its_path_says_so(kerasae, tmp_path):
    status, _, err = kerasae("train", "mnist", "--out", tmp_path / "a")
    assert status == 2 and "A path or tfds:NAME is one too." in err


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
