"""Readers of checkpoints and stored models."""

import json
import zipfile
from collections.abc import Iterable
from pathlib import Path
from random import Random

import kerasae
from fuzzing.arrays import Npz, archive, members_of
from fuzzing.changes import changed, changed_json
from fuzzing.reader import Reader
from fuzzing.records import Sealed
from kerasae.files import checksum, write_sealed


class CheckpointState(Sealed):
    """Checkpoints: the state."""

    file = "checkpoint/state.json"

    def sound(self) -> Iterable[bytes]:
        from kerasae.recipe import Recipe
        from kerasae.spec import Spec
        from kerasae.training.checkpoint import Checkpoint

        recipe = Recipe.of("undercomplete", latent_dim=1, network={"name": "dense", "widths": [2]})
        self.model = recipe.build(Spec("vector", (3,)))
        self.model.optimizer.build(self.model.trainable_variables)
        self.checkpoint = Checkpoint(self.folder / "checkpoint")
        rows = [{"loss": 1.0}]
        state = {"best": 1.0, "best_epoch": 0, "reduced_at": 0, "reductions": [], "rows": rows}
        self.checkpoint.save(1, self.model, self.model.get_weights(), state)
        yield self.place.read_bytes()

    def __call__(self, path: Path) -> None:
        from kerasae.training.best_weights import BestWeights

        BestWeights(1, 0, 0.5, self.checkpoint, 0.0).restore(self.model, 1e-3)


class CheckpointArrays(Npz):
    """Checkpoints: the arrays, with the checksum that they ask for."""

    file = "checkpoint/1.npz"

    def sound(self) -> Iterable[bytes]:
        self.state = CheckpointState(self.folder)
        self.values = json.loads(self.state.seeds[0])
        del self.values["sha256"]
        yield self.place.read_bytes()

    def __call__(self, path: Path) -> None:
        write_sealed(self.state.place, {**self.values, "arrays_sha256": checksum(path)}, 1)
        self.state(path)


class Model(Reader):
    """Stored models; slow, a tenth of a second each."""

    file = "input.keras"

    def sound(self) -> Iterable[bytes]:
        from kerasae.recipe import Recipe
        from kerasae.spec import Spec

        path = self.folder / "sound.keras"
        recipe = Recipe.of("undercomplete", latent_dim=1, network={"name": "dense", "widths": [2]})
        recipe.build(Spec("vector", (3,))).save(path)
        yield path.read_bytes()

    def damaged(self, rng: Random) -> bytes:
        data = rng.choice(self.seeds)
        if rng.random() < 0.5:
            return changed(data, rng)
        members = members_of(data)
        name = rng.choice([*members])
        if name.endswith(".json") and rng.random() < 0.8:
            members[name] = json.dumps(changed_json(json.loads(members[name]), rng)).encode()
        else:
            members[name] = changed(members[name], rng)
        return archive(members, zipfile.ZIP_STORED)

    def __call__(self, path: Path) -> None:
        kerasae.load_model(path)
