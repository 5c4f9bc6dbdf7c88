"""A bundle as a model of MLflow answers as `kerasae score` does."""

import numpy as np
import pandas as pd
import pytest
from kerasae.export.scoring import Scorer

from kerasae.trackers.mlflow._rows import answers_of
from kerasae.workflows import score

mlflow = pytest.importorskip("mlflow", reason="pip install 'kerasae[mlflow]'")


@pytest.fixture(scope="module", autouse=True)
def quiet_mlflow():
    """MLflow reports nothing over the network."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
        yield


def loaded(bundle, folder):
    """The bundle as MLflow loads it from a folder of its own."""
    from kerasae.trackers.mlflow.model import save_model

    save_model(bundle, folder)
    return mlflow.pyfunc.load_model(str(folder))


@pytest.fixture(scope="module")
def model(for_devices, tmp_path_factory):
    return loaded(for_devices, tmp_path_factory.mktemp("mlflow") / "model")


@pytest.fixture
def frame(detecting):
    """Held-out rows of a table with every kind of column, and gaps."""
    return detecting.held_out.head(30).reset_index(drop=True)


def scored(bundle, frame, folder, **options):
    """The answers of `kerasae score` to a CSV file of the rows."""
    frame.to_csv(folder / "new.csv", index=False)
    return [*score(bundle, folder / "new.csv", **options)]


def rows_of(answers):
    """The answers as `kerasae score` gives them."""
    return [{"row": row, **one} for row, one in enumerate(answers.to_dict("records"))]


def test_a_frame_gets_the_answers_of_the_command(model, for_devices, frame, tmp_path):
    expected = scored(for_devices, frame, tmp_path)
    assert rows_of(model.predict(frame)) == expected
    assert {one["anomalous"] for one in expected} == {True, False}, "both decisions occur"


def test_a_frame_as_pandas_reads_it_gets_the_same(model, for_devices, frame, tmp_path):
    expected = scored(for_devices, frame, tmp_path)
    read = pd.read_csv(tmp_path / "new.csv")
    assert rows_of(model.predict(read)) == expected


def test_the_rate_is_that_of_the_command(model, for_devices, frame, tmp_path):
    expected = scored(for_devices, frame, tmp_path, false_alarms=0.3)
    assert rows_of(model.predict(frame, params={"false_alarms": 0.3})) == expected
    assert expected != scored(for_devices, frame, tmp_path), "another rate decides otherwise"


def test_columns_have_any_order_and_the_index_is_kept(model, frame):
    other = frame[frame.columns[::-1]].set_axis([f"row {i}" for i in range(len(frame))])
    answers = model.predict(other)
    assert list(answers.index) == list(other.index)
    assert answers["score"].tolist() == model.predict(frame)["score"].tolist()


def test_a_missing_column_is_named(model, frame):
    with pytest.raises(ValueError, match="received a table without 'flag'"):
        model.predict(frame.drop(columns="flag"))


@pytest.mark.slow
def test_readings_of_a_log_are_answered_for_the_windows_that_they_end(artifacts, tmp_path):
    file = artifacts("series")[1].path
    turn = np.arange(40) / 4
    frame = pd.DataFrame({"flow": np.sin(turn), "pressure": 100 + 3 * np.cos(turn)})
    frame.insert(0, "time", pd.date_range("2026-02-01 10:00:00", periods=40, freq="s"))
    frame.loc[20, "flow"] = np.nan
    expected = scored(file, frame, tmp_path)
    found = answers_of(frame, Scorer(file))
    assert found["warming_up"].tolist() == [one["warming_up"] for one in expected]
    assert expected[0]["warming_up"] and not expected[-1]["warming_up"]
    assert found["time"].tolist() == [one["time"] for one in expected]
    assert found["score"].replace({np.nan: None}).tolist() == [one["score"] for one in expected]


@pytest.mark.slow
def test_arrays_and_texts_are_answered(artifacts, subject, tmp_path):
    for kind, name in (("dense", "new.npy"), ("text", "new.txt")):
        file, raw = artifacts(kind)[1].path, subject(kind).held_out[:5]
        if kind == "dense":
            np.save(tmp_path / name, raw)
        else:
            (tmp_path / name).write_text("\n".join(raw) + "\n")
        expected = [one["score"] for one in score(file, tmp_path / name)]
        given = raw if kind == "dense" else pd.DataFrame({"text": list(raw)})
        assert answers_of(given, Scorer(file))["score"].tolist() == expected


def test_a_served_model_needs_no_tensorflow(for_devices, frame, tmp_path, run_python):
    frame.to_csv(tmp_path / "new.csv", index=False)
    script = (
        "import sys, pandas as pd\n"
        "from kerasae.trackers.mlflow.model import _load_pyfunc\n"
        "answers = _load_pyfunc(sys.argv[1]).predict(pd.read_csv(sys.argv[2]))\n"
        "assert not {'tensorflow', 'keras'} & set(sys.modules), 'imported'\n"
        "print(len(answers))"
    )
    printed = run_python(script, for_devices, tmp_path / "new.csv", cold=True)
    assert printed.split()[-1] == str(len(frame))
