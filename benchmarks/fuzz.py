"""Damaged and hostile files for every reader of a file.

    python benchmarks/fuzz.py all --inputs 1000
    python benchmarks/fuzz.py csv --inputs 1000000

Sound files are changed at random: bytes, numbers, fields of a header, entries of JSON, members of an archive,
with checksums made good again where a reader checks them. A reader may take a file or refuse it. It refuses
it with a ValueError, TypeError or OSError of its own, in one line. Everything else is a failure: another
exception, one that comes from below or whose traceback a library shows, an input that takes more than 5 s,
or one for which 2 GiB do not suffice. Of each kind of failure the first input is kept in `--out`. Printed are
inputs a second and what the reader answered. Exit status 1 after a failure. If the process dies,
`OUT/READER-current` is what it read.
"""

import argparse
import collections
import faulthandler
import gzip
import hashlib
import io
import json
import os
import random
import re
import resource
import shutil
import signal
import struct
import sys
import tempfile
import time
import traceback
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, ClassVar

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import numpy as np
import pandas as pd
from PIL import Image

import kerasae

SECONDS, BYTES = 5.0, 2 * 2**30
PACKAGE = str(Path(kerasae.__file__).parent)
#: The packages that lie beside it in a checkout.
OURS = (PACKAGE, *(str(Path(PACKAGE).parent / name) for name in ("export", "tuning")))

Random = random.Random

# Changes -------------------------------------------------------------------------------------------

_BYTES = (0, 1, 9, 10, 13, 32, 34, 44, 45, 46, 48, 59, 92, 127, 128, 192, 239, 254, 255)
_INTEGERS = (-1, 0, 1, 2, 127, 255, 256, 2**15, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1, 2**40, 2**63 - 1)
_NUMBERS = (
    "0",
    "-0",
    "1",
    "-1",
    "1e999",
    "-1e-999",
    "nan",
    "inf",
    "007",
    "1,5",
    "1_000",
    str(10**12),
    "9" * 400,
)
_TEXTS = (
    "",
    "\0",
    "\ufeff",
    '"',
    "''",
    "a,b;c\td",
    "\r",
    "\n\n",
    "\x85",
    "é",
    "\U0001f600",
    "../../x",
    "=1+1",
    "x" * 300,
)
_VALUES = (
    None,
    True,
    False,
    0,
    -1,
    1.5,
    10**30,
    "",
    "x",
    "../x",
    [],
    {},
    [None],
    {"name": None},
    [[[]]],
    "1e400",
)


def flip(data: bytes, rng: Random) -> bytes:
    """One bit turned."""
    if not data:
        return data
    place = rng.randrange(len(data))
    return data[:place] + bytes([data[place] ^ 1 << rng.randrange(8)]) + data[place + 1 :]


def overwrite(data: bytes, rng: Random) -> bytes:
    """A few bytes in the place of others."""
    place, count = rng.randrange(len(data) + 1), rng.choice((1, 1, 2, 4, 8))
    return data[:place] + bytes(rng.choice(_BYTES) for _ in range(count)) + data[place + count :]


def insert(data: bytes, rng: Random) -> bytes:
    """A text between two bytes."""
    place = rng.randrange(len(data) + 1)
    return data[:place] + rng.choice(_TEXTS).encode() + data[place:]


def delete(data: bytes, rng: Random) -> bytes:
    """Some bytes lost."""
    begin, end = sorted((rng.randrange(len(data) + 1), rng.randrange(len(data) + 1)))
    return data[:begin] + data[min(end, begin + rng.choice((1, 4, 64, 4096))) :]


def repeat(data: bytes, rng: Random) -> bytes:
    """Some bytes again, once or often."""
    begin = rng.randrange(len(data) + 1)
    part = data[begin : begin + rng.choice((1, 8, 64))]
    return data[:begin] + part * rng.choice((2, 3, 50)) + data[begin:]


def truncate(data: bytes, rng: Random) -> bytes:
    """The end lost."""
    return data[: rng.randrange(len(data) + 1)]


