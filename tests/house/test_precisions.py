"""The precisions are written in one file: everything else that knows them is made from it."""

import typing

import pytest
from kerasae.export.parity import TOLERANCES
from kerasae.tuning import Budget

from kerasae import export, precisions, registry


def test_whatever_knows_the_precisions_knows_the_same_ones():
    known = precisions.PRECISIONS
    assert known == typing.get_args(precisions.Precision)
    assert set(known) == set(precisions.BYTES) == set(TOLERANCES) == set(export.TFLite.precisions)
    assert registry.annotations(export.TFLite)["precision"] == precisions.Precision
    for command, name in (("export", "precisions"), ("tune", "budget_precision")):
        parameters = registry.module_of("command", command).command.params
        (option,) = (one for one in parameters if one.name == name)
        assert tuple(option.type.choices) == known


def test_an_unknown_precision_is_refused_in_the_same_words():
    for refused in (
        lambda: precisions.check_precision("int4"),
        lambda: export.TFLite(precision="int4"),
        lambda: Budget(bytes=1, precision="int4"),
    ):
        with pytest.raises(
            ValueError, match="must be one of float32, float16, dynamic, int8, received 'int4'"
        ):
            refused()
