"""Tracker: a tool that keeps runs beside each other; and Tracked, one run in it."""

import abc
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

from kerasae import registry
from kerasae.extras import is_installed, missing_packages

#: How a run ended: as it should, by an error, or by an interrupt.
Outcome = Literal["finished", "failed", "killed"]


class TrackingError(OSError):
    """Error of a tracker that cannot be reached, or does not take what is logged."""


class Tracked(abc.ABC):
    """One run in a tracker. This class is abstract. Each method raises a `TrackingError` if it fails.

    Attributes:
        identity: Plain JSON values by which `Tracker.begin` finds the run again.
        place: Address or folder where a user finds the run.
    """

    identity: dict[str, Any]
    place: str

    @abc.abstractmethod
    def parameters(self, values: Mapping[str, Any]) -> None:
        """Log parameters. Those of a run that goes on may have changed.

        Args:
            values: Plain JSON values by name, such as `model.beta`.
        """

    @abc.abstractmethod
    def epochs(self, rows: Sequence[tuple[int, Mapping[str, float]]]) -> None:
        """Log the terms of the loss of some epochs.

        Args:
            rows: Number of each epoch from 1, and finite values by name, such as `val_loss`.
        """

    @abc.abstractmethod
    def figures(self, values: Mapping[str, float]) -> None:
        """Log figures of the whole run.

        Args:
            values: Finite values by name, such as `test/error`.
        """

    @abc.abstractmethod
    def files(self, paths: Sequence[Path]) -> None:
        """Log files. One of the same name takes the place of an earlier one."""

    @abc.abstractmethod
    def bundle(self, folder: Path) -> None:
        """Log the bundle of an export, as a model if the tool has models.

        Args:
            folder: Folder that `kerasae export` wrote.
        """

    @abc.abstractmethod
    def end(self, outcome: Outcome) -> None:
        """Close the run."""


class Tracker(abc.ABC):
    """Tool that keeps runs beside each other. This class is abstract.

    A subclass is a file or a package of this folder, or of a folder `trackers` on `KERASAE_PATH`. It writes
    `check` and `begin`, and a subclass of `Tracked`. The option `--log-to` of the command line and the
    argument `log_to` of the workflows then know it by the name of its file. The tool itself is imported when
    it is used, so that kerasae runs without it.

    Attributes:
        requires: Packages that it needs in addition to those of the library, by the names under which they
            are imported.
        extra: Extra of kerasae that installs `requires`; `""` if there is none.
    """

    requires: ClassVar[tuple[str, ...]] = ()
    extra: ClassVar[str] = ""

    @classmethod
    def name(cls) -> str:
        """Return the name of the tracker: that of its file or package in the room."""
        return cls.__module__.removeprefix(f"{registry.ROOMS['tracker']}.").partition(".")[0]

    @classmethod
    def check_installed(cls) -> None:
        """Raise an ImportError that says what to install, if a package of `requires` is missing."""
        missing = [name for name in cls.requires if not is_installed(name)]
        if missing:
            raise ImportError(missing_packages(f"The tracker '{cls.name()}'", missing, cls.extra))

    @abc.abstractmethod
    def check(self) -> None:
        """Check that runs can be logged, before any work is done for one.

        Raises:
            TrackingError: If the tracker cannot be reached, or refuses this user.
        """

    @abc.abstractmethod
    def begin(
        self,
        name: str,
        *,
        tags: Mapping[str, str],
        parent: Mapping[str, Any] | None = None,
        identity: Mapping[str, Any] | None = None,
    ) -> Tracked:
        """Begin a run, or go on with one.

        Args:
            name: Name of the run.
            tags: Texts by name.
            parent: `Tracked.identity` of the run to which it belongs, as a trial to its search. Defaults to
                `None`.
            identity: `Tracked.identity` of the run to go on with. If the tracker does not know it, the run is
                new. Defaults to `None`.

        Raises:
            TrackingError: If the tracker cannot be reached.
        """
