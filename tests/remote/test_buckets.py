"""S3: rows and bundles in a bucket of a real server on loopback."""

import json

import numpy as np
import pytest
from PIL import Image
from table_rows import plain_rows, same_rows

from kerasae import Recipe, load_data
from kerasae.files import read_json
from kerasae.remote import _copies
from kerasae.runs import Run, run_recipe
from kerasae.workflows import export, score, train, verify
from kerasae.workflows.application.which_rows import seen_before

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


def test_a_model_goes_from_a_bucket_into_a_bucket(bucket, tmp_path, kerasae):
    plain_rows(200).to_csv(tmp_path / "rows.csv", index=False)
    bucket.put_file(tmp_path / "rows.csv", "plant/rows.csv")
    run = tmp_path / "run"
    settings = {"latent_dim": 2, "network": {"widths": [4]}, "train": {"epochs": 1}}
    recipe = Recipe.of(source="s3://plant/rows.csv", data={"labels": "odd"}, **settings)
    run_recipe(recipe, run)
    assert json.loads((run / "recipe.json").read_text())["data"]["path"] == "s3://plant/rows.csv"
    # It is known as the file of the training.
    [(_, sentence)] = seen_before(Run.open(run), "s3://plant/rows.csv", 200, "rows")
    assert sentence.startswith("s3://plant/rows.csv is what the model was trained on")

    options = {"formats": ["tflite"], "precisions": ["float32"]}
    exported = export(run, "s3://plant/ship", **options)
    files = {path.relative_to(exported.folder).as_posix() for path in exported.folder.rglob("*.*")}
    assert files == {name.removeprefix("plant/ship/") for name in bucket.find("plant/ship")}
    _copies._copies.clear()  # as in another process
    assert verify("s3://plant/ship").faults == []
    rows = [*score("s3://plant/ship", "s3://plant/rows.csv")]
    assert rows == [*score(exported.folder, tmp_path / "rows.csv")]
    assert len(rows) == 200
    _, out, error = kerasae("score", "s3://plant/ship", "s3://plant/rows.csv")
    assert [json.loads(line)["score"] for line in out.splitlines()] == [row["score"] for row in rows], error
    with pytest.raises(FileExistsError, match=r"where nothing is yet for --out, received s3://plant/ship"):
        export(run, "s3://plant/ship", **options)

    trained = train(recipe, "s3://plant/run")
    _copies._copies.clear()  # as in another process
    there = Run.open("s3://plant/run")
    assert there.recipe == Run.open(run).recipe
    assert there.model_path.read_bytes() == trained.run.model_path.read_bytes()
    assert read_json(there.metrics_path) == dict(trained.evaluation.figures)