def field(data: bytes, rng: Random) -> bytes:
    """A whole number of 2, 4 or 8 bytes replaced, in either order of bytes."""
    place, code = rng.randrange(len(data) + 1), rng.choice("HIQ")
    bits = 8 * struct.calcsize(code)
    number = struct.pack(rng.choice("<>") + code, rng.choice(_INTEGERS) % 2**bits)
    return data[:place] + number + data[place + len(number) :]


def number(data: bytes, rng: Random) -> bytes:
    """A number written in digits replaced."""
    found = [*re.finditer(rb"-?\d+(\.\d+)?", data[: 2**16])]
    if not found:
        return data
    begin, end = rng.choice(found).span()
    return data[:begin] + rng.choice((*_NUMBERS, str(rng.choice(_INTEGERS)))).encode() + data[end:]


ANY: tuple[Callable[[bytes, Random], bytes], ...] = (
    flip,
    overwrite,
    insert,
    delete,
    repeat,
    truncate,
    field,
    number,
)


def changed(data: bytes, rng: Random) -> bytes:
    """Some of these changes, one after the other."""
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        data = rng.choice(ANY)(data, rng)
    return data


def changed_json(values: Any, rng: Random) -> Any:
    """A value of JSON with an entry replaced, lost, named otherwise or put deeper, wherever it stands."""
    if rng.random() < 0.1 or not isinstance(values, dict | list) or not values:
        return rng.choice((*_VALUES, [values], {"x": values}, *([f"{values}x", str(values)])))
    if isinstance(values, list):
        place = rng.randrange(len(values))
        return [*values[:place], changed_json(values[place], rng), *values[place + 1 :]]
    found = dict(values)
    key = rng.choice([*found])
    what = rng.random()
    if what < 0.15:
        del found[key]
    elif what < 0.25:
        found[rng.choice(("", "x", "name", f"{key} ", "seed"))] = found.pop(key)
    else:
        found[key] = changed_json(found[key], rng)
    return found


# Readers -------------------------------------------------------------------------------------------


class Reader:
    """What reads a file, sound files for it, and ways to damage them.

    Args:
        folder: where it writes what it needs; quick, as it is written once an input.
    """

    #: How its files are named.
    suffix: ClassVar[str]

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.seeds = [*self.sound()]

    def sound(self) -> Iterable[bytes]:
        """Files that it takes."""
        raise NotImplementedError

    def damaged(self, rng: Random) -> bytes:
        """A file that it may or may not take."""
        return changed(rng.choice(self.seeds), rng)

    def __call__(self, path: Path) -> None:
        """Read a file as a user's command does."""
        raise NotImplementedError


class Csv(Reader):
    """Tables as CSV."""

    suffix = ".csv"

    def sound(self) -> Iterable[bytes]:
        names = ("number", "whole", "yes", "day", "moment", "kind", "price", "gap")
        rows = [
            (
                f"{0.5 * n - 3:.2f}",
                n,
                n % 3 == 0,
                f"2024-01-{n + 1:02}",
                f"2024-01-01 {n:02}:00:00",
                "abc"[n % 3],
                f"$1,{n:03}.50",
                "" if n % 4 else n,
            )
            for n in range(14)
        ]
        for mark, quote in ((",", '"'), (";", ""), ("\t", "")):
            lines = [mark.join(f"{quote}{cell}{quote}" for cell in row) for row in (names, *rows)]
            yield "\n".join([*lines, ""]).encode()
        yield ("\ufeff" + "\r\n".join(f"{n},{n % 2},é{n}" for n in range(14))).encode()
        yield b"a,b\n" + b"".join(b'"x ""y"" %d", 3\n' % n for n in range(14))

    def __call__(self, path: Path) -> None:
        from kerasae.data.tables import tables

        tables(str(path), on_error="skip" if path.stat().st_size % 2 else "raise")


class Text(Reader):
    """Texts, one a line."""

    suffix = ".txt"

    def sound(self) -> Iterable[bytes]:
        yield "\n".join(f"a line with {n} words and a mark – {n % 3}" for n in range(12)).encode()
        yield "\ufeff".encode() + b"\r\n".join(b"x" * n for n in range(1, 12))

    def __call__(self, path: Path) -> None:
        from kerasae.data.text import text

        text(str(path), on_error="skip" if path.stat().st_size % 2 else "raise")


