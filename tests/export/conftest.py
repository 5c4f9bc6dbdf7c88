"""What the tests of exports share: small trained models, and the artifacts that were made of them."""

import dataclasses
import functools
import shutil
import warnings
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest
from kerasae.export import Subject, bundle
from kerasae.export.formats.saved_model._server_model import ServerModel
from kerasae.export.verify_edge import EdgeModel, breaches, compare
from small_logs import sines

from kerasae import Recipe, export, train
from kerasae.data import Data, Split
from kerasae.data.series import from_frame as from_log
from kerasae.data.tables import from_frame
from kerasae.preprocessing import Rescaling, SeriesPreprocessing, TablePreprocessing
from kerasae.spec import Spec


@pytest.fixture(scope="session")
def edge_subject(digits):
    """A briefly trained model as what is exported: `dense` (variational) or `conv` (undercomplete)."""

    @functools.cache
    def edge_subject(name):
        family, network = {
            "dense": ("variational", {"widths": [24]}),
            "conv": ("undercomplete", {"name": "conv", "filters": [8, 16]}),
        }[name]
        keras.utils.set_random_seed(7)
        model = Recipe.of(family, latent_dim=4, network=network).build(digits)
        train(model, digits, epochs=2)
        return export.Subject.of(model, data=digits, name=name)

    return edge_subject


@pytest.fixture(scope="session")
def edge_file(edge_subject, tmp_path_factory):
    """A model's file for devices in a precision, and by signature what to send and to expect."""

    @functools.cache
    def edge_file(name, precision):
        path = tmp_path_factory.mktemp("edge") / f"{name}_{precision}.tflite"
        artifact = export.TFLite(precision=precision).write(edge_subject(name), path)
        return artifact, edge_subject(name).cached("edge", dict)

    return edge_file


@pytest.fixture
def faults():
    """A sentence for each output of a client that differs from the model's or from Python's runtime."""
    # Runtimes add in their own order, some 1e-6 of a unit. Where that moves a number to the next of the
    # 256 steps of int8, it is a hundredth of a unit: one entry in ten may be.
    same = {"mean_deviation": 1e-3, "agreement": 0.99}

    def faults(artifact, cases, answers):
        assert set(answers) == set(cases)
        run = export.TFLite.open(artifact.path).run
        said = []
        for signature, case in cases.items():
            assert set(answers[signature]) == set(case.expected), signature
            in_python = run(signature, case.sent)
            for name, expected in case.expected.items():
                got, unit = answers[signature][name], case.units.get(name, 1.0)
                said += breaches(compare(expected, got, unit), artifact.tolerance, f"{signature} {name}")
                found = compare(in_python[name], got, unit)
                said += breaches(found, same, f"{signature} {name} against Python")
        return said

    return faults


def write_photos(folder):
    """Gradients in 8 bits, of which every pixel follows from two hidden numbers, and noise."""
    rng = np.random.default_rng(0)
    down, across = np.mgrid[0:1:8j, 0:1:8j]
    hidden = rng.random((200, 2, 1, 1, 3))
    pixels = 200 * (hidden[:, 0] * down[..., None] + hidden[:, 1] * across[..., None]) / 2
    np.save(folder / "photos.npy", (pixels + 40 * rng.random(pixels.shape)).astype("uint8"))
    return folder / "photos.npy"


def write_table(folder):
    """A column of every kind, all with gaps, and one that is empty."""
    rng = np.random.default_rng(0)
    hidden = rng.normal(size=240)
    day = pd.Timestamp("2021-03-01")
    frame = pd.DataFrame(
        {
            "number": 3 * hidden,
            "integer": np.round(10 * hidden + 50).astype("int64"),
            "flag": hidden > 0,
            "bit": (hidden > 0.5).astype("int64"),
            "day": day + pd.to_timedelta(np.round(100 * hidden), unit="D"),
            "moment": day + pd.to_timedelta(np.round(1e5 * hidden), unit="s"),
            "category": np.select([hidden > 1, hidden > -1], ["hoch", "größer"], "low"),
            "a code": [f"0{int(abs(value) * 3)}" for value in hidden],
        }
    )
    gaps = frame.astype(object).mask(rng.random(frame.shape) < 0.2)
    gaps.assign(empty=None).to_csv(folder / "table.csv", index=False)
    return folder / "table.csv"


