"""A SavedModel read by OpenVINO, a runtime that shares no code with TensorFlow."""

import numpy as np
import pytest
from kerasae.export import TOLERANCES

pytestmark = pytest.mark.slow

openvino = pytest.importorskip("openvino")


@pytest.fixture
def compiled(exported):
    # Where a processor has bfloat16 OpenVINO takes it unless it is told not to.
    options = {"INFERENCE_PRECISION_HINT": "f32"}
    core = openvino.Core()
    return core.compile_model(core.read_model(exported.version), "CPU", options)


@pytest.mark.parametrize("exported", ["photos"], indirect=True)
def test_the_default_signature_is_read_as_it_was_written(exported, compiled):
    (sent,), (answered,) = compiled.inputs, compiled.outputs
    assert (sent.any_name, sent.element_type) == ("x", openvino.Type.u8)
    assert (answered.any_name, answered.element_type) == ("reconstruction", openvino.Type.f32)
    for side in (sent, answered):
        rows, *rest = side.partial_shape
        assert rows.is_dynamic
        assert [size.get_length() for size in rest] == [*exported.subject.preprocessor.spec.shape]


@pytest.mark.parametrize("exported", ["photos"], indirect=True)
@pytest.mark.parametrize("rows", [1, None])
def test_the_reconstruction_is_the_models(exported, compiled, rows):
    case = exported.cases["serving_default"]
    got = compiled({"x": case.sent["x"][:rows]})["reconstruction"]
    bound = TOLERANCES["float32"]["max_deviation"] * case.units["reconstruction"]
    np.testing.assert_allclose(got, case.expected["reconstruction"][:rows], rtol=0, atol=bound)
