import dataclasses
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from kerasae import PCA, Recipe, evaluate
from kerasae.applications.pretraining import Pretraining
from kerasae.applications.pretraining._classifier import Classifier, Schedule
from kerasae.applications.pretraining._heads import (
    Labelled,
    fit_head,
    softmax,
    stratified_order,
)
from kerasae.applications.pretraining._labels import labelled
from kerasae.applications.pretraining.stacking import stack
from kerasae.data import NO_ROWS
from kerasae.data._split import Split

QUICK = {"steps": 100, "patience": 3, "draws": 1}


@pytest.fixture(scope="module")
def model(digits):
    recipe = Recipe.of("undercomplete", latent_dim=8, network={"widths": [24], "dropout": 0.1})
    model = recipe.build(digits)
    model.fit(digits.x("train"), epochs=8, batch_size=32, verbose=0)
    return model


def relabelled(data, change):
    """Data with other labels in each split."""
    splits = {name: data.split(name) for name in ("train", "validation", "test")}
    return dataclasses.replace(
        data, **{name: Split(one.examples, change(one.labels)) for name, one in splits.items()}
    )


# The draw of the labels --------------------------------------------------------------------------


def test_every_beginning_of_a_draw_holds_the_classes_in_their_shares():
    y = np.repeat([0, 1, 2], [600, 300, 100])
    order = stratified_order(y, seed=3)
    assert sorted(order) == list(range(1000))
    for count in (10, 100, 500, 900):
        # A whole row of each class is the least that a share can be off by, and each has one in any case.
        drawn = np.bincount(y[order[:count]], minlength=3)
        np.testing.assert_allclose(drawn, count * np.array([0.6, 0.3, 0.1]), atol=2)
    assert set(y[order[:3]]) == {0, 1, 2}


def test_a_draw_follows_from_its_seed():
    y = np.random.default_rng(0).integers(4, size=200)
    np.testing.assert_array_equal(stratified_order(y, 1), stratified_order(y, 1))
    assert set(stratified_order(y, 1)[:20]) != set(stratified_order(y, 2)[:20])


def test_rows_without_a_label_are_no_class(digits):
    empty = relabelled(digits, lambda labels: np.where(np.arange(len(labels)) % 2, labels.astype(str), ""))
    rows, labels = labelled(empty, "train")
    np.testing.assert_array_equal(rows, np.arange(1, len(digits.train), 2))
    np.testing.assert_array_equal(labels, digits.train.labels[1::2].astype(str))
    spoilt = relabelled(digits, lambda labels: np.where(labels == 3, np.nan, labels))
    rows, labels = labelled(spoilt, "train")
    assert 3 not in labels and len(rows) == (digits.train.labels != 3).sum()
    assert labels.dtype.kind == "i"


# The heads ---------------------------------------------------------------------------------------


def test_a_head_on_raw_codes_is_the_regression_on_scaled_ones():
    draw = np.random.default_rng(0)
    for classes in (2, 3):
        centres = draw.normal(size=(classes, 4))
        y = draw.integers(classes, size=600)
        codes = (centres[y] + draw.normal(size=(600, 4))) * [1, 10, 0.1, 3] + [5, 0, -2, 100]
        train, validation = Labelled(codes[:400], y[:400]), Labelled(codes[400:], y[400:])
        ours = fit_head(train, validation, classes).probabilities(codes)
        mean, deviations = codes[:400].mean(axis=0), codes[:400].std(axis=0)
        scaled = [(codes - mean) / scale for scale in (deviations, np.sqrt(np.mean(deviations**2)))]
        fits = [
            LogisticRegression(C=strength, tol=1e-3, max_iter=300).fit(one[:400], y[:400]).predict_proba(one)
            for one in scaled
            for strength in (0.001, 0.01, 0.1, 1, 10)
        ]
        assert min(np.abs(ours - one).max() for one in fits) < 1e-6
        # And it is the one that does best on the validation rows.
        correct = [(one.argmax(axis=1)[400:] == y[400:]).mean() for one in [ours, *fits]]
        assert correct[0] == max(correct)


