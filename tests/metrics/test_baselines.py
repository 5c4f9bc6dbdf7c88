"""The battery of the baselines: what every codec that stands beside a model must do."""

import dataclasses

import numpy as np
import pytest

from kerasae import registry
from kerasae.baselines import PCA, Baseline, fit_baselines
from kerasae.codec import Codec
from kerasae.metrics import Entry, compare, evaluate

NAMES = registry.names("baseline")


def test_there_is_data_of_every_kind(some_data):
    assert {*some_data} == {*registry.names("kind")}
    assert all(kind == data.spec.kind for kind, data in some_data.items())


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
