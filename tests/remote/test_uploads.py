"""Uploads: a folder is stored as a whole, or not at all."""

import json

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from table_rows import plain_rows

from kerasae.files import read_json
from kerasae.remote import check_free, fetched, stored
from kerasae.remote._uploads import upload
from kerasae.runs import Run


@pytest.fixture
def folder(tmp_path):
    for name in ("a.txt", ".hidden", "inner/b.bin", "manifest.json"):
        path = tmp_path / "ship" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"content of {name}")
    return tmp_path / "ship"


@pytest.fixture
def puts(monkeypatch):
    """The addresses of files in the order in which they are stored."""
    put, puts = MemoryFileSystem.put_file, []

    def record(self, local, remote, *arguments, **options):
        puts.append(remote)
        if remote.startswith("/refused") and len(puts) == 3:
            raise PermissionError("Access Denied")
        return put(self, local, remote, *arguments, **options)

    monkeypatch.setattr(MemoryFileSystem, "put_file", record)
    yield puts
    fsspec.filesystem("memory").store.clear()


def contents(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()
    }


@pytest.mark.parametrize("place", ["memory://ship", "file"])
def test_a_folder_comes_back_as_it_was(folder, puts, tmp_path, place):
    address = f"file://{tmp_path}/other/ship" if place == "file" else place
    check_free(address)
    upload(folder, address, last="manifest.json")
    assert contents(fetched(address)) == contents(folder)
    assert puts[-1:] == ([] if place == "file" else ["/ship/manifest.json"])
    with pytest.raises(
        FileExistsError, match=r"^Expected an address where nothing is yet for --out, received"
    ):
        check_free(address)


def test_a_refused_upload_leaves_nothing(folder, puts):
    with pytest.raises(
        PermissionError, match=r"^Expected leave to write memory://refused, was refused \(Acc"
    ):
        upload(folder, "memory://refused", last="manifest.json")
    assert len(puts) == 3
    assert fsspec.filesystem("memory").find("/refused") == []


def test_a_database_is_no_place_for_a_folder():
    with pytest.raises(ValueError, match=r"^Expected a place for a folder, such as s3://bucket/ship"):
        check_free("sqlite:///plant.db")


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    """The folder of temporary files."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


def test_what_cannot_be_stored_is_kept(puts, temporary):
    with (
        pytest.warns(UserWarning, match=r"^Nothing is stored at memory://refused/ship; the folder is kept: "),
        pytest.raises(PermissionError),
        stored("memory://refused/ship", last="c") as folder,
    ):
        folder.mkdir()
        for name in "abc":
            (folder / name).write_text(name)
    assert contents(folder) == {name: name for name in "abc"}
    with pytest.raises(KeyError), stored("memory://other/ship", last="c") as unmade:
        raise KeyError
    assert [*temporary.iterdir()] == [folder.parent] and not unmade.exists()


def test_runs_at_addresses_are_gone_on_from_and_compared(puts, temporary, tmp_path, kerasae, monkeypatch):
    # The files of MLflow go into the working folder.
    monkeypatch.chdir(tmp_path)
    plain_rows(300).to_csv(tmp_path / "rows.csv", index=False)
    words = [
        "train",
        tmp_path / "rows.csv",
        "--epochs",
        "1",
        "--latent-dim",
        "2",
        "--out",
        "memory://plant/a",
    ]
    assert kerasae(*words)[0] == 0
    words = ["train", "--from", "memory://plant/a", "--epochs", "1", "--out", "memory://plant/b"]
    status, _, err = kerasae(*words, "--log-to", f"mlflow(uri='sqlite:///{tmp_path}/mlflow.db')")
    assert status == 0, err
    assert read_json(fetched("memory://plant/b") / "recipe.json")["start"] == "memory://plant/a"
    status, out, err = kerasae("compare", "memory://plant/a", "memory://plant/b", "--json")
    assert status == 0, err
    assert {"memory://plant/a", "memory://plant/b"} <= {entry["name"] for entry in json.loads(out)["entries"]}
    mlflow = pytest.importorskip("mlflow")
    (run,) = mlflow.MlflowClient(f"sqlite:///{tmp_path}/mlflow.db").search_runs(["1"])
    assert run.data.tags["kerasae.folder"] == "memory://plant/b"


@pytest.mark.parametrize("flags", [[], ["--quiet"]])
def test_an_interrupted_training_at_an_address_names_its_folder(
    puts, temporary, tmp_path, kerasae, monkeypatch, flags
):
    def stopped(recipe, out, **_):
        out.mkdir()
        (out / "unfinished.json").touch()
        raise KeyboardInterrupt

    monkeypatch.setattr("kerasae.workflows.training.run_recipe", stopped)
    plain_rows(50).to_csv(tmp_path / "rows.csv", index=False)
    address = "memory://runs/c"
    status, _, err = kerasae(*flags, "train", tmp_path / "rows.csv", "--latent-dim", "2", "--out", address)
    (place,) = temporary.glob("*/c")
    assert status == 130 and f"Nothing is stored at {address}; the folder is kept: {place}." in err
    assert (f"`kerasae train --resume --out {place}` goes on" in err) == (not flags)


def test_a_run_is_trained_at_an_address(puts, temporary, tmp_path, kerasae):
    plain_rows(400).to_csv(tmp_path / "rows.csv", index=False)
    address = "memory://runs/a"
    words = ["train", tmp_path / "rows.csv", "--epochs", "1", "--latent-dim", "2", "--out", address]
    status, out, err = kerasae(*words)
    assert status == 0, err
    assert f"Run: {address}   Page: {address}/report.html" in out
    assert puts[-1] == "/runs/a/model.keras"
    there = fsspec.filesystem("memory").find("/runs/a")
    assert {"/runs/a/recipe.json", "/runs/a/report.html", "/runs/a/metrics.json"} <= {*there}
    assert not any("checkpoint" in name or "unfinished" in name for name in there)
    # Any command reads the run there, as one of this machine.
    status, out, err = kerasae("apply", "anomaly", address, tmp_path / "rows.csv", "--out", tmp_path / "odd")
    assert status == 0 and (tmp_path / "odd" / "report.html").is_file(), err
    assert read_json(Run.open(address).metrics_path) == read_json(fetched(address) / "metrics.json")
    assert err.count("The fitted application is stored in the copy of memory://runs/a, and will be gone") == 1
    status, _, err = kerasae(*words)
    assert status == 2 and f"nothing is yet for --out, received {address}" in err
    status, _, err = kerasae("train", "--resume", "--out", address)
    assert status == 2 and err.endswith(f"for a training that resumes, received the address {address}.\n")
