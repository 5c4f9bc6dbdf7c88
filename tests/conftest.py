"""What the tests share: the digits of scikit-learn, and models of every family on them."""

import dataclasses
import functools
import os
import subprocess
import sys
import warnings
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import pandas as pd
import pytest
from kerasae.export import Subject, bundle

from kerasae import Recipe, train


@pytest.fixture(autouse=True)
def seeded():
    keras.utils.set_random_seed(7)
    yield
    keras.config.set_dtype_policy("float32")


@pytest.fixture(scope="session")
def digits():
    return Recipe.of().load()


@pytest.fixture(scope="session")
def x(digits):
    return digits.x("train")


@pytest.fixture
def build(digits):
    """A small built and compiled model of a family on digits; sections as for a recipe."""

    def build(family, latent_dim=4, **sections):
        sections.setdefault("network", {})
        sections["network"] = {"widths": [24], **sections["network"]}
        return Recipe.of(family, latent_dim=latent_dim, **sections).build(digits)

    return build


@pytest.fixture
def run_python():
    """Runs a script in a fresh process and returns what it printed."""

    def run(script, *arguments, check=True, **environment):
        done = subprocess.run(
            [sys.executable, "-c", script, *map(str, arguments)],
            capture_output=True,
            text=True,
            env={**os.environ, **environment},
            timeout=300,
        )
        if check and done.returncode:
            raise AssertionError(done.stderr[-3000:])
        return done if not check else done.stdout

    return run


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
class Served:
    """A subject, the bundle it was exported into, and the version folder that a server loads."""

    subject: Subject
    bundle: Path
    version: Path

    @property
    def cases(self):
        return self.subject.cached("server", dict)


WRITERS = {"photos": write_photos, "table": write_table, "text": write_text}


@pytest.fixture(scope="session")
def served_by_kind(tmp_path_factory):
    """Makes what `served` gives, once for each kind of data."""

    @functools.cache
    def make(kind):
        folder = tmp_path_factory.mktemp(kind)
        recipe = Recipe.of("variational", source=str(WRITERS[kind](folder)), latent_dim=4)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Column 'empty' has no value")
            data = recipe.load()
        model = recipe.build(data)
        train(model, data, epochs=2, batch_size=16, learning_rate=0.01)
        subject = Subject.of(model, data=data, name=data.name)
        bundle(subject, folder / "ship", formats=["saved_model"])
        return Served(subject, folder / "ship", folder / "ship" / "server" / subject.name / "1")

    return make


@pytest.fixture(params=WRITERS)
def served(request, served_by_kind):
    """A SavedModel of a variational autoencoder for each kind of data, after two epochs."""
    return served_by_kind(request.param)
