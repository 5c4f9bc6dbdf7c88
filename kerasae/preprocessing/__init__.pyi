# Written by tests/stubs.py.
from kerasae.preprocessing._base import Preprocessor as Preprocessor
from kerasae.preprocessing._base import check_rows as check_rows
from kerasae.preprocessing._base import slices as slices
from kerasae.preprocessing._columns import as_written as as_written
from kerasae.preprocessing._columns import column_values as column_values
from kerasae.preprocessing._columns import seconds_since_1970 as seconds_since_1970
from kerasae.preprocessing._raw_types import as_type as as_type
from kerasae.preprocessing._raw_types import in_zone as in_zone
from kerasae.preprocessing._raw_types import is_time as is_time
from kerasae.preprocessing._raw_types import plain as plain
from kerasae.preprocessing._raw_types import type_name as type_name
from kerasae.preprocessing.identity import Identity as Identity
from kerasae.preprocessing.rescaling import Rescaling as Rescaling
from kerasae.preprocessing.standardization import Standardization as Standardization
from kerasae.preprocessing.table import TablePreprocessing as TablePreprocessing
from kerasae.preprocessing.text import TextPreprocessing as TextPreprocessing
