"""Callbacks by their import path: how they are found, stored, and had again."""

import contextlib
import io
import json
import sys

import keras
import numpy as np
import pytest
from kerasae.tuning import AutoencoderHyperModel, Space
from stopped import Fail

from kerasae import Recipe, Run
from kerasae.arguments import parse_call
from kerasae.runs import run_recipe
from kerasae.training import callbacks_of
from kerasae.workflows import compare_families, train, tune
from kerasae.workflows.comparison.trainings import _train_one
from kerasae.workflows.training import resumed

#: A module of a user. It notes each epoch in a file, and says so.
MODULE = """
import keras


class Noting(keras.callbacks.Callback):
    def __init__(self, path="noted.txt", word="epoch"):
        super().__init__()
        self.path, self.word = path, word

    def on_epoch_end(self, epoch, logs=None):
        print("printed by a callback")
        with open(self.path, "a") as file:
            file.write(f"{self.word} {epoch + 1}\\n")


class Outer:
    Inner = Noting


def made(word):
    return Noting(word=word)


def fails():
    raise RuntimeError("no such device")


def number():
    return 3


value = 3
"""


@pytest.fixture
def module(tmp_path, monkeypatch):
    """A module of a user in the working folder."""
    (tmp_path / "noting.py").write_text(MODULE)
    (tmp_path / "broken.py").write_text("import nothing_of_this_name\n")
    monkeypatch.chdir(tmp_path)
    path = [*sys.path]
    yield tmp_path
    sys.path[:] = path
    for name in ("noting", "broken"):
        sys.modules.pop(name, None)


@pytest.fixture
def recipe(module):
    """A training of three epochs on a small file, with a checkpoint after each."""
    np.save(module / "rows.npy", np.random.default_rng(0).normal(size=(60, 4)).astype("float32"))
    settings = {"epochs": 3, "batch_size": 32, "checkpoint_seconds": 0.0}
    return Recipe.of(source="rows.npy", latent_dim=2, network={"widths": [4]}, train=settings)


def noted(folder):
    return (folder / "noted.txt").read_text().splitlines()


@pytest.mark.parametrize(
    ("text", "name", "arguments"),
    [
        ("a.b:C", "a.b:C", {}),
        (" a:B() ", "a:B", {}),
        ('a:B(n=5, x=-1e-3, s="t, (u)")', "a:B", {"n": 5, "x": -1e-3, "s": "t, (u)"}),
        ("a:B(w=word, t=true, f=False, n=null)", "a:B", {"w": "word", "t": True, "f": False, "n": None}),
        ("a:B(many=[1, 2], one={'k': (3,)})", "a:B", {"many": [1, 2], "one": {"k": (3,)}}),
    ],
)
def test_a_call_is_read_as_it_is_written(text, name, arguments):
    assert parse_call(text) == (name, arguments)


@pytest.mark.parametrize(
    "text", ["a:B(", "a:B(1)", "a:B(**x)", "a:B(x=f(1))", "a:B(x=1)(y=2)", "a:B(x=1) + 1"]
)
def test_a_call_that_is_none_is_refused(text):
    with pytest.raises(ValueError, match="Expected NAME"):
        parse_call(text)


def test_classes_functions_and_inner_names_make_callbacks(module):
    paths = [
        "noting:Noting(word=a)",
        "noting:made(word='b')",
        "noting:Outer.Inner",
        "keras.callbacks:TerminateOnNaN",
    ]
    made = callbacks_of(paths)
    assert [getattr(one, "word", None) for one in made] == ["a", "b", "epoch", None]
    assert isinstance(made[3], keras.callbacks.TerminateOnNaN)
    assert callbacks_of(["noting:Noting"])[0] is not callbacks_of(["noting:Noting"])[0]
    own = keras.callbacks.Callback()
    assert callbacks_of([own]) == [own]
    with pytest.raises(TypeError, match="must hold callbacks of Keras or their import paths"):
        callbacks_of([3])


#: Import paths that lead nowhere, and what the one line says.
WRONG = [
    ("noting", "a colon stands before the name"),
    ("nothing.of.this:Name", "cannot be imported (ModuleNotFoundError: No module named 'nothing'"),
    ("broken:Name", "No module named 'nothing_of_this_name'"),
    ("noting:Notin", "did you mean 'Noting'?"),
    ("noting:value", "which is of type int"),
    ("noting:Noting(patience=3)", "got an unexpected keyword argument 'patience'"),
    ("noting:made", "missing a required argument: 'word'"),
    ("noting:Noting(5)", "Expected NAME or NAME(key=value"),
]


