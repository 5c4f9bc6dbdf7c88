"""Deployments: the folder `deploy` of a bundle, with the files that start a server; a file for each way.

All names, versions and shapes come from the manifest of the bundle, so no file can contradict it.
"""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kerasae.export.deployments._deployment import Deployment, Shipped, dns_label

from kerasae import registry

__all__ = ["FOLDER", "Deployment", "Shipped", "deployments_of", "dns_label", "write_deployments"]

#: Name of the folder in a bundle.
FOLDER = "deploy"


def deployments_of(manifest: dict[str, Any]) -> list[Deployment]:
    """Return the ways to start a server of a bundle.

    Args:
        manifest: Manifest of the bundle.
    """
    found = []
    for name in registry.names("deployment"):
        member: Any = registry.resolve("deployment", name)
        deployment: Deployment | None = member(Shipped(manifest))
        if deployment is not None:
            found.append(deployment)
    return found


def write_deployments(deployments: Sequence[Deployment], folder: Path) -> None:
    """Write the files of all deployments.

    Args:
        deployments: Ways to start a server.
        folder: Folder of the bundle, with the artifacts that a deployment copies.
    """
    for deployment in deployments:
        for name, content in deployment.files.items():
            path = folder / FOLDER / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, Path):
                shutil.copyfile(folder / content, path)
            else:
                path.write_text(content, encoding="utf-8", newline="\n")
