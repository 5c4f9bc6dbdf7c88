"""load: an exported artifact as a codec, so that evaluation and applications can run on it."""

from pathlib import Path
from typing import Any

from kerasae.export.formats import Format
from kerasae.export.origin import recorded_fingerprint

from kerasae import registry
from kerasae.codec import Codec, fingerprint
from kerasae.models import Autoencoder
from kerasae.preprocessing import Preprocessor
from kerasae.runs import Run


def load(path: str | Path, source: str | Path | Run | Autoencoder | Preprocessor | None = None) -> Codec:
    """Return an exported artifact as a codec.

    Each format says which artifacts it opens: the version folder of a SavedModel (`ship/server/NAME/1`), a
    `.tflite` file, and those of formats of your own.

    Args:
        path: Path of the artifact.
        source: Run, folder of a run, model or preprocessor from which the artifact was made. An artifact does
            not say how raw examples become `x`. Defaults to `None`: raw numbers are `x`.

    Raises:
        FileNotFoundError: If the path does not exist.
        ValueError: If the path is no such artifact, or an artifact of another model.
        ImportError: If a package that the format needs is not installed.

    Example:
        >>> from kerasae.export import load
        >>> codec = load("ship/edge/digits_int8.tflite", "runs/digits")
        >>> kerasae.evaluate(codec, kerasae.load_data("digits"))
    """
    path = Path(path)
    if isinstance(source, str | Path):
        source = Run.open(source)
    model = source.model if isinstance(source, Run) else source
    if not path.exists():
        raise FileNotFoundError(f"Expected an exported artifact at {path}, found no such file or folder.")
    codec = _format_of(path).load(path, model)
    recorded = recorded_fingerprint(path)
    if recorded and isinstance(model, Autoencoder) and recorded != fingerprint(model):
        raise ValueError(
            f"Expected an artifact of this model, received {path} of another model, as its manifest says; "
            "export the run again."
        )
    return codec


def _format_of(path: Path) -> type[Format]:
    """Return the format that opens an artifact."""
    formats: list[Any] = [registry.resolve("export", name) for name in registry.names("export")]
    for member in formats:
        if member.opens(path):
            chosen: type[Format] = member
            return chosen
    known = " or ".join(member.loads for member in formats if member.loads)
    raise ValueError(f"Expected {known}, received {path}.")
