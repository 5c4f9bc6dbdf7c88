"""Sentences of a few words as data."""

import numpy as np

from kerasae.data._array_data import make_data
from kerasae.preprocessing import TextPreprocessing
from kerasae.spec import Spec

WORDS = ["red", "green", "blue", "cat", "dog", "bird", "runs", "sleeps", "eats", "fast", "slow", "now"]


def sentences(count=240, seed=0):
    rng = np.random.default_rng(seed)
    return np.array([" ".join(rng.choice(WORDS, rng.integers(1, 6))) for _ in range(count)], dtype=object)


def text_data(texts=None, **arguments):
    data = make_data("texts", Spec("text", (0,), "string"), sentences() if texts is None else texts)
    return data.with_preprocessor(TextPreprocessing(data.spec, **arguments))