@pytest.mark.parametrize(("path", "message"), WRONG)
def test_a_wrong_path_is_one_line_before_anything_is_read(module, kerasae, monkeypatch, path, message):
    monkeypatch.setattr(Recipe, "load", lambda *_: pytest.fail("data were read"))
    np.save("rows.npy", np.zeros((9, 2), "float32"))
    for command in ("train", "tune", "compare"):
        preset = ["--preset", "detector"] if command == "train" else []
        status, out, err = kerasae(command, "rows.npy", "--out", "new", "--callback", path, *preset)
        assert (status, out) == (2, "")
        assert message in err and err.startswith("kerasae: ") and err.count("\n") == 1, err
        assert not (module / "new").exists()


@pytest.mark.parametrize(
    ("path", "message"),
    [("noting:fails", "RuntimeError: no such device"), ("noting:number", "which returns int")],
)
def test_what_cannot_be_made_ends_before_anything_is_read(recipe, monkeypatch, path, message):
    monkeypatch.setattr(Recipe, "load", lambda *_: pytest.fail("data were read"))
    with pytest.raises(ValueError, match=message):
        train(recipe.override({"train.callbacks": [path]}), "new")


def test_a_recipe_holds_paths_and_no_objects(recipe):
    with pytest.raises(TypeError, match="of a recipe must hold import paths"):
        recipe.override({"train.callbacks": [keras.callbacks.Callback()]})
    with pytest.raises(TypeError, match=r'a list of one is \["noting:Noting"\]'):
        recipe.override({"train.callbacks": "noting:Noting"})


def test_the_command_stores_the_path_and_a_resumed_training_has_it_again(recipe, module, kerasae):
    path = "noting:Noting(word=seen)"

    def stop(model):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(recipe.override({"train.callbacks": [path]}), "run", callbacks=[Fail(stop, 2)])
    assert noted(module) == ["seen 1"]
    status, out, err = kerasae("train", "--resume", "--out", "run")
    assert status == 0, err
    assert noted(module) == ["seen 1", "seen 2", "seen 3"]
    assert json.loads((module / "run" / "recipe.json").read_text())["train"]["callbacks"] == [path]
    assert "printed by a callback" not in out and "printed by a callback" in err


def test_a_resumed_training_may_have_another_callback(recipe, module):
    def stop(model):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_recipe(recipe.override({"train.callbacks": ["noting:Noting"]}), "run", callbacks=[Fail(stop, 2)])
    again = resumed("run", {"train.callbacks": ["noting:made(word=other)"]})
    run_recipe(again, "run", resume=True)
    assert noted(module) == ["epoch 1", "other 2", "other 3"]


def test_a_run_is_read_where_its_callback_is_not_there(recipe, module):
    run_recipe(recipe.override({"train.callbacks": ["noting:Noting"], "train.epochs": 1}), "run")
    (module / "noting.py").unlink()
    sys.modules.pop("noting")
    assert Run.open("run").recipe.train["callbacks"] == ["noting:Noting"]
    assert Run.open("run").model.latent_dim == 2


def test_each_training_of_a_comparison_has_it(recipe, module):
    events = type("Events", (), {"put": lambda *_: None})()
    errors = io.StringIO()
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(errors):
        seeded = recipe.override({"train.callbacks": ["noting:Noting"], "train.seed": 0})
        _train_one(seeded, None, None, events)
    assert noted(module) == ["epoch 1", "epoch 2", "epoch 3"]
    assert out.getvalue() == "" and "printed by a callback" in errors.getvalue()


def test_each_trial_of_a_search_has_it(recipe, module):
    import keras_tuner

    hypermodel = AutoencoderHyperModel(
        recipe.override({"train.callbacks": ["noting:Noting"]}), space=Space(latent_dims=(2,), depths=(1, 1))
    )
    hp = keras_tuner.HyperParameters()
    hypermodel.build(hp)
    hypermodel.fit(hp, hypermodel.build(hp), callbacks=[keras.callbacks.TerminateOnNaN()])
    assert noted(module) == ["epoch 1", "epoch 2", "epoch 3"]


def test_workflows_of_many_trainings_take_paths(recipe, monkeypatch):
    from kerasae.tuning import Settings

    monkeypatch.setattr(Recipe, "load", lambda *_: pytest.fail("data were read"))
    for call in (
        lambda: compare_families(recipe, callbacks=["noting:Notin"]),
        lambda: tune(Settings(recipe), "new", callbacks=["noting:Notin"]),
    ):
        with pytest.raises(ValueError, match="did you mean 'Noting'"):
            call()
