"""Configuration files for `tensorflow_model_server`."""

from collections.abc import Sequence
from pathlib import Path

#: Path at which `deploy/docker-compose.yaml` mounts the folder `server`.
MOUNT = "/models"

_BATCHING = """\
max_batch_size { value: 1024 }
enable_large_batch_splitting { value: true }
max_execution_batch_size { value: 128 }
batch_timeout_micros { value: 1000 }
max_enqueued_batches { value: 1000 }
num_batch_threads { value: 2 }
pad_variable_length_inputs: false
"""

_MONITORING = """\
prometheus_config {
  enable: true
  path: "/monitoring/prometheus/metrics"
}
"""


def write_configs(folder: Path, names: Sequence[str]) -> None:
    """Write `models.config`, `batching.config` and `monitoring.config`.

    Args:
        folder: Folder of the models.
        names: Names of the models.
    """
    models = "".join(
        "  config {\n"
        f'    name: "{name}"\n'
        f'    base_path: "{MOUNT}/{name}"\n'
        '    model_platform: "tensorflow"\n'
        "  }\n"
        for name in names
    )
    (folder / "models.config").write_text("model_config_list {\n" + models + "}\n")
    (folder / "batching.config").write_text(_BATCHING)
    (folder / "monitoring.config").write_text(_MONITORING)
