"""Every score on windows of a log with gaps: windows in which a level shifts are odder than the others."""

import numpy as np
import pytest
from small_logs import sines

from kerasae import Recipe, registry, train
from kerasae.applications import AnomalyDetector
from kerasae.data.series import from_frame

WINDOW = 12
#: Rows in which the level of the second channel is shifted by two of its deviations.
SHIFTED = slice(400, 440)


@pytest.fixture(scope="module")
def trained():
    frame = sines(rows=900, gaps=range(7, 900, 11))
    data = Recipe.of().prepare(from_frame(frame, time="time", window=WINDOW))
    recipe = Recipe.of("denoising", latent_dim=4, network={"name": "dense", "widths": [16]})
    model = recipe.build(data)
    train(model, data, epochs=40, batch_size=64, learning_rate=0.01)
    return model, data


@pytest.mark.parametrize("name", registry.names("score"))
def test_a_score_finds_a_shift_of_level(name, trained, tmp_path):
    model, data = trained
    detector = AnomalyDetector(model, score=name, false_alarms=0.3).fit(data)
    frame = sines(rows=900, seed=1, gaps=range(5, 900, 13))
    frame.loc[SHIFTED.start : SHIFTED.stop - 1, "pressure"] += 4.2
    windows = from_frame(frame, time="time", window=WINDOW, test=1).test.examples
    scores = detector.score_samples(windows)
    assert scores.shape == (900 - WINDOW + 1,)
    first = np.arange(len(scores))
    within = (first >= SHIFTED.start) & (first + WINDOW <= SHIFTED.stop)
    apart = (first >= SHIFTED.stop) | (first + WINDOW <= SHIFTED.start)
    assert np.median(scores[within]) > np.quantile(scores[apart], 0.95)
    # What is stored judges as before.
    detector.save(tmp_path / "detector")
    again = AnomalyDetector.load(tmp_path / "detector", model)
    np.testing.assert_array_equal(again.score_samples(windows), scores)