def write_text(folder):
    """Sentences of a few words, some of them not in ASCII."""
    rng = np.random.default_rng(0)
    words = ["red", "grün", "blue", "cat", "dog", "птица", "runs", "sleeps", "fast", "now"]
    lines = [" ".join(rng.choice(words, rng.integers(1, 6))) for _ in range(240)]
    (folder / "text.txt").write_text("\n".join(lines), encoding="utf-8")
    return folder / "text.txt"


@dataclasses.dataclass(frozen=True)
class Exported:
    """A subject, the bundle it was exported into, and the version folder that a server loads."""

    subject: Subject
    bundle: Path
    version: Path

    @property
    def cases(self):
        return self.subject.cached("server", dict)


def write_log(folder):
    """Two channels, of which the first lacks single readings."""
    sines(gaps=range(5, 600, 13)).to_csv(folder / "log.csv", index=False)
    return folder / "log.csv"


WRITERS = {"photos": write_photos, "table": write_table, "text": write_text, "log": write_log}
#: Networks of kinds of data that `exported` does not go through, and the writer of their data.
NETWORKS = {"maps": ({"name": "spatial", "filters": [8], "residual_blocks": 1}, write_photos)}
#: Arguments with which the data of a kind are read.
READ = {"log": {"name": "series", "time": "time", "window": 12}}


@pytest.fixture(scope="session")
def exported_by_kind(tmp_path_factory):
    """Makes what `exported` gives, once for each kind of data."""

    @functools.cache
    def make(kind):
        folder = tmp_path_factory.mktemp(kind)
        network, write = NETWORKS[kind] if kind in NETWORKS else ({}, WRITERS[kind])
        source = str(write(folder))
        recipe = Recipe.of(
            "variational", source=source, latent_dim=4, data=READ.get(kind, {}), network=network
        )
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Column 'empty' has no value")
            data = recipe.load()
        model = recipe.build(data)
        train(model, data, epochs=2, batch_size=16, learning_rate=0.01)
        subject = Subject.of(model, data=data, name=data.name)
        bundle(subject, folder / "ship", formats=["saved_model"])
        return Exported(subject, folder / "ship", folder / "ship" / "server" / subject.name / "1")

    return make


@pytest.fixture(scope="session", params=[pytest.param(kind, marks=pytest.mark.slow) for kind in WRITERS])
def exported(request, exported_by_kind):
    """A SavedModel of a variational autoencoder for each kind of data, after two epochs."""
    return exported_by_kind(request.param)


# One subject of each network, what was written from it, and its bundle --------------------------------


WORDS = ["red", "green", "cat", "dog", "sees", "eats", "the", "a"]


def photos():
    rng = np.random.default_rng(0)
    mix = rng.random((3, 6 * 5 * 3))
    pixels = np.round(rng.random((260, 3)) @ mix * 80).astype("uint8").reshape(-1, 6, 5, 3)
    spec = Spec("image", (6, 5, 3), "uint8", 0.0, 255.0)
    data = Data("photos", spec, Split(pixels[:160]), Split(pixels[160:180]), Split(pixels[180:]))
    return data.with_preprocessor(Rescaling(spec))


def rows():
    rng = np.random.default_rng(0)
    hidden = rng.normal(size=(400, 2))
    day = pd.Timestamp("2021-03-01")
    frame = pd.DataFrame(
        {
            "number": hidden[:, 0] * 3,
            "income (USD)/year": np.round(40_000 + 9_000 * hidden[:, 1]).astype("int64"),
            "flag": hidden[:, 0] > 0,
            "day": day + pd.to_timedelta(np.round(100 * hidden[:, 0]), unit="D"),
            "moment": day + pd.to_timedelta(np.round(1e5 * hidden[:, 1]), unit="s"),
            "category": np.select([hidden[:, 1] > 1, hidden[:, 1] > -1], ["high", "middle"], "low"),
        }
    )
    frame = frame.convert_dtypes().mask(rng.random(frame.shape) < 0.2)
    return frame.assign(empty=np.nan)


