"""The battery of the baselines: what every codec and every detector that stands beside a model must do."""

import dataclasses

import numpy as np
import pytest

from kerasae import registry
from kerasae.baselines import (
    PCA,
    Baseline,
    DetectingBaseline,
    FillingBaseline,
    MovingZScore,
    NearestWindows,
    fit_baselines,
)
from kerasae.codec import Codec
from kerasae.metrics import Entry, compare, evaluate
from kerasae.spec import Column, Spec

MEMBERS = {name: registry.resolve("baseline", name) for name in registry.names("baseline")}
NAMES = [name for name, member in MEMBERS.items() if issubclass(member, Baseline)]
DETECTING = [name for name, member in MEMBERS.items() if issubclass(member, DetectingBaseline)]
FILLING = [name for name, member in MEMBERS.items() if issubclass(member, FillingBaseline)]


def test_there_is_data_of_every_kind(some_data):
    assert {*some_data} == {*registry.names("kind")}
    assert all(kind == data.spec.kind for kind, data in some_data.items())


def test_a_member_is_a_codec_or_detects_anomalies_or_fills_gaps():
    assert sorted(NAMES + DETECTING + FILLING) == sorted(MEMBERS)


@pytest.mark.parametrize("name", DETECTING)
def test_a_detecting_baseline_suits_some_examples_and_finds_odd_ones(name, some_data):
    member = registry.resolve("baseline", name)
    suitable = [data for data in some_data.values() if member.suits(data.spec)]
    assert suitable
    for data in suitable:
        detector = member(data.spec).fit(data.x("train"))
        assert detector.name and detector.title
        x = data.x("test")
        scores = detector.score_samples(x)
        assert scores.shape == (len(x),) and np.isfinite(scores).all()
        # An example is scored by itself, and one far away is odder than all.
        np.testing.assert_allclose(detector.score_samples(x[3:4]), scores[3:4], rtol=1e-5)
        assert detector.score_samples(x[3:4] + 20)[0] > scores.max()


def test_detecting_baselines_have_names_of_their_own(some_data):
    for data in some_data.values():
        names = [one.name for one in DetectingBaseline.all_for(data.spec)] + [*fit_baselines(1, data)]
        assert len({*names}) == len(names)
    assert {"nearest-windows", "moving-z-score"} <= {
        one.name for one in DetectingBaseline.all_for(some_data["series"].spec)
    }


def test_simple_detectors_by_hand():
    """Two channels of two steps: distances to the five nearest of six windows, and means in deviations."""
    spec = Spec("series", (2, 2), channels=tuple(Column(name, "number", "float64") for name in "ab"))
    x = np.zeros((6, 2, 2), "float32")
    x[:, 0, 0] = np.arange(6)  # the readings of the first channel are 0, 1, ..., 5 and six times 0
    near = NearestWindows(spec).fit(x)
    window = np.array([[[2.0, 0.0], [3.0, 0.0]]])
    expected = np.sqrt(np.sort((np.arange(6) - 2.0) ** 2)[:5] + 9).mean()
    np.testing.assert_allclose(near.score_samples(window), expected, rtol=1e-6)
    moving = MovingZScore(spec).fit(x)
    readings = x[:, :, 0].ravel()
    expected = (2.5 - readings.mean()) / readings.std()
    np.testing.assert_allclose(moving.score_samples(window), expected, rtol=1e-6)
    # A missing reading does not count, and a constant channel is judged in its own unit.
    gap = np.array([[[np.nan, 7.0], [3.0, 7.0]]])
    np.testing.assert_allclose(moving.score_samples(gap), 7.0)
    np.testing.assert_allclose(near.score_samples(gap), near.score_samples(np.nan_to_num(gap)))


@pytest.mark.parametrize("name", NAMES)
def test_a_baseline_is_a_codec_of_some_kind_of_examples(name, some_data):
    member = registry.resolve("baseline", name)
    fitted = [(data, baseline) for data in some_data.values() for baseline in member.fitted(2, data)]
    assert fitted
    for data, baseline in fitted:
        assert isinstance(baseline, Baseline) and isinstance(baseline, Codec)
        assert baseline.name and baseline.title
        raw = data.test.examples
        codes = baseline.transform(raw)
        assert codes.shape == (len(raw), baseline.latent_dim) and baseline.latent_dim <= 2
        assert baseline.decode(codes).shape == data.to_x(raw).shape
        rebuilt = baseline.inverse_transform(codes)
        assert type(rebuilt) is type(raw) and len(rebuilt) == len(raw)
        assert evaluate(baseline, data)["rows"] == len(raw)


@pytest.mark.parametrize("name", NAMES)
def test_a_baseline_sees_no_test_row(name, some_data):
    member = registry.resolve("baseline", name)
    for data in some_data.values():
        blind = dataclasses.replace(data, test=data.test.rows(slice(1)))
        for one, other in zip(member.fitted(2, data), member.fitted(2, blind), strict=True):
            raw = data.test.examples
            np.testing.assert_array_equal(one.transform(raw), other.transform(raw))


def test_every_kind_has_baselines_of_names_of_their_own(some_data):
    for data in some_data.values():
        members = [registry.resolve("baseline", name) for name in NAMES]
        names = [baseline.name for member in members for baseline in member.fitted(1, data)]
        assert len({*names}) == len(names) >= 1
    assert [*fit_baselines(1, data)] == names


def test_a_comparison_is_told_what_a_baseline_is(some_data):
    data = some_data["vector"]
    codecs = {"pca": PCA(2).fit(data), "linear": PCA(2).fit(data), "pcap": Half(PCA(2).fit(data))}

    def told(**more) -> list[tuple[str, bool, str]]:
        entries: list[Entry] = compare(codecs, data, **more)
        return [(entry.name, entry.baseline, entry.title) for entry in entries]

    # A codec that bears another name than its own is called by it.
    expected = [("pca", True, "PCA"), ("linear", True, "linear"), ("pcap", False, "pcap")]
    assert told() == expected
    assert [baseline for _, baseline, _ in told(baselines=["pcap"])] == [False, False, True]
    assert not any(baseline for _, baseline, _ in told(baselines=[]))
    with pytest.raises(ValueError, match=r"names of codecs, received \['PCA'\]"):
        compare(codecs, data, baselines=["PCA", "pca"])


class Half:
    """A codec that is no baseline: half of what another one gives back."""

    def __init__(self, codec):
        self.codec, self.preprocessor, self.latent_dim = codec, codec.preprocessor, codec.latent_dim

    def transform(self, raw):
        return self.codec.transform(raw)

    def decode(self, codes):
        return self.codec.decode(codes) / 2

    inverse_transform = decode


def test_a_baseline_without_a_name_says_what_is_missing(some_data):
    class Nothing(Baseline):
        pass

    with pytest.raises(NotImplementedError, match="Nothing must write `fitted`"):
        Nothing.fitted(2, some_data["vector"])
    with pytest.raises(NotImplementedError, match="Nothing must have a `name`"):
        Nothing().title  # noqa: B018

    class Neither(DetectingBaseline):
        pass

    spec = some_data["vector"].spec
    with pytest.raises(NotImplementedError, match="Neither must write `suits`"):
        Neither.suits(spec)
    with pytest.raises(NotImplementedError, match="Neither must write `fit`"):
        Neither(spec).fit(np.zeros((2, 3)))
    with pytest.raises(NotImplementedError, match="Neither must write `score_samples`"):
        Neither(spec).score_samples(np.zeros((2, 3)))
