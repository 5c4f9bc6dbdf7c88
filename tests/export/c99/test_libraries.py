"""Libraries in C of trained models answer as TFLite does, on this machine and on an emulated Cortex-M."""

import dataclasses
import shutil
import subprocess

import numpy as np
import pandas as pd
import pytest
from kerasae.export import C99, ExportError, Subject, bundle, calibrate_bundle, verify
from kerasae.export.formats.c99 import _reference
from kerasae.export.formats.c99._building import packed, unequal
from kerasae.export.formats.c99._reference import ReferenceModel
from kerasae.export.formats.c99._source import literal
from kerasae.export.views import edge_view

from kerasae import Recipe
from kerasae.runs import run_recipe
from kerasae.workflows import apply

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("gcc") is None, reason="needs gcc: apt-get install gcc libc6-dev"),
]

needs_arm = pytest.mark.skipif(
    shutil.which("arm-none-eabi-gcc") is None or shutil.which("qemu-system-arm") is None,
    reason="needs apt-get install gcc-arm-none-eabi libnewlib-arm-none-eabi qemu-system-arm",
)

DENSE = {"model": "denoising", "latent_dim": 16, "network": {"widths": [64, 64], "activation": "tanh"}}
#: Networks of each kind of examples, small enough for a test, and the score of the detector.
MODELS = {
    "vector": {**DENSE, "score": "whitened"},
    "evidence": {
        **DENSE,
        "score": {"name": "evidence", "scores": ["whitened", {"name": "prototypes", "most": 32}]},
    },
    "few": {"model": "denoising", "latent_dim": 4, "network": {"widths": [32], "frequencies": 8}},
    "image": {"latent_dim": 4, "network": {"name": "conv", "filters": [4, 8], "residual_blocks": 1}},
    "table": {"latent_dim": 4, "network": {"widths": [16]}},
}


def write_source(name, folder):
    rng = np.random.default_rng(0)
    columns = 3 if name == "few" else 10
    values = rng.normal(size=(600, 4)) @ rng.normal(size=(4, columns)) + 0.2 * rng.normal(size=(600, columns))
    values = 20 + 5 * values.astype("float32")
    if name == "image":
        return "digits"
    if name != "table":
        np.save(folder / "rows.npy", values)
        return str(folder / "rows.npy")
    frame = pd.DataFrame(values[:, :4], columns=["torque", "speed", "heat (K)", "load"])
    frame["state"] = np.where(values[:, 4] > 20, "on", "idle")
    frame["valve"] = values[:, 5] > 22
    # Only idle rows have less than 20, so other rows of the tests are beyond the end of their category.
    frame["load"] = frame["load"].where(frame["state"] == "idle", 20 + (frame["load"] - 20).abs())
    frame.mask(rng.random(frame.shape) < 0.05).to_csv(folder / "rows.csv", index=False)
    return str(folder / "rows.csv")


@pytest.fixture(scope="session")
def library(tmp_path_factory):
    """Writes the library of a model with a detector, once for each."""
    made = {}

    def library(name):
        if name not in made:
            folder = tmp_path_factory.mktemp(name)
            family = MODELS[name].get("model", "undercomplete")
            score = {"score": MODELS[name]["score"]} if "score" in MODELS[name] else {}
            settings = {key: MODELS[name][key] for key in ("latent_dim", "network")}
            recipe = Recipe.of(
                family, source=write_source(name, folder), train={"epochs": 8, "batch_size": 32}, **settings
            )
            run = run_recipe(recipe, folder / "run")
            apply("anomaly", run, folder / "found", baselines=False, **score)
            made[name] = C99().write(run, folder / f"{name}_c"), run
        return made[name]

    return library


def make(artifact, *targets, **variables):
    words = [*targets, *(f"{key}={value}" for key, value in variables.items())]
    done = subprocess.run(
        ["make", "-s", "-C", artifact.path, *words], capture_output=True, text=True, check=False, timeout=500
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def many_rows(artifact, run, count, seed=0):
    """Rows that the training did not see, and rows beside them, far away, with gaps and without numbers."""
    rng = np.random.default_rng(seed)
    held_out = edge_view(run.model.preprocessor).feed(Subject.of(run).held_out)["x"]
    x = held_out[rng.integers(0, len(held_out), count)]
    noisy = rng.random(count) < 0.5
    if x.dtype == "uint8":
        x[noisy] = rng.integers(0, 256, x[noisy].shape)
        return x
    x[noisy] += 5 * rng.normal(size=x[noisy].shape) * np.exp(rng.normal(size=(noisy.sum(), 1)))
    codes = artifact.facts.get("codes", ())
    x[:, codes] = np.round(x[:, codes])
    odd = rng.random(x.shape)
    return np.select([odd < 0.002, odd < 0.004, odd < 0.006], [np.nan, 1e9, -np.inf], x).astype("float32")


def different(artifact, command, signature, x, folder):
    """Which rows a program answers otherwise than the reference kernels, which answer beside it."""
    (folder / "rows").write_bytes(packed([x]))
    subprocess.run([*command], check=True, cwd=folder, timeout=500)
    facts = artifact.facts["functions"][signature]
    expected = ReferenceModel.open(artifact.path).run(signature, {"x": x})
    wanted = [expected[name] for name in facts["answers"]]
    return unequal((folder / "answers").read_bytes(), wanted, 0.0 if facts["exact"] else 1e-5), expected


def on_qemu(program, signature):
    words = ",".join(f"arg={word}" for word in ("stream", signature, "rows", "answers"))
    board = ["-M", "mps2-an386", "-nographic", "-monitor", "none", "-serial", "none"]
    files = ["-semihosting-config", f"enable=on,target=native,{words}"]
    return ["qemu-system-arm", *board, *files, "-kernel", program]


@pytest.mark.parametrize("name", MODELS)
def test_answers_are_those_of_the_reference_kernels(name, library, tmp_path):
    artifact, run = library(name)
    assert "0 differences" in make(artifact, "test")
    make(artifact, "stream", BUILD=tmp_path)
    rows = 10_000 if name == "vector" else 1000
    x = many_rows(artifact, run, rows)
    for signature in ("detect", "reconstruct", "encode"):
        command = [tmp_path / "stream", signature, "rows", "answers"]
        odd, expected = different(artifact, command, signature, x, tmp_path)
        # Categories and sines of few columns need functions of each machine's own.
        exact = artifact.facts["functions"][signature]["exact"]
        assert odd.sum() <= (0 if exact else rows // 200), signature
        assert len(np.unique(expected[artifact.facts["functions"][signature]["answers"][0]])) > 10
    assert artifact.facts["functions"]["detect"]["exact"] == (name in ("vector", "evidence", "image"))


@needs_arm
@pytest.mark.parametrize("core", ["m4", "m0"])
@pytest.mark.parametrize("name", MODELS)
def test_a_microcontroller_answers_the_same(name, core, library, tmp_path):
    artifact, run = library(name)
    assert "0 differences" in make(artifact, "qemu", CORE=core, BUILD=tmp_path)
    make(artifact, "stream_arm", CORE=core, BUILD=tmp_path)
    rows = {"vector": 10_000, "image": 100}.get(name, 1000)
    command = on_qemu(tmp_path / f"stream_{core}.elf", "detect")
    x = many_rows(artifact, run, rows, seed=1)
    odd, expected = different(artifact, command, "detect", x, tmp_path)
    assert odd.sum() <= (0 if artifact.facts["functions"]["detect"]["exact"] else rows // 200)
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