def windows():
    """Windows of two channels. The second one lacks readings in held-out windows alone."""
    frame = sines(rows=900, gaps=range(7, 900, 11))
    frame.loc[range(730, 900, 13), "pressure"] = np.nan
    log = from_log(frame, window=12)
    return log.with_preprocessor(SeriesPreprocessing(log.spec))


@pytest.fixture(scope="session")
def sources(tmp_path_factory):
    rng = np.random.default_rng(0)
    path = tmp_path_factory.mktemp("texts") / "t.txt"
    path.write_text("\n".join(" ".join(rng.choice(WORDS, rng.integers(2, 9))) for _ in range(300)))
    table = from_frame(rows())
    with pytest.warns(UserWarning, match="'empty' has no value"):
        table = table.with_preprocessor(TablePreprocessing(table.spec))
    log = windows()
    return {
        "dense": photos(),
        "conv": photos(),
        "spatial": photos(),
        "table": table,
        "text": Recipe.of(source=str(path)).load(),
        "series": log,
        "windows": log,
    }


@pytest.fixture(scope="session")
def subject(sources):
    """A small trained model of a family over a network, and held-out rows; made once for each."""
    made = {}

    def subject(network, family="variational"):
        if (network, family) not in made:
            data = sources[network]
            # `windows` are those of `series` in the dense network.
            name = {"windows": "dense"}.get(network, network)
            small = {
                "text": {"embedding_dim": 8, "hidden": 16},
                "conv": {"filters": [4, 8]},
                "spatial": {"filters": [8], "residual_blocks": 1},
                "series": {"filters": [4, 8]},
            }.get(name, {"widths": [16]})
            recipe = Recipe.of(family, latent_dim=3, network={"name": name, **small})
            model = recipe.build(data)
            train(model, data, epochs=4, batch_size=32, learning_rate=0.01)
            made[network, family] = Subject.of(model, data=data, name="small")
        return made[network, family]

    return subject


@pytest.fixture(scope="session")
def artifacts(subject, tmp_path_factory):
    """The SavedModel and the float32 file of a subject; written once for each."""
    made = {}

    def artifacts(network, family="variational"):
        if (network, family) not in made:
            what, home = subject(network, family), tmp_path_factory.mktemp("artifacts")
            made[network, family] = (
                export.SavedModel().write(what, home / "server"),
                export.TFLite().write(what, home / "m.tflite"),
            )
        return made[network, family]

    return artifacts


@pytest.fixture(scope="session")
def served(artifacts):
    """Loads the SavedModel of a network."""
    return lambda network: ServerModel(artifacts(network)[0].path)


@pytest.fixture(scope="session")
def edge(artifacts):
    """Opens the float32 file of a network, for devices."""
    return lambda network: EdgeModel(artifacts(network)[1].path.read_bytes())


@pytest.fixture(scope="session")
def shipped(subject, tmp_path_factory):
    """A bundle of a table in all formats, which tests must not change."""
    root = tmp_path_factory.mktemp("ship") / "ship"
    export.bundle(subject("table"), root, precisions=["float32", "int8"])
    return root


@pytest.fixture
def ship(shipped, tmp_path):
    """A copy of `shipped`."""
    shutil.copytree(shipped, tmp_path / "ship")
    return tmp_path / "ship"


@pytest.fixture(scope="session")
def square_model(digits):
    keras.utils.set_random_seed(7)
    model = Recipe.of("undercomplete", latent_dim=4, network={"widths": [64, 16]}).build(digits)
    train(model, digits, epochs=2)
    return model


@pytest.fixture
def square(square_model, digits):
    """A model whose first kernel is square, so that its transpose fits; nothing is kept of it yet."""
    return Subject.of(square_model, data=digits, name="square")
