"""Tables: the rows of CSV and Parquet files, and of DataFrames."""

from kerasae.data._columns.column_of import column_of as column_of
from kerasae.data.tables.frames import from_frame as from_frame
from kerasae.data.tables.source import tables
from kerasae.data.tables.source import tables_like as tables_like

__all__ = ["tables"]
