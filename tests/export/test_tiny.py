"""Files for microcontrollers: in C as in Python, run by the devices' own interpreter, equal to the model."""

import json
import re
import shutil
import subprocess

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kerasae.export import ParityError, Subject, Tiny, bundle, verify
from kerasae.export.formats._convert import builtin_operations, float_tensors
from kerasae.export.formats.tiny import _micro_model
from kerasae.export.formats.tiny._micro_model import MicroModel, Side
from kerasae.export.verify_edge import compare

from kerasae import Recipe, train
from kerasae.cli import main
from kerasae.losses import HIGHEST

pytestmark = pytest.mark.skipif(bool(Tiny.missing()), reason="needs `pip install tflite-micro`, on Linux")

SIGNATURES = ("reconstruct", "encode", "decode")

PROGRAM = """
#include "{name}.h"
#include <stdio.h>

/* Writes the file, then for each row of stdin what becomes of it, as 4-byte floats. */
int main(void) {{
  static {ctype} raw[{upper}_INPUTS];
  static int8_t input[{upper}_INPUTS], output[{upper}_OUTPUTS];
  static float restored[{upper}_OUTPUTS];
  float score = 0;
  if ((uintptr_t){name}_model % 16) return 1;
  fwrite(&{name}_model_bytes, sizeof(size_t), 1, stdout);
  fwrite({name}_model, 1, {name}_model_bytes, stdout);
  fwrite({name}_test_{given}, sizeof {name}_test_{given}, 1, stdout);
  fwrite({name}_test_input, sizeof {name}_test_input, 1, stdout);
  fwrite({name}_test_output, sizeof {name}_test_output, 1, stdout);
  while (fread(raw, sizeof raw, 1, stdin) == 1 && fread(output, sizeof output, 1, stdin) == 1) {{
    {name}_quantize(raw, input);
    {name}_restore(output, restored);
    {score}
    fwrite(input, sizeof input, 1, stdout);
    fwrite(restored, sizeof restored, 1, stdout);
    fwrite(&score, sizeof score, 1, stdout);
  }}
  return 0;
}}
"""


@pytest.fixture(scope="module")
def vectors(tmp_path_factory):
    """A model of numbers in units as different as those of sensors."""
    rng = np.random.default_rng(0)
    numbers = rng.normal(size=(600, 3)) @ rng.normal(size=(3, 7)) + 0.3 * rng.normal(size=(600, 7))
    path = tmp_path_factory.mktemp("vectors") / "sensors.npy"
    np.save(path, (numbers * np.logspace(-2, 3, 7) + np.linspace(-50, 9000, 7)).astype("float32"))
    recipe = Recipe.of("denoising", source=str(path), latent_dim=3, network={"widths": [16]})
    data = recipe.load()
    model = recipe.build(data)
    train(model, data, epochs=5, batch_size=16)
    return Subject.of(model, data=data, name="sensors")


@pytest.fixture(scope="module")
def subjects(edge_subject, vectors):
    return lambda name: vectors if name == "vectors" else edge_subject(name)


@pytest.fixture(scope="module")
def written(subjects, tmp_path_factory):
    """What `Tiny` wrote of a model and a signature; made once for each."""
    made = {}

    def written(name, signature):
        if (name, signature) not in made:
            path = tmp_path_factory.mktemp("tiny") / f"{name}_{signature}"
            made[name, signature] = Tiny(signature=signature).write(subjects(name), path)
        return made[name, signature]

    return written


