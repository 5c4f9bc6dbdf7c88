"""load: an exported artifact as a codec, so that evaluation and applications run on what is shipped."""

from pathlib import Path
from typing import Any

import numpy as np
from kerasae.export.formats.saved_model import SavedModel
from kerasae.export.formats.tflite import TFLite
from kerasae.export.verify_edge import check_manifest
from kerasae.export.views import edge_view, server_view

from kerasae.backend import quiet
from kerasae.codec import fingerprint
from kerasae.files import read_json
from kerasae.models import Autoencoder
from kerasae.preprocessing import Preprocessor
from kerasae.preprocessing.identity import Identity
from kerasae.runs import Run
from kerasae.spec import Spec


class ArtifactCodec:
    """A SavedModel or a `.tflite` file with the verbs of a codec.

    The artifact answers in raw units; what it answers goes in again by the door through which raw
    examples enter, and so becomes `x`. On the way numbers are as in the model but for the last bits of
    float32. Images and vectors whose type has a range are cut to it, which a model's own `decode` is
    not: an error is never greater for it. Texts of a server come as strings, without what follows the
    end of a text or exceeds its length; the token of an unknown word is lost in texts of characters.

    Args:
        artifact: Runtime, with `run` and `signatures`.
        view: How raw examples enter the artifact and leave it.
        fingerprint: Fingerprint of the model, from the manifest of a bundle. `""`, the default, without one.
    """

    def __init__(self, artifact: Any, view: Any, fingerprint: str = "") -> None:
        self._artifact, self._view = artifact, view
        self.preprocessor = view.preprocessor
        self._latent_dim = int(artifact.signatures()["decode"]["inputs"]["z"]["shape"][-1])
        if fingerprint:
            self.fingerprint = fingerprint

    @property
    def latent_dim(self) -> int:
        """Numbers per code."""
        return self._latent_dim

    def transform(self, raw: Any) -> np.ndarray:
        """Return raw examples `(batch, ...)` as codes `(batch, latent_dim)`."""
        return self._artifact.run("encode", self._view.feed(raw))["z"]

    def decode(self, codes: Any) -> np.ndarray:
        """Return codes `(batch, latent_dim)` as reconstructions of `x`, `(batch, ...)`."""
        answered = self._artifact.run("decode", {"z": np.asarray(codes, "float32")})
        return np.asarray(self._view.enter(self._view.returned(answered)))

    def inverse_transform(self, codes: np.ndarray) -> Any:
        """Return codes `(batch, latent_dim)` as raw examples of the original type."""
        return self.preprocessor.restore(self.decode(codes))


def load(path: str | Path, source: Any = None) -> ArtifactCodec:
    """Return an exported artifact as a codec.

    Args:
        path: Version folder of a SavedModel (`ship/server/NAME/1`), or `.tflite` file.
        source: Run, folder of a run, model or preprocessor: an artifact does not say how raw examples become
            `x`. `None`, the default, if raw numbers are `x`.

    Raises:
        FileNotFoundError: if nothing is there.
        ValueError: for a file that is no such artifact, or one of another model.

    Example:
        >>> codec = kerasae.export.load("ship/edge/digits_int8.tflite", "runs/digits")
        >>> kerasae.evaluate(codec, kerasae.load_data("digits"))
    """
    path = Path(path)
    if isinstance(source, str | Path):
        source = Run.open(source)
    if isinstance(source, Run):
        source = source.model
    if not path.exists():
        raise FileNotFoundError(f"Expected an exported artifact at {path}, found no such file or folder.")
    artifact, on_server = _open(path)
    signatures = artifact.signatures()
    missing = {"encode", "decode"} - set(signatures)
    if missing:
        raise ValueError(
            f"Expected the signatures encode and decode in {path}, received {', '.join(sorted(signatures))}."
        )
    preprocessor = _preprocessor(source, signatures["encode"]["inputs"], path)
    view = (server_view if on_server else edge_view)(preprocessor)
    expected = {name: list(spec.shape) for name, spec in view.inputs().items()}
    received = {name: one["shape"] for name, one in signatures["encode"]["inputs"].items()}
    if expected != received:
        raise ValueError(
            f"Expected an artifact of this model, whose inputs are {_words(expected)}, received {path} with "
            f"{_words(received)}."
        )
    known = _fingerprint(path)
    if known and isinstance(source, Autoencoder) and known != fingerprint(source):
        raise ValueError(
            f"Expected an artifact of this model, received {path} of another model, as its manifest says; "
            "export the run again."
        )
    return ArtifactCodec(artifact, view, known)


def _open(path: Path) -> tuple[Any, bool]:
    """Return what runs an artifact, and whether it is one of a server."""
    if path.is_dir():
        if not (path / "saved_model.pb").is_file():
            raise ValueError(
                f"Expected a version folder of a SavedModel (saved_model.pb), received {path}; in a bundle "
                "it is server/NAME/1."
            )
        return SavedModel.open(path), True
    if path.suffix != ".tflite":
        raise ValueError(f"Expected a SavedModel's folder or a .tflite file, received {path}.")
    try:
        with quiet(show_failure=False):
            edge = TFLite.open(path)
            if "decode" in (signatures := edge.signatures()):
                # At its first call the runtime says which delegate it takes.
                z = signatures["decode"]["inputs"]["z"]
                edge.run("decode", {"z": np.zeros(z["shape"], z["dtype"])})
        return edge, False
    except (ValueError, RuntimeError) as error:
        raise ValueError(f"Expected a .tflite file in {path}: {str(error).splitlines()[0]}") from None


def _preprocessor(source: Any, inputs: dict[str, Any], path: Path) -> Preprocessor:
    if isinstance(source, Preprocessor):
        return source
    if source is not None and source.preprocessor is not None:
        return source.preprocessor
    if list(inputs) != ["x"] or not inputs["x"]["dtype"].startswith("float"):
        raise ValueError(
            f"Expected the run, model or preprocessor that {path} was exported from: it takes other things "
            "than floating point."
        )
    shape = tuple(inputs["x"]["shape"][1:])
    return Identity(Spec("image" if len(shape) == 3 else "vector", shape, inputs["x"]["dtype"]))


def _fingerprint(path: Path) -> str:
    """Return the fingerprint of the model, from the manifest of the artifact's bundle; empty without one."""
    for root in path.absolute().parents[:3]:
        manifest = root / "manifest.json"
        if manifest.is_file():
            values = read_json(manifest)
            try:
                check_manifest(values)
            except ValueError:
                # Other tools have manifests, too.
                continue
            entries = [one for one in values["artifacts"] if (root / one["path"]).resolve() == path.resolve()]
            return str(entries[0].get("model", "")) if entries else ""
    return ""


def _words(shapes: dict[str, list[Any]]) -> str:
    shown = [f"{name} {tuple(shape[1:])}" for name, shape in list(shapes.items())[:4]]
    return ", ".join(shown) + (f" and {len(shapes) - 4} more" if len(shapes) > 4 else "")
