"""`kerasae score`: rows of files and pipes, answered by a file for devices."""

import io
import json
import re
import select
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from kerasae.export import bundle
from kerasae.export.scoring import Scorer
from kerasae.export.scoring.scorer import _check_enough

from kerasae.applications.anomaly._reasons import Reasons
from kerasae.cli import main
from kerasae.image_decoding import decode_image
from kerasae.workflows import score


@pytest.fixture
def rows(detecting):
    """Held-out rows, the scores of the model, and its decisions."""
    raw = detecting.held_out.head(30)
    scores = np.asarray(detecting.detector(detecting.model.accounts(raw)))
    return raw, scores, scores > float(detecting.detector.threshold)


def answered(bundle, source, **options):
    return [*score(bundle, source, **options)]


def test_a_csv_gets_the_answers_of_the_model(for_devices, rows, tmp_path):
    raw, scores, flags = rows
    raw.to_csv(tmp_path / "new.csv", index=False)
    answers = answered(for_devices, tmp_path / "new.csv")
    assert [one["row"] for one in answers] == [*range(len(raw))]
    np.testing.assert_allclose([one["score"] for one in answers], scores, rtol=1e-4)
    assert [one["anomalous"] for one in answers] == flags.tolist()
    assert all(0 < one["p_value"] <= 1 for one in answers)


def test_columns_in_another_order_with_others_between_are_found(for_devices, rows, tmp_path):
    raw, scores, _ = rows
    other = raw[raw.columns[::-1]].assign(new=1, **{"more, of it": "x;y"})
    other.to_csv(tmp_path / "new.csv", index=False, sep=";")
    with pytest.warns(UserWarning) as said:
        answers = answered(for_devices, tmp_path / "new.csv")
    assert [str(one.message) for one in said] == [
        "Columns that the training did not have are ignored: 'new', 'more, of it'."
    ]
    np.testing.assert_allclose([one["score"] for one in answers], scores, rtol=1e-4)


def test_lines_of_json_get_the_same_answers(for_devices, rows, tmp_path):
    raw, scores, _ = rows
    lines = raw.drop(columns="empty").to_json(orient="records", lines=True, date_format="iso")
    (tmp_path / "new.jsonl").write_text(lines)
    answers = answered(for_devices, tmp_path / "new.jsonl")
    np.testing.assert_allclose([one["score"] for one in answers], scores, rtol=1e-4)


def test_an_unseen_category_is_unknown(for_devices, detecting, rows):
    raw, _, _ = rows
    odd = raw.head(1).astype(object)
    odd.iloc[0, odd.columns.get_loc("category")] = "never seen"
    expected = np.asarray(detecting.detector(detecting.model.accounts(odd)))
    scorer = Scorer(next(for_devices.glob("edge/*.tflite")))
    (answer,) = scorer.answers(odd)
    np.testing.assert_allclose(answer["score"], expected[0], rtol=1e-4)


def run(arguments, capsys):
    with pytest.raises(SystemExit) as ended, warnings.catch_warnings():
        main([str(one) for one in arguments])
    return ended.value.code, *capsys.readouterr()


def test_a_missing_column_is_one_clear_error(for_devices, rows, tmp_path, capsys):
    rows[0].drop(columns=["flag", "day"]).to_csv(tmp_path / "new.csv", index=False)
    status, out, err = run(["score", for_devices, tmp_path / "new.csv"], capsys)
    assert (status, out) == (2, "")
    assert err == "kerasae: Expected the columns of the training, received a table without 'flag', 'day'.\n"


WRONG = {
    3: ("abc,{rest}", "Expected a number in every row of column 'number'"),
    5: ("1,2", r"Expected \d+ entries, received 2."),
}


@pytest.fixture
def damaged(rows, tmp_path):
    """A file in which the lines of `WRONG` cannot be read."""
    rows[0].to_csv(tmp_path / "new.csv", index=False)
    lines = (tmp_path / "new.csv").read_text().splitlines()
    for number, (text, _) in WRONG.items():
        lines[number - 1] = text.format(rest=lines[number - 1].partition(",")[2])
    (tmp_path / "new.csv").write_text("\n".join(lines))
    return tmp_path / "new.csv"


def test_a_line_that_cannot_be_read_is_an_error_with_its_number(for_devices, damaged, capsys):
    status, out, err = run(["score", for_devices, damaged], capsys)
    assert status == 2
    assert [json.loads(line)["row"] for line in out.splitlines()] == [0]
    assert re.fullmatch(f"kerasae: line 3: {WRONG[3][1]}.*\n", err)


def test_such_lines_can_be_skipped(for_devices, damaged, rows, capsys):
    status, out, err = run(["score", for_devices, damaged, "--on-error", "skip", "--format", "csv"], capsys)
    assert status == 0
    names, *lines = [line.split(",") for line in out.splitlines()]
    assert names[:4] == ["row", "score", "p_value", "anomalous"]
    assert [int(line[0]) for line in lines] == [n for n in range(30) if n + 2 not in WRONG]
    kept = [float(line[1]) for line in lines]
    np.testing.assert_allclose(kept, np.delete(rows[1], [one - 2 for one in WRONG]), rtol=1e-4)
    for number, text in zip(WRONG, err.splitlines(), strict=True):
        assert re.match(f"kerasae: skipped line {number}: {WRONG[number][1]}", text)