def test_a_class_without_a_training_row_is_not_predicted():
    codes, y = np.random.default_rng(0).normal(size=(40, 2)), np.arange(40) % 2 * 2
    head = fit_head(Labelled(codes, y), Labelled(codes, y), 3)
    assert head.probabilities(codes)[:, 1].max() < 1e-9


def test_a_classifier_keeps_the_weights_it_began_with_where_training_makes_them_worse(model, digits):
    codes, x = model.transform(digits.train.examples), digits.x("train")
    y, rows = digits.train.labels, np.arange(60)
    head = fit_head(Labelled(codes, y), Labelled(codes, y), 10)
    classifier = Classifier(model, 10)
    classifier.start(pretrained=True, seed=0, head=head)
    # A network with the head of the codes is that head on the codes.
    np.testing.assert_allclose(classifier.on_x(x), head.probabilities(codes), atol=1e-5)
    wild = Schedule(steps=20, learning_rate=10.0, every=10, patience=2)
    assert classifier.fit(Labelled(x[rows], y[rows]), Labelled(x, y), wild) == 0
    np.testing.assert_allclose(classifier.on_x(x), head.probabilities(codes), atol=1e-5)


def test_scratch_begins_with_new_weights_and_a_training_repeats_itself(model, digits):
    x, y = digits.x("train"), digits.train.labels
    classifier = Classifier(model, 10)
    small, schedule = Labelled(x[:100], y[:100]), Schedule(steps=30, every=10)
    found = []
    for pretrained in (True, False, False):
        classifier.start(pretrained=pretrained, seed=4)
        begun = classifier.encoder.get_weights()[0]
        classifier.fit(small, Labelled(x, y), schedule, seed=4)
        found.append((begun, classifier.on_x(x[:50])))
    np.testing.assert_array_equal(found[0][0], model.get_weights()[0])
    assert np.abs(found[1][0] - found[0][0]).max() > 0.01
    np.testing.assert_array_equal(found[1][1], found[2][1])


# The application ---------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["frozen", "fine-tuned", "staged"])
def test_a_mode_learns_and_leaves_the_model_as_it_is(model, digits, mode):
    before = model.get_weights()
    found = Pretraining(model, mode=mode, labels=200, **QUICK | {"steps": 300}).fit(digits)
    raw, labels = digits.test.examples, digits.test.labels
    # The most frequent class has a tenth of the digits.
    assert found.score(raw, labels) > 0.6
    probabilities = found.predict_proba(raw)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-6)
    assert found.score(raw, labels) == (found.classes_[probabilities.argmax(axis=1)] == labels).mean()
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_allclose(found.to_keras().predict(raw, verbose=0), probabilities, atol=1e-5)


def test_frozen_changes_no_code_and_fine_tuned_does(model, digits):
    codes = model.transform(digits.test.examples)
    frozen = Pretraining(model, mode="frozen", labels=100).fit(digits)
    kernel, bias = frozen.to_keras().layers[-1].get_weights()
    np.testing.assert_allclose(
        softmax(codes @ kernel + bias), frozen.predict_proba(digits.test.examples), atol=1e-5
    )
    tuned = Pretraining(model, mode="fine-tuned", labels=100, **QUICK).fit(digits)
    kernel, bias = tuned.to_keras().layers[-1].get_weights()
    gap = softmax(codes @ kernel + bias) - tuned.predict_proba(digits.test.examples)
    assert np.abs(gap).max() > 0.01


def test_more_labels_are_better_and_only_they_are_used(model, digits):
    few, many = (Pretraining(model, mode="frozen", labels=count).fit(digits) for count in (10, 1000))
    raw, labels = digits.test.examples, digits.test.labels
    assert many.score(raw, labels) > few.score(raw, labels) + 0.1


