"""Any file goes the whole way, from its rows to scores."""

import csv
import io
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis_settings import FEW, MANY
from PIL import Image

from kerasae.applications.anomaly import AnomalyDetector
from kerasae.data import load_data
from kerasae.recipe import Recipe
from kerasae.training import train

#: Each example trains a model.
_TRAINED = settings(max_examples=3, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


#: Encodings of a file, each with the options that it needs: UTF-8 is taken, and marks are seen.
_ENCODINGS = {
    "utf-8": {},
    "utf-8-sig": {},
    "utf-16": {},
    "utf-16-be": {"encoding": "utf-16-be"},
    "latin-1": {"encoding": "latin-1"},
}


@st.composite
def csv_texts(draw, codec):
    """The text of a CSV file in letters of an encoding, and the names of its columns."""
    letters = st.characters(codec=codec, exclude_categories=["Cc", "Zs", "Zl", "Zp", "Cf"])
    rows = draw(st.integers(30, 40))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    makers = {
        "number": lambda: [f"{value:.4f}" for value in rng.normal(size=rows) * 10.0 ** rng.integers(-3, 9)],
        "whole": lambda: [str(value) for value in rng.integers(-5, 1000, rows)],
        "boolean": lambda: rng.choice(["true", "false"], rows).tolist(),
        "date": lambda: [f"2024-{1 + n % 12:02}-{1 + n % 28:02}" for n in rng.integers(0, 400, rows)],
        "category": lambda: rng.choice(
            ["red", "größer", "$", "a;b", 'say "x"', "[/x]", "=1+1"], rows
        ).tolist(),
    }
    kinds = ["number", *draw(st.lists(st.sampled_from([*makers]), min_size=1, max_size=4))]
    columns = [makers[kind]() for kind in kinds]
    for column in columns[1:]:
        for row in np.flatnonzero(rng.random(rows) < draw(st.sampled_from([0.0, 0.2]))):
            column[row] = ""
    names = [f"{draw(st.text(letters, max_size=8))} {letter}".strip() for letter in "vwxyz"[: len(kinds)]]
    file = io.StringIO()
    ends = draw(st.sampled_from(["\n", "\r\n"]))
    mark = draw(st.sampled_from([",", ";", "\t"]))
    writer = csv.writer(file, delimiter=mark, lineterminator=ends, quoting=draw(st.sampled_from([0, 1])))
    writer.writerows([names, *zip(*columns, strict=True)])
    return file.getvalue(), names


@st.composite
def csv_files(draw):
    """A CSV file as bytes, the names of its columns, and the options that it needs."""
    encoding = draw(st.sampled_from([*_ENCODINGS]))
    text, names = draw(csv_texts(encoding.removesuffix("-sig")))
    return text.encode(encoding), names, _ENCODINGS[encoding]


@pytest.mark.filterwarnings("ignore::UserWarning")
@settings(FEW, max_examples=8)
@given(made=st.sampled_from(["utf-8", "latin-1"]).flatmap(csv_texts))
def test_a_table_is_the_same_in_every_encoding(made):
    check_encodings(made)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::UserWarning")
@settings(MANY, max_examples=40)
@given(made=st.sampled_from(["utf-8", "latin-1"]).flatmap(csv_texts))
def test_many_tables_are_the_same_in_every_encoding(made):
    check_encodings(made)


def check_encodings(made):
    text, names = made
    expected = None
    for encoding, options in _ENCODINGS.items():
        # Latin-1 has few letters.
        if encoding == "latin-1" and any(letter > "\xff" for letter in text):
            continue
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "rows.csv")
            path.write_bytes(text.encode(encoding))
            data = load_data(path, **options)
        assert [column.name for column in data.spec.columns] == names
        expected = expected or data
        assert data.spec == expected.spec
        pd.testing.assert_frame_equal(data.train.examples, expected.train.examples)


def trained(path, **sections):
    """Data from a file, and a model trained on it for an epoch."""
    recipe = Recipe.of("undercomplete", source=str(path), latent_dim=2, train={"epochs": 1}, **sections)
    data = recipe.load()
    model = recipe.build(data)
    train(model, data, **recipe.train)
    return data, model


def check_codec(data, model):
    """Codes, reconstructions and scores are numbers, as many as there are rows; returns what came back."""
    raw = data.test.examples
    codes = model.transform(raw)
    assert codes.shape == (len(raw), 2)
    assert np.isfinite(codes).all()
    scores = AnomalyDetector(model, score="nearest_neighbours").fit_score(data).score_samples(raw)
    assert scores.shape == (len(raw),)
    assert not np.isnan(scores).any()
    back = model.inverse_transform(codes)
    assert len(back) == len(raw)
    return raw, back


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::UserWarning")
@_TRAINED
@given(made=csv_files())
def test_any_table_goes_the_whole_way(made):
    content, names, options = made
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "rows.csv")
        path.write_bytes(content)
        data, model = trained(path, data=options, network={"widths": [4]})
        assert [column.name for column in data.spec.columns] == names
        raw, back = check_codec(data, model)
    assert [*back.columns] == [*raw.columns]
    assert [str(dtype).lower() for dtype in back.dtypes] == [str(dtype).lower() for dtype in raw.dtypes]


