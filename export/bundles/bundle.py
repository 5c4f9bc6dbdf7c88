"""bundle: all artifacts of a model in one folder, published together or not at all.

ship/
  server/NAME/1/   versions, as TensorFlow Serving expects them, with configurations beside them
  edge/  onnx/  tiny/
  deploy/          files that start a server
  golden.npz  parity.json  README.md  verify_edge.py
  manifest.json    all files with their checksums, and its own checksum
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
from kerasae.export.subject import Source, Subject

from kerasae import registry
from kerasae.precisions import Precision, check_precision
from kerasae.progress import work


def bundle(
    source: Source | Subject,
    out: str | Path,
    *,
    formats: Sequence[str | Mapping[str, Any] | Format] | None = None,
    also: Sequence[str | Mapping[str, Any] | Format] = (),
    precisions: Sequence[str] | None = None,
    tolerance: dict[str, float] | None = None,
    **subject: Any,
) -> list[Artifact]:
    """Export a model in several formats into one folder, with measures of how well each artifact agrees.

    An artifact that does not agree with the model is left out. If it was asked for, in `formats`, `also` or
    `precisions`, the export fails. Otherwise the others are written, with a warning; the manifest,
    `parity.json` and the card contain the reason.

    Args:
        source: Run, folder of a run, built model, or `Subject`.
        out: Folder of the bundle. If it is a bundle already, the next server version goes beside the old
            ones. Files for devices are replaced, and those of another model are removed.
        formats: Formats to write. A name, such as `"tflite"`, stands for all artifacts of the format. A
            `Format`, or a dict of `name` and arguments such as `{"name": "trainable", "batch_size": 32}`,
            stands for one artifact. `"tiny"` also stands for `"c99"`, and is left out if it cannot hold the
            model or its requirements are not installed. Defaults to `None`: all formats whose requirements
            are installed, except for those on request.
        also: Formats to write in addition, such as `"tiny"` and `"trainable"`. Defaults to `()`.
        precisions: Precisions of the formats that have several. Defaults to `None`: all.
        tolerance: Bounds by measure, in place of those in `TOLERANCES`. Defaults to `None`: no changes.
        **subject: `data`, `examples`, `calibration`, `name` and `size`, as for `Subject.of`.

    Returns:
        The artifacts that were written.

    Raises:
        FileExistsError: If the folder exists and is no bundle.
        ImportError: If a package is missing that a format in `formats` or `also` needs.
        ExportError: If an artifact that was asked for cannot be written, or no artifact can. Nothing is
            changed. A ParityError says that an artifact does not agree with the model.
        ValueError: If a format or precision is unknown, or a format cannot hold the model.

    Warns:
        UserWarning: For each artifact that is left out.
    """
    root = Path(out)
    chosen = None if precisions is None else [check_precision(one, "precisions") for one in precisions]
    asked = formats is not None
    named = [(one, asked) for one in (available() if formats is None else formats)]
    named += [(one, True) for one in also]
    kits = [[_Wish.of(one, chosen, asked=wanted) for one in _kit(name)] for name, wanted in named]
    check_bundle(root)
    what: Subject = source if isinstance(source, Subject) else Subject.of(source, **subject)
    wishes = [wish for kit in kits for wish in _suited(kit, what)]
    with staging(root) as folder:
        earlier = read_manifest(root)
        version = next_version(root, earlier)
        for wish in wishes:
            # All checks come first: other formats may take minutes.
            for one in wish.artifacts:
                one.check_installed()
                one.check(what)
        written: list[Artifact] = []
        refused: list[Refused] = []
        with work("export", total=sum(len(wish.artifacts) for wish in wishes)) as exporting:
            for wish in wishes:
                failed = []
                for one in wish.artifacts:
                    place = one.place(what.name, version)
                    exporting.step(place)
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
    """Format to write.

    Args:
        artifacts: The format, once for each artifact.
        asked: Whether the user named the format: at least one of its artifacts must be written.
        each: Whether the user named each artifact: all of them must be written.
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
    """Artifact that was left out of a bundle.

    Args:
        format: Name of the format.
        path: Path that the artifact would have, relative to the bundle.
        precision: Precision of the weights.
        error: Error that says why the artifact was left out.
    """

    format: str
    path: str
    precision: Precision
    error: ExportError

    @property
    def sentence(self) -> str:
        """Warning to the user."""
        return f"{self.path} was left out: {self.reason}."

    @property
    def reason(self) -> str:
        """Reason, without advice."""
        return getattr(self.error, "reason", str(self.error)).rstrip(".")

    def to_dict(self) -> dict[str, Any]:
        """Return the entry of the manifest."""
        return {"format": self.format, "path": self.path, "precision": self.precision, "reason": self.reason}


def _kit(wanted: str | Mapping[str, Any] | Format) -> Sequence[str | Mapping[str, Any] | Format]:
    """Return the format itself, and those that are asked for by its name too."""
    if not isinstance(wanted, str):
        return [wanted]
    members: dict[str, Any] = {name: registry.resolve("export", name) for name in registry.names("export")}
    return [wanted, *(name for name, member in members.items() if member.kit == wanted)]


def _suited(kit: Sequence[_Wish], subject: Subject) -> Sequence[_Wish]:
    """Return the formats of a kit that are installed and can hold a model; all of them if none can."""
    suited = [
        wish
        for wish in kit
        if not any(
            one.missing() or any(limit.received(subject) for limit in one.limits) for one in wish.artifacts
        )
    ]
    return suited or kit


def available() -> list[str]:
    """Return the formats of a default bundle whose requirements are installed."""
    members: dict[str, Any] = {name: registry.resolve("export", name) for name in registry.names("export")}
    return [name for name, member in members.items() if not member.on_request and not member.missing()]