@pytest.mark.parametrize("signature", SIGNATURES)
@pytest.mark.parametrize(
    "name",
    [
        pytest.param("dense", marks=pytest.mark.slow),
        pytest.param("conv", marks=pytest.mark.slow),
        "vectors",
    ],
)
def test_answers_are_those_of_the_model(name, signature, written, subjects):
    artifact = written(name, signature)
    cases = subjects(name).cached("tiny", dict)
    micro = MicroModel.open(artifact.path)
    assert set(artifact.signatures) == {signature} | (
        {"anomaly_score"} if signature == "reconstruct" else set()
    )
    for one, described in artifact.signatures.items():
        got = micro.run(one, cases[one].sent)
        assert set(got) == set(described["outputs"])
        for output, values in got.items():
            assert values.shape[1:] == tuple(described["outputs"][output]["shape"][1:])
            found = compare(cases[one].expected[output], values, cases[one].units[output])
            assert found["mean_deviation"] < artifact.tolerance["mean_deviation"]
    assert not float_tensors(micro.content)
    # Memory is measured, not guessed: so much is enough, and a little less is not.
    enough = artifact.facts["arena_bytes"]
    row = micro.given.quantized(cases[signature].sent[micro.given.name][:1])
    np.testing.assert_array_equal(micro.quantized_answers(row, enough), micro.quantized_answers(row))
    with pytest.raises(RuntimeError, match="ended"):
        micro.quantized_answers(row, enough - 32)
    assert artifact.facts["bytes"] == len(micro.content)
    header = next(artifact.path.glob("*.h")).read_text()
    added = set(re.findall(r"ops\.Add(\w+)\(\);", header))
    assert {name.lower() for name in added} == {
        name.replace("_", "").lower() for name in builtin_operations(micro.content)
    }
    asked = int(re.search(r"_ARENA_BYTES (\d+)", header)[1])
    assert enough <= asked <= 1.1 * enough + 16


