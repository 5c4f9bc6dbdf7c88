"""The battery of the measures: what the figures of each kind of examples must be."""

import pytest

from kerasae import registry
from kerasae.baselines import fit_baselines
from kerasae.kinds import kind_of
from kerasae.metrics import Metric, measures_of
from kerasae.metrics.comparison import columns
from kerasae.metrics.evaluation import evaluate_rows
from kerasae.spec import Column, Spec

KINDS = registry.names("kind")


def test_every_member_serves_a_kind(some_data):
    named = {kind_of(data.spec).measures for data in some_data.values()}
    assert named == {*registry.names("measures")}


@pytest.mark.parametrize("kind", KINDS)
def test_columns_have_what_a_table_and_a_verdict_need(kind, some_data):
    data = some_data[kind]
    measures = measures_of(data.spec)
    keys = [column.key for column in columns(data)]
    assert len({*keys}) == len(keys) and measures.notes
    assert measures.headline == (*measures.deciding, *measures.others) == columns(data)[:-3]
    assert all(metric.lower is not None and metric.value is None for metric in measures.deciding)
    assert all(column.heading and column.words and column.digits is not None for column in columns(data))
    assert measures.main(data.spec) in measures.deciding


@pytest.mark.parametrize("kind", KINDS)
def test_every_column_is_measured_and_what_decides_by_row(kind, some_data):
    data = some_data[kind]
    measures = measures_of(data.spec)
    for baseline in fit_baselines(2, data).values():
        figures, rows = evaluate_rows(baseline, data)
        assert {metric.key for metric in measures.headline} <= {*figures}
        known = {metric.key for metric in measures.deciding if figures[metric.key] is not None}
        assert {*rows} == known != set()
        blocks = -(-len(data.test) // data.test.block)
        assert all(len(row.totals) == blocks for row in rows.values())


def test_a_search_of_a_table_without_numbers_looks_at_its_categories():
    columns = Column("a", "number", "float64"), Column("b", "category", "object", ("x", "y"))
    for chosen, key in ((columns, "error"), (columns[:1], "error"), (columns[1:], "wrong")):
        spec = Spec("table", (len(chosen),), "mixed", columns=chosen)
        assert measures_of(spec).main(spec).key == key


def test_a_metric_has_a_name_in_sentences():
    assert Metric("wrong", "categories wrong", phrase="share of wrong categories").words.startswith("share")
    assert Metric("error", "test error").words == "test error"
