"""The bundle: all artifacts of a model in one folder, published at once or not at all.

ship/
  server/NAME/1/   the versions, as TensorFlow Serving looks for them, and beside them its configurations
  edge/  onnx/  tiny/
  golden.npz  parity.json  README.md  verify_edge.py
  manifest.json    all files with their checksums, and a checksum of its own
"""

import dataclasses
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kerasae.export.artifact import Artifact
from kerasae.export.bundles._contents import next_version, read_manifest, write_contents
from kerasae.export.bundles._publish import check_bundle, publish, staging
from kerasae.export.formats import Format
from kerasae.export.parity import ExportError
from kerasae.export.subject import Subject

from kerasae import registry
from kerasae.precisions import Precision, check_precision


def bundle(
    source: Any,
    out: str | Path,
    *,
    formats: Sequence[str | Mapping[str, Any] | Format] | None = None,
    also: Sequence[str | Mapping[str, Any] | Format] = (),
    precisions: Sequence[str] | None = None,
    tolerance: dict[str, float] | None = None,
    **subject: Any,
) -> list[Artifact]:
    """Export a model in several formats into one folder, with all that a reader needs to trust it.

    An artifact that does not agree with the model is left out. If it was asked for, in `formats`, `also` or
    `precisions`, the export fails. If it is one of the default set, the others are written, with a warning;
    the manifest, `parity.json` and the card then say why it is not there.

    Args:
        source: Run, folder of a run, built model, or `Subject`.
        out: Folder of the bundle. In a folder that is a bundle already, the next server version goes beside
            the old ones, and the files for devices are replaced; those of another model are removed.
        formats: Formats to write. A name, such as `"tflite"`, stands for all artifacts that a bundle holds
            of the format. One artifact is a `Format`, or a dict of `name` and arguments, such as
            `{"name": "trainable", "batch_size": 32}`. By default all formats whose requirements are
            installed, but for those that are written on request.
        also: Formats to write beside those, such as `"tiny"` and `"trainable"`.
        precisions: Precisions of the formats that have several. By default all.
        tolerance: Largest deviation by measure, in place of those in `TOLERANCES`.
        **subject: `data`, `examples`, `calibration` and `name`, as for `Subject.of`.

    Returns:
        The artifacts that were written.

    Raises:
        FileExistsError: if the folder is there and is no bundle.
        ImportError: if a package is missing that a format needs which was asked for.
        ExportError: if an artifact that was asked for cannot leave, or none of the default set can: above all
            a ParityError; nothing is changed.
        ValueError: for an unknown format or precision.

    Warns:
        UserWarning: for each artifact of the default set that is left out.
    """
    root = Path(out)
    chosen = None if precisions is None else [check_precision(one, "precisions") for one in precisions]
    asked = formats is not None
    wishes = [_Wish.of(one, chosen, asked=asked) for one in (available() if formats is None else formats)]
    wishes += [_Wish.of(one, chosen, asked=True) for one in also]
    check_bundle(root)
    what = source if isinstance(source, Subject) else Subject.of(source, **subject)
    with staging(root) as folder:
        earlier = read_manifest(root)
        version = next_version(root, earlier)
        for wish in wishes:
            # Sooner than after minutes of other formats.
            for one in wish.artifacts:
                one.check_installed()
                one.check(what)
        written: list[Artifact] = []
        refused: list[Refused] = []
        for wish in wishes:
            failed = []
            for one in wish.artifacts:
                place = one.place(what.name, version)
                if any(artifact.path == folder / place for artifact in written):
                    continue
                try:
                    written.append(one.write(what, folder / place, tolerance=tolerance))
                except ExportError as error:
                    failed.append(Refused(one.name(), place, one.precision, error))
                    if wish.each or (wish.asked and len(failed) == len(wish.artifacts)):
                        raise
            refused += failed
        if not written:
            raise refused[0].error
        for left_out in refused:
            warnings.warn(left_out.sentence, stacklevel=2)
        reasons = [(left_out.to_dict(), left_out.error) for left_out in refused]
        write_contents(what, folder, root, earlier, version, written, reasons)
        publish(root)
    return [dataclasses.replace(one, path=root / one.path.relative_to(folder)) for one in written]


@dataclasses.dataclass(frozen=True)
class _Wish:
    """A format that was asked for, or is one of the default set.

    Args:
        artifacts: The format, once for each artifact.
        asked: Whether the format was asked for: one of its artifacts must be written.
        each: Whether each artifact was asked for: all of them must be written.
    """

    artifacts: Sequence[Format]
    asked: bool
    each: bool

    @classmethod
    def of(
        cls, wanted: str | Mapping[str, Any] | Format, precisions: Sequence[Precision] | None, *, asked: bool
    ) -> "_Wish":
        if not isinstance(wanted, str):
            artifact = registry.get("export", dict(wanted) if isinstance(wanted, Mapping) else wanted)
            if not isinstance(artifact, Format):
                raise TypeError(f"Expected a format of an export, received {artifact!r}.")
            return cls([artifact], asked=True, each=True)
        member: Any = registry.resolve("export", wanted)
        if not member.precisions:
            return cls(member.variants(), asked, each=asked)
        if precisions is None:
            return cls(member.variants(), asked, each=False)
        chosen = [precision for precision in precisions if precision in member.precisions]
        return cls(member.variants(chosen), asked, each=True)


@dataclasses.dataclass(frozen=True)
class Refused:
    """An artifact of the default set that was left out of a bundle.

    Args:
        format: Name of the format that did not write it.
        path: Path where it would be, relative to the bundle.
        precision: Precision of the numbers inside.
        error: Why it cannot leave.
    """

    format: str
    path: str
    precision: Precision
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
        """Return an entry for the manifest."""
        return {"format": self.format, "path": self.path, "precision": self.precision, "reason": self.reason}


def available() -> list[str]:
    """Return the formats of every export whose own requirements, those of an extra, are installed."""
    members: dict[str, Any] = {name: registry.resolve("export", name) for name in registry.names("export")}
    return [name for name, member in members.items() if not member.on_request and not member.missing()]
