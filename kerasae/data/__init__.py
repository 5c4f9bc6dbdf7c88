"""Sources of data, one in each file or package. Each is a function that returns `Data`."""

from kerasae.data._array_data import array_spec, make_data
from kerasae.data._data import NO_ROWS, Data
from kerasae.data._datasets import from_dataset
from kerasae.data._labels import has_label
from kerasae.data._members import path_arguments, read_source
from kerasae.data._parsing import claimed, load_data, parse_source
from kerasae.data._read_examples import read_examples, read_like
from kerasae.data._readings import HEADINGS, Reading, readings
from kerasae.data._source import Mark, Source
from kerasae.data._split import Examples, Split, drawn_rows

__all__ = [
    "HEADINGS",
    "NO_ROWS",
    "Data",
    "Examples",
    "Mark",
    "Reading",
    "Source",
    "Split",
    "array_spec",
    "claimed",
    "drawn_rows",
    "from_dataset",
    "has_label",
    "load_data",
    "make_data",
    "parse_source",
    "path_arguments",
    "read_examples",
    "read_like",
    "read_source",
    "readings",
]
