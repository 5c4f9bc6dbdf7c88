"""Deployment: the files that start a server; and Shipped, the facts of a bundle that they follow from."""

import dataclasses
import re
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

#: Signature of images of any size. A server would put images of several sizes into one batch.
_ANY_SIZE = "reconstruct_any_size"
#: Length of a name in Kubernetes, with room for what KServe appends to it.
_LONGEST = 40


@dataclasses.dataclass(frozen=True)
class Deployment:
    """Files that start a server of a bundle.

    Attributes:
        title: Name of the server, for the model card.
        command: Shell command that starts the server, in the folder of the bundle.
        files: Contents by path in the folder `deploy`: a text, or the path in the bundle of an artifact,
            which is copied.
    """

    title: str
    command: str
    files: Mapping[str, str | Path]


@dataclasses.dataclass(frozen=True)
class Model:
    """Newest artifact of a format under one name.

    Attributes:
        name: Name of the model.
        version: Number of the export.
        entry: Entry of the artifact in the manifest.
    """

    name: str
    version: int
    entry: dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Shipped:
    """Facts of a bundle that a deployment follows from.

    Attributes:
        manifest: Manifest of the bundle.
    """

    manifest: dict[str, Any]

    @property
    def name(self) -> str:
        """Name of the bundle: that of the model of its last export."""
        return str(self.manifest["name"])

    @property
    def batched(self) -> bool:
        """Whether a server may join the rows of several requests to a batch: all have one shape."""
        return not any(_ANY_SIZE in one["signatures"] for one in self.manifest["artifacts"])

    def newest(self, exported: str) -> list[Model]:
        """Return the newest artifact of a format for each name of a model, sorted by name.

        Args:
            exported: Name of the format, such as `"saved_model"`.
        """
        models: dict[str, Model] = {}
        entries = [one for one in self.manifest["artifacts"] if one["format"] == exported]
        for entry in sorted(entries, key=lambda one: int(one["version"])):
            path = PurePosixPath(entry["path"])
            # The folder of a version has a number for its name, and the name of the model is above it.
            name = path.parent.name if path.name.isdigit() else path.stem
            models[name] = Model(name, int(entry["version"]), entry)
        return [models[name] for name in sorted(models)]


def dns_labels(names: Iterable[str]) -> list[str]:
    """Return `dns_label` of each name, with a number at the end of one that would be that of another."""
    labels: list[str] = []
    for name in names:
        label, number = dns_label(name), 2
        while label in labels:
            end = f"-{number}"
            label, number = f"{dns_label(name)[: _LONGEST - len(end)].rstrip('-')}{end}", number + 1
        labels.append(label)
    return labels


def dns_label(name: str) -> str:
    """Return a name as Kubernetes and Docker take it: lower case, digits and hyphens, first a letter."""
    label = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    label = label if label[:1].isalpha() else f"model-{label}"
    return label[:_LONGEST].rstrip("-")
