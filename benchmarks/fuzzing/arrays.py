"""Readers of arrays."""

import functools
import gzip
import io
import re
import struct
import zipfile
from collections.abc import Iterable
from pathlib import Path
from random import Random

import numpy as np

from fuzzing.changes import INTEGERS, changed
from fuzzing.reader import Reader


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

    file = "input.npy"

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
    """The bytes of a ZIP file."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", packed, compresslevel=1) as made:
        for name, content in members.items():
            made.writestr(zipfile.ZipInfo(name), content, packed)
    return file.getvalue()


def members_of(data: bytes) -> dict[str, bytes]:
    """The files in a ZIP file, by name; a dict of the caller's own."""
    return dict(_members_of(data))


@functools.cache
def _members_of(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


class Npz(Npy):
    """Arrays in .npz files, with splits and labels."""

    file = "input.npz"

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
        members = members_of(data)
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

    file = "input.idx"

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
            data = data[:place] + struct.pack(">I", rng.choice(INTEGERS) % 2**32) + data[place + 4 :]
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
        from kerasae.applications.imputation._mask import flat_mask, read_mask
        from kerasae.spec import Spec

        flat_mask(read_mask(path), 12, Spec("image", (4, 4, 1), "uint8"))
