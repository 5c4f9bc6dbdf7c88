"""Addresses of databases: the rows of a query are those of a CSV with the same rows."""

import contextlib
import datetime
import decimal
import json
import sqlite3

import numpy as np
import pandas as pd
import pytest
from small_logs import sines
from table_rows import plain_rows, same_rows

from kerasae import Recipe, load_data
from kerasae.data import Source, parse_source, read_examples
from kerasae.remote import _copies
from kerasae.remote._databases import _cell
from kerasae.runs import run_recipe

pytest.importorskip("sqlalchemy", reason="pip install sqlalchemy")


@pytest.fixture
def plant(tmp_path, monkeypatch):
    """A folder with a database, and its tables as CSV files."""
    monkeypatch.chdir(tmp_path)
    texts = pd.DataFrame({"note": [f'"odd", he said\n{number}' for number in range(20)]})
    with contextlib.closing(sqlite3.connect("plant.db")) as database:
        for name, frame in {"rows": plain_rows(), "log": sines(200), "texts": texts}.items():
            frame.to_csv(f"{name}.csv", index=False)
            frame.to_sql(name, database, index=False)
    return tmp_path


CASES = [
    ("rows", {"labels": "odd"}),
    ("log", {"time": "time", "window": 10}),
    ("texts", {"column": "note"}),
]


@pytest.mark.parametrize(("name", "arguments"), CASES, ids=[name for name, _ in CASES])
def test_rows_of_a_table_are_those_of_the_csv(plant, name, arguments):
    if name == "rows":
        # SQLite has no booleans.
        pd.read_csv("rows.csv", dtype=str).replace({"True": "1", "False": "0"}).to_csv(
            "rows.csv", index=False
        )
    same_rows(load_data(f"sqlite:///plant.db#{name}", **arguments), load_data(f"{name}.csv", **arguments))


def test_a_query_chooses_rows_and_may_hold_any_sign(plant):
    query = "select flow, kind as [a % of :all] from rows where kind like 'hot%' and '12:30' <> '#'"
    data = load_data(f"sqlite:///plant.db#{query}", test=1.0)
    wanted = plain_rows().query("kind == 'hot, dry'")
    assert [column.name for column in data.spec.columns] == ["flow", "a % of :all"]
    np.testing.assert_allclose(data.test.examples["flow"], wanted["flow"])


@pytest.mark.slow
def test_a_training_on_a_query_is_that_on_the_csv(plant):
    settings = {"train": {"epochs": 1}, "latent_dim": 2, "network": {"widths": [4]}}
    query = "sqlite:///plant.db#select flow, count, kind from rows order by rowid"
    plain_rows()[["flow", "count", "kind"]].to_csv("some.csv", index=False)
    runs = [
        run_recipe(Recipe.of(source=source, **settings), plant / f"run{number}")
        for number, source in enumerate((query, "some.csv"))
    ]
    for mine, theirs in zip(*(run.model.get_weights() for run in runs), strict=True):
        np.testing.assert_array_equal(mine, theirs)
    recipe = json.loads(runs[0].recipe_path.read_text())
    assert recipe["data"]["path"] == query


def test_a_later_reading_from_another_folder_gives_the_same_rows(plant, tmp_path_factory, monkeypatch):
    recipe = Recipe.of(source="sqlite:///plant.db#rows")
    data = recipe.load()
    pinned = Source.from_dict(data.source.to_dict())
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    _copies._copies.clear()
    same_rows(recipe.load(pinned), data)
    with contextlib.closing(sqlite3.connect(plant / "plant.db")) as database, database:
        database.execute("insert into rows select * from rows limit 5")
    _copies._copies.clear()
    with pytest.warns(UserWarning, match="has grown since the training"):
        same_rows(recipe.load(pinned), data)
    with contextlib.closing(sqlite3.connect(plant / "plant.db")) as database, database:
        database.execute("update rows set count = 5")
    _copies._copies.clear()
    with pytest.raises(ValueError, match="received a changed one"):
        recipe.load(pinned)


