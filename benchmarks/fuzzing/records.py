"""Readers of what kerasae writes beside models: compressed files, recipes, manifests."""

import functools
import hashlib
import json
import struct
import zlib
from collections.abc import Iterable
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from fuzzing.changes import changed, changed_json
from fuzzing.reader import Reader
from kerasae.files import write_sealed


class Kae(Reader):
    """Compressed files, their checksum made good."""

    file = "input.kae"
    mark = bytes(range(8))

    def sound(self) -> Iterable[bytes]:
        from kerasae.applications.compression._bitstream import Content, write

        rng = np.random.default_rng(0)
        for rows, width, missing in ((20, 3, False), (1, 1, False), (30, 2, True)):
            symbols = np.round(rng.normal(size=(rows, width)) * 4).astype("int64")
            steps, offsets = np.full(width, 0.5, "float32"), np.zeros(width, "float32")
            gaps = rng.random((rows, 5)) < 0.2 if missing else None
            yield write(Content(symbols, steps, offsets, (5,), self.mark, gaps))

    def damaged(self, rng: Random) -> bytes:
        data = rng.choice(self.seeds)
        if rng.random() < 0.1:
            return changed(data, rng)
        body = data[13:-4]
        if rng.random() < 0.4:
            # The counts in front of all else.
            place = rng.randrange(5)
            huge = b"".join(bytes([128 | rng.randrange(128)]) for _ in range(rng.choice((1, 4, 9, 40))))
            body = body[:place] + huge + bytes([rng.randrange(128)]) + body[place + 1 :]
        else:
            body = changed(body, rng)
        body = data[:13] + body
        return body + struct.pack("<I", zlib.crc32(body))

    def __call__(self, path: Path) -> None:
        from kerasae.applications.compression._bitstream import read, sizes

        data = path.read_bytes()
        content = read(data, self.mark, str(path))
        assert content.codes.shape == content.symbols.shape
        sizes(data)


class Json(Reader):
    """Files of JSON."""

    file = "input.json"

    def damaged(self, rng: Random) -> bytes:
        data = rng.choice(self.seeds)
        what = rng.random()
        if what < 0.2:
            return changed(data, rng)
        if what < 0.21:
            return b"[" * 100_000
        values = _parsed(data)
        for _ in range(rng.choice((1, 1, 2, 3))):
            values = changed_json(values, rng)
        return self.written(values, rng)

    def written(self, values: Any, rng: Random) -> bytes:
        """A file of JSON."""
        return json.dumps(values).encode()


class Sealed(Json):
    """Files of JSON with a checksum, which is right in three of four."""

    def written(self, values: Any, rng: Random) -> bytes:
        if isinstance(values, dict) and rng.random() < 0.75:
            unsealed = {key: value for key, value in values.items() if key != "sha256"}
            write_sealed(self.folder / "sealed.json", unsealed, 1)
            return (self.folder / "sealed.json").read_bytes()
        return json.dumps(values).encode()


@functools.cache
def _parsed(data: bytes) -> Any:
    return json.loads(data)


class RecipeFile(Json):
    """Recipes."""

    def sound(self) -> Iterable[bytes]:
        from kerasae.recipe import Recipe

        for family in ("undercomplete", "variational", "sparse"):
            recipe = Recipe.of(family, network={"name": "dense", "widths": [16]}, latent_dim=2)
            yield json.dumps(recipe.to_dict()).encode()
            yield json.dumps(recipe.complete().to_dict()).encode()

    def __call__(self, path: Path) -> None:
        from kerasae.recipe import Recipe

        Recipe.read(path)


class Manifest(Sealed):
    """Manifests of bundles, beside small files of theirs."""

    file = "bundle/manifest.json"

    def sound(self) -> Iterable[bytes]:
        (self.folder / "bundle" / "edge").mkdir(parents=True)
        (self.folder / "bundle" / "README.md").write_text("card")
        np.savez(self.folder / "bundle" / "golden.npz", x=np.zeros(3))
        (self.folder / "bundle" / "edge" / "m.tflite").write_bytes(b"x")
        sums = {
            path.relative_to(self.folder / "bundle").as_posix(): {
                "sha256": hashlib.sha256(path.read_bytes()).hexdigest()
            }
            for path in (self.folder / "bundle").rglob("*")
            if path.is_file()
        }
        artifact = {
            "path": "edge/m.tflite",
            "format": "tflite",
            "version": 1,
            "files": {"edge/m.tflite": sums.pop("edge/m.tflite")},
            "signatures": {"encode": {"inputs": {}, "outputs": {}}},
            "tolerance": {},
            "golden": "edge",
            "model": "abc",
        }
        values = {"name": "m", "version": 1, "artifacts": [artifact], "files": sums, "refused": []}
        write_sealed(self.place, values, 1)
        yield self.place.read_bytes()

    def __call__(self, path: Path) -> None:
        from kerasae.export import verify
        from kerasae.export.origin import recorded_fingerprint

        verify(path.parent, run=False)
        recorded_fingerprint(path.parent / "edge" / "m.tflite")
