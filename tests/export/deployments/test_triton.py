"""The model repository for Triton: its configuration is that of the ONNX file, and Triton serves it."""

from pathlib import Path

import pytest


def test_a_repository_has_the_file_and_its_configuration(files, onnx):
    found = files(onnx(version=3))
    assert sorted(found) == ["triton/motors/3/model.onnx", "triton/motors/config.pbtxt"]
    assert found["triton/motors/3/model.onnx"] == Path("onnx/motors.onnx")


def test_a_bundle_without_an_onnx_file_has_no_repository(files, saved_model):
    assert not [path for path in files(saved_model()) if path.startswith("triton")]


def test_the_configuration_has_the_signature_of_the_file(files, onnx):
    pytest.importorskip("tritonclient.grpc", reason="needs `pip install 'tritonclient[grpc]'`")
    from google.protobuf import text_format
    from tritonclient.grpc import model_config_pb2

    found = text_format.Parse(files(onnx())["triton/motors/config.pbtxt"], model_config_pb2.ModelConfig())
    assert (found.name, found.backend) == ("motors", "onnxruntime")
    assert found.max_batch_size > 1

    def tensors(side):
        return {
            one.name: (model_config_pb2.DataType.Name(one.data_type), [*one.dims], one.HasField("reshape"))
            for one in side
        }

    assert tensors(found.input) == {"x": ("TYPE_UINT8", [8, 8, 1], False)}
    assert tensors(found.output) == {
        "z": ("TYPE_FP32", [2], False),
        # A number for each row has no dimension in the file.
        "score": ("TYPE_FP32", [1], True),
        "words": ("TYPE_INT64", [-1], False),
    }
    assert not found.output[0].reshape.shape