def test_new_rows_may_come_from_another_query_or_a_file(plant):
    source = "sqlite:///plant.db#rows"
    section = parse_source(source) | {"labels": "odd"}
    assert section == {"name": "tables", "path": source, "header": True, "delimiter": ",", "labels": "odd"}
    spec = load_data(source, labels="odd").spec
    _, some = read_examples("sqlite:///plant.db#select * from rows limit 7", section, spec)
    pd.testing.assert_frame_equal(
        some.examples, load_data(source, labels="odd", test=1.0).test.examples.iloc[:7]
    )
    assert len(some) == 7


def test_the_option_is_a_part_of_the_source(plant, kerasae):
    out = plant / "run"
    command = ("train", "sqlite:///plant.db", "--sql", "select flow, count from rows limit 0", "--out", out)
    status, _, error = kerasae(*command)
    assert status == 2
    # The query was asked, and the message names it.
    assert f"in sqlite:///{plant}/plant.db#select flow, count from rows limit 0, received none" in error
    for source in ("rows.csv", "sqlite:///plant.db#rows"):
        status, _, error = kerasae("train", source, "--sql", "select 1", "--out", out)
        assert status == 2
        assert (
            f"--sql asks a database, such as sqlite:///plant.db without a table; received {source}" in error
        )


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://me:s3cret@host/plant#rows",
        "postgresql+psycopg://me:s3cr@et@host:5432/plant#select 1",
        "postgresql://me:s3cret#1@host/plant",
        "mssql+pyodbc:///?odbc_connect=DRIVER%3DSQL%3BUID%3Dme%3BPWD%3Ds3cret",
        "mysql://host/plant?user=me&password=s3cret",
        "https://me:s3cret@host/rows.csv",
        "https://host/rows.csv?X-Amz-Signature=s3cret",
        "ftp://me:s3cret@host/rows.csv",
    ],
)
def test_a_password_in_an_address_is_refused_and_not_repeated(address):
    with pytest.raises(ValueError, match=r"^Expected an address without a password or a key") as refused:
        parse_source(address)
    for part in ("s3cret", "s3cr"):
        assert part not in str(refused.value)


@pytest.mark.parametrize(
    ("address", "error", "words"),
    [
        ("sqlite:///none.db#rows", FileNotFoundError, r"a database at .*none\.db, found no such file"),
        ("sqlite:///plant.db", ValueError, "a table or a query after .*; there is: log, rows, texts"),
        ("sqlite:///plant.db#pumps", OSError, "received: no such table: pumps"),
        ("sqlite:///plant.db#select flow fro rows", OSError, "received: .*syntax error"),
        (
            "sqlite:///plant.db#select x'00' as raw",
            ValueError,
            "in the column 'raw' of the query, received bytes",
        ),
        ("sqlite:///plant.db#delete from rows", ValueError, "a query that returns rows, received 'delete"),
        ("sqlite:///rows.csv#rows", OSError, "received: file is not a database"),
        ("oracle+cx_none://host/plant#rows", ValueError, "a URL of SQLAlchemy"),
    ],
)
def test_what_a_database_refuses_is_one_line(plant, address, error, words):
    before = len([*_copies._home(_copies.os.getpid()).rglob("*")])
    with pytest.raises(error, match=rf"^Expected .*{words}") as refused:
        load_data(address)
    assert "\n" not in str(refused.value)
    # The empty file by which a source is chosen may be new.
    assert len([*_copies._home(_copies.os.getpid()).rglob("*")]) <= before + 1
    with contextlib.closing(sqlite3.connect("plant.db")) as database:
        assert database.execute("select count(*) from rows").fetchone() == (60,)


def test_cells_are_written_as_in_a_csv():
    moment = datetime.datetime(2026, 1, 2, 3, 4, 5)
    wanted = {
        None: "",
        0.1: "0.1",
        decimal.Decimal("1.50"): "1.50",
        moment: "2026-01-02 03:04:05",
        datetime.timedelta(hours=25): "90000.0",
        True: "True",
    }
    assert {value: _cell(value, "a") for value in wanted} == wanted
