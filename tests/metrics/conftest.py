"""What the tests of metrics share: small data of every kind."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from small_logs import sines

from kerasae import Recipe
from kerasae.data import Data, Split, array_spec
from kerasae.data.series import from_frame as log_from_frame
from kerasae.data.tables import from_frame
from kerasae.preprocessing import Identity


@pytest.fixture(scope="session")
def some_data(digits, tmp_path_factory):
    """Small data of every kind."""
    random = np.random.default_rng(0)
    rows = random.normal(size=(80, 5)).astype("float32")
    spec = array_spec(rows)
    vectors = Data("vectors", spec, Split(rows[:50]), Split(rows[50:60]), Split(rows[60:]), Identity(spec))
    frame = pd.DataFrame({"a": random.normal(size=60), "b": random.choice(["x", "y", "z"], 60)})
    path = tmp_path_factory.mktemp("texts") / "some.txt"
    words = np.array(["one", "two", "three", "four", "five"])
    path.write_text("\n".join(" ".join(random.choice(words, random.integers(1, 5))) for _ in range(60)))
    table, texts = Recipe.of().prepare(from_frame(frame)), Recipe.of(source=str(path)).load()
    series = Recipe.of().prepare(log_from_frame(sines(gaps=range(100, 104)), time="time", window=12))
    few = dataclasses.replace(digits, train=digits.train.rows(slice(200)))
    return {"image": few, "vector": vectors, "table": table, "text": texts, "series": series}
