"""Numbers that stand for a missing entry in the training, such as -999, are missing entries in C too."""

import shutil
import subprocess
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from kerasae.export.formats.c99._columns import Columns, gone_numbers
from kerasae.export.formats.c99.templates import render
from kerasae.export.views import edge_view

from kerasae import Recipe
from kerasae.data.tables import from_frame
from kerasae.notations import Number
from kerasae.spec import Column

from .graphs import STRICT

pytestmark = pytest.mark.skipif(
    shutil.which("gcc") is None, reason="needs gcc: apt-get install gcc libc6-dev"
)

STUBS = """
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define D_FEATURES 4
#define D_CHANNELS 2
#define D_STEPS 2
#define D_SMOOTH 1
#define D_RELEASE 1
#define D_LEAST 1
typedef struct { float x[D_FEATURES]; uint8_t missing[D_FEATURES]; } d_sample;
typedef struct { float score; } d_result;
typedef struct {
  d_sample window;
  uint32_t needed;
  float held[D_CHANNELS];
  uint32_t age[D_CHANNELS];
  float scores[D_SMOOTH];
  uint32_t scored, above;
  int32_t alarm;
} d_stream;
typedef struct { d_result result; float score; int32_t alarm; } d_answer;
"""


def printed(folder, source, words):
    (folder / "d.c").write_text(source)
    subprocess.run(["gcc", *STRICT, "d.c", "-lm", "-o", "d"], cwd=folder, check=True)
    command = [folder / "d", *(f"{word:.9g}" for word in words)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return np.array(said.split(), "float32")


@pytest.fixture(scope="module")
def columns():
    """Columns of a table: -999 and -1 stand for a missing entry of the first, which has an origin."""
    rows = np.random.default_rng(0).normal(size=(80, 2))
    frame = pd.DataFrame({"far": 5_000_000 + rows[:, 0], "near": rows[:, 1]})
    frame.loc[3:5, "far"], frame.loc[6:9, "far"] = -999.0, -1.0
    data = from_frame(frame, missing={"far": ["-999", "-1"]})
    return Columns.of(edge_view(Recipe.of().prepare(data).preprocessor))


def test_numbers_are_counted_from_the_origin(columns):
    assert columns.origins == [5_000_000, 0]
    assert columns.gone == [(0, -5_000_999.0), (0, -5_000_001.0)]


def test_a_cell_of_a_sample_is_missing(columns, tmp_path):
    tensor = SimpleNamespace(dtype="float32", size=4)
    function = SimpleNamespace(name="echo", inputs={"x": tensor}, outputs={"y": tensor}, statements="")
    function.statements = "  memcpy(y, x, D_FEATURES * sizeof *y);\n"
    declared = "void d_echo(const d_sample *sample, float y[D_FEATURES]);\n"
    for name in ("d.h", "d_constants.h", "d_kernels.h"):
        (tmp_path / name).write_text(STUBS + declared if name == "d.h" else "")
    values = {
        "name": "d",
        "upper": "D",
        "version": "",
        "detector": False,
        "series": None,
        "arena": {"f": 1},
        "ctypes": {"f": "float"},
        "functions": {"echo": function},
        "table": True,
        "columns": [{"note": note} for note in columns.notes],
        "gone": columns.gone,
        "declaration": lambda function: "void d_echo(const d_sample *sample, float y[D_FEATURES])",
    }
    main = """
int main(int count, char **words) {
  d_sample sample = {{0}, {0}};
  float y[D_FEATURES];
  for (int i = 1; i < count; ++i) sample.x[i - 1] = strtof(words[i], NULL);
  (void)arena;
  d_echo(&sample, y);
  for (int i = 0; i < D_FEATURES; ++i) printf("%.9g ", y[i]);
  return 0;
}
"""
    source = render("source.c", values) + main
    for first in (-5_000_999, -5_000_001):
        np.testing.assert_array_equal(printed(tmp_path, source, [first, first]), [np.nan, first, 0, 0])
    np.testing.assert_array_equal(printed(tmp_path, source, [-999, -999]), [-999, -999, 0, 0])


@pytest.mark.parametrize("slow", [False, True])
def test_a_reading_is_missing(tmp_path, slow):
    channels = [
        Column("a", "number", "float64", notation=Number(missing=("-999", "NaN"))),
        Column("b", "number", "float64"),
    ]
    gone = gone_numbers(channels, [{"origin": 100.0}, {"origin": 0.0}])
    assert gone == [(0, -1099.0)]
    series = SimpleNamespace(gone=gone, slow=slow, holds=[1, 1])
    push = render("push.c", {"name": "d", "upper": "D", "series": series})
    main = """
int main(int count, char **words) {
  static d_stream stream;
  d_answer answer;
  d_reset(&stream);
  for (int i = 1; i + 1 < count; i += 2) {
    const float reading[D_CHANNELS] = {strtof(words[i], NULL), strtof(words[i + 1], NULL)};
    d_push(&stream, reading, &answer);
  }
  for (int i = 0; i < D_FEATURES; ++i) printf("%.9g ", stream.window.x[i]);
  return 0;
}
"""
    detect = "static float threshold = 1.0f;\n"
    detect += "static void d_detect(const d_sample *s, d_result *r) { r->score = s->x[0]; }\n"
    declared = (
        "void d_reset(d_stream *);\nint d_push(d_stream *, const float reading[D_CHANNELS], d_answer *);\n"
    )
    source = STUBS + detect + declared + push + main
    got = printed(tmp_path, source, [1, -1099, -1099, float("inf")])
    np.testing.assert_array_equal(got, [1, -1099, np.nan, np.nan])
