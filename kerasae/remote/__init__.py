"""Data, runs and bundles elsewhere: an address in place of a path, and the copy of this process that is read.

An address names objects (`s3://bucket/rows.csv`, a file or a folder, by any protocol of fsspec) or the rows
of a query (`sqlite:///plant.db#readings`, the URL of SQLAlchemy and a table or a query).
"""

from kerasae.remote._addresses import absolute, is_address, is_database
from kerasae.remote._copies import copied, fetched, forgotten, shown
from kerasae.remote._uploads import check_free, stored

__all__ = [
    "absolute",
    "check_free",
    "copied",
    "fetched",
    "forgotten",
    "is_address",
    "is_database",
    "shown",
    "stored",
]
