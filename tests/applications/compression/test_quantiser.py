"""The quantiser of codes: steps, bits, and what theory says that they cost."""

import numpy as np
import pytest

import kerasae
from kerasae.applications import Compression
from kerasae.applications.compression import _bitstream as bitstream
from kerasae.applications.compression._quantiser import Ranges
from kerasae.baselines import PCA
from kerasae.codec import fingerprint
from kerasae.data import Split


def test_steps_of_pca_are_alike_and_cost_what_theory_says(digits):
    # Uniform noise on each of n numbers, behind orthonormal components: n step^2 / 12.
    pca, step = PCA(6).fit(digits), 0.02
    compression = Compression(pca, step=step).fit(digits)
    steps = compression.quantiser_.steps
    np.testing.assert_allclose(steps, step * np.sqrt(digits.spec.size), rtol=0.01)
    rounded = bitstream.read(
        compression.compress(digits.train.examples), bytes.fromhex(fingerprint(pca))[:8]
    ).codes
    codes = pca.transform(digits.train.examples)
    assert np.abs(codes - rounded).max() <= steps.max() / 2 * 1.001
    added = np.mean(np.square(pca.decode(codes) - pca.decode(rounded)))
    assert added == pytest.approx(6 * step**2 / 12, rel=0.05)


class Stretched:
    """PCA of 3, its first number 1,024 times larger, one without a meaning, and one that never changes."""

    latent_dim = 5

    def __init__(self, pca):
        self.pca, self.preprocessor = pca, pca.preprocessor

    def transform(self, raw):
        codes = self.pca.transform(raw) * np.array([1024, 1, 1], "float32")
        idle = 3 * np.sin(codes[:, :1])
        return np.hstack([codes, idle, np.full_like(idle, 0.37)]).astype("float32")

    def decode(self, codes):
        codes = np.asarray(codes)
        return self.pca.decode(codes[:, :3] / np.array([1024, 1, 1])) + 0.1 * (codes[0, 4] - np.float32(0.37))

    def inverse_transform(self, codes):
        return self.preprocessor.restore(self.decode(codes))


NESTED = """
import gc
from kerasae import Recipe
from kerasae.baselines import PCA
from kerasae.codec import fingerprint

class Outer:
    latent_dim = 3

    def __init__(self, pca):
        self.pca, self.preprocessor = pca, pca.preprocessor

data = Recipe.of().load()
codec = Outer(PCA(3).fit(data))
first = fingerprint(codec)
model = Recipe.of(latent_dim=2).build(data)
model.transform(data.test.head(4))
del model
gc.collect()
print(fingerprint(codec) == first, fingerprint(Outer(PCA(2).fit(data))) == first)
"""


@pytest.mark.slow
def test_a_codec_within_a_codec_is_known_by_what_it_learned(run_python):
    """Its mark changed when a model with the same preprocessor was gone, so that it refused its own files."""
    assert run_python(NESTED).split() == ["True", "False"]


def test_the_scale_of_a_code_does_not_matter(digits):
    pca = PCA(3).fit(digits)
    plain, stretched = (Compression(one, bits=5).fit(digits) for one in (pca, Stretched(pca)))
    short, long = (one.compress(digits.test.examples) for one in (plain, stretched))
    # What moves nothing has no bits, and what never changes comes back as it is.
    assert len(long) - len(short) < 60
    difference = stretched.decompress(long).astype(int) - plain.decompress(short)
    # Steps are found by differences in float32, of which the last bits count where a level is on the edge.
    assert np.abs(difference).max() <= 1 and (difference != 0).mean() < 0.01
    rounded = bitstream.read(long, bytes.fromhex(fingerprint(stretched.codec))[:8]).codes
    assert set(rounded[:, 4]) == {np.float32(0.37)}


def test_whole_numbers_come_back_whole():
    codes = np.random.default_rng(0).integers(0, 900, (300, 1)).astype("float64")
    quantiser = Ranges.of(codes, np.array([123.0])).quantiser(1, None)
    np.testing.assert_array_equal(quantiser.codes(quantiser.symbols(codes)), codes)


def test_more_bits_cost_more_and_lose_less(model, digits):
    found = []
    for bits in (2, 4, 8):
        finding = Compression(model, bits=bits).fit(digits).report(digits, None).figures
        found.append((finding["bytes"], finding["error"], finding["error_unrounded"]))
    (few, coarse, _), (some, middle, _), (many, fine, exact) = found
    assert few < some < many
    assert coarse > middle > exact
    assert fine == pytest.approx(exact, rel=1e-3)
    assert exact == pytest.approx(kerasae.evaluate(model, digits)["error"], rel=1e-5)


def test_bits_are_chosen_on_validation_rows_alone(model, digits):
    chosen = Compression(model).fit(digits).quantiser_.steps
    other = kerasae.data.Data(
        digits.name,
        digits.spec,
        digits.train,
        digits.validation,
        Split(digits.test.examples[:1]),
        digits.preprocessor,
    )
    np.testing.assert_array_equal(Compression(model).fit(other).quantiser_.steps, chosen)
    validation = kerasae.data.Data(
        digits.name, digits.spec, digits.train, digits.validation, digits.validation, digits.preprocessor
    )
    found = Compression(model).fit(digits).report(validation, None).figures
    assert found["error"] <= 1.05 * found["error_unrounded"] + 0.005 * 0.1


@pytest.mark.parametrize(
    "wrong", [{"bits": 0}, {"bits": 17}, {"step": 0.0}, {"step": float("inf")}, {"most": 0}]
)
def test_wrong_arguments(model, wrong):
    with pytest.raises(ValueError, match=f"`{next(iter(wrong))}` must be"):
        Compression(model, **wrong)


def test_codes_that_are_no_numbers_are_refused(model, digits):
    compression = Compression(model, bits=4).fit(digits)
    with pytest.raises(ValueError, match="Expected finite codes"):
        compression.quantiser_.symbols(np.array([[np.nan, 0, 0, 0]]))
