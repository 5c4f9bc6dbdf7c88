"""Data, runs and bundles elsewhere: an address in place of a path, and the copy of this process that is read.

An address names objects (`s3://bucket/rows.csv`, a file or a folder, by any protocol of fsspec) or the rows
of a query (`sqlite:///plant.db#readings`, the URL of SQLAlchemy and a table or a query).
"""

from kerasae.remote._addresses import absolute, check_secrets, filled, hidden, is_address, is_database, masked
from kerasae.remote._copies import copied, fetched, forgotten, origin, shown, warn_of_copy
from kerasae.remote._uploads import KeptFolderWarning, check_free, kept, stored

__all__ = [
    "KeptFolderWarning",
    "absolute",
    "check_free",
    "check_secrets",
    "copied",
    "fetched",
    "filled",
    "forgotten",
    "hidden",
    "is_address",
    "is_database",
    "kept",
    "masked",
    "origin",
    "shown",
    "stored",
    "warn_of_copy",
]
