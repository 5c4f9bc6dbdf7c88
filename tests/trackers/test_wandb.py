"""Runs in Weights & Biases, offline: its files are read back."""

import json
import struct
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from kerasae.trackers import TrackingError, check_trackers
from kerasae.trackers.wandb import _WandbRun

wandb = pytest.importorskip("wandb", reason="pip install 'kerasae[wandb]'")


#: Size of the head of a file, of a block in it, and of the head of a part of a record.
_HEAD, _BLOCK, _PART = 7, 2**15, 7


def contents(path):
    """The records in a file of wandb, in the format of the logs of LevelDB."""
    data = path.read_bytes()
    assert data.startswith(b":W&B")
    place, record = _HEAD, b""
    while place + _PART <= len(data):
        if _BLOCK - place % _BLOCK < _PART:
            place += _BLOCK - place % _BLOCK
            continue
        length, kind = struct.unpack_from("<HB", data, place + 4)
        record += data[place + _PART : place + _PART + length]
        place += _PART + length
        # Whole, or the last part.
        if kind in (1, 4):
            yield record
            record = b""


@pytest.fixture(scope="module")
def records(logged):
    """The records that wandb would send of the run, in their order."""
    from wandb.proto import wandb_internal_pb2

    identity = json.loads((logged.run.folder / "tracking.json").read_text())["wandb"]["identity"]
    folder = Path(logged.trained.logged["wandb"]).parent
    found = []
    for path in sorted(folder.glob(f"offline-run-*-{identity['id']}/*.wandb")):
        for content in contents(path):
            record = wandb_internal_pb2.Record()
            record.ParseFromString(content)
            found.append(record)
    assert found
    return found


def values(items):
    """Values by name of items of a record; a nested name has several parts."""
    return {item.key or "/".join(item.nested_key): json.loads(item.value_json) for item in items}


def test_parameters_are_the_config(logged, records):
    config = {}
    for record in records:
        config |= values(record.run.config.update) | values(record.config.update)
    recipe = json.loads(logged.run.recipe_path.read_text())
    assert config["model.name"] == "sparse"
    assert config["network.widths"] == recipe["network"]["widths"] == [8]
    assert config["train.epochs"] == 4


def test_curves_are_the_history(logged, records):
    rows = [values(record.history.item) for record in records if record.HasField("history")]
    curves = [row for row in rows if "val_loss" in row]
    history = pd.read_csv(logged.run.history_path)
    assert [row["_step"] for row in curves] == history["epoch"].tolist()
    assert [row["val_loss"] for row in curves] == pytest.approx(history["val_loss"].tolist())


def test_figures_are_the_summary(logged, records):
    summary = {}
    for record in records:
        summary |= values(record.summary.update)
    *_, model = json.loads(logged.run.metrics_path.read_text())["entries"]
    assert summary["test/error"] == pytest.approx(model["seeds"][0]["error"])


def test_files_and_the_page_are_kept(logged, records):
    place = Path(logged.trained.logged["wandb"])
    assert (place / "files" / "report.html").read_bytes()
    assert json.loads((place / "files" / "recipe.json").read_text())["model"]["name"] == "sparse"
    rows = [values(record.history.item) for record in records if record.HasField("history")]
    assert {row["report/_type"] for row in rows if "report/_type" in row} == {"html-file"}


def test_the_bundle_is_an_artifact(logged, records):
    artifacts = [record.artifact for record in records if record.HasField("artifact")]
    (model,) = [artifact for artifact in artifacts if artifact.type == "model"]
    held = {entry.path for entry in model.manifest.contents}
    manifest = json.loads((logged.exported.folder / "manifest.json").read_text())
    wanted = {name for one in manifest["artifacts"] for name in one["files"]} | {"manifest.json"}
    assert not held or wanted <= held
    assert model.name.startswith(logged.exported.folder.name)


def test_the_folder_of_a_bundle_may_have_any_name(tmp_path):
    folder, logged = tmp_path / "ship 2 (new)", []
    folder.mkdir()
    (folder / "a.txt").write_text("a")
    run = SimpleNamespace(id="x1", dir=str(tmp_path), offline=True, log_artifact=logged.append)
    _WandbRun(run, "a").bundle(folder)
    assert [artifact.name for artifact in logged] == ["ship-2--new--x1"]
    run.log_artifact = float
    run.id = "/"
    with pytest.raises(TrackingError, match="Artifact name may only contain"):
        _WandbRun(run, "a").bundle(folder)


def test_without_a_key_one_line_says_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setenv("WANDB_MODE", "online")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("HOME", str(tmp_path))
    # It reads its variables once.
    wandb.teardown()
    with pytest.raises(TrackingError, match=r"wandb login.*WANDB_MODE=offline"):
        check_trackers(["wandb"])
    wandb.teardown()
