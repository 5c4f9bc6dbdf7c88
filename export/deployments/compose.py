"""compose: TensorFlow Serving in Docker Compose, with the configurations of the bundle."""

import json

from kerasae.export.deployments._deployment import Deployment, Shipped, dns_label
from kerasae.export.deployments._tensorflow_serving import IMAGE, configurations

#: Path of the folder `server` in the container, as `models.config` has it.
MOUNT = "/models"

_FILE = "docker-compose.yaml"
_TEMPLATE = """\
# TensorFlow Serving with the models of this bundle: gRPC at port 8500, REST at 8501. A new version folder is
# loaded without a restart. Written by `kerasae export`, which replaces it; put changes into a second file,
# `docker compose -f docker-compose.yaml -f mine.yaml up`. There is neither TLS nor authentication, so the
# ports are open to this machine alone; ADDRESS=0.0.0.0 opens them.
name: {project}
services:
  tensorflow-serving:
    image: "${{TENSORFLOW_SERVING_IMAGE:-{image}}}"
    command:
{arguments}
    ports:
      - "${{ADDRESS:-127.0.0.1}}:8500:8500"
      - "${{ADDRESS:-127.0.0.1}}:8501:8501"
    volumes:
      - "../server:{mount}:ro"
    restart: unless-stopped
"""


def compose(shipped: Shipped) -> Deployment | None:
    """Return the Docker Compose file of TensorFlow Serving; `None` without a SavedModel.

    It starts the server as the model card does: all models of the bundle, metrics for Prometheus, and
    batches of requests unless a model takes images of several sizes.

    Args:
        shipped: Facts of the bundle.
    """
    if not shipped.newest("saved_model"):
        return None
    arguments = [f"--model_config_file={MOUNT}/models.config", *configurations(shipped, MOUNT)]
    text = _TEMPLATE.format(
        project=json.dumps(dns_label(shipped.name)),
        image=IMAGE,
        mount=MOUNT,
        arguments="\n".join(f"      - {json.dumps(one)}" for one in arguments),
    )
    return Deployment("Docker Compose", f"docker compose -f deploy/{_FILE} up", {_FILE: text})
