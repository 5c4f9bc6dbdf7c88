"""Figures of texts, and the baselines beside them."""

import dataclasses

import numpy as np
import pytest
from sentences import text_data
from sklearn.feature_extraction.text import TfidfVectorizer

from kerasae.baselines import NearestText, TextSVD, fit_baselines
from kerasae.data import Split
from kerasae.data._array_data import make_data
from kerasae.metrics import evaluate
from kerasae.preprocessing import TextPreprocessing
from kerasae.spec import Spec


class Fixed:
    """A codec that answers with given ids."""

    latent_dim = 1

    def __init__(self, ids):
        self.ids = ids

    def transform(self, raw):
        return np.arange(len(raw), dtype="float32")[:, None]

    def decode(self, codes):
        return self.ids[codes[:, 0].astype(int)]


def test_shares_by_hand():
    known = np.array(["a b", "b a c", "c", "a", "b c", "b b"], dtype=object)
    held_out = Split(np.array(["a zzz b", "c"], dtype=object))
    data = make_data("texts", Spec("text", (0,), "string"), known, test_examples=held_out)
    data = data.with_preprocessor(TextPreprocessing(data.spec))
    x = data.x("test").copy()
    found = evaluate(Fixed(x), data)
    # Of a, zzz, b, the end, and c, the end, all but zzz.
    assert found["tokens_rebuilt"] == pytest.approx(5 / 6)
    assert found["texts_rebuilt"] == 0.5
    assert found["tokens_rebuilt_by_length"] == {"1": 1.0, "3": 0.75}
    nothing = evaluate(Fixed(np.zeros_like(x)), data)
    assert (nothing["tokens_rebuilt"], nothing["words_recalled"], nothing["texts_rebuilt"]) == (0, 0, 0)


def test_words_count_as_often_as_they_are_said_and_not_behind_the_end():
    known = np.array(["a b", "b a c", "c", "a", "b c", "b b"], dtype=object)
    data = make_data(
        "texts", Spec("text", (0,), "string"), known, test_examples=Split(np.array(["b b"], dtype=object))
    )
    data = data.with_preprocessor(TextPreprocessing(data.spec))
    b = data.spec.vocabulary.index("b")
    for answer, share in (([b, b, 2], 1), ([b, 2, b], 0.5), ([2, b, b], 0)):
        ids = np.zeros_like(data.x("test"))
        ids[0, :3] = answer
        assert evaluate(Fixed(ids), data)["words_recalled"] == share


def test_tfidf_is_that_of_sklearn():
    data = text_data()
    texts = np.concatenate([data.train.examples, data.validation.examples])
    words = list(data.spec.vocabulary[3:])
    exact = TfidfVectorizer(sublinear_tf=True, vocabulary=words).fit(texts).transform(data.test.examples)
    found = NearestText().fit(data)._tfidf(data.test.examples).toarray()
    np.testing.assert_allclose(found[:, 3:], exact.toarray(), rtol=1e-6)
    assert not found[:, :3].any()


def test_of_words_without_order_as_many_count_as_the_text_has():
    known = np.array(["a b", "b a c", "c", "a", "b c", "b b"], dtype=object)
    data = make_data(
        "texts", Spec("text", (0,), "string"), known, test_examples=Split(np.array(["a b"], dtype=object))
    )
    data = data.with_preprocessor(TextPreprocessing(data.spec))
    a, b, c = map(data.spec.vocabulary.index, "abc")
    for answer, share in (([b, a, c], 1), ([c, a, b], 0.5)):
        codec = Fixed(np.pad([answer], [(0, 0), (0, data.spec.shape[0] - 3)]))
        codec.ordered = False
        assert evaluate(codec, data)["words_recalled"] == share


def test_a_truncated_svd_answers_with_words_from_the_heaviest_on():
    data = text_data()
    svd = TextSVD(3).fit(data)
    codes = svd.transform(data.test.examples)
    words = svd.decode(codes)
    weights = np.take_along_axis(svd._svd.inverse_transform(codes), words, axis=1)
    assert (words > 2).all()
    assert (np.diff(weights, axis=1) <= 0).all()


@pytest.mark.parametrize("make", [NearestText, lambda: TextSVD(4)])
def test_no_baseline_sees_the_test_texts(make):
    data = text_data()
    other = dataclasses.replace(data, test=Split(data.test.examples[:4]))
    one, two = (make().fit(d).transform(data.test.examples) for d in (data, other))
    np.testing.assert_array_equal(one, two)


def test_the_codes_of_a_baseline_are_as_wide_as_it_says():
    data = text_data()
    for codec in fit_baselines(4, data).values():
        assert codec.transform(data.test.examples).shape == (len(data.test), codec.latent_dim)


def test_order_counts_for_tokens_and_not_for_words():
    data = text_data()
    x = data.x("test")
    swapped = x.copy()
    for row in swapped:
        words = row[row > 2]
        row[: len(words)] = words[::-1]
    found = evaluate(Fixed(swapped), data)
    assert found["words_recalled"] == 1
    assert found["tokens_rebuilt"] < 0.9
    assert found["texts_rebuilt"] < 0.6


def test_the_nearest_text_of_a_known_one_is_itself():
    data = text_data()
    nearest = NearestText().fit(data)
    known = data.train.examples[:20]
    again = nearest.inverse_transform(nearest.transform(known))
    assert [sorted(text.split()) for text in again] == [sorted(text.split()) for text in known]


def test_a_full_svd_recalls_every_word():
    data = text_data()
    found = evaluate(TextSVD(100).fit(data), data)
    distinct = np.mean([len(set(text.split())) == len(text.split()) for text in data.test.examples])
    assert found["words_recalled"] > 0.75
    assert distinct < 1
    assert found["tokens_rebuilt"] is None
    assert evaluate(TextSVD(2).fit(data), data)["words_recalled"] < found["words_recalled"]
