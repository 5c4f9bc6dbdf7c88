"""Libraries in C of trained models answer as TFLite does, on this machine and on an emulated Cortex-M."""

import dataclasses
import shutil
import subprocess

import numpy as np
import pytest
from c_libraries import MODELS, different, make, many_rows, needs_arm, on_qemu
from kerasae.export import C99, ExportError, Subject, bundle, calibrate_bundle, verify
from kerasae.export.formats.c99 import _reference
from kerasae.export.formats.c99._source import literal
from kerasae.export.formats.tflite import tflite
from kerasae.export.parity import TOLERANCES
from kerasae.export.verify_edge import LOWER

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("gcc") is None, reason="needs gcc: apt-get install gcc libc6-dev"),
]

# `scope="module"` below: tests of one model follow each other, so that few workers make its library.

#: Tolerances of any answer.
ANYTHING = {name: np.inf if name in LOWER else -1.0 for name in TOLERANCES["int8"]}


@pytest.mark.parametrize("name", MODELS, scope="module")
def test_answers_are_those_of_the_reference_kernels(name, library, tmp_path):
    artifact, run = library(name)
    assert "0 differences" in make(artifact, "test")
    make(artifact, "stream", BUILD=tmp_path)
    rows = 10_000 if name == "vector" else 1000
    x = many_rows(artifact, run, rows)
    for signature in ("detect", "reconstruct", "encode"):
        command = [tmp_path / "stream", signature, "rows", "answers"]
        odd, expected = different(artifact, command, signature, x, tmp_path)
        assert odd.sum() == 0, signature
        assert len(np.unique(expected[artifact.facts["functions"][signature]["answers"][0]])) > 10
        assert artifact.facts["functions"][signature]["exact"]


@pytest.mark.parametrize("bits", ["8x8", "16x16"])
def test_answers_with_other_bits_are_those_of_the_reference_kernels(bits, library, tmp_path, monkeypatch):
    _, run = library("evidence")
    monkeypatch.setattr(tflite, "is_close", lambda *_, **__: bits == "8x8")
    artifact = C99().write(run, tmp_path / "bits_c", tolerance=ANYTHING)
    functions = (artifact.path / "src" / "bits.c").read_text()
    # The first and the last layer are in float32, and the score always is.
    assert ("fully_connected_int16" in functions, "fully_connected_int8" in functions) == (
        bits == "16x16",
        bits == "8x8",
    )
    make(artifact, "stream", BUILD=tmp_path)
    x = many_rows(artifact, run, 1000)
    for signature in ("detect", "reconstruct", "encode"):
        odd, _ = different(
            artifact, [tmp_path / "stream", signature, "rows", "answers"], signature, x, tmp_path
        )
        assert artifact.facts["functions"][signature]["exact"]
        assert not odd.any(), signature


@needs_arm
@pytest.mark.parametrize("core", ["m4", "m0"])
@pytest.mark.parametrize("name", MODELS, scope="module")
def test_a_microcontroller_answers_the_same(name, core, library, tmp_path):
    artifact, run = library(name)
    assert "0 differences" in make(artifact, "qemu", CORE=core, BUILD=tmp_path)
    make(artifact, "stream_arm", CORE=core, BUILD=tmp_path)
    # The code is that of the host, which answers for many more rows: here it is the compiler that differs.
    rows = {"vector": 1000, "image": 50}.get(name, 200)
    command = on_qemu(tmp_path / f"stream_{core}.elf", "detect")
    x = many_rows(artifact, run, rows, seed=1)
    odd, expected = different(artifact, command, "detect", x, tmp_path)
    assert odd.sum() == 0
    assert 0 < expected["anomalous"].mean() < 1


@needs_arm
@pytest.mark.parametrize("name", ["vector", "evidence"])
def test_a_detector_of_ten_columns_is_small(name, library):
    artifact, _ = library(name)
    for sizes in artifact.facts["measured"].values():
        assert sizes["flash"] <= 64 * 1024
        assert sizes["ram"] + sizes["stack"] <= 16 * 1024
    guide = (artifact.path / "README.md").read_text()
    assert f"{artifact.facts['measured']['cortex-m4']['flash']:,}" in guide
    # What the table of an export shows is what the microcontroller needs.
    assert artifact.facts["bytes"] == artifact.facts["measured"]["cortex-m4"]["flash"]


