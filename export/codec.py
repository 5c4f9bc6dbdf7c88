"""ArtifactCodec: an exported artifact as a codec."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from kerasae.export.origin import recorded_fingerprint
from kerasae.export.views import View

from kerasae.models import Autoencoder
from kerasae.preprocessing import Preprocessor
from kerasae.preprocessing.identity import Identity
from kerasae.spec import Spec


class ArtifactCodec:
    """Exported artifact with the methods of a codec.

    The artifact answers in raw units. Its answers become `x` through the same preprocessing as raw examples.
    The numbers equal those of the model, except for the last bits of float32.

    Images and vectors whose type has a range are clipped to it, which the `decode` of a model does not do;
    the error of a reconstruction never grows by that. A text from a server is a string. It ends where the
    text ends, or at its maximum length. In texts of characters the token of an unknown word is lost.

    Args:
        artifact: Runtime of the artifact, with `run` and `signatures`.
        view: Form in which raw examples enter and leave the artifact.
        fingerprint: Fingerprint of the model, from the manifest of a bundle. Defaults to `""`, unknown.
        code_shape: Shape of a code of the model, which may be a map. Defaults to `None`, unknown.
    """

    def __init__(
        self, artifact: Any, view: View, fingerprint: str = "", code_shape: tuple[int, ...] | None = None
    ) -> None:
        self._artifact, self._view = artifact, view
        self.preprocessor: Any = view.preprocessor
        self._latent_dim = int(artifact.signatures()["decode"]["inputs"]["z"]["shape"][-1])
        self.code_shape = code_shape
        if fingerprint:
            self.fingerprint = fingerprint

    @classmethod
    def of(
        cls,
        artifact: Any,
        view_of: Callable[[Preprocessor], View],
        path: Path,
        source: Autoencoder | Preprocessor | None,
    ) -> "ArtifactCodec":
        """Return an artifact as a codec, once it is clear that it suits a model.

        Args:
            artifact: Runtime of the artifact.
            view_of: Function from a preprocessor to a view.
            path: Path of the artifact.
            source: Model or preprocessor from which the artifact was made; `None` if raw numbers are `x`.

        Raises:
            ValueError: If the artifact cannot encode and decode, or takes other inputs than the model.
        """
        signatures = artifact.signatures()
        if {"encode", "decode"} - set(signatures):
            names = ", ".join(sorted(signatures))
            raise ValueError(f"Expected the signatures encode and decode in {path}, received {names}.")
        view = view_of(_preprocessor(source, signatures["encode"]["inputs"], path))
        expected = {name: list(spec.shape) for name, spec in view.inputs().items()}
        received = {name: one["shape"] for name, one in signatures["encode"]["inputs"].items()}
        if expected != received:
            raise ValueError(
                f"Expected an artifact of this model, whose inputs are {_words(expected)}, received {path} "
                f"with {_words(received)}."
            )
        return cls(artifact, view, recorded_fingerprint(path), getattr(source, "code_shape", None))

    @property
    def latent_dim(self) -> int:
        """Code size: the number of entries of a code."""
        return self._latent_dim

    def transform(self, raw: Any) -> np.ndarray:
        """Encode raw examples, `(rows, ...)`, as codes, `(rows, latent_dim)`."""
        codes: np.ndarray = self._artifact.run("encode", self._view.feed(raw))["z"]
        return codes

    def decode(self, codes: Any) -> np.ndarray:
        """Decode codes, `(rows, latent_dim)`, to reconstructions of `x`, `(rows, ...)`."""
        answered = self._artifact.run("decode", {"z": np.asarray(codes, "float32")})
        return np.asarray(self._view.enter(self._view.returned(answered)))

    def inverse_transform(self, codes: np.ndarray) -> Any:
        """Decode codes, `(rows, latent_dim)`, to raw examples, `(rows, ...)`, of the original type."""
        return self.preprocessor.restore(self.decode(codes))


def _preprocessor(
    source: Autoencoder | Preprocessor | None, inputs: dict[str, Any], path: Path
) -> Preprocessor:
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


def _words(shapes: dict[str, list[Any]]) -> str:
    shown = [f"{name} {tuple(shape[1:])}" for name, shape in list(shapes.items())[:4]]
    return ", ".join(shown) + (f" and {len(shapes) - 4} more" if len(shapes) > 4 else "")
