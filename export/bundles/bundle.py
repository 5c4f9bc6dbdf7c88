"""The bundle: all artifacts of a model in one folder, published at once or not at all.

ship/
  server/NAME/1/   the versions, as TensorFlow Serving looks for them, and beside them its configurations
  edge/  onnx/  tiny/
  golden.npz  parity.json  README.md  verify_edge.py
  manifest.json    all files with their checksums, and a checksum of its own
"""

import dataclasses
import importlib
import importlib.util
import types
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kerasae.export.artifact import Artifact
from kerasae.export.bundles._contents import next_version, read_manifest, write_contents
from kerasae.export.bundles._publish import check_bundle, publish, staging
from kerasae.export.formats.tflite.tflite import PRECISIONS
from kerasae.export.parity import ExportError
from kerasae.export.subject import Subject

from kerasae import registry


def bundle(
    source: Any,
    out: str | Path,
    *,
    formats: Sequence[str] | None = None,
    also: Sequence[str] = (),
    precisions: Sequence[str] | None = None,
    tolerance: dict[str, float] | None = None,
    **subject: Any,
) -> list[Artifact]:
    """Exports a model in several formats into one folder, with all that a reader needs to trust it.

    An artifact that does not agree with the model is left out. One that was asked for by name, in `formats`,
    `also` or `precisions`, ends the export; one of the default set leaves the others, with a warning, and the
    manifest, `parity.json` and the card say why it is not there.

    Args:
        source: a run, its folder, a built model, or a `Subject`.
        out: the folder; where it is a bundle already, the next server version goes beside the old
            ones and the files for devices are replaced, those of another model removed.
        formats: members of `kerasae.export`; by default all that can be written here, but for those
            that are written on request alone.
        also: members beside those, such as `tiny` and `trainable`.
        precisions: of the files for devices; by default all four.
        tolerance: what may differ by how much, in place of the defaults.
        **subject: `data`, `examples`, `calibration` and `name`, as for `Subject.of`.

    Returns:
        What was written.

    Raises:
        FileExistsError: if the folder is there and is no bundle.
        ExportError: if an artifact that was asked for cannot leave, or none of the default set can: above all
            a ParityError; nothing is changed.
        ValueError: for an unknown format or precision.

    Warns:
        UserWarning: for each artifact of the default set that is left out.
    """
    root = Path(out)
    asked_formats = formats is not None
    formats = list(dict.fromkeys([*(available() if formats is None else formats), *also]))
    for name in formats:
        registry.resolve("export", name)
    check_bundle(root)
    what = source if isinstance(source, Subject) else Subject.of(source, **subject)
    with staging(root) as folder:
        earlier = read_manifest(root)
        version = next_version(root, earlier)
        members: list[Any] = [registry.resolve("export", name) for name in formats]
        modules = [_module(name) for name in formats]
        for module in modules:
            # Sooner than after minutes of other formats.
            if hasattr(module, "check"):
                module.check(what)
        written, refused = [], []
        for name, member, module in zip(formats, members, modules, strict=True):
            asked = name in also or asked_formats
            failed = []
            places = module.places(what.name, version, precisions or PRECISIONS)
            for place, arguments in places:
                try:
                    written.append(member(what, folder / place, tolerance=tolerance, **arguments))
                except ExportError as error:
                    by_name = precisions is not None if "precision" in arguments else asked
                    failed.append(Refused(name, place, arguments.get("precision", "float32"), error))
                    if by_name or (asked and len(failed) == len(places)):
                        raise
            refused += failed
        if not written:
            raise refused[0].error
        for one in refused:
            warnings.warn(one.sentence, stacklevel=2)
        left_out = [(one.to_dict(), one.error) for one in refused]
        write_contents(what, folder, root, earlier, version, written, left_out)
        publish(root)
    return [dataclasses.replace(one, path=root / one.path.relative_to(folder)) for one in written]


@dataclasses.dataclass(frozen=True)
class Refused:
    """An artifact of the default set that was left out of a bundle.

    Args:
        format: the member of the room that did not write it.
        path: where it would be, relative to the bundle.
        precision: of the numbers inside.
        error: why it cannot leave.
    """

    format: str
    path: str
    precision: str
    error: ExportError

    @property
    def sentence(self) -> str:
        """What a user is told."""
        return f"{self.path} was left out: {self.reason}."

    @property
    def reason(self) -> str:
        """Why it cannot leave, without advice."""
        return getattr(self.error, "reason", str(self.error)).rstrip(".")

    def to_dict(self) -> dict[str, Any]:
        """For the manifest."""
        return {"format": self.format, "path": self.path, "precision": self.precision, "reason": self.reason}


def _module(name: str) -> types.ModuleType:
    """The module that holds a format, with what else there is of it."""
    return importlib.import_module(registry.resolve("export", name).__module__)


def available() -> list[str]:
    """The formats of every export whose own requirements, those of an extra, are installed."""
    found = []
    for name in registry.names("export"):
        module = _module(name)
        installed = all(importlib.util.find_spec(one) for one in getattr(module, "REQUIRES", ()))
        if installed and not getattr(module, "ON_REQUEST", False):
            found.append(name)
    return found
