"""A fitted application that was stored is the one that was fitted, without the training data."""

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from small_logs import sines

from kerasae import Recipe, registry
from kerasae.applications import Application, Finding, is_kept
from kerasae.applications._kept import Kept
from kerasae.baselines import PCA
from kerasae.data import NO_ROWS, Split, array_spec, make_data
from kerasae.preprocessing.identity import Identity
from kerasae.workflows import train

#: Kind of examples, family and code size of each run. An application gets the first one that suits it.
TRAINED = {
    "image": ("image", "variational", 3),
    "vector": ("vector", "contractive", 3),
    "vector, variational": ("vector", "variational", 3),
    "table": ("table", "variational", 3),
    "text": ("text", "sparse", 6),
    "series": ("series", "variational", 3),
}
#: Arguments of the sources.
ARGUMENTS = {
    "table": {"labels": "kind"},
    "series": {"time": "time", "window": 6, "labels": "kind"},
}
#: Arguments that make an application quick, or that give it something to do.
SETTINGS = {
    "clustering": {"clusters": 3, "refine": True, "epochs": 1},
    "pretraining": {"steps": 20, "draws": 1},
    "generation": {"count": 8, "attribute": "1"},
    "denoising": {"noise": "gaussian", "level": 0.2},
}
#: Extensions of what is compared byte by byte; an archive holds times.
COMPARED = (".csv", ".txt", ".json", ".npy")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder with the runs."""
    home = tmp_path_factory.mktemp("home")
    rng = np.random.default_rng(0)
    labels = np.tile([0, 1, 2], 80)
    centres = rng.normal(size=(3, 64))
    rows = centres[labels] + 0.3 * rng.normal(size=(240, 64))
    grey = np.clip(128 + 40 * rows, 0, 255).astype("uint8").reshape(-1, 8, 8)
    np.savez(home / "image.npz", x=grey, y=labels)
    np.savez(home / "vector.npz", x=rows[:, :12].astype("float32"), y=labels)
    frame = pd.DataFrame(rows[:, :4].round(3), columns=[*"abcd"])
    frame["colour"] = np.array(["red", "green", "blue"])[labels]
    frame["seen"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 300, 240), unit="D")
    frame["again"] = rng.random(240) < 0.3
    frame = frame.mask(rng.random(frame.shape) < 0.05)
    frame["kind"] = labels
    frame.to_csv(home / "table.csv", index=False)
    log = sines(400, gaps=range(350, 352))
    log["kind"] = np.arange(400) // 10 % 3
    log.to_csv(home / "series.csv", index=False)
    words = np.array(["cat", "dog", "bird", "sees", "eats", "hears", "the", "red", "big", "small", "now"])
    (home / "text.txt").write_text("\n".join(" ".join(rng.choice(words, 5)) for _ in range(240)))
    for place, (kind, family, latent_dim) in TRAINED.items():
        [path] = home.glob(f"{kind}.*")
        recipe = Recipe.of(
            family,
            source=f"series:{path}" if kind == "series" else str(path),
            latent_dim=latent_dim,
            data=ARGUMENTS.get(kind, {}),
            train={"epochs": 2},
        )
        train(recipe, home / place)
    return home


def cases():
    for name in registry.names("application"):
        needs_numbers = registry.resolve("application", name).needs_numbers
        for kind in registry.names("kind"):
            if needs_numbers and not registry.resolve("kind", kind).has_numbers:
                continue
            if (name, kind) != ("pretraining", "text"):  # these texts have no labels
                yield name, kind


@pytest.mark.slow
@pytest.mark.parametrize(("name", "kind"), [*cases()])
def test_a_stored_application_is_the_fitted_one(name, kind, trained, tmp_path):
    from kerasae.runs import Run

    member = registry.resolve("application", name)
    runs = [Run.open(trained / place) for place, (of, *_) in TRAINED.items() if of == kind]
    run = next(run for run in runs if not member.refusal(run.model))
    settings = dict(SETTINGS.get(name, {}))
    if kind == "text":
        settings.pop("attribute", None)
        settings.pop("refine", None), settings.pop("epochs", None)
    fitted = member(run.model, **settings).fit(run.data)
    fitted.save(tmp_path / "kept")
    loaded = member.load(tmp_path / "kept", Run.open(run.folder).model, **settings)
    # As for new examples: no other rows are there.
    bare = dataclasses.replace(run.data, train=NO_ROWS, validation=NO_ROWS, calibration=NO_ROWS)
    written = []
    for one, folder in ((fitted, tmp_path / "first"), (loaded, tmp_path / "second")):
        folder.mkdir()
        finding = one.report(bare, folder)
        content = {
            path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()
        }
        text = {path: value for path, value in content.items() if path.suffix in COMPARED}
        written.append((finding.figures, finding.sentences, finding.notes, text, sorted(content)))
    for first, second in zip(*written, strict=True):
        assert first == second
    # Without labels some have no metric that decides.
    assert finding.decisive in finding.figures or (not finding.decisive and kind == "text")
    # Stored again it is the same once more.
    loaded.save(tmp_path / "again")
    of_this_use = {key: value for key, value in settings.items() if key in member.only_reported}
    again = member.load(tmp_path / "again", run.model, **of_this_use)
    assert again.report(bare, None).figures == written[0][0]
    # Beside the training rows it says what the fitted one says.
    assert loaded.report(run.data, None).figures == fitted.report(run.data, None).figures


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("clustering", {"clusters": 2}),
        pytest.param("generation", {"count": 4, "components": 1}, marks=pytest.mark.slow),
    ],
)
def test_images_are_drawn_in_the_range_of_the_training_images(name, settings, tmp_path):
    # Floating-point images state no range. The examples are darker than the training images.
    images = np.random.default_rng(0).normal(size=(60, 4, 4, 1)).astype("float32")
    data = make_data("float", array_spec(images), images).with_preprocessor(Identity(array_spec(images)))
    pca, member = PCA(2).fit(data), registry.resolve("application", name)
    fitted = member(pca, **settings).fit(data)
    fitted.save(tmp_path / "kept")
    darker = dataclasses.replace(data, test=Split(data.test.examples / 10))
    bare = dataclasses.replace(darker, train=NO_ROWS, validation=NO_ROWS)
    loaded = member.load(tmp_path / "kept", pca, **settings)
    drawn = []
    for application, rows, folder in ((fitted, darker, tmp_path / "one"), (loaded, bare, tmp_path / "other")):
        folder.mkdir()
        application.report(rows, folder)
        drawn.append({path.name: path.read_bytes() for path in folder.rglob("*.png")})
    assert drawn[0] and drawn[0] == drawn[1]


class Sum(Application):
    """An application of one number, for the tests of the storage."""

    only_reported = ("shown",)

    def __init__(self, codec, *, factor=1.0, shown=3):
        super().__init__(codec)
        self.factor, self.shown = factor, shown

    def fit(self, data):
        self.spec_ = data.spec
        self.sum_ = self.factor * data.x("train").sum(dtype="float64")
        return self

    def state(self):
        return {"sum": self.sum_, "odd": {"infinite": [np.inf, None], "texts": np.array(["é", ""])}}

    def set_state(self, state):
        self.sum_, self.odd = state["sum"], state["odd"]

    def report(self, data, out):
        return Finding([])


def test_values_of_every_type_come_back(digits, tmp_path):
    frame = pd.DataFrame({"a": [1.5, np.nan], "b": ["x", None]}, index=[4, 7])
    state = {
        "numbers": [1, 0.1, np.float32(0.1), -np.inf, True, None, "ü"],
        "nested": {"arrays": (np.arange(3, dtype="int8"), np.array([True]))},
        "frame": frame,
    }
    pca = PCA(2).fit(digits)
    Kept({"k": 3}, state, digits.spec.to_dict()).write(tmp_path / "kept", pca)
    kept = Kept.read(tmp_path / "kept", pca)
    assert kept.settings == {"k": 3}
    assert kept.state["numbers"] == [1, 0.1, float(np.float32(0.1)), -np.inf, True, None, "ü"]
    first, second = kept.state["nested"]["arrays"]
    assert first.dtype == "int8" and first.tolist() == [0, 1, 2] and second.tolist() == [True]
    pd.testing.assert_frame_equal(kept.state["frame"], frame)


def test_what_cannot_be_stored_is_refused_and_the_earlier_one_stays(digits, tmp_path):
    pca = PCA(2).fit(digits)
    Sum(pca).fit(digits).save(tmp_path / "kept")
    before = {path.name: path.read_bytes() for path in (tmp_path / "kept").iterdir()}
    with pytest.raises(TypeError, match=r"received \{1\} as one\.two"):
        Kept({}, {"one": {"two": {1}}}, {}).write(tmp_path / "kept", pca)
    assert {path.name: path.read_bytes() for path in (tmp_path / "kept").iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
    with pytest.raises(ValueError, match="Expected a fitted Sum to save, received one before `fit`"):
        Sum(pca).save(tmp_path / "other")
    assert not (tmp_path / "other").exists()


class Killed(BaseException):
    """The end of a process, after which nothing cleans up."""


@pytest.mark.parametrize("error", [Killed, OSError, KeyboardInterrupt])
@pytest.mark.parametrize("step", [0, 1])
def test_a_change_that_stops_before_one_of_its_two_renames_leaves_the_earlier_one(
    digits, tmp_path, monkeypatch, step, error
):
    pca, folder = PCA(2).fit(digits), tmp_path / "kept"
    Kept({"k": 1}, {"rows": np.arange(3)}, {}).write(folder, pca)
    rename, steps = Path.rename, 0

    def stopped(path, target):
        nonlocal steps
        steps += 1
        if steps == step + 1 or (error is Killed and steps > step):
            raise error
        return rename(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", stopped)
        if error is Killed:
            patch.setattr(shutil, "rmtree", lambda *arguments, **keywords: None)
        with pytest.raises(error):
            Kept({"k": 2}, {"rows": np.arange(4)}, {}).write(folder, pca)
    if error is Killed:
        assert folder.exists() == (step == 0)
    else:
        assert [path.name for path in tmp_path.iterdir()] == ["kept"]
    copy = shutil.copytree(tmp_path, tmp_path.with_name(f"{tmp_path.name}_copy")) / "kept"
    assert is_kept(copy)
    assert Kept.read(folder, pca).settings == {"k": 1}
    Kept({"k": 3}, {"rows": np.arange(5)}, {}).write(folder, pca)
    assert Kept.read(folder, pca).settings == {"k": 3}
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


def test_settings_that_decide_the_fit_are_compared(digits, tmp_path):
    pca = PCA(2).fit(digits)
    fitted = Sum(pca, factor=2.0).fit(digits)
    fitted.save(tmp_path / "kept")
    loaded = Sum.load(tmp_path / "kept", pca, factor=2, shown=9)
    assert loaded.sum_ == fitted.sum_ and loaded.shown == 9 and loaded.spec_ == digits.spec
    # What one use asked for is not asked for by the next, such as noise that is added to examples.
    loaded.save(tmp_path / "again")
    assert Sum.load(tmp_path / "again", pca).shown == 3
    assert loaded.odd["infinite"] == [np.inf, None] and loaded.odd["texts"].tolist() == ["é", ""]
    with pytest.raises(ValueError, match=r"\(factor: 2.0\), received factor: 3.0; .* --refit"):
        Sum.load(tmp_path / "kept", pca, factor=3.0)
    with pytest.raises(FileNotFoundError, match="Expected a fitted application"):
        Sum.load(tmp_path / "nothing", pca)
    with pytest.raises(ValueError, match="fitted for an earlier model"):
        Sum.load(tmp_path / "kept", PCA(3).fit(digits))
