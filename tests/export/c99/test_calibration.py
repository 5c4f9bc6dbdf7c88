"""The threshold that a device finds from its own rows is the conformal one, and its p-values are valid."""

import os
import shutil
import subprocess
from types import SimpleNamespace

import numpy as np
import pytest
from kerasae.export.decision import Decision
from kerasae.export.formats.c99._decision import write_decision
from kerasae.export.formats.c99.templates import render

from kerasae.calibration import Calibration
from kerasae.thresholds import ConformalThreshold

from .graphs import STRICT

pytestmark = pytest.mark.skipif(
    shutil.which("gcc") is None, reason="needs gcc: apt-get install gcc libc6-dev"
)

FACTORY = np.linspace(0, 1, 40).astype("float32")

HEAD = """
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define D_CALIBRATION_KEPT 8
#define D_CALIBRATION_BLOCK BLOCKu
typedef struct { float x[1]; } d_sample;
typedef struct { float score, p_value; int32_t anomalous; } d_result;
static void detect_graph_(const float *x, float *score) { *score = x[0]; }
float d_threshold(void);
void d_set_threshold(float value);
void d_detect(const d_sample *sample, d_result *result);
void d_calibrate_start(double false_alarms);
int d_calibrate_push(float score);
int d_calibrate_finish(void);
"""

#: Arguments: a rate, with + before it if it may be negative, or - for no calibration; the number of rows that
#: calibrate; the scores of all rows. DURING is the rate of a second calibration on MORE rows, which fails.
MAIN = """
int main(int count, char **words) {
  const int rows = atoi(words[2]);
  int counted = 0;
  if (strcmp(words[1], "-")) {
    d_calibrate_start(atof(words[1] + (words[1][0] == '+')));
    for (int i = 0; i < rows; ++i) counted += d_calibrate_push(strtof(words[3 + i], NULL));
    counted = d_calibrate_finish() ? counted : -1;
  }
  if (getenv("DURING")) {
    d_calibrate_start(atof(getenv("DURING")));
    for (int i = 0; i < atoi(getenv("MORE")); ++i) d_calibrate_push(9.0f);
    if (d_calibrate_finish()) return 1;
  }
  printf("%d %.9g\\n", counted, d_threshold());
  for (int i = 3 + rows; i < count; ++i) {
    d_sample sample;
    d_result result;
    sample.x[0] = strtof(words[i], NULL);
    d_detect(&sample, &result);
    printf("%.9g %d\\n", result.p_value, (int)result.anomalous);
  }
  return 0;
}
"""


@pytest.fixture(scope="module", params=[1, 3])
def block(request):
    return request.param


@pytest.fixture(scope="module")
def device(tmp_path_factory, block):
    """Calibrates, and returns the rows that counted, the threshold, the p-values and the decisions."""
    folder = tmp_path_factory.mktemp("device")
    function = SimpleNamespace(outputs={"score": SimpleNamespace(size=1)})
    for name in ("src", "test"):
        (folder / name).mkdir()
    numbers = Decision(0.9, Calibration.of(FACTORY, block), 0.05).numbers
    write_decision(folder, "d", numbers, FACTORY)
    values = {"name": "d", "upper": "D", "table": False, "functions": SimpleNamespace(detect=function)}
    decision = (folder / "src" / "d_decision.h").read_text()
    head = HEAD.replace("BLOCKu", f"{block}u")
    (folder / "d.c").write_text(head + decision + render("detector.c", values) + MAIN)
    subprocess.run(["gcc", *STRICT, "d.c", "-o", "d"], cwd=folder, check=True)

    def device(rate, scores, new, second=None):
        words = [str(rate), str(len(scores)), *(f"{one:.9g}" for one in [*scores, *new])]
        command, settings = [folder / "d", *words], os.environ | (second or {})
        said = subprocess.run(command, env=settings, capture_output=True, text=True, check=True).stdout
        numbers = [line.split() for line in said.splitlines()]
        counted, threshold = int(numbers[0][0]), np.float32(numbers[0][1])
        p_values, decisions = np.array(numbers[1:], "float32").reshape(-1, 2).T
        return counted, threshold, p_values, decisions

    return device


