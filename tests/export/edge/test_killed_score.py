"""`kerasae score`, killed while it answers: its lines are whole but for the last, and the bundle stays."""

import json
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from kerasae.workflows import score

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL"),
]
#: Number of rows that are scored, more than any of the kills lets through.
_ROWS = 20_000


def contents(root):
    return {path: path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def wait_for(path, size, process):
    """Wait until a file has so many bytes."""
    end = time.monotonic() + 60
    while path.stat().st_size < size:
        assert process.poll() is None and time.monotonic() < end
        time.sleep(0.0005)


def test_answers_that_were_written_before_a_kill_are_whole(for_devices, detecting, tmp_path):
    before = contents(for_devices)
    few = detecting.held_out.head(50)
    few.to_csv(tmp_path / "few.csv", index=False)
    answers = [json.dumps(one, ensure_ascii=False) for one in score(for_devices, tmp_path / "few.csv")]
    names, *lines = (tmp_path / "few.csv").read_text().splitlines()
    many = tmp_path / "many.csv"
    many.write_text("\n".join([names, *lines * (_ROWS // len(lines))]) + "\n")
    out = tmp_path / "answers.jsonl"
    for size in np.random.default_rng(0).integers(0, 300_000, 10):
        with many.open("rb") as rows, out.open("wb") as answered:
            command = [sys.executable, "-m", "kerasae", "score", str(for_devices), "-"]
            process = subprocess.Popen(command, stdin=rows, stdout=answered)
            wait_for(out, size, process)
            process.send_signal(signal.SIGKILL)
            assert process.wait() == -signal.SIGKILL
        *whole, last = out.read_text().split("\n")
        assert len(whole) < _ROWS
        for number, line in enumerate([*whole, last]):
            expected = json.loads(answers[number % len(lines)])
            wanted = json.dumps({**expected, "row": number}, ensure_ascii=False)
            # Only the last line may have been cut.
            assert line == wanted or (number == len(whole) and wanted.startswith(line))
        assert contents(for_devices) == before
        assert sorted(path.name for path in tmp_path.iterdir()) == ["answers.jsonl", "few.csv", "many.csv"]
