"""Format: a way to write a model as an artifact, and the sequence in which every artifact is written."""

import abc
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from kerasae.export.artifact import Artifact
from kerasae.export.codec import ArtifactCodec
from kerasae.export.decision import Decision
from kerasae.export.feeds import Feed
from kerasae.export.formats._draft import Draft, Runtime, unfinished
from kerasae.export.formats._limits import Limit
from kerasae.export.parity import Case, make_cases, measure, refuse, tolerances, with_units
from kerasae.export.subject import Source, Subject
from kerasae.export.views import View, edge_view

from kerasae import registry
from kerasae.backend import quiet
from kerasae.codec import Codec
from kerasae.extras import is_installed, missing_packages
from kerasae.models import Autoencoder
from kerasae.precisions import Precision
from kerasae.preprocessing import Preprocessor


class Format(abc.ABC):
    """Way to write a model as an artifact. This class is abstract.

    `write` is the sequence that every artifact goes through. A subclass fills in its steps: it must have
    `place`, `make`, `runtime` and `complete`; the others have a default. An instance holds the settings of
    one artifact, such as its precision.

    A subclass is a file or a package of this folder, or of a folder `formats` on `KERASAE_PATH`. The command
    line, bundles, `load`, `verify` and the model card then know it. The command line reads `on_request` and
    `loads` from the source, without importing it, so the class itself sets them, to literals.

    Attributes:
        requires: Packages that the format needs in addition to those of the library, by the names under which
            they are imported.
        extra: Extra of kerasae that installs `requires`; `""` if there is none.
        on_request: Help text of the option that asks for the format. `""`, the default, if a bundle holds the
            format unless told otherwise.
        kit: Name of another format. Who asks a bundle for that one gets this one too. `""`, the default, if
            there is none.
        precisions: Precisions to choose from, if the format has an argument `precision`.
        precision: Precision of the numbers inside the artifact.
        limits: Models that the format cannot hold.
        purpose: Purpose of the artifact, as the message of a limit names it.
        loads: Description of the artifacts that `load` opens; `""` if it opens none.
        is_folder: Whether an artifact is a folder, which must not exist yet. Otherwise it is a file, and
            replaces one that exists.
        score: Signature that answers with anomaly scores.
        reconstruct: Signature that answers with reconstructions.
        card: Template of the format's section in the model card, in Jinja; `None` if it has no section.
    """

    requires: ClassVar[tuple[str, ...]] = ()
    extra: ClassVar[str] = ""
    on_request: ClassVar[str] = ""
    kit: ClassVar[str] = ""
    precisions: ClassVar[tuple[Precision, ...]] = ()
    precision: Precision = "float32"
    limits: ClassVar[tuple[Limit, ...]] = ()
    purpose: ClassVar[str] = "to export"
    loads: ClassVar[str] = ""
    is_folder: ClassVar[bool] = False
    score: ClassVar[str] = "anomaly_score"
    reconstruct: ClassVar[str] = "reconstruct"
    card: ClassVar[Path | None] = None

    # Facts about a format ---------------------------------------------------------------------------------

    @classmethod
    def name(cls) -> str:
        """Return the name of the format: that of its file or package in the room."""
        return cls.__module__.removeprefix(f"{registry.ROOMS['export']}.").partition(".")[0]

    @classmethod
    def missing(cls) -> list[str]:
        """Return the packages of `requires` that are not installed."""
        return [name for name in cls.requires if not is_installed(name)]

    @classmethod
    def check_installed(cls) -> None:
        """Raise an ImportError that says what to install, if a package of `requires` is missing."""
        missing = cls.missing()
        if missing:
            raise ImportError(missing_packages(cls.__name__, missing, cls.extra))

    @classmethod
    def variants(cls, precisions: Sequence[Precision] | None = None) -> Sequence[Self]:
        """Return the format once for each artifact of it in a bundle.

        Args:
            precisions: Precisions to write, some of the attribute `precisions`. Defaults to all.
        """
        return [cls()]

    @property
    def golden(self) -> str:
        """Name of the group of cases. Formats with equal cases share a group, in memory and in a bundle."""
        return self.name()

    @abc.abstractmethod
    def place(self, name: str, version: int) -> str:
        """Return the path of the artifact inside a bundle.

        Args:
            name: Name of the model.
            version: Number of the export, from 1.
        """

    def title(self, path: Path) -> str:
        """Return the subject of an error message about the artifact."""
        return f"The file {path.name}"

    def check(self, subject: Subject) -> None:
        """Raise a ValueError if the format cannot hold a model, before any work is done for it."""
        for limit in self.limits:
            if received := limit.received(subject):
                raise ValueError(
                    f"Expected {limit.expected} {self.purpose}, received {received}: {limit.reason}."
                )

    # The sequence -----------------------------------------------------------------------------------------

    def write(
        self,
        source: Source | Subject,
        path: str | Path,
        *,
        tolerance: dict[str, float] | None = None,
        **subject: Any,
    ) -> Artifact:
        """Write an artifact and prove that it agrees with the model.

        The artifact is written under a hidden path. The runtime that clients use opens it there and runs it
        on held-out examples. Only if the answers agree with those of the model does it move to its path.

        Args:
            source: Run, folder of a run, built model, or `Subject`.
            path: Path of the artifact.
            tolerance: Largest deviation by measure, in place of those in `TOLERANCES[precision]`. Defaults to
                no changes.
            **subject: `data`, `examples`, `calibration`, `name` and `size`, as for `Subject.of`.

        Returns:
            The artifact, with its parity.

        Raises:
            ImportError: If a package that the format needs is not installed.
            FileExistsError: If the artifact is a folder that exists.
            ValueError: If the format cannot hold the model.
            ParityError: If the artifact does not agree with the model; nothing is written.
        """
        self.check_installed()
        bounds = tolerances(self.precision, tolerance)
        what: Subject = source if isinstance(source, Subject) else Subject.of(source, **subject)
        self.check(what)
        view = self.view(what.preprocessor)
        group = what.cached(self.golden, lambda: self.cases(what, view))
        cases = {name: group[name] for name in self.answered(list(group))}
        path = Path(path)
        with unfinished(path, is_folder=self.is_folder) as place:
            draft = Draft(what, view, cases, path, place, bounds, view.describe())
            with quiet():
                self.make(draft)
            draft.runtime = self.open(place)
            signatures = draft.runtime.signatures()
            if sorted(signatures) != sorted(cases):
                raise ValueError(f"Expected the signatures {sorted(cases)}, received {sorted(signatures)}.")
            draft.signatures = with_units(signatures, cases)
            self.check_made(draft)
            with quiet():
                # A runtime reports its delegate at the first call.
                draft.parity = measure(
                    what, cases, draft.runtime.run, bounds, score=self.score, reconstruct=self.reconstruct
                )
            refuse(draft.parity, self.title(path))
            self.complete(draft)
        described = (draft.signatures, draft.parity, bounds, draft.facts)
        return Artifact(self.name(), path, self.precision, *described, self.golden)

    # Its steps --------------------------------------------------------------------------------------------

    @classmethod
    def view(cls, preprocessor: Preprocessor) -> View:
        """Return the form in which raw examples enter and leave the artifact, by default that of a device."""
        return edge_view(preprocessor)

    def cases(self, subject: Subject, view: View) -> dict[str, Case]:
        """Return the cases of the group `golden`: rows for each signature, and the answers of the model."""
        return make_cases(subject, view, seeded=False)

    def answered(self, signatures: Sequence[str]) -> Sequence[str]:
        """Return the signatures of the group `golden` that the artifact answers. Defaults to all."""
        return signatures

    @abc.abstractmethod
    def make(self, draft: Draft) -> None:
        """Write the artifact to `draft.place`.

        Raises:
            ExportError: If the format cannot hold the model.
        """

    @classmethod
    @abc.abstractmethod
    def runtime(cls, path: Path) -> Runtime:
        """Return the runtime of an artifact."""

    def check_made(self, draft: Draft) -> None:  # noqa: B027  (a step that need not be filled in)
        """Raise a ValueError if the artifact lacks a property that every artifact of the format must have."""

    @abc.abstractmethod
    def complete(self, draft: Draft) -> None:
        """Add to `draft.facts`, and write the files that go with a proved artifact.

        Every format adds `bytes`, the size, and `latency_ms`, the median time of a call for one row in
        milliseconds.
        """

    # Artifacts that exist ---------------------------------------------------------------------------------

    @classmethod
    def open(cls, path: str | Path) -> Any:
        """Open an artifact with the runtime that clients use.

        Raises:
            ImportError: If a package that the format needs is not installed.
        """
        cls.check_installed()
        with quiet():
            return cls.runtime(Path(path))

    @classmethod
    def sent(cls, feed: Feed, raw: Any, facts: Mapping[str, Any]) -> dict[str, np.ndarray]:
        """Return raw examples as the inputs of a signature, by default those of a device.

        Args:
            feed: Feed of the examples.
            raw: Raw examples, as the feed makes them.
            facts: Facts of the artifact in the manifest.
        """
        return feed(raw)

    @classmethod
    def calibrate(cls, place: Path, decision: Decision) -> None:
        """Write a new threshold and calibration into an artifact that answers `detect`.

        Args:
            place: Path of the artifact, which is changed.
            decision: New threshold and calibration.

        Raises:
            ValueError: If the artifact cannot be calibrated again. This is the default.
        """
        raise ValueError(
            f"Expected artifacts that can be calibrated again, received {place.name} of the format "
            f"{cls.name()}; leave the format out of the bundle, or calibrate the run and export it."
        )

    @classmethod
    def opens(cls, path: Path) -> bool:
        """Return whether a path looks like an artifact of the format, which `load` can then open."""
        return False

    @classmethod
    def load(cls, path: Path, source: Autoencoder | Preprocessor | None = None) -> Codec:
        """Return an artifact as a codec. By default it must answer `encode` and `decode`.

        Args:
            path: Path of the artifact.
            source: Model or preprocessor from which it was made. Defaults to `None`: raw numbers are `x`.

        Raises:
            ValueError: If the artifact cannot be read, or is one of another model.
        """
        return ArtifactCodec.of(cls.open(path), cls.view, path, source)
