"""What TensorFlow Serving is given: warm-up requests, configurations, and a server where there is one."""

import base64
import json
import shutil
import socket
import subprocess
import urllib.request

import grpc
import numpy as np
import pytest
import tensorflow as tf
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, text_format, wrappers_pb2
from kerasae.export import TOLERANCES
from kerasae.export.formats.saved_model._server_inputs import PNG
from kerasae.export.parity._golden import comparable
from kerasae.export.verify_edge import breaches, compare
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow_serving.apis import predict_pb2, prediction_log_pb2, prediction_service_pb2_grpc
from tensorflow_serving.config import model_server_config_pb2

#: TensorFlow Serving fails to load a version with more warm-up records.
MOST_WARMUPS = 1000


@pytest.fixture
def graph(exported):
    """The one graph of a version folder, as it is written there."""
    (found,) = saved_model_pb2.SavedModel.FromString(
        (exported.version / "saved_model.pb").read_bytes()
    ).meta_graphs
    return found


@pytest.fixture
def signatures(graph):
    return {name: one for name, one in graph.signature_def.items() if not name.startswith("__")}


# What lies in the folder -----------------------------------------------------------------------------


def read_warmups(exported):
    path = exported.version / "assets.extra" / "tf_serving_warmup_requests"
    return [
        prediction_log_pb2.PredictionLog.FromString(record.numpy())
        for record in tf.data.TFRecordDataset(str(path))
    ]


def test_each_signature_is_warmed_up_once(exported, signatures):
    logs = read_warmups(exported)
    assert len(logs) <= MOST_WARMUPS
    assert {log.WhichOneof("log_type") for log in logs} == {"predict_log"}
    specs = [log.predict_log.request.model_spec for log in logs]
    assert {spec.name for spec in specs} == {exported.subject.name}
    assert sorted(spec.signature_name for spec in specs) == sorted(set(signatures) - {"serving_default"})


def test_a_warmup_request_has_the_inputs_of_its_signature(exported, signatures):
    for log in read_warmups(exported):
        request = log.predict_log.request
        expected = signatures[request.model_spec.signature_name].inputs
        assert set(request.inputs) == set(expected)
        for key, info in expected.items():
            sent = request.inputs[key]
            assert sent.dtype == info.dtype
            rows, *rest = tf.TensorShape(sent.tensor_shape).as_list()
            assert rows == 1
            assert [None, *rest] == tf.TensorShape(info.tensor_shape).as_list()
            assert tf.make_ndarray(sent).shape == (1, *rest)


def test_every_signature_is_one_of_prediction_with_rows_in_front(signatures):
    for signature in signatures.values():
        assert signature.method_name == "tensorflow/serving/predict"
        for info in (*signature.inputs.values(), *signature.outputs.values()):
            # A batching server joins requests along the first axis.
            assert tf.TensorShape(info.tensor_shape)[0] is None


def test_nothing_asks_for_a_compiler_that_a_server_lacks(graph):
    nodes = [*graph.graph_def.node, *(node for f in graph.graph_def.library.function for node in f.node_def)]
    assert len(nodes) > 1
    for one in (*nodes, *graph.graph_def.library.function):
        assert not one.attr["_XlaMustCompile"].b


def test_every_answer_fits_into_json(exported):
    """REST gives strings as they are, which must be UTF-8, or in base64 where a name ends in `_bytes`."""
    for case in exported.cases.values():
        for key, values in case.expected.items():
            if values.dtype == object and not key.endswith("_bytes"):
                for value in comparable(values):
                    value.decode()


# Configurations --------------------------------------------------------------------------------------


def server_message(name, **fields):
    """A message of the server's that `tensorflow-serving-api` leaves out, from the types of its fields."""
    file = descriptor_pb2.FileDescriptorProto(
        name=f"{name}.proto",
        syntax="proto3",
        package="tensorflow.serving",
        dependency=["google/protobuf/wrappers.proto"],
    )

    def add(name, fields):
        message = file.message_type.add(name=name)
        for number, (key, kind) in enumerate(fields.items(), 1):
            field = message.field.add(name=key, number=number, label="LABEL_OPTIONAL")
            if isinstance(kind, dict):
                kind = f".tensorflow.serving.{add(f'{name}_{key}', kind)}"
            if kind.startswith("."):
                field.type_name = kind
            field.type = field.Type.Value("TYPE_MESSAGE" if kind.startswith(".") else f"TYPE_{kind.upper()}")
        return name

    add(name, fields)
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(wrappers_pb2.DESCRIPTOR.serialized_pb)
    pool.AddSerializedFile(file.SerializeToString())
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"tensorflow.serving.{name}"))()


def batching_parameters():
    """Of tensorflow_serving/servables/tensorflow/session_bundle_config.proto."""
    number = ".google.protobuf.Int64Value"
    return server_message(
        "BatchingParameters",
        max_batch_size=number,
        batch_timeout_micros=number,
        max_enqueued_batches=number,
        num_batch_threads=number,
        max_execution_batch_size=number,
        thread_pool_name=".google.protobuf.StringValue",
        pad_variable_length_inputs="bool",
        enable_large_batch_splitting=".google.protobuf.BoolValue",
    )


