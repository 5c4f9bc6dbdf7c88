"""Format: one way to write a model as an artifact, and the sequence in which every artifact is written."""

import abc
import contextlib
import importlib.util
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

from kerasae.export.artifact import Artifact
from kerasae.export.formats._draft import Draft, Runtime
from kerasae.export.parity import Case, make_cases, measure, refuse, tolerances, with_units
from kerasae.export.subject import Subject
from kerasae.export.views import View, edge_view

from kerasae import registry
from kerasae.backend import quiet
from kerasae.precisions import Precision
from kerasae.runs import new_folder


class Format(abc.ABC):
    """One way to write a model as an artifact.

    `write` is the sequence that every artifact goes through. A format fills in its steps: `place`, `make`,
    `runtime` and `complete` it must have; the others have a default. An instance holds the settings of one
    artifact, such as its precision. A new format is a file or a package of this folder, or of a folder
    `formats` on `KERASAE_PATH`; the command line, bundles, `verify` and the model card then know it. The
    command line reads `on_request` from the source, without importing it: the class itself sets it, to a
    literal.

    Attributes:
        requires: Packages that the format needs beside the library, by the names that are imported.
        extra: Extra of kerasae that installs `requires`; `""` where there is none.
        on_request: Help text of the option that asks for the format. `""`, the default, if a bundle holds
            the format unless told otherwise.
        precisions: Precisions to choose from, if the format has an argument `precision`.
        precision: Precision of the numbers inside the artifact.
        is_folder: Whether an artifact is a folder, which must not exist yet; otherwise it is a file, and one
            that exists is replaced.
        score: Signature that answers with anomaly scores.
        reconstruct: Signature that answers with reconstructions.
        card: Template of the format's section in the model card, in Jinja; `None` without one.
    """

    requires: ClassVar[tuple[str, ...]] = ()
    extra: ClassVar[str] = ""
    on_request: ClassVar[str] = ""
    precisions: ClassVar[tuple[Precision, ...]] = ()
    precision: Precision = "float32"
    is_folder: ClassVar[bool] = False
    score: ClassVar[str] = "anomaly_score"
    reconstruct: ClassVar[str] = "reconstruct"
    card: ClassVar[Path | None] = None

    # What is known of a format --------------------------------------------------------------------------

    @classmethod
    def name(cls) -> str:
        """Return the name of the format, which is that of its file or package in the room."""
        return cls.__module__.removeprefix(f"{registry.ROOMS['export']}.").partition(".")[0]

    @classmethod
    def missing(cls) -> list[str]:
        """Return the packages of `requires` that are not installed."""
        return [name for name in cls.requires if importlib.util.find_spec(name) is None]

    @classmethod
    def check_installed(cls) -> None:
        """Raise an ImportError that says what to install, if a package of `requires` is missing."""
        missing = cls.missing()
        if missing:
            what = f"'kerasae[{cls.extra}]'" if cls.extra else " ".join(missing)
            raise ImportError(
                f"{cls.__name__} needs {' and '.join(missing)}, which is not installed: pip install {what}."
            )

    @classmethod
    def variants(cls, precisions: Sequence[Precision] | None = None) -> Sequence[Self]:
        """Return the format once for each artifact that a bundle holds of it.

        Args:
            precisions: Precisions that were asked for, some of the attribute `precisions`. `None` for all.
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
        """Return how an error message names the artifact."""
        return f"The file {path.name}"

    # The sequence ---------------------------------------------------------------------------------------

    def write(
        self, source: Any, path: str | Path, *, tolerance: dict[str, float] | None = None, **subject: Any
    ) -> Artifact:
        """Write an artifact and prove it equal to the model.

        The artifact appears under its path only once the runtime that will run it has opened it, run it on
        held-out examples, and agreed with the model.

        Args:
            source: Run, folder of a run, built model, or `Subject`.
            path: Path of the artifact.
            tolerance: Largest deviation by measure, in place of those in `TOLERANCES[precision]`.
            **subject: `data`, `examples`, `calibration` and `name`, as for `Subject.of`.

        Returns:
            The artifact, with its parity.

        Raises:
            ImportError: if a package that the format needs is not installed.
            FileExistsError: if the artifact is a folder that exists.
            ValueError: if the format cannot hold the model.
            ParityError: if the artifact does not agree with the model; nothing is written.
        """
        self.check_installed()
        bounds = tolerances(self.precision, tolerance)
        what = source if isinstance(source, Subject) else Subject.of(source, **subject)
        self.check(what)
        view = self.view(what)
        group = what.cached(self.golden, lambda: self.cases(what, view))
        cases = {name: group[name] for name in self.answered(list(group))}
        path = Path(path)
        with self._unfinished(path) as place:
            draft = Draft(what, view, cases, path, place, facts=view.describe())
            with quiet():
                self.make(draft)
            draft.runtime = self.open(place)
            signatures = draft.runtime.signatures()
            if sorted(signatures) != sorted(cases):
                raise ValueError(f"Expected the signatures {sorted(cases)}, received {sorted(signatures)}.")
            draft.signatures = with_units(signatures, cases)
            self.check_made(draft)
            with quiet():
                # At its first call a runtime says what it computes with.
                draft.parity = measure(
                    what, cases, draft.runtime.run, bounds, score=self.score, reconstruct=self.reconstruct
                )
            refuse(draft.parity, self.title(path))
            self.complete(draft)
        return Artifact(
            self.name(),
            path,
            self.precision,
            draft.signatures,
            draft.parity,
            bounds,
            draft.facts,
            self.golden,
        )

    @contextlib.contextmanager
    def _unfinished(self, path: Path) -> Iterator[Path]:
        """Give a hidden path, and rename what was written there to `path` once it is whole."""
        if self.is_folder:
            with new_folder(path) as place:
                yield place
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        # Under its own name: there are libraries that look at the ending.
        with tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as folder:
            place = Path(folder) / path.name
            yield place
            place.replace(path)

    # Its steps ------------------------------------------------------------------------------------------

    def check(self, subject: Subject) -> None:  # noqa: B027  (a step that need not be filled in)
        """Raise a ValueError if the format cannot hold a model, before any work is done for it."""

    def view(self, subject: Subject) -> View:
        """Return how raw examples enter and leave the artifact. By default as on a device."""
        return edge_view(subject.preprocessor)

    def cases(self, subject: Subject, view: View) -> dict[str, Case]:
        """Return the cases of the group `golden`: rows for each signature, and the answers of the model."""
        return make_cases(subject, view, seeded=False)

    def answered(self, signatures: Sequence[str]) -> Sequence[str]:
        """Return which signatures of the group `golden` the artifact answers. By default all."""
        return signatures

    @abc.abstractmethod
    def make(self, draft: Draft) -> None:
        """Write the artifact to `draft.place`.

        Raises:
            ExportError: if the format cannot hold the model.
        """

    @classmethod
    @abc.abstractmethod
    def runtime(cls, path: Path) -> Runtime:
        """Return what runs an artifact."""

    @classmethod
    def open(cls, path: str | Path) -> Any:
        """Open an artifact with the runtime that clients run it by.

        Raises:
            ImportError: if a package that the format needs is not installed.
        """
        cls.check_installed()
        with quiet():
            return cls.runtime(Path(path))

    def check_made(self, draft: Draft) -> None:  # noqa: B027  (a step that need not be filled in)
        """Raise a ValueError if the artifact is not as every one of its format must be."""

    @abc.abstractmethod
    def complete(self, draft: Draft) -> None:
        """Add to `draft.facts`, and write what goes with a proved artifact.

        Facts of every format: `bytes`, the size, and `latency_ms`, the median milliseconds of a call for one
        row.
        """
