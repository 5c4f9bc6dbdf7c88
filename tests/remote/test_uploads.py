"""Uploads: a folder is stored as a whole, or not at all."""

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from kerasae.remote import check_empty, fetched, upload


@pytest.fixture
def folder(tmp_path):
    for name in ("a.txt", ".hidden", "inner/b.bin", "manifest.json"):
        path = tmp_path / "ship" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"content of {name}")
    return tmp_path / "ship"


@pytest.fixture
def stored(monkeypatch):
    """The addresses of files in the order in which they are stored."""
    put, stored = MemoryFileSystem.put_file, []

    def record(self, local, remote, *arguments, **options):
        stored.append(remote)
        if remote.startswith("/refused") and len(stored) == 3:
            raise PermissionError("Access Denied")
        return put(self, local, remote, *arguments, **options)

    monkeypatch.setattr(MemoryFileSystem, "put_file", record)
    yield stored
    fsspec.filesystem("memory").store.clear()


def contents(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()
    }


@pytest.mark.parametrize("place", ["memory://ship", "file"])
def test_a_folder_comes_back_as_it_was(folder, stored, tmp_path, place):
    address = f"file://{tmp_path}/other/ship" if place == "file" else place
    check_empty(address)
    upload(folder, address, last="manifest.json")
    assert contents(fetched(address)) == contents(folder)
    assert stored[-1:] == ([] if place == "file" else ["/ship/manifest.json"])
    with pytest.raises(
        FileExistsError, match=r"^Expected an address where nothing is yet for --out, received"
    ):
        check_empty(address)


def test_a_refused_upload_leaves_nothing(folder, stored):
    with pytest.raises(
        PermissionError, match=r"^Expected leave to write memory://refused, was refused \(Acc"
    ):
        upload(folder, "memory://refused", last="manifest.json")
    assert len(stored) == 3
    assert fsspec.filesystem("memory").find("/refused") == []


def test_a_database_is_no_place_for_a_folder():
    with pytest.raises(ValueError, match=r"^Expected a place for a folder, such as s3://bucket/ship"):
        check_empty("sqlite:///plant.db")