def monitoring_config():
    """Of tensorflow_serving/config/monitoring_config.proto."""
    return server_message("MonitoringConfig", prometheus_config={"enable": "bool", "path": "string"})


def config(exported, name):
    return (exported.bundle / "server" / name).read_text(encoding="utf-8")


def test_the_models_config_leads_to_the_version(exported):
    found = text_format.Parse(config(exported, "models.config"), model_server_config_pb2.ModelServerConfig())
    (model,) = found.model_config_list.config
    assert model.name == exported.subject.name
    assert model.model_platform == "tensorflow"
    folder = exported.bundle / "server" / model.base_path.removeprefix("/models/")
    assert folder / "1" == exported.version


def test_the_batching_config_is_one(exported):
    found = text_format.Parse(config(exported, "batching.config"), batching_parameters())
    assert found.max_batch_size.value > 1
    assert found.num_batch_threads.value >= 1
    assert found.batch_timeout_micros.value > 0
    assert found.max_enqueued_batches.value >= 1
    # All rows of a signature have one shape.
    assert not found.pad_variable_length_inputs


def test_the_monitoring_config_is_one(exported):
    found = text_format.Parse(config(exported, "monitoring.config"), monitoring_config())
    assert found.prometheus_config.enable
    assert found.prometheus_config.path.startswith("/")


@pytest.mark.parametrize("message", [batching_parameters, monitoring_config])
def test_a_field_that_a_config_does_not_have_is_an_error(message):
    with pytest.raises(text_format.ParseError, match="no field named"):
        text_format.Parse("max_batch_sizes { value: 1 }", message())


# A server --------------------------------------------------------------------------------------------


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@pytest.fixture
def server(exported, tmp_path):
    """Ports of a server, for gRPC and for REST, that was started with the configurations of the bundle."""
    program = shutil.which("tensorflow_model_server")
    if program is None:
        pytest.skip("tensorflow_model_server is not installed")
    folder = exported.bundle / "server"
    models = config(exported, "models.config").replace('"/models/', f'"{folder}/')
    (tmp_path / "models.config").write_text(models, encoding="utf-8")
    ports = free_port(), free_port()
    command = [
        program,
        f"--port={ports[0]}",
        f"--rest_api_port={ports[1]}",
        f"--model_config_file={tmp_path / 'models.config'}",
        f"--monitoring_config_file={folder / 'monitoring.config'}",
        "--enable_batching",
        f"--batching_parameters_file={folder / 'batching.config'}",
    ]
    with (tmp_path / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        try:
            with grpc.insecure_channel(f"127.0.0.1:{ports[0]}") as channel:
                # It listens once its models are loaded and warm.
                grpc.channel_ready_future(channel).result(timeout=120)
            yield ports
        finally:
            process.terminate()


def check(name, case, answered):
    assert set(answered) == set(case.expected)
    for key, expected in case.expected.items():
        expected = comparable(expected)
        if key == PNG:
            answered[key] = [tf.io.decode_png(one).numpy() for one in answered[key]]
        got = np.asarray(answered[key], expected.dtype)
        found = compare(expected, got, case.units.get(key, 1.0))
        assert not breaches(found, TOLERANCES["float32"] | {"agreement": 1.0}, f"{name} {key}")


def test_grpc_answers_every_signature(server, exported, signatures):
    with grpc.insecure_channel(f"127.0.0.1:{server[0]}") as channel:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        for name, case in exported.cases.items():
            request = predict_pb2.PredictRequest()
            request.model_spec.name = exported.subject.name
            request.model_spec.signature_name = name
            for key, values in case.sent.items():
                dtype = tf.as_dtype(signatures[name].inputs[key].dtype)
                plain = values.tolist() if values.dtype == object else values
                request.inputs[key].CopyFrom(tf.make_tensor_proto(plain, dtype, values.shape))
            answered = stub.Predict(request, timeout=60).outputs
            check(name, case, {key: tf.make_ndarray(value) for key, value in answered.items()})


def post(url, body):
    with urllib.request.urlopen(url, json.dumps(body).encode(), timeout=60) as answer:
        return json.load(answer)


def to_json(value):
    return {"b64": base64.b64encode(value).decode()} if isinstance(value, bytes) else value


def from_json(value):
    if isinstance(value, dict):
        return base64.b64decode(value["b64"])
    return value.encode() if isinstance(value, str) else value


def test_rest_answers_every_signature(server, exported):
    url = f"http://127.0.0.1:{server[1]}/v1/models/{exported.subject.name}:predict"
    for name, case in exported.cases.items():
        inputs = {key: [to_json(value) for value in values.tolist()] for key, values in case.sent.items()}
        outputs = post(url, {"signature_name": name, "inputs": inputs})["outputs"]
        # The server drops the name where there is one output.
        named = outputs if isinstance(outputs, dict) else {next(iter(case.expected)): outputs}
        check(name, case, {key: [from_json(value) for value in values] for key, values in named.items()})


def test_the_server_counts_what_it_does(server, exported):
    found = text_format.Parse(config(exported, "monitoring.config"), monitoring_config())
    url = f"http://127.0.0.1:{server[1]}{found.prometheus_config.path}"
    with urllib.request.urlopen(url, timeout=60) as answer:
        assert b"tensorflow" in answer.read()
