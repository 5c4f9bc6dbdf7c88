"""export: a run as artifacts for servers and devices, each compared with the model."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kerasae.data import Data
from kerasae.export import Artifact, Format, Subject, bundle
from kerasae.export.bundles.larger import larger_than_float32
from kerasae.files import read_json
from kerasae.models import Autoencoder
from kerasae.precisions import Precision
from kerasae.remote import origin, stored
from kerasae.runs import Run
from kerasae.trackers import RunLog, Tracker, check_trackers

#: Headings of the measures in the table, by the name of the measure.
_MEASURES = {
    "max_deviation": "max dev.",
    "mean_deviation": "mean dev.",
    "agreement": "agreement",
    "error_ratio": "error ratio",
    "rank_correlation": "rank corr.",
    "decisions": "decisions",
}


@dataclasses.dataclass(frozen=True)
class Exported:
    """Result of an export.

    Args:
        folder: Folder of the bundle, or of its copy on this machine.
        artifacts: Artifacts that this export wrote.
        manifest: Content of `manifest.json`: all artifacts of the bundle with their files and facts, and
            those that were left out, with the reason.
        logged: Where a user finds the bundle in each tracker, by its name. Defaults to none.
    """

    folder: Path
    artifacts: Sequence[Artifact]
    manifest: dict[str, Any]
    logged: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def title(self) -> str:
        """Title of the table."""
        return f"{self.manifest['name']}: agreement with the model on held-out examples"

    @property
    def headings(self) -> list[str]:
        """Headings of the columns of the table."""
        return ["artifact", "bytes", "ms", *_MEASURES.values()]

    def table(self) -> list[list[str]]:
        """Return the size, the latency and the worst measures of each artifact as rows of text."""
        rows = []
        for artifact in self.artifacts:
            measures = artifact.parity.summary()
            cells = [f"{measures[key]:.3g}" if key in measures else "–" for key in _MEASURES]
            path = artifact.path.relative_to(self.folder).as_posix()
            rows.append([path, f"{artifact.facts['bytes']:,}", f"{artifact.facts['latency_ms']:.3f}", *cells])
        return rows

    @property
    def remarks(self) -> list[str]:
        """Sentences on files that save no memory, because they are larger than those in float32."""
        return larger_than_float32(self.manifest["artifacts"])

    @property
    def note(self) -> str:
        """Units of the table, and what the artifacts lack if the run has no detector, in sentences."""
        model = self.manifest["model"]
        # A warning has said why a detector is left out.
        has_detector = bool(model["detector"] or model["detector_left_out"])
        lacking = (
            " The run has no detector, so that no artifact answers `detect`; `kerasae apply anomaly` "
            "before the export adds one."
        )
        return (
            "Deviations are in units of x, in standard deviations of codes and scores, or in nats of x. ms "
            "is the median time of a call for one row on one thread; the Keras call took "
            f"{model['keras_call_ms']:.2f}.{'' if has_detector else lacking}"
        )


def export(
    run: Run | Autoencoder | Subject | str | Path,
    out: str | Path,
    *,
    formats: Sequence[str | Mapping[str, Any] | Format] | None = None,
    also: Sequence[str | Mapping[str, Any] | Format] = (),
    precisions: Sequence[Precision] | None = None,
    name: str | None = None,
    tolerance: dict[str, float] | None = None,
    data: Data | None = None,
    examples: Any = None,
    size: Sequence[int] | None = None,
    log_to: Sequence[str | Tracker] = (),
) -> Exported:
    """Write a model in several formats into the folder of a bundle.

    Each artifact is compared with the model on held-out examples, by the runtime that clients use. An
    artifact that does not agree is left out. If it was asked for, in `formats`, `also` or `precisions`, the
    export fails and changes nothing.

    Args:
        run: Run, folder of a run, built model, or `Subject`.
        out: Folder of the bundle. If it is a bundle already, the next version goes beside the old ones. An
            address, such as `s3://bucket/ship`, must hold nothing yet; the bundle is stored there when it is
            whole.
        formats: Formats to write: names, formats, or dicts of a name and arguments. Defaults to `None`: all
            that are installed, except for those on request.
        also: Formats to write in addition, such as `"tiny"` and `"trainable"`. Defaults to `()`.
        precisions: Precisions of the files for devices. Defaults to `None`: all.
        name: Name of the artifacts. Defaults to `None`: the name of the folder of the run, or of the model.
        tolerance: Bounds by measure, in place of those in `kerasae.export.TOLERANCES`. Defaults to `None`: no
            changes.
        data: Data of the model. Defaults to `None`: the run has its own.
        examples: Held-out raw examples. Defaults to `None`: the test split of the data is used.
        size: Height and width in pixels of the images that artifacts take, for a model whose code is a map.
            Defaults to `None`: the size of the training.
        log_to: Trackers into which the bundle is logged, as for `train`, beside the run, which is logged too
            if it was not yet. Defaults to none.

    Raises:
        FileExistsError: If the folder exists and is no bundle, or if there is something at the address.
        ImportError: If a package is missing that a format in `formats` or `also` needs, or a tracker.
        OSError: If a tracker cannot be reached. If this is so after the export, the bundle is kept.
        ValueError: If an artifact that was asked for cannot be written, or none of the others can.

    Warns:
        UserWarning: For each artifact that is left out.

    Example:
        >>> from kerasae.workflows import export, verify
        >>> exported = export("runs/vae", "ship", formats=["tflite"], precisions=["int8"])
        >>> verify("ship").faults
        []
    """
    trackers = check_trackers(log_to)
    if trackers and not isinstance(run, Run | str | Path):
        raise ValueError("`log_to` needs a run or its folder, received a model; train it as a run.")
    with stored(out, last="manifest.json") as folder:
        artifacts = bundle(
            run,
            folder,
            formats=formats,
            also=also,
            precisions=precisions,
            tolerance=tolerance,
            name=name,
            data=data,
            examples=examples,
            size=size,
        )
    manifest = read_json(folder / "manifest.json")
    if not trackers or not isinstance(run, Run | str | Path):
        return Exported(folder, artifacts, manifest)
    exported_run = run if isinstance(run, Run) else Run.open(run)
    log = RunLog(trackers, exported_run.folder, origin(exported_run.folder))
    log.bundle(exported_run, folder)
    return Exported(folder, artifacts, manifest, log.places)
