"""How the kernels of an int8 file are rounded, and how many bits they get."""

import numpy as np
import pytest
from kerasae.export import TFLite
from kerasae.export.formats._parsed import read_model
from kerasae.export.formats.tflite import _closeness, _quantize, tflite
from kerasae.export.formats.tflite._dense_kernels import dense_kernels, numbers
from kerasae.export.formats.tflite._doubling import with_doubled_kernels
from kerasae.export.formats.tflite._observation import observe
from kerasae.export.formats.tflite._rounding import round_together
from kerasae.export.parity import TOLERANCES
from kerasae.export.verify_edge import EdgeModel
from kerasae.export.views import edge_view


@pytest.fixture(scope="module")
def float_file(edge_subject):
    """The float32 file of a dense model, and rows that it takes."""
    subject = edge_subject("dense")
    view = edge_view(subject.preprocessor)
    return TFLite().content(subject, view), view.feed(subject.held_out[:20])


def weights_and_inputs(hidden):
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(400, hidden)) @ rng.normal(size=(hidden, 48)) + 0.01 * rng.normal(
        size=(400, 48)
    )
    return rng.uniform(-127, 127, (16, 48)), inputs


def test_errors_of_weights_that_are_rounded_together_cancel():
    weights, inputs = weights_and_inputs(hidden=4)
    rounded = round_together(weights, inputs.T @ inputs / len(inputs))
    assert rounded.dtype == np.int8
    together, nearest = (
        np.abs(inputs @ (steps - weights).T).mean() for steps in (rounded, np.round(weights))
    )
    assert together < 0.2 * nearest
    assert np.abs(rounded - weights).max() < 10


def test_weights_of_independent_inputs_are_rounded_to_the_nearest_step():
    weights, _ = weights_and_inputs(hidden=4)
    np.testing.assert_array_equal(round_together(weights, np.diag(np.arange(1.0, 49.0))), np.round(weights))


def test_doubled_kernels_have_255_steps_and_the_precision_of_15_bits(float_file):
    content, rows = float_file
    doubled, others = with_doubled_kernels(content)
    before, after = ({one.buffer: one.shape for one in dense_kernels(file)} for file in (content, doubled))
    inner = [buffer for buffer in before if after[buffer] != before[buffer]]
    graph = [one for one in dense_kernels(content) if one.graph == 0]
    assert inner and graph[0].buffer not in inner and graph[-1].buffer not in inner
    assert {one.buffer for one in dense_kernels(content) if one.name in others} == set(before) - set(inner)
    models = read_model(content), read_model(doubled)
    for buffer in inner:
        outputs, inputs = before[buffer]
        assert after[buffer] == (outputs, 2 * inputs)
        exact = numbers(models[0].buffers[buffer], "float32", before[buffer])
        split = numbers(models[1].buffers[buffer], "float32", after[buffer])
        steps = split / (np.abs(exact).max() / 127)
        np.testing.assert_allclose(steps, np.round(steps), atol=1e-3)
        assert np.abs(steps).max() < 127.5
        # Half a step of the second kernel; a weight that is half a step off has one more.
        error = np.abs(split[:, :inputs] + split[:, inputs:] / 128 - exact)
        assert error.max() <= 1.01 * np.abs(exact).max() / 127 / 128
    answers = [EdgeModel(file).run("reconstruct", rows)["reconstruction"] for file in (content, doubled)]
    deviation = np.abs(answers[1] - answers[0]).max()
    assert 0 < deviation < 1e-3 * np.ptp(answers[0])


def test_codes_outside_the_ranges_of_training_are_not_cut_off(edge_subject, monkeypatch):
    """With 16 bits a code that is three times as far out keeps its place, as in float32."""
    subject = edge_subject("dense")
    view, form = edge_view(subject.preprocessor), TFLite(precision="int8")
    content = TFLite().content(subject, view)
    z = {"z": 3 * subject.model.transform(subject.calibration[:50])}
    exact = EdgeModel(content).run("decode", z)["reconstruction"]
    errors = {}
    for headroom in (1.0, _quantize._HEADROOM):
        monkeypatch.setattr(_quantize, "_HEADROOM", headroom)
        monkeypatch.setattr(tflite, "is_close", lambda *_, **__: False)
        monkeypatch.setattr(tflite, "_MARGINS", {"int8": {"16x8": 0.0}})
        decoded = EdgeModel(form.content(subject, view)).run("decode", z)["reconstruction"]
        errors[headroom] = np.abs(decoded - exact).mean()
    assert errors[4.0] < 0.2 * errors[1.0]


