"""What the benchmarks of images measure."""

import pytest
from images import latency

from kerasae import Recipe


def test_a_latency_is_the_median_a_megapixel():
    calls = []
    found = latency._medians({"quick": (lambda: calls.append(1), 10), latency.BASE: (lambda: None, 1000)}, 3)
    # The first call, in which graphs are traced, does not count.
    assert len(calls) == 4
    assert found["quick"] > 0
    lines = latency.table({"model": 30.0, latency.BASE: 1200.0}).splitlines()
    assert lines[2:] == ["| model | 30.0 | 0.025 |", "| non-local means | 1,200.0 | 1.000 |"]


@pytest.mark.slow
def test_a_model_is_timed_in_keras_on_a_server_and_on_a_device(digits):
    pytest.importorskip("skimage")
    network = {"name": "spatial", "filters": [4], "residual_blocks": 0}
    model = Recipe.of("denoising", latent_dim=2, network=network).build(digits)
    found = latency.latencies(model, height=30, width=20, tile=12, repeats=1, data=digits)
    assert [*found] == [
        "Keras, `rebuilt`",
        "SavedModel, any size",
        "TFLite float32, 12 x 12",
        "TFLite int8, 12 x 12",
        latency.BASE,
        "Gaussian filter",
    ]
    assert min(found.values()) > 0