def test_labels_may_be_words(model, digits):
    named = relabelled(digits, lambda labels: np.where(labels == 0, "zero", "other"))
    found = Pretraining(model, mode="frozen").fit(named)
    assert set(found.predict(digits.test.examples)) == {"zero", "other"}
    assert found.score(named.test.examples, named.test.labels) > 0.95


@pytest.mark.slow
def test_report_writes_the_curve_and_a_classifier_that_loads_elsewhere(model, digits, tmp_path):
    found = Pretraining(model, labels=200, counts=[50], **QUICK).fit(digits)
    figures = found.report(digits, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "classifier.keras",
        "curve.csv",
        "curve.png",
        "predictions.csv",
    ]
    curve = pd.read_csv(tmp_path / "curve.csv")
    assert set(curve["mode"]) == {"frozen", "staged", "scratch"} and set(curve["labels"]) == {50, 200}
    # The first draw of all of the labels is what was fitted.
    score = found.score(digits.test.examples, digits.test.labels)
    # Arrays of labels are often floats.
    assert found.score(digits.test.examples, digits.test.labels.astype("float64")) == score > 0.1
    # Labels of the validation split choose the settings: they are counted wherever labels are.
    assert len(digits.validation) == 144 == figures.figures["choosing_labels"]
    assert figures.figures["accuracy_200"] == pytest.approx(score, abs=1e-12)
    assert set(curve["choosing_labels"]) == {144}
    assert [row[0] for row in figures.listings[0].rows] == ["50 + 144", "200 + 144"]
    assert all("144 to choose by" in sentence for _, sentence in figures.sentences)
    assert "144 more to choose the settings" in figures.pictures[0].caption
    predictions = pd.read_csv(tmp_path / "predictions.csv")
    assert len(predictions) == len(digits.test)
    assert (predictions["class"] == predictions["label"]).mean() == pytest.approx(score, abs=1e-12)
    np.save(tmp_path / "raw.npy", digits.test.examples[:20])
    script = (
        "import sys, numpy, keras, kerasae.models\n"
        "loaded = keras.saving.load_model(sys.argv[1] + '/classifier.keras')\n"
        "numpy.save(sys.argv[1] + '/p.npy', loaded.predict(numpy.load(sys.argv[1] + '/raw.npy'), verbose=0))"
    )
    subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], check=True, capture_output=True, timeout=120
    )
    np.testing.assert_allclose(
        np.load(tmp_path / "p.npy"), found.predict_proba(digits.test.examples[:20]), atol=1e-5
    )


def test_rows_without_labels_are_predicted_and_not_judged(model, digits, tmp_path):
    row = dataclasses.replace(digits, test=Split(digits.test.examples[:1]))
    found = Pretraining(model, labels=100, **QUICK).fit(row).report(row, tmp_path)
    assert found.figures["accuracy"] is None
    assert list(pd.read_csv(tmp_path / "predictions.csv").columns) == ["row", "class", "probability"]
    assert not (tmp_path / "curve.csv").exists()


def test_a_stored_classifier_is_judged_without_the_training_rows(model, digits, tmp_path):
    fitted = Pretraining(model, mode="frozen", labels=200).fit(digits)
    fitted.save(tmp_path / "kept")
    loaded = Pretraining.load(tmp_path / "kept", model, draws=1)
    none = dict.fromkeys(("train", "validation", "calibration"), NO_ROWS)
    (tmp_path / "out").mkdir()
    finding = loaded.report(dataclasses.replace(digits, **none), tmp_path / "out")
    assert finding.decisive == "accuracy_200"
    assert finding.figures["accuracy_200"] == fitted.score(digits.test.examples, digits.test.labels)
    assert "--refit" in finding.notes[-1] and not finding.listings
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"classifier.keras", "predictions.csv"}
    with pytest.raises(ValueError, match="`counts` must be between 10"):
        Pretraining.load(tmp_path / "kept", model, counts=[3]).report(digits, None)


