"""Charts over time that a reader can zoom: drawn on the page by uPlot, which lies here with its licence."""

from kerasae.report.charts.chart import Chart
from kerasae.report.charts.parts import Panel, Segment
from kerasae.report.charts.thinning import thinned

__all__ = ["Chart", "Panel", "Segment", "thinned"]
