"""Comparisons, and logic of their answers."""

from kerasae.export.formats.c99.operators._loops import Operator, entrywise

OPERATORS: dict[str, Operator] = {
    "EQUAL": entrywise("{a} == {b}"),
    "NOT_EQUAL": entrywise("{a} != {b}"),
    "LESS": entrywise("{a} < {b}"),
    "LESS_EQUAL": entrywise("{a} <= {b}"),
    "GREATER": entrywise("{a} > {b}"),
    "GREATER_EQUAL": entrywise("{a} >= {b}"),
    "LOGICAL_AND": entrywise("{a} && {b}"),
    "LOGICAL_OR": entrywise("{a} || {b}"),
    "LOGICAL_NOT": entrywise("!{a}"),
    "SELECT": entrywise("{a} ? {b} : {c}"),
    "SELECT_V2": entrywise("{a} ? {b} : {c}"),
}
