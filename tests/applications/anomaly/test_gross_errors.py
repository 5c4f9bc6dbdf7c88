"""One gross error among many rows hides no other, and moves no moment of the usual ones."""

import numpy as np
import pytest

from kerasae import registry


def _whitened(residual, **more):
    parts = [{key: value[a:b] for key, value in {"residual": residual, **more}.items()} for a, b in _CUTS]
    return registry.get("score", "whitened").adapt(lambda: iter(parts))


_CUTS = ((0, 700), (700, 4000))


@pytest.mark.parametrize("gaps", [False, True])
def test_one_gross_error_does_not_hide_another(gaps):
    """Rank 3,902 for MonthlyCharges of -20 beside a row with 4,620: 25 deviations were one."""
    rng = np.random.default_rng(0)
    residual = (rng.normal(size=(4000, 5)) @ (np.eye(5) + 0.2 * rng.normal(size=(5, 5)))).astype("float32")
    more = {}
    if gaps:
        more["missing"] = (rng.random(residual.shape) < 0.1).astype("float32")
        more["missing"][:2] = 0
        residual *= 1 - more["missing"]
    clean = _whitened(residual, **more)
    spoiled = residual.copy()
    spoiled[0, 2], spoiled[1, 2] = 1500.0, 12.0
    found = np.asarray(_whitened(spoiled, **more)({"residual": spoiled, **more}))
    assert set(np.argsort(-found)[:2]) == {0, 1}
    # The moments of the others are what they are without it.
    usual = np.asarray(clean({"residual": residual, **more}))
    np.testing.assert_allclose(found[2:], usual[2:], rtol=0.05, atol=0.05)


def test_usual_residuals_have_their_usual_moments():
    """To the last bit: of normal ones, of those with long tails, and of rare ones that are not few."""
    rng = np.random.default_rng(1)
    residual = np.stack(
        [
            rng.normal(size=4000),
            rng.standard_t(3, size=4000),
            rng.lognormal(size=4000),
            np.where(rng.random(4000) < 0.005, 5.0, 0.01 * rng.normal(size=4000)),
        ],
        axis=1,
    ).astype("float32")
    score = _whitened(residual)
    np.testing.assert_allclose(score.inverse, 1 / residual.astype("float64").std(axis=0), rtol=1e-5)
    np.testing.assert_allclose(score.mean, residual.astype("float64").mean(axis=0), rtol=1e-4, atol=1e-6)