class Parquet(Csv):
    """Tables as Parquet."""

    suffix = ".parquet"

    def sound(self) -> Iterable[bytes]:
        frame = pd.DataFrame(
            {
                "n": np.arange(14.0),
                "i": np.arange(14),
                "k": [*"abcdefg", *"abcdefg"],
                "d": pd.date_range("2024", periods=14),
                "b": np.arange(14) % 2 == 0,
            }
        )
        for packed in ("snappy", None):
            file = io.BytesIO()
            frame.to_parquet(file, compression=packed)
            yield file.getvalue()


def npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array, allow_pickle=True)
    return file.getvalue()


def changed_npy(data: bytes, rng: Random) -> bytes:
    """An array file with another header of the right length, or other bytes."""
    if rng.random() < 0.4 or len(data) < 12:
        return changed(data, rng)
    size = struct.unpack("<H", data[8:10])[0]
    header = data[10 : 10 + size].rstrip()
    replaced = rng.choice(
        (
            lambda: re.sub(
                rb"\(.*\)", rng.choice((b"(1000000000000,)", b"(-1,)", b"()", b"(2, 0)", b"(0, 9)")), header
            ),
            lambda: re.sub(
                rb"'[<|>]..?'",
                rng.choice((b"'|O'", b"'<U4'", b"'<c8'", b"'<M8[s]'", b"'|V7'", b"'<f2'")),
                header,
            ),
            lambda: header.replace(b"False", b"True"),
            lambda: changed(header, rng),
            lambda: b"(" * 500 + header,
        )
    )()
    return data[:8] + struct.pack("<H", min(len(replaced), 65535)) + replaced[:65535] + data[10 + size :]


class Npy(Reader):
    """Arrays in .npy files."""

    suffix = ".npy"

    def sound(self) -> Iterable[bytes]:
        rng = np.random.default_rng(0)
        yield npy(rng.normal(size=(12, 3)))
        yield npy(rng.integers(0, 255, (12, 4, 4)).astype("uint8"))
        yield npy(rng.normal(size=(12, 3, 3, 2)).astype("float32"))

    def damaged(self, rng: Random) -> bytes:
        return changed_npy(rng.choice(self.seeds), rng)

    def __call__(self, path: Path) -> None:
        from kerasae.data.arrays import arrays

        arrays(str(path))


