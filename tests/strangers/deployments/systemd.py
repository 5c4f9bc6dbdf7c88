"""TensorFlow Serving as a service of systemd."""

from kerasae.export.deployments import Deployment, Shipped

_UNIT = """\
[Unit]
Description=TensorFlow Serving of {name}
After=network.target

[Service]
ExecStart=/usr/bin/tensorflow_model_server --port=8500 --rest_api_port=8501 \\
    --model_name={name} --model_base_path=/srv/{name}
DynamicUser=yes
Restart=on-failure

[Install]
WantedBy=multi-user.target
"""


def systemd(shipped: Shipped) -> Deployment | None:
    """Return a unit of systemd for each SavedModel, or `None` without one.

    Args:
        shipped: Facts of the bundle.
    """
    models = shipped.newest("saved_model")
    if not models:
        return None
    files = {f"{model.name}.service": _UNIT.format(name=model.name) for model in models}
    return Deployment("systemd", "install -m 644 deploy/*.service /etc/systemd/system/", files)
