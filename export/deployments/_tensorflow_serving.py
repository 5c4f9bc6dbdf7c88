"""TensorFlow Serving: its image, and its arguments for the configurations of a bundle."""

from kerasae.export.deployments._deployment import Shipped

#: Newest release, of August 2026. `docs/export/deploy.md` has the releases of TensorFlow that answer alike.
IMAGE = "tensorflow/serving:2.20.0"


def configurations(shipped: Shipped, home: str) -> list[str]:
    """Return the arguments that name the configuration files in the folder `server`, but for the models.

    Args:
        shipped: Facts of the bundle.
        home: Path of the folder `server` for the program.
    """
    arguments = [f"--monitoring_config_file={home}/monitoring.config"]
    if shipped.batched:
        arguments += ["--enable_batching", f"--batching_parameters_file={home}/batching.config"]
    return arguments