def archive(members: dict[str, bytes], packed: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", packed) as made:
        for name, content in members.items():
            made.writestr(zipfile.ZipInfo(name), content, packed)
    return file.getvalue()


class Npz(Npy):
    """Arrays in .npz files, with splits and labels."""

    suffix = ".npz"

    def sound(self) -> Iterable[bytes]:
        x, y = np.arange(36.0).reshape(12, 3), np.arange(12)
        for names in (("x", "y"), ("x_train", "y_train", "x_test", "y_test"), ("train", "valid", "test")):
            arrays = {f"{name}.npy": npy(y if name.startswith("y") else x) for name in names}
            yield archive(arrays)
            yield archive(arrays, zipfile.ZIP_STORED)

    def damaged(self, rng: Random) -> bytes:
        data = rng.choice(self.seeds)
        if rng.random() < 0.3:
            return changed(data, rng)
        with zipfile.ZipFile(io.BytesIO(data)) as opened:
            members = {name: opened.read(name) for name in opened.namelist()}
        name = rng.choice([*members])
        what = rng.random()
        if what < 0.7:
            members[name] = changed_npy(members[name], rng)
        elif what < 0.85:
            members[rng.choice(("x.npy", "y.npy", "x_test.npy", "x", "../x.npy", "data.npy"))] = members.pop(
                name
            )
        else:
            members[name] = rng.choice(
                (b"", b"\0" * 2**20, npy(np.array([{}], dtype=object)), npy(np.array("x")))
            )
        return archive(members, rng.choice((zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED)))


class Idx(Npy):
    """The idx files of MNIST, plain and packed."""

    suffix = ".idx"

    def sound(self) -> Iterable[bytes]:
        for code, dtype, shape in (
            (8, "u1", (12, 4, 4)),
            (13, ">f4", (12, 3)),
            (14, ">f8", (12, 2)),
            (11, ">i2", (12, 2)),
        ):
            values = np.arange(np.prod(shape)).astype(dtype)
            yield bytes([0, 0, code, len(shape)]) + np.array(shape, ">i4").tobytes() + values.tobytes()

    def damaged(self, rng: Random) -> bytes:
        data = rng.choice(self.seeds)
        if rng.random() < 0.5:
            place = 4 + 4 * rng.randrange(data[3])
            data = data[:place] + struct.pack(">I", rng.choice(_INTEGERS) % 2**32) + data[place + 4 :]
        else:
            data = changed(data, rng)
        if rng.random() < 0.3:
            data = gzip.compress(data, 1)
            data = changed(data, rng) if rng.random() < 0.5 else data
        return data


class Mask(Npy):
    """Masks of the imputation."""

    def sound(self) -> Iterable[bytes]:
        yield npy(np.eye(4, dtype=bool))
        yield npy(np.ones((12, 4, 4, 1), "uint8"))

    def __call__(self, path: Path) -> None:
        from kerasae.applications._imputation_hidden import flat_mask, read_mask
        from kerasae.spec import Spec

        flat_mask(read_mask(path), 12, Spec("image", (4, 4, 1), "uint8"))


class Picture(Reader):
    """PNG and JPEG files."""

    suffix = ".png"

    def sound(self) -> Iterable[bytes]:
        gradient = np.arange(8 * 8 * 4).reshape(8, 8, 4).astype("uint8")
        gradient[..., 3] = 255
        for mode in ("L", "RGB", "P", "1", "RGBA", "LA"):
            image = Image.fromarray(gradient).convert(mode)
            file = io.BytesIO()
            image.save(file, "PNG")
            yield file.getvalue()
        for mode in ("L", "RGB", "CMYK"):
            turned = Image.Exif()
            turned[0x0112] = 6
            file = io.BytesIO()
            Image.fromarray(gradient[..., :3]).convert(mode).save(file, "JPEG", exif=turned)
            yield file.getvalue()

    def damaged(self, rng: Random) -> bytes:
        data = changed(rng.choice(self.seeds), rng)
        return _with_sums(data) if rng.random() < 0.7 else data

    def __call__(self, path: Path) -> None:
        from kerasae.backend import quiet
        from kerasae.data.images import images
        from kerasae.image_decoding import decode_image

        # What libjpeg says of a damaged file.
        with quiet(show_failure=False):
            data = images(str(path), test=1.0, size=(8, 8))
            decode_image(path.read_bytes(), data.spec.shape)


def _with_sums(data: bytes) -> bytes:
    """A PNG whose parts have the checksums that their content asks for."""
    found, place = data[:8], 8
    while data[:4] == b"\x89PNG" and place + 12 <= len(data):
        size = struct.unpack(">I", data[place : place + 4])[0]
        if place + 12 + size > len(data):
            break
        content = data[place + 4 : place + 8 + size]
        found += data[place : place + 4] + content + struct.pack(">I", zlib.crc32(content))
        place += 12 + size
    return found + data[place:]


class Kae(Reader):
    """Compressed files, their checksum made good."""

    suffix = ".kae"
    mark = bytes(range(8))

    def sound(self) -> Iterable[bytes]:
        from kerasae.applications._compression_bitstream import Content, write

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
        from kerasae.applications._compression_bitstream import read, sizes

        data = path.read_bytes()
        content = read(data, self.mark, str(path))
        assert content.codes.shape == content.symbols.shape
        sizes(data)


class Json(Reader):
    """Files of JSON."""

    suffix = ".json"

    def damaged(self, rng: Random) -> bytes:
        data = rng.choice(self.seeds)
        what = rng.random()
        if what < 0.2:
            return changed(data, rng)
        if what < 0.21:
            return b"[" * 100_000
        values = json.loads(data)
        for _ in range(rng.choice((1, 1, 2, 3))):
            values = changed_json(values, rng)
        return json.dumps(values).encode()


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


class Manifest(Json):
    """Manifests of bundles, sealed anew in most cases, beside small files of theirs."""

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
        yield json.dumps(
            {"name": "m", "version": 1, "artifacts": [artifact], "files": sums, "refused": []}
        ).encode()

    def __call__(self, path: Path) -> None:
        from kerasae.export import verify
        from kerasae.export._codec import _fingerprint

        from kerasae.files import write_sealed

        root, content = self.folder / "bundle", path.read_bytes()
        (root / "manifest.json").write_bytes(content)
        try:
            values = json.loads(content)
        except (ValueError, RecursionError):
            values = None
        if isinstance(values, dict) and len(content) % 4:
            write_sealed(root / "manifest.json", values)
        verify(root, run=False)
        _fingerprint(root / "edge" / "m.tflite")


class CheckpointFolder(Json):
    """Checkpoints: the state, sealed anew in most cases."""

    def sound(self) -> Iterable[bytes]:
        from kerasae.checkpoint import Checkpoint
        from kerasae.recipe import Recipe
        from kerasae.spec import Spec

        recipe = Recipe.of("undercomplete", latent_dim=1, network={"name": "dense", "widths": [2]})
        self.model = recipe.build(Spec("vector", (3,)))
        self.model.optimizer.build(self.model.trainable_variables)
        checkpoint = Checkpoint(self.folder / "checkpoint")
        checkpoint.save(1, self.model, self.model.get_weights(), {"best": 1.0, "rows": [{"loss": 1.0}]})
        self.arrays = (checkpoint.folder / "1.npz").read_bytes()
        state = json.loads(checkpoint.path.read_bytes())
        yield json.dumps({key: value for key, value in state.items() if key != "sha256"}).encode()

    def __call__(self, path: Path) -> None:
        from kerasae.checkpoint import Checkpoint
        from kerasae.files import write_sealed

        checkpoint, content = Checkpoint(self.folder / "checkpoint"), path.read_bytes()
        checkpoint.path.write_bytes(content)
        try:
            values = json.loads(content)
        except (ValueError, RecursionError):
            values = None
        if isinstance(values, dict) and len(content) % 4:
            write_sealed(checkpoint.path, values)
        checkpoint.restore(self.model)


class CheckpointArrays(Npz):
    """Checkpoints: the arrays, with the checksum that they ask for."""

    def sound(self) -> Iterable[bytes]:
        self.state = CheckpointFolder(self.folder)
        yield self.state.arrays

    def __call__(self, path: Path) -> None:
        from kerasae.checkpoint import Checkpoint
        from kerasae.files import checksum, write_sealed

        checkpoint = Checkpoint(self.folder / "checkpoint")
        shutil.copyfile(path, checkpoint.folder / "1.npz")
        values = json.loads(self.state.seeds[0])
        write_sealed(checkpoint.path, {**values, "arrays_sha256": checksum(path)})
        checkpoint.restore(self.state.model)


class Model(Reader):
    """Stored models; slow, a tenth of a second each."""

    suffix = ".keras"

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
        with zipfile.ZipFile(io.BytesIO(data)) as opened:
            members = {name: opened.read(name) for name in opened.namelist()}
        name = rng.choice([*members])
        if name.endswith(".json") and rng.random() < 0.8:
            members[name] = json.dumps(changed_json(json.loads(members[name]), rng)).encode()
        else:
            members[name] = changed(members[name], rng)
        return archive(members, zipfile.ZIP_STORED)

    def __call__(self, path: Path) -> None:
        kerasae.load_model(path)


READERS: dict[str, type[Reader]] = {
    "csv": Csv,
    "text": Text,
    "parquet": Parquet,
    "npy": Npy,
    "npz": Npz,
    "idx": Idx,
    "mask": Mask,
    "image": Picture,
    "kae": Kae,
    "recipe": RecipeFile,
    "manifest": Manifest,
    "checkpoint": CheckpointFolder,
    "checkpoint-arrays": CheckpointArrays,
    "model": Model,
}

# Running -------------------------------------------------------------------------------------------


class Hang(BaseException):
    """An input takes too long."""


class UnexpectedError(Exception):
    """A refusal that is none of a reader's own.

    Args:
        kind: what is wrong with it, its type and its place, which failures of one kind share.
    """

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


def check_refusal(error: Exception) -> None:
    """Raise `UnexpectedError` for an exception that a reader must not end with."""
    where = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{type(error).__name__} at {Path(where.filename).name}:{where.lineno}"
    if not isinstance(error, ValueError | TypeError | OSError):
        raise UnexpectedError(f"another exception: {place}")
    if not where.filename.startswith(OURS):
        raise UnexpectedError(f"not of the reader's own: {place}")
    if "\n" in str(error) or not str(error):
        raise UnexpectedError(f"not one line: {place}")


def fuzz(
    name: str, inputs: int, seed: int, out: Path | None = None
) -> tuple[collections.Counter, dict[str, tuple[str, bytes]]]:
    """Read so many damaged files.

    Args:
        name: of the reader.
        inputs: number of files.
        seed: of the changes.
        out: where the file that is read lies, for when the process dies; a temporary folder by default.

    Returns:
        How often the reader took a file, or refused it with an exception, by name; and by kind of
        failure the first message and input.
    """
    answers: collections.Counter = collections.Counter()
    failures: dict[str, tuple[str, bytes]] = {}
    where = "/dev/shm" if Path("/dev/shm").is_dir() else None

    def hang(*_: Any) -> None:
        raise Hang

    def see(ignored: Any) -> None:
        # A library swallows it and shows its traceback.
        swallowed.append(ignored.exc_value)

    swallowed: list[Exception] = []
    before, hook = signal.signal(signal.SIGALRM, hang), sys.unraisablehook
    sys.unraisablehook = see
    with tempfile.TemporaryDirectory(dir=where, prefix="kerasae-fuzz-") as home, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        reader = READERS[name](Path(home))
        for sound in reader.seeds:
            (Path(home) / f"sound{reader.suffix}").write_bytes(sound)
            reader(Path(home) / f"sound{reader.suffix}")
        path = (out or Path(home)) / f"{name}-current{reader.suffix}"
        for number in range(inputs):
            data = reader.damaged(Random(f"{seed} {number}"))
            path.write_bytes(data)
            signal.setitimer(signal.ITIMER_REAL, SECONDS)
            try:
                reader(path)
                answers["taken"] += 1
            except Hang:
                failures.setdefault(f"more than {SECONDS:g} s", ("", data))
                answers["Hang"] += 1
            except Exception as error:
                answers[type(error).__name__] += 1
                try:
                    check_refusal(error)
                except UnexpectedError as failure:
                    failures.setdefault(failure.kind, (str(error), data))
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
            if swallowed:
                error = swallowed.pop()
                failures.setdefault(
                    f"a traceback on the terminal: {type(error).__name__}", (str(error), data)
                )
        path.unlink(missing_ok=True)
    signal.signal(signal.SIGALRM, before)
    sys.unraisablehook = hook
    return answers, failures


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("reader", choices=["all", *READERS])
    parser.add_argument("--inputs", type=int, default=1000, help="files to read [default: 1000]")
    parser.add_argument("--seed", type=int, default=0, help="of the changes [default: 0]")
    parser.add_argument(
        "--out", type=Path, default=Path("fuzz"), help="folder for inputs that fail [default: fuzz]"
    )
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    faulthandler.enable()
    failed = False
    for name in READERS if arguments.reader == "all" else [arguments.reader]:
        # A first small round imports and builds all that is needed, before memory is bounded.
        fuzz(name, 1, arguments.seed)
        held = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (held + BYTES, resource.RLIM_INFINITY))
        began = time.perf_counter()
        answers, failures = fuzz(name, arguments.inputs, arguments.seed, arguments.out)
        pace = arguments.inputs / (time.perf_counter() - began)
        said = ", ".join(f"{answer} {count:,}" for answer, count in answers.most_common())
        print(f"{name}: {arguments.inputs:,} inputs, {pace:,.0f} a second: {said}", flush=True)
        for number, (kind, (message, data)) in enumerate(failures.items()):
            path = arguments.out / f"{name}-{number}{READERS[name].suffix}"
            path.write_bytes(data)
            print(f"  FAILED {kind}, {path}\n         {message[:200]!r}", flush=True)
        failed |= bool(failures)
    sys.exit(failed)


if __name__ == "__main__":
    main()