@st.composite
def logs(draw):
    """A log as a data frame, with rows and readings that are missing, two rows swapped, or one repeated."""
    rows, rng = 400, np.random.default_rng(draw(st.integers(0, 2**32)))
    makers = {
        "number": lambda: rng.normal(size=rows).cumsum() * 10.0 ** rng.integers(-3, 9),
        "whole": lambda: rng.integers(-5, 1000, rows),
        "switch": lambda: np.arange(rows) // 7 % 2 == 0,
        "still": lambda: np.full(rows, 3.5),
    }
    kinds = ["number", *draw(st.lists(st.sampled_from([*makers]), max_size=3))]
    frame = pd.DataFrame({f"{kind} {place}": makers[kind]() for place, kind in enumerate(kinds)})
    step = draw(st.sampled_from(["s", "min", "h"]))
    frame.insert(0, "time", pd.date_range("2026-03-28 20:00", periods=rows, freq=step))
    frame.loc[rng.choice(rows, draw(st.integers(0, 20)), replace=False), frame.columns[1]] = np.nan
    frame = frame.drop(index=rng.choice(np.arange(1, rows - 1), draw(st.integers(0, 20)), replace=False))
    order = np.arange(len(frame))
    if draw(st.booleans()):
        order[[50, 51]] = order[[51, 50]]
    if draw(st.booleans()):
        order = np.insert(order, 70, 70)
    return frame.iloc[order]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::UserWarning")
@_TRAINED
@given(frame=logs(), window=st.integers(2, 6))
def test_any_log_goes_the_whole_way(frame, window):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "log.csv")
        frame.to_csv(path, index=False)
        log = {"time": "time", "window": window}
        data, model = trained(f"series:{path}", data=log, network={"name": "dense", "widths": [4]})
        assert [channel.name for channel in data.spec.channels] == [*frame.columns[1:]]
        raw, back = check_codec(data, model)
        assert back.shape == raw.shape == (len(raw), window, len(data.spec.channels))
        stamps = pd.to_datetime(data.test.stamps)
        assert stamps.is_monotonic_increasing and stamps.is_unique


@st.composite
def pictures(draw):
    """Images of some modes and sizes as files, some damaged, and how many are sound."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    files, sound = {}, 0
    for number in range(draw(st.integers(24, 30))):
        height, width = draw(st.tuples(st.integers(1, 20), st.integers(1, 20)))
        mode = draw(st.sampled_from(["L", "RGB", "P", "1", "CMYK", "LA"]))
        image = Image.fromarray(rng.integers(0, 256, (height, width, 3)).astype("uint8")).convert(mode)
        file = io.BytesIO()
        image.save(file, "JPEG" if mode == "CMYK" else "PNG")
        content = file.getvalue()
        if damaged := number > 20 and draw(st.booleans()):
            content = content[: len(content) // 2]
        sound += not damaged
        files[f"{number}.{'jpg' if mode == 'CMYK' else 'png'}"] = content
    return files, sound


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::UserWarning")
@_TRAINED
@given(made=pictures())
def test_any_images_go_the_whole_way(made):
    files, sound = made
    with tempfile.TemporaryDirectory() as folder:
        for name, content in files.items():
            Path(folder, name).write_bytes(content)
        given = {"on_error": "skip", "size": [8, 8]}
        data, model = trained(folder, data=given, network={"name": "dense", "widths": [4]})
        rows = sum(len(data.split(name)) for name in ("train", "validation", "calibration", "test"))
        assert rows == sound
        assert len(data.skipped) == len(files) - sound
        raw, back = check_codec(data, model)
    assert back.dtype == raw.dtype
    assert back.shape == raw.shape


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::UserWarning")
@_TRAINED
@given(lines=st.lists(st.text(st.characters(codec="utf-8"), max_size=40), min_size=30, max_size=40))
def test_any_texts_go_the_whole_way(lines):
    lines = [*(["some words and more"] * 8), *lines]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "lines.txt")
        path.write_text("\n".join(lines), encoding="utf-8", newline="")
        data, model = trained(path, preprocessing={"name": "text", "max_length": 8})
        _, back = check_codec(data, model)
    assert all(isinstance(text, str) for text in back)
