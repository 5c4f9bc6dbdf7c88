"""An export is published whole or not at all."""

import contextlib
import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from kerasae.export.bundles import _publish
from kerasae.export.bundles import bundle as bundle_module

from kerasae import export


@pytest.mark.slow
def test_a_second_export_publishes_the_next_version_and_leaves_the_first(subject, ship):
    first = (ship / "server/small/1/saved_model.pb").read_bytes()
    edge = (ship / "edge/small_float32.tflite").read_bytes()
    export.bundle(subject("table"), ship, formats=["saved_model"])
    assert (ship / "server/small/1/saved_model.pb").read_bytes() == first
    assert (ship / "server/small/2/saved_model.pb").is_file()
    assert (ship / "edge/small_float32.tflite").read_bytes() == edge
    verdict = export.verify(ship)
    assert not verdict.faults + verdict.notes
    assert len(verdict.artifacts) == 5
    # The files to deploy follow: the server has a new version, the ONNX file has not.
    assert 'version: "2"' in (ship / "deploy/inferenceservice.yaml").read_text()
    assert [path.name for path in (ship / "deploy/triton/small").iterdir() if path.is_dir()] == ["1"]
    (ship / "deploy/mine.yaml").write_text("services: {}")
    (ship / "edge/mine").mkdir()
    (ship / "edge/mine/board.c").write_text("int main(void);")
    export.bundle(subject("table"), ship, formats=["tflite"], precisions=["float16"])
    # A file that no export wrote stays.
    assert (ship / "edge/mine/board.c").read_text() == "int main(void);"
    assert (ship / "deploy/mine.yaml").read_text() == "services: {}"
    assert sorted(path.name for path in (ship / "edge").iterdir()) == [
        "facts.json",
        "mine",
        "small_float16.tflite",
        "vocabulary.json",
    ]
    assert not export.verify(ship).faults
    shutil.rmtree(ship / "server/small/1")
    verdict = export.verify(ship)
    assert not verdict.faults
    assert verdict.notes == ["server/small/1: an earlier version, removed since"]


@pytest.mark.slow
def test_a_refused_export_changes_nothing(subject, ship):
    before = {path: path.stat().st_mtime_ns for path in ship.rglob("*")}
    with pytest.raises(export.ParityError):
        export.bundle(subject("table"), ship, precisions=["float32"], tolerance={"rank_correlation": 2.0})
    assert {path: path.stat().st_mtime_ns for path in ship.rglob("*")} == before


def test_a_refused_first_export_leaves_no_folder(subject, tmp_path):
    with pytest.raises(export.ParityError):
        export.bundle(
            subject("table"), tmp_path / "new", precisions=["float32"], tolerance={"rank_correlation": 2.0}
        )
    assert not (tmp_path / "new").exists()


def test_a_folder_that_is_no_bundle_is_kept(subject, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(FileExistsError, match="which is kept as it is"):
        export.bundle(subject("table"), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


class Killed(BaseException):
    """A stop at a step of the publishing; nothing cleans up after it."""


@pytest.fixture(scope="module")
def staged(subject, shipped, tmp_path_factory):
    """What a second export has ready just before it is published."""
    home = tmp_path_factory.mktemp("staged")
    shutil.copytree(shipped, home / "ship")
    with pytest.MonkeyPatch.context() as patch:

        def keep(root):
            shutil.copytree(root / ".unfinished" / "new", home / "next")

        patch.setattr(bundle_module, "publish", keep)
        export.bundle(subject("table"), home / "ship", precisions=["float32"])
    return home / "next"


def contents(root):
    """All files with what is in them, but for those of an export that has not ended."""
    found = {path.relative_to(root).as_posix(): path for path in sorted(root.rglob("*")) if path.is_file()}
    skipped = (".unfinished", ".lock")
    return {name: path.read_bytes() for name, path in found.items() if not name.startswith(skipped)}


def publish_until(step, root, error):
    """Publishes and is stopped before so many steps on the disk; whether it came to its end.

    A killed process does nothing any more; after an error, such as a disk that is full, the others go on.
    """
    steps = 0

    def counted(function):
        def call(*arguments, **keywords):
            nonlocal steps
            steps += 1
            if steps == step + 1 and function.__name__.startswith("write_"):
                # Half of the file is on the disk.
                path, content = arguments
                function(path, content[: len(content) // 2], **keywords)
            if steps == step + 1 or (error is Killed and steps > step):
                raise error
            return function(*arguments, **keywords)

        return call

    with pytest.MonkeyPatch.context() as patch:
        for name in ("rename", "replace", "mkdir", "unlink", "rmdir", "write_text", "write_bytes"):
            patch.setattr(Path, name, counted(getattr(Path, name)))
        try:
            _publish.publish(root)
        except error:
            return False
    return True


@pytest.mark.slow
@pytest.mark.parametrize("error", [Killed, OSError])
def test_an_export_that_is_stopped_at_any_step_is_not_published(staged, shipped, tmp_path, error):
    old, seen = contents(shipped), set()
    new = contents(staged) | {name: old[name] for name in old if name.startswith("server/small/1/")}
    for step in range(100):
        root = tmp_path / f"{step}" / "ship"
        shutil.copytree(shipped, root)
        shutil.copytree(staged, root / ".unfinished" / "new")
        ended = publish_until(step, root, error)
        version = json.loads((root / "manifest.json").read_text())["version"]
        whole = contents(root) == (new if version == 2 else old)
        interrupted = any(
            "was stopped while it was published" in one for one in export.verify(root, run=False).faults
        )
        # Until the next export an old manifest beside new parts is no secret.
        assert whole or interrupted, step
        if error is OSError:
            assert whole
            assert not interrupted
        seen.add((version, whole))
        with _publish.staging(root) as folder:
            assert not list(folder.iterdir())
        assert contents(root) == (new if version == 2 else old), step
        if ended:
            break
    assert ended
    assert {(1, True), (2, True)} <= seen
    assert ((1, False) in seen) == (error is Killed)


@pytest.mark.slow
def test_a_killed_process_leaves_the_old_bundle_whole(ship, subject, tmp_path):
    """The whole export as a process, killed at three moments."""
    what = subject("table")
    what.model.save(tmp_path / "model.keras")
    what.held_out.to_pickle(tmp_path / "rows.pkl")
    script = (
        "import sys, pandas as pd\n"
        "from kerasae import export, load_model\n"
        "model, rows = load_model(sys.argv[1]), pd.read_pickle(sys.argv[2])\n"
        "print('go', flush=True)\n"
        "export.bundle(model, sys.argv[3], examples=rows, name='small', precisions=['float32'])\n"
    )
    arguments = [tmp_path / "model.keras", tmp_path / "rows.pkl", ship]
    moments = [0.5, 5.0, 10.0]
    for moment in moments:
        process = subprocess.Popen(
            [sys.executable, "-c", script, *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        process.stdout.readline()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(moment)
        process.send_signal(signal.SIGKILL)
        process.wait()
        with _publish.staging(ship):
            # As the next export does, which puts back what was moved.
            pass
        assert not export.verify(ship).faults
        assert (ship / "server/small/1").is_dir()


def test_one_export_at_a_time(ship):
    with (
        _publish.staging(ship),
        pytest.raises(ValueError, match=r"no other export into .*, but one is running"),
        _publish.staging(ship),
    ):
        pass