@pytest.mark.parametrize(("rate", "rows"), [(0.05, 19), (0.05, 100), (0.05, 178), (0.2, 4), (0.01, 300)])
def test_a_threshold_on_site_is_the_conformal_one(device, block, rate, rows):
    rows += round((block - 1) / rate) - block + 1
    rng = np.random.default_rng(rows)
    scores = rng.gamma(2, size=rows).astype("float32")
    new = np.concatenate([rng.gamma(2, size=50), scores[:5]]).astype("float32")
    expected = ConformalThreshold(false_alarms=rate).fit(scores, block=block)
    counted, threshold, p_values, decisions = device(rate, scores, new)
    assert counted == rows
    assert threshold == np.float32(expected.threshold_)
    np.testing.assert_array_equal(decisions, new > threshold)
    exact = expected.p_values(new)
    kept = new >= np.sort(scores)[-8:][0]
    np.testing.assert_allclose(p_values[kept], exact[kept], rtol=1e-6)
    # For the others it is the least that it can be, and no alarm.
    assert np.all(p_values[~kept] <= exact[~kept] + 1e-6)
    assert np.all(p_values[~kept] > rate)


def test_rows_beyond_the_memory_are_left_out_and_the_promise_holds(device, block):
    scores = np.random.default_rng(0).gamma(2, size=400).astype("float32")
    counted, threshold, _, _ = device(0.05, scores, [])
    # 8 of 178 independent rows may lie above; of 179 it would be 9.
    most = {1: 178, 3: 216}[block]
    assert counted == most
    expected = ConformalThreshold(false_alarms=0.05).fit(scores[:most], block=block)
    assert threshold == np.float32(expected.threshold_)


def test_too_few_rows_change_nothing(device, block):
    counted, threshold, p_values, _ = device(0.05, np.ones(19 * block - 1, "float32"), [0.5])
    assert (counted, threshold) == (-1, np.float32(0.9))
    expected = Calibration.of(FACTORY, block).p_values(np.float32([0.5]))
    np.testing.assert_allclose(p_values, expected, rtol=1e-6)


def test_a_calibration_decides_until_the_next_one_is_finished(device, block):
    """A second one that fails left the p-values of the factory beside the threshold of the site."""
    scores = np.random.default_rng(0).gamma(2, size=100).astype("float32")
    new = np.sort(scores)[-5:]
    counted, threshold, p_values, decisions = device(0.2, scores, new)
    again = device(0.2, scores, new, {"DURING": "0.05", "MORE": "1"})
    assert again[:2] == (counted, threshold) and counted > 0
    np.testing.assert_array_equal(again[2], p_values)
    np.testing.assert_array_equal(again[3], decisions)


@pytest.mark.parametrize("rate", ["-0.1", "0.0", "nan", "1.0", "0.9999999999999", "2.5", "inf"])
def test_a_rate_that_is_no_share_changes_nothing(device, rate, block):
    scores = np.linspace(5, 9, 6).astype("float32")
    _, threshold, p_values, _ = device("-", [], [0.5])
    counted, after, p_after, _ = device(f"+{rate}", scores, [0.5])
    assert (counted, after, p_after[0]) == (-1, threshold, p_values[0])


def test_p_values_are_those_of_the_factory_before(device, block):
    new = np.float32([-1, 0, 0.3, 0.999, 1, 2])
    _, threshold, p_values, decisions = device("-", [], new)
    assert threshold == np.float32(0.9)
    np.testing.assert_allclose(p_values, Calibration.of(FACTORY, block).p_values(new), rtol=1e-6)
    np.testing.assert_array_equal(decisions, new > np.float32(0.9))