@pytest.mark.slow
@pytest.mark.parametrize("signature", SIGNATURES)
@pytest.mark.parametrize("name", ["dense", "vectors"])
def test_c_computes_what_python_does(name, signature, written, subjects, tmp_path):
    artifact = written(name, signature)
    micro = MicroModel.open(artifact.path)
    raw = subjects(name).cached("tiny", dict)[signature].sent[micro.given.name]
    given, answer = micro.given, micro.answer
    if given.dtype == "float32":
        # Out of range on both sides, and no number at all.
        raw = np.concatenate([raw, np.full_like(raw[:1], 1e9), np.full_like(raw[:1], -1e9)])
        # A sum that overflows, infinity, and NaN in one feature.
        raw = np.concatenate([raw, np.full_like(raw[:1], 3e38), raw[:2]])
        raw[-2:, 1] = np.inf, np.nan
    quantized = given.quantized(raw)
    # And the ends of what an interpreter can answer.
    output = micro.quantized_answers(quantized)
    output[0], output[1] = -128, 127
    restored = answer.restored(output)
    stem = artifact.path.name
    score = f"score = {stem}_score(raw, output);" if signature == "reconstruct" else ""
    ctype = {"uint8": "uint8_t", "float32": "float"}[given.dtype]
    source = PROGRAM.format(name=stem, upper=stem.upper(), ctype=ctype, given=given.name, score=score)
    (tmp_path / "main.c").write_text(source)
    strict = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic"]
    compiled = subprocess.run(
        ["gcc", *strict, f"-I{artifact.path}", "main.c", str(artifact.path / f"{stem}.c"), "-o", "tiny"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert compiled.returncode == 0, compiled.stderr
    rows = b"".join(one.tobytes() + other.tobytes() for one, other in zip(raw, output, strict=True))
    said = subprocess.run([tmp_path / "tiny"], input=rows, capture_output=True, check=True).stdout

    def take(count, dtype):
        nonlocal said
        size = count * np.dtype(dtype).itemsize
        values, said = np.frombuffer(said[:size], dtype), said[size:]
        return values

    content = (artifact.path / f"{stem}.tflite").read_bytes()
    (size,) = take(1, "uint64")
    assert take(size, "uint8").tobytes() == content
    # The test vector is one that the interpreter answers so, bit for bit.
    test_raw, test_input = take(given.size, given.dtype), take(given.size, "int8")
    test_output = take(answer.size, "int8")
    np.testing.assert_array_equal(given.quantized(test_raw.reshape(1, *given.shape)).ravel(), test_input)
    again = micro.quantized_answers(test_input.reshape(1, *given.shape))
    np.testing.assert_array_equal(again.ravel(), test_output)
    assert len(np.unique(test_output)) > 1
    scores = micro.run("anomaly_score", {"x": raw})["score"] if signature == "reconstruct" else [0] * len(raw)
    scored = range(2, len(raw))
    for i in range(len(raw)):
        np.testing.assert_array_equal(take(given.size, "int8"), quantized[i].ravel())
        np.testing.assert_array_equal(take(answer.size, "float32"), restored[i].ravel())
        (score_of_c,) = take(1, "float32")
        if i in scored:
            np.testing.assert_allclose(score_of_c, scores[i], rtol=1e-5)
    assert not said
    if signature == "reconstruct" and given.dtype == "float32":
        assert [*scores[-3:]] == [HIGHEST] * 3


@pytest.mark.parametrize("flags", [[], ["-O3", "-ffast-math"]], ids=["plain", "fast-math"])
def test_a_score_in_c_compares_also_where_a_number_is_none(written, tmp_path, flags):
    artifact = written("vectors", "reconstruct")
    name = artifact.path.name
    (tmp_path / "main.c").write_text(
        f'#include "{name}.h"\n#include <stdio.h>\n#include <stdlib.h>\n'
        f"int main(int n, char **words) {{ (void)n; float x[{name.upper()}_INPUTS] = {{0}};\n"
        f"int8_t q[{name.upper()}_OUTPUTS] = {{0}}; x[1] = strtof(words[1], 0);\n"
        f'printf("%.9g", {name}_score(x, q)); return 0; }}'
    )
    source = str(artifact.path / f"{name}.c")
    command = ["gcc", *flags, f"-I{artifact.path}", "main.c", source, "-o", "score"]
    subprocess.run(command, cwd=tmp_path, check=True)

    def score(word):
        return float(subprocess.run([tmp_path / "score", word], capture_output=True, check=True).stdout)

    for word in ("nan", "inf", "-inf", "3e38"):
        assert np.float32(score(word)) == np.float32(HIGHEST), word
    assert score("1e-42") == pytest.approx(score("0"))


def test_no_number_becomes_the_least(written, tmp_path):
    artifact = written("vectors", "encode")
    name = artifact.path.name
    (tmp_path / "main.c").write_text(
        f'#include "{name}.h"\n#include <math.h>\n#include <stdio.h>\n'
        f"int main(void) {{ float x[{name.upper()}_INPUTS]; int8_t q[{name.upper()}_INPUTS];\n"
        f"for (int i = 0; i < {name.upper()}_INPUTS; ++i) x[i] = NAN;\n"
        f'{name}_quantize(x, q); printf("%d", q[0]); return 0; }}'
    )
    source = str(artifact.path / f"{name}.c")
    subprocess.run(["gcc", f"-I{artifact.path}", "main.c", source, "-o", "nan"], cwd=tmp_path, check=True)
    assert subprocess.run([tmp_path / "nan"], capture_output=True, check=True).stdout == b"-128"


@given(
    scale=st.floats(1e-4, 10),
    zero=st.integers(-128, 127),
    shift=st.floats(-1e4, 1e4),
    slope=st.floats(1e-2, 1e3),
    numbers=st.lists(st.floats(-5, 5), min_size=1, max_size=20),
)
def test_a_number_comes_back_within_half_a_step(scale, zero, shift, slope, numbers):
    side = Side.of("x", "float32", (1,), (scale, zero), shift, slope)
    low, high = (-128 - zero) * scale, (127 - zero) * scale
    raw = (np.clip(np.array(numbers)[:, None], low, high) * slope + shift).astype("float32")
    back = side.restored(side.quantized(raw))
    # Half a step, and what float32 leaves of numbers with a large shift.
    rounding = 4 * np.spacing(np.float32(abs(shift) + 5 * slope))
    assert np.abs(back - raw).max() <= 0.501 * scale * slope + rounding
    if rounding < 0.1 * scale * slope:
        np.testing.assert_array_equal(side.quantized(back), side.quantized(raw))


@pytest.mark.parametrize("left_out", ["slope", "shift"])
def test_a_scaling_left_out_does_not_leave(left_out, vectors, tmp_path, monkeypatch):
    of = Side.of.__func__

    def wrong(cls, name, dtype, shape, quantization, shift=0.0, slope=1.0, bounds=(None, None)):
        if left_out == "slope":
            slope = np.ones_like(slope)
        else:
            shift = np.zeros_like(shift)
        return of(cls, name, dtype, shape, quantization, shift, slope, bounds)

    monkeypatch.setattr(_micro_model.Side, "of", classmethod(wrong))
    with pytest.raises(ParityError, match="does not agree with its model"):
        Tiny().write(vectors, tmp_path / "m")
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_what_has_no_int8_is_refused(exported_by_kind, edge_subject, digits, tmp_path):
    for kind in ("table", "text"):
        with pytest.raises(ValueError, match=f"received one of kind '{kind}'"):
            Tiny().write(exported_by_kind(kind).subject, tmp_path / "m")
    with pytest.raises(ValueError, match="`signature` must be one of reconstruct, encode, decode"):
        Tiny(signature="sample").write(edge_subject("dense"), tmp_path / "m")
    model = Recipe.of("undercomplete", network={"widths": [16], "activation": "gelu"}).build(digits)
    with pytest.raises(ValueError, match="operations that microcontrollers have, received GELU"):
        Tiny().write(Subject.of(model, data=digits), tmp_path / "m")
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_a_bundle_of_a_variational_model_verifies(edge_subject, tmp_path):
    # A device gets its code without the variance that other artifacts give.
    bundle(edge_subject("dense"), tmp_path / "ship", formats=["tiny"])
    assert verify(tmp_path / "ship").faults == []


@pytest.mark.slow
def test_verify_goes_on_without_the_interpreter(vectors, tmp_path, monkeypatch):
    bundle(vectors, tmp_path / "ship", formats=["tflite", "tiny"], precisions=["float32"])
    monkeypatch.setattr(Tiny, "requires", ("a_package_that_is_not_there",))
    verdict = verify(tmp_path / "ship")
    assert verdict.faults == []
    # The C library needs a compiler alone.
    assert verdict.artifacts == ["edge/sensors_float32.tflite", "tiny/sensors_c"]
    assert len([note for note in verdict.notes if "not run" in note and "kerasae[tiny]" in note]) == 3


@pytest.mark.slow
def test_a_bundle_refuses_before_it_works(exported_by_kind, tmp_path):
    with pytest.raises(ValueError, match="received one of kind 'text'"):
        bundle(exported_by_kind("text").subject, tmp_path / "ship", also=["tiny"])
    assert not (tmp_path / "ship").exists()


@pytest.mark.slow
def test_tiny_goes_into_a_bundle_on_request(vectors, tmp_path, capsys):
    ship = tmp_path / "ship"
    bundle(vectors, ship, formats=["tflite"], precisions=["float32"])
    assert not (ship / "tiny").exists()
    bundle(vectors, ship, formats=["tiny"])
    manifest = json.loads((ship / "manifest.json").read_text())
    paths = ["edge/sensors_float32.tflite", *(f"tiny/sensors_{name}" for name in (*SIGNATURES, "c"))]
    assert [one["path"] for one in manifest["artifacts"]] == paths
    verdict = verify(ship)
    assert verdict.faults == []
    assert verdict.artifacts == paths
    assert "TensorFlow Lite Micro" in (ship / "README.md").read_text()
    moved = tmp_path / "moved"
    shutil.copytree(ship, moved, symlinks=True)
    source = moved / "tiny" / "sensors_encode" / "sensors_encode.c"
    source.write_text(source.read_text().replace("input_factor[] = { ", "input_factor[] = { 1", 1))
    with pytest.raises(SystemExit) as exit_:
        main(["verify", str(moved)])
    assert exit_.value.code == 1
    assert "tiny/sensors_encode/sensors_encode.c: changed" in capsys.readouterr().out
