"""Runs as lines of JSON in a folder."""

import json
import shutil
import uuid
from pathlib import Path

from kerasae.trackers import Tracked, Tracker, TrackingError


class Lines(Tracker):
    """Runs as folders, each with a file of JSON lines.

    Args:
        folder: Folder for the runs. Defaults to `"lines"`.
    """

    def __init__(self, *, folder: str = "lines") -> None:
        self.folder = folder

    def check(self):
        try:
            Path(self.folder).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise TrackingError(f"Expected a folder at {self.folder}, received {error.strerror}.") from error

    def begin(self, name, *, tags, parent=None, identity=None):
        number = uuid.uuid4().hex if identity is None else identity["id"]
        run = _Run(Path(self.folder) / number, number)
        run.write(began=name, tags=dict(tags), parent=parent and parent["id"])
        return run


class _Run(Tracked):
    """Folder of a run.

    Args:
        folder: Folder.
        number: Number of the run.
    """

    def __init__(self, folder: Path, number: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.identity, self.place = {"id": number}, str(folder)

    def write(self, **values):
        with (Path(self.place) / "log.jsonl").open("a") as file:
            file.write(json.dumps(values) + "\n")

    def parameters(self, values):
        self.write(parameters=dict(values))

    def epochs(self, rows):
        for number, terms in rows:
            self.write(epoch=number, terms=dict(terms))

    def figures(self, values):
        self.write(figures=dict(values))

    def files(self, paths):
        for path in paths:
            shutil.copy(path, self.place)

    def bundle(self, folder):
        shutil.copytree(folder, Path(self.place) / "bundle")

    def end(self, outcome):
        self.write(outcome=outcome)