@needs_arm
def test_no_product_is_fused_with_a_sum(library, tmp_path):
    """GCC does so by default where the standard of C is its own, as in a sketch for Arduino."""
    artifact, _ = library("vector")
    (source,) = (artifact.path / "src").glob("*.c")
    options = ["-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16", "-std=gnu11", "-O3"]
    subprocess.run(["arm-none-eabi-gcc", *options, "-S", source, "-o", tmp_path / "out.s"], check=True)
    assembly = (tmp_path / "out.s").read_text()
    assert "vmul.f32" in assembly
    assert "vfma" not in assembly


@pytest.mark.skipif(shutil.which("cmake") is None, reason="needs cmake")
def test_cmake_builds_and_tests_it(library, tmp_path):
    artifact, _ = library("vector")
    for command in (["cmake", "-S", artifact.path, "-B", "."], ["cmake", "--build", "."], ["ctest"]):
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_a_missing_entry_is_a_flag(library, tmp_path):
    artifact, _ = library("table")
    name = next((artifact.path / "src").glob("*.c")).stem
    upper = name.upper()
    (tmp_path / "main.c").write_text(f"""
#include <math.h>
#include <stdio.h>
#include "{name}.h"
int main(void) {{
  {name}_sample sample = {{{{20.0f, 21.0f, 19.0f, 20.0f, 1.0f, 0.0f}}, {{0}}}};
  {name}_result flag, number;
  sample.missing[{upper}_HEAT_K] = 1;
  {name}_detect(&sample, &flag);
  sample.missing[{upper}_HEAT_K] = 0;
  sample.x[{upper}_HEAT_K] = NAN;
  {name}_detect(&sample, &number);
  printf("%.9g %.9g\\n", flag.score, number.score);
  return flag.score != number.score;
}}
""")
    command = ["gcc", "-std=c99", "-Wall", "-Wextra", "-Werror", f"-I{artifact.path / 'src'}", "main.c"]
    command += [str(artifact.path / "src" / f"{name}.c"), "-lm", "-o", "main"]
    subprocess.run(command, cwd=tmp_path, check=True)
    subprocess.run([tmp_path / "main"], check=True)


def test_a_bundle_holds_it_with_the_tiny_files(library, exported_by_kind, tmp_path):
    _, run = library("vector")
    bundle(run, tmp_path / "ship", formats=["tiny"])
    paths = sorted(one.name for one in (tmp_path / "ship" / "tiny").iterdir() if one.is_dir())
    assert paths == [f"run_{one}" for one in ("c", "decode", "encode", "reconstruct")]
    assert verify(tmp_path / "ship").faults == []
    # A table has no files for TensorFlow Lite Micro, and a text has neither.
    _, run = library("table")
    bundle(run, tmp_path / "table", also=["tiny"], formats=[])
    assert [one.name for one in (tmp_path / "table" / "tiny").iterdir() if one.is_dir()] == ["run_c"]
    with pytest.raises(ValueError, match="received one of kind 'text'"):
        bundle(exported_by_kind("text").subject, tmp_path / "text", formats=["tiny"])


def test_a_bundle_is_calibrated_again(library, tmp_path):
    artifact, run = library("vector")
    bundle(run, tmp_path / "ship", formats=["c99"])
    before = (tmp_path / "ship/tiny/run_c/src/run_decision.h").read_text()
    np.save(tmp_path / "site.npy", Subject.of(run).held_out)
    calibrated = calibrate_bundle(tmp_path / "ship", tmp_path / "site.npy", false_alarms=0.1)
    threshold, former = calibrated.thresholds["tiny/run_c"]
    assert threshold != former
    assert verify(tmp_path / "ship").faults == []
    text = (tmp_path / "ship/tiny/run_c/src/run_decision.h").read_text()
    assert text != before
    assert f"threshold = {literal(threshold)};" in text
    moved = dataclasses.replace(artifact, path=tmp_path / "ship/tiny/run_c")
    assert "0 differences" in make(moved, "test", BUILD=tmp_path)
    make(moved, "stream", BUILD=tmp_path)
    x, command = many_rows(artifact, run, 300), [tmp_path / "stream", "detect", "rows", "answers"]
    odd, expected = different(moved, command, "detect", x, tmp_path)
    assert not odd.any()
    assert np.array_equal(expected["anomalous"], expected["score"] > np.float32(threshold))


def test_code_that_answers_otherwise_does_not_leave(library, tmp_path, monkeypatch):
    _, run = library("vector")
    answers = _reference.ReferenceModel.run

    def moved(self, signature, sent):
        return {name: value + 1 for name, value in answers(self, signature, sent).items()}

    monkeypatch.setattr(_reference.ReferenceModel, "run", moved)
    with pytest.raises(ExportError, match="answers as TFLite's reference kernels"):
        C99().write(Subject.of(run), tmp_path / "m_c")
    assert not list(tmp_path.iterdir())