def test_a_reason_has_the_columns_of_scores_csv_and_the_number_of_the_file(
    for_devices, rows, tmp_path, capsys
):
    # float32 has seven digits.
    odd = rows[0].assign(number=14358.36437)
    odd.to_csv(tmp_path / "new.csv", index=False)
    status, out, err = run(["score", for_devices, tmp_path / "new.csv", "--format", "csv"], capsys)
    assert status == 0, err
    answers = pd.read_csv(io.StringIO(out), dtype=str)
    named = Reasons(*np.full((5, 1, 3), None)).columns().columns
    assert [*answers.columns[4:]] == [*named]
    values = [answers[f"value_{k}"][answers[f"reason_{k}"] == "number"] for k in (1, 2, 3)]
    assert {*pd.concat(values)} == {"14358.36437"}


def test_an_entry_may_hold_ends_of_lines_and_marks(for_devices, rows, tmp_path):
    raw, _, _ = rows
    odd = raw.astype(object)
    odd["category"] = 'two\nlines, "quoted"'
    odd.to_csv(tmp_path / "new.csv", index=False)
    assert len(answered(for_devices, tmp_path / "new.csv")) == len(raw)


@pytest.mark.parametrize("change", ["bundle", "precision", "damaged", "no facts"])
def test_what_cannot_score_is_one_clear_error(change, for_devices, tmp_path, capsys):
    import shutil

    ship = shutil.copytree(for_devices, tmp_path / "ship")
    (tmp_path / "new.csv").write_text("a,b\n1,2\n")
    file = next(ship.glob("edge/*.tflite"))
    arguments = ["score", ship, tmp_path / "new.csv"]
    if change == "bundle":
        arguments[1], expected = tmp_path, r"Expected an export bundle \(manifest.json\)"
    elif change == "precision":
        arguments += ["--precision", "int8"]
        expected = "Expected a .tflite file in int8 in .*, found float32; choose with --precision"
    elif change == "damaged":
        file.write_bytes(file.read_bytes()[:-1] + b"x")
        expected = r"Expected a bundle in .* as it was written: edge/.*: changed since it was exported"
    else:
        (tmp_path / "m.tflite").write_bytes(b"nothing")
        arguments[1], expected = tmp_path / "m.tflite", "Expected a .tflite file with facts.json inside"
    status, out, err = run(arguments, capsys)
    assert (status, out) == (2, "")
    assert re.match(f"kerasae: {expected}", err), err


LIGHT = """
import sys
from kerasae.cli import main
try:
    main(sys.argv[1:])
except SystemExit as ended:
    status = ended.code
heavy = [name for name in sys.modules if name.split(".")[0] in ("tensorflow", "keras", "scipy", "sklearn")]
sys.stderr.write(f"heavy: {heavy[:5]}")
sys.exit(status)
"""


def test_a_pipe_is_answered_line_by_line_without_tensorflow(for_devices, rows):
    """Each line is answered before the next one is sent."""
    lines = rows[0].to_csv(index=False).splitlines()
    command = [sys.executable, "-c", LIGHT, "score", str(for_devices), "-"]
    with subprocess.Popen(command, stdin=-1, stdout=-1, stderr=-1, text=True) as piped:
        piped.stdin.write(lines[0] + "\n")
        for number, line in enumerate(lines[1:6], 1):
            piped.stdin.write(line + "\n")
            piped.stdin.flush()
            assert select.select([piped.stdout], [], [], 60)[0], "no answer"
            assert json.loads(piped.stdout.readline())["row"] == number - 1
        piped.stdin.close()
        assert piped.stdout.read() == ""
        assert piped.stderr.read().splitlines()[-1].endswith("heavy: []")
    assert piped.returncode == 0


def test_a_rate_can_be_set_at_the_call(for_devices, rows, tmp_path):
    rows[0].to_csv(tmp_path / "new.csv", index=False)
    for rate in (0.02, 0.3):
        answers = answered(for_devices, tmp_path / "new.csv", false_alarms=rate)
        assert [one["anomalous"] for one in answers] == [one["p_value"] <= rate for one in answers]


def test_a_rate_that_the_calibration_rows_are_too_few_for_is_refused(for_devices, rows, tmp_path):
    """Nothing would be flagged, however odd it is."""
    rows[0].to_csv(tmp_path / "new.csv", index=False)
    calibrated = Scorer(next((for_devices / "edge").glob("*_float32.tflite"))).facts["detector"][
        "calibration_rows"
    ]
    least = 1 / (calibrated + 1)
    assert len(answered(for_devices, tmp_path / "new.csv", false_alarms=least)) == len(rows[0])
    for rate, words in ((0.9 * least, f"calibrated with {calibrated} normal rows"), (1.0, r"in \(0, 1\)")):
        with pytest.raises(ValueError, match=words):
            answered(for_devices, tmp_path / "new.csv", false_alarms=rate)


