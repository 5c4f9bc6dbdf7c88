"""kserve: an `InferenceService` of KServe on Kubernetes for each SavedModel of the bundle."""

import json

from kerasae.export.deployments._deployment import Deployment, Model, Shipped, dns_labels
from kerasae.export.deployments._tensorflow_serving import IMAGE, configurations

#: Path at which KServe puts what STORAGE_URI names.
MOUNT = "/mnt/models"

_FILE = "inferenceservice.yaml"
_HEAD = """\
# TensorFlow Serving on Kubernetes by KServe. Copy the folder `server` of this bundle to a place that the
# cluster reads, and name it in STORAGE_URI: s3://, gs://, https://, pvc://CLAIM/PATH. A new version needs a
# new copy and `kubectl apply`: the label changes, so the pods are replaced one after another.
"""
_TEMPLATE = """\
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata:
  name: {label}
spec:
  predictor:
    minReplicas: 1
    labels:
      app.kubernetes.io/version: "{version}"
    containers:
      - name: kserve-container
        image: {image}
        command: ["/usr/bin/tensorflow_model_server"]
        args:
{arguments}
        env:
          - name: STORAGE_URI
            value: {storage}
        ports:
          - containerPort: 8080
            protocol: TCP
        resources:
          requests: {{cpu: "1", memory: 1Gi}}
          limits: {{cpu: "2", memory: 2Gi}}
        securityContext:
          runAsUser: 1000
          runAsNonRoot: true
          allowPrivilegeEscalation: false
          capabilities: {{drop: ["ALL"]}}
"""


def kserve(shipped: Shipped) -> Deployment | None:
    """Return the manifest of an `InferenceService` for each SavedModel; `None` without one.

    The container is named in full rather than by `modelFormat: tensorflow`, because the runtime of KServe
    serves a model under the name of the service, without batches, and with TensorFlow Serving 2.6.

    Args:
        shipped: Facts of the bundle.
    """
    models = shipped.newest("saved_model")
    if not models:
        return None
    text = _HEAD + "---\n".join(
        _service(model, label, shipped)
        for model, label in zip(models, dns_labels(model.name for model in models), strict=True)
    )
    return Deployment("KServe on Kubernetes", f"kubectl apply -f deploy/{_FILE}", {_FILE: text})


def _service(model: Model, label: str, shipped: Shipped) -> str:
    arguments = [
        f"--model_name={model.name}",
        f"--model_base_path={MOUNT}/{model.name}",
        "--port=9000",
        "--rest_api_port=8080",
        *configurations(shipped, MOUNT),
    ]
    return _TEMPLATE.format(
        label=json.dumps(label),
        version=model.version,
        image=IMAGE,
        arguments="\n".join(f"          - {json.dumps(one)}" for one in arguments),
        storage=json.dumps(f"pvc://{label}/server"),
    )
