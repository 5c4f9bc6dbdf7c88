"""Warm-up requests, which TensorFlow Serving sends to a model before it reports that it is ready."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from kerasae.export.endpoints import Endpoint, written_by_tensorflow
from kerasae.export.parity import Case

_FILE = Path("assets.extra") / "tf_serving_warmup_requests"


def write_warmup(folder: Path, name: str, endpoints: list[Endpoint], cases: dict[str, Case]) -> None:
    """Write a request of one row for each signature.

    Args:
        folder: Folder of the version.
        name: Name of the model on the server.
        endpoints: Endpoints of the model.
        cases: Rows by signature.
    """
    from tensorflow_serving.apis import model_pb2, predict_pb2, prediction_log_pb2

    path = folder / _FILE
    path.parent.mkdir()
    with written_by_tensorflow(path), tf.io.TFRecordWriter(str(path)) as writer:
        for endpoint in endpoints:
            request = predict_pb2.PredictRequest(
                model_spec=model_pb2.ModelSpec(name=name, signature_name=endpoint.name)
            )
            for key, spec in endpoint.inputs.items():
                row = cases[endpoint.name].sent[key][:1]
                values = row.tolist() if row.dtype == object else row
                request.inputs[key].CopyFrom(tf.make_tensor_proto(values, spec.dtype, row.shape))
            log = prediction_log_pb2.PredictionLog(predict_log=prediction_log_pb2.PredictLog(request=request))
            writer.write(log.SerializeToString())


def read_warmup(folder: Path) -> list[tuple[str, dict[str, np.ndarray]]]:
    """Return signature and inputs of each request, parsed as the server does it."""
    from tensorflow_serving.apis import prediction_log_pb2

    requests = []
    for record in tf.data.TFRecordDataset(str(folder / _FILE)):
        log = prediction_log_pb2.PredictionLog.FromString(record.numpy())
        request = log.predict_log.request
        inputs = {key: tf.make_ndarray(value) for key, value in request.inputs.items()}
        requests.append((request.model_spec.signature_name, inputs))
    return requests


def check_warmup(
    folder: Path,
    signatures: dict[str, Any],
    run: Callable[[str, dict[str, np.ndarray]], dict[str, np.ndarray]],
) -> None:
    """Run every request. A server does not load a version if a request fails.

    Raises:
        ValueError: If a signature has no request, or its answer is not one row.
    """
    seen = set()
    for signature, inputs in read_warmup(folder):
        seen.add(signature)
        answered = run(signature, inputs)
        if any(len(value) != 1 for value in answered.values()):
            raise ValueError(f"Expected one row from the warm-up request of {signature}.")
    missing = set(signatures) - seen - {"serving_default"}
    if missing:
        raise ValueError(f"Expected a warm-up request for every signature, received none for {missing}.")
