"""S3: rows and bundles in a bucket of a real server on loopback."""

import json

import numpy as np
import pytest
from PIL import Image
from table_rows import plain_rows, same_rows

from kerasae import Recipe, load_data
from kerasae.remote import _copies
from kerasae.runs import Run, run_recipe
from kerasae.workflows import apply, export, score, verify

pytest.importorskip("s3fs", reason="pip install s3fs")
server = pytest.importorskip("moto.server", reason="pip install 'moto[server]'")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def bucket():
    """A bucket at `s3://plant`, of the server that the environment names."""
    import s3fs

    with pytest.MonkeyPatch.context() as patch:
        running = server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        running.start()
        host, port = running.get_host_and_port()
        for name, value in {
            "AWS_ENDPOINT_URL": f"http://{host}:{port}",
            "AWS_ACCESS_KEY_ID": "me",
            "AWS_SECRET_ACCESS_KEY": "s3cret",
            "AWS_DEFAULT_REGION": "us-east-1",
        }.items():
            patch.setenv(name, value)
        system = s3fs.S3FileSystem(skip_instance_cache=True)
        system.mkdir("plant")
        yield system
        running.stop()


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder with `rows.csv`, and a run on it with a detector."""
    home = tmp_path_factory.mktemp("home")
    plain_rows(120).to_csv(home / "rows.csv", index=False)
    settings = {"latent_dim": 2, "network": {"widths": [8]}, "train": {"epochs": 2}}
    run_recipe(Recipe.of(source=str(home / "rows.csv"), data={"labels": "odd"}, **settings), home / "run")
    apply("anomaly", home / "run", home / "odd", baselines=False)
    return home


def test_rows_in_a_bucket_are_those_of_the_file(bucket, tmp_path):
    plain_rows().to_csv(tmp_path / "rows.csv", index=False)
    for number in range(12):
        path = tmp_path / "images" / "ab"[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((8, 8), 20 * number, "uint8")).save(path)
    bucket.put(f"{tmp_path}/", "plant/data", recursive=True)
    for name in ("rows.csv", "images"):
        same_rows(load_data(f"s3://plant/data/{name}"), load_data(tmp_path / name))
    with pytest.raises(
        FileNotFoundError, match=r"^Expected data at s3://plant/data/none\.csv, found nothing"
    ):
        load_data("s3://plant/data/none.csv")
    # A listing of before does not hide what has changed since.
    bucket.pipe("plant/data/rows.csv", plain_rows(70).to_csv(index=False).encode())
    assert sum(load_data("s3://plant/data/rows.csv").rows.values()) == 70


def test_a_command_trains_on_a_bucket(bucket, tmp_path, kerasae):
    bucket.pipe("plant/train.csv", plain_rows().to_csv(index=False).encode())
    out = tmp_path / "run"
    words = ("--epochs", "1", "--set", "network.widths=[4]", "--latent-dim", "2")
    status, _, error = kerasae("train", "s3://plant/train.csv", *words, "--out", out)
    assert status == 0, error
    assert json.loads((out / "recipe.json").read_text())["data"]["path"] == "s3://plant/train.csv"
    assert Run.open(out).data.rows == load_data("s3://plant/train.csv").rows
    outcome = apply("reduction", out, tmp_path / "codes", source="s3://plant/train.csv", baselines=False)
    assert outcome.count == 60
    # It is known as the file of the training.
    assert any("is what the model was trained on" in sentence for _, sentence in outcome.sentences)


def test_a_bundle_in_a_bucket_answers_as_that_in_a_folder(bucket, trained, tmp_path, kerasae):
    options = {"formats": ["tflite"], "precisions": ["float32"]}
    exported = export(trained / "run", "s3://plant/ship", **options)
    files = {path.relative_to(exported.folder).as_posix() for path in exported.folder.rglob("*.*")}
    assert files == {name.removeprefix("plant/ship/") for name in bucket.find("plant/ship")}
    assert "manifest.json" in files
    _copies._copies.clear()  # as in another process
    assert verify("s3://plant/ship").faults == []
    bucket.put_file(trained / "rows.csv", "plant/new.csv")
    rows = [*score("s3://plant/ship", "s3://plant/new.csv")]
    assert rows == [*score(exported.folder, trained / "rows.csv")]
    assert len(rows) == 120
    _, out, error = kerasae("score", "s3://plant/ship", "s3://plant/new.csv")
    assert [json.loads(line)["score"] for line in out.splitlines()] == [row["score"] for row in rows], error
    with pytest.raises(
        FileExistsError, match=r"address where nothing is yet for --out, received s3://plant/ship"
    ):
        export(trained / "run", "s3://plant/ship", **options)
    bucket.put(f"{trained}/run/", "plant/run", recursive=True)
    codes = Run.open("s3://plant/run").model.transform(plain_rows(5))
    np.testing.assert_array_equal(codes, Run.open(trained / "run").model.transform(plain_rows(5)))


def test_a_refused_upload_leaves_nothing(bucket, trained, monkeypatch):
    import s3fs

    put, stored = s3fs.S3FileSystem.put_file, []

    def fail(self, local, remote, *arguments, **options):
        if len(stored) == 3:
            raise PermissionError("Access Denied")
        stored.append(remote)
        return put(self, local, remote, *arguments, **options)

    monkeypatch.setattr(s3fs.S3FileSystem, "put_file", fail)
    with pytest.raises(PermissionError, match=r"^Expected leave to write s3://plant/other, was refused \(A"):
        export(trained / "run", "s3://plant/other", formats=["tflite"], precisions=["float32"])
    assert len(stored) == 3
    bucket.invalidate_cache()
    assert bucket.find("plant/other") == []
