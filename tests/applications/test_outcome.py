"""What is said of a model beside its baselines."""

from pathlib import Path

import pytest

from kerasae import registry
from kerasae.applications import Outcome
from kerasae.applications._base import Finding
from kerasae.evaluation._texts import NearestText, TextSVD


def outcome(figures, better, decisive):
    findings = {name: Finding({"rows": 3, "error": value}, better) for name, value in figures.items()}
    return Outcome("x", "digits", 3, findings, {}, Path(), decisive)


@pytest.mark.parametrize(
    ("figures", "lower", "good", "words"),
    [
        ((0.2, 0.5, 0.3), True, True, "Error: 0.2, better than the best baseline, pca (0.3)."),
        ((0.4, 0.5, 0.3), True, False, "Error: 0.4, no better than the best baseline, pca (0.3)."),
        ((0.4, 0.5, 0.3), False, False, "Error: 0.4, no better than the best baseline, mean (0.5)."),
        ((0.6, 0.5, 0.3), False, True, "Error: 0.6, better than the best baseline, mean (0.5)."),
        ((0.3, 0.5, 0.3), True, False, "Error: 0.3, no better than the best baseline, pca (0.3)."),
        ((0.3, None, 0.4), True, True, "Error: 0.3, better than the best baseline, pca (0.4)."),
    ],
)
def test_the_last_sentence_says_how_the_best_baseline_does(figures, lower, good, words):
    named = dict(zip(("vae", "mean", "pca"), figures, strict=True))
    assert outcome(named, {"error": lower}, ["err"]).sentences[-1] == (good, words)


@pytest.mark.parametrize(
    ("figures", "better", "decisive"),
    [
        ({"vae": 0.2}, {"error": True}, ["error"]),
        ({"vae": 0.2, "pca": None}, {"error": True}, ["error"]),
        ({"vae": None, "pca": 0.1}, {"error": True}, ["error"]),
        ({"vae": 0.2, "pca": 0.1}, {}, ["error"]),
        ({"vae": 0.2, "pca": 0.1}, {"error": True}, []),
    ],
)
def test_nothing_is_said_where_nothing_compares(figures, better, decisive):
    assert outcome(figures, better, decisive).sentences == []


@pytest.mark.parametrize("name", registry.names("application"))
def test_every_application_says_by_what_it_is_compared(name):
    assert registry.resolve("application", name).decisive


def test_a_codec_that_numbers_examples_has_no_near_codes():
    numbered = NearestText()
    refused = [
        name
        for name in registry.names("application")
        if "number of an example" in registry.resolve("application", name).refusal(numbered)
    ]
    assert refused == ["clustering", "generation", "retrieval"]
    assert not registry.resolve("application", "retrieval").refusal(TextSVD(2))


def test_what_is_chance_is_no_good_news():
    findings = {
        name: Finding({"adjusted Rand": value}, {"adjusted Rand": False}, chance={"adjusted Rand": 0.0})
        for name, value in {"model": 0.0006, "pca": -0.0004}.items()
    }
    said = Outcome("clustering", "telco", 3, findings, {}, Path(), ["adjusted Rand"]).sentences[-1]
    words = "Adjusted Rand: 0.0006, which is chance; the best baseline, pca, has -0.0004."
    assert said == (False, words)


def test_a_tie_as_printed_is_no_win():
    said = outcome({"vae": 0.123452, "pca": 0.123451}, {"error": False}, ["err"]).sentences[-1]
    assert said == (False, "Error: 0.1235, no better than the best baseline, pca (0.1235).")
