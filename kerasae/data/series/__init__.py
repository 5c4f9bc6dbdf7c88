"""Series: windows of the logs of sensors, from CSV and Parquet files, arrays and DataFrames."""

from kerasae.data.series._logs import read_log as read_log
from kerasae.data.series.frames import from_frame as from_frame
from kerasae.data.series.source import series

__all__ = ["series"]
