# Written by tests/stubs.py.
from kerasae.metrics.measures._base import Measures as Measures
from kerasae.metrics.measures._base import measures_of as measures_of
from kerasae.metrics.measures.numbers import NumberMeasures as NumberMeasures
from kerasae.metrics.measures.series import SeriesMeasures as SeriesMeasures
from kerasae.metrics.measures.table import TableMeasures as TableMeasures
from kerasae.metrics.measures.text import TextMeasures as TextMeasures
