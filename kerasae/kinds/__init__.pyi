# Written by tests/stubs.py.
from kerasae.kinds._base import Kind as Kind
from kerasae.kinds._base import kind_of as kind_of
from kerasae.kinds._rows import concatenate as concatenate
from kerasae.kinds._rows import take as take
from kerasae.kinds.image import Image as Image
from kerasae.kinds.series import Series as Series
from kerasae.kinds.table import Table as Table
from kerasae.kinds.text import Text as Text
from kerasae.kinds.vector import Vector as Vector
