"""Feeds: what a device is sent, without TensorFlow, is what the model sees."""

import numpy as np
import pytest
from kerasae.export.feeds import feed_of
from kerasae.export.views import edge_view

from kerasae.preprocessing import Preprocessor, TextPreprocessing
from kerasae.spec import Spec

TEXTS = [
    "The cat SEES, a dog!",
    "tabs\tand\nlines\x0bof\x0ctext  ",
    "ÄÖÜ äöü İstanbul ß straße",
    "птица Птица don't_do it",
    "",
    "   ",
    "[UNK] [end of text] a " + "word " * 40,
    "no\u00a0break\u2003space 🙂🙃",
]


@pytest.mark.parametrize("tokens", ["words", "characters"])
@pytest.mark.parametrize("standardize", [None, "lower", "strip_punctuation", "lower_and_strip_punctuation"])
def test_texts_have_the_ids_that_tensorflow_gives_them(tokens, standardize):
    made = TextPreprocessing(Spec("text", (1,), "string"), tokens=tokens, standardize=standardize)
    made.fit(TEXTS[:5] * 3)
    feed = feed_of(made.spec, {"tokens": tokens, "standardize": standardize})
    np.testing.assert_array_equal(feed(TEXTS)["x"], made.to_x(TEXTS))


@pytest.mark.parametrize("network", ["dense", "table", "text", "series"])
def test_a_feed_comes_back_from_its_facts(sources, network):
    preprocessor: Preprocessor = sources[network].preprocessor
    view = edge_view(preprocessor)
    again = feed_of(Spec.from_dict(preprocessor.spec.to_dict()), view.feeding.to_dict())
    raw = sources[network].test.head(20)
    np.testing.assert_array_equal(again(raw)["x"], view.feed(raw)["x"])


def test_entries_of_a_file_are_read_as_in_training(sources, tmp_path):
    data = sources["table"]
    feed = edge_view(data.preprocessor).feeding
    frame = data.test.head(40)
    frame.to_csv(tmp_path / "t.csv", index=False)
    rows = [line.split(",") for line in (tmp_path / "t.csv").read_text().splitlines()]
    wanted = [rows[0].index(name) for name in feed.columns(rows[0])]
    got = feed(feed.of_entries([[row[i] for i in wanted] for row in rows[1:]]))["x"]
    np.testing.assert_array_equal(got, feed(frame)["x"])


def test_a_number_that_its_type_cannot_hold_is_refused(sources):
    feed = edge_view(sources["dense"].preprocessor).feeding
    for wrong in (300, -1, 0.5):
        with pytest.raises(ValueError, match="Expected whole numbers from 0 to 255"):
            feed.of_values([[wrong] * feed.spec.size])