@pytest.mark.parametrize(("calibration", "least"), [(80, 0.0124), (99, 0.01), (81, 0.0122)])
def test_the_rate_that_a_refusal_names_is_allowed(calibration, least):
    """1/81 is 0.012346, and 0.0123 would be refused again."""
    facts = {"detector": {"calibration_rows": calibration}}
    with pytest.raises(ValueError, match=f"at least {least:g}, because"):
        _check_enough(facts, 0.0121 if calibration < 99 else 0.009)
    _check_enough(facts, least)


def test_the_spread_of_a_date_is_in_days(for_devices):
    """As in `scores.csv`."""
    scorer = Scorer(next((for_devices / "edge").glob("*_float32.tflite")))
    spreads = {
        column.kind: scorer.feed.raw_spread(number, 129_600.0)
        for number, column in enumerate(scorer.spec.features)
    }
    assert spreads["date"] == 1.5
    assert spreads["number"] == 129_600.0


@pytest.mark.slow
def test_images_and_arrays_are_scored(subject, tmp_path):
    """A folder of images and an array of the same pixels, by a model without a detector."""
    from PIL import Image

    what = subject("dense")
    bundle(what, tmp_path / "ship", formats=["tflite"], precisions=["float32"])
    (tmp_path / "images" / "more").mkdir(parents=True)
    for i, pixels in enumerate(what.held_out[:4]):
        Image.fromarray(pixels).save(tmp_path / "images" / ("more" if i == 3 else "") / f"{i}.png")
    np.save(tmp_path / "pixels.npy", what.held_out[:4])
    (tmp_path / "lines.csv").write_text(
        "\n".join(",".join(map(str, pixels.ravel())) for pixels in what.held_out[:4])
    )
    images = answered(tmp_path / "ship", tmp_path / "images")
    assert [one["row"] for one in images] == ["0.png", "1.png", "2.png", str(Path("more", "3.png"))]
    for other in ("pixels.npy", "lines.csv"):
        arrays = answered(tmp_path / "ship", tmp_path / other)
        assert [one["score"] for one in arrays] == [one["score"] for one in images]
    assert [*images[0]] == ["row", "score"]


@pytest.mark.parametrize("shape", [(6, 5, 3), (4, 9, 1), (12, 7, 3)])
def test_an_image_is_read_as_the_training_reads_it(shape, tmp_path):
    """PNG files in all modes, turned by EXIF, and resized; a rounding at a half may differ."""
    from kerasae.export.scoring._images import read_image
    from PIL import Image

    rng = np.random.default_rng(0)
    for mode, size in (("RGB", (8, 11, 3)), ("L", (8, 11)), ("RGB", (*shape[:2], 3)), ("P", (8, 11, 3))):
        image = Image.fromarray(rng.integers(0, 256, size).astype("uint8"))
        image = image.quantize(8) if mode == "P" else image
        exif = Image.Exif()
        exif[0x0112] = 6
        content = io.BytesIO()
        image.save(content, "PNG", exif=exif)
        (tmp_path / "i.png").write_bytes(content.getvalue())
        expected = np.asarray(decode_image(content.getvalue(), shape)).astype(int)
        off = np.abs(read_image(tmp_path / "i.png", shape).astype(int) - expected)
        assert off.max() <= 1 and off.mean() < 0.05, mode


@pytest.mark.slow
def test_texts_are_scored_line_by_line(subject, tmp_path):
    bundle(subject("text"), tmp_path / "ship", formats=["tflite"], precisions=["float32"])
    (tmp_path / "new.txt").write_text("a red cat\n\nsees the dog\n")
    (tmp_path / "new.jsonl").write_text('"a red cat"\n{"text": "sees the dog"}\n')
    answers = answered(tmp_path / "ship", tmp_path / "new.txt")
    assert answers == answered(tmp_path / "ship", tmp_path / "new.jsonl")
    assert len(answers) == 2


@pytest.mark.slow
def test_memory_is_flat_over_many_lines(for_devices, rows):
    """Peak memory after 20,000 lines is that after 5,000, within 900 kB: 60 bytes a line.

    The peak of a process varies by half a megabyte from start to start.
    """
    header, *lines = rows[0].to_csv(index=False).encode().splitlines(True)
    # Not `ru_maxrss`, in which a process begins with the peak of the one that started it.
    code = LIGHT.replace(
        "sys.exit(status)",
        "status_of_process = open('/proc/self/status').read().split()\n"
        "sys.stderr.write(' ' + status_of_process[status_of_process.index('VmHWM:') + 1])\n"
        "sys.exit(status)",
    )

    def peak(count):
        command = [sys.executable, "-c", code, "score", str(for_devices), "-"]
        with subprocess.Popen(command, stdin=-1, stdout=subprocess.DEVNULL, stderr=-1) as piped:
            piped.stdin.write(header)
            for _ in range(count // len(lines)):
                piped.stdin.write(b"".join(lines))
            piped.stdin.close()
            return int(piped.stderr.read().split()[-1])

    assert peak(20_000) - peak(5_000) < 900
