"""Series: windows of the logs of sensors, from CSV and Parquet files, arrays and DataFrames."""

from kerasae.data.series.source import series

__all__ = ["series"]
