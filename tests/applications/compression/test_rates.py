"""Rates beside those of other codecs."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from kerasae.applications import Compression
from kerasae.applications.compression._curves import Point, point, rate_at, rate_rows_at
from kerasae.applications.compression._measuring import fitted_codes
from kerasae.applications.compression._quantiser import Ranges, unit_steps
from kerasae.applications.compression._references import RawSize, photographs
from kerasae.applications.compression._sentences import on_the_others
from kerasae.baselines import PCA
from kerasae.data import NO_ROWS, Data, Split, array_spec, make_data
from kerasae.metrics import RowSums, difference
from kerasae.preprocessing.identity import Identity
from kerasae.spec import Spec


def test_raw_bytes_of_each_kind(digits):
    size = RawSize(digits)
    for chunk in digits.test.chunks(100):
        size.add(chunk)
    size.close()
    assert size.raw == size.cells == digits.test.examples.nbytes
    import zstandard

    packed = zstandard.ZstdCompressor(level=19).compressobj()
    whole = packed.compress(digits.test.examples.tobytes()) + packed.flush()
    assert size.packed == pytest.approx(len(whole), rel=0.02)


def test_photographs_against_files_of_their_own_making(digits):
    found = {(photo.form, photo.quality): photo for photo in photographs(digits)}
    for form in ("JPEG", "WEBP"):
        rates = [found[form, quality].rate for quality in (5, 35, 95)]
        errors = [found[form, quality].error for quality in (5, 35, 95)]
        assert rates == sorted(rates)
        assert errors == sorted(errors, reverse=True)
        assert errors[-1] < 1e-3
        one = found[form, 35]
        # A header for each image is most of it, which is why there is a mosaic.
        assert one.alone > 2 * one.rate
        assert 0 < one.without_headers < one.alone


def test_photographs_of_images_without_a_stated_range_keep_that_of_the_training(tmp_path):
    images = np.random.default_rng(0).normal(size=(60, 4, 4, 1)).astype("float32")
    data = make_data("float", array_spec(images), images).with_preprocessor(Identity(array_spec(images)))
    pca = PCA(2).fit(data)
    fitted = Compression(pca, bits=4).fit(data)
    fitted.save(tmp_path / "kept")
    darker = dataclasses.replace(data, test=Split(data.test.examples / 10))
    bare = dataclasses.replace(darker, train=NO_ROWS, validation=NO_ROWS)
    curves, notes = [], []
    for application, rows in ((fitted, darker), (Compression.load(tmp_path / "kept", pca), bare)):
        finding = application.report(rows, tmp_path)
        notes.append(" ".join(finding.notes))
        curves.append(pd.read_csv(tmp_path / "rate_distortion.csv").set_index("codec"))
    assert set(curves[0].index) == {"model", "pca 2", "pca up to 16", "JPEG", "WEBP"}
    # Without training rows the curves of the baselines are left out, and a note says so.
    assert set(curves[1].index) == {"model", "JPEG", "WEBP"} and "--refit" in finding.notes[-1]
    for words in ("Baselines have the same", "'up to'", "the model or the baselines or an image library"):
        assert words in notes[0] and words not in notes[1]
    for name in set(curves[1].index):
        pd.testing.assert_frame_equal(curves[0].loc[[name]], curves[1].loc[[name]])


def test_rates_between_points():
    points = [Point(rate, {"error": error}) for rate, error in ((10.0, 1.0), (20.0, 0.25), (40.0, 0.0625))]
    assert rate_at(points, 0.25) == pytest.approx(20.0)
    assert rate_at(points, 0.5) == pytest.approx(np.sqrt(200.0))
    assert rate_at(points, 0.01) is None
    assert rate_at(points, 2.0) is None
    assert rate_rows_at(points, 0.25) is None


@pytest.mark.slow
def test_the_standard_error_of_a_difference_of_rates_is_the_deviation_over_samples():
    """Samples of 600 rows have files with histograms of their own; the jackknife knows one file alone.

    It came to 0.79 of the deviation with 200 rows, to 0.90 with 600, and to 0.94 with 2,000.
    """
    rng = np.random.default_rng(0)
    mixing = rng.normal(size=(8, 12)) * 0.7 ** np.arange(8)[:, None]

    def sample(rows):
        return (rng.standard_t(5, (rows, 8)) @ mixing + 0.1 * rng.normal(size=(rows, 12))).astype("float32")

    spec = Spec("vector", (12,))
    data = Data("mixed", spec, Split(sample(1000)), Split(sample(200)), Split(sample(1)))
    data = data.with_preprocessor(Identity(spec))
    codecs = [PCA(components).fit(data) for components in (3, 6)]
    training = [fitted_codes(pca, data) for pca in codecs]
    ranges = [
        Ranges.of(codes, unit_steps(pca, codes, spec)) for pca, codes in zip(codecs, training, strict=True)
    ]
    gaps = []
    for _ in range(60):
        new = dataclasses.replace(data, test=Split(sample(600)))
        curves = [
            [
                point(pca, known.quantiser(bits, None), pca.transform(new.test.examples), new)
                for bits in (2, 3, 4, 5, 6)
            ]
            for pca, known in zip(codecs, ranges, strict=True)
        ]
        gaps.append(difference(*([rate_rows_at(points, 0.4)] for points in curves)))
    deviation = np.std([gap.value for gap in gaps], ddof=1)
    # The deviation of 60 samples is known to a tenth.
    assert np.mean([gap.error for gap in gaps]) == pytest.approx(deviation, rel=0.25)


def test_a_curve_near_its_least_error_does_not_blow_up_a_difference():
    """The error of the file moves with the rows, as those of the curve do."""
    rng = np.random.default_rng(0)
    squares = rng.exponential(size=400)
    model, other = (
        [
            Point(
                rate,
                {"error": share * squares.mean()},
                rng.normal(rate, 1, 400),
                RowSums(share * squares, np.ones(400)),
            )
            for rate, share in points
        ]
        for points in (((10, 1.0), (20, 0.99)), ((30, 1.2), (40, 0.8)))
    )
    here = model[1]
    error, without = here.figures["error"], here.without_each_row()[1]
    fixed, moving = (
        difference(*([rate_rows_at(points, error, wanted)] for points in (model, other)))
        for wanted in (None, without)
    )
    assert moving.value == fixed.value
    assert moving.error < 0.2 and not fixed.error < 2


def line(rates, errors, bits=None, totals=None):
    """A curve of two points; with bits and squared errors of the rows of each."""
    if bits is None:
        return [Point(rate, {"error": error}) for rate, error in zip(rates, errors, strict=True)]
    return [
        Point(rate, {"error": error}, row_bits, RowSums(squares, np.ones(len(squares))))
        for rate, error, row_bits, squares in zip(rates, errors, bits, totals, strict=True)
    ]


def told(shift, spread):
    """What is said of a rival that takes so many more bits for each of 50 rows, with this spread."""
    rng = np.random.default_rng(0)
    squares = np.stack([np.full(50, 0.4), np.full(50, 0.1)])
    curves = {}
    for name, more in (("model", 0.0), ("rival", shift)):
        bits = np.stack([10 + more + spread * rng.normal(size=50), 20 + more + spread * rng.normal(size=50)])
        curves[name] = line(bits.mean(axis=1), (0.4, 0.1), bits, squares)
    here = Point(15.0, {"error": 0.2}, np.full(50, 15.0), RowSums(np.full(50, 0.2), np.ones(50)))
    [verdict] = on_the_others(curves, here)
    return verdict


def test_a_rate_is_called_another_where_that_is_shown():
    good, words = told(3.0, 1.0)
    assert (
        good and words.startswith("rival takes 17.") and "bits per row for this error, the model 14" in words
    )
    assert "a difference of " in words and "±" in words
    assert not told(-3.0, 1.0)[0]
    # Where any difference was good news, this one was.
    good, words = told(0.5, 5.0)
    assert not good and "50 rows show no difference" in words and "within two standard errors" in words


def test_files_that_are_not_by_row_and_codecs_that_never_come_so_near():
    squares = np.stack([np.full(50, 0.4), np.full(50, 0.1)])
    model = line((10.0, 20.0), (0.4, 0.1), np.tile([[10.0], [20.0]], 50), squares)
    here = Point(15.0, {"error": 0.2}, np.full(50, 15.0), RowSums(np.full(50, 0.2), np.ones(50)))
    coarse = line((5.0, 6.0), (0.9, 0.5), np.ones((2, 50)), np.stack([np.full(50, 0.9), np.full(50, 0.5)]))
    fine = line((30.0, 40.0), (0.1, 0.05), np.tile([[30.0], [40.0]], 50), squares / 4)
    mosaic = line((30.0, 60.0), (0.4, 0.1))
    said = on_the_others({"model": model, "coarse": coarse, "fine": fine, "JPEG": mosaic}, here)
    assert [good for good, _ in said] == [True, True, False]
    assert said[0][1] == "coarse does not come to this error: its least is 0.5."
    assert "fine takes 30.0 bits per row at least, for an error of 0.1, the model 14.1: a diff" in said[1][1]
    assert said[2][1].startswith("JPEG takes 42.4 bits per row for this error, the model 14.1, without a")
    assert on_the_others({"model": model}, Point(15.0, {"error": 0.9})) == []
