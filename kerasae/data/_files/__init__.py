"""Files of rows and lines: CSV, Parquet and plain text, read block by block."""