def test_labels_that_are_bytes_are_texts(digits):
    named = relabelled(digits, lambda labels: labels.astype("S"))
    assert labelled(named, "test")[1].tolist() == digits.test.labels.astype(str).tolist()


def test_another_codec_is_used_frozen(digits):
    pca = PCA(8).fit(digits)
    found = Pretraining(pca, mode="fine-tuned", labels=300).fit(digits)
    assert found.mode_ == "frozen"
    assert found.score(digits.test.examples, digits.test.labels) > 0.7
    assert found.report(digits, None).figures["accuracy_300"] > 0.7
    with pytest.raises(TypeError, match="Expected a model of kerasae, received PCA"):
        found.to_keras()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda labels: None, "received none; name them"),
        (lambda labels: np.zeros(len(labels), int), "1 different ones in"),
        (lambda labels: np.arange(len(labels)), "different ones in"),
        (lambda labels: labels + 0.5, "received none; name them"),
    ],
)
def test_training_rows_without_classes_are_refused(model, digits, change, words):
    with pytest.raises(ValueError, match=words):
        Pretraining(model).fit(relabelled(digits, change))


def test_validation_rows_without_classes_are_refused(model, digits):
    bare = dataclasses.replace(digits, validation=Split(digits.validation.examples))
    with pytest.raises(ValueError, match="validation split too"):
        Pretraining(model).fit(bare)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"mode": "half"}, "`mode` must be"),
        ({"labels": 0}, "`labels` must be positive, received 0"),
        ({"draws": 0}, "`draws` must be"),
        ({"learning_rate": 0.0}, "`learning_rate` must be positive"),
        ({"seed": -1}, "`seed` must be non-negative"),
        ({"labels": 9}, "`labels` must be between 10"),
        ({"labels": 10**6}, "`labels` must be between 10"),
        ({"counts": [3]}, "`counts` must be between 10"),
    ],
)
def test_a_bad_argument_is_one_line(digits, model, given, words):
    with pytest.raises(ValueError, match=words):
        Pretraining(model, **given).fit(digits)


# Stacking ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("tied", "level"), [(False, 0.2), (True, 0.0)])
def test_a_stacked_model_is_its_stages_one_on_another(digits, tied, level):
    recipe = Recipe.of("undercomplete", latent_dim=6, network={"widths": [32], "tied": tied})
    model = recipe.build(digits)
    random = evaluate(model, digits)["error"]
    stages = stack(model, digits, epochs=4, level=level, batch_size=32)
    assert [stage.latent_dim for stage in stages] == [32, 6]
    assert [stage.spec.shape for stage in stages] == [(64,), (32,)]
    codes = digits.x("test").reshape(-1, 64)
    for stage in stages:
        codes = stage.transform(codes)
    # The same products in the same order: equal but for the size of a batch.
    np.testing.assert_allclose(model.transform(digits.test.examples), codes, rtol=1e-4, atol=1e-5)
    for stage in reversed(stages):
        codes = np.asarray(stage.decode(codes))
    rebuilt = np.asarray(model.decode(model.transform(digits.test.examples))).reshape(codes.shape)
    np.testing.assert_allclose(rebuilt, codes, rtol=1e-4, atol=1e-4)
    assert evaluate(model, digits)["error"] < 0.9 * random


def test_stacking_refuses_what_it_cannot_take_apart(build, digits):
    cases = [
        (build("variational"), "VariationalAutoencoder"),
        (build("undercomplete", network={"normalization": "layer"}), "with a LayerNormalization"),
        (Recipe.of("undercomplete", network={"name": "conv", "filters": [4]}).build(digits), "with a Conv2D"),
    ]
    for model, words in cases:
        with pytest.raises(ValueError, match=words):
            stack(model, digits)