@pytest.mark.parametrize(("closes_at", "bits"), [(1, "8x8"), (2, "16x8"), (3, "16x16"), (None, "16x16")])
def test_a_file_has_the_fewest_bits_that_are_close(closes_at, bits, edge_subject, monkeypatch):
    tried = []

    def quantize(content, precision, rows, *, bits):
        tried.append(bits)
        return bits.encode()

    monkeypatch.setattr(tflite, "quantize", quantize)
    monkeypatch.setattr(tflite, "is_close", lambda *_, **__: len(tried) == closes_at)
    subject = edge_subject("dense")
    made = TFLite(precision="int8").content(subject, edge_view(subject.preprocessor))
    assert made == bits.encode()
    assert tried == ["8x8", "16x8", "16x16"][: len(tried)]
    assert tried[-1] == bits


class Answers:
    """A file that answers what it was made with."""

    def __init__(self, content):
        self.content = content

    def signatures(self):
        return dict.fromkeys(self.content)

    def run(self, signature, sent):
        return self.content[signature]


def answers(scores, reasons, errors, shares):
    return {
        "detect": {"score": scores, "reason": reasons, "share": shares},
        "anomaly_score": {"score": errors},
    }


def test_a_file_is_close_if_ranks_reasons_and_errors_agree(monkeypatch):
    monkeypatch.setattr(_closeness, "EdgeModel", Answers)
    rng = np.random.default_rng(0)
    scores, errors = rng.exponential(size=(2, 200)).astype("float32")
    reasons = rng.integers(0, 5, (200, 3))
    shares = np.tile([0.5, 0.3, 0.2], (200, 1))
    shares[100:] = [0.42, 0.4, 0.18]
    exact = answers(scores, reasons, errors, shares)

    def is_close(other_scores=scores, other_reasons=reasons, other_errors=errors, margin=0.05):
        return _closeness.is_close(
            exact, answers(other_scores, other_reasons, other_errors, shares), {}, margin
        )

    assert is_close()
    # A small monotone change keeps the order; a large one moves the rows over the threshold.
    assert is_close(other_scores=scores + 0.02 * scores**2)
    assert not is_close(other_scores=scores + np.float32(0.1))
    assert not is_close(other_scores=scores + 0.3 * rng.normal(size=200))
    assert not is_close(other_errors=rng.permutation(errors))
    assert is_close(other_errors=1.02 * errors)
    assert not is_close(other_errors=1.1 * errors)
    few, many, undecided = reasons.copy(), reasons.copy(), reasons.copy()
    few[:2, 0], many[:8, 0], undecided[192:, 0] = 9, 9, 9
    assert is_close(other_reasons=few)
    assert not is_close(other_reasons=many)
    # Two shares of about the same size count only without a margin.
    assert is_close(other_reasons=undecided)
    assert not is_close(other_reasons=undecided, margin=0.01)
    assert _closeness.is_close({"reconstruct": {}}, {"reconstruct": {}}, {}, 0.05)
    equal = answers(np.zeros(200, "float32"), reasons, errors, shares)
    assert _closeness.is_close(equal, equal, {}, 0.05)
    assert not _closeness.is_close(equal, exact, {}, 0.05)


def test_a_file_without_a_detector_is_close_if_its_errors_are(monkeypatch):
    monkeypatch.setattr(_closeness, "EdgeModel", Answers)
    errors, noise = np.random.default_rng(0).normal(size=(2, 500))
    exact = {"anomaly_score": {"score": 10 + errors}}

    def is_close(size, **bounds):
        return _closeness.is_close(
            exact, {"anomaly_score": {"score": 10 + errors + size * noise}}, {}, 0, **bounds
        )

    assert is_close(0.0)
    assert is_close(0.06)
    assert not is_close(0.12)
    # The mean change may be half of what is allowed on held-out rows.
    assert not is_close(0.06, bounds=TOLERANCES["dynamic"])


@pytest.mark.slow
def test_the_kernels_of_an_int8_file_are_rounded_together(float_file, edge_subject, monkeypatch):
    content, rows = float_file
    subject = edge_subject("dense")
    view = edge_view(subject.preprocessor)
    exact = EdgeModel(content).run("reconstruct", rows)["reconstruction"]
    verbs = TFLite().endpoints(subject, view)

    def deviation():
        examples = tflite._calibration_rows(subject, view, verbs)
        made = _quantize.quantize(content, "int8", lambda file: observe(file, examples), bits="16x8")
        return len(made), np.abs(EdgeModel(made).run("reconstruct", rows)["reconstruction"] - exact).mean()

    size, together = deviation()
    monkeypatch.setattr(_quantize, "with_rounded_kernels", lambda quantized, content, products: quantized)
    size_before, nearest = deviation()
    assert abs(size - size_before) < 64
    assert together < 0.7 * nearest
